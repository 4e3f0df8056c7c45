// SPDX-License-Identifier: MIT
//
// Gates with a slope: QuickGELU, Swish, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/swish.hpp>

TEST_CASE("Gates with a slope: QuickGELU, Swish agree with PyTorch", "[layers][torch]") {
  test::check_torch<sluice::GatedLinearUnit<float, sluice::QuickGELU, sluice::Split>>("narrow", "quick_gelu");
  test::check_torch<sluice::GatedLinearUnit<double, sluice::QuickGELU>>("narrow", "quick_gelu");
  test::check_torch<sluice::GatedLinearUnit<float, sluice::Swish, sluice::Split>>("narrow", "swish", true,
                                                                                  {.beta = 1.5});
  test::check_torch<sluice::GatedLinearUnit<double, sluice::Swish>>("narrow", "swish", true, {.beta = 1.5});
}
