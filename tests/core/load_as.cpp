// SPDX-License-Identifier: MIT
//
// simd::load_as widens stored weights exactly: every bfloat16, every half and every Int8 there is, in every lane,
// against Eigen's own conversion of scalars.
#include "support/catch.hpp"
#include "support/ulp.hpp"

#include <sluice/core/widen.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using sluice::Int8;

template <class Stored>
double number(const Stored& x) {
  return static_cast<double>(static_cast<float>(x));
}
double number(const Int8& x) { return x.value; }

/// All values of a type of 16 bits, in the order of the bits.
template <class Stored>
std::vector<Stored> all_of() {
  std::vector<Stored> all;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    all.push_back(Eigen::numext::bit_cast<Stored>(static_cast<std::uint16_t>(bits)));
  }
  return all;
}
template <>
std::vector<Int8> all_of() {
  std::vector<Int8> all;
  for (int i = -128; i < 128; ++i) all.push_back({static_cast<std::int8_t>(i)});
  return all;
}

template <class Scalar, class Stored>
void check() {
  using Packet = sluice::simd::Packet<Scalar>;
  constexpr std::size_t lanes = static_cast<std::size_t>(Packet::size);
  const std::vector<Stored> all = all_of<Stored>();
  std::vector<Stored> from = all;
  from.insert(from.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(2 * lanes));
  std::size_t wrong = 0;
  double at = 0;
  // Every value in every lane, from addresses that are aligned to nothing but the stored type.
  for (std::size_t first = 0; first < all.size(); ++first) {
    Scalar got[lanes];
    sluice::simd::store(static_cast<Scalar*>(got), sluice::simd::load_as<Scalar>(from.data() + first));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (test::same_bits(got[lane], static_cast<Scalar>(number(from[first + lane])))) continue;
      ++wrong;
      at = number(from[first + lane]);
    }
  }
  CAPTURE(at);
  CHECK(wrong == 0);
}

TEST_CASE("every bfloat16 is widened exactly", "[core]") {
  check<float, Eigen::bfloat16>();
  check<double, Eigen::bfloat16>();
}

TEST_CASE("every half is widened exactly, subnormals included", "[core]") {
  check<float, Eigen::half>();
  check<double, Eigen::half>();
}

TEST_CASE("every Int8 is widened exactly", "[core]") {
  check<float, Int8>();
  check<double, Int8>();
}

TEST_CASE("what the widened numbers are, without Eigen's help", "[core]") {
  // sign, exponent, mantissa: 1-8-7 and 1-5-10 bits
  const auto expected = [](std::uint32_t bits, int exponent_bits, int mantissa_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1, all_ones = (1 << exponent_bits) - 1;
    const int exponent = static_cast<int>(bits >> mantissa_bits) & all_ones;
    const int mantissa = static_cast<int>(bits) & ((1 << mantissa_bits) - 1);
    double magnitude =
        std::ldexp(mantissa + (exponent > 0 ? 1 << mantissa_bits : 0), std::max(exponent, 1) - bias - mantissa_bits);
    if (exponent == all_ones) magnitude = mantissa == 0 ? INFINITY : NAN;
    return bits >> 15 != 0 ? -magnitude : magnitude;
  };
  constexpr std::size_t lanes = static_cast<std::size_t>(sluice::simd::packet_size<float>);
  std::vector<Eigen::bfloat16> brains = all_of<Eigen::bfloat16>();
  std::vector<Eigen::half> halves = all_of<Eigen::half>();
  std::size_t wrong = 0;
  for (std::size_t first = 0; first < 65536; first += lanes) {
    float brain[lanes], half[lanes];
    sluice::simd::store(static_cast<float*>(brain), sluice::simd::load_as<float>(&brains[first]));
    sluice::simd::store(static_cast<float*>(half), sluice::simd::load_as<float>(&halves[first]));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto bits = static_cast<std::uint32_t>(first + lane);
      if (!test::same_bits(brain[lane], static_cast<float>(expected(bits, 8, 7)))) ++wrong;
      if (!test::same_bits(half[lane], static_cast<float>(expected(bits, 5, 10)))) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

}  // namespace
