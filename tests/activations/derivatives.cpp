// SPDX-License-Identifier: MIT
//
// Every derivative against differences of its value in long double: a wrong formula can't hide
// behind a reference with the same mistake.

#include "support/all_activations.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <string>

namespace {

// No multiples of 1/8: the kinks of the piecewise ones lie elsewhere.
const double points[] = {-9.3, -4.7, -2.9, -2.1, -1.7, -1.2784, -0.7518, -0.31, -0.07,
                         0.04, 0.33, 0.77, 1.3,  1.9,  2.2,     4.1,     8.6};

}  // namespace

TEST_CASE("derivatives agree with differences of the value", "[activations]") {
  test::for_each_activation([](const auto& activation) {
    CAPTURE(std::string(activation.name));
    for (const double x : points) {
      CAPTURE(x);
      // Five points: the error is of the order h^4.
      const long double h = 1e-3L, at = x;
      const auto f = [&](long double y) { return activation.value(y); };
      const long double slope = (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h);
      CHECK(std::fabs(slope - activation.derivative(at)) < 2e-11L);
      CHECK(std::fabs(slope - static_cast<long double>(activation.derivative(x))) < 2e-11L);
    }
  });
}
