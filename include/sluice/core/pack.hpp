// SPDX-License-Identifier: MIT
//
// Copies between memory orders, a square block of packets at a time.
//
//   pack_lanes   a strip of a matrix in the order in which the register tile reads it, neighbouring lanes for each k:
//                to[k·to_stride + lane] = from[lane·lane_stride + k·depth_stride]
//   copy_block   a row-major block into a matrix of any strides
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/simd.hpp>

#include <algorithm>
#include <cstddef>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// to[i·to_stride + lane] = from[lane·lane_stride + i] for i < n and lane < stored, a packet of each at most. Behind
/// the last of the lanes, it is repeated.
template <class Scalar>
SLUICE_ALWAYS_INLINE void transpose_block(const Scalar* from, Index lanes, Index lane_stride, Index n, Scalar* to,
                                          Index to_stride, Index stored) {
  constexpr Index size = simd::packet_size<Scalar>;
  simd::Packet<Scalar> block[static_cast<std::size_t>(size)];
  SLUICE_UNROLL
  for (Index lane = 0; lane < size; ++lane) {
    block[lane] = simd::load_partial(from, n);
    from += lane + 1 < lanes ? lane_stride : 0;
  }
  simd::transpose(block);
  SLUICE_UNROLL
  for (Index i = 0; i < size; ++i) {
    if (i < n) simd::store_partial(to + i * to_stride, block[i], stored);
  }
}
/// A part of a block, out of the way of whole ones.
template <class Scalar>
SLUICE_NEVER_INLINE void transpose_part(const Scalar* from, Index lanes, Index lane_stride, Index n, Scalar* to,
                                        Index to_stride, Index stored) {
  transpose_block(from, lanes, lane_stride, n, to, to_stride, stored);
}

/// One strip of at most a packet of lanes. `to` has room for a whole packet for each k; what the surplus lanes hold is
/// of no interest.
template <class Scalar>
SLUICE_NEVER_INLINE void pack_strip(const Scalar* from, Index lanes, Index lane_stride, Index depth, Index depth_stride,
                                    Scalar* to, Index to_stride) {
  constexpr Index size = simd::packet_size<Scalar>;
  Index k = 0;
  if (lane_stride == 1 && (lanes == size || simd::has_masked_loads<Scalar>)) {
    for (; k < depth; ++k) simd::store(to + k * to_stride, simd::load_partial(from + k * depth_stride, lanes));
  } else if (depth_stride == 1) {
    for (; k + size <= depth; k += size) {
      transpose_block(from + k, lanes, lane_stride, size, to + k * to_stride, to_stride, size);
    }
    if (simd::has_masked_loads<Scalar> && k < depth) {
      return transpose_part(from + k, lanes, lane_stride, depth - k, to + k * to_stride, to_stride, size);
    }
  }
  for (; k < depth; ++k) {
    Scalar* const row = to + k * to_stride;
    for (Index lane = 0; lane < lanes; ++lane) row[lane] = from[lane * lane_stride + k * depth_stride];
    std::fill(row + lanes, row + size, Scalar(0));
  }
}

/// Any number of lanes, a packet at a time.
template <class Scalar>
void pack_lanes(const Scalar* from, Index lanes, Index lane_stride, Index depth, Index depth_stride, Scalar* to,
                Index to_stride) {
  constexpr Index size = simd::packet_size<Scalar>;
  for (Index first = 0; first < lanes; first += size) {
    pack_strip(from + first * lane_stride, std::min(size, lanes - first), lane_stride, depth, depth_stride, to + first,
               to_stride);
  }
}

/// to = from, where from.col_stride is 1.
template <class Scalar>
void copy_block(const MatrixView<const Scalar>& from, const MatrixView<Scalar>& to) {
  if (to.col_stride == 1) {
    for (Index r = 0; r < from.rows; ++r) std::copy_n(&from(r, 0), from.cols, &to(r, 0));
    return;
  }
  Index row = 0;
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    constexpr Index size = simd::packet_size<Scalar>;
    if (to.row_stride == 1) {
      for (; from.rows - row > 2; row += size) {  // of one row or two a square would be mostly empty
        const Index rows = std::min(size, from.rows - row);
        for (Index col = 0; col < from.cols; col += size) {
          const Index cols = std::min(size, from.cols - col);
          // Columns that lie a large power of two apart fall into one set of a cache: as much as possible of each at
          // once.
          transpose_part(&from(row, col), rows, from.row_stride, cols, &to(row, col), to.col_stride, rows);
        }
      }
    }
  }
  for (; row < from.rows; ++row) {
    for (Index c = 0; c < from.cols; ++c) to(row, c) = from(row, c);
  }
}

/// to = from for two matrices of any strides.
template <class Scalar>
void copy_any(const MatrixView<const Scalar>& from, const MatrixView<Scalar>& to) {
  if (from.col_stride == 1) return copy_block(from, to);
  if (from.row_stride == 1) return copy_block<Scalar>(from.transpose(), to.transpose());
  as_eigen(to) = as_eigen(from);
}

}  // namespace detail

SLUICE_NAMESPACE_END
