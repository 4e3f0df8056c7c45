// SPDX-License-Identifier: MIT
//
// A gated layer in five lines, then what else there is: the gate's values, the table of parameters,
// and a training step.
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
  Eigen::MatrixXf predicted;
  layer.forward(x, predicted, cache);
  const bool is_product = output.isApprox(cache.value().cwiseProduct(gate), 1e-6F);
  std::cout << "output = value * gate: " << (is_product ? "yes" : "NO") << "\n\n";

  // Training. The loss is the mean of (y - wanted)² / 2; its gradient by y goes in, the gradients
  // of all weights and biases come out, and gradient descent takes a step against them.
  const Eigen::MatrixXf wanted = x.leftCols(10).cwiseAbs();
  sluice::SwiGLU<float>::Gradients gradients(layer);
  Eigen::MatrixXf dy;
  float first_loss = 0, loss = 0;
  for (int step = 0; step <= 200; ++step) {
    layer.forward(x, predicted, cache);
    dy = (predicted - wanted) / static_cast<float>(wanted.size());
    loss = (predicted - wanted).squaredNorm() / static_cast<float>(2 * wanted.size());
    if (step == 0) first_loss = loss;
    if (step % 50 == 0) std::cout << "step " << step << "  loss " << loss << '\n';

    gradients.set_zero();  // backward adds to them
    layer.backward(x, dy, cache, gradients);
    layer.parameters() -= 5 * gradients.parameters();  // 5: the learning rate
  }

  const bool works = is_product && y.isApprox(output) && layer.parameter_count() == 620 && loss < first_loss / 10;
  std::cout << (works ? "quickstart: OK, the loss fell to a tenth and below\n" : "quickstart: FAILED\n");
  return works ? 0 : 1;
}
