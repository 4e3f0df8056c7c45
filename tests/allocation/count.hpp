// SPDX-License-Identifier: MIT
//
// How many times this program asked for memory. Every way there is counted: malloc and its aligned
// relatives, which operator new and Eigen call.
#pragma once

namespace test {

/// Allocations of this thread so far.
long allocations();

/// Allocations of a call.
template <class Call>
long allocations_of(const Call& call) {
  const long before = allocations();
  call();
  return allocations() - before;
}

}  // namespace test
