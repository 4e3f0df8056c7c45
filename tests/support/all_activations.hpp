// SPDX-License-Identifier: MIT
//
// Every activation, and a way to do something with each.
#pragma once

#include <sluice/activations/clamped_linear.hpp>
#include <sluice/activations/clamped_silu.hpp>
#include <sluice/activations/elu.hpp>
#include <sluice/activations/gelu.hpp>
#include <sluice/activations/gelu_tanh.hpp>
#include <sluice/activations/hard_sigmoid.hpp>
#include <sluice/activations/identity.hpp>
#include <sluice/activations/leaky_relu.hpp>
#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/activations/sigmoid.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/activations/softplus.hpp>
#include <sluice/activations/squared_relu.hpp>
#include <sluice/activations/swish.hpp>
#include <sluice/activations/tanh.hpp>

namespace test {

/// function(activation) for every activation, the ones with numbers at numbers that are not their
/// defaults.
template <class Function>
void for_each_activation(const Function& function) {
  function(sluice::Identity{});
  function(sluice::Sigmoid{});
  function(sluice::HardSigmoid{});
  function(sluice::Tanh{});
  function(sluice::ReLU{});
  function(sluice::SquaredReLU{});
  function(sluice::LeakyReLU{0.125});
  function(sluice::ELU{1.5});
  function(sluice::SiLU{});
  function(sluice::Swish{0.75});
  function(sluice::GELU{});
  function(sluice::GELUTanh{});
  function(sluice::QuickGELU{});
  function(sluice::Softplus{1.25});
  function(sluice::ClampedSiLU{1.5, 2.0});
  function(sluice::ClampedLinear{2.0, 0.5});
}

}  // namespace test
