// SPDX-License-Identifier: MIT
//
// Bilinear, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("Bilinear agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::Identity>("wide", "bilinear");
}
