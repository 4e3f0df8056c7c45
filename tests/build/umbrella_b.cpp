// SPDX-License-Identifier: MIT
//
// The other unit: the same instantiations again, but for the engine, which is the first one's. What that does not cover
// (sizes in the type, weights in fewer bits) is compiled here.
#include "umbrella.hpp"

SLUICE_EXTERN_ENGINE(float)

Sums run_in_b(const sluice::SwiGLU<float>& layer) {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(5, layer.input_dim());
  Eigen::Tensor<float, 3> t(1, 5, layer.input_dim());
  t.setConstant(1.0F);
  const Eigen::Tensor<float, 3> y = layer(t);
  const Eigen::Tensor<float, 0> sum = y.sum();
  return {layer(x).sum(), sum()};
}

std::vector<float> run_others_in_b(const sluice::SwiGLU<float>& layer) {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(5, layer.input_dim());
  sluice::GatedLinearUnit<float, sluice::SiLU, sluice::Split> split(3, 2);
  sluice::GatedLinearUnit<float, sluice::SiLU, sluice::Fused, 3, 2> fixed;
  sluice::Dense<float> dense(2, 2);
  dense.weight().setIdentity();
  split.value_weight() = fixed.value_weight() = layer.value_weight();
  split.gate_weight() = fixed.gate_weight() = layer.gate_weight();
  const Eigen::MatrixXf y = split(x);
  return {y.sum(),
          dense(y).sum(),
          sluice::pack(dense)(y).sum(),
          fixed(x).sum(),
          sluice::pack(layer)(x).sum(),
          sluice::pack<sluice::Int8>(layer)(x).sum()};
}
