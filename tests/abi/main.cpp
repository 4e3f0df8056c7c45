// SPDX-License-Identifier: MIT
//
// The program's side: always compiled for the oldest x86-64.
#include "layer.hpp"

int main() {
  Layer layer;
  layer.value_weight().setConstant(1);
  layer.gate_weight().setConstant(100);
  // 1 sample × 2 units of 3 · silu(300) = 900
  return run(layer, Eigen::MatrixXf::Ones(1, 3)) == 1800 ? 0 : 1;
}
