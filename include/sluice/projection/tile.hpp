// SPDX-License-Identifier: MIT
//
// The register tile: C = S + A·B for a few rows and two packets of columns.
//
//   C[r, 0..P)  = S₀[r, 0..P) + Σₖ A[r, k] · B₀[k, 0..P)      r < Rows, P = packet size
//   C[r, P..2P) = S₁[r, 0..P) + Σₖ A[r, k] · B₁[k, 0..P)
//
// S is where the sums start: the bias, zero, or C itself.
//
// The two packets come from two pointers. For a fused projection they are the value and the gate columns of the same
// units, for an ordinary matrix product two neighbours. Rows is as large as the register file allows: 2·Rows
// accumulators, the two packets of B, and one broadcast of A. Each tile is a function of its own that is never inlined:
// inlined into something larger, GCC 12 spills the accumulators.
//
// Every element of C is one chain of fused multiply-adds in the order of k, whatever the tile, the packing or the
// batch: a sample gives the same bits alone and in a batch.
#pragma once

#include <sluice/core/simd.hpp>

#include <algorithm>
#include <array>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

inline constexpr int max_tile_rows = std::clamp((simd::register_count - 3) / 2, 1, 14);

/// A and B as the tile reads them: a[k·a_stride + r], b₀[k·b_stride + lane]; S and C row by row, a stride apart.
template <class Scalar>
struct TileArguments {
  Index depth;
  const Scalar* a;
  Index a_stride;
  const Scalar* b0;
  const Scalar* b1;
  Index b_stride;
  const Scalar* start0;
  const Scalar* start1;
  Index start_stride;
  Scalar* c0;
  Scalar* c1;
  Index c_stride;
};

template <class Scalar, int Rows>
SLUICE_NEVER_INLINE void multiply_tile(const TileArguments<Scalar>& t) {
  using Packet = simd::Packet<Scalar>;
  Packet acc0[Rows], acc1[Rows];
  SLUICE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    acc0[r] = simd::load(t.start0 + r * t.start_stride);
    acc1[r] = simd::load(t.start1 + r * t.start_stride);
  }
  const Scalar* a = t.a;
  const Scalar* b0 = t.b0;
  const Scalar* b1 = t.b1;
  for (Index k = t.depth; k > 0; --k) {
    const Packet p0 = simd::load(b0);
    const Packet p1 = simd::load(b1);
    SLUICE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      const Packet x(a[r]);
      acc0[r] = simd::fma(x, p0, acc0[r]);
      acc1[r] = simd::fma(x, p1, acc1[r]);
    }
    a += t.a_stride;
    b0 += t.b_stride;
    b1 += t.b_stride;
  }
  SLUICE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    simd::store(t.c0 + r * t.c_stride, acc0[r]);
    simd::store(t.c1 + r * t.c_stride, acc1[r]);
  }
}

/// The tile of `rows` rows, 1 ≤ rows ≤ max_tile_rows.
template <class Scalar>
void multiply_tile(int rows, const TileArguments<Scalar>& arguments) {
  using Function = void (*)(const TileArguments<Scalar>&);
  static constexpr auto tiles = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<Function, sizeof...(I)>{&multiply_tile<Scalar, I + 1>...};
  }
  (std::make_integer_sequence<int, max_tile_rows>{});
  tiles[static_cast<std::size_t>(rows - 1)](arguments);
}

/// The same at the right edge of C, where only so many columns of the two packets may be written.
template <class Scalar>
SLUICE_NEVER_INLINE void multiply_edge_tile(int rows, TileArguments<Scalar> tile, Index first_cols, Index second_cols) {
  constexpr Index packet = simd::packet_size<Scalar>;
  alignas(simd::Packet<Scalar>) Scalar edge[max_tile_rows * 2 * packet];
  Scalar* const c0 = tile.c0;
  Scalar* const c1 = tile.c1;
  const Index c_stride = tile.c_stride;
  for (Index r = 0; r < rows; ++r) {
    simd::store(edge + r * 2 * packet, simd::load_partial(tile.start0 + r * tile.start_stride, first_cols));
    simd::store(edge + r * 2 * packet + packet, simd::load_partial(tile.start1 + r * tile.start_stride, second_cols));
  }
  tile.start0 = tile.c0 = edge;
  tile.start1 = tile.c1 = edge + packet;
  tile.start_stride = tile.c_stride = 2 * packet;
  multiply_tile(rows, tile);
  for (Index r = 0; r < rows; ++r) {
    std::copy_n(edge + r * 2 * packet, first_cols, c0 + r * c_stride);
    std::copy_n(edge + r * 2 * packet + packet, second_cols, c1 + r * c_stride);
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
