// SPDX-License-Identifier: MIT
//
// Gradients by central differences: ∂L/∂m(i, j) ≈ (L(m + h) - L(m - h)) / 2h, one element after the
// other, in double. With h = 2⁻¹⁷ the error of the formula (h²) and of rounding (ε/h) are both
// about 1e-10.
#pragma once

#include <Eigen/Core>

namespace test {

/// ∂loss/∂parameter, where loss() reads the memory that `parameter` (a matrix, map or block) writes
/// to.
template <class Target, class Loss>
Eigen::MatrixXd numeric_gradient(Target&& parameter, const Loss& loss) {
  constexpr double h = 1.0 / 131072;
  Eigen::MatrixXd gradient(parameter.rows(), parameter.cols());
  for (Eigen::Index i = 0; i < parameter.rows(); ++i) {
    for (Eigen::Index j = 0; j < parameter.cols(); ++j) {
      const double here = parameter(i, j);
      parameter(i, j) = here + h;
      const double above = loss();
      parameter(i, j) = here - h;
      const double below = loss();
      parameter(i, j) = here;
      gradient(i, j) = (above - below) / (2 * h);
    }
  }
  return gradient;
}

}  // namespace test
