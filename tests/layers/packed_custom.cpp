// SPDX-License-Identifier: MIT
//
// Packed layers with activations of both halves, and with activations of a user's own: the bits of the layer.
#include "layers/packed_trial.hpp"

#include <cmath>

namespace {

using test::difference_from;

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

template <class Layer>
void check(Layer layer) {
  test::Random random(46);
  test::fill_layer(random, layer);
  // Beyond the borders of clamps; 21 units are whole vectors and a tail.
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(9, 5, 6);
  CHECK(difference_from(layer, x) == "");
  CHECK(difference_from(layer, x.topRows(1)) == "");
}

TEST_CASE("packed: activations of both halves", "[packed][activations]") {
  check(sluice::GatedLinearUnit<float, sluice::Gating<sluice::Sigmoid, sluice::Tanh>>(5, 21));
  check(sluice::ClampedSwiGLU<float>(
      5, 21, {.activation = {.gate = {.alpha = 1.5, .limit = 2}, .value = {.limit = 1.25, .offset = 0.5}}}));
}

TEST_CASE("packed: activations of the user's own", "[packed][activations]") {
  check(sluice::GatedLinearUnit<float, Sine>(5, 21));
  check(sluice::GatedLinearUnit<float, sluice::Gating<Sine, sluice::Tanh>>(5, 21));
  check(sluice::GatedLinearUnit<float, sluice::Gating<Scaled, Sine>>(5, 21,
                                                                     {.activation = {.gate = Scaled(3), .value = {}}}));
  check(sluice::Dense<float, Sine>(5, 21));
  check(sluice::Dense<float, Scaled>(5, 21, {.activation = Scaled(2.5)}));
}

}  // namespace
