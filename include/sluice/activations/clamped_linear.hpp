// SPDX-License-Identifier: MIT
//
// The value of gpt-oss: clamp(x, -limit, limit) + offset.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct ClampedLinear {
  static constexpr std::string_view name = "clamped_linear";
  double limit = 7;
  double offset = 1;

  template <class T>
  T value(const T& x) const {
    return simd::select(x > T(limit), T(limit), simd::select(x < T(-limit), T(-limit), x)) + T(offset);
  }
  template <class T>
  T derivative(const T& x) const {
    return simd::select(simd::abs(x) <= T(limit), T(1), simd::select(simd::abs(x) > T(limit), T(0), x));
  }
};

SLUICE_NAMESPACE_END
