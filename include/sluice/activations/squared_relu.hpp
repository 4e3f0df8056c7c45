// SPDX-License-Identifier: MIT
//
// Squared ReLU: max(x, 0)². So et al. (Primer), https://arxiv.org/abs/2109.08668
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// max(x, 0)², derivative 2·max(x, 0).
///
/// Maximum error 0.5 ULP, the derivative is exact, over all of float and double.
struct SquaredReLU {
  static constexpr std::string_view name = "squared_relu";
  static constexpr bool takes_half_packets = true;

  template <class T>
  SLUICE_ALWAYS_INLINE static T value(const T& x) {
    const T y = ReLU::value(x);
    return y * y;
  }

  template <class T>
  SLUICE_ALWAYS_INLINE static T derivative(const T& x) {
    const T y = ReLU::value(x);
    return y + y;
  }
};

SLUICE_NAMESPACE_END
