// SPDX-License-Identifier: MIT
//
// GeGLU and GeGLUTanh on tensors of rank 2 to 4, values and gradients as PyTorch computes them.
#include "support/torch_tensor_layer.hpp"

TEST_CASE("GeGLU and GeGLUTanh of tensors agree with PyTorch", "[tensor][torch]") {
  test::check_torch_tensors<sluice::GELU>("geglu");
  test::check_torch_tensors<sluice::GELUTanh>("geglu_tanh");
}
