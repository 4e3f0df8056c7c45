// SPDX-License-Identifier: MIT
//
// Products with few rows of A, or few of B, for which packing B would cost more than the product: C += A·B.
//
//   accumulate_shallow   B of at most eight rows of any length: C[r, ·] += Σₖ A[r, k]·B[k, ·], C as memory lies
//   accumulate_one_row   A of one row, B row-major: the same, B as memory lies
//   accumulate_by_dots   B column-major: C[r, j] += A[r, ·]·B[·, j], columns of B as memory lies
//
// A row-major B must be readable for a packet beyond its last column; the surplus is never used.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/shuffle.hpp>
#include <sluice/core/simd.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// c += Σᵢ x[i]·row i of B, over the whole length of the rows. Of few rows several packets at once, or the loop would
/// cost as much as its work.
template <int Depth, class Scalar>
SLUICE_ALWAYS_INLINE void add_scaled_rows(const Scalar* x, Index x_stride, const Scalar* b, Index b_stride, Index cols,
                                          Scalar* c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  constexpr int at_once = std::max(4 / Depth, 1);
  Packet factors[Depth];
  SLUICE_UNROLL
  for (int i = 0; i < Depth; ++i) factors[i] = Packet(x[i * x_stride]);
  const auto add = [&](Index j, Packet sum) SLUICE_LAMBDA_INLINE {
    SLUICE_UNROLL
    for (int i = 0; i < Depth; ++i) sum = simd::fma(factors[i], simd::load(b + i * b_stride + j), sum);
    return sum;
  };
  Index j = 0;
  for (; j + at_once * packet <= cols; j += at_once * packet) {
    Packet sums[at_once];
    SLUICE_UNROLL
    for (int p = 0; p < at_once; ++p) {
      sums[p] = add(j + p * packet, simd::load(static_cast<const Scalar*>(c + j + p * packet)));
    }
    SLUICE_UNROLL
    for (int p = 0; p < at_once; ++p) simd::store(c + j + p * packet, sums[p]);
  }
  for (; j < cols; j += packet) {
    const Index count = std::min(packet, cols - j);
    simd::store_partial(c + j, add(j, simd::load_partial(static_cast<const Scalar*>(c + j), count)), count);
  }
}

/// C += A·B, where A has Depth columns: what costs is walking through C. It is read and written once, row by row; a
/// narrow one is done a column of packets at a time, with Depth packets of B in registers, which has less to do for
/// each row. (What is stored could be a part of the views, for all the compiler knows: they are read before.)
template <class Scalar, int Depth>
SLUICE_NEVER_INLINE void add_outer_products(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                                            const MatrixView<Scalar>& c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  const Index rows = c.rows, cols = c.cols, row_stride = c.row_stride;
  const Index a_row_stride = a.row_stride, a_col_stride = a.col_stride, b_row_stride = b.row_stride;
  const Scalar* const a_data = a.data;
  const Scalar* b_data = b.data;
  Scalar* c_data = c.data;
  if (rows == 1 || cols >= 4 * packet) {
    for (Index r = 0; r < rows; ++r) {
      add_scaled_rows<Depth>(a_data + r * a_row_stride, a_col_stride, b_data, b_row_stride, cols,
                             c_data + r * row_stride);
    }
    return;
  }
  for (Index j = 0; j < cols; j += packet, b_data += packet, c_data += packet) {
    const Index count = std::min(packet, cols - j);
    Packet factors[Depth];
    SLUICE_UNROLL
    for (int i = 0; i < Depth; ++i) factors[i] = simd::load(b_data + i * b_row_stride);
    const Scalar* x = a_data;
    Scalar* to = c_data;
    for (Index r = 0; r < rows; ++r, x += a_row_stride, to += row_stride) {
      Packet sum = simd::load_partial(static_cast<const Scalar*>(to), count);
      SLUICE_UNROLL
      for (int i = 0; i < Depth; ++i) sum = simd::fma(Packet(x[i * a_col_stride]), factors[i], sum);
      simd::store_partial(to, sum, count);
    }
  }
}

/// So deep, that is with so few products in each element of C, it is C itself that costs.
inline constexpr Index shallow_depth = 8;
constexpr bool is_shallow(Index depth) { return depth <= shallow_depth; }

/// C += A·B for a shallow product.
template <class Scalar>
void accumulate_shallow(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                        const MatrixView<Scalar>& c) {
  using Function =
      void (*)(const MatrixView<const Scalar>&, const MatrixView<const Scalar>&, const MatrixView<Scalar>&);
  static constexpr auto of_depth = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<Function, sizeof...(I)>{&add_outer_products<Scalar, I + 1>...};
  }
  (std::make_integer_sequence<int, shallow_depth>{});
  if (b.rows > 0) of_depth[static_cast<std::size_t>(b.rows - 1)](a, b, c);
}

/// C += A·B for a single row of A: a few rows of B after the other.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_one_row(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                                            const MatrixView<Scalar>& c) {
  Index k = 0;
  const auto add_rows_of_b = [&]<int Depth>(std::integral_constant<int, Depth>) SLUICE_LAMBDA_INLINE {
    for (; k + Depth <= b.rows; k += Depth) {
      add_scaled_rows<Depth>(&a(0, k), a.col_stride, &b(k, 0), b.row_stride, b.cols, c.data);
    }
  };
  add_rows_of_b(std::integral_constant<int, 8>{});
  add_rows_of_b(std::integral_constant<int, 4>{});
  add_rows_of_b(std::integral_constant<int, 1>{});
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
