// SPDX-License-Identifier: MIT
//
// Identity: x. With it a gated layer is bilinear.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// x, exactly; the derivative is 1 for every x, NaN included.
struct Identity {
  static constexpr std::string_view name = "identity";
  static constexpr bool takes_half_packets = true;

  template <class T>
  SLUICE_ALWAYS_INLINE static T value(const T& x) {
    return x;
  }

  template <class T>
  SLUICE_ALWAYS_INLINE static T derivative(const T&) {
    return T(1);
  }
};

SLUICE_NAMESPACE_END
