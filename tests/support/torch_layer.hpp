// SPDX-License-Identifier: MIT
//
// Holds a gated layer against PyTorch (tests/data/torch_layer.txt): output, gate, ∂L/∂x, ∂L/∂W,
// ∂L/∂b. The references are float64; inputs and parameters are exact in float, so the same file
// serves both.
#pragma once

#include "support/array_file.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/layers/gated_linear_unit.hpp>

#include <Eigen/Core>

#include <string>

namespace test {

inline const ArrayFile& torch_layer_file() {
  static const ArrayFile file("torch_layer.txt");
  return file;
}

/// How far a result may lie from PyTorch's, relative to its largest entry.
template <class Scalar>
inline constexpr double torch_tolerance = std::is_same_v<Scalar, float> ? 1e-6 : 1e-14;

/// One reference: inputs of the given size ("wide", "narrow"), outputs of the given variant.
template <class Scalar>
class TorchLayer {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

  TorchLayer(std::string size, std::string variant)
      : size_(std::move(size)), variant_(std::move(variant)) {}

  Matrix input(const std::string& name) const {
    return torch_layer_file()[size_ + "." + name].matrix().template cast<Scalar>();
  }
  Eigen::MatrixXd result(const std::string& name) const {
    return torch_layer_file()[variant_ + "." + name].matrix();
  }

  template <class Layer>
  void fill(Layer& layer) const {
    layer.value_weight() = input("value_weight");
    layer.gate_weight() = input("gate_weight");
    if (!layer.has_bias()) return;
    layer.value_bias() = input("value_bias");
    layer.gate_bias() = input("gate_bias");
  }

 private:
  std::string size_;
  std::string variant_;
};

#define SLUICE_CHECK_TORCH(got, name) \
  CHECK(relative_error(got, torch.result(name)) <= torch_tolerance<typename Layer::Scalar>)

template <class Layer>
void check_torch(const std::string& size, const std::string& variant, bool bias = true,
                 const typename Layer::Activation& activation = {}) {
  using Scalar = typename Layer::Scalar;
  using Matrix = typename TorchLayer<Scalar>::Matrix;
  const TorchLayer<Scalar> torch(size, bias ? variant : variant + ".no_bias");
  INFO(variant << (bias ? "" : " without bias") << ", " << Layer::Projection::name << ", "
               << (sizeof(Scalar) == 4 ? "float" : "double"));

  const Matrix x = torch.input("x"), dy = torch.input("dy");
  Layer layer(x.cols(), dy.cols(), {.bias = bias, .activation = activation});
  torch.fill(layer);

  const auto [output, gate] = layer(x, sluice::return_gate);
  SLUICE_CHECK_TORCH(output, "y");
  SLUICE_CHECK_TORCH(gate, "gate");

  typename Layer::Cache cache;
  Matrix y, dx;
  layer.forward(x, y, cache);
  SLUICE_CHECK_TORCH(y, "y");
  typename Layer::Gradients gradients(layer);
  layer.backward(x, dy, cache, dx, gradients);
  SLUICE_CHECK_TORCH(dx, "dx");
  SLUICE_CHECK_TORCH(gradients.value_weight(), "dvalue_weight");
  SLUICE_CHECK_TORCH(gradients.gate_weight(), "dgate_weight");
  if (!bias) return;
  SLUICE_CHECK_TORCH(gradients.value_bias(), "dvalue_bias");
  SLUICE_CHECK_TORCH(gradients.gate_bias(), "dgate_bias");
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
