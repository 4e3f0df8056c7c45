// SPDX-License-Identifier: MIT
//
// The gated layer once more, as plainly as it can be written: three loops, in double, sharing no
// line with the library.
//
//   v = x·W₁ + b₁,  g = x·W₂ + b₂,  y = value(v)·gate(g)
//   dv = dy·gate(g)·value'(v),  dg = dy·value(v)·gate'(g),  dW₁ = xᵀ·dv, …, dx = dv·W₁ᵀ + dg·W₂ᵀ
#pragma once

#include "support/matchers.hpp"

#include <Eigen/Core>

#include <cmath>

namespace test {

using Matrix = Eigen::MatrixXd;

/// A function and its derivative.
struct Function {
  double (*value)(double);
  double (*derivative)(double);
};

inline constexpr Function identity{[](double x) { return x; }, [](double) { return 1.0; }};
inline constexpr Function sigmoid{[](double x) { return 1 / (1 + std::exp(-x)); },
                                  [](double x) { return 1 / ((1 + std::exp(-x)) * (1 + std::exp(x))); }};
inline constexpr Function tanh{[](double x) { return std::tanh(x); },
                               [](double x) { return 1 / (std::cosh(x) * std::cosh(x)); }};
// NaN stays NaN, in the derivative as well.
inline constexpr Function relu{[](double x) { return x < 0 ? 0.0 : x; },
                               [](double x) { return x > 0 ? 1.0 : (x <= 0 ? 0.0 : x); }};
inline constexpr Function silu{[](double x) { return x / (1 + std::exp(-x)); },
                               [](double x) { return sigmoid.value(x) + x * sigmoid.derivative(x); }};
inline constexpr Function gelu{[](double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; },
                               [](double x) {
                                 return std::erfc(-x / std::sqrt(2.0)) / 2 +
                                        x * std::exp(-x * x / 2) / std::sqrt(8 * std::atan(1.0));
                               }};

/// What a layer holds.
struct Parameters {
  Matrix value_weight, gate_weight;          // (input_dim × units)
  Eigen::RowVectorXd value_bias, gate_bias;  // (1 × units), zero without bias
};

template <class Layer>
Parameters parameters_of(const Layer& layer) {
  Parameters p{to_double(layer.value_weight()), to_double(layer.gate_weight()), {}, {}};
  if (layer.has_bias()) {
    p.value_bias = to_double(layer.value_bias());
    p.gate_bias = to_double(layer.gate_bias());
  } else {
    p.value_bias.setZero(layer.units());
    p.gate_bias.setZero(layer.units());
  }
  return p;
}

struct Forward {
  Matrix value, gate;  // pre-activations
  Matrix activated;    // gate(g)
  Matrix output;
};

inline Matrix multiply(const Matrix& a, const Matrix& b) {
  Matrix c = Matrix::Zero(a.rows(), b.cols());
  for (Index j = 0; j < b.cols(); ++j) {
    double* const to = c.col(j).data();  // a pointer: each element checked by assertions and sanitizers took minutes
    for (Index k = 0; k < a.cols(); ++k) {
      const double* const from = a.col(k).data();
      const double factor = b(k, j);
      for (Index i = 0; i < a.rows(); ++i) to[i] += from[i] * factor;
    }
  }
  return c;
}

inline Forward forward(const Matrix& x, const Parameters& p, Function gate, Function value = identity) {
  Forward f{multiply(x, p.value_weight), multiply(x, p.gate_weight), {}, {}};
  f.activated.resize(f.value.rows(), f.value.cols());
  f.output = f.activated;
  for (Index i = 0; i < f.value.rows(); ++i) {
    for (Index j = 0; j < f.value.cols(); ++j) {
      f.value(i, j) += p.value_bias(j);
      f.gate(i, j) += p.gate_bias(j);
      f.activated(i, j) = gate.value(f.gate(i, j));
      f.output(i, j) = value.value(f.value(i, j)) * f.activated(i, j);
    }
  }
  return f;
}

struct Backward {
  Parameters gradients;
  Matrix dx;
};

inline Backward backward(const Matrix& x, const Matrix& dy, const Parameters& p, Function gate,
                         Function value = identity) {
  const Forward f = forward(x, p, gate, value);
  Matrix dv(dy.rows(), dy.cols()), dg(dy.rows(), dy.cols());
  Backward b{{{}, {}, Eigen::RowVectorXd::Zero(dy.cols()), Eigen::RowVectorXd::Zero(dy.cols())}, {}};
  for (Index i = 0; i < dy.rows(); ++i) {
    for (Index j = 0; j < dy.cols(); ++j) {
      dv(i, j) = dy(i, j) * f.activated(i, j) * value.derivative(f.value(i, j));
      dg(i, j) = dy(i, j) * value.value(f.value(i, j)) * gate.derivative(f.gate(i, j));
      b.gradients.value_bias(j) += dv(i, j);
      b.gradients.gate_bias(j) += dg(i, j);
    }
  }
  b.gradients.value_weight = multiply(x.transpose(), dv);
  b.gradients.gate_weight = multiply(x.transpose(), dg);
  b.dx = multiply(dv, p.value_weight.transpose()) + multiply(dg, p.gate_weight.transpose());
  return b;
}

}  // namespace test
