// SPDX-License-Identifier: MIT
//
// SwiGLU, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("SwiGLU agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::SiLU>("wide", "swiglu");
  test::check_torch_all<sluice::SiLU>("wide", "swiglu", false);
}
