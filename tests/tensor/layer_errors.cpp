// SPDX-License-Identifier: MIT
//
// Tensors that a layer refuses, and empty ones and those of double that it takes.

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "tensor/layer_trial.hpp"

#include <string>

using namespace test;

TEST_CASE("a layer refuses tensors of other shapes", "[tensor]") {
  const sluice::GLU<float> layer(30, 10);
  Eigen::Tensor<float, 3> x(2, 3, 30), wrong(2, 3, 31), y(3, 2, 10);
  x.setZero();
  wrong.setZero();
  y.setConstant(7.f);
  CHECK(error_of([&] { layer(wrong); }) ==
        "GatedLinearUnit: expected input with 30 features, got 31 (input is 2×3×31)");
  CHECK(error_of([&] { layer.forward(x, y); }) == "GatedLinearUnit: expected output of 2×3×10, got 3×2×10");
  Eigen::TensorMap<Eigen::Tensor<float, 3>> no_samples(y.data(), 0, 3, 10), inside(x.data(), 2, 3, 10);
  CHECK(error_of([&] { layer.forward(x, no_samples); }) == "GatedLinearUnit: expected output of 2×3×10, got 0×3×10");
  CHECK(error_of([&] { layer.forward(x, inside); }) ==
        "GatedLinearUnit: expected input and output in separate memory, got an overlap");
  for (Index i = 0; i < y.size(); ++i) REQUIRE(y.data()[i] == 7.f);

  const Eigen::Tensor<float, 1> sample(29);
  CHECK(error_of([&] { layer(sample); }) == "GatedLinearUnit: expected input with 30 features, got 29 (input is 29)");
}

TEST_CASE("a layer takes an empty batch of tensors, and sizes in the tensor's type", "[tensor]") {
  const Layer<float> layer = make_layer<float>();
  const auto y = layer(Eigen::Tensor<float, 3>(0, 4, input_dim));
  CHECK((y.dimension(0) == 0 && y.dimension(1) == 4 && y.dimension(2) == units));

  Eigen::TensorFixedSize<float, Eigen::Sizes<3, 7>> fixed;
  fixed.setConstant(0.5f);
  const Eigen::MatrixXf expected = layer(Eigen::MatrixXf::Constant(3, 7, 0.5f));
  const Eigen::Tensor<float, 2> from_fixed = layer(fixed);
  CHECK(from_fixed(2, 4) == Approx(expected(2, 4)));
}

TEST_CASE("a double layer takes tensors", "[tensor]") { CHECK(faults<Eigen::Tensor<double, 3>>({3, 4}) == ""); }
