// SPDX-License-Identifier: MIT
//
// The gate of gpt-oss: y sigmoid(alpha y), y = min(x, limit).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/swish.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct ClampedSiLU {
  static constexpr std::string_view name = "clamped_silu";
  double alpha = 1.702;
  double limit = 7;

  template <class T>
  T value(const T& x) const {
    return Swish{alpha}.value(T(simd::select(x > T(limit), T(limit), x)));
  }
  template <class T>
  T derivative(const T& x) const {
    return simd::select(x > T(limit), T(0), Swish{alpha}.derivative(x));
  }
};

SLUICE_NAMESPACE_END
