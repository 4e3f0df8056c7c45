// SPDX-License-Identifier: MIT
//
// The other unit: the same instantiations again.
#include "umbrella.hpp"

Sums run_in_b(const sluice::SwiGLU<float>& layer) {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(5, layer.input_dim());
  Eigen::Tensor<float, 3> t(1, 5, layer.input_dim());
  t.setConstant(1.0F);
  const Eigen::Tensor<float, 3> y = layer(t);
  const Eigen::Tensor<float, 0> sum = y.sum();
  return {layer(x).sum(), sum()};
}
