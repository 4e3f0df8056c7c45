// SPDX-License-Identifier: MIT
//
// Hard sigmoid: clamp(x/6 + 1/2, 0, 1), computed as clamp(x + 3, 0, 6) / 6, which cancels nothing.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// clamp(x/6 + 1/2, 0, 1).
///
/// Maximum error 1.5 ULP, derivative (1/6 strictly inside, 0 outside) 0.5 ULP, over all of float
/// and double.
struct HardSigmoid {
  static constexpr std::string_view name = "hard_sigmoid";
  static constexpr bool takes_half_packets = true;

  template <class T>
  SLUICE_ALWAYS_INLINE static T value(const T& x) {
    return T(simd::max(T(simd::min(T(x + T(3)), T(6))), T(0))) / T(6);
  }

  template <class T>
  SLUICE_ALWAYS_INLINE static T derivative(const T& x) {
    const T a = simd::abs(x);
    return simd::select(a < T(3), T(T(1) / T(6)), simd::select(a >= T(3), T(0), x));
  }
};

SLUICE_NAMESPACE_END
