// SPDX-License-Identifier: MIT
//
// The gated feed-forward block as plainly as it can be written, in double: the plain gated layer of reference.hpp, then
// y = h·W₃ + b₃,  dh = dy·W₃ᵀ,  dW₃ = hᵀ·dy,  db₃ = column sums of dy.
#pragma once

#include "support/random.hpp"
#include "support/reference.hpp"

#include <cmath>

namespace test {

struct FeedForward {
  Matrix y, dx;
  Parameters gated;  // gradients
  Matrix output_weight;
  Eigen::RowVectorXd output_bias;
};

template <class Layer>
FeedForward feed_forward(const Matrix& x, const Matrix& dy, const Layer& layer, Function gate,
                         Function value = identity) {
  const Parameters p = parameters_of(layer.gated());
  const Matrix w = to_double(layer.output().weight());
  const Matrix h = forward(x, p, gate, value).output;
  FeedForward f;
  f.y = multiply(h, w);
  if (layer.has_bias()) f.y.rowwise() += to_double(layer.output().bias()).row(0);
  const Backward b = backward(x, multiply(dy, w.transpose()), p, gate, value);
  f.dx = b.dx;
  f.gated = b.gradients;
  f.output_weight = multiply(h.transpose(), dy);
  f.output_bias = Eigen::RowVectorXd::Zero(dy.cols());
  for (Index r = 0; r < dy.rows(); ++r) f.output_bias += dy.row(r);
  return f;
}

/// Weights so small that everything stays of order one; biases that are not zero, where there are any.
template <class Layer>
void fill_feed_forward(Random& random, Layer& layer) {
  random.fill_parameters(layer.gated());
  random.fill(layer.output().weight(), 1.3 / std::sqrt(static_cast<double>(layer.hidden())));
  random.fill(layer.output().bias(), 0.6);
}

}  // namespace test
