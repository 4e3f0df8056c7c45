// SPDX-License-Identifier: MIT
//
// The demo's account of a sample: the effects of the features and the biases add up to the logit,
// and openness is a mean of the gates.
#include "../../examples/support/tumour_insight.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

#include <algorithm>
#include <cmath>

TEST_CASE("Effects and biases add up to the logit, openness is a mean of gates", "[examples]") {
  using namespace tumours;
  Network<sluice::GLU<double>> network;
  initialize(network, 3);
  network.gated.value_bias().setLinSpaced(-0.5, 0.8);
  network.gated.gate_bias().setLinSpaced(1.5, -2.0);
  network.head.bias()(0) = 0.3;
  Eigen::RowVectorXd x = Eigen::RowVectorXd::LinSpaced(feature_count, -2.0, 2.5);

  const Insight insight = look_into(network, x);
  // logit = Σ effects + Σᵤ gate(u)·b₁(u)·w(u) + c
  double logit = insight.effect.sum() + network.head.bias()(0);
  for (Index u = 0; u < unit_count; ++u) {
    logit += insight.gates(u) * network.gated.value_bias()(u) * network.head.weight()(u, 0);
  }
  CHECK(insight.probability == Approx(1 / (1 + std::exp(-logit))).epsilon(1e-12));
  CHECK(insight.openness.minCoeff() > insight.gates.minCoeff());
  CHECK(insight.openness.maxCoeff() < insight.gates.maxCoeff());

  network.gated.gate_weight().setZero();
  network.gated.gate_bias().setZero();  // all gates half open
  CHECK(look_into(network, x).openness.isApproxToConstant(0.5, 1e-14));
}
