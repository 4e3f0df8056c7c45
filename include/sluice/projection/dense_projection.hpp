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

/// activation(block), wherever it belongs in y. The block is used up.
template <class Scalar, class Activation>
SLUICE_NEVER_INLINE void activate_block(const Activation& activation, const MatrixView<Scalar>& block,
                                        const MatrixView<Scalar>& y) {
  const auto activate = [&](const auto& t) SLUICE_LAMBDA_INLINE { return activation_value(activation, t); };
  if (y.col_stride == 1) return map_rows<Scalar>(activate, block, y);
  map_rows<Scalar>(activate, block, block);
  copy_block<Scalar>(block, y);
}

/// Writes y and the pre-activations of the samples x, each where it has data.
template <class Scalar, class Activation>
void dense_forward(const MatrixView<const Scalar>& x, const DenseViews<const Scalar>& parameters,
                   const Activation& activation, const MatrixView<Scalar>& y, const MatrixView<Scalar>& pre) {
  const auto& w = parameters.weight;
  const auto consume = [&](const MatrixView<Scalar>& block, Index row, Index col) {
    if (pre.data != nullptr) copy_block<Scalar>(block, pre.middle_rows(row, block.rows).middle_cols(col, block.cols));
    if (y.data != nullptr) {
      activate_block(activation, block, y.middle_rows(row, block.rows).middle_cols(col, block.cols));
    }
  };
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (w.rows * w.row_stride <= in_l2<Scalar>) {
      constexpr Index packet = simd::packet_size<Scalar>;
      const Panels<Scalar, Scalar> panels{
          w.data, w.data + packet, w.rows,
          w.cols, w.row_stride,    2 * packet,
          false,  parameters.bias, parameters.bias != nullptr ? parameters.bias + packet : nullptr};
      return multiply_panels(x, panels, [&](const PreActivationBlock<Scalar>& block) {
        consume(block.value_view(), block.row, block.col);
      });
    }
  }
  for_each_block<Scalar>(
      x.rows, w.cols, x.cols,
      [&](const MatrixView<Scalar>& block, Index row, Index col, const PackingSpace<Scalar>& space) {
        const Scalar* const bias = parameters.bias != nullptr ? parameters.bias + col : nullptr;
        multiply(x.middle_rows(row, block.rows), w.middle_cols(col, block.cols), block, start_from_bias(bias, bias),
                 space, true);
      },
      consume);
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
  if constexpr (std::is_same_v<Activation, Identity>) {
    copy_any<Scalar>(dy, d);
  } else {
    const auto slope = [&](const auto& t) SLUICE_LAMBDA_INLINE { return activation_derivative(activation, t); };
    map_rows<Scalar>(slope, pre, d);
    for (Index r = 0; r < x.rows; ++r) {
      for (Index j = 0; j < units; ++j) d(r, j) *= dy(r, j);
    }
  }
  if (gradients.bias != nullptr) add_rows<Scalar>(d, gradients.bias);
  add_product<Scalar>(x.transpose(), d, gradients.weight);
  if (dx.data != nullptr) write_products<Scalar>({{d, parameters.weight}}, dx);
}

}  // namespace detail

SLUICE_NAMESPACE_END
