// SPDX-License-Identifier: MIT
//
// What glu() must give, in naive loops over indices, in double: nothing here is shared with the library but GateOrder.
#pragma once

#include <sluice/gating/glu.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace test {

using sluice::GateOrder;
using sluice::Index;

inline constexpr GateOrder all_orders[] = {GateOrder::ValueFirst, GateOrder::GateFirst, GateOrder::Interleaved};

/// Numbers with extents, the last axis fastest.
struct Array {
  std::vector<Index> extents;
  std::vector<double> numbers;

  explicit Array(std::vector<Index> shape) : extents(std::move(shape)) {
    Index size = 1;
    for (const Index n : extents) size *= n;
    numbers.resize(static_cast<std::size_t>(size));
  }
  double& at(const std::vector<Index>& index) {
    Index position = 0;
    for (std::size_t i = 0; i < extents.size(); ++i) position = position * extents[i] + index[i];
    return numbers[static_cast<std::size_t>(position)];
  }
  /// Calls f(index) for every index, the last axis fastest.
  template <class Function>
  void for_each_index(const Function& f) const {
    std::vector<Index> index(extents.size(), 0);
    for (std::size_t n = 0; n < numbers.size(); ++n) {
      f(index);
      for (std::size_t i = extents.size(); i-- > 0;) {
        if (++index[i] < extents[i]) break;
        index[i] = 0;
      }
    }
  }
};

/// Numbers from -3 to 3 that Scalar holds exactly.
template <class Scalar>
Array random_array(const std::vector<Index>& extents, unsigned seed) {
  Array a(extents);
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(-3, 3);
  for (double& x : a.numbers) x = static_cast<double>(static_cast<Scalar>(uniform(rng)));
  return a;
}

using Function = std::function<double(double)>;

struct Gating {
  Function gate, gate_derivative;
  Function value = [](double x) { return x; };
  Function value_derivative = [](double) { return 1.0; };
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline Gating sigmoid_gating() {
  return {sigmoid, [](double x) { return sigmoid(x) * sigmoid(-x); }};
}
inline Gating silu_gating() {
  return {[](double x) { return x * sigmoid(x); }, [](double x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }};
}
/// WaveNet's: the value goes through tanh.
inline Gating tanh_sigmoid_gating() {
  return {sigmoid, [](double x) { return sigmoid(x) * sigmoid(-x); }, [](double x) { return std::tanh(x); },
          [](double x) { return 1 - std::tanh(x) * std::tanh(x); }};
}

/// Where value and gate number i of n stand along the axis.
struct Places {
  Index value, gate;
};
inline Places places(Index i, Index n, GateOrder order) {
  switch (order) {
    case GateOrder::ValueFirst:
      return {i, i + n};
    case GateOrder::GateFirst:
      return {i + n, i};
    default:
      return {2 * i + 1, 2 * i};
  }
}

inline Array halved(const Array& h, std::size_t axis) {
  std::vector<Index> extents = h.extents;
  extents[axis] /= 2;
  return Array(extents);
}

inline Array glu_reference(Array h, std::size_t axis, GateOrder order, const Gating& f) {
  Array y = halved(h, axis);
  y.for_each_index([&](const std::vector<Index>& index) {
    const Places p = places(index[axis], y.extents[axis], order);
    std::vector<Index> v = index, g = index;
    v[axis] = p.value;
    g[axis] = p.gate;
    y.at(index) = f.value(h.at(v)) * f.gate(h.at(g));
  });
  return y;
}
inline Array glu_gradient_reference(Array h, Array dy, std::size_t axis, GateOrder order, const Gating& f) {
  Array dh(h.extents);
  dy.for_each_index([&](const std::vector<Index>& index) {
    const Places p = places(index[axis], dy.extents[axis], order);
    std::vector<Index> v = index, g = index;
    v[axis] = p.value;
    g[axis] = p.gate;
    dh.at(v) = dy.at(index) * f.gate(h.at(g)) * f.value_derivative(h.at(v));
    dh.at(g) = dy.at(index) * f.value(h.at(v)) * f.gate_derivative(h.at(g));
  });
  return dh;
}

/// The largest difference, in units of Scalar's epsilon times the largest finite number of the reference. Infinite
/// where shapes differ, or NaNs or infinities stand elsewhere.
template <class Scalar>
double distance(const Array& got, const Array& expected) {
  if (got.extents != expected.extents) return std::numeric_limits<double>::infinity();
  double scale = 0, largest = 0;
  for (const double x : expected.numbers) {
    if (std::isfinite(x)) scale = std::max(scale, std::abs(x));
  }
  for (std::size_t i = 0; i < got.numbers.size(); ++i) {
    const double a = got.numbers[i], b = expected.numbers[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double difference = std::abs(a - b) / scale / static_cast<double>(std::numeric_limits<Scalar>::epsilon());
    if (!(difference <= largest)) largest = difference;
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
  }
  return largest;
}

/// A matrix expression as an array.
template <class Derived>
Array to_array(const Eigen::DenseBase<Derived>& expression) {
  const auto x = expression.derived().template cast<double>().eval();
  Array a({x.rows(), x.cols()});
  a.for_each_index([&](const std::vector<Index>& i) { a.at(i) = x(i[0], i[1]); });
  return a;
}

}  // namespace test
