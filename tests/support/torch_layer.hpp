// SPDX-License-Identifier: MIT
//
// Holds a gated layer against PyTorch (tests/data/torch_layer.txt): output, gate, ∂L/∂x, ∂L/∂W,
// ∂L/∂b. The references are float64; inputs and parameters are exact in float, so one file serves
// both.
#pragma once

#include "support/array_file.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/matchers.hpp"

#include <sluice/layers/gated_linear_unit.hpp>

#include <Eigen/Core>

#include <string>
#include <type_traits>

namespace test {

inline const ArrayFile& torch_layer_file() {
  static const ArrayFile file("torch_layer.txt");
  return file;
}

/// How far a result may lie from PyTorch's, relative to its largest entry.
template <class Scalar>
inline constexpr double torch_tolerance = std::is_same_v<Scalar, float> ? 1e-6 : 1e-14;

/// One result of one variant. Not a template, and the only place with a CHECK: those compile
/// slowly.
inline void check_result(const std::string& variant, const char* name, const Eigen::MatrixXd& got, double tolerance) {
  INFO(variant << "." << name);
  CHECK(relative_error(got, torch_layer_file()[variant + "." + name].matrix()) <= tolerance);
}

/// Gives a layer the parameters of the given size, "wide" or "narrow".
template <class Layer>
void fill_from_torch(Layer& layer, const std::string& size) {
  using Scalar = typename Layer::Scalar;
  const ArrayFile& file = torch_layer_file();
  layer.value_weight() = file[size + ".value_weight"].matrix().cast<Scalar>();
  layer.gate_weight() = file[size + ".gate_weight"].matrix().cast<Scalar>();
  if (!layer.has_bias()) return;
  layer.value_bias() = file[size + ".value_bias"].matrix().cast<Scalar>();
  layer.gate_bias() = file[size + ".gate_bias"].matrix().cast<Scalar>();
}

template <class Gradients>
void check_gradients(const std::string& variant, const Gradients& gradients, double tolerance) {
  check_result(variant, "dvalue_weight", to_double(gradients.value_weight()), tolerance);
  check_result(variant, "dgate_weight", to_double(gradients.gate_weight()), tolerance);
  if (!gradients.has_bias()) return;
  check_result(variant, "dvalue_bias", to_double(gradients.value_bias()), tolerance);
  check_result(variant, "dgate_bias", to_double(gradients.gate_bias()), tolerance);
}

template <class Layer>
void check_torch(const std::string& size, std::string variant, bool bias = true,
                 const typename Layer::Activation& activation = {}) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  const double tolerance = torch_tolerance<Scalar>;
  if (!bias) variant += ".no_bias";
  INFO(Layer::Projection::name << ", " << (sizeof(Scalar) == 4 ? "float" : "double"));

  const Matrix x = torch_layer_file()[size + ".x"].matrix().template cast<Scalar>();
  const Matrix dy = torch_layer_file()[size + ".dy"].matrix().template cast<Scalar>();
  Layer layer(x.cols(), dy.cols(), {.bias = bias, .activation = activation});
  fill_from_torch(layer, size);

  const auto [output, gate] = layer(x, sluice::return_gate);
  check_result(variant, "y", to_double(output), tolerance);
  check_result(variant, "gate", to_double(gate), tolerance);

  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  Matrix y, dx;
  layer.forward(x, y, cache);
  check_result(variant, "y", to_double(y), tolerance);
  layer.backward(x, dy, cache, dx, gradients);
  check_result(variant, "dx", to_double(dx), tolerance);
  check_gradients(variant, gradients, tolerance);
}

/// Float and double, fused and split.
template <class Activation>
void check_torch_all(const std::string& size, const std::string& variant, bool bias = true) {
  check_torch<sluice::GatedLinearUnit<float, Activation, sluice::Fused>>(size, variant, bias);
  check_torch<sluice::GatedLinearUnit<float, Activation, sluice::Split>>(size, variant, bias);
  check_torch<sluice::GatedLinearUnit<double, Activation, sluice::Fused>>(size, variant, bias);
  check_torch<sluice::GatedLinearUnit<double, Activation, sluice::Split>>(size, variant, bias);
}

}  // namespace test
