// SPDX-License-Identifier: MIT
//
// QuickGELU: x·σ(1.702·x), the sigmoid approximation of GELU. Hendrycks and Gimpel,
// https://arxiv.org/abs/1606.08415
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/swish.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

/// x·σ(1.702·x), where 1.702 is that number and not the nearest scalar.
///
/// Maximum error 3.5 ULP, derivative 5 ULP, over all of float and double. Infinities as SiLU.
struct QuickGELU {
  static constexpr std::string_view name = "quick_gelu";
  static constexpr bool takes_half_packets = true;

  template <class T>
  SLUICE_ALWAYS_INLINE static T value(const T& x) {
    using C = math::CoefficientsOf<T>;
    return detail::swish_value(x, 1.702, math::two_part<T>(C::quick_gelu_beta_hi, C::quick_gelu_beta_lo));
  }

  template <class T>
  SLUICE_ALWAYS_INLINE static T derivative(const T& x) {
    using C = math::CoefficientsOf<T>;
    return detail::swish_derivative(x, 1.702, math::two_part<T>(C::quick_gelu_beta_hi, C::quick_gelu_beta_lo));
  }
};

SLUICE_NAMESPACE_END
