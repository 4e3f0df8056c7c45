// SPDX-License-Identifier: MIT
//
// ReLU: max(x, 0).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct ReLU {
  static constexpr std::string_view name = "relu";

  template <class T>
  static T value(const T& x) {
    return simd::select(x < T(0), T(0), x);
  }
  template <class T>
  static T derivative(const T& x) {
    return simd::select(x > T(0), T(1), simd::select(x <= T(0), T(0), x));
  }
};

SLUICE_NAMESPACE_END
