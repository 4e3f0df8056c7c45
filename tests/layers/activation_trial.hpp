// SPDX-License-Identifier: MIT
//
// A pair of activations through the layer, one as the gate and one as the value: forward and
// backward are those of the activation's own value and derivative for scalars (their accuracy is
// tested beside the activations).
#pragma once

#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

namespace test {

template <class Activation>
constexpr Function function_of{[](double x) { return Activation{}.value(x); },
                               [](double x) { return Activation{}.derivative(x); }};

/// The gate is `Gate`, the value half `Value`; 19 units are whole vectors and a tail.
template <class Gate, class Value>
void check_through_layer() {
  CAPTURE(Gate::name, Value::name);
  using Layer = sluice::GatedLinearUnit<double, sluice::Gating<Gate, Value>>;
  Random random(23);
  Layer layer(4, 19);
  random.fill_parameters(layer);
  layer.weight() *= 3;  // beyond the borders of clamps
  const Eigen::MatrixXd x = random.matrix<Eigen::MatrixXd>(5, 4), dy = random.matrix<Eigen::MatrixXd>(5, 19);
  const auto parameters = parameters_of(layer);
  const Forward want = forward(x, parameters, function_of<Gate>, function_of<Value>);
  const Backward back = backward(x, dy, parameters, function_of<Gate>, function_of<Value>);
  const auto result = layer(x, sluice::return_gate);
  CHECK(relative_error(result.output, want.output) < 1e-13);
  CHECK(relative_error(result.gate, want.activated) < 1e-13);
  typename Layer::Gradients gradients(layer);
  Eigen::MatrixXd dx;
  layer.backward(x, dy, dx, gradients);
  CHECK(relative_error(dx, back.dx) < 1e-13);
  CHECK(relative_error(gradients.value_weight(), back.gradients.value_weight) < 1e-13);
  CHECK(relative_error(gradients.gate_weight(), back.gradients.gate_weight) < 1e-13);
  CHECK(relative_error(gradients.value_bias(), back.gradients.value_bias) < 1e-13);
  CHECK(relative_error(gradients.gate_bias(), back.gradients.gate_bias) < 1e-13);
}

}  // namespace test
