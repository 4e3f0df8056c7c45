// SPDX-License-Identifier: MIT
//
// Derivatives of Eigen::AutoDiffScalar carry the second derivative, held against differences.

#include "support/all_activations.hpp"
#include "support/catch.hpp"

#include <unsupported/Eigen/AutoDiff>

#include <string>

namespace {

// No multiples of 1/8: the kinks of the piecewise ones lie elsewhere.
const double points[] = {-9.3, -4.7, -2.9, -2.1, -1.7, -1.2784, -0.7518, -0.31, -0.07,
                         0.04, 0.33, 0.77, 1.3,  1.9,  2.2,     4.1,     8.6};

}  // namespace

TEST_CASE("derivatives are differentiable themselves", "[activations]") {
  using Dual = Eigen::AutoDiffScalar<Eigen::VectorXd>;
  test::for_each_activation([](const auto& activation) {
    CAPTURE(std::string(activation.name));
    for (const double x : points) {
      CAPTURE(x);
      const Dual y = activation.derivative(Dual(x, 1, 0));
      const long double h = 1e-3L, at = x;
      const auto f = [&](long double z) { return activation.derivative(z); };
      const long double second = (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h);
      const double found = y.derivatives().size() == 0 ? 0 : y.derivatives()(0);
      CHECK(found == Approx(static_cast<double>(second)).epsilon(1e-9).margin(1e-10));
    }
  });
}
