// SPDX-License-Identifier: MIT
//
// Sigmoid: 1 / (1 + exp(-x)).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct Sigmoid {
  static constexpr std::string_view name = "sigmoid";

  template <class T>
  static T value(const T& x) {
    return math::sigmoid(x);
  }
  template <class T>
  static T derivative(const T& x) {
    return math::sigmoid(x) * math::sigmoid(T(-x));
  }
};

SLUICE_NAMESPACE_END
