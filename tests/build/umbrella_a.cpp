// SPDX-License-Identifier: MIT
//
// One of two units that include and use everything; clang-tidy reads this one, too.
#include "umbrella.hpp"

#include <cmath>
#include <cstdio>

SLUICE_ENGINE(float)

Sums run_in_a(const sluice::SwiGLU<float>& layer) {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(5, layer.input_dim());
  Eigen::Tensor<float, 3> t(1, 5, layer.input_dim());
  t.setConstant(1.0F);
  const Eigen::Tensor<float, 3> y = layer(t);
  const Eigen::Tensor<float, 0> sum = y.sum();
  return {layer(x).sum(), sum()};
}

int main() {
  sluice::SwiGLU<float> layer(3, 2);
  layer.value_weight().setConstant(0.5F);
  layer.gate_weight().setConstant(-0.25F);
  // 5 samples × 2 units of 1.5 · silu(-0.75) = 1.5 · -0.75 · σ(-0.75)
  const double expected = 10 * 1.5 * -0.75 / (1.0 + std::exp(0.75));
  std::vector<float> all = run_others_in_b(layer);
  for (const Sums& sums : {run_in_a(layer), run_in_b(layer)}) {
    all.push_back(sums.matrix);
    all.push_back(sums.tensor);
  }
  for (const float sum : all) {
    if (std::abs(static_cast<double>(sum) - expected) > 1e-5) {
      std::fprintf(stderr, "expected %g, got %g\n", expected, static_cast<double>(sum));
      return 1;
    }
  }
  return 0;
}
