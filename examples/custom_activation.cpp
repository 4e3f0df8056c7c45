// SPDX-License-Identifier: MIT
//
// Activations of your own, in the three ways there are. An activation has a name, a value and a
// derivative; the layer asks for nothing else. Each one is checked on the spot: its derivative
// against finite differences, the layer's output against the formula, and the layer's gradients
// against finite differences of the whole layer.
#include <sluice/sluice.hpp>

#include <sluice/activations/tanh.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>

// 1. Written once for scalars and packets: T is float, double, … or a vector register of them.
//    Arithmetic and T(number) work on both; sluice::simd has select, abs, min, max and fma, and the
//    activations that exist can be called, too (see 3). This is the fast way.
struct Bell {
  static constexpr std::string_view name = "bell";  // 1 / (1 + x²): open for small gates only

  template <class T>
  static T value(const T& x) {
    return T(1) / (T(1) + x * x);
  }
  template <class T>
  static T derivative(const T& x) {
    const T y = value(x);
    return T(-2) * x * y * y;
  }
};

// 2. Plain functions of a float, with anything from <cmath> in them. They run lane by lane: nothing
// to learn, not so fast.
struct Mish {
  static constexpr std::string_view name = "mish";  // x · tanh(softplus(x))

  static float softplus(float x) { return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x))); }
  static float value(float x) { return x * std::tanh(softplus(x)); }
  static float derivative(float x) {
    const float s = softplus(x), c = std::cosh(s);
    return std::tanh(s) + x / (c * c) / (1 + std::exp(-x));
  }
};

// 3. With numbers of its own, which the layer carries, and on top of an activation that exists.
struct SoftCap {
  static constexpr std::string_view name = "soft_cap";  // cap · tanh(x / cap)
  float cap = 30;

  template <class T>
  T value(const T& x) const {
    return T(cap) * sluice::Tanh::value(T(x / T(cap)));
  }
  template <class T>
  T derivative(const T& x) const {
    return sluice::Tanh::derivative(T(x / T(cap)));
  }
};

// The largest difference between the derivative and (f(x + h) - f(x - h)) / 2h.
template <class Activation>
float derivative_error(const Activation& f) {
  const float h = 1.0F / 64;
  float error = 0;
  for (float x = -8; x <= 8; x += 0.05F) {
    const float difference = (f.value(x + h) - f.value(x - h)) / (2 * h);
    error = std::max(error, std::abs(f.derivative(x) - difference));
  }
  return error;
}

// Runs a layer and holds it against its formula and against finite differences.
template <class Layer>
bool check(Layer layer, float activation_error, std::mt19937& rng) {
  sluice::initialize(layer, sluice::TorchLinear{}, rng);
  const Eigen::MatrixXf x = 2 * Eigen::MatrixXf::Random(19, layer.input_dim());
  const Eigen::MatrixXf y = layer(x);

  const auto& [gate, value] = layer.gating();
  Eigen::MatrixXf expected(x.rows(), layer.units());
  for (Eigen::Index i = 0; i < expected.size(); ++i) {
    const Eigen::Index row = i % expected.rows(), unit = i / expected.rows();
    const float v = x.row(row).dot(layer.value_weight().col(unit)) + layer.value_bias()(unit);
    const float g = x.row(row).dot(layer.gate_weight().col(unit)) + layer.gate_bias()(unit);
    expected(row, unit) = value.value(v) * gate.value(g);
  }
  const float output_error = (y - expected).norm() / expected.norm();

  // The loss is the sum of all outputs. Its change along any direction is the gradient's product
  // with that direction.
  typename Layer::Gradients gradients(layer);
  Eigen::MatrixXf dx;
  layer.backward(x, Eigen::MatrixXf::Ones(y.rows(), y.cols()), dx, gradients);
  const Eigen::RowVectorXf direction = gradients.parameters() / gradients.parameters().norm();
  const float h = 1.0F / 64;
  Layer ahead = layer, behind = layer;
  ahead.parameters() += h * direction;
  behind.parameters() -= h * direction;
  const float difference = (ahead(x) - behind(x)).sum() / (2 * h);
  const float slope = gradients.parameters().dot(direction);
  const float gradient_error = std::abs(difference - slope) / std::abs(slope);

  std::cout << sluice::summary(layer) << "  derivative - finite difference: " << activation_error
            << "\n  output - formula, relative:     " << output_error
            << "\n  gradient - finite difference:   " << gradient_error << "\n\n";
  return activation_error < 1e-3F && output_error < 1e-5F && gradient_error < 1e-2F;
}

int main() {
  using sluice::GatedLinearUnit;
  std::mt19937 rng(7);

  const bool packets = check(GatedLinearUnit<float, Bell>(30, 10), derivative_error(Bell{}), rng);
  const bool scalars = check(GatedLinearUnit<float, Mish>(30, 10), derivative_error(Mish{}), rng);

  // An activation for each half: a sigmoid gate, and the value capped at ±1.5.
  using Capped = sluice::Gating<sluice::Sigmoid, SoftCap>;
  const Capped capped{.gate = {}, .value = {.cap = 1.5F}};
  const bool numbers =
      check(GatedLinearUnit<float, Capped>(30, 10, {.activation = capped}), derivative_error(capped.value), rng);

  const bool works = packets && scalars && numbers;
  std::cout << (works ? "custom_activation: OK, three activations agree with finite differences\n"
                      : "custom_activation: FAILED\n");
  return works ? 0 : 1;
}
