// SPDX-License-Identifier: MIT
//
// Hard sigmoid and tanh gates, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/hard_sigmoid.hpp>
#include <sluice/activations/tanh.hpp>

TEST_CASE("Hard sigmoid and tanh gates agree with PyTorch", "[layers][torch]") {
  test::check_torch<sluice::GatedLinearUnit<float, sluice::HardSigmoid, sluice::Split>>("narrow", "hard_sigmoid");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::HardSigmoid>>("narrow", "hard_sigmoid");
  test::check_torch<sluice::GatedLinearUnit<float, sluice::Tanh, sluice::Split>>("narrow", "tanh");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::Tanh>>("narrow", "tanh");
}
