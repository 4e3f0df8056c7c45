// SPDX-License-Identifier: MIT
//
// The elementary functions behind the activations, written once for scalars and packets.
//
// For float and double, scalars and packets run the same text and agree to the last bit. The text
// rests on
//
//   e^y = 4^k · e^r,   k = round(y / ln 4),   |r| ≤ ln 2,
//
// where e^r is a polynomial and 4^k = 2^k · 2^k is handed out as its square root. Whoever uses it
// multiplies the small factor in twice, at the very end: intermediate results neither overflow nor
// lose bits, and the one rounding into the subnormal numbers is the last operation. 2^-k, which
// comes for the price of an integer subtraction, keeps 1 + e^y in range:
//
//   1 / (1 + m·t²) = s / (s + m·t)   with t = 2^k, s = 2^-k.
//
// Where each lane can look up a small table, the logistic function takes finer steps than ln 4, and
// a shorter polynomial.
//
// A rounding error of the argument y is amplified |y| times by the exponential, so arguments that
// are themselves computed come as an unevaluated sum of two numbers (TwoPart).
//
// Other types (long double, automatic-differentiation scalars) go through the functions that they
// bring along.
//
// Not made for -ffast-math, which takes NaN, infinities and the order of operations away.
#pragma once

#include <sluice/core/bits.hpp>
#include <sluice/core/math_coefficients.hpp>
#include <sluice/core/opaque.hpp>
#include <sluice/core/simd.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace math {

/// float and double, as scalars and as packets: what the algorithms of this file are for.
template <class T>
concept Vectorizable = simd::is_vectorized_scalar<simd::ScalarOf<T>>;

/// A number that carries its derivatives, as Eigen::AutoDiffScalar does.
template <class T>
concept Differentiable = requires(T x) {
  x.value();
  x.derivatives();
};

/// The coefficients that suit T.
template <class T>
using CoefficientsOf = Coefficients<std::conditional_t<std::is_same_v<simd::ScalarOf<T>, float>, float, double>>;

/// function(x); for numbers that carry derivatives, by the chain rule.
template <class T, class Function, class Derivative>
T lift(const T& x, const Function& function, const Derivative& derivative) {
  if constexpr (Differentiable<T>) {
    T y = x;
    y.value() = lift(x.value(), function, derivative);
    y.derivatives() *= derivative(x.value());
    return y;
  } else {
    return function(x);
  }
}

// --- unevaluated sums ----------------------------------------------------------------------------

/// hi + lo, where lo is at most a rounding error of hi.
template <class T>
struct TwoPart {
  T hi;
  T lo;
};

/// A constant of Coefficients in two parts.
template <class T, class Scalar>
SLUICE_ALWAYS_INLINE TwoPart<T> two_part(Scalar hi, Scalar lo) {
  return {T(hi), T(lo)};
}
/// A number of an activation (a slope, a limit), which is kept as double, in two parts.
template <class T>
SLUICE_ALWAYS_INLINE TwoPart<T> two_part(double value) {
  if constexpr (std::is_same_v<simd::ScalarOf<T>, float>) {
    const float hi = static_cast<float>(value);
    return {T(hi), T(static_cast<float>(value - static_cast<double>(hi)))};
  } else {
    return {T(value), T(0.0)};
  }
}

/// a·b - p, where p is the rounded a·b.
template <Vectorizable T>
SLUICE_ALWAYS_INLINE T product_error(const T& a, const T& b, const T& p) {
  if constexpr (simd::has_fused_multiply_add) {
    return simd::fma(a, b, T(-p));
  } else {
    const T a1 = simd::leading_half(a), a2 = a - a1;
    const T b1 = simd::leading_half(b), b2 = b - b1;
    return ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
  }
}

/// x·c in two parts.
template <class T>
SLUICE_ALWAYS_INLINE TwoPart<T> multiply(const T& x, const TwoPart<T>& c) {
  if constexpr (Vectorizable<T>) {
    const T p = simd::in_register(T(x * c.hi));
    return {p, simd::fma(x, c.lo, product_error(x, c.hi, p))};
  } else {
    return {T(x * T(c.hi + c.lo)), T(0)};
  }
}

// --- polynomials ---------------------------------------------------------------------------------

/// c[0] + c[1]·x + … by Horner's rule; with `Mirrored`, the polynomial of -x.
template <bool Mirrored = false, class T, class Scalar, std::size_t N>
SLUICE_ALWAYS_INLINE T polynomial(const T& x, const Scalar (&c)[N]) {
  const auto coefficient = [&c](std::size_t i) { return T(Mirrored && i % 2 == 1 ? -c[i] : c[i]); };
  T y = coefficient(N - 1);
  for (std::size_t i = N - 1; i-- > 0;) y = simd::fma(y, x, coefficient(i));
  return y;
}

// --- the exponential -----------------------------------------------------------------------------

/// e^y = mantissa · root², root = 2^k, inverse_root = 2^-k. Where k is -bias, root is 0.
template <class T>
struct ScaledExp {
  T mantissa;
  T root;
  T inverse_root;
};

/// The steps in which T takes the exponent.
template <class T, int N = 1>
using StepsOf = ExponentialSteps<std::conditional_t<std::is_same_v<simd::ScalarOf<T>, float>, float, double>, N>;

/// With i = round(y / step), step = ln 4 / N. Made of temporaries: GCC 12 copies a named packet into another struct by
/// way of the stack.
template <class T, int N = 1>
struct ReducedArgument {
  T rest;  // |rest| ≤ step / 2
  T root;  // 2^k, where i = N k + j, -N/2 < j ≤ N/2
  T i;
  T first;  // y - i step, but for the low digits of the step
  T index;  // whose lowest bits are those of j's place in the table

  /// rest + error() = y - i step to far more digits.
  SLUICE_ALWAYS_INLINE T error() const { return simd::fma(i, T(-StepsOf<T, N>::step_lo), T(first - rest)); }
  SLUICE_ALWAYS_INLINE T inverse_root() const { return simd::inverse_power_of_two(root); }
};

/// |y| must not exceed Coefficients::largest_exponent.
template <int N = 1, Vectorizable T>
SLUICE_ALWAYS_INLINE ReducedArgument<T, N> reduce(const T& y) {
  using S = StepsOf<T, N>;
  constexpr int fraction = std::bit_width(static_cast<unsigned>(N)) - 1;
  const T shifted = simd::fma(y, T(S::inverse_step), T(S::round_to_integer));
  const T i = shifted - T(S::round_to_integer);
  const T first = simd::fma(i, T(-S::step_hi), y);  // exact
  // A copy whose origin GCC cannot see: `shifted` itself it would copy by way of the stack.
  return {simd::fma(i, T(-S::step_lo), first), simd::power_of_two_from_low_bits<fraction>(shifted), i, first,
          simd::in_register(shifted)};
}

/// e^r for |r| ≤ ln 2 / N; with `Mirrored`, e^-r.
template <bool Mirrored = false, int N = 1, Vectorizable T>
SLUICE_ALWAYS_INLINE T exp_reduced(const T& r) {
  return simd::fma(r, simd::fma(r, polynomial<Mirrored>(r, StepsOf<T, N>::exp), T(Mirrored ? -1 : 1)), T(1));
}
/// e^(r + error) for |r| ≤ ln 2, hardly worse than rounded once.
template <Vectorizable T>
SLUICE_ALWAYS_INLINE T exp_reduced(const T& r, const T& error) {
  const T one_plus_r = T(1) + r;
  const T rounding = (T(1) - one_plus_r) + r;
  return one_plus_r + (simd::fma(r * r, polynomial(r, StepsOf<T>::exp), error) + rounding);
}
/// e^r - 1 for |r| ≤ ln 2, with a small relative error.
template <Vectorizable T>
SLUICE_ALWAYS_INLINE T expm1_reduced(const T& r) {
  return simd::fma(r * r, polynomial(r, StepsOf<T>::exp), r);
}

/// e^y. For float and double |y| must not exceed Coefficients::largest_exponent.
template <class T>
SLUICE_ALWAYS_INLINE ScaledExp<T> scaled_exp(const T& y) {
  if constexpr (Vectorizable<T>) {
    const ReducedArgument<T> a = reduce(y);
    return {exp_reduced(a.rest, a.error()), a.root, a.inverse_root()};
  } else {
    using std::exp;
    return {T(exp(y)), T(1), T(1)};
  }
}
template <class T>
SLUICE_ALWAYS_INLINE ScaledExp<T> scaled_exp(const TwoPart<T>& y) {
  if constexpr (Vectorizable<T>) {
    const ReducedArgument<T> a = reduce(y.hi);
    const T rest = a.rest + y.lo;
    return {exp_reduced(rest, T(a.error() + (y.lo - (rest - a.rest)))), a.root, a.inverse_root()};
  } else {
    return scaled_exp(T(y.hi + y.lo));
  }
}

/// x cut to [low, high] where the algorithms for float and double need a bounded argument; NaN
/// stays NaN.
template <class T, class Low, class High>
SLUICE_ALWAYS_INLINE T bounded(const T& x, Low low, High high) {
  if constexpr (Vectorizable<T>) {
    return simd::max(simd::min(x, T(high)), T(low));
  } else {
    static_cast<void>(low);
    static_cast<void>(high);
    return x;
  }
}

/// x cut to [-limit, limit] as above, for the argument of a function that is multiplied with x itself: NaN may become
/// the limit here.
template <class T, class Limit>
SLUICE_ALWAYS_INLINE T bounded_factor(const T& x, Limit limit) {
  if constexpr (Vectorizable<T>) {
    return simd::clamp_magnitude(x, T(limit));
  } else {
    static_cast<void>(limit);
    return x;
  }
}

/// e^x - 1 for x ≤ 40.
template <class T>
SLUICE_ALWAYS_INLINE T expm1(const T& x) {
  if constexpr (Vectorizable<T>) {
    const ReducedArgument<T> a = reduce(simd::max(x, T(-CoefficientsOf<T>::largest_exponent)));
    const T power = a.root * a.root;  // exact
    return simd::fma(power, expm1_reduced(a.rest), T(power - T(1)));
  } else {
    return lift(
        x,
        [](const auto& v) {
          using std::expm1;
          return expm1(v);
        },
        [](const auto& v) {
          using std::exp;
          return exp(v);
        });
  }
}

// --- for types without vectors -------------------------------------------------------------------

/// A number with as many digits as T can take.
template <class T>
T constant(long double value) {
  if constexpr (std::is_same_v<T, long double>) {
    return value;
  } else {
    return T(static_cast<double>(value));
  }
}
template <class T>
T log1p(const T& x) {
  return lift(
      x,
      [](const auto& v) {
        using std::log1p;
        return log1p(v);
      },
      [](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        return V(V(1) / V(V(1) + v));
      });
}
/// The density of the normal distribution.
template <class T>
T normal_pdf(const T& x) {
  using std::exp;
  return constant<T>(0.398942280401432677939946059934381868L) * T(exp(T(T(-0.5) * x * x)));
}
/// Φ(x), the normal distribution function.
template <class T>
T normal_cdf(const T& x) {
  return lift(
      x,
      [](const auto& v) {
        using std::erfc;
        using V = std::decay_t<decltype(v)>;
        return V(V(0.5) * erfc(V(-v * constant<V>(0.707106781186547524400844362104849039L))));
      },
      [](const auto& v) { return normal_pdf(v); });
}

// --- the logistic function -----------------------------------------------------------------------

/// With v = (k + j/N) ln 4 + rest: 1 + e^-v = 1 + 4^-k·4^(-j/N)·e^-rest = (2^k + 2^-k·4^(-j/N)·e^-rest) / 2^k.
template <int N, Vectorizable T>
SLUICE_ALWAYS_INLINE T divide_by_logistic_denominator(const T& n, const ReducedArgument<T, N>& a, const T& rest) {
  const T power = exp_reduced<true, N>(rest);
  if constexpr (N == 1) {
    return n / simd::fma(power, a.inverse_root(), a.root) * a.root;
  } else {
    const T scale = simd::divide_by_biased(simd::look_up(StepsOf<T, N>::biased_factors, a.index), a.root);
    return n / simd::fma(power, scale, a.root) * a.root;
  }
}

/// n / (1 + e^-v). For float and double, v must be in [-largest_exponent, negligible], or up to largest_exponent where
/// n ≥ 2. Where 2^k is 0, which is for v below -175.2 (float) or -1417.4 (double), the result is 0: not so small a
/// number only where n is about as large as numbers get.
template <class T>
SLUICE_ALWAYS_INLINE T logistic(const T& n, const T& v) {
  if constexpr (Vectorizable<T>) {
    const auto a = reduce<simd::table_size<simd::ScalarOf<T>>>(v);
    return divide_by_logistic_denominator(n, a, a.rest);
  } else {
    using std::exp;
    const T e(exp(T(-simd::abs(v))));
    return T(n * simd::select(v < T(0), e, T(1))) / T(T(1) + e);
  }
}
template <class T>
SLUICE_ALWAYS_INLINE T logistic(const T& n, const TwoPart<T>& v) {
  if constexpr (Vectorizable<T>) {
    const auto a = reduce<simd::table_size<simd::ScalarOf<T>>>(v.hi);
    return divide_by_logistic_denominator(n, a, T(a.rest + v.lo));
  } else {
    return logistic(n, T(v.hi + v.lo));
  }
}

/// (1 + e)² for e = half·root, 0 ≤ e ≤ 1, with one rounding where e is small.
template <class T>
SLUICE_ALWAYS_INLINE T one_plus_squared(const T& half, const T& root) {
  return simd::fma(T(half * root), T(simd::fma(half, root, T(2))), T(1));
}

/// n·σ(v)·σ(-v), the derivative of n·σ(v): e^-|v| / (1 + e^-|v|)², which has nothing to cancel.
template <class T>
SLUICE_ALWAYS_INLINE T logistic_slope(const T& n, const T& v) {
  using C = CoefficientsOf<T>;
  const ScaledExp<T> e = scaled_exp(T(-bounded(T(simd::abs(v)), 0, C::largest_exponent)));
  return n * e.mantissa / one_plus_squared(T(e.mantissa * e.root), e.root) * e.root * e.root;
}

/// What the derivative of x·σ(v(x)) needs on the negative side, where v < 0 and
///
///   σ(v) + x·v'·σ(v)·σ(-v) = σ(v)·σ(-v)·B,   B = 1 + e^v + x·v'
///
/// and B crosses zero at x0: B = linear + (e^v - e^v0) with linear = x·v' - x0·v'0, and d = v - v0.
/// Both terms have the sign of x - x0, and close to x0 the second one is e^v0·(e^d - 1). Far from
/// x0, B = rest + e^v as it stands, with rest = linear - e^v0 = 1 + x·v'.
template <class T>
struct Bracket {
  T linear;
  T d;
  T exp_v0;
  T rest;
};

/// x·σ(v) and its derivative by x, which have their exponential and their division in common.
template <class T>
struct GatedSlope {
  T value;
  T slope;
};

/// Parts of the derivative of x·σ(v), given 1 + x·v'. For v ≥ 0 it is (1 + (1 + x·v')·e^-v) / (1 +
/// e^-v)².
template <class T>
struct GatedSlopeParts {
  T numerator;
  T half;  // e^-|v| / root
  T root;
  T scale;     // multiplied in twice at the very end
  T mantissa;  // e^-|v| / scale² for v < 0, otherwise 1
};

/// |v| ≤ largest_exponent.
template <class T>
SLUICE_ALWAYS_INLINE GatedSlopeParts<T> gated_slope_parts(const TwoPart<T>& v, const T& one_plus_x_dv,
                                                          const Bracket<T>& b) {
  const auto negative = v.hi < T(0);
  const ScaledExp<T> e = scaled_exp(TwoPart<T>{T(-simd::abs(v.hi)), simd::select(negative, v.lo, T(-v.lo))});
  const T half = e.mantissa * e.root;
  T bracket;
  if constexpr (Vectorizable<T>) {
    const T close = simd::fma(b.exp_v0, expm1_reduced(b.d), b.linear);
    const T far = simd::fma(half, e.root, b.rest);
    bracket = simd::select(simd::abs(b.d) < T(0.25), close, far);
  } else {
    bracket = b.linear + b.exp_v0 * expm1(b.d);
  }
  const T numerator =
      simd::select(negative, T(bracket * e.mantissa), T(simd::fma(T(one_plus_x_dv * half), e.root, T(1))));
  return {numerator, half, e.root, simd::select(negative, e.root, T(1)), simd::select(negative, e.mantissa, T(1))};
}

/// The derivative of x·σ(v) by x.
template <class T>
SLUICE_ALWAYS_INLINE T gated_slope(const TwoPart<T>& v, const T& one_plus_x_dv, const Bracket<T>& b) {
  const GatedSlopeParts<T> p = gated_slope_parts(v, one_plus_x_dv, b);
  return p.numerator / one_plus_squared(p.half, p.root) * p.scale * p.scale;
}

/// The derivative together with the value x·σ(v): one more rounding in each, half the work.
template <class T>
SLUICE_ALWAYS_INLINE GatedSlope<T> gated_value_and_slope(const T& x, const TwoPart<T>& v, const T& one_plus_x_dv,
                                                         const Bracket<T>& b) {
  const GatedSlopeParts<T> p = gated_slope_parts(v, one_plus_x_dv, b);
  const T inverse = T(1) / simd::fma(p.half, p.root, T(1));
  return {T(x * p.mantissa * inverse * p.scale * p.scale), T(p.numerator * inverse * inverse * p.scale * p.scale)};
}

/// `result`, but NaN where x is infinite or NaN: for formulas that contain ∞·0 there.
template <class T>
SLUICE_ALWAYS_INLINE T nan_unless_finite(const T& x, const T& result) {
  if constexpr (Vectorizable<T>) {
    using Limits = std::numeric_limits<simd::ScalarOf<T>>;
    return simd::select(simd::abs(x) <= T(Limits::max()), result, T(x - x));
  } else {
    return result;
  }
}

}  // namespace math

SLUICE_NAMESPACE_END
