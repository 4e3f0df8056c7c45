// SPDX-License-Identifier: MIT
//
// The contestants of "sizes in the type", for 16→8, 30→10 and 64→64 at batches of 1, 8 and 32. A translation unit of
// its own, because it instantiates much.
#pragma once

#include "peer.hpp"

namespace peers {

struct FixedSizes {
  Variants eigen, sluice, dynamic;
};
FixedSizes fixed_sizes(const Problem& problem);

}  // namespace peers
