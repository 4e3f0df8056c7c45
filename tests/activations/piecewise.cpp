// SPDX-License-Identifier: MIT
//
// Piecewise polynomials: error bounds over all exponents, and packets against scalars to the last
// bit.
#include <sluice/activations/clamped_linear.hpp>
#include <sluice/activations/hard_sigmoid.hpp>
#include <sluice/activations/identity.hpp>
#include <sluice/activations/leaky_relu.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/activations/squared_relu.hpp>

#include "support/activation_accuracy.hpp"

using test::check_accuracy;

TEST_CASE("piecewise activations are accurate", "[activations][accuracy]") {
  check_accuracy(sluice::Identity{}, reference::Identity{}, 0, 0);
  check_accuracy(sluice::ReLU{}, reference::ReLU{}, 0, 0);
  check_accuracy(sluice::SquaredReLU{}, reference::SquaredReLU{}, 0.5, 0);
  check_accuracy(sluice::LeakyReLU{}, reference::LeakyReLU{0.01}, 1.5, 0.5);
  check_accuracy(sluice::HardSigmoid{}, reference::HardSigmoid{}, 1.5, 0.5);
  check_accuracy(sluice::ClampedLinear{}, reference::ClampedLinear{7, 1}, 0.5, 0);
  check_accuracy(sluice::ClampedLinear{3, -0.5}, reference::ClampedLinear{3, -0.5}, 0.5, 0);
}
