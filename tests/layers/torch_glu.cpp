// SPDX-License-Identifier: MIT
//
// GLU, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("GLU agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::Sigmoid>("wide", "glu");
  test::check_torch_all<sluice::Sigmoid>("wide", "glu", false);
}
