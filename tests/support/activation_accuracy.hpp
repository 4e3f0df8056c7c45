// SPDX-License-Identifier: MIT
//
// Measures an activation against its reference at all exponents, and checks that packets and
// scalars agree. With SLUICE_REPORT_ULP in the environment every measurement is printed.
#pragma once

#include <sluice/activations/activation.hpp>

#include "support/activation_reference.hpp"
#include "support/catch.hpp"
#include "support/ulp.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace test {

struct Worst {
  double ulp = 0;
  double at = 0;

  void take(double error, double x) {
    if (!(error <= ulp)) {
      ulp = error;
      at = x;
    }
  }
};

struct Accuracy {
  Worst value;
  Worst derivative;
  std::size_t points = 0;
  std::size_t disagreements = 0;  // of packets and scalars, or of halves of packets, in any bit
  double disagrees_at = 0;
};

/// The points for an activation: every exponent, the interval where something happens, the
/// neighbourhood of the roots.
template <class Scalar>
std::vector<Scalar> activation_points() {
  constexpr bool is_float = sizeof(Scalar) == 4;
  // A long double of 113 bits is made in software, so take fewer points there.
  constexpr int count = std::numeric_limits<long double>::digits > 64 ? 1000 : 10000;
  std::vector<Scalar> points = all_exponents<Scalar>(is_float ? count / 250 : 4);
  add_interval(points, -20.0, 20.0, 2 * count);
  add_interval(points, -1.5, 1.5, count);
  add_interval(points, is_float ? -110.0 : -750.0, 0.0, count);
  add_interval(points, is_float ? -15.0 : -40.0, 0.0, count);
  // Where the exponents of the two factors of the logistic function reach their end, on either side.
  add_interval(points, is_float ? 165.0 : 1400.0, is_float ? 185.0 : 1430.0, count / 5);
  add_interval(points, is_float ? -185.0 : -1430.0, is_float ? -165.0 : -1400.0, count / 5);
  for (double centre :
       {-0.75179152469356447, -0.75246142207101629, -1.2784645427610738, -0.75115425544129, -3.0, 3.0, 7.0, -7.0,
        0.34657359027997264, -0.34657359027997264, 0.69314718055994529, -0.69314718055994529}) {
    add_neighbours(points, centre);
  }
  while (points.size() % 16 != 0) points.push_back(Scalar(0));
  return points;
}

template <class Scalar, class Activation, class Reference>
Accuracy measure(const Activation& activation, const Reference& expected, const std::vector<Scalar>& points) {
  using Packet = sluice::simd::Packet<Scalar>;
  constexpr std::size_t lanes = static_cast<std::size_t>(Packet::size);
  Accuracy result;
  for (std::size_t i = 0; i + lanes <= points.size(); i += lanes) {
    const Packet x = sluice::simd::load(&points[i]);
    Scalar value[lanes], derivative[lanes];
    sluice::simd::store(static_cast<Scalar*>(value), Packet(sluice::detail::activation_value(activation, x)));
    sluice::simd::store(static_cast<Scalar*>(derivative), Packet(sluice::detail::activation_derivative(activation, x)));
    if constexpr (sluice::simd::has_half_packets<Scalar>) {
      constexpr std::size_t half = lanes / 2;
      for (std::size_t begin = 0; begin < lanes; begin += half) {
        const auto x_half = sluice::simd::load<Scalar, static_cast<int>(half)>(&points[i + begin]);
        Scalar of_half[half];
        sluice::simd::store(static_cast<Scalar*>(of_half), sluice::detail::activation_value(activation, x_half));
        for (std::size_t lane = 0; lane < half; ++lane) {
          if (same_bits(value[begin + lane], of_half[lane])) continue;
          ++result.disagreements;
          result.disagrees_at = static_cast<double>(points[i + begin + lane]);
        }
      }
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const Scalar at = points[i + lane];
      if (!same_bits(value[lane], Scalar(activation.value(at))) ||
          !same_bits(derivative[lane], Scalar(activation.derivative(at)))) {
        ++result.disagreements;
        result.disagrees_at = static_cast<double>(at);
      }
      if (!reference::trusted(expected, at)) continue;
      ++result.points;
      const reference::Real wide = static_cast<reference::Real>(at);
      result.value.take(ulp_error(value[lane], expected.value(wide)), static_cast<double>(at));
      result.derivative.take(ulp_error(derivative[lane], expected.derivative(wide)), static_cast<double>(at));
    }
  }
  return result;
}

/// CHECKs the documented bounds for one scalar.
template <class Scalar, class Activation, class Reference>
void check_scalar(const Activation& activation, const Reference& expected, double value, double derivative) {
  static const std::vector<Scalar> points = activation_points<Scalar>();
  const Accuracy found = measure(activation, expected, points);
  const char* scalar = sizeof(Scalar) == 4 ? "float" : "double";
  if (std::getenv("SLUICE_REPORT_ULP") != nullptr) {
    std::printf("%-14s %-6s value %.3f ULP at %.9g, derivative %.3f ULP at %.9g\n", Activation::name.data(), scalar,
                found.value.ulp, found.value.at, found.derivative.ulp, found.derivative.at);
  }
  INFO(Activation::name << " of " << scalar << ", " << found.points << " points: value worst at x = " << found.value.at
                        << ", derivative worst at x = " << found.derivative.at);
  CHECK(found.value.ulp <= value);
  CHECK(found.derivative.ulp <= derivative);
  INFO("packets and scalars differ at x = " << found.disagrees_at);
  CHECK(found.disagreements == 0);
}

/// The same for float and double.
template <class Activation, class Reference>
void check_accuracy(const Activation& activation, const Reference& expected, double value, double derivative) {
  check_scalar<float>(activation, expected, value, derivative);
  check_scalar<double>(activation, expected, value, derivative);
}

}  // namespace test
