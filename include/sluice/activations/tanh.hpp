// SPDX-License-Identifier: MIT
//
// Hyperbolic tangent.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct Tanh {
  static constexpr std::string_view name = "tanh";

  template <class T>
  static T value(const T& x) {
    return math::tanh(x);
  }
  template <class T>
  static T derivative(const T& x) {
    const T y = math::tanh(x);
    return (T(1) - y) * (T(1) + y);
  }
};

SLUICE_NAMESPACE_END
