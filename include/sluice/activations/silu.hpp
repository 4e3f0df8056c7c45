// SPDX-License-Identifier: MIT
//
// SiLU (Swish with β = 1): x·σ(x). Elfwing et al., https://arxiv.org/abs/1702.03118
//
// The derivative σ(x)·(1 + x·σ(-x)) crosses zero at x0 = -1 - W(1/e) = -1.278…; core/math.hpp says
// how it keeps its relative accuracy there.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// 1 + e^x0 + x0 = 0, v' = 1: linear = d, 1 + x·v' = 1 + v.
template <class T>
SLUICE_ALWAYS_INLINE math::Bracket<T> silu_bracket(const math::TwoPart<T>& v) {
  using C = math::CoefficientsOf<T>;
  const T d = T(v.hi - T(C::silu_root_hi)) + T(v.lo - T(C::silu_root_lo));
  const T one_plus_v = T(v.hi + T(1)) + v.lo;  // the first sum is exact for v ≤ -1/2
  return {d, d, T(C::silu_root_exp), one_plus_v};
}

/// The derivative of v·σ(v) with respect to v, for v in two parts and |v| ≤ largest_exponent.
template <class T>
SLUICE_ALWAYS_INLINE T silu_slope(const math::TwoPart<T>& v) {
  const math::Bracket<T> bracket = silu_bracket(v);
  return math::gated_slope(v, bracket.rest, bracket);
}

}  // namespace detail

/// x·σ(x).
///
/// Maximum error 3.5 ULP, derivative 4 ULP, over all of float and double, the root of the
/// derivative and subnormal results included. As in the formula, the value at -∞ is -∞·0 = NaN, and
/// the derivative at ±∞ is NaN.
struct SiLU {
  static constexpr std::string_view name = "silu";
  static constexpr bool takes_half_packets = true;

  template <class T>
  SLUICE_ALWAYS_INLINE static T value(const T& x) {
    using C = math::CoefficientsOf<T>;
    return math::logistic(x, math::bounded_factor(x, C::largest_exponent));
  }

  template <class T>
  SLUICE_ALWAYS_INLINE static T derivative(const T& x) {
    using C = math::CoefficientsOf<T>;
    const T v = math::bounded(x, -C::largest_exponent, C::largest_exponent);
    return math::nan_unless_finite(x, detail::silu_slope(math::TwoPart<T>{v, T(0)}));
  }

  /// Both at once, each with a maximum error of 1 ULP more: what a backward pass needs.
  template <class T>
  SLUICE_ALWAYS_INLINE static ValueAndDerivative<T> value_and_derivative(const T& x) {
    using C = math::CoefficientsOf<T>;
    const math::TwoPart<T> v{math::bounded(x, -C::largest_exponent, C::largest_exponent), T(0)};
    const auto bracket = detail::silu_bracket(v);
    const auto both = math::gated_value_and_slope(x, v, bracket.rest, bracket);
    return {both.value, math::nan_unless_finite(x, both.slope)};
  }
};

SLUICE_NAMESPACE_END
