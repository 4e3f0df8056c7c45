// SPDX-License-Identifier: MIT
//
// Where parameters live: in the object up to 128 KB that are known in the type, else on the heap;
// aligned and zero.
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/core/scratch.hpp>
#include <sluice/core/storage.hpp>

#include <cstdint>
#include <thread>

namespace {

using sluice::detail::ParameterStorage;
using test::Index;

constexpr Index limit = 128 * 1024 / sizeof(float);

TEST_CASE("where parameters live", "[core]") {
  STATIC_REQUIRE(sluice::detail::is_stored_inline<float, 1>);
  STATIC_REQUIRE(sluice::detail::is_stored_inline<float, limit>);
  STATIC_REQUIRE_FALSE(sluice::detail::is_stored_inline<float, limit + 1>);
  STATIC_REQUIRE_FALSE(sluice::detail::is_stored_inline<double, limit>);
  STATIC_REQUIRE_FALSE(sluice::detail::is_stored_inline<float, Eigen::Dynamic>);
  STATIC_REQUIRE(sizeof(ParameterStorage<float, limit>) >= 128 * 1024);
  STATIC_REQUIRE(sizeof(ParameterStorage<float, limit + 1>) < 100);
  STATIC_REQUIRE(alignof(ParameterStorage<float, 3>) == 64);
  STATIC_REQUIRE(alignof(ParameterStorage<double, limit / 2>) == 64);
}

template <class Storage>
void check(Index size) {
  Storage storage(size);
  CHECK(reinterpret_cast<std::uintptr_t>(storage.data()) % 64 == 0);
  for (Index i = 0; i < size; ++i) REQUIRE(storage.data()[i] == 0);
  for (Index i = 0; i < size; ++i) storage.data()[i] = static_cast<float>(i);
  const Storage copy = storage;
  storage.data()[0] = 5;
  CHECK(copy.data()[0] == 0);
  CHECK(copy.data()[size - 1] == static_cast<float>(size - 1));
  const Storage moved = std::move(storage);
  CHECK(moved.data()[0] == 5);
}

TEST_CASE("parameters are zero, aligned, copied and moved", "[core]") {
  check<ParameterStorage<float, 30>>(30);
  check<ParameterStorage<float, limit + 1>>(limit + 1);
  check<ParameterStorage<float, Eigen::Dynamic>>(77);
}

TEST_CASE("scratch memory is aligned, kept, and a thread's own", "[core]") {
  struct Some;
  struct Other;
  using sluice::detail::scratch;
  float* const first = scratch<Some, float>(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % EIGEN_DEFAULT_ALIGN_BYTES == 0);
  CHECK(scratch<Some, float>(1000) == first);
  CHECK(scratch<Some, float>(10) == first);
  CHECK(scratch<Other, float>(10) != first);
  float* elsewhere = first;
  std::thread([&] { elsewhere = scratch<Some, float>(1000); }).join();
  CHECK(elsewhere != first);
}

}  // namespace
