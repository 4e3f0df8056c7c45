// SPDX-License-Identifier: MIT
//
// What the gates of a trained network of examples/tumours.cpp let through, for one sample.
#pragma once

#include "tumour_network.hpp"

#include <sluice/sluice.hpp>

#include <Eigen/Core>

#include <cmath>

namespace tumours {

/// What one sample meets in a trained network.
///
/// A gate belongs to a unit, not to a feature. A feature f reaches the logit over one path per unit
/// u, of the strength |W₁(f,u)·w(u)| (value weight times head weight), and that unit's gate stands
/// in the path. So
///
///   openness(f) = Σᵤ |gate(u)|·|W₁(f,u)·w(u)| / Σᵤ |W₁(f,u)·w(u)|    mean gate over the feature's
///   paths effect(f)   = x(f)·Σᵤ gate(u)·W₁(f,u)·w(u)                       what came through, in
///   units of the logit
///
/// With the gates as they are the network is linear in x: the effects and the biases add up to the
/// logit.
struct Insight {
  double probability;
  Eigen::VectorXd gates;     // (16)
  Eigen::VectorXd openness;  // (30)
  Eigen::VectorXd effect;    // (30)
};

template <class Layer>
Insight look_into(const Network<Layer>& network, const Eigen::RowVectorXd& sample) {
  using Scalar = typename Layer::Scalar;
  const Eigen::Matrix<Scalar, 1, Eigen::Dynamic> x = sample.cast<Scalar>();
  const auto [hidden, gate] = network.gated(x, sluice::return_gate);
  const double logit = static_cast<double>(network.head(hidden)(0));

  const Eigen::VectorXd gates = gate.transpose().template cast<double>();
  const Eigen::VectorXd head = network.head.weight().template cast<double>();                     // (16 × 1)
  const Matrix paths = network.gated.value_weight().template cast<double>() * head.asDiagonal();  // (30 × 16)
  const Matrix strength = paths.cwiseAbs();
  return {1 / (1 + std::exp(-logit)), gates, (strength * gates.cwiseAbs()).cwiseQuotient(strength.rowwise().sum()),
          sample.transpose().cwiseProduct(paths * gates)};
}

}  // namespace tumours
