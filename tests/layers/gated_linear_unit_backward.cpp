// SPDX-License-Identifier: MIT
//
// GatedLinearUnit backward against three plain loops: with a cache and without, with dx and
// without, accumulated.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>

namespace {

using test::Index;

template <class Gradients>
double gradient_error(const Gradients& got, const test::Parameters& want, double times = 1) {
  double error = std::max(test::relative_error(got.value_weight(), times * want.value_weight),
                          test::relative_error(got.gate_weight(), times * want.gate_weight));
  if (got.has_bias()) {
    error = std::max({error, test::relative_error(got.value_bias(), times * want.value_bias),
                      test::relative_error(got.gate_bias(), times * want.gate_bias)});
  }
  return error;
}

template <class Layer, int Order = Eigen::ColMajor>
void check(Index samples, Index input_dim, Index units, bool bias = true) {
  const auto seed = static_cast<std::uint32_t>(samples * 1000003 + input_dim * 1009 + units + 1);
  CAPTURE(seed, samples, input_dim, units, bias);
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Order>;
  test::Random random(seed);
  Layer layer(input_dim, units, {.bias = bias});
  random.fill_parameters(layer);
  const Matrix x = random.template matrix<Matrix>(samples, input_dim);
  const Matrix dy = random.template matrix<Matrix>(samples, units);
  const auto want = test::backward(test::to_double(x), test::to_double(dy), test::parameters_of(layer), test::sigmoid);
  // The value half may cancel in a single element, which is then all there is to compare with.
  const double tolerance = 4 * test::rounding<Scalar>(samples + units + input_dim);

  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  CHECK(gradients.parameters().isZero(0));
  Matrix y, dx;
  layer.forward(x, y, cache);
  CHECK(cache.samples() == samples);
  layer.backward(x, dy, cache, dx, gradients);
  CHECK(dx.rows() == samples);
  CHECK(dx.cols() == input_dim);
  CHECK(test::relative_error(dx, want.dx) < tolerance);
  CHECK(gradient_error(gradients, want.gradients) < tolerance);

  // A second call adds to the gradients and writes dx anew; without a cache and without dx nothing
  // else comes out.
  dx.setConstant(Scalar(77));
  layer.backward(x, dy, dx, gradients);
  CHECK(test::relative_error(dx, want.dx) < tolerance);
  CHECK(gradient_error(gradients, want.gradients, 2) < tolerance);
  layer.backward(x, dy, cache, gradients);
  CHECK(gradient_error(gradients, want.gradients, 3) < tolerance);
  layer.backward(x, dy, gradients);
  CHECK(gradient_error(gradients, want.gradients, 4) < tolerance);
}

template <class Layer>
void check_sizes() {
  for (const Index samples : {0, 1, 2, 6, 7, 13, 14, 15, 225, 449}) check<Layer>(samples, 3, 5);
  for (const Index units : {1, 2, 3, 8, 15, 16, 17, 33, 255, 257, 513}) {
    check<Layer>(1, 3, units);
    check<Layer>(5, 3, units);
  }
  for (const Index input_dim : {1, 2, 4, 15, 16, 17, 33, 193, 225, 513}) {
    check<Layer>(1, input_dim, 3);
    check<Layer>(5, input_dim, 3);
  }
  check<Layer>(4, 7, 5, false);
  check<Layer>(1, 7, 5, false);
}

TEST_CASE("backward equals three plain loops", "[layer][backward]") {
  check_sizes<sluice::GLU<float>>();
  check_sizes<sluice::GLU<double>>();
}

TEST_CASE("backward equals three plain loops over several blocks", "[layer][backward]") {
  // Of units and of inputs: x is packed once for all of them, as long as the samples are one block of the depth.
  check<sluice::GLU<float>, Eigen::RowMajor>(200, 520, 350);
  check<sluice::GLU<float, sluice::Split>, Eigen::RowMajor>(200, 520, 700);
  check<sluice::GLU<float>, Eigen::RowMajor>(300, 520, 300);
  check<sluice::GLU<double>, Eigen::RowMajor>(100, 260, 350);
  check<sluice::GLU<float>, Eigen::RowMajor>(120, 910, 70);  // dx in blocks of more rows
}

TEST_CASE("backward equals three plain loops over more samples than are recomputed at once", "[layer][backward]") {
  check<sluice::GLU<float>>(1030, 3, 5);
}

TEST_CASE("a cache may be used again, for fewer and for more samples", "[layer][backward]") {
  test::Random random(3);
  sluice::GLU<double> layer(4, 3);
  random.fill_parameters(layer);
  sluice::GLU<double>::Cache cache;
  for (const Index samples : {5, 2, 9}) {
    const auto x = random.matrix<Eigen::MatrixXd>(samples, 4);
    const auto dy = random.matrix<Eigen::MatrixXd>(samples, 3);
    Eigen::MatrixXd y, dx;
    sluice::GLU<double>::Gradients gradients(layer);
    layer.forward(x, y, cache);
    layer.backward(x, dy, cache, dx, gradients);
    const auto want = test::backward(x, dy, test::parameters_of(layer), test::sigmoid);
    const auto forward = test::forward(x, test::parameters_of(layer), test::sigmoid);
    CHECK(test::relative_error(cache.value(), forward.value) < 1e-14);
    CHECK(test::relative_error(cache.gate(), forward.gate) < 1e-14);
    CHECK(test::relative_error(dx, want.dx) < 1e-14);
    CHECK(gradient_error(gradients, want.gradients) < 1e-14);
    gradients.set_zero();
    CHECK(gradients.parameters().isZero(0));
  }
}

}  // namespace
