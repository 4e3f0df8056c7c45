// SPDX-License-Identifier: MIT
//
// The way of the data through a projection whose weights can be read panel by panel:
//
//   x ──► tiles over the panels of W ──► sums of a few panels in L1 ──► whoever takes them (gating, cache, output)
//
// A panel holds two packets of columns over the whole depth: for a gated projection a packet of value columns and the
// same columns of the gate, for an ordinary one 2 packets side by side. Where the panels come from is a matter of
// pointers and strides: W in place (while it fits a cache), or packed beforehand (core of `pack`). Here is what they
// are, and in which order they are gone through: by multiply_panels.hpp, and of a single row by row.hpp.
//
//   memory in place:  element (k, lane) of packet h of panel p at  half_h[k·row_stride + p·width + lane]
//   memory packed:                                             at  data[((p·depth + k)·2 + h)·packet + lane]
//
// (packed_weights.hpp says where few units lie.)
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Rows that are worked on at once.
inline constexpr Index row_block = 224;

/// Bytes of weights that stay in L2 while all rows pass, and of the samples that pass a panel, with the panel and the
/// next one, which is asked for meanwhile.
inline constexpr Index weights_in_l2 = 512 * 1024;
inline constexpr Index panels_and_samples_in_l2 = 1024 * 1024;

/// Steps of the depth that samples pass at once, less than twice as many at most: what is asked for a piece ahead
/// should not wait for long.
inline constexpr Index steps_of_piece = 1024;

/// Tiles of rows that ask for what comes next in several streams: more of them have time enough.
inline constexpr Index most_tiles_in_streams = 4;

/// Bytes of weights that a shared L3 may no longer hold.
inline constexpr Index weights_beyond_l3 = 8 * 1024 * 1024;

/// How far ahead one row asks for weights in fewer bits that may come from main memory, in bytes: in each of a few
/// streams, together about as much as memory delivers in the time in which it answers.
inline constexpr Index bytes_ahead_of_row = 1408;

/// Panels that share a piece of the depth, if it is divided.
inline constexpr Index panels_per_piece = 4;

/// How rows are shared out among tiles, as evenly as possible: the first `longer` of them have one row more.
struct RowTiles {
  Index count, rows, longer;
  explicit constexpr RowTiles(Index row_count, Index most = max_tile_rows) : count(1), rows(row_count), longer(0) {
    if (row_count <= most) return;  // a division less
    count = divide_up(row_count, most);
    rows = row_count / count;
    longer = row_count % count;
  }
  Index begin(Index tile) const { return tile * rows + std::min(tile, longer); }
  constexpr Index size(Index tile) const { return rows + (tile < longer ? 1 : 0); }
  /// How many tiles from this one on are as long as it is.
  Index equal_from(Index tile) const { return (tile < longer ? longer : count) - tile; }
};

/// Weights as the tile reads them, with what the sums start from.
template <class Scalar, class Stored>
struct Panels {
  static constexpr Index packet = simd::packet_size<Scalar>;

  const Stored *first, *second;
  Index depth, cols;
  Index depth_stride, panel_stride;
  bool paired;                    // first and second are value and gate; cols counts each
  const Scalar *start0, *start1;  // biases, or null
  const Scalar *scale0 = nullptr, *scale1 = nullptr;
  // A gate in panels of its own (Split), like the value's in everything else: its tile follows the value's.
  const Stored *gate_first = nullptr, *gate_second = nullptr;
  const Scalar *gate_start0 = nullptr, *gate_start1 = nullptr;
  bool from_memory = false;  // packed, and more than L2 holds
  bool beyond_l3 = false;    // of these, more than L3 may hold
  bool heapless = false;     // sizes in the type: no memory but the stack's

  Index width() const { return paired ? packet : 2 * packet; }
  Index count() const {  // a shift: of two divisions by constants GCC makes one by a variable
    const int halving = paired ? 0 : 1;
    return (divide_up(cols, packet) + halving) >> halving;
  }
  /// Whether there is a single panel, whose columns share one packet.
  bool is_half_panel() const { return has_half_panels<Scalar> && 2 * cols <= width(); }
  /// Rows that a tile takes at most.
  Index rows_of_tile() const { return is_half_panel() ? max_half_panel_rows : max_tile_rows; }
  /// What one row asks for (see TileArguments).
  Index row_prefetch() const {
    return beyond_l3 && sizeof(Stored) < sizeof(Scalar) ? bytes_ahead_of_row / static_cast<Index>(sizeof(Stored)) : 0;
  }
  /// So many panels, from the first one on.
  Panels middle(Index from, Index panels) const {
    const auto move = [&](const Scalar* p) { return p == nullptr ? p : p + from * width(); };
    Panels part = *this;
    part.first += from * panel_stride;
    part.second += from * panel_stride;
    part.cols = std::min(panels * width(), cols - from * width());
    part.start0 = move(start0);
    part.start1 = move(start1);
    part.scale0 = move(scale0);
    part.scale1 = move(scale1);
    return part;
  }
  /// Whether panels from memory pass so many rows one by one: each tile then asks for a share of the next one.
  bool one_by_one(Index rows) const {
    return from_memory &&
           (rows > max_tile_rows || (most_panels[static_cast<std::size_t>(rows)] == 1 && cols > width()));
  }
  /// Pieces of the depth, of which so many samples stay in L2 while some panels pass. (A scale belongs to the sum as a
  /// whole.)
  Index pieces(Index rows) const {
    if (!one_by_one(rows) || simd::has_scale<Stored>) return 1;
    constexpr auto sample = static_cast<Index>(sizeof(Scalar)), panel = 2 * packet * static_cast<Index>(sizeof(Stored));
    const Index most = panels_and_samples_in_l2 / (std::min(rows, row_block) * sample + 2 * panel);
    return std::max(depth / steps_of_piece, divide_up(depth, most));
  }
};

/// The way of many rows through the panels. Weights that stay in a cache are gone through for every tile of rows, whose
/// samples then stay in L1. Of others a panel serves many rows, and where the depth is divided, a group of panels each
/// piece of the samples.
struct PanelOrder {
  Index panels, depth;
  Index at_once;  // panels that a tile of rows goes through
  Index pieces;   // of the depth
  Index piece;    // so deep
  Index group;    // panels

  template <class Scalar, class Stored>
  PanelOrder(const Panels<Scalar, Stored>& w, Index rows)
      : panels(w.count()),
        depth(w.depth),
        at_once(w.from_memory ? 1 : panels),
        pieces(w.pieces(rows)),
        piece(pieces > 1 ? divide_up(depth, pieces) : depth),  // a division less, for small layers
        group(pieces > 1 ? panels_per_piece : at_once) {}

  struct Position {
    Index panel = 0, k = 0;
    Index first = 0;  // panel of the group
  };
  Position after(Position at) const {
    at.panel += at_once;
    if (at.panel < std::min(at.first + group, panels)) return at;
    return at.k + piece < depth ? Position{at.first, at.k + piece, at.first} : Position{at.panel, 0, at.panel};
  }
};

/// More rows of x than L1 has ways, a multiple of 4 KiB apart, fall into the same few lines of it.
inline constexpr Index ways_of_l1 = 8;
template <class Scalar>
bool rows_collide(const MatrixView<const Scalar>& x) {
  constexpr Index page = 4096 / static_cast<Index>(sizeof(Scalar));
  return x.rows > ways_of_l1 && x.col_stride == 1 && x.row_stride % page == 0;
}

/// The pre-activations of a tile: those of both packets interleaved, or one after the other.
template <class Scalar>
inline constexpr Index tile_size = (std::max(max_tile_rows, 6) + 1) * 2 * simd::packet_size<Scalar>;

/// Panels that a tile of rows goes through, as a rule, before its sums go to the sink: to begin and to end the gating
/// takes as long as a few of its packets. Few enough for both halves of the sums to take 16 KB at most.
template <class Scalar>
inline constexpr Index panels_per_pass = [] {
  constexpr auto bytes_of_tile = tile_size<Scalar> * static_cast<Index>(sizeof(Scalar));
  return std::min<Index>(8, 8 * 1024 / bytes_of_tile);
}();

/// Memory that multiply_panels needs beside the stack, in scalars. Fewer rows need no more.
template <class Scalar>
struct PanelMemory {
  static constexpr Index lanes = round_up(max_tile_rows, simd::packet_size<Scalar>);
  static_assert(!has_half_panels<Scalar> || lanes >= max_half_panel_rows);

  Index samples = 0;  // rows that collide, as many as are worked on at once, each tile's in lanes
  Index sums = 0;     // of the tiles that wait for their next piece of the depth

  template <class Stored>
  PanelMemory(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w) {
    const Index tiles = RowTiles(std::min(x.rows, row_block)).count;
    if (rows_collide(x) && !w.heapless) samples = tiles * lanes * w.depth;
    if (w.pieces(x.rows) > 1) sums = panels_per_piece * tiles * 2 * tile_size<Scalar>;
  }
  Index size() const { return samples + sums; }
  /// For so many threads, obtained by this one; null where nothing is needed.
  Scalar* obtain(Index threads = 1) const {
    return size() > 0 ? scratch<PanelMemory, Scalar>(threads * size()) : nullptr;
  }
};

/// What all tiles of a product have in common.
template <class Scalar, class Stored>
SLUICE_ALWAYS_INLINE TileArguments<Scalar, Stored> tile_arguments(const MatrixView<const Scalar>& x,
                                                                  const Panels<Scalar, Stored>& w) {
  TileArguments<Scalar, Stored> tile;
  tile.a_row_stride = x.row_stride;
  tile.a_depth_stride = x.col_stride;
  tile.b_depth_stride = w.depth_stride;
  tile.b_panel_stride = tile.prefetch_panel_stride = w.panel_stride;
  tile.start_panel_stride = w.start0 != nullptr ? w.width() : 0;
  tile.c_panel_stride = w.width();
  return tile;
}

}  // namespace detail

SLUICE_NAMESPACE_END
