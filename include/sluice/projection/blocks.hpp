// SPDX-License-Identifier: MIT
//
// Products in cache-sized blocks, on whose scratch memory the caller's work follows while they are hot.
//
//   add_product      target += A·B                (weight gradients: dW += xᵀ·d)
//   write_products   target = Σ A·Bᵀ over terms   (input gradients: dx = dᵥ·W₁ᵀ + d_g·W₂ᵀ)
#pragma once

#include <sluice/core/pack.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/projection/packing.hpp>
#include <sluice/projection/product.hpp>

#include <algorithm>
#include <bit>
#include <initializer_list>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Columns of a block (of each half): its pre-activations stay in L2.
inline constexpr Index column_block = 256;

/// Width of a block's rows in memory: whole packets for both halves of a tile. Streamed, rows are wide, and must not
/// lie a multiple of 4 KiB apart.
template <class Scalar>
constexpr Index padded_width(Index cols, bool streamed = false) {
  return round_up(cols, PackingSpace<Scalar>::panel_width) + (streamed ? PackingSpace<Scalar>::panel_width : 0);
}
/// Scalars of scratch memory for a block; a packet may be read and written behind the last row.
template <class Scalar>
constexpr Index block_size(Index rows, Index width) {
  return rows * width + PackingSpace<Scalar>::panel_width;
}

/// Scalars of a block of many rows.
template <class Scalar>
inline constexpr Index most_sums = 1024 * 1024 / static_cast<Index>(sizeof(Scalar));
/// Rows of a block: B is packed once for all of them. More than row_block are worth it for wide blocks, whose tiles
/// come back to the same rows of A, as long as their sums are no more than 1 MiB. (With row_block for all dx takes 1.03
/// times as long at 768→2048 with 256 samples, and 1.05 times at 4096→11008 with 128.)
template <class Scalar>
constexpr Index rows_of_block(Index rows, Index width) {
  const Index row_blocks = std::min(width / 64, most_sums<Scalar> / (width * row_block));
  return std::min(rows, std::max<Index>(1, row_blocks) * row_block);
}
/// Scalars of such a block of this width, or of any that is narrower, which may have more rows.
template <class Scalar>
constexpr Index size_of_block(Index rows, Index width) {
  const Index sums = std::min(rows * width, std::max(most_sums<Scalar>, row_block * width));
  return sums + PackingSpace<Scalar>::panel_width;
}

/// Scratch memory for blocks that together have the shape (rows × cols), and the packing space for their products.
template <class Scalar>
struct Blocks {
  Index rows, cols;
  Index block_rows, block_cols, width;
  Scalar* data;
  PackingSpace<Scalar> space;

  /// `streamed`: for products that read B where it lies (see reading_of).
  static Blocks of_thread(Index rows, Index cols, Index depth, bool streamed = false) {
    struct Block;
    const Index packed_cols = std::min(cols, 2 * column_block);
    const Index block_cols = streamed ? std::min(cols, streamed_cols<Scalar>) : packed_cols;
    const Index width = padded_width<Scalar>(block_cols, streamed);
    const Index block_rows = streamed ? std::min(rows, row_block) : rows_of_block<Scalar>(rows, width);
    const Index size = streamed ? block_size<Scalar>(block_rows, width) : size_of_block<Scalar>(rows, width);
    Scalar* const data = scratch<Block, Scalar>(size);
    return {rows,
            cols,
            block_rows,
            block_cols,
            width,
            data,
            PackingSpace<Scalar>::of_thread(block_rows, depth, packed_cols)};
  }

  /// Calls product(block, first_row, first_col, space) and consume(block, first_row, first_col) for each block.
  template <class Product, class Consume>
  void for_each(const Product& product, const Consume& consume) const {
    for (Index col = 0; col < cols; col += block_cols) {
      for (Index row = 0; row < rows; row += block_rows) {
        const MatrixView<Scalar> block{data, std::min(block_rows, rows - row), std::min(block_cols, cols - col), width,
                                       1};
        product(block, row, col, space);
        consume(block, row, col);
      }
    }
  }
};

// A backward pass obtains all of its memory before it changes anything, so that running out of memory leaves the
// gradients as they were: each product has a function ..._memory for that. A pass in blocks of rows does so with its
// first block. A smaller one behind it may take another way, so the memory is that of every smaller block, too.

/// Columns that are worked on at once in target += A·B: as many as packed stay in L2.
template <class Scalar>
constexpr Index add_product_cols(Index depth, Index cols) {
  if (is_shallow(depth)) return cols;
  const auto packed_depth = static_cast<std::size_t>(std::min(depth, depth_block<Scalar>));
  return std::min(cols, in_l2<Scalar> / static_cast<Index>(std::bit_ceil(packed_depth)));
}
/// Packed they take in_l2, and for each panel a row more: most for the least depth that is not shallow, 9 to 16. So no
/// smaller depth needs more.
template <class Scalar>
constexpr Index add_product_size(Index depth, Index cols) {
  using Space = PackingSpace<Scalar>;
  return std::min(Space::b_size(cols, depth), in_l2<Scalar> / 16 * 17 + Space::b_size(0, depth));
}
/// Scalars of an A that is packed once for several blocks of columns, gaps included: no large copy behind the scenes.
template <class Scalar>
inline constexpr Index most_of_packed_a = 1280 * 1024 / static_cast<Index>(sizeof(Scalar));
/// Whether A is: if there are several, one block of the depth, and A is no larger.
template <class Scalar>
constexpr bool packs_a_once(Index rows, Index depth, Index cols) {
  return add_product_cols<Scalar>(depth, cols) < cols && depth <= depth_block<Scalar> &&
         PackingSpace<Scalar>::a_size(rows, depth) <= most_of_packed_a<Scalar>;
}
/// Scalars of A that are packed at a time. A smaller depth needs no more: it has fewer blocks, and a smaller A.
template <class Scalar>
constexpr Index add_product_a_size(Index rows, Index depth, Index cols) {
  using Space = PackingSpace<Scalar>;
  const Index of_block = Space::a_size(std::min(rows, row_block), depth);
  if (add_product_cols<Scalar>(depth, cols) >= cols) return of_block;
  return std::max(of_block, std::min(Space::a_size(rows, depth), most_of_packed_a<Scalar>));
}
template <class Scalar>
PackingSpace<Scalar> add_product_memory(Index rows, Index depth, Index cols) {
  if (is_shallow(depth) || !simd::is_vectorized_scalar<Scalar>) return {};  // nothing is packed
  return PackingSpace<Scalar>::obtain(rows, add_product_a_size<Scalar>(rows, depth, cols),
                                      add_product_size<Scalar>(depth, cols));
}
/// target += A·B for a row-major target.
template <class Scalar>
void add_product(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                 const MatrixView<Scalar>& target) {
  if (a.cols == 0) return;
  const bool streamed = b.col_stride == 1 && reading_of<Scalar>(a.rows, b.rows, b.row_stride) == Reading::Streamed;
  const Index block_cols = streamed ? streamed_cols<Scalar> : add_product_cols<Scalar>(b.rows, b.cols);
  auto space = add_product_memory<Scalar>(a.rows, b.rows, b.cols);
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    space.holds_a =
        !streamed && space.a != nullptr && lies_far_apart(a) && packs_a_once<Scalar>(a.rows, b.rows, b.cols);
    for (Index row = 0; space.holds_a && row < a.rows; row += row_block) {
      const Index rows = std::min(row_block, a.rows - row);
      pack_rows(a.middle_rows(row, rows), RowTiles(rows), space.a + PackingSpace<Scalar>::a_size(row, b.rows));
    }
  }
  for (Index col = 0; col < b.cols; col += block_cols) {
    const Index n = std::min(block_cols, b.cols - col);
    space.next_cols = col + 2 * n <= b.cols ? n : space.none;
    multiply(a, b.middle_cols(col, n), target.middle_cols(col, n), start_from_target<Scalar>(), space, false);
  }
}

/// A term A·Bᵀ of a sum.
template <class Scalar>
struct TransposedProduct {
  MatrixView<const Scalar> a;
  MatrixView<const Scalar> b;
};

/// How target = Σ A·Bᵀ is computed, and the memory for it.
template <class Scalar>
struct TransposedProductPlan {
  static constexpr Index direct_cols = 2 * column_block;

  bool flip;
  MatrixView<Scalar> to;
  PackingSpace<Scalar> space{};
  Blocks<Scalar> blocks{};

  bool direct() const { return to.col_stride == 1; }

  TransposedProductPlan(const MatrixView<Scalar>& target, Index depth)
      // The product lays Bᵀ out in panels, which means to transpose B. Where A and the target are smaller than B, the
      // transposed product (B·Aᵀ)ᵀ has less to transpose. (Very few rows are dotted: nothing is transposed.)
      : flip(target.rows > few_rows<Scalar>(depth, target.cols) &&
             target.rows * (depth + target.cols) < depth * target.cols),
        to(flip ? target.transpose() : target) {
    if (!direct()) {
      blocks = Blocks<Scalar>::of_thread(to.rows, to.cols, depth);
    } else if (to.rows > few_rows<Scalar>(depth, to.cols)) {
      space = PackingSpace<Scalar>::of_thread(to.rows, depth, std::min(to.cols, direct_cols));
    }
  }
};

template <class Scalar>
void write_products_memory(const MatrixView<Scalar>& target, Index depth) {
  const Index most_flipped = (depth * target.cols - 1) / (depth + target.cols);
  for (const Index rows : {target.rows, most_flipped, few_rows<Scalar>(depth, target.cols)}) {
    if (rows <= target.rows) TransposedProductPlan<Scalar>(target.middle_rows(0, rows), depth);
  }
}
/// target = Σ A·Bᵀ; the target may have any strides.
template <class Scalar>
void write_products(std::initializer_list<TransposedProduct<Scalar>> terms, const MatrixView<Scalar>& target) {
  const TransposedProductPlan<Scalar> plan(target, terms.begin()->a.cols);
  const auto write_terms = [&](const MatrixView<Scalar>& block, Index row, Index col, const PackingSpace<Scalar>& space,
                               bool padded) {
    auto start = start_from_zero<Scalar>();
    for (const auto& term : terms) {
      const auto& left = plan.flip ? term.b : term.a;
      const auto& right = plan.flip ? term.a : term.b;
      multiply(left.middle_rows(row, block.rows), right.middle_rows(col, block.cols).transpose(), block, start, space,
               padded);
      start = start_from_target<Scalar>();
    }
  };
  const MatrixView<Scalar>& to = plan.to;
  if (plan.direct()) {
    for (Index col = 0; col < to.cols; col += plan.direct_cols) {
      write_terms(to.middle_cols(col, std::min(plan.direct_cols, to.cols - col)), 0, col, plan.space, false);
    }
    return;
  }
  plan.blocks.for_each([&](const MatrixView<Scalar>& block, Index row, Index col,
                           const PackingSpace<Scalar>& space) { write_terms(block, row, col, space, true); },
                       [&](const MatrixView<Scalar>& block, Index row, Index col) {
                         copy_block<Scalar>(block, to.middle_rows(row, block.rows).middle_cols(col, block.cols));
                       });
}

}  // namespace detail

SLUICE_NAMESPACE_END
