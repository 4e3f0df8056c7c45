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

/// Whole packets only: it names the type, and loads one. And another text for scalars.
struct WholePackets {
  static constexpr std::string_view name = "whole packets";
  static float value(float x) { return 2 * x + 1; }
  static float derivative(float) { return 2; }
  template <class T>
    requires sluice::simd::is_packet<T>
  static T value(const T& x) {
    alignas(T) float lanes[static_cast<std::size_t>(sluice::simd::Packet<float>::size)];
    sluice::simd::store(static_cast<float*>(lanes), x);
    for (float& lane : lanes) lane = value(lane);
    return sluice::simd::load(static_cast<const float*>(lanes));
  }
  template <class T>
    requires sluice::simd::is_packet<T>
  static T derivative(const T&) { return T(2.0f); }
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
  for (const int units : {1, 5, 8}) {  // one row of so few is gated in half a packet, if both activations say so
    check(sluice::GatedLinearUnit<float, Sine>(5, units));
    check(sluice::GatedLinearUnit<float, sluice::Gating<Scaled, sluice::SiLU>>(
        5, units, {.activation = {.gate = Scaled(3), .value = {}}}));
    check(sluice::GatedLinearUnit<float, WholePackets>(5, units));
    check(sluice::GatedLinearUnit<float, sluice::Gating<sluice::GELU, sluice::Tanh>>(5, units));
  }
  check(sluice::Dense<float, Sine>(5, 21));
  check(sluice::Dense<float, Scaled>(5, 21, {.activation = Scaled(2.5)}));
}

}  // namespace
