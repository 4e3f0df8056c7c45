// SPDX-License-Identifier: MIT
//
// GELU and GELUTanh: error bounds over all exponents, and packets against scalars to the last bit.
#include <sluice/activations/gelu.hpp>
#include <sluice/activations/gelu_tanh.hpp>

#include "support/activation_accuracy.hpp"

using test::check_accuracy;

TEST_CASE("GELU is accurate", "[activations][accuracy]") { check_accuracy(sluice::GELU{}, reference::GELU{}, 7, 4); }
TEST_CASE("GELUTanh is accurate", "[activations][accuracy]") {
  check_accuracy(sluice::GELUTanh{}, reference::GELUTanh{}, 4, 5.5);
}
