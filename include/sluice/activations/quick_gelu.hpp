// SPDX-License-Identifier: MIT
//
// QuickGELU: x sigmoid(1.702 x).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct QuickGELU {
  static constexpr std::string_view name = "quick_gelu";

  template <class T>
  static T value(const T& x) {
    return x * math::sigmoid(T(T(1.702) * x));
  }
  template <class T>
  static T derivative(const T& x) {
    return SiLU::derivative(T(T(1.702) * x));
  }
};

SLUICE_NAMESPACE_END
