// SPDX-License-Identifier: MIT
//
// Softplus and ELU: error bounds over all exponents, and packets against scalars to the last bit.
#include <sluice/activations/elu.hpp>
#include <sluice/activations/softplus.hpp>

#include "support/activation_accuracy.hpp"

using test::check_accuracy;

TEST_CASE("Softplus is accurate", "[activations][accuracy]") {
  for (const double beta : {1.0, 2.7, -0.6}) {
    CAPTURE(beta);
    check_accuracy(sluice::Softplus{beta}, reference::Softplus{beta}, 5, 3.5);
  }
}
TEST_CASE("ELU is accurate", "[activations][accuracy]") {
  for (const double alpha : {1.0, 1.67326}) {
    CAPTURE(alpha);
    check_accuracy(sluice::ELU{alpha}, reference::ELU{alpha}, 2.5, 3);
  }
}
