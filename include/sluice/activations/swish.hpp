// SPDX-License-Identifier: MIT
//
// Swish: x sigmoid(beta x).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct Swish {
  static constexpr std::string_view name = "swish";
  double beta = 1;

  template <class T>
  T value(const T& x) const {
    return x * math::sigmoid(T(T(beta) * x));
  }
  template <class T>
  T derivative(const T& x) const {
    return SiLU::derivative(T(T(beta) * x));
  }
};

SLUICE_NAMESPACE_END
