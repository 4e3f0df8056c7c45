// SPDX-License-Identifier: MIT
//
// Products with few rows of A, for which packing B would cost more than the product: C += A·B.
//
//   accumulate_by_rows   B row-major: C[r, ·] += Σₖ A[r, k]·B[k, ·], rows of B as memory lies
//   accumulate_by_dots   B column-major: C[r, j] += A[r, ·]·B[·, j], columns of B as memory lies
//
// B must be readable for a packet beyond its last column in accumulate_by_rows; the surplus is never used.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/shuffle.hpp>
#include <sluice/core/simd.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// c += Σᵢ x[i]·row i of B, over the whole length of the rows.
template <int Rows, class Scalar>
SLUICE_ALWAYS_INLINE void add_scaled_rows(const Scalar* x, Index x_stride, const Scalar* b, Index b_stride, Index cols,
                                          Scalar* c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  Packet factors[Rows];
  SLUICE_UNROLL
  for (int i = 0; i < Rows; ++i) factors[i] = Packet(x[i * x_stride]);
  const auto add = [&](Index j, Packet sum) SLUICE_LAMBDA_INLINE {
    SLUICE_UNROLL
    for (int i = 0; i < Rows; ++i) sum = simd::fma(factors[i], simd::load(b + i * b_stride + j), sum);
    return sum;
  };
  Index j = 0;
  for (; j + packet <= cols; j += packet) simd::store(c + j, add(j, simd::load(static_cast<const Scalar*>(c + j))));
  if (j < cols) {
    simd::store_partial(c + j, add(j, simd::load_partial(static_cast<const Scalar*>(c + j), cols - j)), cols - j);
  }
}

/// The same for all rows of C, a packet of columns after the other: Depth packets of B stay in registers.
template <int Depth, class Scalar>
SLUICE_ALWAYS_INLINE void add_outer_products(const MatrixView<const Scalar>& a, const Scalar* b, Index b_stride,
                                             const MatrixView<Scalar>& c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  for (Index j = 0; j < c.cols; j += packet) {
    const Index count = std::min(packet, c.cols - j);
    Packet factors[Depth];
    SLUICE_UNROLL
    for (int i = 0; i < Depth; ++i) factors[i] = simd::load(b + i * b_stride + j);
    const Scalar* x = a.data;
    Scalar* to = c.data + j;
    for (Index r = 0; r < c.rows; ++r, x += a.row_stride, to += c.row_stride) {
      Packet sum = simd::load_partial(static_cast<const Scalar*>(to), count);
      SLUICE_UNROLL
      for (int i = 0; i < Depth; ++i) sum = simd::fma(Packet(x[i * a.col_stride]), factors[i], sum);
      simd::store_partial(to, sum, count);
    }
  }
}

/// C += A·B with few columns in A: what costs is walking through C. A large C is read and written once, row by row; a
/// C that lies in a cache anyway is done a column of packets at a time, which has less to do for each row.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_by_rows(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                                            const MatrixView<Scalar>& c) {
  constexpr int rows_at_once = simd::register_count >= 32 ? 8 : 4;
  const auto for_each_depth = [&](const auto& add) SLUICE_LAMBDA_INLINE {
    Index k = 0;
    for (; k + rows_at_once <= b.rows; k += rows_at_once) add(std::integral_constant<int, rows_at_once>{}, k);
    for (; k + 2 <= b.rows; k += 2) add(std::integral_constant<int, 2>{}, k);
    if (k < b.rows) add(std::integral_constant<int, 1>{}, k);
  };
  constexpr Index in_l1 = 16 * 1024 / static_cast<Index>(sizeof(Scalar));
  if (c.rows > 1 && c.rows * c.row_stride <= in_l1) {
    for_each_depth([&]<int Depth>(std::integral_constant<int, Depth>, Index k) {
      add_outer_products<Depth>(a.middle_cols(k, Depth), &b(k, 0), b.row_stride, c);
    });
    return;
  }
  for (Index r = 0; r < a.rows; ++r) {
    for_each_depth([&]<int Rows>(std::integral_constant<int, Rows>, Index k) SLUICE_LAMBDA_INLINE {
      add_scaled_rows<Rows>(&a(r, k), a.col_stride, &b(k, 0), b.row_stride, b.cols, &c(r, 0));
    });
  }
}

/// Rows × Columns dot products, where rows of A and columns of B are contiguous: as many as a packet has lanes, so that
/// all of them are summed up at once. Only the first `cols` columns count, the others repeat the last of these.
template <class Scalar, int Rows>
SLUICE_NEVER_INLINE void accumulate_dots(const Scalar* a, Index a_stride, const Scalar* b, Index b_stride, Index depth,
                                         Index cols, Scalar* c, Index c_stride) {
  using Packet = simd::Packet<Scalar>;
  constexpr int packet = simd::packet_size<Scalar>;
  constexpr int columns = packet / Rows;
  Packet sums[static_cast<std::size_t>(packet)];
  SLUICE_UNROLL
  for (int i = 0; i < packet; ++i) sums[i] = Packet(0);
  const Scalar* column[columns];
  SLUICE_UNROLL
  for (int j = 0; j < columns; ++j) column[j] = b + std::min<Index>(j, cols - 1) * b_stride;
  const auto add = [&](Index k, const auto& load) SLUICE_LAMBDA_INLINE {
    Packet x[Rows];
    SLUICE_UNROLL
    for (int r = 0; r < Rows; ++r) x[r] = load(a + r * a_stride + k);
    SLUICE_UNROLL
    for (int j = 0; j < columns; ++j) {
      const Packet y = load(column[j] + k);
      SLUICE_UNROLL
      for (int r = 0; r < Rows; ++r) sums[r * columns + j] = simd::fma(x[r], y, sums[r * columns + j]);
    }
  };
  Index k = 0;
  for (; k + packet <= depth; k += packet) {
    add(k, [](const Scalar* from) SLUICE_LAMBDA_INLINE { return simd::load(from); });
  }
  if (k < depth) add(k, [&](const Scalar* from) SLUICE_LAMBDA_INLINE { return simd::load_partial(from, depth - k); });
  alignas(Packet) Scalar totals[static_cast<std::size_t>(packet)];
  simd::store(static_cast<Scalar*>(totals), simd::sum_each(sums));
  for (Index r = 0; r < Rows; ++r) {
    for (Index j = 0; j < cols; ++j) c[r * c_stride + j] += totals[r * columns + j];
  }
}

/// C += A·B, B read once from front to back for every few rows of A.
template <class Scalar>
void accumulate_by_dots(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                        const MatrixView<Scalar>& c) {
  constexpr int packet = simd::packet_size<Scalar>;
  const auto rows_from = [&]<int Rows>(std::integral_constant<int, Rows>, Index r) {
    constexpr Index columns = packet / Rows;
    for (; r + Rows <= a.rows; r += Rows) {
      for (Index j = 0; j < b.cols; j += columns) {
        accumulate_dots<Scalar, Rows>(&a(r, 0), a.row_stride, &b(0, j), b.col_stride, b.rows,
                                      std::min(columns, b.cols - j), &c(r, j), c.row_stride);
      }
    }
    return r;
  };
  Index r = 0;
  if constexpr (packet >= 8) r = rows_from(std::integral_constant<int, 4>{}, r);
  if constexpr (packet >= 2) r = rows_from(std::integral_constant<int, 2>{}, r);
  rows_from(std::integral_constant<int, 1>{}, r);
}

}  // namespace detail

SLUICE_NAMESPACE_END
