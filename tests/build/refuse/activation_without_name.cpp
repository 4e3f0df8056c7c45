// SPDX-License-Identifier: MIT
//
// A policy without a name is not an activation, and the message names what is missing.
// refused: not an activation.*no `static constexpr std::string_view name`
#include <sluice/sluice.hpp>

struct Cube {
#ifndef REFUSED
  static constexpr std::string_view name = "cube";
#endif
  static float value(float x) { return x * x * x; }
  static float derivative(float x) { return 3 * x * x; }
};

sluice::GatedLinearUnit<float, Cube> layer(3, 2);
