// SPDX-License-Identifier: MIT
//
// WaveNet's and gpt-oss's gating on tensors of rank 2 to 4, values and gradients as PyTorch
// computes them.
#include "support/torch_tensor_layer.hpp"

#include <sluice/activations/tanh.hpp>

TEST_CASE("WaveNet's and gpt-oss's gating of tensors agrees with PyTorch", "[tensor][torch]") {
  test::check_torch_tensors<sluice::Gating<sluice::Sigmoid, sluice::Tanh>>("wavenet");
  test::check_torch_tensors<sluice::Gating<sluice::ClampedSiLU, sluice::ClampedLinear>>("clamped_swiglu");
}
