// SPDX-License-Identifier: MIT
//
// What tiles ask for ahead of time: noted, instead of asked for. To be included before anything of sluice, and by a
// program of its own, because every function that asks for something is another one then.
#pragma once

#include "support/catch.hpp"

#include <Eigen/Core>  // asks as ever

#include <algorithm>
#include <cstdint>
#include <vector>

namespace test {

struct Asked {
  std::vector<std::uintptr_t> for_l1, nearer;
};
inline Asked asked;

inline void note(const void* address, int locality) {
  (locality == 3 ? asked.for_l1 : asked.nearer).push_back(reinterpret_cast<std::uintptr_t>(address));
}

}  // namespace test

#define __builtin_prefetch(address, write, locality) test::note(address, locality)
