// SPDX-License-Identifier: MIT
//
// Products in cache-sized blocks, on whose scratch memory the caller's work follows while they are hot.
//
//   add_product      target += A·B                (weight gradients: dW += xᵀ·d)
//   write_products   target = Σ A·Bᵀ over terms   (input gradients: dx = dᵥ·W₁ᵀ + d_g·W₂ᵀ)
#pragma once

#include <sluice/core/pack.hpp>
#include <sluice/projection/product.hpp>

#include <algorithm>
#include <initializer_list>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Columns of a block (of each half): its pre-activations stay in L2.
inline constexpr Index column_block = 256;

/// sums[j] += row[j]
template <class Scalar>
void add_row(const Scalar* row, Index cols, Scalar* sums) {
  for (Index j = 0; j < cols; ++j) sums[j] += row[j];
}

/// Width of a block's rows in memory: whole packets for both halves of a tile.
template <class Scalar>
constexpr Index padded_width(Index cols) {
  return round_up(cols, PackingSpace<Scalar>::panel_width);
}
/// Scalars of scratch memory for a block; a packet may be read and written behind the last row.
template <class Scalar>
constexpr Index block_size(Index rows, Index width) {
  return rows * width + PackingSpace<Scalar>::panel_width;
}

/// Calls product(block, first_row, first_col, space) and consume(block, first_row, first_col) for blocks of scratch
/// memory that together have the shape (rows × cols).
template <class Scalar, class Product, class Consume>
void for_each_block(Index rows, Index cols, Index depth, const Product& product, const Consume& consume) {
  struct Block;
  const Index block_cols = std::min(cols, 2 * column_block);
  const Index block_rows = std::min(rows, row_block);
  const Index width = padded_width<Scalar>(block_cols);
  Scalar* const data = scratch<Block, Scalar>(block_size<Scalar>(block_rows, width));
  const auto space = PackingSpace<Scalar>::of_thread(block_rows, depth, block_cols);
  for (Index col = 0; col < cols; col += block_cols) {
    for (Index row = 0; row < rows; row += block_rows) {
      const MatrixView<Scalar> block{data, std::min(block_rows, rows - row), std::min(block_cols, cols - col), width,
                                     1};
      product(block, row, col, space);
      consume(block, row, col);
    }
  }
}

/// target += A·B for a row-major target.
template <class Scalar>
void add_product(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b,
                 const MatrixView<Scalar>& target) {
  if (a.cols == 0) return;
  const Index block_cols = is_shallow(b.rows) ? b.cols : is_thin(b.rows) ? 8 * column_block : 2 * column_block;
  const auto space = PackingSpace<Scalar>::of_thread(a.rows, b.rows, std::min(b.cols, block_cols));
  for (Index col = 0; col < b.cols; col += block_cols) {
    const Index n = std::min(block_cols, b.cols - col);
    multiply(a, b.middle_cols(col, n), target.middle_cols(col, n), start_from_target<Scalar>(), space, false);
  }
}

/// A term A·Bᵀ of a sum.
template <class Scalar>
struct TransposedProduct {
  MatrixView<const Scalar> a;
  MatrixView<const Scalar> b;
};

/// target = Σ A·Bᵀ; the target may have any strides.
template <class Scalar>
void write_products(std::initializer_list<TransposedProduct<Scalar>> terms, const MatrixView<Scalar>& target) {
  const auto add_terms = [&](const MatrixView<Scalar>& block, Index row, Index col, const PackingSpace<Scalar>& space,
                             bool padded) {
    auto start = start_from_zero<Scalar>();
    for (const auto& term : terms) {
      multiply(term.a.middle_rows(row, block.rows), term.b.middle_rows(col, block.cols).transpose(), block, start,
               space, padded);
      start = start_from_target<Scalar>();
    }
  };
  if (target.col_stride == 1) {
    constexpr Index block_cols = 2 * column_block;
    const auto space =
        PackingSpace<Scalar>::of_thread(target.rows, terms.begin()->a.cols, std::min(target.cols, block_cols));
    for (Index col = 0; col < target.cols; col += block_cols) {
      add_terms(target.middle_cols(col, std::min(block_cols, target.cols - col)), 0, col, space, false);
    }
    return;
  }
  for_each_block<Scalar>(
      target.rows, target.cols, terms.begin()->a.cols,
      [&](const MatrixView<Scalar>& block, Index row, Index col, const PackingSpace<Scalar>& space) {
        add_terms(block, row, col, space, true);
      },
      [&](const MatrixView<Scalar>& block, Index row, Index col) {
        copy_block<Scalar>(block, target.middle_rows(row, block.rows).middle_cols(col, block.cols));
      });
}

}  // namespace detail

SLUICE_NAMESPACE_END
