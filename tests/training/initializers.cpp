// SPDX-License-Identifier: MIT
//
// Each initializer draws from the distribution that its doc comment names: bounds, moments, and the
// whole distribution function (Kolmogorov and Smirnov's distance), for the fans of one half of the
// layer.
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/training/initializers.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

constexpr Eigen::Index input_dim = 150;
constexpr Eigen::Index units = 40;

template <class View>
std::vector<double> sorted(const View& view) {
  std::vector<double> numbers;
  for (Eigen::Index i = 0; i < view.rows(); ++i) {
    for (Eigen::Index j = 0; j < view.cols(); ++j) numbers.push_back(view(i, j));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

double normal_cdf(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

// How far the sample's distribution function is from the given one, at most.
template <class Cdf>
double distance(const std::vector<double>& sample, const Cdf& cdf) {
  const double n = static_cast<double>(sample.size());
  double largest = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double p = cdf(sample[i]);
    largest = std::max({largest, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return largest;
}

// standard_deviation: of the weights. largest: no weight may lie beyond, some must come near.
template <class Cdf>
void check(const std::vector<double>& sample, double standard_deviation, double largest, const Cdf& cdf) {
  const double n = static_cast<double>(sample.size());
  double mean = 0, square = 0;
  for (double x : sample) mean += x / n;
  for (double x : sample) square += x * x / n;
  CHECK(std::abs(mean) < 3 * standard_deviation / std::sqrt(n));
  // The standard error of a sample's deviation is at most 1/√(2n) here; three of them.
  CHECK(std::sqrt(square) == Approx(standard_deviation).epsilon(3 / std::sqrt(2 * n)));
  CHECK(sample.front() >= -largest);
  CHECK(sample.back() <= largest);
  if (std::isfinite(largest)) {
    CHECK(sample.front() < -0.99 * largest);
    CHECK(sample.back() > 0.99 * largest);
  }
  CHECK(distance(sample, cdf) < 1.63 / std::sqrt(n));  // exceeded once in a hundred seeds
}

template <class Check>
void for_both_halves(const sluice::SwiGLU<double>& layer, const Check& check_half) {
  SECTION("value") { check_half(sorted(layer.value_weight())); }
  SECTION("gate") { check_half(sorted(layer.gate_weight())); }
}

template <class Init>
sluice::SwiGLU<double> initialized(const Init& initializer) {
  sluice::SwiGLU<double> layer(input_dim, units);
  layer.value_bias().setConstant(7);
  layer.gate_bias().setConstant(8);
  std::mt19937_64 rng(97);
  sluice::initialize(layer, initializer, rng);
  return layer;
}

template <class Init>
void check_uniform(const Init& initializer, double limit) {
  const auto layer = initialized(initializer);
  CHECK(layer.value_bias().isZero(0));
  CHECK(layer.gate_bias().isZero(0));
  for_both_halves(layer, [&](const std::vector<double>& weights) {
    check(weights, limit / std::sqrt(3.0), limit, [&](double x) { return (x / limit + 1) / 2; });
  });
}

template <class Init>
void check_normal(const Init& initializer, double deviation) {
  const auto layer = initialized(initializer);
  CHECK(layer.value_bias().isZero(0));
  CHECK(layer.gate_bias().isZero(0));
  for_both_halves(layer, [&](const std::vector<double>& weights) {
    check(weights, deviation, std::numeric_limits<double>::infinity(),
          [&](double x) { return normal_cdf(x / deviation); });
    CHECK(weights.back() > 3 * deviation);  // not cut
  });
}

template <class Init>
void check_truncated(const Init& initializer, double deviation) {
  const auto layer = initialized(initializer);
  CHECK(layer.value_bias().isZero(0));
  CHECK(layer.gate_bias().isZero(0));
  const double before_cut = deviation / 0.87962566103423978;
  for_both_halves(layer, [&](const std::vector<double>& weights) {
    check(weights, deviation, 2 * before_cut,
          [&](double x) { return (normal_cdf(x / before_cut) - normal_cdf(-2)) / (normal_cdf(2) - normal_cdf(-2)); });
  });
}

}  // namespace

TEST_CASE("Glorot: fans of one half, 150 in and 40 out") {
  SECTION("uniform") { check_uniform(sluice::GlorotUniform{}, std::sqrt(6.0 / 190)); }
  SECTION("uniform, gain") { check_uniform(sluice::GlorotUniform{.gain = 0.5}, 0.5 * std::sqrt(6.0 / 190)); }
  SECTION("truncated normal") { check_truncated(sluice::GlorotNormal{}, std::sqrt(2.0 / 190)); }
  SECTION("truncated normal, gain") { check_truncated(sluice::GlorotNormal{.gain = 3}, 3 * std::sqrt(2.0 / 190)); }
  SECTION("normal") { check_normal(sluice::GlorotNormal{.truncated = false}, std::sqrt(2.0 / 190)); }
}

TEST_CASE("He: 150 in") {
  SECTION("uniform") { check_uniform(sluice::HeUniform{}, std::sqrt(6.0 / 150)); }
  SECTION("uniform, gain") { check_uniform(sluice::HeUniform{.gain = 2}, 2 * std::sqrt(6.0 / 150)); }
  SECTION("truncated normal") { check_truncated(sluice::HeNormal{.gain = 0.1}, 0.1 * std::sqrt(2.0 / 150)); }
  SECTION("normal") { check_normal(sluice::HeNormal{.truncated = false}, std::sqrt(2.0 / 150)); }
}

TEST_CASE("LeCun: 150 in") {
  SECTION("uniform") { check_uniform(sluice::LeCunUniform{}, std::sqrt(3.0 / 150)); }
  SECTION("uniform, gain") { check_uniform(sluice::LeCunUniform{.gain = 2}, 2 * std::sqrt(3.0 / 150)); }
  SECTION("truncated normal") { check_truncated(sluice::LeCunNormal{.gain = 0.1}, 0.1 * std::sqrt(1.0 / 150)); }
  SECTION("normal") { check_normal(sluice::LeCunNormal{.truncated = false}, std::sqrt(1.0 / 150)); }
}

TEST_CASE("torch's Linear: weights and biases between ±1/√150") {
  const double limit = 1 / std::sqrt(150.0);
  const auto layer = initialized(sluice::TorchLinear{});
  for_both_halves(layer, [&](const std::vector<double>& weights) {
    check(weights, limit / std::sqrt(3.0), limit, [&](double x) { return (x / limit + 1) / 2; });
  });
  SECTION("biases") {
    std::vector<double> biases = sorted(layer.value_bias());
    for (double b : sorted(layer.gate_bias())) biases.push_back(b);
    std::sort(biases.begin(), biases.end());
    CHECK(biases.front() > -limit);
    CHECK(biases.back() < limit);
    CHECK(distance(biases, [&](double x) { return (x / limit + 1) / 2; }) < 1.63 / std::sqrt(80.0));
    CHECK(layer.value_bias() != layer.gate_bias());
  }
}

TEST_CASE("the normal quantile, against mpmath's erfinv at 40 digits") {
  const double points[][2] = {{0.5, 0},
                              {0.6, 0.25334710313579974},
                              {0.07, -1.4757910281791707},
                              {0.93, 1.4757910281791711},
                              {1e-9, -5.9978070150076869},
                              {1e-14, -7.6506280929352688},
                              {1.1102230246251565e-16, -8.2095361516013869}};
  for (const auto& [p, x] : points) {
    INFO("p = " << p);
    CHECK(sluice::detail::normal_quantile(p) == Approx(x).epsilon(1e-14).margin(1e-15));
  }
}
