// SPDX-License-Identifier: MIT
//
// Sizes in the type compute what sizes at run time do, to the bit, forward and backward.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <type_traits>

namespace {

using test::Index;

template <class FixedLayer, class DynamicLayer>
void check(FixedLayer fixed, Index input_dim, Index units) {
  using Scalar = typename FixedLayer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  CAPTURE(input_dim, units);
  CHECK(fixed.input_dim() == input_dim);
  CHECK(fixed.units() == units);
  CHECK(fixed.parameter_count() == 2 * units * (input_dim + 1));
  DynamicLayer dynamic(input_dim, units);
  test::Random random(17);
  random.fill_parameters(dynamic);
  fixed.parameters() = dynamic.parameters();
  for (const Index samples : {0, 1, 2, 14, 15, 33}) {
    CAPTURE(samples);
    const Matrix x = random.template matrix<Matrix>(samples, input_dim),
                 dy = random.template matrix<Matrix>(samples, units);
    const auto want = dynamic(x, sluice::return_gate);
    const auto got = fixed(x, sluice::return_gate);
    CHECK(test::same_bits(got.output, want.output));
    CHECK(test::same_bits(got.gate, want.gate));
    Matrix dx, want_dx, y;
    typename FixedLayer::Gradients gradients(fixed);
    typename DynamicLayer::Gradients want_gradients(dynamic);
    typename FixedLayer::Cache cache;
    fixed.forward(x, y, cache);
    CHECK(test::same_bits(y, want.output));
    fixed.backward(x, dy, cache, dx, gradients);
    dynamic.backward(x, dy, want_dx, want_gradients);
    CHECK(test::same_bits(dx, want_dx));
    CHECK(test::same_bits(gradients.parameters(), want_gradients.parameters()));
  }
}

using Eigen::Dynamic;
using sluice::Fused;
using sluice::Split;

TEST_CASE("sizes in the type", "[layer][fixed]") {
  check<sluice::GLU<float, Fused, 30, 10>, sluice::GLU<float>>(sluice::GLU<float, Fused, 30, 10>(), 30, 10);
  check<sluice::GLU<float, Fused, 1, 1>, sluice::GLU<float>>(sluice::GLU<float, Fused, 1, 1>(), 1, 1);
  check<sluice::GLU<double, Split, 7, 3>, sluice::GLU<double, Split>>(sluice::GLU<double, Split, 7, 3>(7, 3), 7, 3);
}

TEST_CASE("one size in the type", "[layer][fixed]") {
  check<sluice::GLU<float, Fused, Dynamic, 19>, sluice::GLU<float>>(sluice::GLU<float, Fused, Dynamic, 19>(5, 19), 5,
                                                                    19);
  check<sluice::GLU<float, Split, 9, Dynamic>, sluice::GLU<float, Split>>(sluice::GLU<float, Split, 9, Dynamic>(9, 4),
                                                                          9, 4);
}

TEST_CASE("the output of a layer with its sizes in the type has them, too", "[layer][fixed]") {
  const sluice::GLU<float, Fused, 30, 10> layer;
  using Sample = Eigen::Matrix<float, 30, 1>;
  STATIC_REQUIRE(std::is_same_v<decltype(layer(Sample())), Eigen::Matrix<float, 10, 1>>);
  STATIC_REQUIRE(std::is_same_v<decltype(layer(Sample().transpose())), Eigen::Matrix<float, 1, 10>>);
  STATIC_REQUIRE(std::is_same_v<decltype(layer(Eigen::Matrix<float, 4, 30>())), Eigen::Matrix<float, 4, 10>>);
  const sluice::GLU<float, Fused, 30, 1> one;
  CHECK(one(Eigen::MatrixXf::Ones(7, 30).eval()).rows() == 7);  // a batch of one feature each, not one sample
}

TEST_CASE("a layer of a language model's size in the type", "[layer][fixed]") {
  using Large = sluice::SwiGLU<float, Fused, 4096, 11008>;
  STATIC_REQUIRE(sizeof(Large) < 256);
  STATIC_REQUIRE(std::is_default_constructible_v<Large>);
  const sluice::SwiGLU<float, Fused, 200, 300> layer;  // 480 KB, on the heap as well
  STATIC_REQUIRE(sizeof(layer) < 256);
  CHECK(layer(Eigen::MatrixXf::Ones(2, 200).eval()).isZero(0));
}

}  // namespace
