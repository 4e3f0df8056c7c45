// SPDX-License-Identifier: MIT
//
// All other activations as gates, values and gradients as PyTorch computes them.
#include "support/torch_layer.hpp"

#include <sluice/activations/elu.hpp>
#include <sluice/activations/hard_sigmoid.hpp>
#include <sluice/activations/leaky_relu.hpp>
#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/softplus.hpp>
#include <sluice/activations/squared_relu.hpp>
#include <sluice/activations/swish.hpp>
#include <sluice/activations/tanh.hpp>

#include <string>

namespace {

template <class Gate>
void check(const std::string& name, const Gate& gate = {}) {
  test::check_torch<sluice::GatedLinearUnit<float, Gate, sluice::Split>>("narrow", name, true, gate);
  test::check_torch<sluice::GatedLinearUnit<double, Gate>>("narrow", name, true, gate);
}

}  // namespace

TEST_CASE("Hard sigmoid and tanh gates agree with PyTorch", "[layers][torch]") {
  check<sluice::HardSigmoid>("hard_sigmoid");
  check<sluice::Tanh>("tanh");
}

TEST_CASE("Squared and leaky ReLU gates agree with PyTorch", "[layers][torch]") {
  check<sluice::SquaredReLU>("squared_relu");
  check<sluice::LeakyReLU>("leaky_relu");
}

TEST_CASE("ELU and softplus gates agree with PyTorch", "[layers][torch]") {
  check<sluice::ELU>("elu");
  check<sluice::Softplus>("softplus");
}

TEST_CASE("Gates with a slope, QuickGELU and Swish, agree with PyTorch", "[layers][torch]") {
  check<sluice::QuickGELU>("quick_gelu");
  check<sluice::Swish>("swish", {.beta = 1.5});
}
