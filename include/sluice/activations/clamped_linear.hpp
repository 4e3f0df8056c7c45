// SPDX-License-Identifier: MIT
//
// The value half of gpt-oss: clamp(x, -limit, limit) + offset. https://github.com/openai/gpt-oss
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// clamp(x, -limit, limit) + offset: one rounding of the sum, so its error is 0.5 ULP. The
/// derivative is 1 up to and including the limits, 0 beyond, exactly.
struct ClampedLinear {
  static constexpr std::string_view name = "clamped_linear";
  static constexpr bool takes_half_packets = true;

  double limit = 7;
  double offset = 1;

  template <class T>
  SLUICE_ALWAYS_INLINE T value(const T& x) const {
    return T(simd::max(T(simd::min(x, T(limit))), T(-limit))) + T(offset);
  }

  template <class T>
  SLUICE_ALWAYS_INLINE T derivative(const T& x) const {
    const T a = simd::abs(x);
    return simd::select(a <= T(limit), T(1), simd::select(a > T(limit), T(0), x));
  }
};

SLUICE_NAMESPACE_END
