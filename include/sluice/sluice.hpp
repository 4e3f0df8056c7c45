// SPDX-License-Identifier: MIT
//
// sluice: gated linear units over Eigen. Everything but Eigen::Tensor support (<sluice/tensor.hpp>).
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
#include <sluice/gating/gating.hpp>
#include <sluice/gating/glu.hpp>
#include <sluice/layers/dense.hpp>
#include <sluice/layers/gated_feed_forward.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/layers/packed.hpp>
#include <sluice/layers/summary.hpp>
#include <sluice/projection/engine.hpp>
#include <sluice/training/initializers.hpp>
#include <sluice/version.hpp>
