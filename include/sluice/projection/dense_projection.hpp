// SPDX-License-Identifier: MIT
//
// The projection of a dense layer, the gated one's with a single half:
//
//   forward    y = activation(x·W + b)
//   backward   d = dy ⊙ activation'(x·W + b),  dW += xᵀ·d,  db += column sums of d,  dx = d·Wᵀ
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/gating/rows.hpp>
#include <sluice/projection/blocks.hpp>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Views of weight and bias (const Scalar), or of their gradients (Scalar). The bias is null without.
template <class Scalar>
struct DenseViews {
  MatrixView<Scalar> weight;
  Scalar* bias;

  template <class Parameters>
  explicit DenseViews(Parameters& p)
      : weight{p.weight().data(), p.input_dim(), p.units(), p.units(), 1},
        bias(p.has_bias() ? p.bias().data() : nullptr) {}
};

/// Writes y and the pre-activations of the samples x, each where it has data.
template <class Scalar, class Activation>
void dense_forward(const MatrixView<const Scalar>& x, const DenseViews<const Scalar>& parameters,
                   const Activation& activation, const MatrixView<Scalar>& y, const MatrixView<Scalar>& pre) {
  const auto activate = [&](const auto& t) SLUICE_LAMBDA_INLINE { return activation_value(activation, t); };
  for_each_block<Scalar>(
      x.rows, parameters.weight.cols, x.cols,
      [&](const MatrixView<Scalar>& block, Index row, Index col, const PackingSpace<Scalar>& space) {
        const Scalar* const bias = parameters.bias != nullptr ? parameters.bias + col : nullptr;
        multiply(x.middle_rows(row, block.rows), parameters.weight.middle_cols(col, block.cols), block,
                 start_from_bias(bias, bias), space, true);
      },
      [&](const MatrixView<Scalar>& block, Index row, Index col) {
        const auto part = [&](const MatrixView<Scalar>& whole) {
          return whole.middle_rows(row, block.rows).middle_cols(col, block.cols);
        };
        if (pre.data != nullptr) copy_block<Scalar>(block, part(pre));
        if (y.data == nullptr) return;
        for (Index r = 0; r < block.rows; ++r) map_row(activate, &block(r, 0), block.cols, &block(r, 0));
        copy_block<Scalar>(block, part(y));
      });
}

/// Gradients from the pre-activations, which the identity does not look at. dx is written (if it has data), the
/// parameters' gradients are added to.
template <class Scalar, class Activation>
void dense_backward(const MatrixView<const Scalar>& x, const DenseViews<const Scalar>& parameters,
                    const Activation& activation, const MatrixView<const Scalar>& pre,
                    const MatrixView<const Scalar>& dy, const MatrixView<Scalar>& dx,
                    const DenseViews<Scalar>& gradients) {
  struct PreActivationGradients;
  const Index units = dy.cols;
  Scalar* const data = scratch<PreActivationGradients, Scalar>(block_size<Scalar>(x.rows, units));
  const MatrixView<Scalar> d{data, x.rows, units, units, 1};
  [[maybe_unused]] const auto slope = [&](const auto& t)
                                          SLUICE_LAMBDA_INLINE { return activation_derivative(activation, t); };
  for (Index r = 0; r < x.rows; ++r) {
    if constexpr (std::is_same_v<Activation, Identity>) {
      for (Index j = 0; j < units; ++j) d(r, j) = dy(r, j);
    } else {
      map_row(slope, &pre(r, 0), units, &d(r, 0));
      for (Index j = 0; j < units; ++j) d(r, j) *= dy(r, j);
    }
    if (gradients.bias != nullptr) add_row(&d(r, 0), units, gradients.bias);
  }
  add_product<Scalar>(x.transpose(), d, gradients.weight);
  if (dx.data != nullptr) write_products<Scalar>({{d, parameters.weight}}, dx);
}

}  // namespace detail

SLUICE_NAMESPACE_END
