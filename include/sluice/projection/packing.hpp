// SPDX-License-Identifier: MIT
//
// Where and how a product packs its factors: A in tiles, B in panels, a block at a time that stays in cache. And what
// its tiles ask for meanwhile: the next block.
#pragma once

#include <sluice/core/pack.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

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

/// Cache blocks: a tile of A, depth_block × max_tile_rows, lies in L1 (14 KiB with AVX-512), blocks of A and of B in
/// L2. C is gone through once for each block of the depth.
template <class Scalar>
inline constexpr Index depth_block = std::max<Index>(1024 / static_cast<Index>(sizeof(Scalar)), 1);
/// So many scalars of B stay in L2.
template <class Scalar>
inline constexpr Index in_l2 = weights_in_l2 / static_cast<Index>(sizeof(Scalar));

/// Where a product packs, and what it is told of the products around it, of which it is one block of columns. Without
/// room for B, B is read where it lies (then its columns must be contiguous).
template <class Scalar>
struct PackingSpace {
  static constexpr Index packet = simd::register_size<Scalar>();
  static constexpr Index a_width = round_up(max_tile_rows, packet);  // whole packets of rows for each k
  static constexpr Index panel_width = 2 * packet;

  Scalar* a = nullptr;
  Scalar* b = nullptr;
  bool holds_a = false;    // the rows of A, packed already for all blocks (see pack_rows)
  Index next_cols = none;  // so many columns further begins the next block, as wide as this one; 0: it is this one

  static constexpr Index none = -1;

  static constexpr Index a_size(Index rows, Index depth) {
    const Index tiles = rows / row_block * divide_up(row_block, max_tile_rows);
    return (tiles + divide_up(rows % row_block, max_tile_rows)) * a_width * std::min(depth, depth_block<Scalar>);
  }
  /// The panels lie a line or two apart: otherwise those of deep products would begin in the same sets of a cache.
  static constexpr Index panel_size(Index depth) { return panel_width * (std::min(depth, depth_block<Scalar>) + 1); }
  static constexpr Index b_size(Index cols_of_both_halves, Index depth) {
    return (cols_of_both_halves / panel_width + 3) * panel_size(depth);
  }
  /// This thread's own, for a product of so many rows: so many scalars for A and for B.
  static PackingSpace obtain(Index rows, Index a_size, Index b_size) {
    struct PackedA;
    struct PackedB;
    if (rows <= 1) return {};  // one row is never packed
    return {scratch<PackedA, Scalar>(a_size), scratch<PackedB, Scalar>(b_size)};
  }
  /// Large enough for a product of these sizes.
  static PackingSpace of_thread(Index rows, Index depth, Index cols_of_both_halves) {
    return obtain(rows, a_size(std::min(rows, row_block), depth), b_size(cols_of_both_halves, depth));
  }
};

/// Whether the columns of A lie so far apart that reading them in place thrashes.
template <class Scalar>
bool lies_far_apart(const MatrixView<const Scalar>& a) {
  return a.col_stride != 1 && a.col_stride >= 2048 / static_cast<Index>(sizeof(Scalar));
}
/// Rows of A as their tiles read them, one after the other.
template <class Scalar>
void pack_rows(const MatrixView<const Scalar>& a, const RowTiles& tiles, Scalar* to) {
  constexpr Index a_width = PackingSpace<Scalar>::a_width;
  for (Index t = 0; t < tiles.count; ++t) {
    pack_lanes(a.data + tiles.begin(t) * a.row_stride, tiles.size(t), a.row_stride, a.cols, a.col_stride,
               to + t * a_width * a.cols, a_width);
  }
}

/// Rows [k, k + depth) of B as panels: element (k, lane) of packet h of panel p becomes
/// to[p·panel_size + k·panel_width + h·packet + lane]. What lies behind the last column is of no interest.
template <class Scalar>
SLUICE_NEVER_INLINE void pack_panels(const HalfColumns<Scalar>& b, bool paired, Index k, Index depth, Scalar* to,
                                     Index panel_size) {
  constexpr Index packet = PackingSpace<Scalar>::packet;
  constexpr Index panel_width = PackingSpace<Scalar>::panel_width;
  const Index step = paired ? packet : panel_width;
  const Index whole = b.col_stride == 1 ? b.cols / step : 0;
  // A few rows at a time: B is read in the order of memory, as streams side by side.
  const auto pack_some = [&]<int Rows>(Index row, std::integral_constant<int, Rows>) SLUICE_LAMBDA_INLINE {
    const Scalar* first = b.first + (k + row) * b.depth_stride;
    const Scalar* second = b.second + (k + row) * b.depth_stride;
    Scalar* target = to + row * panel_width;
    for (Index p = 0; p < whole; ++p, first += step, second += step, target += panel_size) {
      SLUICE_UNROLL
      for (int r = 0; r < Rows; ++r) {
        simd::store_register<Scalar>(target + r * panel_width, simd::load_register<Scalar>(first + r * b.depth_stride));
        simd::store_register<Scalar>(target + r * panel_width + packet,
                                     simd::load_register<Scalar>(second + r * b.depth_stride));
      }
    }
  };
  if (whole > 0) {
    Index row = 0;
    for (; row + 4 <= depth; row += 4) pack_some(row, std::integral_constant<int, 4>{});
    for (; row < depth; ++row) pack_some(row, std::integral_constant<int, 1>{});
  }
  for (Index j = whole * step, p = whole; j < b.cols; j += step, ++p) {
    const Index offset = k * b.depth_stride + j * b.col_stride;
    const Index first_cols = std::min(packet, b.cols - j);
    const Index second_cols = paired ? first_cols : std::min(packet, b.cols - j - packet);
    Scalar* const panel = to + p * panel_size;
    pack_strip(b.first + offset, first_cols, b.col_stride, depth, b.depth_stride, panel, panel_width);
    if (second_cols > 0) {
      pack_strip(b.second + offset, second_cols, b.col_stride, depth, b.depth_stride, panel + packet, panel_width);
    }
  }
}

/// What a product packs next: the block of B behind its rows [k, k + depth), where B as a whole is more than L2 holds.
/// Tiles ask for it, a piece each, while they run on what is packed: as many rows, as they lie in memory, as a tile has
/// steps, as wide as what it asks for at a step. Blocks of fewer rows nobody asks for. (The processor foresees little
/// of rows that are short and far apart: at 768→2048 with 256 samples W is packed in 0.25 instead of 0.75 ms of 6.9.)
template <class Scalar>
class NextBlock {
 public:
  static constexpr Index width = std::max(PackingSpace<Scalar>::panel_width, 64 / static_cast<Index>(sizeof(Scalar)));

  NextBlock() = default;
  NextBlock(const HalfColumns<Scalar>& b, bool paired, Index k, Index depth, Index next_cols) : steps_(depth) {
    const bool upright = b.col_stride != 1;
    const bool deeper = k + depth < b.depth;
    const Index whole = upright ? b.cols * b.col_stride : b.depth * b.depth_stride;
    if (whole <= in_l2<Scalar> || (!deeper && next_cols == PackingSpace<Scalar>::none)) return;
    const Index next_k = deeper ? k + depth : 0, next_depth = std::min(depth_block<Scalar>, b.depth - next_k);
    rows_ = upright ? b.cols : next_depth;
    cols_ = upright ? next_depth : b.cols;
    if (rows_ < steps_) return;
    row_stride_ = upright ? b.col_stride : b.depth_stride;
    const Index offset = next_k * b.depth_stride + (deeper ? 0 : next_cols) * b.col_stride;
    from_ = b.first + offset;
    then_ = paired ? b.second + offset : nullptr;
  }

  bool is_empty() const { return from_ == nullptr; }
  Index row_stride() const { return row_stride_; }
  /// Where a piece begins, and others to the right of it: so many are taken.
  const Scalar* take(Index pieces) {
    const Scalar* const piece = from_ + std::min(row_, rows_ - steps_) * row_stride_ + col_;
    col_ += pieces * width;
    if (col_ >= cols_) col_ = 0, row_ += steps_;
    if (row_ >= rows_) row_ = 0, from_ = std::exchange(then_, nullptr);
    return piece;
  }

 private:
  const Scalar *from_ = nullptr, *then_ = nullptr;  // the halves, one after the other
  Index rows_ = 0, cols_ = 0, row_stride_ = 0;
  Index row_ = 0, col_ = 0;
  Index steps_ = 0;
};

}  // namespace detail

SLUICE_NAMESPACE_END
