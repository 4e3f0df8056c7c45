// SPDX-License-Identifier: MIT
#include "support/engine.hpp"

TEST_PACKED_ENGINES(SLUICE_PACKED_ENGINE)
