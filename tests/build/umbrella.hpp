// SPDX-License-Identifier: MIT
//
// What the two translation units of the umbrella test know of each other.
#pragma once

#include <sluice/sluice.hpp>

/// The sum of the layer's output for an input of ones; defined in both units under another name,
/// so that every inline function of the library exists twice before linking.
float run_in_a(const sluice::SwiGLU<float>& layer);
float run_in_b(const sluice::SwiGLU<float>& layer);
