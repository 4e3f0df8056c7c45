// SPDX-License-Identifier: MIT
#include "support/engine.hpp"

SLUICE_PACKED_ENGINE(float, Eigen::bfloat16)
SLUICE_PACKED_ENGINE(float, Eigen::half)
SLUICE_PACKED_ENGINE(float, sluice::Int8)
SLUICE_PACKED_ENGINE(double, Eigen::bfloat16)
SLUICE_PACKED_ENGINE(double, Eigen::half)
SLUICE_PACKED_ENGINE(double, sluice::Int8)
