// SPDX-License-Identifier: MIT
//
// ELU and softplus gates, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/elu.hpp>
#include <sluice/activations/softplus.hpp>

TEST_CASE("ELU and softplus gates agree with PyTorch", "[layers][torch]") {
  test::check_torch<sluice::GatedLinearUnit<float, sluice::ELU, sluice::Split>>("narrow", "elu");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::ELU>>("narrow", "elu");
  test::check_torch<sluice::GatedLinearUnit<float, sluice::Softplus, sluice::Split>>("narrow", "softplus");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::Softplus>>("narrow", "softplus");
}
