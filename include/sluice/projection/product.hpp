// SPDX-License-Identifier: MIT
//
// multiply: C = S + A·B on the register tile, with A (rows × depth) and B (depth × columns) of any strides. S, where
// the sums start, is a row of biases, zero, or C itself.
//
// B and C come as two halves of equal width that are worked on side by side: value and gate columns of a fused
// projection. An ordinary product is the same thing with the second half a packet to the right of the first.
//
//   many rows    A and B are packed in blocks that stay in cache, tiles run over them (Goto & van de Geijn 2008,
//                doi:10.1145/1356052.1356053)
//   few rows     B is not packed: a large one is read once, where it lies, some of its rows side by side (B row-major),
//                or dotted with A (B column-major)
//   few columns  of A: C is read and written once, a few rows side by side
//   other scalars than float and double: Eigen's own product, which is also what the tests compare with
//
// B must be readable for two packets beyond its last column; the surplus is never used.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/projection/few_rows.hpp>
#include <sluice/projection/packing.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/reading.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// C: row-major, both halves with the same row stride.
template <class Scalar>
struct HalfTargets {
  Scalar* first;
  Scalar* second;
  Index row_stride;
  bool padded;  // whether whole packets may be written at the end of a row
};

/// Where sums start. A bias may be read for a packet behind its end.
template <class Scalar>
struct SumsStart {
  bool from_target = true;
  const Scalar* first = nullptr;  // the bias of each half, in every row; null: zero
  const Scalar* second = nullptr;
};
template <class Scalar>
SumsStart<Scalar> start_from_target() {
  return {};
}
template <class Scalar>
SumsStart<Scalar> start_from_bias(const Scalar* first, const Scalar* second) {
  return {false, first, second};
}
template <class Scalar>
SumsStart<Scalar> start_from_zero() {
  return {false, nullptr, nullptr};
}

/// Every row of C becomes the bias, or zero without one.
template <class Scalar>
void fill_rows(const Scalar* bias, const MatrixView<Scalar>& c) {
  for (Index r = 0; r < c.rows; ++r) {
    Scalar* const row = c.data + r * c.row_stride;
    if (bias != nullptr) {
      std::copy_n(bias, c.cols, row);
    } else {
      std::fill_n(row, c.cols, Scalar(0));
    }
  }
}

/// Columns of C that belong into a block of a streamed product: C is gone through once for so many rows of B, in L2 as
/// long as the rows are few, in L3 otherwise. (With row_block rows 7 MB at most, and 1 % faster than half as wide.)
template <class Scalar>
inline constexpr Index streamed_cols = 16 * 1024 / static_cast<Index>(sizeof(Scalar));

/// Panels of a streamed product that one tile of rows goes through before the next one does: their strip of B stays
/// near meanwhile. (One at a time: an eighth slower at 600→700 with 8 to 24 samples.)
inline constexpr Index panels_of_strip = 4;

/// One panel at the right edge of C, where only so many columns of the two packets may be written.
template <class Scalar>
SLUICE_NEVER_INLINE void multiply_edge_tile(Index rows, TileArguments<Scalar> tile, Index first_cols,
                                            Index second_cols) {
  constexpr Index packet = simd::packet_size<Scalar>;
  alignas(simd::Packet<Scalar>) Scalar edge[max_tile_rows * 2 * packet];
  Scalar* const c0 = tile.c0;
  Scalar* const c1 = tile.c1;
  const Index c_stride = tile.c_row_stride;
  for (Index r = 0; r < rows; ++r) {
    simd::store(edge + r * 2 * packet, simd::load_partial(tile.start0 + r * tile.start_row_stride, first_cols));
    simd::store(edge + r * 2 * packet + packet,
                simd::load_partial(tile.start1 + r * tile.start_row_stride, second_cols));
  }
  tile.start0 = tile.c0 = edge;
  tile.start1 = tile.c1 = edge + packet;
  tile.start_row_stride = tile.c_row_stride = 2 * packet;
  multiply_tile(rows, 1, tile);
  for (Index r = 0; r < rows; ++r) {
    simd::store_partial(c0 + r * c_stride, simd::load<Scalar>(edge + r * 2 * packet), first_cols);
    simd::store_partial(c1 + r * c_stride, simd::load<Scalar>(edge + r * 2 * packet + packet), second_cols);
  }
}

/// C = S + A·B with tiles. `paired`: the halves advance together, a packet each; otherwise the "second half" is the
/// packet right of the first and both advance by two packets.
template <class Scalar>
SLUICE_NEVER_INLINE void multiply_tiles(const MatrixView<const Scalar>& a, const HalfColumns<Scalar>& b,
                                        const HalfTargets<Scalar>& c, const SumsStart<Scalar>& start, bool paired,
                                        Reading reading, const PackingSpace<Scalar>& space) {
  constexpr Index packet = PackingSpace<Scalar>::packet;
  constexpr Index panel_width = PackingSpace<Scalar>::panel_width;
  constexpr Index a_width = PackingSpace<Scalar>::a_width;
  const Index step = paired ? packet : panel_width;
  const Index panels = divide_up(b.cols, step);

  const bool stream_b = reading == Reading::Streamed;
  // Rows of A that collide are packed for the few steps of streams; elsewhere as many pass at once as fit a set of L1,
  // beside B.
  const bool collide = rows_collide(a);
  const Index most_rows = collide && !stream_b ? std::min<Index>(ways_of_l1 - 1, max_tile_rows) : max_tile_rows;
  const bool pack_a = space.a != nullptr && panels > 2 && ((collide && stream_b) || lies_far_apart(a));
  const bool pack_b = reading == Reading::Packed && (space.b != nullptr || b.col_stride != 1);
  const Index most_depth = stream_b                      ? streams<Scalar>(a.rows, b.depth, b.depth_stride)
                           : pack_a || pack_b || collide ? depth_block<Scalar>
                                                         : b.depth;
  const Index block_depth = std::min(b.depth, most_depth);
  const Index ahead = stream_b ? stream_prefetch<Scalar>(a.rows) : 0;
  const Index b_panel_size = PackingSpace<Scalar>::panel_size(block_depth);

  // How many columns of both packets of panel p there are.
  const auto first_cols = [&](Index p) { return std::min(packet, b.cols - p * step); };
  const auto second_cols = [&](Index p) {
    return paired ? first_cols(p) : std::clamp<Index>(b.cols - p * step - packet, 0, packet);
  };

  // Of these whole packets may be written.
  const Index whole_panels = c.padded ? panels : b.cols / step;
  // A single panel that is at most half full: one packet, whose halves are its two.
  const bool shared = has_half_panels<Scalar> && !paired && c.padded && b.cols <= packet;
  eigen_assert((start.first == nullptr) == (start.second == nullptr));  // panels share the distance between starts
  eigen_assert(!space.holds_a || (most_rows == max_tile_rows && block_depth == b.depth));  // as they were packed

  NextBlock<Scalar> next;
  for (Index k = 0; k < b.depth; k += block_depth) {
    const Index depth = std::min(block_depth, b.depth - k);
    const bool from_target = start.from_target || k > 0;
    if (pack_b) {
      pack_panels(b, paired, k, depth, space.b, b_panel_size);
      next = NextBlock<Scalar>(b, paired, k, depth, space.next_cols);
    }
    for (Index first_row = 0; first_row < a.rows; first_row += row_block) {
      const RowTiles tiles(std::min(row_block, a.rows - first_row), most_rows);
      const auto a_block = a.middle_rows(first_row, a.rows - first_row).middle_cols(k, depth);
      Scalar* const packed_a = space.holds_a ? space.a + PackingSpace<Scalar>::a_size(first_row, depth) : space.a;
      if (pack_a && !space.holds_a) pack_rows(a_block, tiles, packed_a);
      // What all panels of a tile of rows have in common is set once: shallow products have little else to do.
      const auto tile_of = [&](Index t) {
        const Index row = tiles.begin(t);
        TileArguments<Scalar> tile;
        tile.depth = depth;
        tile.a = pack_a ? packed_a + t * a_width * depth : a_block.data + row * a.row_stride;
        tile.a_row_stride = pack_a ? 1 : a.row_stride;
        tile.a_depth_stride = pack_a ? a_width : a.col_stride;
        tile.b_depth_stride = pack_b ? panel_width : b.depth_stride;
        tile.b_panel_stride = pack_b ? b_panel_size : step;
        tile.c_row_stride = c.row_stride;
        tile.c_panel_stride = step;
        tile.start_row_stride = from_target ? c.row_stride : 0;
        tile.start_panel_stride = from_target || start.first != nullptr ? step : 0;
        tile.prefetch_panel_stride = pack_b ? NextBlock<Scalar>::width : step;
        if (ahead > 0 && t == 0) {
          tile.prefetch = ahead;
          tile.prefetch_step = b.depth_stride;
        }
        return tile;
      };
      const auto multiply_some = [&](TileArguments<Scalar>& tile, Index t, Index p) -> Index {
        const Index j = p * step;
        const Index c_offset = (first_row + tiles.begin(t)) * c.row_stride + j;
        const Index rows = tiles.size(t);
        if (pack_b) tile.ask_for_nothing();
        tile.b0 = pack_b ? space.b + p * b_panel_size : b.first + k * b.depth_stride + j;
        tile.b1 = pack_b ? tile.b0 + packet : b.second + k * b.depth_stride + j;
        tile.c0 = c.first + c_offset;
        tile.c1 = c.second + c_offset;
        const auto start_of = [&](const Scalar* target, const Scalar* bias) {
          return from_target ? target : bias != nullptr ? bias + j : zero_packet<Scalar>.data();
        };
        tile.start0 = start_of(tile.c0, start.first);
        tile.start1 = start_of(tile.c1, start.second);
        if (shared) {
          tile.b1 = tile.b0 + packet / 2;
          tile.c1 = tile.c0 + packet / 2;
          if (tile.start0 != zero_packet<Scalar>.data()) tile.start1 = tile.start0 + packet / 2;
          multiply_tile(rows, half_panel, tile);
          return 1;
        }
        if (p >= whole_panels) {
          multiply_edge_tile(rows, tile, first_cols(p), second_cols(p));
          return 1;
        }
        const Index left = whole_panels - p;
        const int at_once = tiles.count == 1 ? panels_at_once(rows, left) : 1;
        Index most = stream_b && tiles.count > 1 ? panels_of_strip : left;
        if (!next.is_empty()) {
          tile.ask_from(next.take(at_once), next.row_stride());
          most = 1;
        }
        const Index count = std::min(left / at_once, most);
        tile.step_along_panels(at_once);
        multiply_tile(rows, at_once, tile, count);
        return count * at_once;
      };
      if (stream_b) {
        for (Index p = 0, done = 0; p < panels; p += done) {
          for (Index t = 0; t < tiles.count; ++t) {
            TileArguments<Scalar> tile = tile_of(t);
            done = multiply_some(tile, t, p);
          }
        }
        continue;
      }
      // Along the rows of C, which may come from memory; the panels of B come from L2 fast enough.
      for (Index t = 0; t < tiles.count; ++t) {
        TileArguments<Scalar> tile = tile_of(t);
        for (Index p = 0; p < panels;) p += multiply_some(tile, t, p);
      }
    }
  }
}

/// C += A·B by Eigen: the path of all other scalars, and the reference.
template <class Scalar>
void accumulate_plain(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                      const MatrixView<Scalar>& c) {
  auto target = as_eigen(c);
  target.noalias() += as_eigen(a).lazyProduct(as_eigen(b));
}

/// So few rows are dotted with the columns of an upright B (depth × cols), break-even, measured: fewer with narrow
/// packets, where summing up costs more; fewer where B stays in L1, which is soon transposed, and where its columns are
/// shorter than a wide packet.
template <class Scalar>
constexpr Index few_rows(Index depth, Index cols) {
  if (packets_fill_lines<Scalar>) return depth < simd::register_size<Scalar>() ? 6 : 12;
  return depth * cols * static_cast<Index>(sizeof(Scalar)) < 32 * 1024 ? 6 : 8;
}

/// C = S + A·B on tiles of two neighbouring packets.
template <class Scalar>
void multiply_by_tiles(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                       const MatrixView<Scalar>& c, SumsStart<Scalar> start, Reading reading,
                       const PackingSpace<Scalar>& space, bool padded) {
  constexpr Index packet = PackingSpace<Scalar>::packet;
  if (c.rows == 0 || c.cols == 0) return;  // the second packet of a null pointer would be undefined
  if (start.first != nullptr) start.second = start.first + packet;
  multiply_tiles<Scalar>(a, {b.data, b.data + packet * b.col_stride, b.rows, b.cols, b.row_stride, b.col_stride},
                         {c.data, c.data + packet, c.row_stride, padded}, start, false, reading, space);
}

/// C = S + A·W for a W of at least one row whose columns are contiguous, as weights are stored. C is row-major,
/// c.cols = w.cols; `padded` where whole packets may be written behind its rows.
template <class Scalar>
void multiply_weights(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& w, const MatrixView<Scalar>& c,
                      const SumsStart<Scalar>& start, Reading reading, const PackingSpace<Scalar>& space, bool padded) {
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (a.rows != 1 || reading != Reading::Streamed) {
      return multiply_by_tiles(a, w, c, start, reading, space, padded);
    }
  }
  if (!start.from_target) fill_rows(start.first, c);
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    accumulate_one_row(a, w, c);
  } else {
    accumulate_plain(a, w, c);
  }
}

/// The same for a B that may be shallow, or upright: the products of a backward pass. Without room to pack it, an
/// upright B is dotted; then its columns must be contiguous, and the rows of A.
template <class Scalar>
void multiply(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b, const MatrixView<Scalar>& c,
              const SumsStart<Scalar>& start, const PackingSpace<Scalar>& space, bool padded) {
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    const bool shallow = b.col_stride == 1 && is_shallow(b.rows);
    const bool few = a.rows <= few_rows<Scalar>(b.rows, b.cols) || space.b == nullptr;  // see TransposedProductPlan
    const bool by_dots = few && a.col_stride == 1 && b.row_stride == 1 && b.col_stride != 1;
    if (shallow || by_dots) {
      if (!start.from_target) fill_rows(start.first, c);
      return shallow ? accumulate_shallow(a, b, c) : accumulate_by_dots(a, b, c);
    }
    if (b.col_stride != 1) return multiply_by_tiles(a, b, c, start, Reading::Packed, space, padded);
  }
  multiply_weights(a, b, c, start, reading_of<Scalar>(a.rows, b.rows, b.row_stride), space, padded);
}

/// C = S + A·B for value and gate side by side: both halves of B (and of C) have the same shape and strides, and whole
/// packets may be written behind the rows of C.
template <class Scalar>
void multiply_halves(const MatrixView<const Scalar>& a, const Halves<const Scalar>& b, const Halves<Scalar>& c,
                     const SumsStart<Scalar>& start, Reading reading, const PackingSpace<Scalar>& space) {
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    multiply_tiles<Scalar>(
        a, {b.value.data, b.gate.data, b.value.rows, b.value.cols, b.value.row_stride, b.value.col_stride},
        {c.value.data, c.gate.data, c.value.row_stride, true}, start, true, reading, space);
  } else {
    if (!start.from_target) {
      fill_rows(start.first, c.value);
      fill_rows(start.second, c.gate);
    }
    accumulate_plain(a, b.value, c.value);
    accumulate_plain(a, b.gate, c.gate);
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
