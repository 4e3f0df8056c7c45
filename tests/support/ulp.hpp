// SPDX-License-Identifier: MIT
//
// Errors in units in the last place (ULP), and the points at which functions of one number are
// tried.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace test {

/// |actual - expected| in units of the spacing of `Scalar` at `expected`, which is the spacing of
/// the subnormal numbers below the normal ones. Infinite where only one of the two is NaN, or where
/// the result overflows and should not.
template <class Scalar, class Reference>
double ulp_error(Scalar actual, Reference expected) {
  using Limits = std::numeric_limits<Scalar>;
  const bool expects_nan = !(expected == expected);
  if (std::isnan(actual) || expects_nan) return std::isnan(actual) && expects_nan ? 0.0 : INFINITY;
  const Reference magnitude = expected < 0 ? -expected : expected;
  if (std::isinf(actual))
    return magnitude > Reference(Limits::max()) && (expected > 0) == (actual > 0) ? 0.0 : INFINITY;
  if (magnitude > Reference(Limits::max())) return INFINITY;
  int exponent = Limits::min_exponent - 1;  // of the smallest normal number
  if (magnitude >= Reference(Limits::min())) exponent = std::ilogb(static_cast<long double>(magnitude));
  const Reference spacing = static_cast<Reference>(std::ldexp(1.0L, exponent - Limits::digits + 1));
  const Reference difference = Reference(actual) - expected;
  return static_cast<double>((difference < 0 ? -difference : difference) / spacing);
}

/// Equal to the last bit, the sign of zero included; all NaN are one.
template <class Scalar>
bool same_bits(Scalar a, Scalar b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// Every exponent with both signs and `mantissas` mantissas (the ends and random ones), ±0, ±∞ and
/// NaN included.
template <class Scalar>
std::vector<Scalar> all_exponents(int mantissas) {
  using Bits = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  constexpr int width = std::numeric_limits<Scalar>::digits - 1;
  constexpr Bits mask = (Bits{1} << width) - 1;
  constexpr Bits exponents = Bits{1} << (8 * sizeof(Scalar) - 1 - static_cast<std::size_t>(width));
  std::mt19937_64 random(1);
  std::vector<Scalar> points;
  for (Bits e = 0; e < exponents; ++e) {
    for (int i = 0; i < mantissas; ++i) {
      const Bits mantissa = i == 0 ? 0 : i == 1 ? mask : i == 2 ? 1 : static_cast<Bits>(random()) & mask;
      const Scalar x = std::bit_cast<Scalar>(static_cast<Bits>(e << width | mantissa));
      points.push_back(x);
      points.push_back(-x);
    }
  }
  return points;
}

/// Random points of an interval.
template <class Scalar>
void add_interval(std::vector<Scalar>& points, double low, double high, int count) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> at(low, high);
  for (int i = 0; i < count; ++i) points.push_back(static_cast<Scalar>(at(random)));
}

/// Neighbours of a point: 1, 2, 3, … scalars apart, then further and further.
template <class Scalar>
void add_neighbours(std::vector<Scalar>& points, double centre, double furthest = 0.5) {
  const Scalar c = static_cast<Scalar>(centre);
  for (Scalar low = c, high = c, i = 0; i < 32; ++i) {
    points.push_back(low);
    points.push_back(high);
    low = std::nextafter(low, std::numeric_limits<Scalar>::lowest());
    high = std::nextafter(high, std::numeric_limits<Scalar>::max());
  }
  for (double step = 1e-16; step < furthest; step *= 1.07) {
    points.push_back(static_cast<Scalar>(centre + step));
    points.push_back(static_cast<Scalar>(centre - step));
  }
}

}  // namespace test
