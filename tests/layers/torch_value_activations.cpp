// SPDX-License-Identifier: MIT
//
// Layers with an activation of the value, too, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/tanh.hpp>

TEST_CASE("gpt-oss's clamped SwiGLU agrees with PyTorch", "[layers][torch]") {
  // Both limits, and the range between them, are met by the reference.
  using Clamped = sluice::Gating<sluice::ClampedSiLU, sluice::ClampedLinear>;
  test::check_torch_all<Clamped>("wide", "clamped_swiglu");
  test::check_torch_all<Clamped>("wide", "clamped_swiglu", false);
}

TEST_CASE("WaveNet's gated activation, tanh(v) · σ(g), agrees with PyTorch", "[layers][torch]") {
  using WaveNet = sluice::Gating<sluice::Sigmoid, sluice::Tanh>;
  test::check_torch_all<WaveNet>("wide", "wavenet");
}
