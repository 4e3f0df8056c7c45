// SPDX-License-Identifier: MIT
//
// A layer of the size of a language model's with both sizes in the type: 361 MB of parameters that must not land on the
// stack.
#include "support/catch.hpp"
#include "support/engine.hpp"

#include <sluice/sluice.hpp>

#include <algorithm>
#include <cmath>

namespace {

TEST_CASE("4096 → 11008 in the type", "[layer]") {
  constexpr Eigen::Index input_dim = 4096, units = 11008;
  using Layer = sluice::SwiGLU<float, sluice::Fused, input_dim, units>;
  STATIC_REQUIRE(sizeof(Layer) < 200);
  Layer layer;
  CHECK(layer.parameter_count() == 2 * units * (input_dim + 1));
  // Only the first and the last input count, and every unit is another one.
  layer.value_weight().row(0).setLinSpaced(-1, 2);
  layer.value_weight().row(input_dim - 1).setConstant(0.5F);
  layer.gate_weight().row(0).setConstant(0.25F);
  layer.gate_weight().row(input_dim - 1).setLinSpaced(3, -2);
  layer.gate_bias().setConstant(0.125F);
  Eigen::MatrixXf x = Eigen::MatrixXf::Ones(3, input_dim);
  x.col(0) << 1, 2, -1;
  const Eigen::MatrixXf y = layer(x);
  REQUIRE(y.rows() == 3);
  REQUIRE(y.cols() == units);
  double error = 0;
  for (Eigen::Index r = 0; r < 3; ++r) {
    for (Eigen::Index j = 0; j < units; ++j) {
      const double first = static_cast<double>(x(r, 0));
      const double value = static_cast<double>(layer.value_weight()(0, j)) * first + 0.5;
      const double gate = 0.25 * first + static_cast<double>(layer.gate_weight()(input_dim - 1, j)) + 0.125;
      error = std::max(error, std::abs(static_cast<double>(y(r, j)) - value * gate / (1 + std::exp(-gate))));
    }
  }
  CHECK(error < 4e-6);  // of values up to 9
}

}  // namespace
