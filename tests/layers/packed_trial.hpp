// SPDX-License-Identifier: MIT
//
// What the tests of packed layers share: layers and inputs of random shapes, and the comparison with the mutable layer,
// to the bit.
#pragma once

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>
#include <string>

namespace test {

template <class Scalar>
using ColMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <class Scalar>
using RowMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Layer>
concept Gated = requires(const Layer& layer) {
  layer.gating();
};

/// Random parameters for either kind of layer.
template <class Layer>
void fill_layer(Random& random, Layer& layer) {
  if constexpr (Gated<Layer>) {
    random.fill_parameters(layer);
  } else {
    random.fill(layer.weight(), 1.5 / std::sqrt(static_cast<double>(layer.input_dim())));
    random.fill(layer.bias(), 0.7);
  }
}

/// "" if the packed layer gives what the layer gives, to the bit; else what differs.
template <class Layer, class X>
std::string difference_from(const Layer& layer, const X& x) {
  using Matrix = RowMatrix<typename Layer::Scalar>;
  const auto packed = sluice::pack(layer);
  if (packed.input_dim() != layer.input_dim() || packed.units() != layer.units()) return "sizes";
  const Matrix want = layer(x);
  if (!same_bits(Matrix(packed(x)), want)) return "y = packed(x)";
  Matrix y, gate;
  packed.forward(x, y);
  if (!same_bits(y, want)) return "forward(x, y)";
  ColMatrix<typename Layer::Scalar> upright;
  packed.forward(x, upright);
  if (!same_bits(upright, want)) return "forward(x, y) into columns";
  if constexpr (Gated<Layer>) {
    const auto both = layer(x, sluice::return_gate);
    const auto packed_both = packed(x, sluice::return_gate);
    if (!same_bits(packed_both.output, want)) return "y with the gate";
    if (!same_bits(packed_both.gate, both.gate)) return "the gate";
    packed.forward(x, y, gate);
    if (!same_bits(y, want)) return "y of forward(x, y, gate)";
    if (!same_bits(gate, both.gate)) return "the gate of forward(x, y, gate)";
  }
  return "";
}

/// A layer of this shape, and samples for it.
template <class Layer>
std::string difference_at(Index samples, Index input_dim, Index units, bool bias = true) {
  Random random(static_cast<std::uint32_t>(samples * 1000003 + input_dim * 1009 + units));
  Layer layer(input_dim, units, {.bias = bias});
  fill_layer(random, layer);
  return difference_from(layer, random.matrix<RowMatrix<typename Layer::Scalar>>(samples, input_dim));
}

}  // namespace test
