// SPDX-License-Identifier: MIT
//
// Weights in and out of safetensors files: the reader, the writer, and a layer's weights by a mapping.
//
//   sluice::GatedFeedForward<float, sluice::SiLU> block(4096, 11008);
//   sluice::io::load(block, "model.safetensors", sluice::io::HfLlama("model.layers.0.mlp"));
#pragma once

#include <sluice/io/load.hpp>
#include <sluice/io/mapping.hpp>
#include <sluice/io/pack.hpp>
#include <sluice/io/safetensors_reader.hpp>
#include <sluice/io/safetensors_writer.hpp>
#include <sluice/io/self_check.hpp>
