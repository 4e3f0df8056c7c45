// SPDX-License-Identifier: MIT
//
// multiply_upright: x·W + b for whoever wants the results column by column, as Eigen's matrices are unless told
// otherwise. Here the samples lie side by side in a packet, and a tile multiplies a few units, as its rows, with two
// packets of samples:
//
//   sums[unit][sample] = b[unit] + Σₖ W[k, unit] · x[sample, k]
//
// The sink is given these sums, (units × samples), and writes packets of a column. Every sum is the same chain of
// multiply-adds as in multiply_panels, so that both give the same bits.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// The samples of a tile take 32 KB of an L1 at most. (Deeper products have little else to do than to multiply.)
inline constexpr Index upright_depth = 256;
template <class Scalar>
inline constexpr Index upright_samples = 2 * simd::packet_size<Scalar>;

/// Whether the first `depth` columns of x, so far apart, fall into few sets of L1, so that a tile's samples do not stay
/// there: a multiple of a large power of two apart, or nearly a multiple of 4 KiB.
template <class Scalar>
bool columns_collide(Index depth, Index stride) {
  constexpr Index page = 4096, width = upright_samples<Scalar> * static_cast<Index>(sizeof(Scalar));
  const Index offset = std::abs(stride) * static_cast<Index>(sizeof(Scalar)) % page;
  if (offset == 0) return depth > ways_of_l1;
  const Index positions = page / (offset & -offset), beside = std::min(offset, page - offset);
  return depth * width > ways_of_l1 * std::min({page, positions * width, depth * beside + width});
}

/// Gives the sums of some units and samples to the sink, (units × samples). (With AVX-512 it takes 44 KB of the stack.)
template <class Scalar>
void multiply_samples(const MatrixView<const Scalar>& x, const Panels<Scalar, Scalar>& w, const Sink<Scalar>& sink) {
  constexpr Index packet = simd::packet_size<Scalar>, samples = upright_samples<Scalar>;
  constexpr auto units = static_cast<std::size_t>(2 * packet);  // of a panel, both halves
  alignas(simd::Packet<Scalar>) Scalar packed[static_cast<std::size_t>(upright_depth * samples)];
  alignas(simd::Packet<Scalar>) Scalar sums[2 * units * static_cast<std::size_t>(samples)];
  alignas(simd::Packet<Scalar>) Scalar biases[2 * units * static_cast<std::size_t>(packet)];
  Scalar* const gate_sums = sums + static_cast<Index>(units) * samples;
  Scalar* const gate_biases = biases + static_cast<Index>(units) * packet;
  const bool in_place = x.row_stride == 1 && !columns_collide<Scalar>(w.depth, x.col_stride);
  const Scalar* const gate = w.paired ? w.second : w.gate_first;
  const Scalar* const gate_bias = w.paired ? w.start1 : w.gate_start0;
  TileArguments<Scalar, Scalar> tile;
  tile.depth = w.depth;
  tile.a_row_stride = 1;
  tile.a_depth_stride = w.depth_stride;
  tile.b_panel_stride = tile.c_panel_stride = tile.start_panel_stride = 0;
  tile.start_row_stride = packet;
  tile.c_row_stride = samples;
  Index biases_of = -1;  // the panel that they belong to
  for (Index sample = 0; sample < x.rows; sample += samples) {
    const Index n = std::min(samples, x.rows - sample);
    tile.b0 = &x(sample, 0);
    tile.b_depth_stride = x.col_stride;
    if (!in_place || n < samples) {
      pack_lanes(tile.b0, n, x.row_stride, w.depth, x.col_stride, packed, samples);
      tile.b0 = packed;
      tile.b_depth_stride = samples;
    }
    tile.b1 = n > packet ? tile.b0 + packet : tile.b0;  // which is packed for no sample
    if (x.row_stride == 1 && sample + samples < x.rows) tile.ask_from(&x(sample + samples, 0), x.col_stride);
    for (Index p = 0; p < w.count(); ++p) {
      const Index unit = p * w.width();
      const RowTiles rows(std::min(w.width(), w.cols - unit));
      const Index unit_count = rows.begin(rows.count);
      const auto multiply = [&](const Scalar* weights, const Scalar* bias, Scalar* of_biases, Scalar* to) {
        if (biases_of != p) {
          for (Index u = 0; u < unit_count; ++u) {
            simd::store(of_biases + u * packet, simd::Packet<Scalar>(bias != nullptr ? bias[unit + u] : Scalar(0)));
          }
        }
        for (Index t = 0; t < rows.count; t += rows.equal_from(t)) {
          tile.a = weights + p * w.panel_stride + rows.begin(t);
          tile.start0 = tile.start1 = of_biases + rows.begin(t) * packet;
          tile.c0 = to + rows.begin(t) * samples;
          tile.c1 = tile.c0 + packet;
          tile.step_along_rows(rows.size(t));
          multiply_tile(rows.size(t), 1, tile, rows.equal_from(t));
          tile.ask_for_nothing();
        }
      };
      multiply(w.first, w.start0, biases, sums);
      if (gate != nullptr) multiply(gate, gate_bias, gate_biases, gate_sums);
      biases_of = p;
      PreActivationBlock<Scalar> block;
      block.row = unit;
      block.col = sample;
      block.rows = unit_count;
      block.cols = n;
      block.row_stride = samples;
      block.value = sums;
      block.gate = gate != nullptr ? gate_sums : nullptr;
      sink(block);
    }
  }
}

/// Whether so many samples had better be multiplied upright. (Whoever calls multiply_panels asks before: from in there
/// a call of multiply_upright costs 16→8 with 8 samples a tenth of its time.)
template <class Scalar>
SLUICE_ALWAYS_INLINE bool wants_upright(Index rows, const Sink<Scalar>& sink) {
  return rows >= upright_samples<Scalar> && sink.to.are_upright();
}

/// Whether weights are as wide as sums, not deep, and stay in L2.
template <class Scalar, class Stored>
bool suit_upright(const Panels<Scalar, Stored>& w) {
  return std::is_same_v<Scalar, Stored> && w.depth <= upright_depth && !w.from_memory;
}

/// How many samples from the first one on go upright, if the weights are suitable: all, or all but a few that would
/// leave much of a tile empty.
template <class Scalar, class Stored>
Index samples_upright(Index samples, const Panels<Scalar, Stored>& w) {
  if (!suit_upright(w)) return 0;
  constexpr Index at_once = upright_samples<Scalar>;
  const Index rest = samples % at_once;
  return 4 * rest < 3 * at_once ? samples - rest : samples;
}

/// Obtains what multiply_panels needs for the others, before there is something in the output.
template <class Scalar, class Stored>
SLUICE_NEVER_INLINE void obtain_for_rest(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w) {
  const Index done = samples_upright(x.rows, w);
  PanelMemory<Scalar>(x.middle_rows(done, x.rows - done), w).obtain();
}

/// Multiplies samples from the first one on, and returns how many. The sink's targets are upright.
template <class Scalar, class Stored>
SLUICE_NEVER_INLINE Index multiply_upright(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                           const Sink<Scalar>& sink) {
  if constexpr (std::is_same_v<Scalar, Stored>) {
    const Index done = samples_upright(x.rows, w);
    if (done > 0) multiply_samples(x.middle_rows(0, done), w, sink.with(sink.to.transpose()));
    return done;
  }
  return 0;
}

}  // namespace detail

SLUICE_NAMESPACE_END
