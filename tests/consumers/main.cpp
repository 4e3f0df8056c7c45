// SPDX-License-Identifier: MIT
//
// The program of every consumer project: one layer, one result that can be checked by hand.
#include <sluice/sluice.hpp>

#include <cmath>
#include <cstdio>

int main() {
  sluice::GLU<double> layer(3, 2);
  layer.value_weight().setConstant(0.5);
  const Eigen::MatrixXd y = layer(Eigen::MatrixXd::Ones(4, 3));
  // 3 · 0.5 · σ(0)
  const bool right = y.rows() == 4 && y.cols() == 2 && std::abs(y(3, 1) - 0.75) < 1e-12;
  std::printf("sluice %s: %s\n", SLUICE_VERSION_STRING, right ? "right" : "wrong");
  return right ? 0 : 1;
}
