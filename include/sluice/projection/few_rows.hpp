// SPDX-License-Identifier: MIT
//
// Products with few rows of A, or few of B, for which packing B would cost more than the product: C += A·B.
//
//   accumulate_shallow   B of at most eight rows of any length: C[r, ·] += Σₖ A[r, k]·B[k, ·], some rows of C at once
//   accumulate_one_row   A of one row, B row-major: the same, B as memory lies
//   accumulate_by_dots   B column-major: C[r, j] += A[r, ·]·B[·, j]
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

/// Rows of C, each += Σᵢ x[i]·row i of B with an x of its own, side by side along whole packets; a single row to its
/// end. Of few products several packets at once, or the loop would cost as much as its work.
template <int Rows, int Depth, class Scalar>
SLUICE_ALWAYS_INLINE void add_scaled_rows(const Scalar* x, Index x_row_stride, Index x_stride, const Scalar* b,
                                          Index b_stride, Index cols, Scalar* c, Index c_stride) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  Packet factors[Rows][Depth];
  SLUICE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    SLUICE_UNROLL
    for (int i = 0; i < Depth; ++i) factors[r][i] = Packet(x[r * x_row_stride + i * x_stride]);
  }
  // Along each row of B first: it comes by lines, which narrow packets would otherwise visit twice.
  const auto add = [&]<int Packets>(Index j, Packet(&sums)[Packets][Rows]) SLUICE_LAMBDA_INLINE {
    SLUICE_UNROLL
    for (int i = 0; i < Depth; ++i) {
      SLUICE_UNROLL
      for (int p = 0; p < Packets; ++p) {
        const Packet row = simd::load(b + i * b_stride + j + p * packet);
        SLUICE_UNROLL
        for (int r = 0; r < Rows; ++r) sums[p][r] = simd::fma(factors[r][i], row, sums[p][r]);
      }
    }
  };
  Index j = 0;
  const auto add_packets = [&]<int Packets>(std::integral_constant<int, Packets>) SLUICE_LAMBDA_INLINE {
    for (; j + Packets * packet <= cols; j += Packets * packet) {
      Packet sums[Packets][Rows];
      SLUICE_UNROLL
      for (int p = 0; p < Packets; ++p) {
        SLUICE_UNROLL
        for (int r = 0; r < Rows; ++r) {
          sums[p][r] = simd::load(static_cast<const Scalar*>(c + r * c_stride + j + p * packet));
        }
      }
      add(j, sums);
      SLUICE_UNROLL
      for (int p = 0; p < Packets; ++p) {
        SLUICE_UNROLL
        for (int r = 0; r < Rows; ++r) simd::store(c + r * c_stride + j + p * packet, sums[p][r]);
      }
    }
  };
  constexpr int several = std::max(8 / (Rows * Depth), Rows == 1 ? 2 : 1);  // two narrow packets make a line
  if constexpr (several > 1) add_packets(std::integral_constant<int, several>{});
  add_packets(std::integral_constant<int, 1>{});
  if constexpr (Rows == 1) {
    if (j == cols) return;
    Packet sum[1][1] = {{simd::load_partial(static_cast<const Scalar*>(c + j), cols - j)}};
    add(j, sum);
    simd::store_partial(c + j, sum[0][0], cols - j);
  }
}

/// Side by side, rows of C share those of B; and where C comes from memory, each is a stream to the processor's
/// prefetching, and several come faster than one after the other. As many as there are registers for their factors,
/// more of deeper products, whose factors come from L1 anyway.
template <int Depth>
inline constexpr int rows_side_by_side = 4 * (Depth + 1) <= simd::register_count ? 4 : 6;
/// Of a single product for each element, rows of a C that stays in L3 come faster one after the other (break-even on
/// Zen 3).
template <int Depth>
inline constexpr Index side_by_side_from_bytes = Depth == 1 ? 8 * 1024 * 1024 : 0;

/// C += A·B, where A has Depth columns and C whole packets, along the rows of C, which are read and written once. (What
/// is stored could be a part of the views, for all the compiler knows: they are read before.)
template <class Scalar, int Depth>
SLUICE_NEVER_INLINE void add_outer_products_by_rows(const MatrixView<const Scalar>& a,
                                                    const MatrixView<const Scalar>& b, const MatrixView<Scalar>& c) {
  const Index rows = c.rows, cols = c.cols, row_stride = c.row_stride;
  const Index a_row_stride = a.row_stride, a_col_stride = a.col_stride, b_row_stride = b.row_stride;
  const Scalar* const a_data = a.data;
  const Scalar* const b_data = b.data;
  Scalar* const c_data = c.data;
  Index r = 0;
  const auto add_to_rows = [&]<int Rows>(std::integral_constant<int, Rows>) SLUICE_LAMBDA_INLINE {
    for (; r + Rows <= rows; r += Rows) {
      add_scaled_rows<Rows, Depth>(a_data + r * a_row_stride, a_row_stride, a_col_stride, b_data, b_row_stride, cols,
                                   c_data + r * row_stride, row_stride);
    }
  };
  if (rows * cols * static_cast<Index>(sizeof(Scalar)) >= side_by_side_from_bytes<Depth>) {
    add_to_rows(std::integral_constant<int, rows_side_by_side<Depth>>{});
  }
  add_to_rows(std::integral_constant<int, 1>{});
}

/// The same for few columns, or the last ones, down a column of packets at a time, with Depth packets of B in
/// registers: that has less to do for each row.
template <class Scalar, int Depth>
SLUICE_NEVER_INLINE void add_outer_products_by_columns(const MatrixView<const Scalar>& a,
                                                       const MatrixView<const Scalar>& b, const MatrixView<Scalar>& c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  const Index rows = c.rows, cols = c.cols, row_stride = c.row_stride;
  const Index a_row_stride = a.row_stride, a_col_stride = a.col_stride, b_row_stride = b.row_stride;
  const Scalar* const a_data = a.data;
  const Scalar* b_data = b.data;
  Scalar* c_data = c.data;
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
  constexpr auto by_rows = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array{&add_outer_products_by_rows<Scalar, I + 1>...};
  };
  constexpr auto by_columns = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array{&add_outer_products_by_columns<Scalar, I + 1>...};
  };
  using Depths = std::make_integer_sequence<int, shallow_depth>;
  static constexpr auto of_depth_by_rows = by_rows(Depths{});
  static constexpr auto of_depth_by_columns = by_columns(Depths{});
  if (b.rows == 0 || c.rows == 0) return;
  const auto depth = static_cast<std::size_t>(b.rows - 1);
  constexpr Index packet = simd::packet_size<Scalar>;
  const bool is_wide = c.rows == 1 || c.cols >= 4 * packet;
  const Index rest = is_wide ? c.cols % packet : c.cols;
  if (rest == c.cols) return of_depth_by_columns[depth](a, b, c);
  const Index whole = c.cols - rest;
  of_depth_by_rows[depth](a, b, c.middle_cols(0, whole));
  if (rest > 0) of_depth_by_columns[depth](a, b.middle_cols(whole, rest), c.middle_cols(whole, rest));
}

/// C += A·B for a single row of A: a few rows of B after the other.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_one_row(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                                            const MatrixView<Scalar>& c) {
  Index k = 0;
  const auto add_rows_of_b = [&]<int Depth>(std::integral_constant<int, Depth>) SLUICE_LAMBDA_INLINE {
    for (; k + Depth <= b.rows; k += Depth) {
      add_scaled_rows<1, Depth>(&a(0, k), 0, a.col_stride, &b(k, 0), b.row_stride, b.cols, c.data, 0);
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

/// Steps of the depth for which several groups of rows of A pass some columns of B: they stay in L2 meanwhile, so that
/// B comes from memory once.
inline constexpr Index dotted_depth = 2048;

/// C += A·B. Up to four rows read columns of B from front to back: one group, as a rule.
template <class Scalar>
void accumulate_by_dots(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                        const MatrixView<Scalar>& c) {
  constexpr int packet = simd::packet_size<Scalar>;
  const Index piece = a.rows > 4 ? dotted_depth : b.rows;
  for (Index k = 0; k < b.rows; k += piece) {
    const Index depth = std::min(piece, b.rows - k);
    for (Index first = 0; first < b.cols; first += packet) {
      const Index last = std::min<Index>(first + packet, b.cols);
      Index r = 0;
      const auto dot_rows = [&]<int Rows>(std::integral_constant<int, Rows>) {
        constexpr Index columns = packet / Rows;
        for (; r + Rows <= a.rows; r += Rows) {
          for (Index j = first; j < last; j += columns) {
            accumulate_dots<Scalar, Rows>(&a(r, k), a.row_stride, &b(k, j), b.col_stride, depth,
                                          std::min(columns, last - j), &c(r, j), c.row_stride);
          }
        }
      };
      if constexpr (packet >= 8) dot_rows(std::integral_constant<int, 4>{});
      if constexpr (packet >= 2) dot_rows(std::integral_constant<int, 2>{});
      dot_rows(std::integral_constant<int, 1>{});
    }
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
