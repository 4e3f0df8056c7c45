// SPDX-License-Identifier: MIT
//
// double against 80-digit values where long double is not wide enough to judge: the tails down to
// the subnormal numbers and the roots of the derivatives. tools/activation_golden.py writes the
// table.

#include "support/all_activations.hpp"
#include "support/catch.hpp"
#include "support/ulp.hpp"

#include <cmath>
#include <iterator>
#include <map>
#include <string>

namespace {

struct Row {
  const char* activation;
  double x;
  long double value;
  long double derivative;
};
#define GOLDEN(activation, x, value, derivative) {#activation, x, value, derivative},
const Row rows[] = {
#include "golden.inc"
};
#undef GOLDEN

struct Subject {
  double (*value)(double);
  double (*derivative)(double);
  double value_bound;
  double derivative_bound;
};

template <class Activation>
Subject subject(double value_bound, double derivative_bound) {
  return {[](double x) -> double { return Activation{}.value(x); },
          [](double x) -> double { return Activation{}.derivative(x); }, value_bound, derivative_bound};
}
struct SwishAtThreeQuarters {
  double value(double x) const { return sluice::Swish{0.75}.value(x); }
  double derivative(double x) const { return sluice::Swish{0.75}.derivative(x); }
};

}  // namespace

TEST_CASE("double keeps its relative accuracy in tails and around roots", "[activations][accuracy]") {
  const std::map<std::string, Subject> subjects = {
      {"Sigmoid{}", subject<sluice::Sigmoid>(3.5, 3.5)},
      {"Tanh{}", subject<sluice::Tanh>(2.5, 3.5)},
      {"SiLU{}", subject<sluice::SiLU>(3.5, 4)},
      {"Swish{0.75}", subject<SwishAtThreeQuarters>(3.5, 5)},
      {"QuickGELU{}", subject<sluice::QuickGELU>(3.5, 5)},
      {"GELU{}", subject<sluice::GELU>(7, 4)},
      {"GELUTanh{}", subject<sluice::GELUTanh>(4, 5.5)},
      {"Softplus{}", subject<sluice::Softplus>(5, 3.5)},
      {"ELU{}", subject<sluice::ELU>(2.5, 3)},
  };
  for (const Row& row : rows) {
    const Subject& f = subjects.at(row.activation);
    INFO(row.activation << " at " << row.x);
    const double value_error = test::ulp_error(f.value(row.x), row.value);
    const double slope = f.derivative(row.x);
    double derivative_error = test::ulp_error(slope, row.derivative);
    // For Swish, an absolute error of 2^-102 is allowed where βx happens to hit the root to many
    // digits.
    const bool at_root = std::fabs(row.derivative) < 1e-15L && std::fabs(row.x + 1.7046193903480984) < 1e-10;
    if (at_root && std::fabs(static_cast<long double>(slope) - row.derivative) < 0x1p-102L) derivative_error = 0;
    if (!(value_error <= f.value_bound)) CHECK(value_error <= f.value_bound);
    if (!(derivative_error <= f.derivative_bound)) CHECK(derivative_error <= f.derivative_bound);
  }
  CHECK(std::size(rows) > 800);
}
