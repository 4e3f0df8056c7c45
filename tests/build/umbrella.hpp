// SPDX-License-Identifier: MIT
//
// What the two translation units of the umbrella test know of each other.
#pragma once

#include <sluice/sluice.hpp>
#include <sluice/tensor.hpp>

#include <vector>

/// The sum of the layer's output for an input of ones, as a matrix and as a tensor.
struct Sums {
  float matrix;
  float tensor;
};

/// Defined in both units under another name, so that what the library defines exists twice before
/// linking.
Sums run_in_a(const sluice::SwiGLU<float>& layer);
Sums run_in_b(const sluice::SwiGLU<float>& layer);
/// Other layers that are to give the same.
std::vector<float> run_others_in_b(const sluice::SwiGLU<float>& layer);
