// SPDX-License-Identifier: MIT
//
// Dense against plain loops in double: forward, backward with a cache and without, its errors.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>

namespace {

using test::Index;

template <class Layer>
void check(Index samples, Index input_dim, Index units, test::Function activation, bool bias = true) {
  const auto seed = static_cast<std::uint32_t>(samples * 1000003 + input_dim * 1009 + units);
  CAPTURE(seed, samples, input_dim, units, bias);
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  test::Random random(seed);
  Layer layer(input_dim, units, {.bias = bias});
  random.fill(layer.parameters());
  const Matrix x = random.template matrix<Matrix>(samples, input_dim);
  const Matrix dy = random.template matrix<Matrix>(samples, units);

  const Eigen::MatrixXd weight = test::to_double(layer.weight());
  Eigen::MatrixXd pre = test::multiply(test::to_double(x), weight);
  if (bias) pre.rowwise() += test::to_double(layer.bias()).row(0);
  const Eigen::MatrixXd y_want = pre.unaryExpr(activation.value);
  const Eigen::MatrixXd d = test::to_double(dy).cwiseProduct(pre.unaryExpr(activation.derivative));
  const Eigen::MatrixXd dx_want = test::multiply(d, weight.transpose());
  const Eigen::MatrixXd dw_want = test::multiply(test::to_double(x).transpose(), d);
  const double tolerance = 4 * test::rounding<Scalar>(samples + units + input_dim);

  CHECK(test::relative_error(layer(x), y_want) < tolerance);
  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  Matrix y, dx;
  layer.forward(x, y, cache);
  CHECK(test::relative_error(y, y_want) < tolerance);
  layer.backward(x, dy, cache, dx, gradients);
  CHECK(test::relative_error(dx, dx_want) < tolerance);
  dx.setConstant(Scalar(77));
  layer.backward(x, dy, dx, gradients);
  layer.backward(x, dy, cache, gradients);
  layer.backward(x, dy, gradients);
  CHECK(test::relative_error(dx, dx_want) < tolerance);
  CHECK(test::relative_error(gradients.weight(), 4 * dw_want) < tolerance);
  if (bias) CHECK(test::relative_error(gradients.bias(), 4 * d.colwise().sum()) < tolerance);
}

}  // namespace

TEST_CASE("Dense agrees with plain loops", "[layers][dense]") {
  check<sluice::Dense<float>>(5, 7, 3, test::identity);
  check<sluice::Dense<float, sluice::Sigmoid>>(1, 1, 1, test::sigmoid);
  check<sluice::Dense<float, sluice::SiLU>>(33, 40, 17, test::silu);
  check<sluice::Dense<double, sluice::Tanh>>(230, 5, 515, test::tanh);
  check<sluice::Dense<double, sluice::SiLU>>(14, 200, 31, test::silu, false);
  check<sluice::Dense<long double, sluice::Sigmoid>>(3, 4, 2, test::sigmoid);
  check<sluice::Dense<float, sluice::SiLU, 6, 4>>(9, 6, 4, test::silu);
}

TEST_CASE("Dense: one sample is a vector, an empty batch is empty", "[layers][dense]") {
  test::Random random(3);
  sluice::Dense<float, sluice::ReLU> layer(7, 3);
  random.fill(layer.parameters());
  const Eigen::VectorXf x = random.matrix<Eigen::MatrixXf>(7, 1);
  const Eigen::VectorXf y = layer(x);
  const Eigen::MatrixXf batch = layer(Eigen::MatrixXf(x.transpose()));
  CHECK(test::same_bits(y.transpose(), batch));
  const Eigen::MatrixXf none = layer(Eigen::MatrixXf(0, 7));
  CHECK(none.rows() == 0);
  CHECK(none.cols() == 3);
  CHECK(layer.parameter_count() == 24);
  CHECK(sluice::Dense<float>(7, 3, {.bias = false}).parameter_count() == 21);
}

TEST_CASE("Dense names what is wrong", "[layers][dense]") {
  sluice::Dense<float> layer(7, 3);
  Eigen::MatrixXf y;
  CHECK(test::error_of([&] { layer.forward(Eigen::MatrixXf(2, 8), y); }) ==
        "Dense: expected input with 7 features, got 8 (input is 2×8)");
  CHECK(test::error_of([] { sluice::Dense<float>(7, 0); }) == "Dense: expected units > 0, got 0");
  sluice::Dense<float>::Gradients other(sluice::Dense<float>(7, 4));
  sluice::Dense<float>::Cache cache;
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(2, 7), dy = Eigen::MatrixXf::Ones(2, 3);
  layer.forward(x, y, cache);
  CHECK(test::error_of([&] { layer.backward(x, dy, cache, other); }) ==
        "Dense: expected gradients of a layer 7 → 3 with bias, got 7 → 4 with bias");
}
