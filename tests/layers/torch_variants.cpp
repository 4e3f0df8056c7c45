// SPDX-License-Identifier: MIT
//
// The variants with names of their own, values and gradients as PyTorch computes them. (SwiGLU in torch_swiglu.cpp.)
#include "support/torch_layer.hpp"

TEST_CASE("GLU agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::Sigmoid>("wide", "glu");
  test::check_torch_all<sluice::Sigmoid>("wide", "glu", false);
}

TEST_CASE("GeGLU agrees with PyTorch", "[layers][torch]") { test::check_torch_all<sluice::GELU>("wide", "geglu"); }

TEST_CASE("GeGLUTanh agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::GELUTanh>("wide", "geglu_tanh");
}

TEST_CASE("ReGLU agrees with PyTorch", "[layers][torch]") { test::check_torch_all<sluice::ReLU>("wide", "reglu"); }

TEST_CASE("Bilinear agrees with PyTorch", "[layers][torch]") {
  test::check_torch_all<sluice::Identity>("wide", "bilinear");
}
