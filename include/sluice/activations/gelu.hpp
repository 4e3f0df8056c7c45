// SPDX-License-Identifier: MIT
//
// GELU, exact: x Phi(x).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct GELU {
  static constexpr std::string_view name = "gelu";

  template <class T>
  static T value(const T& x) {
    return x * math::normal_cdf(x);
  }
  template <class T>
  static T derivative(const T& x) {
    return math::normal_cdf(x) + x * math::normal_pdf(x);
  }
};

SLUICE_NAMESPACE_END
