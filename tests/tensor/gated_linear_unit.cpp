// SPDX-License-Identifier: MIT
//
// A layer on tensors of rank 1 to 5, both layouts: output, gate, cache, gradients; against matrix products in double on the
// samples read element by element.

#include "support/catch.hpp"
#include "support/tensors.hpp"

#include <sluice/layers/gated_linear_unit.hpp>

#include <random>
#include <stdexcept>
#include <string>

using namespace test;

namespace {

constexpr double tolerance = 64;  // see distance(); sums of 7 products
constexpr Index input_dim = 7, units = 5;

template <class Scalar>
using Layer = sluice::GatedLinearUnit<Scalar, sluice::Sigmoid>;

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The samples of an array as rows.
Matrix samples(const Array& a) {
  const Index features = a.extents.back();
  return Eigen::Map<const Matrix>(a.numbers.data(), static_cast<Index>(a.numbers.size()) / features, features);
}
std::vector<Index> with_features(std::vector<Index> extents, Index features) {
  extents.back() = features;
  return extents;
}
Array as_array(const Matrix& rows, const std::vector<Index>& extents) {
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

template <class Tensor>
void check_layer(const std::vector<Index>& leading) {
  using Scalar = typename Tensor::Scalar;
  CAPTURE(leading);
  std::vector<Index> extents = leading;
  extents.push_back(input_dim);
  const std::vector<Index> y_extents = with_features(extents, units);
  const Layer<Scalar> layer = make_layer<Scalar>();
  const Array x = random_array<Scalar>(extents, 1), dy = random_array<Scalar>(y_extents, 2);
  const Reference expected(layer, samples(x), samples(dy));
  const Array expected_y = as_array(expected.y, extents), expected_gate = as_array(expected.gate, extents);
  const auto is = [](const Array& got, const Array& reference) {
    return distance<Scalar>(got, reference) <= tolerance;
  };

  const Tensor input = to_tensor<Tensor>(x), output_gradient = to_tensor<Tensor>(dy);
  const auto y = layer(input);
  STATIC_REQUIRE(std::is_same_v<const Tensor, decltype(y)>);
  CHECK(is(tensor_to_array(y), expected_y));

  const auto both = layer(Eigen::TensorMap<const Tensor>(input), sluice::return_gate);
  CHECK(is(tensor_to_array(both.output), expected_y));
  CHECK(is(tensor_to_array(both.gate), expected_gate));

  GuardedTensor<Tensor> into(y_extents), gate_into(y_extents);
  layer.forward(input, into.map(), gate_into.map());
  CHECK((is(tensor_to_array(into.map()), expected_y) && into.written_exactly()));
  CHECK((is(tensor_to_array(gate_into.map()), expected_gate) && gate_into.written_exactly()));

  typename Layer<Scalar>::Cache cache;
  Tensor cached;
  layer.forward(input, cached, cache);
  CHECK(is(tensor_to_array(cached), expected_y));

  typename Layer<Scalar>::Gradients gradients(layer), recomputed(layer);
  Tensor dx;
  layer.backward(input, output_gradient, cache, dx, gradients);
  CHECK(is(tensor_to_array(dx), as_array(expected.dx, extents)));
  CHECK(is(to_array(gradients.value_weight()), to_array(expected.d_value_weight)));
  CHECK(is(to_array(gradients.gate_weight()), to_array(expected.d_gate_weight)));

  GuardedTensor<Tensor> dx_into(extents);
  layer.backward(input, output_gradient, dx_into.map(), recomputed);
  CHECK((is(tensor_to_array(dx_into.map()), as_array(expected.dx, extents)) && dx_into.written_exactly()));
  CHECK(is(to_array(recomputed.gate_weight()), to_array(expected.d_gate_weight)));
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was refused";
}

}  // namespace

TEST_CASE("a layer takes row-major tensors of rank 1 to 5", "[tensor]") {
  check_layer<Eigen::Tensor<float, 1, Eigen::RowMajor>>({});
  check_layer<Eigen::Tensor<float, 2, Eigen::RowMajor>>({9});
  check_layer<Eigen::Tensor<float, 3, Eigen::RowMajor>>({3, 4});
  check_layer<Eigen::Tensor<float, 4, Eigen::RowMajor>>({2, 3, 4});
  check_layer<Eigen::Tensor<float, 5, Eigen::RowMajor>>({2, 3, 4, 5});
}

TEST_CASE("a layer takes column-major tensors of rank 1 to 5", "[tensor]") {
  check_layer<Eigen::Tensor<float, 1>>({});
  check_layer<Eigen::Tensor<float, 2>>({9});
  check_layer<Eigen::Tensor<float, 3>>({3, 4});
  check_layer<Eigen::Tensor<float, 4>>({2, 3, 4});
  check_layer<Eigen::Tensor<float, 5>>({2, 3, 4, 5});
}

TEST_CASE("a double layer takes tensors", "[tensor]") {
  check_layer<Eigen::Tensor<double, 3>>({3, 4});
}

TEST_CASE("a layer refuses tensors of other shapes", "[tensor]") {
  const sluice::GLU<float> layer(30, 10);
  Eigen::Tensor<float, 3> x(2, 3, 30), wrong(2, 3, 31), y(3, 2, 10);
  x.setZero();
  wrong.setZero();
  y.setConstant(7.f);
  CHECK(refusal([&] { layer(wrong); }) ==
        "GatedLinearUnit: expected input with 30 features, got 31 (input is 2×3×31)");
  CHECK(refusal([&] { layer.forward(x, y); }) == "GatedLinearUnit: expected output of 2×3×10, got 3×2×10");
  Eigen::TensorMap<Eigen::Tensor<float, 3>> no_samples(y.data(), 0, 3, 10), inside(x.data(), 2, 3, 10);
  CHECK(refusal([&] { layer.forward(x, no_samples); }) ==
        "GatedLinearUnit: expected output of 2×3×10, got 0×3×10");
  CHECK(refusal([&] { layer.forward(x, inside); }) ==
        "GatedLinearUnit: expected input and output in separate memory, got an overlap");
  for (Index i = 0; i < y.size(); ++i) REQUIRE(y.data()[i] == 7.f);

  const Eigen::Tensor<float, 1> sample(29);
  CHECK(refusal([&] { layer(sample); }) == "GatedLinearUnit: expected input with 30 features, got 29 (input is 29)");
}

TEST_CASE("a layer takes an empty batch of tensors, and sizes in the tensor's type", "[tensor]") {
  const Layer<float> layer = make_layer<float>();
  const auto y = layer(Eigen::Tensor<float, 3>(0, 4, input_dim));
  CHECK((y.dimension(0) == 0 && y.dimension(1) == 4 && y.dimension(2) == units));

  Eigen::TensorFixedSize<float, Eigen::Sizes<3, 7>> fixed;
  fixed.setConstant(0.5f);
  const Eigen::MatrixXf expected = layer(Eigen::MatrixXf::Constant(3, 7, 0.5f));
  const Eigen::Tensor<float, 2> from_fixed = layer(fixed);
  CHECK(from_fixed(2, 4) == Approx(expected(2, 4)));
}
