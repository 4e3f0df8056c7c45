// SPDX-License-Identifier: MIT
//
// NaN and infinity land where IEEE arithmetic on the formula puts them: in one sample if they came
// with it, in one unit if they sit in its weights, and nowhere else, in whole vectors and in their
// tails.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <limits>

namespace {

using test::Index;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// NaN where `want` is, infinity where `want` is, finite elsewhere.
template <class A>
bool same_kind(const A& got, const Eigen::MatrixXd& want) {
  for (Index i = 0; i < want.rows(); ++i) {
    for (Index j = 0; j < want.cols(); ++j) {
      const double g = static_cast<double>(got(i, j)), w = want(i, j);
      if (std::isnan(g) != std::isnan(w) || std::isinf(g) != std::isinf(w)) return false;
      if (std::isinf(w) && g != w) return false;
    }
  }
  return true;
}

template <class Layer>
void check(Index samples, Index units) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  CAPTURE(samples, units);
  test::Random random(11);
  Layer layer(3, units);
  random.fill_parameters(layer);
  Matrix x = random.template matrix<Matrix>(samples, 3);
  const Matrix dy = random.template matrix<Matrix>(samples, units);

  const auto agrees = [&] {
    const auto parameters = test::parameters_of(layer);
    const auto forward = test::forward(test::to_double(x), parameters, test::relu);
    const auto backward = test::backward(test::to_double(x), test::to_double(dy), parameters, test::relu);
    const auto result = layer(x, sluice::return_gate);
    Matrix dx;
    typename Layer::Gradients gradients(layer);
    layer.backward(x, dy, dx, gradients);
    return same_kind(layer(x), forward.output) && same_kind(result.output, forward.output) &&
           same_kind(result.gate, forward.activated) && same_kind(dx, backward.dx) &&
           same_kind(gradients.value_weight(), backward.gradients.value_weight) &&
           same_kind(gradients.gate_weight(), backward.gradients.gate_weight) &&
           same_kind(gradients.value_bias(), backward.gradients.value_bias) &&
           same_kind(gradients.gate_bias(), backward.gradients.gate_bias);
  };
  const auto try_all = [&](auto&& target) {
    for (Index i = 0; i < target.rows(); ++i) {
      for (Index j = 0; j < target.cols(); ++j) {
        const Scalar before = target(i, j);
        for (const double special : {nan, infinity, -infinity}) {
          CAPTURE(i, j, special);
          target(i, j) = static_cast<Scalar>(special);
          CHECK(agrees());
        }
        target(i, j) = before;
      }
    }
  };
  CHECK(agrees());
  try_all(x);
  try_all(layer.value_weight());
  try_all(layer.gate_weight());
  try_all(layer.value_bias());
  try_all(layer.gate_bias());
}

TEST_CASE("NaN and infinity stay in their sample and their unit", "[layer][nonfinite]") {
  check<sluice::ReGLU<float>>(1, 5);
  check<sluice::ReGLU<float>>(4, 19);
  check<sluice::ReGLU<float, sluice::Split>>(1, 18);
  check<sluice::ReGLU<double>>(15, 3);
  check<sluice::ReGLU<double>>(1, 9);
}

TEST_CASE("NaN in a neighbour's memory is not touched", "[layer][nonfinite]") {
  test::Random random(12);
  sluice::ReGLU<float> layer(5, 7);
  random.fill_parameters(layer);
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(6, 5), dy = random.matrix<Eigen::MatrixXf>(6, 7);
  Eigen::MatrixXf dx, dx_inside;
  sluice::ReGLU<float>::Gradients gradients(layer), gradients_inside(layer);
  layer.backward(x, dy, dx, gradients);
  for (const bool by_rows : {false, true}) {
    Eigen::MatrixXf memory = Eigen::MatrixXf::Constant(16, 16, std::numeric_limits<float>::quiet_NaN());
    Eigen::MatrixXf dy_memory = memory;
    const auto run = [&](auto&& inside, auto&& dy_inside) {
      inside = x;
      dy_inside = dy;
      CHECK(test::same_bits(layer(inside), layer(x)));
      gradients_inside.set_zero();
      layer.backward(inside, dy_inside, dx_inside, gradients_inside);
      CHECK(test::same_bits(dx_inside, dx));
      CHECK(test::same_bits(gradients_inside.parameters(), gradients.parameters()));
    };
    if (by_rows) {
      run(memory.block(3, 4, 5, 6).transpose(), dy_memory.block(1, 2, 7, 6).transpose());
    } else {
      run(memory.block(3, 4, 6, 5), dy_memory.block(1, 2, 6, 7));
    }
  }
}

}  // namespace
