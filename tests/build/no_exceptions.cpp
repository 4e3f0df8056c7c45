// SPDX-License-Identifier: MIT
//
// Compiled with -fno-exceptions -fno-rtti. Without an argument: forward and backward, then success.
// With one: an input of the wrong width, which must print the message and abort.
#include <sluice/sluice.hpp>

#include <cmath>
#include <cstdio>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this test is about a program without exceptions and RTTI"
#endif

int main(int argc, char**) {
  using Layer = sluice::GLU<float>;
  Layer layer(30, 10);
  layer.value_weight().setConstant(0.5F);

  if (argc > 1) {
    const Eigen::MatrixXf wrong = Eigen::MatrixXf::Ones(32, 31);
    Eigen::MatrixXf unreached = layer(wrong);
    return 0;
  }

  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(32, 30);
  Eigen::MatrixXf y(32, 10);
  Layer::Cache cache;
  layer.forward(x, y, cache);
  Layer::Gradients gradients(layer);
  Eigen::MatrixXf dx(32, 30);
  layer.backward(x, Eigen::MatrixXf::Ones(32, 10), cache, dx, gradients);

  // value = 30 · 0.5, gate = σ(0) = 1/2: y = 7.5, and dx = 10 units · 0.5 · 1/2.
  const bool right = std::abs(y(31, 9) - 7.5F) < 1e-4F && std::abs(dx(31, 29) - 2.5F) < 1e-4F;
  if (!right) std::fprintf(stderr, "y %g, dx %g\n", double(y(31, 9)), double(dx(31, 29)));
  return right ? 0 : 1;
}
