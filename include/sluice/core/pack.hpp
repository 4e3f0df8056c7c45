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

/// to[k·to_stride + lane] for a whole packet of lanes from rows that are contiguous in k; returns how many k are done.
template <class Scalar>
SLUICE_ALWAYS_INLINE Index transpose_strip(const Scalar* from, Index lanes, Index lane_stride, Index depth, Scalar* to,
                                           Index to_stride) {
  constexpr Index size = simd::packet_size<Scalar>;
  Index k = 0;
  for (; k + size <= depth; k += size) {
    simd::Packet<Scalar> block[static_cast<std::size_t>(size)];
    SLUICE_UNROLL
    for (Index lane = 0; lane < size; ++lane) {
      block[lane] = simd::load(from + std::min(lane, lanes - 1) * lane_stride + k);
    }
    simd::transpose(block);
    SLUICE_UNROLL
    for (Index i = 0; i < size; ++i) simd::store(to + (k + i) * to_stride, block[i]);
  }
  return k;
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
    k = transpose_strip(from, lanes, lane_stride, depth, to, to_stride);
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

/// A square of packets, or a part of one, into columns that are contiguous. Columns of `to` that lie a large power of
/// two apart fall into one set of a cache, so as much as possible of each is written at once.
template <class Scalar>
SLUICE_ALWAYS_INLINE void transpose_square(const MatrixView<const Scalar>& from, const MatrixView<Scalar>& to) {
  constexpr Index size = simd::packet_size<Scalar>;
  simd::Packet<Scalar> block[static_cast<std::size_t>(size)];
  SLUICE_UNROLL
  for (Index r = 0; r < size; ++r) {
    block[r] = simd::load_partial(from.data + std::min(r, from.rows - 1) * from.row_stride, from.cols);
  }
  simd::transpose(block);
  SLUICE_UNROLL
  for (Index c = 0; c < size; ++c) {
    if (c < from.cols) simd::store_partial(to.data + c * to.col_stride, block[c], from.rows);
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
          transpose_square<Scalar>(from.middle_rows(row, rows).middle_cols(col, cols),
                                   to.middle_rows(row, rows).middle_cols(col, cols));
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
