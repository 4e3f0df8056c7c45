// SPDX-License-Identifier: MIT
//
// Swish, QuickGELU and ClampedSiLU: error bounds over all exponents, and packets against scalars to
// the last bit.
#include <sluice/activations/clamped_silu.hpp>
#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/swish.hpp>

#include "support/activation_accuracy.hpp"

using test::check_accuracy;

TEST_CASE("Swish is accurate", "[activations][accuracy]") {
  for (const double beta : {1.0, 1.702, 0.3, -2.1}) {
    CAPTURE(beta);
    check_accuracy(sluice::Swish{beta}, reference::Swish{beta}, 3.5, 5);
  }
}
TEST_CASE("QuickGELU is accurate", "[activations][accuracy]") {
  check_accuracy(sluice::QuickGELU{}, reference::QuickGELU{}, 3.5, 5);
}
TEST_CASE("ClampedSiLU is accurate", "[activations][accuracy]") {
  check_accuracy(sluice::ClampedSiLU{}, reference::ClampedSiLU{1.702, 7}, 3.5, 5);
  check_accuracy(sluice::ClampedSiLU{1, 2}, reference::ClampedSiLU{1, 2}, 3.5, 5);
}
