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
#include <sluice/core/simd.hpp>

#include <array>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

constexpr Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }
constexpr Index divide_up(Index n, Index divisor) { return (n + divisor - 1) / divisor; }

/// One row of as many columns as `Packets` packets hold (the last one perhaps in part), in registers over all of k.
template <class Scalar, int Packets>
SLUICE_NEVER_INLINE void accumulate_short_row(const Scalar* a, Index a_stride, Index depth, const Scalar* b,
                                              Index b_stride, Index cols, Scalar* c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  const auto columns_of = [&](int i) { return i + 1 < Packets ? packet : cols - i * packet; };
  Packet sums[Packets];
  SLUICE_UNROLL
  for (int i = 0; i < Packets; ++i) {
    sums[i] = simd::load_partial(static_cast<const Scalar*>(c + i * packet), columns_of(i));
  }
  for (Index k = 0; k < depth; ++k, a += a_stride, b += b_stride) {
    const Packet x(*a);
    SLUICE_UNROLL
    for (int i = 0; i < Packets; ++i) sums[i] = simd::fma(x, simd::load(b + i * packet), sums[i]);
  }
  SLUICE_UNROLL
  for (int i = 0; i < Packets; ++i) simd::store_partial(c + i * packet, sums[i], columns_of(i));
}

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

/// Rows of any length: for every row of C, each row of B is read once from front to back, a few rows at a time.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_long_rows(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                                              const MatrixView<Scalar>& c) {
  constexpr int rows_at_once = simd::register_count >= 32 ? 8 : 4;
  for (Index r = 0; r < a.rows; ++r) {
    const auto add = [&]<int Rows>(std::integral_constant<int, Rows>, Index k) SLUICE_LAMBDA_INLINE {
      add_scaled_rows<Rows>(&a(r, k), a.col_stride, &b(k, 0), b.row_stride, b.cols, &c(r, 0));
    };
    Index k = 0;
    for (; k + rows_at_once <= b.rows; k += rows_at_once) add(std::integral_constant<int, rows_at_once>{}, k);
    for (; k + 2 <= b.rows; k += 2) add(std::integral_constant<int, 2>{}, k);
    if (k < b.rows) add(std::integral_constant<int, 1>{}, k);
  }
}

/// C += A·B, rows of B as memory lies.
template <class Scalar>
void accumulate_by_rows(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                        const MatrixView<Scalar>& c) {
  using Function = void (*)(const Scalar*, Index, Index, const Scalar*, Index, Index, Scalar*);
  constexpr int widest = 8;
  static constexpr auto short_row = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<Function, sizeof...(I)>{&accumulate_short_row<Scalar, I + 1>...};
  }
  (std::make_integer_sequence<int, widest>{});
  const Index packets = divide_up(b.cols, simd::packet_size<Scalar>);
  if (packets <= widest && b.rows > 2) {
    for (Index r = 0; r < a.rows; ++r) {
      short_row[static_cast<std::size_t>(packets - 1)](&a(r, 0), a.col_stride, b.rows, b.data, b.row_stride, b.cols,
                                                       &c(r, 0));
    }
  } else {
    accumulate_long_rows(a, b, c);
  }
}

/// Rows × Columns dot products, where rows of A and columns of B are contiguous.
template <class Scalar, int Rows, int Columns>
SLUICE_NEVER_INLINE void accumulate_dots(const Scalar* a, Index a_stride, const Scalar* b, Index b_stride, Index depth,
                                         Scalar* c, Index c_stride) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  Packet sums[Rows * Columns];
  SLUICE_UNROLL
  for (int i = 0; i < Rows * Columns; ++i) sums[i] = Packet(0);
  const auto add = [&](Index k, Index count) SLUICE_LAMBDA_INLINE {
    Packet columns[Columns];
    SLUICE_UNROLL
    for (int j = 0; j < Columns; ++j) columns[j] = simd::load_partial(b + j * b_stride + k, count);
    SLUICE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      const Packet x = simd::load_partial(a + r * a_stride + k, count);
      SLUICE_UNROLL
      for (int j = 0; j < Columns; ++j) sums[r * Columns + j] = simd::fma(x, columns[j], sums[r * Columns + j]);
    }
  };
  Index k = 0;
  for (; k + packet <= depth; k += packet) add(k, packet);
  if (k < depth) add(k, depth - k);
  SLUICE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    SLUICE_UNROLL
    for (int j = 0; j < Columns; ++j) c[r * c_stride + j] += simd::sum(sums[r * Columns + j]);
  }
}

/// C += A·B, B read once from front to back for every few rows of A.
template <class Scalar>
void accumulate_by_dots(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                        const MatrixView<Scalar>& c) {
  constexpr int rows_at_once = simd::register_count >= 32 ? 4 : 2;
  constexpr int cols_at_once = 4;
  const auto strip = [&]<int Columns>(std::integral_constant<int, Columns>, Index j) {
    Index r = 0;
    for (; r + rows_at_once <= a.rows; r += rows_at_once) {
      accumulate_dots<Scalar, rows_at_once, Columns>(&a(r, 0), a.row_stride, &b(0, j), b.col_stride, b.rows, &c(r, j),
                                                     c.row_stride);
    }
    for (; r < a.rows; ++r) {
      accumulate_dots<Scalar, 1, Columns>(&a(r, 0), a.row_stride, &b(0, j), b.col_stride, b.rows, &c(r, j),
                                          c.row_stride);
    }
  };
  Index j = 0;
  for (; j + cols_at_once <= b.cols; j += cols_at_once) strip(std::integral_constant<int, cols_at_once>{}, j);
  for (; j < b.cols; ++j) strip(std::integral_constant<int, 1>{}, j);
}

}  // namespace detail

SLUICE_NAMESPACE_END
