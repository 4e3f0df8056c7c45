// SPDX-License-Identifier: MIT
//
// One of two units that include and use everything; clang-tidy reads this one, too.
#include "umbrella.hpp"

#include <cmath>
#include <cstdio>

float run_in_a(const sluice::SwiGLU<float>& layer) {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(5, layer.input_dim());
  return layer(x).sum();
}

int main() {
  sluice::SwiGLU<float> layer(3, 2);
  layer.value_weight().setConstant(0.5F);
  layer.gate_weight().setConstant(-0.25F);
  // 5 samples × 2 units of 1.5 · silu(-0.75) = 1.5 · -0.75 · σ(-0.75)
  const double expected = 10 * 1.5 * -0.75 / (1.0 + std::exp(0.75));
  const float a = run_in_a(layer);
  const float b = run_in_b(layer);
  if (a != b || std::abs(static_cast<double>(a) - expected) > 1e-5) {
    std::fprintf(stderr, "unit a: %g, unit b: %g, expected: %g\n", static_cast<double>(a),
                 static_cast<double>(b), expected);
    return 1;
  }
  return 0;
}
