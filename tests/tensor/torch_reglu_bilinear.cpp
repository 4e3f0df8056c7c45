// SPDX-License-Identifier: MIT
//
// ReGLU and Bilinear on tensors of rank 2 to 4, values and gradients as PyTorch computes them.
#include "support/torch_tensor_layer.hpp"

TEST_CASE("ReGLU and Bilinear of tensors agree with PyTorch", "[tensor][torch]") {
  test::check_torch_tensors<sluice::ReLU>("reglu");
  test::check_torch_tensors<sluice::Identity>("bilinear");
}
