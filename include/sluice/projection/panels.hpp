// SPDX-License-Identifier: MIT
//
// The way of the data through a projection whose weights can be read panel by panel:
//
//   x ──► tiles over the panels of W ──► a tile of pre-activations in L1 ──► whoever takes it (gating, cache, output)
//
// A panel holds two packets of columns over the whole depth: for a gated projection a packet of value columns and the
// same columns of the gate, for an ordinary one 2 packets side by side. Where the panels come from is a matter of
// pointers and strides: W in place (while it fits a cache), or packed beforehand (core of `pack`). The tile is complete
// when it is handed over, so the (rows × 2·units) intermediate never exists.
//
//   memory in place:  element (k, lane) of packet h of panel p at  half_h[k·row_stride + p·width + lane]
//   memory packed:                                             at  data[((p·depth + k)·2 + h)·packet + lane]
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/gating/rows.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Rows that are worked on for one panel after the other.
inline constexpr Index row_block = 224;

/// With so few products in each element, walking along the rows of the output matters more than keeping a panel of B
/// in L1.
inline constexpr Index thin_depth = 64;
constexpr bool is_thin(Index depth) { return depth <= thin_depth; }

/// How rows are shared out among tiles, as evenly as possible: the first `longer` of them have one row more.
struct RowTiles {
  Index count, rows, longer;
  explicit RowTiles(Index row_count) : count(1), rows(row_count), longer(0) {
    if (row_count <= max_tile_rows) return;  // a division less
    count = divide_up(row_count, max_tile_rows);
    rows = row_count / count;
    longer = row_count % count;
  }
  Index begin(Index tile) const { return tile * rows + std::min(tile, longer); }
  Index size(Index tile) const { return rows + (tile < longer ? 1 : 0); }
};

/// Weights as the tile reads them, with what the sums start from.
template <class Scalar, class Stored>
struct Panels {
  static constexpr Index packet = simd::packet_size<Scalar>;

  const Stored *first, *second;
  Index depth, cols;
  Index depth_stride, panel_stride;
  bool paired;                    // first and second are value and gate; cols counts each
  const Scalar *start0, *start1;  // biases, or null
  const Scalar *scale0 = nullptr, *scale1 = nullptr;
  // A gate in panels of its own (Split), like the value's in everything else: its tile follows the value's.
  const Stored *gate_first = nullptr, *gate_second = nullptr;
  const Scalar *gate_start0 = nullptr, *gate_start1 = nullptr;

  Index width() const { return paired ? packet : 2 * packet; }
  Index count() const { return paired ? divide_up(cols, packet) : divide_up(cols, 2 * packet); }
  /// So many panels, from the first one on.
  Panels middle(Index from, Index panels) const {
    const auto move = [&](const Scalar* p) { return p == nullptr ? p : p + from * width(); };
    Panels part = *this;
    part.first += from * panel_stride;
    part.second += from * panel_stride;
    part.cols = std::min(panels * width(), cols - from * width());
    part.start0 = move(start0);
    part.start1 = move(start1);
    part.scale0 = move(scale0);
    part.scale1 = move(scale1);
    return part;
  }
  bool fits_cache() const { return depth * count() * 2 * packet * static_cast<Index>(sizeof(Stored)) <= 512 * 1024; }
};

using OneRow = std::integral_constant<Index, 1>;

/// Rows of x that lie a multiple of 4 KiB apart fall into the same few lines of L1.
template <class Scalar>
bool rows_collide(const MatrixView<const Scalar>& x) {
  constexpr Index page = 4096 / static_cast<Index>(sizeof(Scalar));
  return x.rows > 8 && x.col_stride == 1 && x.row_stride % page == 0;
}

/// Scalars for as many such rows as are worked on at once, each tile's in lanes.
template <class Scalar>
Index packed_samples_size(Index rows, Index depth) {
  constexpr Index lanes = round_up(max_tile_rows, simd::packet_size<Scalar>);
  return RowTiles(std::min(rows, row_block)).count * lanes * depth;
}
/// Memory for them, for so many threads.
template <class Scalar>
Scalar* packed_samples_memory(Index rows, Index depth, Index threads = 1) {
  struct PackedSamples;
  return scratch<PackedSamples, Scalar>(threads * packed_samples_size<Scalar>(rows, depth));
}

/// Calls sink(PreActivationBlock) with the tiles of x·W + b. KnownSizes: the sizes of w are constants to the compiler,
/// so that a single row of x is worth code of its own. space: memory of packed_samples_size, or null for this
/// thread's own.
template <bool KnownSizes = false, class Scalar, class Stored, class Sink>
SLUICE_ALWAYS_INLINE void multiply_panels(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                          const Sink& sink, Scalar* space = nullptr) {
  constexpr Index packet = simd::packet_size<Scalar>;
  constexpr Index lanes = round_up(max_tile_rows, packet);
  constexpr Index tile_size = (std::max(max_tile_rows, 6) + 1) * 2 * packet;
  alignas(simd::Packet<Scalar>) Scalar buffer[static_cast<std::size_t>(2 * tile_size)];
  alignas(simd::Packet<Scalar>) static constexpr Scalar zeros[static_cast<std::size_t>(packet)] = {};
  const Index width = w.width();
  const Index panels = w.count();

  TileArguments<Scalar, Stored> tile;
  tile.depth = w.depth;
  tile.a_row_stride = x.row_stride;
  tile.a_depth_stride = x.col_stride;
  tile.b_depth_stride = w.depth_stride;
  tile.b_panel_stride = w.panel_stride;
  tile.start_row_stride = 0;
  tile.start_panel_stride = w.start0 != nullptr ? width : 0;
  tile.c_panel_stride = width;
  constexpr Index page = 4096 / static_cast<Index>(sizeof(Stored));
  tile.prefetch = w.fits_cache() ? 0 : page;
  PreActivationBlock<Scalar> block;
  block.value = buffer;

  // Some rows, whose first is a, times the panels from p to last.
  const auto multiply_rows = [&](Index row, auto rows, const Scalar* a, Index p, Index last) SLUICE_LAMBDA_INLINE {
    const auto multiply = [&](int panels_of_tile) SLUICE_LAMBDA_INLINE {
      if constexpr (std::is_same_v<decltype(rows), OneRow>) {
        multiply_one_row(panels_of_tile, tile);
      } else {
        multiply_tile(static_cast<int>(rows), panels_of_tile, tile);
      }
    };
    block.row = row;
    block.rows = rows;
    tile.a = a;
    while (p < last) {
      const int n = panels_at_once(rows, last - p);
      block.col = p * width;
      block.cols = std::min(n * width, w.cols - block.col);
      // The rows of a panel that is not full lie without gaps, so that the gating works on full packets; and where it
      // is at most half full, one packet is enough.
      const bool dense = n == 1 && block.cols < width;
      const bool shared = has_half_panels<Scalar> && n == 1 && 2 * block.cols <= width;
      const Index next = shared ? packet / 2 : packet;  // to the second packet of an unpaired panel
      const auto second_of = [&]<class T>(T* first, T* second) { return w.paired ? second : first + next; };
      block.row_stride = tile.c_row_stride = dense ? block.cols : n * 2 * packet;
      tile.b0 = w.first + p * w.panel_stride;
      tile.b1 = second_of(tile.b0, w.second + p * w.panel_stride);
      tile.start0 = w.start0 != nullptr ? w.start0 + block.col : zeros;
      tile.start1 = w.start0 != nullptr ? second_of(tile.start0, w.start1 + block.col) : zeros;
      if constexpr (simd::has_scale<Stored>) {
        tile.scale0 = w.scale0 + block.col;
        tile.scale1 = second_of(tile.scale0, w.scale1 + block.col);
      }
      tile.c0 = buffer;
      tile.c1 = second_of(tile.c0, buffer + (dense ? tile_size : n * packet));
      block.gate = w.paired ? tile.c1 : nullptr;
      if (dense && rows > 1) {  // subnormals behind the last row would hold up the gating
        simd::store(buffer + rows * block.cols, simd::Packet<Scalar>(0));
        simd::store(buffer + tile_size + rows * block.cols, simd::Packet<Scalar>(0));
      }
      multiply(shared ? half_panel : n);
      if (w.gate_first != nullptr) {
        tile.b0 = w.gate_first + p * w.panel_stride;
        tile.b1 = tile.b0 + next;
        tile.start0 = w.start0 != nullptr ? w.gate_start0 + block.col : zeros;
        tile.start1 = w.start0 != nullptr ? tile.start0 + next : zeros;
        tile.c0 = block.gate = buffer + tile_size;
        tile.c1 = tile.c0 + next;
        multiply(shared ? half_panel : n);
      }
      sink(block);
      p += n;
    }
  };

  if constexpr (KnownSizes) {
    if (x.rows == 1) return multiply_rows(0, OneRow{}, x.data, 0, panels);
  }
  if (x.rows <= max_tile_rows && !rows_collide(x)) {
    if (x.rows > 0) multiply_rows(0, x.rows, x.data, 0, panels);
    return;
  }
  Scalar* packed = nullptr;
  if (rows_collide(x)) {
    packed = space != nullptr ? space : packed_samples_memory<Scalar>(x.rows, w.depth);
    tile.a_row_stride = 1;
    tile.a_depth_stride = lanes;
  }
  // Weights that fit a cache are gone through for every tile of rows, whose samples then stay in L1. Of larger ones,
  // a few panels serve many rows.
  const Index panels_in_turn = w.fits_cache() ? panels : 1;
  for (Index first_row = 0; first_row < x.rows; first_row += row_block) {
    const RowTiles tiles(std::min(row_block, x.rows - first_row));
    for (Index t = 0; packed != nullptr && t < tiles.count; ++t) {
      pack_lanes(&x(first_row + tiles.begin(t), 0), tiles.size(t), x.row_stride, w.depth, x.col_stride,
                 packed + t * lanes * w.depth, lanes);
    }
    for (Index p = 0; p < panels; p += panels_in_turn) {
      for (Index t = 0; t < tiles.count; ++t) {
        const Index row = first_row + tiles.begin(t);
        multiply_rows(row, tiles.size(t), packed != nullptr ? packed + t * lanes * w.depth : &x(row, 0), p,
                      p + panels_in_turn);
      }
    }
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
