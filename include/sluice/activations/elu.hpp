// SPDX-License-Identifier: MIT
//
// ELU: x for x > 0, alpha (exp(x) - 1) otherwise.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct ELU {
  static constexpr std::string_view name = "elu";
  double alpha = 1;

  template <class T>
  T value(const T& x) const {
    return simd::select(x > T(0), x, T(T(alpha) * math::expm1(x)));
  }
  template <class T>
  T derivative(const T& x) const {
    return simd::select(x > T(0), T(1), T(T(alpha) * math::exp(x)));
  }
};

SLUICE_NAMESPACE_END
