// SPDX-License-Identifier: MIT
//
// Few samples read weights where they lie, or several rows side by side, more of them pack them first (see reading_of
// for how many). All ways agree to the last bit, and with a plain sum in double. The products of a backward pass with
// few inputs, or few samples.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

namespace {

using test::Index;

constexpr Index most = 230;  // samples

template <class Layer>
constexpr bool has_gate = requires(const Layer& layer) {
  layer.gating();
};

template <class Layer>
test::Matrix expected_gate(const Layer& layer, const test::Matrix& x) {
  const auto p = test::parameters_of(layer);
  return (test::multiply(x, p.gate_weight).rowwise() + p.gate_bias).unaryExpr(test::silu.value);
}
template <class Layer>
test::Matrix expected(const Layer& layer, const test::Matrix& x) {
  if constexpr (has_gate<Layer>) {
    const auto p = test::parameters_of(layer);
    const test::Matrix value = test::multiply(x, p.value_weight).rowwise() + p.value_bias;
    return value.cwiseProduct(expected_gate(layer, x));
  } else {
    const test::Matrix sum = test::multiply(x, test::to_double(layer.weight()));
    return (sum.rowwise() + test::to_double(layer.bias()).row(0)).unaryExpr(test::silu.value);
  }
}

/// `at_least` KB of weights.
template <class Layer>
void check(Index input_dim, Index units, Index at_least = 1024) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CAPTURE(input_dim, units);
  test::Random random(static_cast<std::uint32_t>(input_dim * 31 + units));
  Layer layer(input_dim, units);
  REQUIRE(layer.parameter_count() * static_cast<Index>(sizeof(Scalar)) > at_least * 1024);
  random.fill(layer.parameters());
  layer.parameters() *= Scalar(0.125);
  // Rows far enough apart to fall into the same lines of a cache, and columns that are not contiguous.
  const Matrix far = random.template matrix<Matrix>(most, 4096);
  const auto x = far.leftCols(input_dim);
  const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> upright = x;
  const Matrix all = layer(x);
  CHECK(test::relative_error(all, expected(layer, test::to_double(x))) < test::rounding<Scalar>(input_dim));
  Matrix all_y, all_gates;
  if constexpr (has_gate<Layer>) {
    layer.forward(x, all_y, all_gates);
    CHECK(test::same_bits(all_y, all));
    CHECK(test::relative_error(all_gates, expected_gate(layer, test::to_double(x))) <
          test::rounding<Scalar>(input_dim));
  }
  typename Layer::Cache cache;
  for (const Index count : {1, 2, 3, 6, 7, 12, 13, 14, 15, 17, 24, 25, 29, 31, 32, 33, 48, 49, 64, 65, 97, 224, 225}) {
    CAPTURE(count);
    CHECK(test::same_bits(layer(x.topRows(count)), all.topRows(count)));
    CHECK(test::same_bits(layer(upright.bottomRows(count)), all.bottomRows(count)));
    Matrix y = Matrix::Constant(count, units + 3, Scalar(7));
    layer.forward(x.middleRows(1, count), y.leftCols(units), cache);
    CHECK(test::same_bits(y.leftCols(units), all.middleRows(1, count)));
    CHECK((y.rightCols(3).array() == Scalar(7)).all());
    if constexpr (has_gate<Layer>) {
      Matrix gates;
      layer.forward(x.topRows(count), y.leftCols(units), gates);
      CHECK(test::same_bits(y.leftCols(units), all.topRows(count)));
      CHECK(test::same_bits(gates, all_gates.topRows(count)));
    }
  }
}

TEST_CASE("few samples, large weights: fused", "[layer][reproducible]") {
  check<sluice::SwiGLU<float>>(405, 331);
  check<sluice::SwiGLU<float>>(33, 4099);  // more columns than a block has
  check<sluice::SwiGLU<double>>(131, 512);
  check<sluice::SwiGLU<float>>(261, 512);  // rows 4 KiB apart
  check<sluice::SwiGLU<double>>(33, 2051);
}
TEST_CASE("few samples, large weights: split", "[layer][reproducible]") {
  check<sluice::SwiGLU<float, sluice::Split>>(530, 331);
  check<sluice::SwiGLU<double, sluice::Split>>(35, 2051);
}
TEST_CASE("few samples, large weights: Dense", "[layer][reproducible]") {
  check<sluice::Dense<float, sluice::SiLU>>(811, 330);
  check<sluice::Dense<float, sluice::SiLU>>(65, 4101);
  check<sluice::Dense<double, sluice::SiLU>>(259, 515);
}

TEST_CASE("few samples, large weights of few inputs", "[layer][reproducible]") {
  check<sluice::SwiGLU<float>>(8, 16500);
  check<sluice::SwiGLU<float, sluice::Split>>(7, 19000);
  check<sluice::Dense<double, sluice::SiLU>>(5, 26401);
}

TEST_CASE("few samples, weights that stay in L2", "[layer][reproducible]") {
  constexpr Index in_l1 = 32;
  check<sluice::SwiGLU<float>>(71, 128, in_l1);  // rows 1 KiB apart
  check<sluice::SwiGLU<float>>(19, 512, in_l1);  // 4 KiB
  check<sluice::SwiGLU<float>>(61, 101, in_l1);
  check<sluice::SwiGLU<double>>(37, 64, in_l1);
  check<sluice::SwiGLU<float>>(139, 256, 256);  // more than half of L2: rows 2 KiB apart
  check<sluice::SwiGLU<float>>(139, 237, 256);
  check<sluice::SwiGLU<float, sluice::Split>>(71, 128, in_l1);
  check<sluice::SwiGLU<double, sluice::Split>>(41, 77, in_l1);
  check<sluice::Dense<float, sluice::SiLU>>(71, 256, in_l1);
  check<sluice::Dense<double, sluice::SiLU>>(41, 155, in_l1);
}

/// dW = xᵀ·d and dx = d·Wᵀ.
template <class Layer>
void check_gradient(Index samples, Index input_dim, Index units) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CAPTURE(samples, input_dim, units);
  test::Random random(77);
  Layer layer(input_dim, units);
  random.fill(layer.parameters());
  const Matrix x = random.template matrix<Matrix>(samples, input_dim),
               dy = random.template matrix<Matrix>(samples, units);
  typename Layer::Gradients gradients(layer);
  gradients.weight().setConstant(Scalar(0.5));
  Matrix dx;
  layer.backward(x, dy, dx, gradients);
  const test::Matrix want = test::multiply(test::to_double(x).transpose(), test::to_double(dy)).array() + 0.5;
  CHECK(test::relative_error(gradients.weight(), want) < test::rounding<Scalar>(samples));
  CHECK(test::relative_error(dx, test::multiply(test::to_double(dy), test::to_double(layer.weight()).transpose())) <
        test::rounding<Scalar>(units));
}

TEST_CASE("few inputs, many samples: weight gradients", "[layer]") {
  check_gradient<sluice::Dense<float>>(9001, 15, 19);
  check_gradient<sluice::Dense<float>>(70, 31, 4110);
  check_gradient<sluice::Dense<double>>(515, 32, 140);
}

TEST_CASE("few samples, many inputs: dx is dotted, or its samples share a packet", "[layer]") {
  for (const Index samples : {6, 7, 8, 9, 12, 13, 16, 17}) {
    check_gradient<sluice::Dense<float>>(samples, 600, 18);
    check_gradient<sluice::Dense<double>>(samples, 600, 18);
    check_gradient<sluice::Dense<float>>(samples, 600, 7);
    check_gradient<sluice::Dense<double>>(samples, 600, 7);
  }
}
TEST_CASE("dx of weights whose rows collide", "[layer]") {
  check_gradient<sluice::Dense<float>>(32, 70, 1024);
  check_gradient<sluice::Dense<float>>(13, 70, 1024);
  check_gradient<sluice::Dense<double>>(32, 70, 512);
}

}  // namespace
