// SPDX-License-Identifier: MIT
//
// The nearest 16-bit floating-point number, ties to even. Eigen rounds from float; from wider types that would be to
// round twice, and what the first rounding makes a tie the second may take the wrong way: 1 + 2⁻¹¹ + 2⁻³⁰ is nearest to
// 1 + 2⁻¹⁰ in half precision, but to 1 by way of the nearest float.
#pragma once

#include <sluice/core/config.hpp>

#include <cmath>
#include <cstdint>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// The float on the side of zero, its last bit set where it is not the number itself. With at least two more bits than
/// what it is rounded to next, that comes out as if the number had been rounded at once.
/// Boldo & Melquiond 2008, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd",
/// doi:10.1109/TC.2007.70819.
template <class Wide>
float round_to_odd(const Wide& number) {
  const auto nearest = static_cast<float>(number);
  const auto back = static_cast<Wide>(nearest);
  if (back == number || std::isnan(nearest)) return nearest;
  auto bits = Eigen::numext::bit_cast<std::uint32_t>(nearest);
  if (std::abs(back) > std::abs(number)) --bits;
  return Eigen::numext::bit_cast<float>(bits | 1);
}

/// The nearest Eigen::half or Eigen::bfloat16 of any floating-point number.
template <class Half, class Number>
Half narrow(const Number& number) {
  if constexpr (sizeof(Number) <= sizeof(float)) {
    return Half(static_cast<float>(number));
  } else {
    return Half(round_to_odd(number));
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
