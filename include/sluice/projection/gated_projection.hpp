// SPDX-License-Identifier: MIT
//
// The gated projection and its gradient: everything between the weights and the samples, for matrices that are already
// views.
//
//   forward    [v | g] = x·[W₁ | W₂] + [b₁ | b₂]        (rows × 2·units), a cache-sized block at a time
//              y = value(v) ⊙ gate(g)                   on the block while it is hot
//   backward   [dv | dg] = gradient of the gating       (rows × 2·units)
//              dW += xᵀ·[dv | dg],  db += column sums,  dx = [dv | dg]·[W₁ | W₂]ᵀ
//
// Going forward, the (rows × 2·units) intermediate never exists as a whole, unless the caller asks for it (the cache of
// a training step). Going backward with a cache, its gradient does.
#pragma once

#include <sluice/gating/gating.hpp>
#include <sluice/gating/rows.hpp>
#include <sluice/projection/blocks.hpp>
#include <sluice/projection/parameters.hpp>

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Views of the parameters of a gated projection (const Scalar), or of their gradients (Scalar). Biases are null
/// without.
template <class Scalar>
struct GatedViews {
  Halves<Scalar> weight;
  Scalar* value_bias;
  Scalar* gate_bias;

  template <class Parameters>
  explicit GatedViews(Parameters& p)
      : weight{view_of(p.value_weight()), view_of(p.gate_weight())},
        value_bias(p.has_bias() ? p.value_bias().data() : nullptr),
        gate_bias(p.has_bias() ? p.gate_bias().data() : nullptr) {}

  /// Both halves as one matrix of 2·units columns, where the memory says so (Fused).
  bool is_one_matrix() const { return weight.gate.data == weight.value.data + weight.value.cols; }

 private:
  template <class Map>
  static MatrixView<Scalar> view_of(Map&& w) {
    return {w.data(), w.rows(), w.cols(), w.outerStride(), 1};
  }
};

/// value and gate as the one matrix of twice as many columns that they are.
template <class T>
MatrixView<T> joined(const Halves<T>& halves) {
  MatrixView<T> both = halves.value;
  both.cols *= 2;
  return both;
}

/// Memory of a forward call: the thread's scratch memory, which grows with the largest call.
template <class Scalar>
struct ThreadMemory {
  static constexpr Index max_rows = row_block;

  PackingSpace<Scalar> packing(Index rows, Index depth, Index cols) {
    return PackingSpace<Scalar>::of_thread(rows, depth, cols);
  }
  Scalar* pre_activations(Index size) {
    struct PreActivations;
    return scratch<PreActivations, Scalar>(size);
  }
};

/// The same on the stack, for layers with their sizes in the type: a row tile at a time, no heap at all.
template <class Scalar, Index InputDim, Index Units>
class StackMemory {
 public:
  static constexpr Index max_rows = simd::is_vectorized_scalar<Scalar> ? max_tile_rows : 1;

  PackingSpace<Scalar> packing(Index /*rows*/, Index /*depth*/, Index /*cols*/) { return {packed_, nullptr}; }
  Scalar* pre_activations(Index /*size*/) { return pre_activations_; }

 private:
  static constexpr Index width = padded_width<Scalar>(std::min(Units, column_block));
  static constexpr Index one_row = 2 * padded_width<Scalar>(Units);
  static constexpr std::size_t alignment = std::max<std::size_t>(EIGEN_MAX_ALIGN_BYTES, alignof(Scalar));
  alignas(alignment) Scalar packed_[PackingSpace<Scalar>::a_size(max_rows, InputDim)];
  alignas(alignment) Scalar pre_activations_[block_size<Scalar>(1, std::max(max_rows * 2 * width, one_row))];
};

/// Computes the pre-activations block by block and hands each block to consume(first_row, first_unit, Halves).
template <class Projection, class Scalar, class Memory, class Consume>
void for_each_pre_activation_block(const MatrixView<const Scalar>& x, const GatedViews<const Scalar>& parameters,
                                   Memory& memory, const Consume& consume) {
  constexpr bool fused = std::is_same_v<Projection, Fused>;
  const Index units = parameters.weight.value.cols;

  if (x.rows == 1) {
    // One sample: nothing is packed, W is streamed once. Fused, value and gate columns are one row of 2·units.
    const Index gate = fused ? units : padded_width<Scalar>(units);
    Scalar* const row = memory.pre_activations(block_size<Scalar>(1, gate + padded_width<Scalar>(units)));
    const Halves<Scalar> c{{row, 1, units, 2 * units, 1}, {row + gate, 1, units, 2 * units, 1}};
    const auto value_start = start_from_bias(parameters.value_bias, parameters.value_bias);
    const auto gate_start = start_from_bias(parameters.gate_bias, parameters.gate_bias);
    if constexpr (fused) {
      multiply(x, joined(parameters.weight), joined(c), value_start, {}, true);  // the biases lie side by side, too
    } else {
      multiply(x, parameters.weight.value, c.value, value_start, {}, true);
      multiply(x, parameters.weight.gate, c.gate, gate_start, {}, true);
    }
    consume(Index(0), Index(0), c);
    return;
  }

  const Index block_units = std::min(units, column_block);
  const Index block_rows = std::min(x.rows, Memory::max_rows);
  const Index width = padded_width<Scalar>(block_units);
  Scalar* const block = memory.pre_activations(block_size<Scalar>(block_rows, 2 * width));
  const auto space = memory.packing(block_rows, x.cols, 2 * block_units);
  for (Index unit = 0; unit < units; unit += block_units) {
    const Index n = std::min(block_units, units - unit);
    const Halves<const Scalar> w = parameters.weight.middle_cols(unit, n);
    const Scalar* const value_bias = parameters.value_bias != nullptr ? parameters.value_bias + unit : nullptr;
    const Scalar* const gate_bias = parameters.gate_bias != nullptr ? parameters.gate_bias + unit : nullptr;
    for (Index row = 0; row < x.rows; row += block_rows) {
      const Index m = std::min(block_rows, x.rows - row);
      const Halves<Scalar> c{{block, m, n, 2 * width, 1}, {block + width, m, n, 2 * width, 1}};
      const MatrixView<const Scalar> samples = x.middle_rows(row, m);
      if constexpr (fused) {
        multiply_halves(samples, w, c, start_from_bias(value_bias, gate_bias), space);
      } else {
        multiply(samples, w.value, c.value, start_from_bias(value_bias, value_bias), space, true);
        multiply(samples, w.gate, c.gate, start_from_bias(gate_bias, gate_bias), space, true);
      }
      consume(row, unit, c);
    }
  }
}

/// Writes y, the activated gate and the pre-activations of the samples x, each where it has data.
template <class Projection, class Scalar, class Memory, class G>
void gated_forward(const MatrixView<const Scalar>& x, const GatedViews<const Scalar>& parameters, const G& gating,
                   const MatrixView<Scalar>& y, const MatrixView<Scalar>& gate, const Halves<Scalar>& pre,
                   Memory& memory) {
  for_each_pre_activation_block<Projection>(
      x, parameters, memory, [&](Index row, Index unit, const Halves<Scalar>& block) {
        const auto part = [&](const MatrixView<Scalar>& whole) {
          return whole.data == nullptr ? MatrixView<Scalar>{}
                                       : whole.middle_rows(row, block.value.rows).middle_cols(unit, block.value.cols);
        };
        if (pre.value.data != nullptr) {
          copy_block<Scalar>(block.value, part(pre.value));
          copy_block<Scalar>(block.gate, part(pre.gate));
        }
        if (y.data != nullptr) gate_block(gating, block, part(y), part(gate));
      });
}

/// Gradients of a projection from its pre-activations. dx is written (if it has data), the parameters' gradients are
/// added to.
template <class Scalar, class G>
void gated_backward(const MatrixView<const Scalar>& x, const GatedViews<const Scalar>& parameters, const G& gating,
                    const Halves<const Scalar>& pre, const MatrixView<const Scalar>& dy, const MatrixView<Scalar>& dx,
                    const GatedViews<Scalar>& gradients) {
  struct PreActivationGradients;
  struct OutputGradientRow;
  const Index units = dy.cols;
  // (rows × 2·units) as [value | gate], so that a fused weight takes part in one product.
  Scalar* const data = scratch<PreActivationGradients, Scalar>(block_size<Scalar>(x.rows, 2 * units));
  const Halves<Scalar> d{{data, x.rows, units, 2 * units, 1}, {data + units, x.rows, units, 2 * units, 1}};
  Scalar* const dy_row = dy.col_stride == 1 ? nullptr : scratch<OutputGradientRow, Scalar>(units);
  for (Index r = 0; r < x.rows; ++r) {
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
  // dW (input_dim × 2·units) += xᵀ (input_dim × rows)·d (rows × 2·units);  dx (rows × input_dim) = d·Wᵀ
  if (gradients.is_one_matrix()) {
    add_product<Scalar>(x.transpose(), joined(d), joined(gradients.weight));
    if (dx.data != nullptr) write_products<Scalar>({{joined(d), joined(parameters.weight)}}, dx);
  } else {
    add_product<Scalar>(x.transpose(), d.value, gradients.weight.value);
    add_product<Scalar>(x.transpose(), d.gate, gradients.weight.gate);
    if (dx.data != nullptr) {
      write_products<Scalar>({{d.value, parameters.weight.value}, {d.gate, parameters.weight.gate}}, dx);
    }
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
