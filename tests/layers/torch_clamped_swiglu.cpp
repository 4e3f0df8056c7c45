// SPDX-License-Identifier: MIT
//
// gpt-oss's clamped SwiGLU, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

TEST_CASE("gpt-oss's clamped SwiGLU agrees with PyTorch", "[layers][torch]") {
  // Both limits, and the range between them, are met by the reference.
  using Clamped = sluice::Gating<sluice::ClampedSiLU, sluice::ClampedLinear>;
  test::check_torch_all<Clamped>("wide", "clamped_swiglu");
  test::check_torch_all<Clamped>("wide", "clamped_swiglu", false);
}
