// SPDX-License-Identifier: MIT
//
// ReGLU, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("ReGLU agrees with PyTorch", "[layers][torch]") { test::check_torch_all<sluice::ReLU>("wide", "reglu"); }
