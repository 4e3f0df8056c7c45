// SPDX-License-Identifier: MIT
//
// Int8: weights in eight bits. A weight w of a column is stored as the whole number q with
//
//   w ≈ scale · q,   -127 ≤ q ≤ 127,   scale = max |w| of the column / 127, or the smallest normal number if larger
//
// so that |w - scale·q| ≤ scale / 2, but for the rounding of w / scale in the layer's own scalar (2⁻¹⁶ of that for
// float). Arithmetic stays in that scalar.
#pragma once

#include <sluice/core/config.hpp>

#include <cstdint>

SLUICE_NAMESPACE_BEGIN

/// pack<sluice::Int8>(layer): 8-bit weights, a scale per unit.
struct Int8 {
  std::int8_t value;
};

SLUICE_NAMESPACE_END
