// SPDX-License-Identifier: MIT
//
// Gated feed-forward blocks, values and gradients as PyTorch computes them from three nn.Linear modules, whose weights
// lie the other way round: (out × in).
#include "support/array_file.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/matchers.hpp"

#include <sluice/layers/gated_feed_forward.hpp>

#include <Eigen/Core>

#include <string>
#include <type_traits>

namespace {

const test::ArrayFile& file() {
  static const test::ArrayFile arrays("torch_feed_forward.txt");
  return arrays;
}

template <class Layer>
void check(std::string variant, bool bias = true) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  if (!bias) variant += ".no_bias";
  INFO(variant << ", " << Layer::Projection::name << ", " << sizeof(Scalar));
  const auto load = [](const std::string& name) { return Matrix(file()[name].matrix().template cast<Scalar>()); };
  const auto error = [&](const char* name, const Eigen::MatrixXd& got) {
    return test::relative_error(got, file()[variant + "." + name].matrix());
  };
  constexpr double tolerance = std::is_same_v<Scalar, float> ? 1e-6 : 1e-14;

  const Matrix x = load("x"), dy = load("dy");
  Layer layer(6, 13, {.bias = bias, .activation = {}});
  layer.gated().value_weight() = load("up_proj.weight").transpose();
  layer.gated().gate_weight() = load("gate_proj.weight").transpose();
  layer.output().weight() = load("down_proj.weight").transpose();
  if (bias) {
    layer.gated().value_bias() = load("up_proj.bias");
    layer.gated().gate_bias() = load("gate_proj.bias");
    layer.output().bias() = load("down_proj.bias");
  }
  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  Matrix y, dx;
  layer.forward(x, y, cache);
  layer.backward(x, dy, cache, dx, gradients);
  CHECK(error("y", test::to_double(y)) <= tolerance);
  CHECK(error("dx", test::to_double(dx)) <= tolerance);
  const auto& gated = gradients.gated();
  const auto& output = gradients.output();
  CHECK(error("dup_proj.weight", test::to_double(gated.value_weight()).transpose()) <= tolerance);
  CHECK(error("dgate_proj.weight", test::to_double(gated.gate_weight()).transpose()) <= tolerance);
  CHECK(error("ddown_proj.weight", test::to_double(output.weight()).transpose()) <= tolerance);
  if (!bias) return;
  CHECK(error("dup_proj.bias", test::to_double(gated.value_bias())) <= tolerance);
  CHECK(error("dgate_proj.bias", test::to_double(gated.gate_bias())) <= tolerance);
  CHECK(error("ddown_proj.bias", test::to_double(output.bias())) <= tolerance);
}

}  // namespace

TEST_CASE("GatedFeedForward agrees with PyTorch", "[layers][feed_forward][torch]") {
  check<sluice::GatedFeedForward<float, sluice::SiLU>>("swiglu");
  check<sluice::GatedFeedForward<double, sluice::SiLU>>("swiglu", false);
  check<sluice::GatedFeedForward<double, sluice::SiLU, sluice::Split>>("swiglu");
  check<sluice::GatedFeedForward<double, sluice::GELUTanh>>("geglu_tanh");
  check<sluice::GatedFeedForward<float, sluice::ReLU, sluice::Split>>("reglu");
}
