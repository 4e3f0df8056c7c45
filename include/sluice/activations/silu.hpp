// SPDX-License-Identifier: MIT
//
// SiLU: x sigmoid(x).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct SiLU {
  static constexpr std::string_view name = "silu";

  template <class T>
  static T value(const T& x) {
    return x * math::sigmoid(x);
  }
  template <class T>
  static T derivative(const T& x) {
    return math::sigmoid(x) * (T(1) + x * math::sigmoid(T(-x)));
  }
};

SLUICE_NAMESPACE_END
