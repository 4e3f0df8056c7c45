// SPDX-License-Identifier: MIT
//
// The engine of all tests is compiled once, in engine.cpp and packed_engine.cpp: it would take half of the time of each
// test file. Included by whatever a test of a layer needs anyway.
#pragma once

#include <sluice/projection/engine.hpp>

#include <Eigen/Core>

SLUICE_EXTERN_ENGINE(float)
SLUICE_EXTERN_ENGINE(double)

#define TEST_PACKED_ENGINES(ENGINE) \
  ENGINE(float, Eigen::bfloat16)    \
  ENGINE(float, Eigen::half)        \
  ENGINE(float, sluice::Int8)       \
  ENGINE(double, Eigen::bfloat16)   \
  ENGINE(double, Eigen::half)       \
  ENGINE(double, sluice::Int8)
TEST_PACKED_ENGINES(SLUICE_EXTERN_PACKED_ENGINE)
