// SPDX-License-Identifier: MIT
//
// Exponential linear unit: x for x > 0, α·(e^x - 1) otherwise.
// Clevert et al., https://arxiv.org/abs/1511.07289
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// x for x > 0, α·(e^x - 1) otherwise; derivative 1 or α·e^x.
///
/// Maximum error 2.5 ULP, derivative 3 ULP, over all of float and double.
struct ELU {
  static constexpr std::string_view name = "elu";
  static constexpr bool takes_half_packets = true;

  double alpha = 1;

  template <class T>
  SLUICE_ALWAYS_INLINE T value(const T& x) const {
    return simd::select(x > T(0), x, T(T(alpha) * math::expm1(T(simd::min(x, T(0))))));
  }

  template <class T>
  SLUICE_ALWAYS_INLINE T derivative(const T& x) const {
    const T y = math::bounded(T(simd::min(x, T(0))), -math::CoefficientsOf<T>::largest_exponent, 0);
    const math::ScaledExp<T> e = math::scaled_exp(y);
    return simd::select(x > T(0), T(1), T(T(alpha) * e.mantissa * e.root * e.root));
  }
};

SLUICE_NAMESPACE_END
