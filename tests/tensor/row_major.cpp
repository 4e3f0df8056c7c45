// SPDX-License-Identifier: MIT
//
// A layer on row-major tensors. (Apart from the column-major ones to halve the time to compile.)

#include "support/catch.hpp"
#include "tensor/layer_trial.hpp"

using namespace test;

TEST_CASE("a layer takes row-major tensors of rank 1 to 5", "[tensor]") {
  CHECK(faults<Eigen::Tensor<float, 1, Eigen::RowMajor>>({}) == "");
  CHECK(faults<Eigen::Tensor<float, 2, Eigen::RowMajor>>({9}) == "");
  CHECK(faults<Eigen::Tensor<float, 3, Eigen::RowMajor>>({3, 4}) == "");
  CHECK(faults<Eigen::Tensor<float, 4, Eigen::RowMajor>>({2, 3, 4}) == "");
  CHECK(faults<Eigen::Tensor<float, 5, Eigen::RowMajor>>({2, 3, 4, 5}) == "");
}
