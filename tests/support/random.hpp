// SPDX-License-Identifier: MIT
//
// Random matrices from a printed seed: uniform in [-1, 1), the same numbers with every standard
// library.
#pragma once

#include "support/engine.hpp"

#include <Eigen/Core>

#include <cmath>
#include <cstdint>
#include <random>

namespace test {

using Eigen::Index;

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  double number() { return static_cast<double>(engine_()) / 2147483648.0 - 1.0; }
  Index index(Index first, Index last) {
    return first + static_cast<Index>(engine_() % static_cast<std::uint32_t>(last - first + 1));
  }

  /// Fills anything that can be written to, scaled.
  template <class Derived>
  void fill(const Eigen::DenseBase<Derived>& target, double scale = 1) {
    auto& m = const_cast<Eigen::DenseBase<Derived>&>(target).derived();  // so that temporary maps and blocks bind
    for (Index i = 0; i < m.rows(); ++i) {
      for (Index j = 0; j < m.cols(); ++j) m(i, j) = static_cast<typename Derived::Scalar>(scale * number());
    }
  }
  template <class Matrix>
  Matrix matrix(Index rows, Index cols, double scale = 1) {
    Matrix m(rows, cols);
    fill(m, scale);
    return m;
  }
  /// Weights so small that pre-activations stay of order one, biases that are not zero.
  template <class Layer>
  void fill_parameters(Layer& layer) {
    const double scale = 1.7 / std::sqrt(static_cast<double>(layer.input_dim()));
    fill(layer.value_weight(), scale);
    fill(layer.gate_weight(), 1.2 * scale);
    fill(layer.value_bias(), 0.5);
    fill(layer.gate_bias(), 0.8);
  }

 private:
  std::mt19937 engine_;
};

}  // namespace test
