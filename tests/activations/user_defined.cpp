// SPDX-License-Identifier: MIT
//
// Activations from outside the library: one that is written for packets, one that knows a single
// scalar type.

#include <sluice/activations/activation.hpp>

#include "support/catch.hpp"

#include <cmath>
#include <string_view>

namespace {

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

struct ScalarSine {
  static constexpr std::string_view name = "sine";
  float frequency = 1;
  float value(float x) const { return std::sin(frequency * x); }
  float derivative(float x) const { return frequency * std::cos(frequency * x); }
};

struct NoDerivative {
  static constexpr std::string_view name = "no derivative";
  static float value(float x) { return x; }
};

static_assert(sluice::Activation<Cube>);
static_assert(sluice::Activation<Cube, double>);
static_assert(sluice::Activation<ScalarSine>);
static_assert(!sluice::Activation<NoDerivative>);
static_assert(!sluice::Activation<int>);

}  // namespace

TEST_CASE("a user's activation runs in packets", "[activations]") {
  using Packet = sluice::simd::Packet<float>;
  float x[Packet::size], cube[Packet::size], sine[Packet::size], slope[Packet::size];
  for (int i = 0; i < Packet::size; ++i) x[i] = 0.25f * static_cast<float>(i) - 0.4f;
  const Packet in = sluice::simd::load(static_cast<const float*>(x));
  const ScalarSine activation{2};
  sluice::simd::store(static_cast<float*>(cube), sluice::detail::activation_value(Cube{}, in));
  sluice::simd::store(static_cast<float*>(sine), sluice::detail::activation_value(activation, in));
  sluice::simd::store(static_cast<float*>(slope), sluice::detail::activation_derivative(activation, in));
  for (int i = 0; i < Packet::size; ++i) {
    CHECK(cube[i] == x[i] * x[i] * x[i]);
    CHECK(sine[i] == activation.value(x[i]));
    CHECK(slope[i] == activation.derivative(x[i]));
  }
}
