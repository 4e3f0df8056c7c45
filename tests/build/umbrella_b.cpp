// SPDX-License-Identifier: MIT
//
// The other unit: the same instantiations again.
#include "umbrella.hpp"

float run_in_b(const sluice::SwiGLU<float>& layer) {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(5, layer.input_dim());
  return layer(x).sum();
}
