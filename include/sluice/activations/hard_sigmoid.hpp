// SPDX-License-Identifier: MIT
//
// Hard sigmoid: clamp(x/6 + 1/2, 0, 1).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct HardSigmoid {
  static constexpr std::string_view name = "hard_sigmoid";

  template <class T>
  static T value(const T& x) {
    const T y = x + T(3);
    return T(simd::select(y < T(0), T(0), simd::select(y > T(6), T(6), y))) / T(6);
  }
  template <class T>
  static T derivative(const T& x) {
    return simd::select(simd::abs(x) < T(3), T(T(1) / T(6)), simd::select(simd::abs(x) >= T(3), T(0), x));
  }
};

SLUICE_NAMESPACE_END
