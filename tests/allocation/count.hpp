// SPDX-License-Identifier: MIT
//
// How many times this program asked for memory, and what happens when it gets none. Every way there is counted: malloc
// and its aligned relatives, which operator new and Eigen call.
#pragma once

#include <cstddef>
#include <new>
#include <thread>

namespace test {

/// Allocations of this thread so far.
long allocations();

/// Bytes that this thread has asked for so far, whether they have been given back or not.
std::size_t allocated_bytes();

/// Allocations of a call.
template <class Call>
long allocations_of(const Call& call) {
  const long before = allocations();
  call();
  return allocations() - before;
}

template <class Call>
std::size_t allocated_bytes_of(const Call& call) {
  const std::size_t before = allocated_bytes();
  call();
  return allocated_bytes() - before;
}

/// From now on this thread's allocations fail, but for the next `count`. With glibc only, and never calloc.
void let_allocations_pass(long count);
void let_all_allocations_pass();

/// Calls call() with its first allocation failing, then with the second, and so on until it succeeds; each time on a
/// new thread, which has no scratch memory yet. After each std::bad_alloc comes check(). Returns how many there were.
template <class Call, class Check>
long fail_each_allocation(const Call& call, const Check& check) {
  for (long failures = 0;; ++failures) {
    bool failed = false;
    std::thread([&] {
      let_allocations_pass(failures);
      try {
        call();
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      let_all_allocations_pass();
    }).join();
    if (!failed) return failures;
    check();
  }
}

}  // namespace test
