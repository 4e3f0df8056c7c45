// SPDX-License-Identifier: MIT
//
// Elementary functions for scalars, packets and automatic-differentiation scalars.
#pragma once

#include <sluice/core/simd.hpp>

#include <cmath>

SLUICE_NAMESPACE_BEGIN

namespace math {

/// A number that carries its derivatives, as Eigen::AutoDiffScalar does.
template <class T>
concept Differentiable = requires(T x) {
  x.value();
  x.derivatives();
};

/// function(x) with the chain rule for numbers that carry derivatives, lane by lane for packets.
template <class T, class Function, class Derivative>
T lift(const T& x, const Function& function, const Derivative& derivative) {
  if constexpr (Differentiable<T>) {
    T y = x;
    y.value() = lift(x.value(), function, derivative);
    y.derivatives() *= derivative(x.value());
    return y;
  } else if constexpr (simd::is_packet<T>) {
    return simd::map_lanes(x, function);
  } else {
    return function(x);
  }
}

template <class T>
T exp(const T& x) {
  return lift(
      x, [](const auto& v) { using std::exp; return exp(v); }, [](const auto& v) { return math::exp(v); });
}
template <class T>
T expm1(const T& x) {
  return lift(
      x, [](const auto& v) { using std::expm1; return expm1(v); }, [](const auto& v) { return math::exp(v); });
}
template <class T>
T log1p(const T& x) {
  return lift(
      x, [](const auto& v) { using std::log1p; return log1p(v); },
      [](const auto& v) { using V = std::decay_t<decltype(v)>; return V(V(1) / (V(1) + v)); });
}
template <class T>
T sigmoid(const T& x) {
  const T e = math::exp(T(-simd::abs(x)));
  return simd::select(x < T(0), e, T(1)) / (T(1) + e);
}
template <class T>
T tanh(const T& x) {
  return lift(
      x, [](const auto& v) { using std::tanh; return tanh(v); },
      [](const auto& v) { using V = std::decay_t<decltype(v)>; const V s = math::sigmoid(V(V(2) * v)); return V(V(4) * s * (V(1) - s)); });
}
template <class T>
T normal_pdf(const T& x) {
  return T(0.39894228040143267794) * math::exp(T(T(-0.5) * x * x));
}
template <class T>
T normal_cdf(const T& x) {
  return lift(
      x,
      [](const auto& v) {
        using std::erfc;
        using V = std::decay_t<decltype(v)>;
        return V(V(0.5) * erfc(V(-v * V(0.70710678118654752440))));
      },
      [](const auto& v) { return math::normal_pdf(v); });
}

}  // namespace math

SLUICE_NAMESPACE_END
