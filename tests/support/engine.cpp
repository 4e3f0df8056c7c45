// SPDX-License-Identifier: MIT
#include "support/engine.hpp"

SLUICE_ENGINE(float)
SLUICE_ENGINE(double)
SLUICE_PACKED_ENGINE(float, Eigen::bfloat16)
SLUICE_PACKED_ENGINE(float, Eigen::half)
SLUICE_PACKED_ENGINE(float, sluice::Int8)
SLUICE_PACKED_ENGINE(double, sluice::Int8)
