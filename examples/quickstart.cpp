// SPDX-License-Identifier: MIT
//
// A gated layer in five lines, then what else a call can give: the table of parameters, the gate's values, what came
// before the activations. How to train one: training.cpp.
//
//   y = (x·W₁ + b₁) ⊙ SiLU(x·W₂ + b₂),   SiLU(g) = g·σ(g)
#include <sluice/sluice.hpp>

#include <iostream>
#include <random>

int main() {
  // The five lines. Rows are samples: 32 of them with 30 features each become 32 with 10.
  std::mt19937 rng(42);
  sluice::SwiGLU<float> layer(/*input_dim*/ 30, /*units*/ 10);
  sluice::initialize(layer, sluice::GlorotUniform{}, rng);
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(32, 30);
  const Eigen::MatrixXf y = layer(x);

  std::cout << sluice::summary(layer) << "\ninput  " << x.rows() << " x " << x.cols() << "\noutput " << y.rows()
            << " x " << y.cols() << '\n';

  // The same output, with the gate: what each unit lets through for each sample. A cache keeps what
  // came before the activations, for the backward pass; here it shows that output = value ⊙ gate.
  const auto [output, gate] = layer(x, sluice::return_gate);
  sluice::SwiGLU<float>::Cache cache;
  Eigen::MatrixXf again;
  layer.forward(x, again, cache);
  const Eigen::MatrixXf product = cache.value().cwiseProduct(gate);
  const bool is_product = output.isApprox(product, 1e-6F);
  std::cout << "output = value * gate: " << (is_product ? "yes" : "NO") << "\n\n";

  const bool works = is_product && y == output && y == again && layer.parameter_count() == 620;
  std::cout << (works ? "quickstart: OK\n" : "quickstart: FAILED\n");
  return works ? 0 : 1;
}
