// SPDX-License-Identifier: MIT
//
// A gated layer on tensors of rank 2 to 4, both layouts, with and without the gate, forward and
// backward, as PyTorch computes it (its results for the three ranks are the same numbers:
// tools/torch_reference.py makes sure of that).
#pragma once

#include "support/torch_layer.hpp"
#include "support/torch_tensor.hpp"

#include <sluice/tensor.hpp>

#include <string>
#include <vector>

namespace test {

template <class Layer, int Rank, int Layout>
void check_torch_tensor(const std::string& variant, const std::vector<Index>& samples) {
  using Scalar = typename Layer::Scalar;
  using Tensor = Eigen::Tensor<Scalar, Rank, Layout>;
  const double tolerance = torch_tolerance<Scalar>;
  const ArrayFile& file = torch_layer_file();

  std::vector<Index> in = samples, out = samples;
  in.push_back(7);
  out.push_back(19);
  Layer layer(in.back(), out.back());
  fill_from_torch(layer, "wide");
  const auto x = tensor_of<Tensor>(file["wide.x"], in);
  const auto dy = tensor_of<Tensor>(file["wide.dy"], out);
  const auto check = [&](const char* name, const Tensor& got, const std::vector<Index>& extents) {
    const std::string full_name = variant + "." + name;
    check_array(full_name, array_of(got), file[full_name], extents, tolerance);
  };

  const auto [output, gate] = layer(x, sluice::return_gate);
  check("y", output, out);
  check("gate", gate, out);

  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  Tensor y, dx;
  layer.forward(x, y, cache);
  check("y", y, out);
  layer.backward(x, dy, cache, dx, gradients);
  check("dx", dx, in);
  check_gradients(variant, gradients, tolerance);
}

/// Each rank and layout once with each projection or scalar; rank 2 has the matrix tests as well.
template <class Activation>
void check_torch_tensors(const std::string& variant) {
  using Fused = sluice::GatedLinearUnit<float, Activation, sluice::Fused>;
  using Split = sluice::GatedLinearUnit<double, Activation, sluice::Split>;
  check_torch_tensor<Fused, 2, Eigen::ColMajor>(variant, {12});
  check_torch_tensor<Fused, 3, Eigen::RowMajor>(variant, {4, 3});
  check_torch_tensor<Fused, 4, Eigen::ColMajor>(variant, {2, 3, 2});
  check_torch_tensor<Split, 2, Eigen::RowMajor>(variant, {12});
  check_torch_tensor<Split, 3, Eigen::ColMajor>(variant, {4, 3});
  check_torch_tensor<Split, 4, Eigen::RowMajor>(variant, {2, 3, 2});
}

}  // namespace test
