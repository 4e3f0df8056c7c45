// SPDX-License-Identifier: MIT
//
// What the README's snippets take for granted: the headers, and one of each thing they talk about.
#pragma once

#define EIGEN_USE_THREADS

#include <sluice/sluice.hpp>
#include <sluice/tensor.hpp>

#include <iostream>
#include <random>

#define SLUICE_README_SETUP                                \
  std::mt19937 rng(42);                                    \
  sluice::SwiGLU<float> layer(30, 10);                     \
  sluice::initialize(layer, sluice::GlorotUniform{}, rng); \
  Eigen::MatrixXf x = Eigen::MatrixXf::Random(32, 30);     \
  Eigen::MatrixXf h = Eigen::MatrixXf::Random(32, 20);     \
  Eigen::MatrixXf wanted = Eigen::MatrixXf::Random(32, 10);
