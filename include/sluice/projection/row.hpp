// SPDX-License-Identifier: MIT
//
// One row of x through all panels of W. Of a small layer it takes less time than the way of many rows takes to begin,
// so its callers keep it in a function that does nothing else.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/tile.hpp>

#include <bit>
#include <cstddef>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// What becomes of the sums of a projection. Of many rows it makes a sink, with sink(activation, targets). Of one row
/// it is made from the activation and y, and takes the sums packet by packet, in any order of columns. It has
///   takes_pairs                         whether the packets are value and gate of the same units, or two neighbours
///   takes_packets                       whether the activation takes any: if not, one row goes the way of many
///   takes_halves                        whether it takes halves of packets, too
///   finish_packets(col, count, p, q)    writes what becomes of `count` units from col on, or of as many as both
///                                       packets hold; surplus lanes mean nothing
template <class Finish>
concept TakesPackets = Finish::takes_packets;

/// Hands over several panels of sums, both packets of each, `apart` columns from one to the next.
template <class Scalar, class Finish>
SLUICE_NEVER_INLINE void finish_panels(const Finish& finish, const Scalar* sums, Index col, Index apart, Index cols,
                                       int panels) {
  constexpr Index packet = simd::packet_size<Scalar>;
  for (int i = 0; i < panels; ++i, col += apart, sums += 2 * packet) {
    finish.finish_packets(col, cols - col, simd::load(sums), simd::load(sums + packet));
  }
}

/// One row of x through all panels: of a small layer the sums and what becomes of them take less time than handing a
/// tile over to functions for any number of rows. The accumulators of several panels and the constants of an activation
/// do not fit the registers together: only what becomes of a single panel is in the same function.
template <class Scalar, class Stored, TakesPackets Finish>
SLUICE_ALWAYS_INLINE void multiply_row(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                       const Finish& finish) {
  constexpr Index packet = simd::packet_size<Scalar>;
  const Scalar* const zeros = zero_packet<Scalar>.data();
  const Index width = w.width(), panels = w.count();
  TileArguments<Scalar, Stored> tile = tile_arguments(x, w);
  tile.depth = w.depth;
  tile.a = x.data;
  tile.start_row_stride = 0;
  tile.prefetch = w.row_prefetch();
  const auto go_to = [&](Index p) SLUICE_LAMBDA_INLINE {
    const Index col = p * width;
    tile.b0 = w.first + p * w.panel_stride;
    tile.b1 = w.second + p * w.panel_stride;
    tile.start0 = w.start0 != nullptr ? w.start0 + col : zeros;
    tile.start1 = w.start0 != nullptr ? w.start1 + col : zeros;
    if constexpr (simd::has_scale<Stored>) {
      tile.scale0 = w.scale0 + col;
      tile.scale1 = w.scale1 + col;
    }
    return col;
  };
  Index p = 0;
  while (panels - p > 1) {
    alignas(simd::Packet<Scalar>) Scalar sums[static_cast<std::size_t>(2 * most_panels[1] * packet)];
    const int n = panels_at_once(1, panels - p);
    const Index groups = (panels - p) >> std::countr_zero(static_cast<unsigned>(n));
    // Packed panels follow each other in memory. So each of the n streams of a group goes on where the group before
    // left it, and the processor's prefetching with it. In place a group takes neighbours, whole rows of W.
    const bool packed = w.depth_stride == 2 * packet;
    const Index apart = packed ? groups : 1, step = packed ? 1 : n;
    tile.b_panel_stride = apart * w.panel_stride;
    tile.start_panel_stride = w.start0 != nullptr ? apart * width : 0;
    const auto multiply = [&]<int AtOnce>() SLUICE_LAMBDA_INLINE {
      run_tile<Scalar, Stored, 1, AtOnce>(tile, [&](const auto& sums0, const auto& sums1) SLUICE_LAMBDA_INLINE {
        SLUICE_UNROLL
        for (int i = 0; i < AtOnce; ++i) {
          simd::store(sums + 2 * i * packet, sums0[i]);
          simd::store(sums + (2 * i + 1) * packet, sums1[i]);
        }
      });
    };
    for (Index group = 0; group < groups; ++group) {
      const Index col = go_to(p + group * step);
      if constexpr (most_panels[1] >= 2) {
        if (n == 2) multiply.template operator()<2>();
      }
      if constexpr (most_panels[1] >= 4) {
        if (n == 4) multiply.template operator()<4>();
      }
      if constexpr (most_panels[1] >= 8) {
        if (n == 8) multiply.template operator()<8>();
      }
      finish_panels<Scalar>(finish, sums, col, apart * width, w.cols, n);
    }
    p += groups * n;
  }
  if (p < panels) {
    const Index col = go_to(p);
    if constexpr (has_half_panels<Scalar>) {
      if (w.second - w.first == packet / 2) {  // few units, whose value and gate lie in one packet
        return run_tile<Scalar, Stored, 1, half_panel>(tile, [&](const auto& sums, const auto&) SLUICE_LAMBDA_INLINE {
          if constexpr (simd::has_half_packets<Scalar> && Finish::takes_halves) {
            finish.finish_packets(col, w.cols - col, simd::half<0>(sums[0]), simd::half<1>(sums[0]));
          } else {
            finish.finish_packets(col, w.cols - col, sums[0], simd::join_halves<1>(sums[0], sums[0]));
          }
        });
      }
    }
    run_tile<Scalar, Stored, 1, 1>(tile, [&](const auto& sums0, const auto& sums1) SLUICE_LAMBDA_INLINE {
      finish.finish_packets(col, w.cols - col, sums0[0], sums1[0]);
    });
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
