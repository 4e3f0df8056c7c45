// SPDX-License-Identifier: MIT
//
// The activations and their derivatives as the textbook writes them, in a wider type: what the
// library is measured against.
//
// The wider type is long double: 11 bits more than double on x86, 60 bits more on 64-bit ARM. With
// SLUICE_REFERENCE_QUAD (GCC on x86, link with -lquadmath) it is __float128. Where the textbook
// formula loses more bits than the type has to spare, `trusted` says so;
// tests/activations/golden.cpp covers these places with 60-digit values.
#pragma once

#include <cmath>
#include <limits>
#include <utility>

#if defined(SLUICE_REFERENCE_QUAD)
#include <quadmath.h>
#endif

namespace reference {

#if defined(SLUICE_REFERENCE_QUAD)
using Real = __float128;
inline constexpr int real_digits = 113;
inline Real exp(Real x) { return expq(x); }
inline Real expm1(Real x) { return expm1q(x); }
inline Real log1p(Real x) { return log1pq(x); }
inline Real tanh(Real x) { return tanhq(x); }
inline Real erfc(Real x) { return erfcq(x); }
inline Real sqrt(Real x) { return sqrtq(x); }
inline Real pi() { return 4 * atanq(1); }
#else
using Real = long double;
inline constexpr int real_digits = std::numeric_limits<long double>::digits;
inline Real exp(Real x) { return std::exp(x); }
inline Real expm1(Real x) { return std::expm1(x); }
inline Real log1p(Real x) { return std::log1p(x); }
inline Real tanh(Real x) { return std::tanh(x); }
inline Real erfc(Real x) { return std::erfc(x); }
inline Real sqrt(Real x) { return std::sqrt(x); }
inline Real pi() { return 4 * std::atan(1.0L); }
#endif

inline Real abs(Real x) { return x < 0 ? -x : x; }
inline bool finite(Real x) { return x - x == 0; }
inline Real sigmoid(Real x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }

/// One function with its derivative. `amplified` is the argument that an exponential sees in its
/// tail, `root` a root of the derivative: that is where rounding errors of the textbook formula
/// grow.
struct Sigmoid {
  static Real value(Real x) { return sigmoid(x); }
  static Real derivative(Real x) { return sigmoid(x) * sigmoid(-x); }
};
struct Tanh {
  static Real value(Real x) { return tanh(x); }
  static Real derivative(Real x) {
    const Real e = exp(-2 * abs(x));
    return 4 * e / ((1 + e) * (1 + e));
  }
};
struct HardSigmoid {
  static Real value(Real x) { return x <= -3 ? Real(0) : x >= 3 ? Real(1) : (x + 3) / 6; }
  static Real derivative(Real x) { return x != x ? x : x > -3 && x < 3 ? Real(1) / 6 : Real(0); }
};
struct Identity {
  static Real value(Real x) { return x; }
  static Real derivative(Real) { return 1; }
};
struct ReLU {
  static Real value(Real x) { return x < 0 ? Real(0) : x; }
  static Real derivative(Real x) { return x != x ? x : x > 0 ? Real(1) : Real(0); }
};
struct SquaredReLU {
  static Real value(Real x) { return x < 0 ? Real(0) : x * x; }
  static Real derivative(Real x) { return x < 0 ? Real(0) : 2 * x; }
};
struct LeakyReLU {
  Real slope;
  Real value(Real x) const { return x < 0 ? slope * x : x; }
  Real derivative(Real x) const { return x != x ? x : x > 0 ? Real(1) : slope; }
};
struct ELU {
  Real alpha;
  Real value(Real x) const { return x > 0 ? x : alpha * expm1(x); }
  Real derivative(Real x) const { return x > 0 ? Real(1) : alpha * exp(x); }
};
struct Swish {
  Real beta;
  Real value(Real x) const { return x * sigmoid(beta * x); }
  Real derivative(Real x) const { return sigmoid(beta * x) * (1 + beta * x * sigmoid(-beta * x)); }
  Real amplified(Real x) const { return beta * x; }
  double root() const { return -1.2784645427610738 / static_cast<double>(beta); }
};
struct SiLU : Swish {
  SiLU() : Swish{1} {}
  Real amplified(Real) const { return 0; }  // σ(x) takes x as it is
};
struct QuickGELU : Swish {
  QuickGELU() : Swish{Real(1702) / 1000} {}
};
struct GELU {
  static Real cdf(Real x) { return erfc(-x / sqrt(Real(2))) / 2; }
  static Real value(Real x) { return x * cdf(x); }
  static Real derivative(Real x) { return cdf(x) + x * exp(-x * x / 2) / sqrt(2 * pi()); }
  static Real amplified(Real x) { return x * x / 2; }
  static double root() { return -0.75179152469356447; }
};
struct GELUTanh {
  static Real kappa() { return Real(44715) / 1000000; }
  static Real slope() { return 2 * sqrt(2 / pi()); }
  static Real amplified(Real x) { return slope() * (x + kappa() * x * x * x); }
  static Real value(Real x) { return x * sigmoid(amplified(x)); }
  static Real derivative(Real x) {
    const Real v = amplified(x);
    if (finite(x) && abs(v) > 20000) return x < 0 ? Real(0) : Real(1);  // x³ may overflow
    return sigmoid(v) * (1 + x * slope() * (1 + 3 * kappa() * x * x) * sigmoid(-v));
  }
  static double root() { return -0.75246142207101629; }
};
struct Softplus {
  Real beta;
  Real value(Real x) const {
    const Real v = beta * x;
    return (v > 0 ? x : v != v ? v : Real(0)) + log1p(exp(-abs(v))) / beta;
  }
  Real derivative(Real x) const { return sigmoid(beta * x); }
  Real amplified(Real x) const { return beta * x; }
};
struct ClampedSiLU {
  Real alpha, limit;
  Real value(Real x) const { return Swish{alpha}.value(x > limit ? limit : x); }
  Real derivative(Real x) const { return x > limit ? Real(0) : Swish{alpha}.derivative(x); }
  Real amplified(Real x) const { return alpha * x; }
  double root() const { return Swish{alpha}.root(); }
};
struct ClampedLinear {
  Real limit, offset;
  Real value(Real x) const { return (x > limit ? limit : x < -limit ? -limit : x) + offset; }
  Real derivative(Real x) const { return x != x ? x : abs(x) <= limit ? Real(1) : Real(0); }
};

/// Whether the formulas above are exact enough at x to measure `Scalar` with.
template <class Scalar, class Function>
bool trusted(const Function& function, Scalar x) {
  if (real_digits - std::numeric_limits<Scalar>::digits >= 40) return true;
  bool yes = true;
  if constexpr (requires { function.amplified(Real(x)); }) {
    const Real v = function.amplified(Real(x));
    yes = !(finite(v) && abs(v) > 40);
  }
  if constexpr (requires { function.root(); }) {
    yes = yes && !(std::fabs(static_cast<double>(x) - function.root()) < 1.0 / 32);
  }
  return yes;
}

}  // namespace reference
