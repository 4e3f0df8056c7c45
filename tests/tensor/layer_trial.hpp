// SPDX-License-Identifier: MIT
//
// A layer on tensors: output, gate, cache, gradients; against matrix products in double on the samples read element by
// element.
#pragma once

#include "support/engine.hpp"
#include "support/tensors.hpp"

#include <sluice/layers/gated_linear_unit.hpp>

#include <random>
#include <string>

namespace test {

inline constexpr double tolerance = 64;  // see distance(); sums of 7 products
inline constexpr Index input_dim = 7, units = 5;

template <class Scalar>
using Layer = sluice::GatedLinearUnit<Scalar, sluice::Sigmoid>;

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The samples of an array as rows.
inline Matrix samples(const Array& a) {
  const Index features = a.extents.back();
  return Eigen::Map<const Matrix>(a.numbers.data(), static_cast<Index>(a.numbers.size()) / features, features);
}
inline std::vector<Index> with_features(std::vector<Index> extents, Index features) {
  extents.back() = features;
  return extents;
}
inline Array as_array(const Matrix& rows, const std::vector<Index>& extents) {
  Array a(with_features(extents, rows.cols()));
  std::copy_n(rows.data(), rows.size(), a.numbers.begin());
  return a;
}

template <class Scalar>
Layer<Scalar> make_layer() {
  Layer<Scalar> layer(input_dim, units);
  std::mt19937 rng(3);
  std::uniform_real_distribution<Scalar> uniform(-1, 1);
  const auto fill = [&](auto&& view) {
    for (Index r = 0; r < view.rows(); ++r) {
      for (Index c = 0; c < view.cols(); ++c) view(r, c) = uniform(rng);
    }
  };
  fill(layer.value_weight());
  fill(layer.gate_weight());
  fill(layer.value_bias());
  fill(layer.gate_bias());
  return layer;
}

struct Reference {
  Matrix value, gate, y, dx, d_value_weight, d_gate_weight;

  template <class L>
  Reference(const L& layer, const Matrix& x, const Matrix& dy) {
    const Matrix wv = layer.value_weight().template cast<double>(), wg = layer.gate_weight().template cast<double>();
    const Matrix bv = layer.value_bias().template cast<double>(), bg = layer.gate_bias().template cast<double>();
    value = (x * wv).rowwise() + bv.row(0);
    gate = ((x * wg).rowwise() + bg.row(0)).unaryExpr([](double g) { return sigmoid(g); });
    y = value.cwiseProduct(gate);
    const Matrix dv = dy.cwiseProduct(gate);
    const Matrix dg = dy.array() * value.array() * gate.array() * (1 - gate.array());
    dx = dv * wv.transpose() + dg * wg.transpose();
    d_value_weight = x.transpose() * dv;
    d_gate_weight = x.transpose() * dg;
  }
};

/// One test's numbers and what is wrong with the results: nothing, it is to be hoped. Compiled once a scalar, and
/// without Catch2 assertions, because these take longest to compile.
template <class Scalar>
struct Trial {
  std::vector<Index> extents, y_extents;
  Layer<Scalar> layer = make_layer<Scalar>();
  Array x, dy;
  Reference expected;
  std::string faults;

  explicit Trial(const std::vector<Index>& leading)
      : extents(with_input(leading)),
        y_extents(with_features(extents, units)),
        x(random_array<Scalar>(extents, 1)),
        dy(random_array<Scalar>(y_extents, 2)),
        expected(layer, samples(x), samples(dy)) {}

  void check(const char* what, const Array& got, const Matrix& reference) {
    if (!(distance<Scalar>(got, as_array(reference, extents)) <= tolerance)) faults += std::string(what) + " ";
  }
  void check(const char* what, const GuardedMemory<Scalar>& got, bool row_major, const Matrix& reference) {
    check(what, got.numbers(row_major), reference);
    if (!got.written_exactly()) faults += std::string("memory beside ") + what + " ";
  }
  void check(const char* what, const typename Layer<Scalar>::Gradients& got) {
    const auto differ = [](const auto& a, const Matrix& b) {
      return !(distance<Scalar>(to_array(a), to_array(b)) <= tolerance);
    };
    if (differ(got.value_weight(), expected.d_value_weight) || differ(got.gate_weight(), expected.d_gate_weight)) {
      faults += std::string(what) + " ";
    }
  }

 private:
  static std::vector<Index> with_input(std::vector<Index> leading) {
    leading.push_back(input_dim);
    return leading;
  }
};

template <class Tensor>
std::string faults(const std::vector<Index>& leading) {
  using Scalar = typename Tensor::Scalar;
  constexpr bool row_major = is_row_major<Tensor>;
  Trial<Scalar> trial(leading);
  const Layer<Scalar>& layer = trial.layer;
  const Tensor x = to_tensor<Tensor>(trial.x), dy = to_tensor<Tensor>(trial.dy);

  const auto y = layer(x);
  static_assert(std::is_same_v<const Tensor, decltype(y)>);
  trial.check("returned y", tensor_to_array(y), trial.expected.y);

  const auto both = layer(Eigen::TensorMap<const Tensor>(x), sluice::return_gate);
  trial.check("y beside the gate", tensor_to_array(both.output), trial.expected.y);
  trial.check("returned gate", tensor_to_array(both.gate), trial.expected.gate);

  GuardedMemory<Scalar> y_into(trial.y_extents), gate_into(trial.y_extents), dx_into(trial.extents);
  layer.forward(x, y_into.template map<Tensor>(), gate_into.template map<Tensor>());
  trial.check("y", y_into, row_major, trial.expected.y);
  trial.check("gate", gate_into, row_major, trial.expected.gate);

  typename Layer<Scalar>::Cache cache;
  typename Layer<Scalar>::Gradients gradients(layer), recomputed(layer);
  Tensor cached_y, dx;
  layer.forward(x, cached_y, cache);
  trial.check("y with a cache", tensor_to_array(cached_y), trial.expected.y);
  layer.backward(x, dy, cache, dx, gradients);
  trial.check("dx", tensor_to_array(dx), trial.expected.dx);
  trial.check("gradients", gradients);
  layer.backward(x, dy, dx_into.template map<Tensor>(), recomputed);
  trial.check("dx without a cache", dx_into, row_major, trial.expected.dx);
  trial.check("gradients without a cache", recomputed);
  return trial.faults;
}

}  // namespace test
