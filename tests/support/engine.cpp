// SPDX-License-Identifier: MIT
#include "support/engine.hpp"

SLUICE_ENGINE(float)
SLUICE_ENGINE(double)
