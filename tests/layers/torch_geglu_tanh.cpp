// SPDX-License-Identifier: MIT
//
// GeGLUTanh, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("GeGLUTanh agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::GELUTanh>("wide", "geglu_tanh");
}
