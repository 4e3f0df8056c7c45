// SPDX-License-Identifier: MIT
//
// Rectified linear unit: max(x, 0).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// max(x, 0), exactly; max(NaN, 0) is NaN. The derivative is 0 at x = 0 and NaN for NaN.
struct ReLU {
  static constexpr std::string_view name = "relu";
  static constexpr bool takes_half_packets = true;

  template <class T>
  SLUICE_ALWAYS_INLINE static T value(const T& x) {
    return simd::max(x, T(0)) + T(0);  // the sum makes -0 a +0, whatever the target's max does
  }

  template <class T>
  SLUICE_ALWAYS_INLINE static T derivative(const T& x) {
    return simd::select(x > T(0), T(1), simd::select(x <= T(0), T(0), x));
  }
};

SLUICE_NAMESPACE_END
