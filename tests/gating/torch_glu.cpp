// SPDX-License-Identifier: MIT
//
// glu() on matrices as torch.nn.functional.glu computes it: both axes, counted from either end,
// value and gradient.
#include "support/array_file.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/gating/glu.hpp>

#include <string>

namespace {

template <class Matrix>
void check_matrix(double tolerance) {
  using Scalar = typename Matrix::Scalar;
  const test::ArrayFile file("torch_glu.txt");
  const Matrix h = file["h2"].matrix().cast<Scalar>();
  for (Eigen::Index axis = -2; axis < 2; ++axis) {
    CAPTURE(axis);
    const std::string number = std::to_string(axis < 0 ? axis + 2 : axis);
    const Matrix dy = file["dy2.axis" + number].matrix().cast<Scalar>();
    CHECK(test::relative_error(sluice::glu(h, axis), file["glu2.axis" + number + ".y"].matrix()) <= tolerance);
    CHECK(test::relative_error(sluice::glu_backward(h, dy, axis), file["glu2.axis" + number + ".dh"].matrix()) <=
          tolerance);
  }
}

}  // namespace

TEST_CASE("glu of a matrix agrees with PyTorch", "[gating][torch]") {
  using Eigen::Dynamic;
  check_matrix<Eigen::MatrixXf>(1e-6);
  check_matrix<Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor>>(1e-6);
  check_matrix<Eigen::MatrixXd>(1e-14);
  check_matrix<Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>>(1e-14);
}
