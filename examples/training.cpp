// SPDX-License-Identifier: MIT
//
// A gated layer learns |x|: forward with a cache, the gradient of the loss, backward, a step of gradient descent.
//
//   L = Σ (y - wanted)² / 2n,   ∂L/∂y = (y - wanted) / n
#include <sluice/sluice.hpp>

#include <iostream>
#include <random>

int main() {
  std::mt19937 rng(42);
  sluice::SwiGLU<float> layer(/*input_dim*/ 30, /*units*/ 10);
  sluice::initialize(layer, sluice::GlorotUniform{}, rng);
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(32, 30);
  const Eigen::MatrixXf wanted = x.leftCols(10).cwiseAbs();

  sluice::SwiGLU<float>::Cache cache;  // what backward needs of forward
  sluice::SwiGLU<float>::Gradients gradients(layer);
  Eigen::MatrixXf y, dy;  // their memory is obtained once
  float first_loss = 0, loss = 0;
  for (int step = 0; step <= 200; ++step) {
    layer.forward(x, y, cache);
    dy = y - wanted;
    loss = dy.squaredNorm() / static_cast<float>(2 * dy.size());
    if (step == 0) first_loss = loss;
    if (step % 50 == 0) std::cout << "step " << step << "  loss " << loss << '\n';

    dy /= static_cast<float>(dy.size());
    gradients.set_zero();  // backward adds to them
    layer.backward(x, dy, cache, gradients);
    layer.parameters() -= 5 * gradients.parameters();  // 5: the learning rate
  }

  const bool works = loss < first_loss / 10;
  std::cout << (works ? "training: OK, the loss fell to a tenth and below\n" : "training: FAILED\n");
  return works ? 0 : 1;
}
