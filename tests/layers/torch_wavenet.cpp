// SPDX-License-Identifier: MIT
//
// WaveNet's gated activation, tanh(v) · σ(g), values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/tanh.hpp>

TEST_CASE("WaveNet's gated activation agrees with PyTorch", "[layers][torch]") {
  using WaveNet = sluice::Gating<sluice::Sigmoid, sluice::Tanh>;
  test::check_torch_all<WaveNet>("wide", "wavenet");
}
