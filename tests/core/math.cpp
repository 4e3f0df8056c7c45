// SPDX-License-Identifier: MIT
//
// The parts of core/math.hpp and core/bits.hpp: exact products, powers of two from bits, e^y taken
// apart.

#include <sluice/core/math.hpp>

#include "support/catch.hpp"
#include "support/ulp.hpp"

#include <cmath>
#include <limits>

namespace simd = sluice::simd;
namespace math = sluice::math;

namespace {

template <class T, class Scalar>
Scalar first_lane(const T& x, Scalar) {
  if constexpr (simd::is_packet<T>) {
    Scalar lanes[T::size];
    simd::store(static_cast<Scalar*>(lanes), x);
    return lanes[0];
  } else {
    return x;
  }
}
#define FIRST(x) first_lane(x, Scalar())

}  // namespace

TEMPLATE_TEST_CASE("exponents and signs as bits", "[math]", float, double, simd::Packet<float>, simd::Packet<double>) {
  using T = TestType;
  using Scalar = simd::ScalarOf<T>;
  constexpr int bias = std::numeric_limits<Scalar>::max_exponent - 1;
  const Scalar shift = math::StepsOf<T>::round_to_integer;
  for (int k = -bias; k <= bias; ++k) {
    const T power = simd::power_of_two_from_low_bits(T(shift + static_cast<Scalar>(k)));
    CHECK(FIRST(power) == (k == -bias ? Scalar(0) : std::ldexp(Scalar(1), k)));
    CHECK(FIRST(simd::inverse_power_of_two(power)) == (k == bias ? Scalar(0) : std::ldexp(Scalar(1), -k)));
  }
  CHECK(FIRST(simd::with_sign_of(T(Scalar(2)), T(Scalar(-3)))) == -2);
  CHECK(FIRST(simd::with_sign_of(T(Scalar(2)), T(Scalar(3)))) == 2);
  CHECK(std::signbit(FIRST(simd::with_sign_of(T(Scalar(0)), T(-Scalar(0))))));
  CHECK(FIRST(simd::leading_half(T(Scalar(1) + std::numeric_limits<Scalar>::epsilon()))) == 1);
  CHECK(FIRST(simd::leading_half(T(Scalar(-1.25)))) == Scalar(-1.25));
}

/// A step of the exponential: which factor, and which power of two.
template <class T, int Size, int Fraction>
void check_steps() {
  using Scalar = simd::ScalarOf<T>;
  using Steps = math::StepsOf<T, Size>;
  STATIC_REQUIRE(1 << Fraction == Size);
  constexpr int bias = std::numeric_limits<Scalar>::max_exponent - 1;
  // A packet looks up what its instruction can; on other targets the scalars show that the tables are right.
  constexpr bool looks_up = !simd::is_packet<T> || simd::table_size<Scalar> == Size;
  constexpr int before = (Size - 1) / 2;  // entries of the table in front of 1
  for (int i = -Size * bias; i <= Size * bias; ++i) {
    const T shifted(Steps::round_to_integer + static_cast<Scalar>(i));
    const int low_bits = i + before + Size * bias, entry = low_bits % Size, k = low_bits / Size - bias;
    const T power = simd::power_of_two_from_low_bits<Fraction>(shifted);
    CHECK(FIRST(power) == (k == -bias ? Scalar(0) : std::ldexp(Scalar(1), k)));
    if constexpr (looks_up) CHECK(FIRST(simd::look_up(Steps::biased_factors, shifted)) == Steps::biased_factors[entry]);
    const Scalar divided = FIRST(simd::divide_by_biased(T(Steps::biased_factors[entry]), power));
    const Scalar expected = std::ldexp(Steps::biased_factors[entry], -k - bias);
    if (expected >= std::numeric_limits<Scalar>::min()) {
      CHECK(divided == expected);
    } else {
      CHECK((divided >= 0 && divided <= expected));
    }
  }
  for (int entry = 0; entry < Size; ++entry) {
    const long double factor = std::pow(4.0L, static_cast<long double>(before - entry) / Size);
    CHECK(test::ulp_error(Steps::biased_factors[entry], std::ldexp(factor, bias)) <= 0.5);
  }
  if constexpr (simd::is_packet<T> && looks_up) {  // every lane another entry
    Scalar lanes[T::size];
    for (int lane = 0; lane < T::size; ++lane) {
      lanes[lane] = Steps::round_to_integer + static_cast<Scalar>(7 * lane + 3);
    }
    const T found = simd::look_up(Steps::biased_factors, simd::load(static_cast<const Scalar*>(lanes)));
    simd::store(static_cast<Scalar*>(lanes), found);
    for (int lane = 0; lane < T::size; ++lane)
      CHECK(lanes[lane] == Steps::biased_factors[(7 * lane + 3 + before) % Size]);
  }
}

TEMPLATE_TEST_CASE("lowest bits choose from a table", "[math]", float, double, simd::Packet<float>,
                   simd::Packet<double>) {
  check_steps<TestType, 8, 3>();
  if constexpr (std::is_same_v<simd::ScalarOf<TestType>, float>) check_steps<TestType, 16, 4>();
}

TEMPLATE_TEST_CASE("min and max keep a NaN of their first argument", "[math]", float, double, simd::Packet<float>,
                   simd::Packet<double>) {
  using T = TestType;
  using Scalar = simd::ScalarOf<T>;
  const T nan(std::numeric_limits<Scalar>::quiet_NaN()), one(Scalar(1)), two(Scalar(2));
  CHECK(std::isnan(FIRST(simd::min(nan, one))));
  CHECK(std::isnan(FIRST(simd::max(nan, one))));
  CHECK(FIRST(simd::min(two, one)) == 1);
  CHECK(FIRST(simd::max(two, one)) == 2);
}

TEMPLATE_TEST_CASE("magnitudes are clamped", "[math]", float, double, simd::Packet<float>, simd::Packet<double>) {
  using T = TestType;
  using Scalar = simd::ScalarOf<T>;
  constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
  for (const Scalar x :
       {Scalar(0), Scalar(1.5), Scalar(2), Scalar(2.5), std::numeric_limits<Scalar>::max(), infinity}) {
    CHECK(FIRST(simd::clamp_magnitude(T(x), T(Scalar(2)))) == std::min(x, Scalar(2)));
    CHECK(FIRST(simd::clamp_magnitude(T(-x), T(Scalar(2)))) == std::max(-x, Scalar(-2)));
    CHECK(std::signbit(FIRST(simd::clamp_magnitude(T(-x), T(Scalar(2))))));
  }
  const Scalar of_nan = FIRST(simd::clamp_magnitude(T(std::numeric_limits<Scalar>::quiet_NaN()), T(Scalar(2))));
  CHECK((std::isnan(of_nan) || std::abs(of_nan) == 2));
}

TEMPLATE_TEST_CASE("products in two parts", "[math]", float, double, simd::Packet<float>, simd::Packet<double>) {
  using T = TestType;
  using Scalar = simd::ScalarOf<T>;
  std::vector<Scalar> numbers;
  test::add_interval(numbers, -3.0, 700.0, 200);
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const Scalar a = numbers[i], b = numbers[i - 1];
    const Scalar product = a * b;
    const Scalar error = FIRST(math::product_error(T(a), T(b), T(product)));
    const Scalar exact = std::fma(a, b, -product);
    CHECK(std::fabs(error - exact) <= std::fabs(product) * std::pow(std::numeric_limits<Scalar>::epsilon(), Scalar(2)));
  }
}

TEMPLATE_TEST_CASE("e^y is mantissa times root squared", "[math]", float, double, simd::Packet<float>,
                   simd::Packet<double>) {
  using T = TestType;
  using Scalar = simd::ScalarOf<T>;
  const double end = sizeof(Scalar) == 4 ? 86 : 700;
  std::vector<Scalar> arguments;
  test::add_interval(arguments, -end, end, 1000);
  test::add_interval(arguments, -0.7, 0.7, 1000);
  double worst = 0, worst_expm1 = 0;
  for (const Scalar y : arguments) {
    const math::ScaledExp<T> e = math::scaled_exp(T(y));
    CHECK(FIRST(e.root) * FIRST(e.inverse_root) == 1);
    const Scalar found = FIRST(e.mantissa) * FIRST(e.root) * FIRST(e.root);
    worst = std::max(worst, test::ulp_error(found, std::exp(static_cast<long double>(y))));
    if (y <= 40) {
      const Scalar found_expm1 = FIRST(math::expm1(T(y)));
      worst_expm1 = std::max(worst_expm1, test::ulp_error(found_expm1, std::expm1(static_cast<long double>(y))));
    }
  }
  CHECK(worst < 1.5);
  CHECK(worst_expm1 < 2);
}

TEMPLATE_TEST_CASE("a small second part of the argument counts", "[math]", float, double) {
  using Scalar = TestType;
  const Scalar y = sizeof(Scalar) == 4 ? Scalar(-80.3) : Scalar(-600.3);
  const Scalar lo = y * std::numeric_limits<Scalar>::epsilon() / 3;
  const math::ScaledExp<Scalar> e = math::scaled_exp(math::TwoPart<Scalar>{y, lo});
  const long double expected = std::exp(static_cast<long double>(y)) * (1 + static_cast<long double>(lo));
  CHECK(test::ulp_error(e.mantissa * e.root * e.root, expected) < 1.5);
}
