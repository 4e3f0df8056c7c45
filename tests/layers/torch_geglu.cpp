// SPDX-License-Identifier: MIT
//
// GeGLU, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("GeGLU agrees with PyTorch", "[layers][torch]") { test::check_torch_all<sluice::GELU>("wide", "geglu"); }
