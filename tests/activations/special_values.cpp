// SPDX-License-Identifier: MIT
//
// NaN, infinities and zeros through every activation, in scalars and in packets.

#include "support/all_activations.hpp"
#include "support/catch.hpp"
#include "support/ulp.hpp"

#include <limits>
#include <string>

namespace {

/// What an activation gives at -infinity and +infinity.
struct Limits {
  double value_low, value_high, derivative_low, derivative_high;
};

template <class Scalar>
struct Both {
  Scalar value, derivative;
};

/// Scalar and packet, which must agree.
template <class Scalar, class Activation>
Both<Scalar> at(const Activation& activation, Scalar x) {
  using Packet = sluice::simd::Packet<Scalar>;
  Scalar value[Packet::size], derivative[Packet::size];
  sluice::simd::store(static_cast<Scalar*>(value), Packet(activation.value(Packet(x))));
  sluice::simd::store(static_cast<Scalar*>(derivative), Packet(activation.derivative(Packet(x))));
  const Both<Scalar> scalar{activation.value(x), activation.derivative(x)};
  for (int lane = 0; lane < Packet::size; ++lane) {
    CHECK(test::same_bits(value[lane], scalar.value));
    CHECK(test::same_bits(derivative[lane], scalar.derivative));
  }
  return scalar;
}

template <class Scalar, class Activation>
void check_scalar(const Activation& activation, const Limits& limits) {
  constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
  constexpr Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
  CAPTURE(std::string(activation.name), sizeof(Scalar));
  const Both<Scalar> low = at(activation, -infinity), high = at(activation, infinity), unknown = at(activation, nan);
  CHECK(test::same_bits(low.value, static_cast<Scalar>(limits.value_low)));
  CHECK(test::same_bits(high.value, static_cast<Scalar>(limits.value_high)));
  CHECK(test::same_bits(low.derivative, static_cast<Scalar>(limits.derivative_low)));
  CHECK(test::same_bits(high.derivative, static_cast<Scalar>(limits.derivative_high)));
  CHECK(std::isnan(unknown.value));
  if (activation.name != sluice::Identity::name) CHECK(std::isnan(unknown.derivative));

  // The largest finite numbers give the limit, never NaN.
  for (const Scalar x : {std::numeric_limits<Scalar>::lowest(), std::numeric_limits<Scalar>::max()}) {
    const Both<Scalar> finite = at(activation, x);
    CHECK(finite.value == finite.value);
    CHECK(finite.derivative == finite.derivative);
  }
}
template <class Activation>
void check(const Activation& activation, const Limits& limits) {
  check_scalar<float>(activation, limits);
  check_scalar<double>(activation, limits);
}

}  // namespace

TEST_CASE("infinities and NaN follow the formula", "[activations]") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  check(sluice::Identity{}, {-inf, inf, 1, 1});
  check(sluice::Sigmoid{}, {0, 1, 0, 0});
  check(sluice::HardSigmoid{}, {0, 1, 0, 0});
  check(sluice::Tanh{}, {-1, 1, 0, 0});
  check(sluice::ReLU{}, {0, inf, 0, 1});
  check(sluice::SquaredReLU{}, {0, inf, 0, inf});
  check(sluice::LeakyReLU{}, {-inf, inf, 0.01, 1});
  check(sluice::ELU{2}, {-2, inf, 0, 1});
  // x·σ(x) is -∞·0 at -∞, and the derivative contains ∞·0 at both.
  check(sluice::SiLU{}, {nan, inf, nan, nan});
  check(sluice::Swish{1.5}, {nan, inf, nan, nan});
  check(sluice::Swish{-1.5}, {-inf, nan, nan, nan});
  check(sluice::QuickGELU{}, {nan, inf, nan, nan});
  check(sluice::GELU{}, {nan, inf, nan, nan});
  check(sluice::GELUTanh{}, {nan, inf, nan, nan});
  check(sluice::Softplus{}, {0, inf, 0, 1});
  check(sluice::Softplus{0.25}, {0, inf, 0, 1});
  check(sluice::ClampedSiLU{1.0, 0.0}, {nan, 0, nan, 0});
  check(sluice::ClampedLinear{}, {-6, 8, 0, 0});
}

TEST_CASE("odd functions keep the sign of zero", "[activations]") {
  const auto check = [](const auto& activation) {
    CAPTURE(std::string(activation.name));
    CHECK(test::same_bits(at(activation, -0.0f).value, -0.0f));
    CHECK(test::same_bits(at(activation, 0.0f).value, 0.0f));
    CHECK(test::same_bits(at(activation, -0.0).value, -0.0));
  };
  check(sluice::Identity{});
  check(sluice::Tanh{});
  check(sluice::LeakyReLU{});
  check(sluice::SiLU{});
  check(sluice::Swish{0.5});
  check(sluice::GELU{});
  check(sluice::GELUTanh{});
  check(sluice::QuickGELU{});
}

TEST_CASE("ReLU has one zero", "[activations]") {
  CHECK(test::same_bits(at(sluice::ReLU{}, -0.0f).value, 0.0f));
  CHECK(test::same_bits(at(sluice::ReLU{}, -0.0).value, 0.0));
  CHECK(test::same_bits(at(sluice::SquaredReLU{}, -0.0f).derivative, 0.0f));
}

namespace {

/// Where σ rounds to 1, x·σ is x to the last bit: also where its exponents reach their end.
template <class Scalar, class Activation>
void check_identity_above(const Activation& activation, double low, double high) {
  const auto is_itself = [&](Scalar x) { return test::same_bits(at(activation, x).value, x); };
  for (int i = 0; i <= 1000; ++i) {
    const auto x = static_cast<Scalar>(low + (high - low) * i / 1000);
    CAPTURE(std::string(activation.name), sizeof(Scalar), x);
    CHECK(is_itself(x));
  }
  for (const double x : {1e5, 1e10, 1e30}) CHECK(is_itself(static_cast<Scalar>(x)));
  CHECK(is_itself(std::numeric_limits<Scalar>::max()));
}

}  // namespace

TEST_CASE("large arguments of SiLU and GELUTanh are their own result", "[activations]") {
  check_identity_above<float>(sluice::SiLU{}, 20, 200);
  check_identity_above<double>(sluice::SiLU{}, 40, 1500);
  check_identity_above<float>(sluice::GELUTanh{}, 6, 15);
  check_identity_above<double>(sluice::GELUTanh{}, 8, 30);
}
