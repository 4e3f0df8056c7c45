// SPDX-License-Identifier: MIT
//
// Every activation once through the layer: those with corners.
#include "layers/activation_trial.hpp"

#include <sluice/sluice.hpp>

namespace {

TEST_CASE("activations with corners through the layer", "[layer][activations]") {
  test::check_through_layer<sluice::ReLU, sluice::HardSigmoid>();
  test::check_through_layer<sluice::SquaredReLU, sluice::LeakyReLU>();
  test::check_through_layer<sluice::ELU, sluice::Identity>();
  test::check_through_layer<sluice::ClampedSiLU, sluice::ClampedLinear>();
}

}  // namespace
