// SPDX-License-Identifier: MIT
//
// A layer that crosses from one translation unit to another.
#pragma once

#include <sluice/sluice.hpp>

using Layer = sluice::SwiGLU<float, sluice::Fused, 3, 2>;

float run(const Layer& layer, const Eigen::MatrixXf& x);
