// SPDX-License-Identifier: MIT
//
// tests/data/io/mappings.safetensors (tools/mapping_reference.py): layers in each framework's own names and layout, and
// what that framework computes with them.
#pragma once

#include "io/files.hpp"
#include "support/engine.hpp"
#include "support/matchers.hpp"

#include <sluice/io/safetensors.hpp>

#include <string>

namespace test {

inline const sluice::io::Safetensors& mapping_reference() {
  static const auto file = sluice::io::Safetensors::open(data_file("mappings.safetensors"));
  return file;
}

/// How far a layer loaded by a mapping is from the framework's output ("y"), or from its gated product ("hidden"), in
/// units of what rounding may cost: below 1 is equal.
template <class Layer>
double loaded_error(Layer layer, const sluice::io::Mapping& mapping, const std::string& reference,
                    const std::string& output = "y") {
  using Scalar = typename Layer::Scalar;
  sluice::io::load(layer, mapping_reference(), mapping);
  const Eigen::MatrixXd x = mapping_reference().matrix<double>("reference." + reference + ".x");
  const Eigen::MatrixXd want = mapping_reference().matrix<double>("reference." + reference + "." + output);
  const auto got = layer(x.cast<Scalar>().eval());
  return relative_error(got, want) / rounding<Scalar>(40);
}

}  // namespace test
