// SPDX-License-Identifier: MIT
//
// Activations of Eigen::AutoDiffScalar carry the derivative that the activation states.

#include "support/all_activations.hpp"
#include "support/catch.hpp"

#include <unsupported/Eigen/AutoDiff>

#include <string>

namespace {

// No multiples of 1/8: the kinks of the piecewise ones lie elsewhere.
const double points[] = {-9.3, -4.7, -2.9, -2.1, -1.7, -1.2784, -0.7518, -0.31, -0.07,
                         0.04, 0.33, 0.77, 1.3,  1.9,  2.2,     4.1,     8.6};

}  // namespace

TEST_CASE("derivatives agree with automatic differentiation", "[activations]") {
  using Dual = Eigen::AutoDiffScalar<Eigen::VectorXd>;
  test::for_each_activation([](const auto& activation) {
    CAPTURE(std::string(activation.name));
    for (const double x : points) {
      CAPTURE(x);
      const Dual y = activation.value(Dual(x, 2, 1));
      const double expected = activation.derivative(x);
      CHECK(y.value() == Approx(activation.value(x)).epsilon(1e-13).margin(1e-15));
      // A constant result carries no derivatives.
      if (y.derivatives().size() == 0) {
        CHECK(expected == 0);
      } else {
        CHECK(y.derivatives()(0) == 0);
        CHECK(y.derivatives()(1) == Approx(expected).epsilon(1e-12).margin(1e-15));
      }
    }
  });
}
