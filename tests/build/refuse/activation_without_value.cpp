// SPDX-License-Identifier: MIT
//
// A policy without value() is not an activation, and the message names what is missing.
// refused: not an activation.*no `value\(x\)`
#include <sluice/sluice.hpp>

struct Cube {
  static constexpr std::string_view name = "cube";
#ifndef REFUSED
  static float value(float x) { return x * x * x; }
#endif
  static float derivative(float x) { return 3 * x * x; }
};

sluice::GatedLinearUnit<float, Cube> layer(3, 2);
