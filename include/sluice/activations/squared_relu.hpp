// SPDX-License-Identifier: MIT
//
// Squared ReLU: max(x, 0)^2.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct SquaredReLU {
  static constexpr std::string_view name = "squared_relu";

  template <class T>
  static T value(const T& x) {
    const T y = ReLU::value(x);
    return y * y;
  }
  template <class T>
  static T derivative(const T& x) {
    return T(2) * ReLU::value(x);
  }
};

SLUICE_NAMESPACE_END
