// SPDX-License-Identifier: MIT
//
// A policy without derivative() is not an activation, and the message names what is missing.
// refused: not an activation.*no `derivative\(x\)`
#include <sluice/sluice.hpp>

struct Cube {
  static constexpr std::string_view name = "cube";
  template <class T>
  static T value(const T& x) {
    return x * x * x;
  }
#ifndef REFUSED
  template <class T>
  static T derivative(const T& x) {
    return T(3) * x * x;
  }
#endif
};

sluice::GatedLinearUnit<float, Cube> layer(3, 2);
