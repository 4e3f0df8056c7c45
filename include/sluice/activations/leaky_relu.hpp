// SPDX-License-Identifier: MIT
//
// Leaky ReLU: x for x > 0, slope x otherwise.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct LeakyReLU {
  static constexpr std::string_view name = "leaky_relu";
  double slope = 0.01;

  template <class T>
  T value(const T& x) const {
    return simd::select(x < T(0), T(T(slope) * x), x);
  }
  template <class T>
  T derivative(const T& x) const {
    return simd::select(x > T(0), T(1), simd::select(x <= T(0), T(slope), x));
  }
};

SLUICE_NAMESPACE_END
