// SPDX-License-Identifier: MIT
//
// Leaky ReLU: x for x > 0, slope·x otherwise.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// x for x > 0, slope·x otherwise; the derivative at 0 is the slope. Maximum error 1.5 ULP,
/// derivative 0.5 ULP, over all of float and double (in float the stored slope is rounded first).
struct LeakyReLU {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr bool takes_half_packets = true;

  double slope = 0.01;

  template <class T>
  SLUICE_ALWAYS_INLINE T value(const T& x) const {
    return simd::select(x > T(0), x, T(T(slope) * x));
  }

  template <class T>
  SLUICE_ALWAYS_INLINE T derivative(const T& x) const {
    return simd::select(x > T(0), T(1), simd::select(x <= T(0), T(slope), x));
  }
};

SLUICE_NAMESPACE_END
