// SPDX-License-Identifier: MIT
//
// Sigmoid, Tanh and SiLU: error bounds over all exponents, and packets against scalars to the last
// bit.
#include <sluice/activations/sigmoid.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/activations/tanh.hpp>

#include "support/activation_accuracy.hpp"

using test::check_accuracy;

namespace {

/// What a backward pass calls, seen as an activation.
struct SiLUAtOnce {
  static constexpr std::string_view name = "silu at once";
  template <class T>
  static T value(const T& x) {
    return sluice::SiLU::value_and_derivative(x).value;
  }
  template <class T>
  static T derivative(const T& x) {
    return sluice::SiLU::value_and_derivative(x).derivative;
  }
};

}  // namespace

TEST_CASE("Sigmoid is accurate", "[activations][accuracy]") {
  check_accuracy(sluice::Sigmoid{}, reference::Sigmoid{}, 3.5, 3.5);
}
TEST_CASE("Tanh is accurate", "[activations][accuracy]") {
  check_accuracy(sluice::Tanh{}, reference::Tanh{}, 2.5, 3.5);
}
TEST_CASE("SiLU is accurate", "[activations][accuracy]") { check_accuracy(sluice::SiLU{}, reference::SiLU{}, 3.5, 4); }
TEST_CASE("SiLU is accurate where value and derivative are computed at once", "[activations][accuracy]") {
  check_accuracy(SiLUAtOnce{}, reference::SiLU{}, 4.5, 5);
}
