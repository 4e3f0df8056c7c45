// SPDX-License-Identifier: MIT
//
// GatedLinearUnit forward against three plain loops, at the sizes where kernels go wrong: no
// multiple of a vector, one of everything, none of it, and both sides of every tile and block.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>

namespace {

using test::Index;

template <class Layer>
void check(Index samples, Index input_dim, Index units, bool bias = true) {
  const auto seed = static_cast<std::uint32_t>(samples * 1000003 + input_dim * 1009 + units);
  CAPTURE(seed, samples, input_dim, units, bias);
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  test::Random random(seed);
  Layer layer(input_dim, units, {.bias = bias});
  random.fill_parameters(layer);
  const Matrix x = random.template matrix<Matrix>(samples, input_dim);
  const auto want = test::forward(test::to_double(x), test::parameters_of(layer), test::sigmoid);
  const Matrix y = layer(x);
  CHECK(y.rows() == samples);
  CHECK(y.cols() == units);
  CHECK(test::relative_error(y, want.output) < test::rounding<Scalar>(input_dim));
}

template <class Layer>
void check_small_sizes() {
  for (const Index samples : {0, 1, 2, 5, 6, 7, 13, 14, 15, 29}) check<Layer>(samples, 11, 10);
  for (const Index units : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 67}) {
    check<Layer>(1, 5, units);
    check<Layer>(3, 5, units);
  }
  for (const Index input_dim : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 67}) {
    check<Layer>(1, input_dim, 3);
    check<Layer>(16, input_dim, 3);
  }
  check<Layer>(1, 1, 1);
  check<Layer>(4, 7, 5, false);
  check<Layer>(1, 7, 5, false);
  check<Layer>(0, 7, 5, false);
}

template <class Layer>
void check_block_borders() {
  for (const Index samples : {223, 224, 225, 449}) check<Layer>(samples, 3, 21);
  for (const Index units : {255, 256, 257, 511, 512, 513}) {
    check<Layer>(1, 3, units);
    check<Layer>(15, 3, units);
  }
  for (const Index input_dim : {127, 128, 129, 255, 256, 257, 513}) {
    check<Layer>(1, input_dim, 5);
    check<Layer>(2, input_dim, 5);
    check<Layer>(15, input_dim, 5);
  }
  for (const Index samples : {223, 225, 447, 449}) check<Layer>(samples, 257, 257);  // too large for weights in place
  for (const Index samples : {30, 224, 225, 449}) check<Layer>(samples, 300, 450);   // of any packets
  for (const Index samples : {64, 65}) check<Layer>(samples, 300, 512);              // rows that share a set of L1
  check<Layer>(1, 2, 4097);
  check<Layer>(1, 4099, 3);
}

TEST_CASE("forward equals three plain loops at small sizes", "[layer]") {
  check_small_sizes<sluice::GLU<float>>();
  check_small_sizes<sluice::GLU<double>>();
}

TEST_CASE("forward equals three plain loops on both sides of every block", "[layer]") {
  check_block_borders<sluice::GLU<float>>();
  check_block_borders<sluice::GLU<double>>();
}

TEST_CASE("forward equals three plain loops at shapes that meet in practice", "[layer]") {
  check<sluice::GLU<float>>(32, 30, 10);
  check<sluice::GLU<float>>(33, 160, 160);
  check<sluice::GLU<float>>(9, 768, 300);
}

TEST_CASE("fresh parameters are zero, and zero parameters give zero", "[layer]") {
  const sluice::GLU<float> layer(4, 3);
  CHECK(layer.parameters().isZero(0));
  CHECK(layer(Eigen::MatrixXf::Ones(2, 4).eval()).isZero(0));
}

TEST_CASE("sizes and counts of a layer", "[layer]") {
  const sluice::GLU<float> layer(30, 10);
  CHECK(layer.input_dim() == 30);
  CHECK(layer.units() == 10);
  CHECK(layer.has_bias());
  CHECK(layer.parameter_count() == 620);
  const sluice::GLU<float> without(30, 10, {.bias = false});
  CHECK_FALSE(without.has_bias());
  CHECK(without.parameter_count() == 600);
}

}  // namespace
