// SPDX-License-Identifier: MIT
//
// A mapping applied to a layer: which tensor of a file holds which of the layer's parameters, and how to move them.
// Both directions, loading and saving, go through the same list of slots.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/io/mapping.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io::detail {

template <class T>
using View = sluice::detail::MatrixView<T>;

/// Some of a layer's parameters, and the rows of a stored tensor that hold them. Units run along the rows of both.
template <class T>
struct Piece {
  View<T> parameters;
  Index first_row;
  Index row_step;
  int half;  // 1 for the gate, 0 for the value and what has no halves
};

/// One tensor.
template <class T>
struct Slot {
  using Scalar = std::remove_const_t<T>;

  std::string name;
  std::vector<Index> shape;
  Layout layout;  // of the stored tensor; a bias has its units in rows
  bool is_bias;
  std::vector<Piece<T>> pieces;

  Index size() const {
    Index count = 1;
    for (const Index extent : shape) count *= extent;
    return count;
  }
};

/// The stored numbers of a slot with their units in the rows.
template <class T, class U>
View<U> stored_rows(const Slot<T>& slot, U* numbers) {
  if (slot.is_bias) return {numbers, slot.shape[0], 1, 1, 1};
  const View<U> stored{numbers, slot.shape[0], slot.shape[1], slot.shape[1], 1};
  return slot.layout == Layout::OutIn ? stored : stored.transpose();
}

/// Writes stored numbers into the layer.
template <class Scalar>
void put(const Slot<Scalar>& slot, const Scalar* numbers) {
  const View<const Scalar> stored = stored_rows(slot, numbers);
  for (const Piece<Scalar>& piece : slot.pieces) {
    as_eigen(piece.parameters) = as_eigen(every_row(stored, piece.first_row, piece.row_step, piece.parameters.rows));
  }
}
/// Writes the layer's parameters as they are stored.
template <class Scalar>
void get(const Slot<const Scalar>& slot, Scalar* numbers) {
  const View<Scalar> stored = stored_rows(slot, numbers);
  for (const Piece<const Scalar>& piece : slot.pieces) {
    as_eigen(every_row(stored, piece.first_row, piece.row_step, piece.parameters.rows)) = as_eigen(piece.parameters);
  }
}

// --- what a layer is made of -----------------------------------------------------------------------------------------

template <class L>
concept GatedLayer = requires(L& layer) {
  layer.value_weight();
  layer.gate_weight();
};
template <class L>
concept FeedForwardBlock = requires(L& layer) {
  layer.gated();
  layer.output();
};
template <class L>
concept DenseLayer = !GatedLayer<L> && requires(L & layer) {
  layer.weight();
  layer.bias();
};

/// A view of a layer's weight or bias as (units × n).
template <class Map>
auto transposed(Map&& map) {
  return View<std::remove_pointer_t<decltype(map.data())>>{map.data(), map.cols(), map.rows(), map.colStride(),
                                                           map.rowStride()};
}

/// The scalar of a layer, const where the layer is.
template <class L>
struct ParameterOf;
template <GatedLayer L>
struct ParameterOf<L> {
  using type = std::remove_pointer_t<decltype(transposed(std::declval<L&>().gate_weight()).data)>;
};
template <DenseLayer L>
struct ParameterOf<L> {
  using type = std::remove_pointer_t<decltype(transposed(std::declval<L&>().weight()).data)>;
};
template <FeedForwardBlock L>
struct ParameterOf<L> {
  using type = std::remove_pointer_t<decltype(transposed(std::declval<L&>().output().weight()).data)>;
};
template <class L>
using Slots = std::vector<Slot<typename ParameterOf<L>::type>>;

template <class T>
void add_dense(std::vector<Slot<T>>& slots, const Mapping& mapping, const DenseTensors& names, const View<T>& weight,
               const View<T>& bias, int half = 0) {
  std::vector<Index> shape{weight.rows, weight.cols};
  if (names.layout == Layout::InOut) shape = {weight.cols, weight.rows};
  slots.push_back({mapping.full_name(names.weight), std::move(shape), names.layout, false, {{weight, 0, 1, half}}});
  if (bias.rows > 0) {
    slots.push_back({mapping.full_name(names.bias), {bias.rows}, Layout::OutIn, true, {{bias, 0, 1, half}}});
  }
}

template <class T>
void add_fused(std::vector<Slot<T>>& slots, const Mapping& mapping, const FusedTensors& names,
               const sluice::detail::Halves<T>& weight, const sluice::detail::Halves<T>& bias) {
  const Index units = weight.value.rows, inputs = weight.value.cols;
  const auto pieces = [&](const sluice::detail::Halves<T>& halves) {
    const Index step = names.order == GateOrder::Interleaved ? 2 : 1;
    const Index second = names.order == GateOrder::Interleaved ? 1 : units;
    const bool value_first = names.order == GateOrder::ValueFirst;
    return std::vector<Piece<T>>{{halves.value, value_first ? 0 : second, step, 0},
                                 {halves.gate, value_first ? second : 0, step, 1}};
  };
  std::vector<Index> shape{2 * units, inputs};
  if (names.layout == Layout::InOut) shape = {inputs, 2 * units};
  slots.push_back({mapping.full_name(names.weight), std::move(shape), names.layout, false, pieces(weight)});
  if (bias.value.rows > 0) {
    slots.push_back({mapping.full_name(names.bias), {2 * units}, Layout::OutIn, true, pieces(bias)});
  }
}

/// The parameters of a gated projection and of a dense one, (units × input_dim) and (units × 1).
template <class T>
struct GatedViews {
  sluice::detail::Halves<T> weight, bias;
};
template <class T>
struct DenseViews {
  View<T> weight, bias;
};

template <class T, GatedLayer L>
GatedViews<T> gated_views(L& layer) {
  const Index bias_units = layer.has_bias() ? layer.units() : 0;
  return {{transposed(layer.value_weight()), transposed(layer.gate_weight())},
          {transposed(layer.value_bias()).middle_rows(0, bias_units),
           transposed(layer.gate_bias()).middle_rows(0, bias_units)}};
}
template <class T, DenseLayer L>
DenseViews<T> dense_views(L& layer) {
  return {transposed(layer.weight()), transposed(layer.bias()).middle_rows(0, layer.has_bias() ? layer.units() : 0)};
}
/// The same of a layer that does not exist: shapes without numbers.
template <class T>
DenseViews<T> dense_shape(Index input_dim, Index units, bool bias) {
  return {{nullptr, units, input_dim, input_dim, 1}, {nullptr, bias ? units : 0, 1, 1, 1}};
}
template <class T>
GatedViews<T> gated_shape(Index input_dim, Index units, bool bias) {
  const DenseViews<T> half = dense_shape<T>(input_dim, units, bias);
  return {{half.weight, half.weight}, {half.bias, half.bias}};
}

template <class T>
void add_gated(std::vector<Slot<T>>& slots, const Mapping& mapping, const GatedViews<T>& layer) {
  if (const auto* split = std::get_if<SplitTensors>(&mapping.gated)) {
    add_dense(slots, mapping, split->value, layer.weight.value, layer.bias.value, 0);
    add_dense(slots, mapping, split->gate, layer.weight.gate, layer.bias.gate, 1);
  } else if (const auto* fused = std::get_if<FusedTensors>(&mapping.gated)) {
    add_fused(slots, mapping, *fused, layer.weight, layer.bias);
  } else {
    sluice::detail::fail(mapping.name, "this mapping names no tensors of a gated layer");
  }
}
/// What follows the gated part of a feed-forward block.
template <class T>
void add_output(std::vector<Slot<T>>& slots, const Mapping& mapping, const DenseViews<T>& layer) {
  if (!mapping.output) sluice::detail::fail(mapping.name, "this mapping names no tensors of a feed-forward block");
  add_dense(slots, mapping, *mapping.output, layer.weight, layer.bias);
}
template <class T>
void add_dense_layer(std::vector<Slot<T>>& slots, const Mapping& mapping, const DenseViews<T>& layer) {
  if (!mapping.dense) sluice::detail::fail(mapping.name, "this mapping names no tensors of a Dense");
  add_dense(slots, mapping, *mapping.dense, layer.weight, layer.bias);
}

/// The terms of the longest sum behind one output.
template <class L>
Index longest_sum(const L& layer) {
  if constexpr (FeedForwardBlock<const L>) {
    return std::max(layer.gated().input_dim(), layer.output().input_dim());
  } else {
    return layer.input_dim();
  }
}

/// A layer, and not its gradients.
template <class L>
concept ComputesOutputs = requires {
  L::name;
};

/// A layer that has been moved from has no tensors; its sizes may still be in its type.
template <class L>
void check_not_moved_from(const L& layer) {
  if (!layer.is_moved_from()) return;
  if constexpr (ComputesOutputs<L>) {
    sluice::detail::fail(L::name, "expected a layer with parameters, got a moved-from one");
  } else {
    sluice::detail::fail("Gradients", "expected gradients with parameters, got moved-from ones");
  }
}

/// The tensors of a layer under a mapping. Throws std::invalid_argument where the mapping knows no such layer, or the
/// layer has been moved from.
template <class L>
Slots<L> slots_of(L& layer, const Mapping& mapping) {
  static_assert(FeedForwardBlock<L> || GatedLayer<L> || DenseLayer<L>,
                "sluice: load and save take a GatedLinearUnit, a GatedFeedForward, a Dense, or their gradients");
  check_not_moved_from(layer);
  using T = typename ParameterOf<L>::type;
  Slots<L> slots;
  if constexpr (FeedForwardBlock<L>) {
    add_gated(slots, mapping, gated_views<T>(layer.gated()));
    add_output(slots, mapping, dense_views<T>(layer.output()));
  } else if constexpr (GatedLayer<L>) {
    add_gated(slots, mapping, gated_views<T>(layer));
  } else {
    add_dense_layer(slots, mapping, dense_views<T>(layer));
  }
  return slots;
}

}  // namespace io::detail

SLUICE_NAMESPACE_END
