// SPDX-License-Identifier: MIT
//
// Where weights and biases lie: the fused and the split layout, and all of it as one vector.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

namespace {

using test::Index;

TEST_CASE("the fused layout is [value | gate], row by row", "[projection]") {
  sluice::GLU<float> layer(3, 2);
  for (Index i = 0; i < 16; ++i) layer.parameters()(i) = static_cast<float>(i);
  Eigen::MatrixXf value(3, 2), gate(3, 2);
  value << 0, 1, 4, 5, 8, 9;
  gate << 2, 3, 6, 7, 10, 11;
  CHECK(layer.value_weight() == value);
  CHECK(layer.gate_weight() == gate);
  CHECK(layer.value_bias() == Eigen::RowVector2f(12, 13));
  CHECK(layer.gate_bias() == Eigen::RowVector2f(14, 15));
  CHECK(layer.weight().leftCols(2) == value);
  CHECK(layer.weight().rightCols(2) == gate);
  CHECK(layer.bias() == Eigen::RowVector4f(12, 13, 14, 15));
  const auto& constant = layer;
  CHECK(constant.weight() == layer.weight());
  CHECK(constant.bias() == layer.bias());
  CHECK(constant.parameters() == layer.parameters());
}

TEST_CASE("the split layout is all of value, then all of gate", "[projection]") {
  sluice::GLU<float, sluice::Split> layer(3, 2);
  for (Index i = 0; i < 16; ++i) layer.parameters()(i) = static_cast<float>(i);
  Eigen::MatrixXf value(3, 2), gate(3, 2);
  value << 0, 1, 2, 3, 4, 5;
  gate << 6, 7, 8, 9, 10, 11;
  CHECK(layer.value_weight() == value);
  CHECK(layer.gate_weight() == gate);
  CHECK(layer.value_bias() == Eigen::RowVector2f(12, 13));
  CHECK(layer.gate_bias() == Eigen::RowVector2f(14, 15));
}

TEST_CASE("views are writable and write to the layer", "[projection]") {
  sluice::GLU<double> layer(4, 3);
  layer.gate_weight()(2, 1) = 5;
  layer.value_bias()(2) = 6;
  layer.gate_bias() += Eigen::RowVector3d::Constant(1);
  CHECK(layer.weight()(2, 4) == 5);
  CHECK(layer.bias()(2) == 6);
  CHECK(layer.bias()(3) == 1);
  CHECK(layer.parameters().sum() == 14);
}

TEST_CASE("a layer without bias has empty bias views", "[projection]") {
  sluice::GLU<float> layer(4, 3, {.bias = false});
  CHECK(layer.value_bias().size() == 0);
  CHECK(layer.gate_bias().size() == 0);
  CHECK(layer.bias().size() == 0);
  CHECK(layer.parameters().size() == 24);
}

TEST_CASE("copies are independent, moves keep the numbers", "[projection]") {
  test::Random random(4);
  sluice::SwiGLU<float> layer(5, 3);
  random.fill_parameters(layer);
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(4, 5);
  const Eigen::MatrixXf y = layer(x);
  sluice::SwiGLU<float> copy = layer;
  layer.parameters().setZero();
  CHECK(layer(x).isZero(0));
  CHECK(test::same_bits(copy(x), y));
  sluice::SwiGLU<float> moved = std::move(copy);
  CHECK(test::same_bits(moved(x), y));
  sluice::SwiGLU<float> assigned(2, 9, {.bias = false});
  assigned = moved;
  CHECK(assigned.input_dim() == 5);
  CHECK(assigned.units() == 3);
  CHECK(assigned.has_bias());
  CHECK(test::same_bits(assigned(x), y));
  sluice::SwiGLU<float> other(1, 1);
  other = std::move(assigned);
  CHECK(test::same_bits(other(x), y));
  std::swap(other, layer);
  CHECK(test::same_bits(layer(x), y));
  CHECK(other(x).isZero(0));
}

}  // namespace
