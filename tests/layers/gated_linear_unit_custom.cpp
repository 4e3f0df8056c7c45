// SPDX-License-Identifier: MIT
//
// Activations of a user's own: one text for packets and scalars, plain scalar functions, and one
// that carries numbers.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <cmath>

namespace {

/// For packets and scalars.
struct Cube {
  static constexpr std::string_view name = "cube";
  template <class T>
  static T value(const T& x) {
    return x * x * x;
  }
  template <class T>
  static T derivative(const T& x) {
    return T(3) * x * x;
  }
};

/// For plain scalars only: runs lane by lane.
struct Sine {
  static constexpr std::string_view name = "sine";
  static float value(float x) { return std::sin(x); }
  static float derivative(float x) { return std::cos(x); }
};

/// Carries a number, and cannot be made without one.
struct Scaled {
  static constexpr std::string_view name = "scaled";
  explicit Scaled(double factor) : factor_(factor) {}
  template <class T>
  T value(const T& x) const {
    return T(factor_) * x;
  }
  template <class T>
  T derivative(const T&) const {
    return T(factor_);
  }

 private:
  double factor_;
};

constexpr test::Function cube{[](double x) { return x * x * x; }, [](double x) { return 3 * x * x; }};
constexpr test::Function sine{[](double x) { return std::sin(x); }, [](double x) { return std::cos(x); }};
constexpr test::Function times_three{[](double x) { return 3 * x; }, [](double) { return 3.0; }};

template <class Layer>
void check(Layer layer, test::Function gate, test::Function value = test::identity) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  test::Random random(6);
  random.fill_parameters(layer);
  const Matrix x = random.template matrix<Matrix>(5, 3), dy = random.template matrix<Matrix>(5, 21);
  const auto parameters = test::parameters_of(layer);
  const auto want = test::backward(test::to_double(x), test::to_double(dy), parameters, gate, value);
  const auto forward = test::forward(test::to_double(x), parameters, gate, value);
  const double tolerance = 4 * test::rounding<Scalar>(24);
  CHECK(test::relative_error(layer(x), forward.output) < tolerance);
  CHECK(test::relative_error(layer(x.topRows(1)), forward.output.topRows(1)) < tolerance);
  Matrix dx;
  typename Layer::Gradients gradients(layer);
  layer.backward(x, dy, dx, gradients);
  CHECK(test::relative_error(dx, want.dx) < tolerance);
  CHECK(test::relative_error(gradients.value_weight(), want.gradients.value_weight) < tolerance);
  CHECK(test::relative_error(gradients.gate_weight(), want.gradients.gate_weight) < tolerance);
}

TEST_CASE("an activation of the user's own, for packets and scalars", "[layer][activations]") {
  check(sluice::GatedLinearUnit<float, Cube>(3, 21), cube);
  check(sluice::GatedLinearUnit<double, sluice::Gating<Cube, Cube>>(3, 21), cube, cube);
}

TEST_CASE("an activation of the user's own, for plain scalars", "[layer][activations]") {
  check(sluice::GatedLinearUnit<float, Sine>(3, 21), sine);
  check(sluice::GatedLinearUnit<float, sluice::Gating<Sine, Cube>>(3, 21), sine, cube);
}

TEST_CASE("activations that carry numbers", "[layer][activations]") {
  check(sluice::GatedLinearUnit<double, Scaled>(3, 21, {.activation = Scaled(3)}), times_three);
  using Layer = sluice::GatedLinearUnit<double, sluice::Gating<Scaled, Scaled>>;
  Layer layer(3, 21, {.activation = {.gate = Scaled(3), .value = Scaled(3)}});
  check(layer, times_three, times_three);
  const Layer other(3, 21, {.activation = {.gate = Scaled(2), .value = Scaled(5)}});
  CHECK(other.gating().gate.value(1.0) == 2);
  CHECK(other.gating().value.value(1.0) == 5);
  layer = other;  // the numbers belong to the layer and go where it goes
  CHECK(layer.gating().value.value(1.0) == 5);
}

TEST_CASE("the limits of gpt-oss's clamped SwiGLU can be changed", "[layer][activations]") {
  using Layer = sluice::ClampedSwiGLU<double>;
  constexpr auto expected = [](double v, double g, double alpha, double limit, double offset) {
    g = std::min(g, limit);
    v = std::clamp(v, -limit, limit);
    return (v + offset) * g / (1 + std::exp(-alpha * g));
  };
  Layer usual(1, 1);
  Layer changed(1, 1, {.activation = {.gate = {.alpha = 1.5, .limit = 2}, .value = {.limit = 3, .offset = 0.5}}});
  for (Layer* const layer : {&usual, &changed}) {
    layer->value_weight()(0, 0) = 2;
    layer->gate_weight()(0, 0) = 1;
  }
  for (const double x : {-9.0, -2.5, -0.5, 0.0, 1.0, 2.5, 9.0}) {
    const Eigen::MatrixXd input = Eigen::MatrixXd::Constant(1, 1, x);
    CHECK(usual(input)(0, 0) == Approx(expected(2 * x, x, 1.702, 7, 1)));
    const double g = std::min(x, 2.0), v = std::clamp(2 * x, -3.0, 3.0);
    CHECK(changed(input)(0, 0) == Approx((v + 0.5) * g / (1 + std::exp(-1.5 * g))));
  }
}

}  // namespace
