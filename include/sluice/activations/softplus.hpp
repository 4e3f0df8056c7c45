// SPDX-License-Identifier: MIT
//
// Softplus: log(1 + exp(beta x)) / beta.
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/core/math.hpp>

SLUICE_NAMESPACE_BEGIN

struct Softplus {
  static constexpr std::string_view name = "softplus";
  double beta = 1;

  template <class T>
  T value(const T& x) const {
    return ReLU::value(x) + math::log1p(math::exp(T(-simd::abs(T(T(beta) * x))))) / T(beta);
  }
  template <class T>
  T derivative(const T& x) const {
    return math::sigmoid(T(T(beta) * x));
  }
};

SLUICE_NAMESPACE_END
