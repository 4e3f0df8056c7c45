// SPDX-License-Identifier: MIT
//
// The demo's training in float, loss by loss as PyTorch's in float32.
#include "support/torch_tumours.hpp"

TEST_CASE("The demo's losses are PyTorch's, in float", "[examples][torch]") { test::check_all_losses<float>(1e-5); }
