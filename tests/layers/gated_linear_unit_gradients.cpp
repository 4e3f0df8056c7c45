// SPDX-License-Identifier: MIT
//
// Every gradient of the layer against central differences of its own forward, for asymmetric
// shapes.
#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

namespace {

template <class Layer>
void check(Layer layer) {
  test::Random random(41);
  random.fill_parameters(layer);
  Eigen::MatrixXd x = random.matrix<Eigen::MatrixXd>(3, layer.input_dim());
  const auto dy = random.matrix<Eigen::MatrixXd>(3, layer.units());
  const auto loss = [&] { return layer(x).cwiseProduct(dy).sum(); };

  typename Layer::Gradients gradients(layer);
  Eigen::MatrixXd dx;
  layer.backward(x, dy, dx, gradients);
  constexpr double tolerance = 1e-8;
  CHECK(test::relative_error(dx, test::numeric_gradient(x, loss)) < tolerance);
  CHECK(test::relative_error(gradients.value_weight(), test::numeric_gradient(layer.value_weight(), loss)) < tolerance);
  CHECK(test::relative_error(gradients.gate_weight(), test::numeric_gradient(layer.gate_weight(), loss)) < tolerance);
  CHECK(test::relative_error(gradients.value_bias(), test::numeric_gradient(layer.value_bias(), loss)) < tolerance);
  CHECK(test::relative_error(gradients.gate_bias(), test::numeric_gradient(layer.gate_bias(), loss)) < tolerance);
}

TEST_CASE("gradients equal central differences", "[layer][backward]") {
  check(sluice::GLU<double>(5, 4));
  check(sluice::GatedLinearUnit<double, sluice::Gating<sluice::Sigmoid, sluice::Tanh>>(7, 3));
  check(sluice::GeGLU<double, sluice::Split>(4, 9));
}

}  // namespace
