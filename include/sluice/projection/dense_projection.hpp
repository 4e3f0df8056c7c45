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
#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/row.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/upright.hpp>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Views of weight and bias (const Scalar), or of their gradients (Scalar). The bias is null without.
template <class Scalar>
struct DenseViews {
  MatrixView<Scalar> weight;
  Scalar* bias;
  bool is_inline;  // as in GatedViews

  template <class Parameters>
  explicit DenseViews(Parameters& p)
      : weight{p.weight().data(), p.input_dim(), p.units(), p.units(), 1},
        bias(p.has_bias() ? p.bias().data() : nullptr),
        is_inline(Parameters::is_inline) {}
};

/// Writes what is wanted of a block of pre-activations: `finish` of a sink without a gate.
template <class Scalar, class Activation>
void finish_dense(const void* activation, const PreActivationBlock<Scalar>& block, const Targets<Scalar>& to) {
  const MatrixView<Scalar> pre = block.value_view();
  if (to.pre.data != nullptr) copy_block<Scalar>(pre, block.part_of(to.pre));
  if (to.y.data == nullptr) return;
  const auto activate = [&](const auto& t) SLUICE_LAMBDA_INLINE {
    return activation_value(*static_cast<const Activation*>(activation), t);
  };
  const MatrixView<Scalar> y = block.part_of(to.y);
  if (y.col_stride == 1) return map_rows<Scalar>(activate, pre, y);
  map_rows<Scalar>(activate, pre, pre);
  copy_block<Scalar>(pre, y);
}

/// What becomes of the sums of a dense layer (see TakesPackets).
template <class Scalar, class Activation>
struct DenseFinish {
  static constexpr bool takes_pairs = false;
  static constexpr bool takes_packets = HasActivationValue<Activation, simd::Register<Scalar>>;
  static constexpr bool takes_halves = false;
  const Activation& activation;
  Scalar* y;

  static Sink<Scalar> sink(const Activation& activation, const Targets<Scalar>& to) {
    return {&activation, &finish_dense<Scalar, Activation>, to};
  }
  SLUICE_ALWAYS_INLINE void finish_packets(Index col, Index count, const simd::Packet<Scalar>& first,
                                           const simd::Packet<Scalar>& second) const {
    constexpr Index packet = simd::packet_size<Scalar>;
    Scalar* const to = y + col;
    simd::store_partial(to, activation_value(activation, first), count);
    if (count > packet) simd::store_partial(to + packet, activation_value(activation, second), count - packet);
  }
};

template <class Scalar>
Reading reading_of(Index rows, const DenseViews<const Scalar>& p) {
  if (!simd::is_vectorized_scalar<Scalar>) return Reading::Packed;
  if (p.is_inline) return Reading::InPlace;
  return reading_of<Scalar>(rows, p.weight.rows, p.weight.row_stride);
}

template <class Scalar>
Panels<Scalar, Scalar> panels_in_place(const DenseViews<const Scalar>& p) {
  constexpr Index packet = simd::packet_size<Scalar>;
  const auto& w = p.weight;
  Panels<Scalar, Scalar> panels{w.data, w.data + packet, w.rows,
                                w.cols, w.row_stride,    2 * packet,
                                false,  p.bias,          p.bias != nullptr ? p.bias + packet : nullptr};
  panels.heapless = p.is_inline;
  return panels;
}

/// Blocks of pre-activations, for weights that are not read in place.
template <class Scalar>
Blocks<Scalar> dense_blocks(Index rows, const DenseViews<const Scalar>& parameters) {
  return Blocks<Scalar>::of_thread(rows, parameters.weight.cols, parameters.weight.rows,
                                   reading_of(rows, parameters) == Reading::Streamed);
}

/// Obtains the memory of a forward pass of the samples x, whose numbers are not looked at. Fewer of them need no more.
template <class Scalar>
void dense_forward_memory(const MatrixView<const Scalar>& x, const DenseViews<const Scalar>& parameters) {
  for_most_rows(x.rows, [&](Index rows) {
    if (reading_of(rows, parameters) != Reading::InPlace) {
      dense_blocks(rows, parameters);
    } else if constexpr (simd::is_vectorized_scalar<Scalar>) {
      PanelMemory<Scalar>(x.middle_rows(0, rows), panels_in_place(parameters)).obtain();
    }
  });
}

/// dense_forward of several rows, or of weights that are not read in place.
template <class Scalar>
SLUICE_NEVER_INLINE void dense_forward_rows(const MatrixView<const Scalar>& x,
                                            const DenseViews<const Scalar>& parameters, const Sink<Scalar>& sink) {
  const auto& w = parameters.weight;
  const Scalar* const bias = parameters.bias;
  const Reading reading = reading_of(x.rows, parameters);
  if (reading != Reading::InPlace || reading_of(1, parameters) != Reading::InPlace) dense_forward_memory(x, parameters);
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (reading == Reading::InPlace) {
      const auto panels = panels_in_place(parameters);
      if (wants_upright(x.rows, sink)) {
        obtain_for_rest(x, panels);
        const Index done = multiply_upright(x, panels, sink), left = x.rows - done;
        if (left == 0) return;
        if (done > 0) {
          return dense_forward_rows(x.middle_rows(done, left), parameters, sink.with(sink.to.from(done, 0)));
        }
      }
      return multiply_panels(x, panels, sink);
    }
  }
  const auto blocks = dense_blocks(x.rows, parameters);
  blocks.for_each(
      [&](const MatrixView<Scalar>& block, Index row, Index col, const PackingSpace<Scalar>& space) {
        const Scalar* const block_bias = bias != nullptr ? bias + col : nullptr;
        const bool few_are_left = block.rows < blocks.block_rows;
        multiply_weights(x.middle_rows(row, block.rows), w.middle_cols(col, block.cols), block,
                         start_from_bias(block_bias, block_bias),
                         few_are_left ? reading_of(block.rows, parameters) : reading, space, true);
      },
      [&](const MatrixView<Scalar>& block, Index row, Index col) {
        sink(PreActivationBlock<Scalar>{row, col, block.rows, block.cols, block.row_stride, block.data, nullptr});
      });
}

/// Writes what is wanted of the samples x.
template <class Scalar, class Activation>
void dense_forward(const MatrixView<const Scalar>& x, const DenseViews<const Scalar>& parameters,
                   const Activation& activation, const Targets<Scalar>& to) {
  using Finish = DenseFinish<Scalar, Activation>;
  if constexpr (simd::is_vectorized_scalar<Scalar> && TakesPackets<Finish>) {
    if (x.rows == 1 && to.are_only_rows_of_y() && reading_of(1, parameters) == Reading::InPlace) [[likely]] {
      return multiply_row(x, panels_in_place(parameters), Finish{activation, to.y.data});
    }
  }
  dense_forward_rows(x, parameters, Finish::sink(activation, to));
}

/// The memory of a backward pass: the gradient of the pre-activations (rows × units), and everything that the products
/// behind it need.
template <class Scalar>
MatrixView<Scalar> dense_backward_memory(Index rows, Index input_dim, Index units, const MatrixView<Scalar>& dx) {
  struct PreActivationGradients;
  add_product_memory<Scalar>(input_dim, rows, units);
  if (dx.data != nullptr) write_products_memory<Scalar>(dx, units);
  return {scratch<PreActivationGradients, Scalar>(block_size<Scalar>(rows, units)), rows, units, units, 1};
}

/// Gradients from the pre-activations, which the identity does not look at. dx is written (if it has data), the
/// parameters' gradients are added to.
template <class Scalar, class Activation>
void dense_backward(const MatrixView<const Scalar>& x, const DenseViews<const Scalar>& parameters,
                    const Activation& activation, const MatrixView<const Scalar>& pre,
                    const MatrixView<const Scalar>& dy, const MatrixView<Scalar>& dx,
                    const DenseViews<Scalar>& gradients) {
  if (x.rows == 0) return;
  const auto d = dense_backward_memory<Scalar>(x.rows, x.cols, dy.cols, dx);
  if (dy.col_stride != 1) copy_any<Scalar>(dy, d);
  activation_gradient_rows<Scalar>(activation, pre, dy.col_stride == 1 ? dy : MatrixView<const Scalar>(d), d,
                                   gradients.bias);
  add_product<Scalar>(x.transpose(), d, gradients.weight);
  if (dx.data != nullptr) write_products<Scalar>({{d, parameters.weight}}, dx);
}

}  // namespace detail

SLUICE_NAMESPACE_END
