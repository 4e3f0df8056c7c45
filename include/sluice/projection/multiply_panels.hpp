// SPDX-License-Identifier: MIT
//
// multiply_panels: x·W + b, tile by tile over the panels of W. The sums of a few panels go to a sink as soon as they
// are complete, while they lie in L1, so the (rows × 2·units) intermediate never exists.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// What of the depth is added to the sums of a tile, and what the tile asks for meanwhile (see TileArguments).
struct DepthPiece {
  Index begin, depth;
  Index prefetch, prefetch_step;
  bool prefetch_in_streams;
};
template <class Scalar, class Stored>
DepthPiece whole_depth(const Panels<Scalar, Stored>& w, Index rows) {
  constexpr Index page = 4096 / static_cast<Index>(sizeof(Stored));
  if (rows == 1) return {0, w.depth, w.row_prefetch(), 0, false};
  return {0, w.depth, w.from_memory ? page : 0, w.from_memory ? w.depth_stride : 0, false};
}

/// How many of the panels that are left, two or more, with so many columns, make the next pass. A last one that is not
/// full goes by itself, unless it shares a tile: with an even number of panels, where a tile takes two.
template <class Scalar>
Index panels_of_pass(Index rows, Index panels, Index cols, Index width) {
  const int most = most_panels[static_cast<std::size_t>(rows)];
  const Index pass = std::min(panels, std::max<Index>(panels_per_pass<Scalar>, most));
  return pass * width > cols && (most == 1 || pass % 2 != 0) ? pass - 1 : pass;
}

/// Rows of a tile, or of several equal ones that follow each other. And where as many others begin, for which these
/// ask.
template <class Scalar>
struct TileRows {
  Index first, rows;
  Index tiles = 1;
  const Scalar* next = nullptr;
};

/// Some rows, the first of which is a, times a piece of the panels from p to last; what is complete goes to the sink.
/// sums: 2·tile_size for a tile of one panel (last − p is 1), otherwise TileSums::size. Several tiles of rows times the
/// panels are no more than panels_per_pass.
template <class Scalar, class Stored>
SLUICE_ALWAYS_INLINE void multiply_rows(const Panels<Scalar, Stored>& w, TileArguments<Scalar, Stored>& tile,
                                        const TileRows<Scalar>& at, const Scalar* a, Index p, Index last,
                                        const DepthPiece& piece, Scalar* sums, const Sink<Scalar>& sink) {
  constexpr Index packet = simd::packet_size<Scalar>;
  const Scalar* const zeros = zero_packet<Scalar>.data();
  const Scalar* const start = w.start0 != nullptr ? w.start0 : zeros;
  const Scalar* const gate_start = w.start0 != nullptr ? w.gate_start0 : zeros;
  const Index width = w.width();
  eigen_assert(at.tiles == 1 || at.tiles * (last - p) <= panels_per_pass<Scalar>);
  // From the sums of the value to those of the gate, where they do not alternate.
  const Index half = tile_size<Scalar> * (last - p > 1 || at.tiles > 1 ? panels_per_pass<Scalar> : 1);
  const Index offset = piece.begin * w.depth_stride;
  const bool is_first = piece.begin == 0, is_last = piece.begin + piece.depth == w.depth;
  // Sums start from the biases, and go on from what they are.
  const auto start_from = [&](const Scalar* bias0, const Scalar* bias1) SLUICE_LAMBDA_INLINE {
    tile.start0 = is_first ? bias0 : tile.c0;
    tile.start1 = is_first ? bias1 : tile.c1;
    tile.start_row_stride = is_first ? 0 : tile.c_row_stride;
  };
  PreActivationBlock<Scalar> block;
  block.row = at.first;
  block.rows = at.tiles * at.rows;
  block.value = sums;
  tile.depth = piece.depth;
  tile.prefetch = piece.prefetch;
  tile.prefetch_step = piece.prefetch_step;
  tile.prefetch_in_streams = piece.prefetch_in_streams;
  const Scalar* asked = at.next;  // by the first call
  while (p < last) {
    block.col = p * width;
    Index pass = last - p;
    if (pass > 1) pass = panels_of_pass<Scalar>(at.rows, pass, w.cols - block.col, width);
    block.cols = std::min(pass * width, w.cols - block.col);
    // The rows of a panel that is not full lie without gaps, so that the gating works on full packets; where it is at
    // most half full, one packet is enough. Of several tiles of a single panel, too: they are one long row to it.
    const bool dense = block.cols < width || (at.tiles > 1 && w.cols == width);
    const bool shared = has_half_panels<Scalar> && 2 * block.cols <= width;
    const Index next = shared ? packet / 2 : packet;  // to the second packet of an unpaired panel
    const auto second_of = [&]<class T>(T* first, T* second) { return w.paired ? second : first + next; };
    block.row_stride = tile.c_row_stride = dense ? block.cols : pass * 2 * packet;
    block.gate = w.paired ? sums + (dense ? half : pass * packet) : w.gate_first != nullptr ? sums + half : nullptr;
    if (dense && block.rows > 1) {  // subnormals behind the last row would hold up the gating
      simd::store(sums + block.rows * block.cols, simd::Packet<Scalar>(0));
      simd::store(sums + half + block.rows * block.cols, simd::Packet<Scalar>(0));
    }
    for (Index done = 0; done < pass;) {
      const int at_once = pass == 1 ? 1 : panels_at_once(at.rows, pass - done);
      const Index tiles =  // by a shift: at_once is a power of two
          at.tiles > 1 ? at.tiles : (pass - done) >> std::countr_zero(static_cast<unsigned>(at_once));
      const Index n = at.tiles > 1 ? at_once : tiles * at_once;
      const Index from = p * w.panel_stride + offset, bias = p * tile.start_panel_stride;
      const auto multiply = [&]() SLUICE_LAMBDA_INLINE {
        tile.a = a + piece.begin * tile.a_depth_stride;
        at.tiles > 1 ? tile.step_along_rows(at.rows) : tile.step_along_panels(at_once);
        if (asked != nullptr) {
          const Index share = divide_up(at.tiles * at.rows * tile.a_row_stride, tiles);
          tile.ask_from(asked, divide_up(share, piece.depth), share);
        }
        multiply_tile(at.rows, shared ? half_panel : at_once, tile, tiles);
        if (std::exchange(asked, nullptr) != nullptr) tile.ask_for_nothing();
      };
      tile.b0 = w.first + from;
      tile.b1 = second_of(tile.b0, w.second + from);
      tile.c0 = sums + done * width;
      tile.c1 = w.paired ? block.gate + done * width : tile.c0 + next;  // what has no gate has a null one
      start_from(start + bias, w.start0 != nullptr ? second_of(start + bias, w.start1 + bias) : zeros);
      if constexpr (simd::has_scale<Stored>) {
        tile.scale0 = w.scale0 + p * width;
        tile.scale1 = second_of(tile.scale0, w.scale1 + p * width);
      }
      multiply();
      if (w.gate_first != nullptr) {
        tile.b0 = w.gate_first + from;
        tile.b1 = tile.b0 + next;
        tile.c0 = block.gate + done * width;
        tile.c1 = tile.c0 + next;
        start_from(gate_start + bias, w.start0 != nullptr ? gate_start + bias + next : zeros);
        multiply();
      }
      done += n;
      p += n;
    }
    if (is_last) sink(block);
  }
}

/// The sums of the panels of a pass, on the stack.
template <class Scalar>
struct TileSums {
  static constexpr Index size = 2 * panels_per_pass<Scalar> * tile_size<Scalar>;
  static_assert(most_panels[1] * 2 * simd::packet_size<Scalar> <= size / 2, "as many panels as one row takes at once");
  static_assert((max_half_panel_rows + 1) * simd::packet_size<Scalar> <= tile_size<Scalar>, "one packet for each row");
  alignas(simd::Packet<Scalar>) Scalar data[static_cast<std::size_t>(size)];
};

/// multiply_panels of more rows than a tile takes, of rows that collide, or of panels that pass one by one.
template <class Scalar, class Stored>
SLUICE_ALWAYS_INLINE void multiply_many_rows(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                             const Sink<Scalar>& sink, Scalar* space) {
  TileSums<Scalar> buffer;
  TileArguments<Scalar, Stored> tile = tile_arguments(x, w);
  const Index panels = w.count();
  const PanelMemory<Scalar> memory(x, w);
  if (space == nullptr) space = memory.obtain();
  if (memory.samples > 0) {
    tile.a_row_stride = 1;
    tile.a_depth_stride = memory.lanes;
  }
  const PanelOrder order(w, x.rows);
  const Index rows_of_tile =
      rows_collide(x) && w.heapless ? std::min<Index>(ways_of_l1, max_tile_rows) : w.rows_of_tile();
  // Of few panels several tiles of rows make a pass.
  const Index tiles_of_pass = w.from_memory || memory.samples > 0
                                  ? 1
                                  : std::max<Index>(1, panels_per_pass<Scalar> / std::max<Index>(1, panels));
  // Rows that come from afar and lie close to each other are asked for while the tile in front of them begins. (Of
  // large weights x comes once for many panels.)
  const bool asks_for_rows =
      !w.from_memory && memory.samples == 0 && x.col_stride == 1 && x.row_stride > 0 && x.row_stride < 2 * w.depth;
  for (Index first_row = 0; first_row < x.rows; first_row += row_block) {
    const RowTiles tiles(std::min(row_block, x.rows - first_row), rows_of_tile);
    const auto samples_of = [&](Index t) { return space + t * memory.lanes * w.depth; };
    for (Index t = 0; memory.samples > 0 && t < tiles.count; ++t) {
      pack_lanes(&x(first_row + tiles.begin(t), 0), tiles.size(t), x.row_stride, w.depth, x.col_stride, samples_of(t),
                 memory.lanes);
    }
    // Each tile asks for its share of what comes next, as deep as its own piece is, so that it is near by then.
    const Index step = w.from_memory ? divide_up(w.depth_stride, tiles.count) : 0;
    for (PanelOrder::Position at, next; at.panel < panels; at = next) {
      next = order.after(at);
      const Index distance = (next.panel - at.panel) * w.panel_stride + (next.k - at.k) * w.depth_stride;
      DepthPiece piece{at.k, std::min(order.piece, w.depth - at.k), 0, 0, tiles.count <= most_tiles_in_streams};
      for (Index t = 0; t < tiles.count;) {
        TileRows<Scalar> rows{first_row + tiles.begin(t), tiles.size(t), std::min(tiles_of_pass, tiles.equal_from(t))};
        const Index next_row = rows.first + rows.tiles * rows.rows;
        if (asks_for_rows && next_row < x.rows) rows.next = &x(next_row, 0);
        if (w.from_memory) {
          const bool asks = rows.rows > 1 && next.panel < panels && t * step < w.depth_stride;
          piece.prefetch = asks ? distance + t * step * piece.depth : 0;
          piece.prefetch_step = asks ? step : 0;
        }
        Scalar* const sums = order.pieces > 1 ? space + memory.samples +
                                                    ((at.panel - at.first) * tiles.count + t) * 2 * tile_size<Scalar>
                                              : buffer.data;
        multiply_rows(w, tile, rows, memory.samples > 0 ? samples_of(t) : &x(rows.first, 0), at.panel,
                      at.panel + order.at_once, piece, sums, sink);
        t += rows.tiles;
      }
    }
  }
}

/// Gives the tiles of x·W + b to the sink. space: as much as PanelMemory says, or null for this
/// thread's own.
template <class Scalar, class Stored>
SLUICE_ALWAYS_INLINE void multiply_panels(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                          const Sink<Scalar>& sink, Scalar* space = nullptr) {
  if (x.rows > w.rows_of_tile() || rows_collide(x) || w.one_by_one(x.rows)) {
    return multiply_many_rows(x, w, sink, space);
  }
  if (x.rows == 0) return;
  TileSums<Scalar> buffer;
  TileArguments<Scalar, Stored> tile = tile_arguments(x, w);
  multiply_rows(w, tile, TileRows<Scalar>{0, x.rows}, x.data, 0, w.count(), whole_depth(w, x.rows), buffer.data, sink);
}

}  // namespace detail

SLUICE_NAMESPACE_END
