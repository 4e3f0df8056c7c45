// SPDX-License-Identifier: MIT
//
// Identity: x.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct Identity {
  static constexpr std::string_view name = "identity";

  template <class T>
  static T value(const T& x) {
    return x;
  }
  template <class T>
  static T derivative(const T& x) {
    static_cast<void>(x);
    return T(1);
  }
};

SLUICE_NAMESPACE_END
