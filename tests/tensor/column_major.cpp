// SPDX-License-Identifier: MIT
//
// A layer on column-major tensors.

#include "support/catch.hpp"
#include "tensor/layer_trial.hpp"

using namespace test;

TEST_CASE("a layer takes column-major tensors of rank 1 to 5", "[tensor]") {
  CHECK(faults<Eigen::Tensor<float, 1>>({}) == "");
  CHECK(faults<Eigen::Tensor<float, 2>>({9}) == "");
  CHECK(faults<Eigen::Tensor<float, 3>>({3, 4}) == "");
  CHECK(faults<Eigen::Tensor<float, 4>>({2, 3, 4}) == "");
  CHECK(faults<Eigen::Tensor<float, 5>>({2, 3, 4, 5}) == "");
}
