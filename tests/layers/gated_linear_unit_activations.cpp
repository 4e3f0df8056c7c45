// SPDX-License-Identifier: MIT
//
// Every activation once through the layer: the smooth ones.
#include "layers/activation_trial.hpp"

#include <sluice/sluice.hpp>

namespace {

TEST_CASE("smooth activations through the layer", "[layer][activations]") {
  test::check_through_layer<sluice::Sigmoid, sluice::Tanh>();
  test::check_through_layer<sluice::SiLU, sluice::GELU>();
  test::check_through_layer<sluice::GELUTanh, sluice::Softplus>();
  test::check_through_layer<sluice::Swish, sluice::QuickGELU>();
}

}  // namespace
