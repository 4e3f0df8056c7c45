// SPDX-License-Identifier: MIT
//
// Where and how a product packs its factors: A in tiles, B in panels, a block at a time that stays in cache.
#pragma once

#include <sluice/core/pack.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// B: element (k, j) of half h is h[k·depth_stride + j·col_stride].
template <class Scalar>
struct HalfColumns {
  const Scalar* first;
  const Scalar* second;
  Index depth;
  Index cols;  // of each half
  Index depth_stride;
  Index col_stride;
};

/// Cache blocks: a tile of A, depth_block × max_tile_rows, lies in L1 (14 KiB with AVX-512), blocks of A and of B in
/// L2. C is gone through once for each block of the depth.
template <class Scalar>
inline constexpr Index depth_block = std::max<Index>(1024 / static_cast<Index>(sizeof(Scalar)), 1);
/// So many scalars of B stay in L2.
template <class Scalar>
inline constexpr Index in_l2 = weights_in_l2 / static_cast<Index>(sizeof(Scalar));

/// Where a product packs. Without room for B, B is read where it lies (then its columns must be contiguous).
template <class Scalar>
struct PackingSpace {
  static constexpr Index packet = simd::register_size<Scalar>();
  static constexpr Index a_width = round_up(max_tile_rows, packet);  // whole packets of rows for each k
  static constexpr Index panel_width = 2 * packet;

  Scalar* a = nullptr;
  Scalar* b = nullptr;

  static constexpr Index a_size(Index rows, Index depth) {
    return divide_up(std::min(rows, row_block), max_tile_rows) * a_width * std::min(depth, depth_block<Scalar>);
  }
  /// The panels lie a line or two apart: otherwise those of deep products would begin in the same sets of a cache.
  static constexpr Index panel_size(Index depth) { return panel_width * (std::min(depth, depth_block<Scalar>) + 1); }
  static constexpr Index b_size(Index cols_of_both_halves, Index depth) {
    return (cols_of_both_halves / panel_width + 3) * panel_size(depth);
  }
  /// This thread's own, with so many scalars for B.
  static PackingSpace obtain(Index rows, Index depth, Index b_size) {
    struct PackedA;
    struct PackedB;
    if (rows <= 1) return {};  // one row is never packed
    return {scratch<PackedA, Scalar>(a_size(rows, depth)), scratch<PackedB, Scalar>(b_size)};
  }
  /// Large enough for a product of these sizes.
  static PackingSpace of_thread(Index rows, Index depth, Index cols_of_both_halves) {
    return obtain(rows, depth, b_size(cols_of_both_halves, depth));
  }
};

/// Rows [k, k + depth) of B as panels: element (k, lane) of packet h of panel p becomes
/// to[p·panel_size + k·panel_width + h·packet + lane]. What lies behind the last column is of no interest.
template <class Scalar>
SLUICE_NEVER_INLINE void pack_panels(const HalfColumns<Scalar>& b, bool paired, Index k, Index depth, Scalar* to,
                                     Index panel_size) {
  constexpr Index packet = PackingSpace<Scalar>::packet;
  constexpr Index panel_width = PackingSpace<Scalar>::panel_width;
  const Index step = paired ? packet : panel_width;
  const Index whole = b.col_stride == 1 ? b.cols / step : 0;
  // A few rows at a time: B is read in the order of memory, as streams side by side.
  const auto pack_rows = [&]<int Rows>(Index row, std::integral_constant<int, Rows>) SLUICE_LAMBDA_INLINE {
    const Scalar* first = b.first + (k + row) * b.depth_stride;
    const Scalar* second = b.second + (k + row) * b.depth_stride;
    Scalar* target = to + row * panel_width;
    for (Index p = 0; p < whole; ++p, first += step, second += step, target += panel_size) {
      SLUICE_UNROLL
      for (int r = 0; r < Rows; ++r) {
        simd::store_register<Scalar>(target + r * panel_width, simd::load_register<Scalar>(first + r * b.depth_stride));
        simd::store_register<Scalar>(target + r * panel_width + packet,
                                     simd::load_register<Scalar>(second + r * b.depth_stride));
      }
    }
  };
  if (whole > 0) {
    Index row = 0;
    for (; row + 4 <= depth; row += 4) pack_rows(row, std::integral_constant<int, 4>{});
    for (; row < depth; ++row) pack_rows(row, std::integral_constant<int, 1>{});
  }
  for (Index j = whole * step, p = whole; j < b.cols; j += step, ++p) {
    const Index offset = k * b.depth_stride + j * b.col_stride;
    const Index first_cols = std::min(packet, b.cols - j);
    const Index second_cols = paired ? first_cols : std::min(packet, b.cols - j - packet);
    Scalar* const panel = to + p * panel_size;
    pack_strip(b.first + offset, first_cols, b.col_stride, depth, b.depth_stride, panel, panel_width);
    if (second_cols > 0) {
      pack_strip(b.second + offset, second_cols, b.col_stride, depth, b.depth_stride, panel + packet, panel_width);
    }
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
