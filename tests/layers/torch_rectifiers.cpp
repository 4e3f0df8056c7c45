// SPDX-License-Identifier: MIT
//
// Squared and leaky ReLU gates, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/leaky_relu.hpp>
#include <sluice/activations/squared_relu.hpp>

TEST_CASE("Squared and leaky ReLU gates agree with PyTorch", "[layers][torch]") {
  test::check_torch<sluice::GatedLinearUnit<float, sluice::SquaredReLU, sluice::Split>>("narrow", "squared_relu");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::SquaredReLU>>("narrow", "squared_relu");
  test::check_torch<sluice::GatedLinearUnit<float, sluice::LeakyReLU, sluice::Split>>("narrow", "leaky_relu");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::LeakyReLU>>("narrow", "leaky_relu");
}
