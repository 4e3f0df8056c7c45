// SPDX-License-Identifier: MIT
//
// The gated projection and its gradient: everything between the weights and the samples, for matrices that are already views.
//
//   forward    [v | g] = x·[W₁ | W₂] + [b₁ | b₂]        (rows × 2·units), a cache-sized block at a time
//              y = value(v) ⊙ gate(g)                   on the block while it is hot
//   backward   [dv | dg] = gradient of the gating       (rows × 2·units)
//              dW += xᵀ·[dv | dg],  db += column sums,  dx = [dv | dg]·[W₁ | W₂]ᵀ
//
// The (rows × 2·units) intermediate never exists as a whole, unless the caller asks for it (the cache of a training step).
#pragma once

#include <sluice/gating/gating.hpp>
#include <sluice/gating/rows.hpp>
#include <sluice/projection/parameters.hpp>
#include <sluice/projection/product.hpp>

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// The weights of a projection as views, and its biases (null without).
template <class Scalar>
struct GatedWeights {
  Halves<const Scalar> weight;
  const Scalar* value_bias;
  const Scalar* gate_bias;

  template <class Projection, Index InputDim, Index Units>
  explicit GatedWeights(const GatedParameters<Scalar, Projection, InputDim, Units>& p)
      : weight{view_of(p.value_weight()), view_of(p.gate_weight())},
        value_bias(p.has_bias() ? p.value_bias().data() : nullptr),
        gate_bias(p.has_bias() ? p.gate_bias().data() : nullptr) {}

  static MatrixView<const Scalar> view_of(const ConstWeightMap<Scalar>& w) {
    return {w.data(), w.rows(), w.cols(), w.outerStride(), 1};
  }
};

/// Blocks of the (rows × units) result: small enough that pre-activations of a block stay in L2.
inline constexpr Index unit_block = 256;

/// Fills rows of a block with the bias (zero without one).
template <class Scalar>
void fill_rows(const Scalar* bias, Index cols, const MatrixView<Scalar>& c) {
  for (Index r = 0; r < c.rows; ++r) {
    Scalar* const row = c.data + r * c.row_stride;
    if (bias != nullptr) {
      std::copy_n(bias, cols, row);
    } else {
      std::fill_n(row, cols, Scalar(0));
    }
  }
}

/// Computes the pre-activations block by block and hands each block to consume(first_row, first_unit, Halves).
template <class Projection, class Scalar, class Consume>
void for_each_pre_activation_block(const MatrixView<const Scalar>& x, const GatedWeights<Scalar>& weights,
                                   const Consume& consume) {
  constexpr bool fused = std::is_same_v<Projection, Fused>;
  constexpr Index panel = 2 * simd::register_size<Scalar>();
  struct PreActivations;
  const Index units = weights.weight.value.cols;

  if (x.rows == 1 && fused && weights.weight.gate.data == weights.weight.value.data + units) {
    // One sample: value and gate columns are one row of 2·units, so that W is streamed once from front to back.
    Scalar* const row = scratch<PreActivations, Scalar>(round_up(2 * units, panel) + panel);
    const MatrixView<Scalar> c{row, 1, 2 * units, 2 * units, 1};
    fill_rows(weights.value_bias, 2 * units, c);
    MatrixView<const Scalar> weight = weights.weight.value;
    weight.cols = 2 * units;
    accumulate(x, weight, c);
    consume(Index(0), Index(0), Halves<Scalar>{c.middle_cols(0, units), c.middle_cols(units, units)});
    return;
  }

  const Index block_units = x.rows == 1 ? units : std::min(units, unit_block);
  const Index block_rows = std::min(x.rows, row_block);
  const Index width = round_up(block_units, panel);
  Scalar* const block = scratch<PreActivations, Scalar>(block_rows * 2 * width + panel);
  for (Index unit = 0; unit < units; unit += block_units) {
    const Index n = std::min(block_units, units - unit);
    const Halves<const Scalar> w = weights.weight.middle_cols(unit, n);
    for (Index row = 0; row < x.rows; row += block_rows) {
      const Index m = std::min(block_rows, x.rows - row);
      const Halves<Scalar> c{{block, m, n, 2 * width, 1}, {block + width, m, n, 2 * width, 1}};
      fill_rows(weights.value_bias != nullptr ? weights.value_bias + unit : nullptr, n, c.value);
      fill_rows(weights.gate_bias != nullptr ? weights.gate_bias + unit : nullptr, n, c.gate);
      const MatrixView<const Scalar> samples = x.middle_rows(row, m);
      if constexpr (fused) {
        accumulate_halves<Scalar>(samples, w.value, w.gate, c.value, c.gate);
      } else {
        accumulate<Scalar>(samples, w.value, c.value);
        accumulate<Scalar>(samples, w.gate, c.gate);
      }
      consume(row, unit, c);
    }
  }
}

/// y (and gate, and the pre-activations, where their data is not null) for the samples x.
template <class Projection, class Scalar, class G>
void gated_forward(const MatrixView<const Scalar>& x, const GatedWeights<Scalar>& weights, const G& gating,
                   const MatrixView<Scalar>& y, const MatrixView<Scalar>& gate, const Halves<Scalar>& pre) {
  for_each_pre_activation_block<Projection>(
      x, weights, [&](Index row, Index unit, const Halves<Scalar>& block) {
        const auto part = [&](const MatrixView<Scalar>& whole) {
          return whole.data == nullptr
                     ? MatrixView<Scalar>{}
                     : whole.middle_rows(row, block.value.rows).middle_cols(unit, block.value.cols);
        };
        if (pre.value.data != nullptr) {
          copy_block<Scalar>(block.value, part(pre.value));
          copy_block<Scalar>(block.gate, part(pre.gate));
        }
        if (y.data != nullptr) gate_block(gating, block, part(y), part(gate));
      });
}

/// Weight gradients as views that are added to; bias gradients null without a bias.
template <class Scalar>
struct GatedGradientTargets {
  Halves<Scalar> weight;
  Scalar* value_bias;
  Scalar* gate_bias;

  template <class Projection, Index InputDim, Index Units>
  explicit GatedGradientTargets(GatedParameters<Scalar, Projection, InputDim, Units>& p)
      : weight{view_of(p.value_weight()), view_of(p.gate_weight())},
        value_bias(p.has_bias() ? p.value_bias().data() : nullptr),
        gate_bias(p.has_bias() ? p.gate_bias().data() : nullptr) {}

  static MatrixView<Scalar> view_of(WeightMap<Scalar> w) { return {w.data(), w.rows(), w.cols(), w.outerStride(), 1}; }
};

/// target += A·B, a block at a time through scratch memory that is as wide as whole packets.
template <class Scalar>
void add_product(const MatrixView<const Scalar>& a, const MatrixView<const Scalar>& b, const MatrixView<Scalar>& target) {
  constexpr Index panel = 2 * simd::register_size<Scalar>();
  struct ProductBlock;
  const Index block_cols = std::min(b.cols, 2 * unit_block);
  const Index block_rows = std::min(a.rows, row_block);
  const Index width = round_up(block_cols, panel);
  Scalar* const block = scratch<ProductBlock, Scalar>(block_rows * width + panel);
  for (Index col = 0; col < b.cols; col += block_cols) {
    const Index n = std::min(block_cols, b.cols - col);
    for (Index row = 0; row < a.rows; row += block_rows) {
      const Index m = std::min(block_rows, a.rows - row);
      const MatrixView<Scalar> c{block, m, n, width, 1};
      fill_rows<Scalar>(nullptr, n, c);
      accumulate<Scalar>(a.middle_rows(row, m), b.middle_cols(col, n), c);
      for (Index r = 0; r < m; ++r) add_row(&c(r, 0), n, &target(row + r, col));
    }
  }
}

/// dx = d·Wᵀ over both halves, written to a matrix of any strides.
template <class Scalar>
void input_gradient(const Halves<const Scalar>& d, const Halves<const Scalar>& weight, const MatrixView<Scalar>& dx) {
  constexpr Index panel = 2 * simd::register_size<Scalar>();
  struct InputGradientBlock;
  const Index units = weight.value.cols;
  const bool one_matrix = d.gate.data == d.value.data + units && weight.gate.data == weight.value.data + units;
  const Index block_cols = std::min(dx.cols, 2 * unit_block);
  const Index block_rows = std::min(dx.rows, row_block);
  const Index width = round_up(block_cols, panel);
  Scalar* const block = scratch<InputGradientBlock, Scalar>(block_rows * width + panel);
  for (Index col = 0; col < dx.cols; col += block_cols) {
    const Index n = std::min(block_cols, dx.cols - col);
    for (Index row = 0; row < dx.rows; row += block_rows) {
      const Index m = std::min(block_rows, dx.rows - row);
      const MatrixView<Scalar> c{block, m, n, width, 1};
      fill_rows<Scalar>(nullptr, n, c);
      MatrixView<const Scalar> d_value = d.value.middle_rows(row, m);
      MatrixView<const Scalar> w_value = weight.value.middle_rows(col, n);
      if (one_matrix) {
        d_value.cols = w_value.cols = 2 * units;
        accumulate<Scalar>(d_value, w_value.transpose(), c);
      } else {
        accumulate<Scalar>(d_value, w_value.transpose(), c);
        accumulate<Scalar>(d.gate.middle_rows(row, m), weight.gate.middle_rows(col, n).transpose(), c);
      }
      copy_block<Scalar>(c, dx.middle_rows(row, m).middle_cols(col, n));
    }
  }
}

/// Gradients of a projection from its pre-activations. dx is written (if it has data), the parameters' gradients are
/// added to.
template <class Projection, class Scalar, class G>
void gated_backward(const MatrixView<const Scalar>& x, const GatedWeights<Scalar>& weights, const G& gating,
                    const Halves<const Scalar>& pre, const MatrixView<const Scalar>& dy, const MatrixView<Scalar>& dx,
                    const GatedGradientTargets<Scalar>& gradients) {
  constexpr Index panel = 2 * simd::register_size<Scalar>();
  struct PreActivationGradients;
  struct OutputGradientRow;
  const Index units = weights.weight.value.cols;
  const Index rows = x.rows;
  // (rows × 2·units) as [value | gate], so that a fused weight takes part in one product.
  Scalar* const data = scratch<PreActivationGradients, Scalar>(rows * 2 * units + 2 * panel);
  const Halves<Scalar> d{{data, rows, units, 2 * units, 1}, {data + units, rows, units, 2 * units, 1}};
  Scalar* const dy_row = dy.col_stride == 1 ? nullptr : scratch<OutputGradientRow, Scalar>(units);
  for (Index r = 0; r < rows; ++r) {
    const Scalar* dy_r = &dy(r, 0);
    if (dy_row != nullptr) {
      for (Index j = 0; j < units; ++j) dy_row[j] = dy(r, j);
      dy_r = dy_row;
    }
    gate_gradient_row<Scalar>(gating, &pre.value(r, 0), &pre.gate(r, 0), dy_r, units, &d.value(r, 0), &d.gate(r, 0));
    if (gradients.value_bias != nullptr) {
      add_row(&d.value(r, 0), units, gradients.value_bias);
      add_row(&d.gate(r, 0), units, gradients.gate_bias);
    }
  }
  // dW (input_dim × units) += xᵀ (input_dim × rows)·d (rows × units)
  if (gradients.weight.gate.data == gradients.weight.value.data + units) {
    MatrixView<Scalar> weight = gradients.weight.value;
    MatrixView<const Scalar> both = d.value;
    weight.cols = both.cols = 2 * units;
    add_product<Scalar>(x.transpose(), both, weight);
  } else {
    add_product<Scalar>(x.transpose(), d.value, gradients.weight.value);
    add_product<Scalar>(x.transpose(), d.gate, gradients.weight.gate);
  }
  if (dx.data != nullptr) input_gradient<Scalar>(d, weights.weight, dx);
}

}  // namespace detail

SLUICE_NAMESPACE_END
