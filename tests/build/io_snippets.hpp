// SPDX-License-Identifier: MIT
//
// What the snippets of sluice::io take for granted: the headers, and one of each thing they talk about.
#pragma once

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#pragma GCC diagnostic ignored "-Wshadow"  // a snippet may declare one of these itself

struct IoSnippet {
  sluice::SwiGLU<float> layer, gated;
  sluice::GatedFeedForward<float, sluice::SiLU> block;
  sluice::Dense<float> head;
  Eigen::MatrixXf x, y, w12;
};
