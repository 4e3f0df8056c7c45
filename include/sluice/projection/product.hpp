// SPDX-License-Identifier: MIT
//
// accumulate: C += A·B on the register tile, with A (rows × depth) and B (depth × columns) of any strides.
//
// B and C come as two halves of equal width that are worked on side by side: value and gate columns of a fused projection.
// An ordinary product is the same thing with the second half a packet to the right of the first (see `halves_of`).
//
//   many rows    A and B are packed in blocks that stay in cache, tiles run over them (Goto & van de Geijn 2008,
//                doi:10.1145/1356052.1356053)
//   one row      nothing is packed: rows of B are streamed once (B row-major) or dotted with A (B column-major)
//   other scalars than float and double: Eigen's own product, which is also what the tests compare with
//
// B and C must be readable (C writable) for a whole packet beyond their last column; the surplus is never used.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

constexpr Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }
constexpr Index divide_up(Index n, Index divisor) { return (n + divisor - 1) / divisor; }

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

/// C: row-major, both halves with the same row stride, each as wide as whole packets.
template <class Scalar>
struct HalfTargets {
  Scalar* first;
  Scalar* second;
  Index row_stride;
};

/// Cache blocks: B panels of depth_block × 2 packets lie in L1, a block of A and of B in L2.
template <class Scalar>
inline constexpr Index depth_block = 768 / static_cast<Index>(sizeof(Scalar));
inline constexpr Index row_block = 224;

/// How rows are shared out among tiles, as evenly as possible.
struct RowTiles {
  Index rows, count;
  explicit RowTiles(Index rows_) : rows(rows_), count(divide_up(rows_, max_tile_rows)) {}
  Index begin(Index tile) const { return tile * rows / count; }
};

/// Where accumulate packs. Without room for B, B is read where it lies (then its columns must be contiguous).
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
  static constexpr Index b_size(Index cols_of_both_halves, Index depth) {
    return (cols_of_both_halves + 2 * panel_width) * std::min(depth, depth_block<Scalar>);
  }
  /// This thread's own, large enough for a product of these sizes.
  static PackingSpace of_thread(Index rows, Index depth, Index cols_of_both_halves) {
    struct PackedA;
    struct PackedB;
    if (rows <= 1) return {};  // one row never packs
    return {scratch<PackedA, Scalar>(a_size(rows, depth)), scratch<PackedB, Scalar>(b_size(cols_of_both_halves, depth))};
  }
};

/// C += A·B with tiles. `paired`: the halves advance together, a packet each; otherwise the "second half" is the packet
/// right of the first and both advance by two packets.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_tiles(const MatrixView<const Scalar>& a, const HalfColumns<Scalar>& b,
                                          const HalfTargets<Scalar>& c, bool paired, const PackingSpace<Scalar>& space) {
  constexpr Index packet = PackingSpace<Scalar>::packet;
  constexpr Index panel_width = PackingSpace<Scalar>::panel_width;
  constexpr Index a_width = PackingSpace<Scalar>::a_width;
  const Index step = paired ? packet : panel_width;
  const Index panels = divide_up(b.cols, step);
  const Index block_depth = std::min(b.depth, depth_block<Scalar>);
  const Index a_tile_size = a_width * block_depth;
  const Index b_panel_size = panel_width * block_depth;

  // Packing pays where what is packed is read again, and where rows lie so far apart that reading in place thrashes.
  constexpr Index far_apart = 2048 / static_cast<Index>(sizeof(Scalar));
  const bool pack_a = a.row_stride != 1 || (panels > 2 && a.col_stride >= far_apart);
  const bool pack_b = b.col_stride != 1 ||
                      (space.b != nullptr && (a.rows > max_tile_rows || b.depth_stride >= far_apart));

  for (Index k = 0; k < b.depth; k += block_depth) {
    const Index depth = std::min(block_depth, b.depth - k);
    if (pack_b) {
      for (Index p = 0; p < panels; ++p) {
        const Index j = p * step;
        const Index from = k * b.depth_stride + j * b.col_stride;
        const Index first_cols = std::min(packet, b.cols - j);
        const Index second_cols = paired ? first_cols : std::clamp<Index>(b.cols - j - packet, 0, packet);
        Scalar* const to = space.b + p * b_panel_size;
        pack_lanes(b.first + from, first_cols, b.col_stride, depth, b.depth_stride, to, panel_width);
        pack_lanes(b.second + from, second_cols, b.col_stride, depth, b.depth_stride, to + packet, panel_width);
      }
    }
    for (Index first_row = 0; first_row < a.rows; first_row += row_block) {
      const RowTiles tiles(std::min(row_block, a.rows - first_row));
      const Scalar* const a_block = a.data + first_row * a.row_stride + k * a.col_stride;
      if (pack_a) {
        for (Index t = 0; t < tiles.count; ++t) {
          const Index row = tiles.begin(t);
          pack_lanes(a_block + row * a.row_stride, tiles.begin(t + 1) - row, a.row_stride, depth, a.col_stride,
                     space.a + t * a_tile_size, a_width);
        }
      }
      for (Index p = 0; p < panels; ++p) {
        const Index j = p * step;
        TileArguments<Scalar> tile;
        tile.depth = depth;
        if (pack_b) {
          tile.b0 = space.b + p * b_panel_size;
          tile.b1 = tile.b0 + packet;
          tile.b_stride = panel_width;
        } else {
          tile.b0 = b.first + k * b.depth_stride + j;
          tile.b1 = b.second + k * b.depth_stride + j;
          tile.b_stride = b.depth_stride;
        }
        tile.a_stride = pack_a ? a_width : a.col_stride;
        tile.c_stride = c.row_stride;
        for (Index t = 0; t < tiles.count; ++t) {
          const Index row = tiles.begin(t);
          tile.a = pack_a ? space.a + t * a_tile_size : a_block + row;
          tile.c0 = c.first + (first_row + row) * c.row_stride + j;
          tile.c1 = c.second + (first_row + row) * c.row_stride + j;
          multiply_tile(static_cast<int>(tiles.begin(t + 1) - row), tile);
        }
      }
    }
  }
}

/// c[0..cols) += Σₖ a[k]·B[k, 0..cols), B row-major: each row of B is read once, several rows at a time.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_row(const Scalar* a, Index a_stride, Index depth, const Scalar* b, Index b_stride,
                                        Index cols, Scalar* c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  constexpr Index chunk = 8192 / static_cast<Index>(sizeof(Scalar));  // columns of c that stay in L1
  for (Index first = 0; first < cols; first += chunk) {
    const Index end = std::min(cols, first + chunk);
    Index k = 0;
    for (; k + 4 <= depth; k += 4) {
      const Packet x0(a[k * a_stride]), x1(a[(k + 1) * a_stride]), x2(a[(k + 2) * a_stride]), x3(a[(k + 3) * a_stride]);
      const Scalar* row = b + k * b_stride;
      for (Index j = first; j < end; j += packet) {
        Packet sum = simd::load(static_cast<const Scalar*>(c + j));
        sum = simd::fma(x0, simd::load(row + j), sum);
        sum = simd::fma(x1, simd::load(row + b_stride + j), sum);
        sum = simd::fma(x2, simd::load(row + 2 * b_stride + j), sum);
        sum = simd::fma(x3, simd::load(row + 3 * b_stride + j), sum);
        simd::store(c + j, sum);
      }
    }
    for (; k < depth; ++k) {
      const Packet x(a[k * a_stride]);
      for (Index j = first; j < end; j += packet) {
        simd::store(c + j, simd::fma(x, simd::load(b + k * b_stride + j), simd::load(static_cast<const Scalar*>(c + j))));
      }
    }
  }
}

/// The same for up to `Packets` packets of columns, which stay in registers over all of k.
template <class Scalar, int Packets>
SLUICE_NEVER_INLINE void accumulate_narrow_row(const Scalar* a, Index a_stride, Index depth, const Scalar* b,
                                               Index b_stride, Scalar* c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  Packet sums[Packets];
  for (int i = 0; i < Packets; ++i) sums[i] = simd::load(static_cast<const Scalar*>(c + i * packet));
  for (Index k = 0; k < depth; ++k, a += a_stride, b += b_stride) {
    const Packet x(*a);
    for (int i = 0; i < Packets; ++i) sums[i] = simd::fma(x, simd::load(b + i * packet), sums[i]);
  }
  for (int i = 0; i < Packets; ++i) simd::store(c + i * packet, sums[i]);
}

/// c[j] += Σₖ a[k]·B[k, j], B column-major, a contiguous: dot products of a with the columns of B, four at a time.
template <class Scalar>
SLUICE_NEVER_INLINE void accumulate_dots(const Scalar* a, Index depth, const Scalar* b, Index b_col_stride, Index cols,
                                         Scalar* c) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  constexpr Index unroll = 4;
  const auto dot = [&]<Index Columns>(std::integral_constant<Index, Columns>, Index j) {
    Packet sums[static_cast<std::size_t>(Columns)];
    for (Index i = 0; i < Columns; ++i) sums[i] = Packet(0);
    Index k = 0;
    for (; k + packet <= depth; k += packet) {
      const Packet x = simd::load(a + k);
      for (Index i = 0; i < Columns; ++i) sums[i] = simd::fma(x, simd::load(b + (j + i) * b_col_stride + k), sums[i]);
    }
    for (Index i = 0; i < Columns; ++i) {
      Scalar sum = simd::sum(sums[i]);
      for (Index rest = k; rest < depth; ++rest) sum += a[rest] * b[(j + i) * b_col_stride + rest];
      c[j + i] += sum;
    }
  };
  Index j = 0;
  for (; j + unroll <= cols; j += unroll) dot(std::integral_constant<Index, unroll>{}, j);
  for (; j < cols; ++j) dot(std::integral_constant<Index, 1>{}, j);
}

template <class Scalar>
void accumulate_single_row(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b, Scalar* c) {
  constexpr Index packet = simd::packet_size<Scalar>;
  if (b.col_stride != 1 && b.row_stride == 1 && a.col_stride == 1) {
    return accumulate_dots(a.data, b.rows, b.data, b.col_stride, b.cols, c);
  }
  switch (divide_up(b.cols, packet)) {
    case 1: return accumulate_narrow_row<Scalar, 1>(a.data, a.col_stride, b.rows, b.data, b.row_stride, c);
    case 2: return accumulate_narrow_row<Scalar, 2>(a.data, a.col_stride, b.rows, b.data, b.row_stride, c);
    case 3: return accumulate_narrow_row<Scalar, 3>(a.data, a.col_stride, b.rows, b.data, b.row_stride, c);
    case 4: return accumulate_narrow_row<Scalar, 4>(a.data, a.col_stride, b.rows, b.data, b.row_stride, c);
    default: return accumulate_row(a.data, a.col_stride, b.rows, b.data, b.row_stride, b.cols, c);
  }
}

/// C += A·B by Eigen: the path of all other scalars, and the reference.
template <class Scalar>
void accumulate_plain(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b, const MatrixView<Scalar>& c) {
  auto target = as_eigen(c);
  target.noalias() += as_eigen(a).lazyProduct(as_eigen(b));
}

/// C += A·B. C is row-major, c.cols = b.cols.
template <class Scalar>
void accumulate(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b, const MatrixView<Scalar>& c,
                const PackingSpace<Scalar>& space) {
  if (a.rows == 0 || b.rows == 0 || b.cols == 0) return;
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (a.rows == 1 && (b.col_stride == 1 || (b.row_stride == 1 && a.col_stride == 1))) {
      return accumulate_single_row(a, b, c.data);
    }
    constexpr Index packet = PackingSpace<Scalar>::packet;
    accumulate_tiles<Scalar>(a, {b.data, b.data + packet * b.col_stride, b.rows, b.cols, b.row_stride, b.col_stride},
                             {c.data, c.data + packet, c.row_stride}, false, space);
  } else {
    accumulate_plain(a, b, c);
  }
}

/// C += A·B for value and gate side by side: both halves of B (and of C) have the same shape and strides.
template <class Scalar>
void accumulate_halves(const MatrixView<const Scalar>& a, const Halves<const Scalar>& b, const Halves<Scalar>& c,
                       const PackingSpace<Scalar>& space) {
  if (a.rows == 0 || b.value.rows == 0 || b.value.cols == 0) return;
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    accumulate_tiles<Scalar>(
        a, {b.value.data, b.gate.data, b.value.rows, b.value.cols, b.value.row_stride, b.value.col_stride},
        {c.value.data, c.gate.data, c.value.row_stride}, true, space);
  } else {
    accumulate_plain(a, b.value, c.value);
    accumulate_plain(a, b.gate, c.gate);
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
