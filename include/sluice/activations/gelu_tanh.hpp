// SPDX-License-Identifier: MIT
//
// GELU, tanh approximation: x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct GELUTanh {
  static constexpr std::string_view name = "gelu_tanh";

  template <class T>
  static T value(const T& x) {
    const T v = T(1.5957691216057308) * x * (T(1) + T(0.044715) * x * x);
    return x * math::sigmoid(v);
  }
  template <class T>
  static T derivative(const T& x) {
    const T v = T(1.5957691216057308) * x * (T(1) + T(0.044715) * x * x);
    const T slope = T(1.5957691216057308) * (T(1) + T(0.134145) * x * x);
    return math::sigmoid(v) * (T(1) + x * slope * math::sigmoid(T(-v)));
  }
};

SLUICE_NAMESPACE_END
