// SPDX-License-Identifier: MIT
//
// Scalars without kernels of our own take the plain path: long double gives more digits than
// double, and an automatic-differentiation scalar differentiates a network of two layers that our
// backward differentiates as well.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <unsupported/Eigen/AutoDiff>

namespace {

using test::Index;

TEST_CASE("long double, forward and backward", "[layer][scalars]") {
  using Matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  for (const Index samples : {0, 1, 5, 230}) {
    CAPTURE(samples);
    test::Random random(8);
    sluice::GLU<long double> layer(4, 3);
    sluice::GLU<long double, sluice::Split> split(4, 3);
    random.fill_parameters(layer);
    split.value_weight() = layer.value_weight();
    split.gate_weight() = layer.gate_weight();
    split.value_bias() = layer.value_bias();
    split.gate_bias() = layer.gate_bias();
    const Matrix x = random.matrix<Matrix>(samples, 4), dy = random.matrix<Matrix>(samples, 3);
    const auto parameters = test::parameters_of(layer);
    const auto forward = test::forward(test::to_double(x), parameters, test::sigmoid);
    const auto backward = test::backward(test::to_double(x), test::to_double(dy), parameters, test::sigmoid);
    Matrix dx;
    sluice::GLU<long double>::Gradients gradients(layer);
    CHECK(test::relative_error(layer(x), forward.output) < 1e-14);
    CHECK(test::relative_error(split(x), forward.output) < 1e-14);
    layer.backward(x, dy, dx, gradients);
    CHECK(test::relative_error(dx, backward.dx) < 1e-13);
    CHECK(test::relative_error(gradients.value_weight(), backward.gradients.value_weight) < 1e-13);
    CHECK(test::relative_error(gradients.gate_bias(), backward.gradients.gate_bias) < 1e-13);
  }
  sluice::Bilinear<long double> third(1, 1);
  third.value_weight()(0, 0) = 1;
  third.gate_bias()(0) = 1;
  const long double x = 1 / 3.0L;
  CHECK(third(Matrix::Constant(1, 1, x).eval())(0, 0) == x);  // no digit is lost in a double
}

/// All parameters of two layers in a row, differentiated by Eigen::AutoDiffScalar.
TEST_CASE("a network of two layers, differentiated both ways", "[layer][scalars]") {
  using Differentiated = Eigen::AutoDiffScalar<Eigen::VectorXd>;
  using Matrix = Eigen::Matrix<Differentiated, Eigen::Dynamic, Eigen::Dynamic>;
  test::Random random(14);
  sluice::SwiGLU<double> first(3, 4);
  sluice::GLU<double, sluice::Split> second(4, 2);
  random.fill_parameters(first);
  random.fill_parameters(second);
  const Eigen::MatrixXd x = random.matrix<Eigen::MatrixXd>(5, 3), dy = random.matrix<Eigen::MatrixXd>(5, 2);

  // Ours.
  sluice::SwiGLU<double>::Cache first_cache;
  sluice::GLU<double, sluice::Split>::Cache second_cache;
  sluice::SwiGLU<double>::Gradients first_gradients(first);
  sluice::GLU<double, sluice::Split>::Gradients second_gradients(second);
  Eigen::MatrixXd hidden, y, d_hidden, dx;
  first.forward(x, hidden, first_cache);
  second.forward(hidden, y, second_cache);
  second.backward(hidden, dy, second_cache, d_hidden, second_gradients);
  first.backward(x, d_hidden, first_cache, dx, first_gradients);

  // Eigen's: one derivative for each parameter and each input.
  const int first_count = static_cast<int>(first.parameter_count());
  const int second_count = static_cast<int>(second.parameter_count());
  const int inputs = static_cast<int>(x.size());
  const int count = first_count + second_count + inputs;
  sluice::SwiGLU<Differentiated> first_ad(3, 4);
  sluice::GLU<Differentiated, sluice::Split> second_ad(4, 2);
  for (int i = 0; i < first_count; ++i) {
    first_ad.parameters()(i) = Differentiated(first.parameters()(i), count, i);
  }
  for (int i = 0; i < second_count; ++i) {
    second_ad.parameters()(i) = Differentiated(second.parameters()(i), count, first_count + i);
  }
  Matrix x_ad(5, 3);
  for (int i = 0; i < inputs; ++i) x_ad(i) = Differentiated(x(i), count, first_count + second_count + i);
  const Matrix y_ad = second_ad(first_ad(x_ad));
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(count);
  for (Index i = 0; i < y.size(); ++i) {
    CHECK(y_ad(i).value() == Approx(y(i)).epsilon(1e-13));
    gradient += dy(i) * y_ad(i).derivatives();
  }
  CHECK(test::relative_error(first_gradients.parameters(), gradient.head(first_count).transpose()) < 1e-13);
  CHECK(test::relative_error(second_gradients.parameters(), gradient.segment(first_count, second_count).transpose()) <
        1e-13);
  CHECK(test::relative_error(dx.reshaped(), gradient.tail(x.size())) < 1e-13);
}

}  // namespace
