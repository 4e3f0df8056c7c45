// SPDX-License-Identifier: MIT
//
// The helpers behind every message, and the arithmetic of sizes.
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/core/error.hpp>

#include <limits>

namespace {

using test::error_of;
using test::Index;
namespace detail = sluice::detail;

TEST_CASE("messages are put together from text and numbers", "[core][errors]") {
  CHECK(error_of([] { detail::fail("Layer", "expected ", Index(30), " features"); }) == "Layer: expected 30 features");
  CHECK(detail::shape_text(32, 31) == "32×31");
  CHECK(error_of([] { detail::check_positive("Layer", "units", 0); }) == "Layer: expected units > 0, got 0");
  CHECK(error_of([] { detail::check_positive("Layer", "units", 1); }).empty());
}

TEST_CASE("products and sums of sizes are refused just beyond the largest number", "[core][errors]") {
  constexpr Index largest = std::numeric_limits<Index>::max();
  CHECK(detail::checked_product("Layer", largest, 1) == largest);
  CHECK(detail::checked_product("Layer", 0, largest) == 0);
  CHECK(detail::checked_product("Layer", largest, 0) == 0);
  CHECK(detail::checked_product("Layer", largest / 2, 2) == largest - 1);
  CHECK(error_of([] { detail::checked_product("Layer", largest / 2 + 1, 2); }) ==
        "Layer: a size of 4611686018427387904×2 is more than this machine can address");
  CHECK(detail::checked_sum("Layer", largest - 1, 1) == largest);
  CHECK(error_of([] { detail::checked_sum("Layer", largest, 1); }) ==
        "Layer: a size of 9223372036854775807 + 1 is more than this machine can address");
}

}  // namespace
