// SPDX-License-Identifier: MIT
//
// The engine of all tests is compiled once, in engine.cpp and packed_engine.cpp: it would take half of the time of each
// test file.
// Included by whatever a test of a layer needs anyway.
#pragma once

#include <sluice/projection/engine.hpp>

#include <Eigen/Core>

SLUICE_EXTERN_ENGINE(float)
SLUICE_EXTERN_ENGINE(double)
SLUICE_EXTERN_PACKED_ENGINE(float, Eigen::bfloat16)
SLUICE_EXTERN_PACKED_ENGINE(float, Eigen::half)
SLUICE_EXTERN_PACKED_ENGINE(float, sluice::Int8)
SLUICE_EXTERN_PACKED_ENGINE(double, Eigen::bfloat16)
SLUICE_EXTERN_PACKED_ENGINE(double, Eigen::half)
SLUICE_EXTERN_PACKED_ENGINE(double, sluice::Int8)
