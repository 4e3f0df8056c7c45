// SPDX-License-Identifier: MIT
//
// Parameters and scratch memory begin with a cache line, after copies and growth, too.
#include "support/catch.hpp"

#include <sluice/core/line_allocator.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/core/storage.hpp>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace {

using sluice::detail::LineVector;

bool begins_a_line(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory) % 64 == 0; }

template <class T>
void check_vector() {
  LineVector<LineVector<T>> all;  // at the same time, so that each lies elsewhere
  for (std::size_t size = 1; size < 100; size += 7) {
    all.emplace_back(size, T(1));
    all.push_back(all.back());
    all.back().resize(3 * size, T(2));
  }
  for (const auto& one : all) {
    CAPTURE(one.size());
    CHECK(begins_a_line(one.data()));
    CHECK(one.front() == T(1));
  }
}

TEST_CASE("a line vector begins with a line", "[core]") {
  check_vector<float>();
  check_vector<double>();
  check_vector<signed char>();
  check_vector<std::complex<long double>>();
}

TEST_CASE("parameters and scratch memory begin with a line", "[core]") {
  for (const Eigen::Index size : {1, 5, 33, 1000, 100001}) {
    CAPTURE(size);
    sluice::detail::ParameterStorage<float, Eigen::Dynamic> storage(size);
    const auto copy = storage;
    CHECK(begins_a_line(storage.data()));
    CHECK(begins_a_line(copy.data()));
    const auto moved = std::move(storage);
    CHECK(begins_a_line(moved.data()));
    struct Purpose;
    CHECK(begins_a_line(sluice::detail::scratch<Purpose, double>(size)));
  }
}

}  // namespace
