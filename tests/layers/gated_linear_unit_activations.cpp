// SPDX-License-Identifier: MIT
//
// Every activation once through the layer, as the gate and as the value: forward and backward are
// those of the activation's own value and derivative for scalars (their accuracy is tested beside
// the activations).
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/activations/clamped_linear.hpp>
#include <sluice/activations/clamped_silu.hpp>
#include <sluice/activations/elu.hpp>
#include <sluice/activations/gelu.hpp>
#include <sluice/activations/gelu_tanh.hpp>
#include <sluice/activations/hard_sigmoid.hpp>
#include <sluice/activations/identity.hpp>
#include <sluice/activations/leaky_relu.hpp>
#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/activations/sigmoid.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/activations/softplus.hpp>
#include <sluice/activations/squared_relu.hpp>
#include <sluice/activations/swish.hpp>
#include <sluice/activations/tanh.hpp>
#include <sluice/sluice.hpp>

namespace {

template <class Activation>
constexpr test::Function function_of{[](double x) { return Activation{}.value(x); },
                                     [](double x) { return Activation{}.derivative(x); }};

/// The gate is `Gate`, the value half `Value`; 19 units are whole vectors and a tail.
template <class Gate, class Value>
void check() {
  CAPTURE(Gate::name, Value::name);
  using Layer = sluice::GatedLinearUnit<double, sluice::Gating<Gate, Value>>;
  test::Random random(23);
  Layer layer(4, 19);
  random.fill_parameters(layer);
  layer.weight() *= 3;  // beyond the borders of clamps
  const Eigen::MatrixXd x = random.matrix<Eigen::MatrixXd>(5, 4),
                        dy = random.matrix<Eigen::MatrixXd>(5, 19);
  const auto parameters = test::parameters_of(layer);
  const auto forward = test::forward(x, parameters, function_of<Gate>, function_of<Value>);
  const auto backward = test::backward(x, dy, parameters, function_of<Gate>, function_of<Value>);
  const auto result = layer(x, sluice::return_gate);
  CHECK(test::relative_error(result.output, forward.output) < 1e-13);
  CHECK(test::relative_error(result.gate, forward.activated) < 1e-13);
  typename Layer::Gradients gradients(layer);
  Eigen::MatrixXd dx;
  layer.backward(x, dy, dx, gradients);
  CHECK(test::relative_error(dx, backward.dx) < 1e-13);
  CHECK(test::relative_error(gradients.value_weight(), backward.gradients.value_weight) < 1e-13);
  CHECK(test::relative_error(gradients.gate_weight(), backward.gradients.gate_weight) < 1e-13);
  CHECK(test::relative_error(gradients.value_bias(), backward.gradients.value_bias) < 1e-13);
  CHECK(test::relative_error(gradients.gate_bias(), backward.gradients.gate_bias) < 1e-13);
}

// Each is the gate once and the value once.
TEST_CASE("every activation through the layer, the smooth ones", "[layer][activations]") {
  check<sluice::Sigmoid, sluice::Tanh>();
  check<sluice::Tanh, sluice::SiLU>();
  check<sluice::SiLU, sluice::GELU>();
  check<sluice::GELU, sluice::GELUTanh>();
  check<sluice::GELUTanh, sluice::QuickGELU>();
  check<sluice::QuickGELU, sluice::Swish>();
  check<sluice::Swish, sluice::Softplus>();
  check<sluice::Softplus, sluice::Sigmoid>();
}

TEST_CASE("every activation through the layer, those with corners", "[layer][activations]") {
  check<sluice::Identity, sluice::HardSigmoid>();
  check<sluice::HardSigmoid, sluice::ReLU>();
  check<sluice::ReLU, sluice::SquaredReLU>();
  check<sluice::SquaredReLU, sluice::LeakyReLU>();
  check<sluice::LeakyReLU, sluice::ELU>();
  check<sluice::ELU, sluice::ClampedLinear>();
  check<sluice::ClampedSiLU, sluice::Identity>();
  check<sluice::ClampedLinear, sluice::ClampedSiLU>();
}

}  // namespace
