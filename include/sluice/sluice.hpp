// SPDX-License-Identifier: MIT
//
// sluice: gated linear units over Eigen. Everything but Eigen::Tensor support (<sluice/tensor.hpp>).
#pragma once

#include <sluice/layers/dense.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/layers/summary.hpp>
#include <sluice/training/initializers.hpp>
#include <sluice/version.hpp>
