// SPDX-License-Identifier: MIT
//
// GLU and SwiGLU on tensors of rank 2 to 4, values and gradients as PyTorch computes them.
#include "support/torch_tensor_layer.hpp"

TEST_CASE("GLU and SwiGLU of tensors agree with PyTorch", "[tensor][torch]") {
  test::check_torch_tensors<sluice::Sigmoid>("glu");
  test::check_torch_tensors<sluice::SiLU>("swiglu");
}
