// SPDX-License-Identifier: MIT
//
// narrow() gives the nearest 16-bit number, held against every such number, the middle between it and the next, and the
// doubles on both sides of that middle.
#include "support/catch.hpp"

#include <sluice/core/narrow.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace {

using sluice::detail::narrow;

/// The number of these bits by the definition of the format; what would follow the largest one, in place of infinity.
double magnitude_of(int bits, int fraction_bits, int bias) {
  const int exponent = bits >> fraction_bits, fraction = bits & ((1 << fraction_bits) - 1);
  if (exponent == 0) return std::ldexp(fraction, 1 - bias - fraction_bits);
  return std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

template <class Half, class Wide>
void check(int fraction_bits, int bias) {
  const auto is = [](const Wide& number, int bits) {
    return Eigen::numext::bit_cast<std::uint16_t>(narrow<Half>(number)) == bits &&
           Eigen::numext::bit_cast<std::uint16_t>(narrow<Half>(-number)) == (bits | 0x8000);
  };
  const int infinity = (2 * bias + 1) << fraction_bits;
  int wrong = 0;
  for (int bits = 0; bits < infinity; ++bits) {
    const double number = magnitude_of(bits, fraction_bits, bias);
    const auto middle = static_cast<Wide>((number + magnitude_of(bits + 1, fraction_bits, bias)) / 2);  // exact
    wrong += !is(static_cast<Wide>(number), bits);
    wrong += !is(middle, bits + bits % 2);
    wrong += !is(std::nextafter(middle, Wide(0)), bits);
    wrong += !is(std::nextafter(middle, std::numeric_limits<Wide>::infinity()), bits + 1);
  }
  CHECK(wrong == 0);
  CHECK(is(std::numeric_limits<Wide>::max(), infinity));
  CHECK(is(std::numeric_limits<Wide>::infinity(), infinity));
  CHECK(is(std::numeric_limits<Wide>::denorm_min(), 0));
  CHECK(std::isnan(static_cast<float>(narrow<Half>(std::numeric_limits<Wide>::quiet_NaN()))));
}

TEST_CASE("the nearest 16-bit number, ties to even", "[core]") {
  check<Eigen::half, double>(10, 15);
  check<Eigen::half, float>(10, 15);
  check<Eigen::half, long double>(10, 15);
  check<Eigen::bfloat16, double>(7, 127);
  check<Eigen::bfloat16, float>(7, 127);
  check<Eigen::bfloat16, long double>(7, 127);
}

TEST_CASE("from one 16-bit type to the other", "[core]") {
  CHECK(static_cast<float>(narrow<Eigen::bfloat16>(Eigen::half(1.0078125f))) == 1.0078125f);  // 1 + 2⁻⁷
  CHECK(static_cast<float>(narrow<Eigen::half>(Eigen::bfloat16(65536.f))) == HUGE_VALF);
}

}  // namespace
