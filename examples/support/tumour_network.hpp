// SPDX-License-Identifier: MIT
//
// The network of examples/tumours.cpp and how it learns.
//
//   h = value ⊙ gate     (batch × 16)   any gated linear unit, 30 → 16
//   z = h·w + c          (batch × 1)    Dense; σ(z) is the probability of "malignant"
//
// Loss: cross-entropy of σ(z), averaged over the batch. Optimizer: Adam (Kingma & Ba 2015,
// arXiv:1412.6980).
#pragma once

#include "tumour_data.hpp"

#include <sluice/sluice.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace tumours {

inline constexpr Index unit_count = 16;
inline constexpr Index batch_size = 32;

/// Adam, for parameters and gradients that lie in one vector each. The defaults are
/// torch.optim.Adam's, but for the rate.
template <class Scalar>
class Adam {
 public:
  explicit Adam(Index parameter_count) : mean_(Vector::Zero(parameter_count)), square_(Vector::Zero(parameter_count)) {}

  template <class Parameters, class Gradient>
  void step(Parameters&& theta, const Gradient& g) {
    ++steps_;
    mean_ = beta1 * mean_ + (1 - beta1) * g;                  // m ← β₁·m + (1 − β₁)·g
    square_ = beta2 * square_ + (1 - beta2) * g.cwiseAbs2();  // v ← β₂·v + (1 − β₂)·g²
    const auto rate = static_cast<Scalar>(learning_rate / (1 - std::pow(0.9, steps_)));
    const auto root = static_cast<Scalar>(std::sqrt(1 - std::pow(0.999, steps_)));
    theta.array() -= rate * mean_.array() / (square_.array().sqrt() / root + Scalar(1e-8));
  }

  static constexpr double learning_rate = 0.003;

 private:
  using Vector = Eigen::Matrix<Scalar, 1, Eigen::Dynamic>;
  static constexpr Scalar beta1 = Scalar(0.9);
  static constexpr Scalar beta2 = Scalar(0.999);
  Vector mean_;
  Vector square_;
  int steps_ = 0;
};

/// log(1 + eᶻ) − t·z for each sample: the cross-entropy −log σ(z) of t = 1, −log(1 − σ(z)) of t =
/// 0, without overflow.
template <class Logits, class Targets>
auto cross_entropy(const Logits& z, const Targets& t) {
  using Scalar = typename Logits::Scalar;
  return (z.array().max(Scalar(0)) - z.array() * t.array() + (-z.array().abs()).exp().log1p()).eval();
}

template <class Layer>
class Network {
 public:
  using Scalar = typename Layer::Scalar;
  using Batch = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Head = sluice::Dense<Scalar>;

  Layer gated{feature_count, unit_count};
  Head head{unit_count, 1};

  /// The logits z of a batch x.
  Batch logits(const Batch& x) const { return head(gated(x)); }

  /// One step on a batch: forward, loss, backward, Adam. Returns the sum of the samples' losses
  /// before the step.
  double learn(const Batch& x, const Batch& t) {
    hidden_.resize(x.rows(), unit_count);  // the last batch of an epoch is smaller
    dhidden_.resize(x.rows(), unit_count);
    z_.resize(x.rows(), 1);
    gated.forward(x, hidden_, gated_cache_);  // (batch × 16)
    head.forward(hidden_, z_, head_cache_);   // (batch × 1)
    // L = 1/batch · Σ log(1 + eᶻ) − t·z   ⇒   ∂L/∂z = (σ(z) − t) / batch
    dz_ = ((Scalar(1) / (Scalar(1) + (-z_.array()).exp()) - t.array()) / static_cast<Scalar>(x.rows())).matrix();

    head_gradients_.set_zero();
    gated_gradients_.set_zero();
    head.backward(hidden_, dz_, head_cache_, dhidden_, head_gradients_);
    gated.backward(x, dhidden_, gated_cache_, gated_gradients_);  // no ∂L/∂x: nothing lies below
    head_adam_.step(head.parameters(), head_gradients_.parameters());
    gated_adam_.step(gated.parameters(), gated_gradients_.parameters());
    return static_cast<double>(cross_entropy(z_, t).sum());
  }

  /// One pass over the samples in the given order; the mean loss on the way.
  double learn_epoch(const Batch& features, const Batch& targets, const std::vector<Index>& order) {
    double sum = 0;
    const auto size = static_cast<Index>(order.size());
    for (Index first = 0; first < size; first += batch_size) {
      const std::vector<Index> rows(order.begin() + first, order.begin() + std::min(first + batch_size, size));
      sum += learn(gather(features, rows), gather(targets, rows));
    }
    return sum / static_cast<double>(size);
  }

 private:
  Batch hidden_, z_, dz_, dhidden_;
  typename Layer::Cache gated_cache_;
  typename Head::Cache head_cache_;
  typename Layer::Gradients gated_gradients_{gated};
  typename Head::Gradients head_gradients_{head};
  Adam<Scalar> gated_adam_{gated.parameter_count()};
  Adam<Scalar> head_adam_{head.parameter_count()};
};

/// Glorot-uniform weights from the seed, biases zero (Glorot & Bengio 2010).
template <class Layer>
void initialize(Network<Layer>& network, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  sluice::initialize(network.gated, sluice::GlorotUniform{}, generator);
  sluice::initialize(network.head, sluice::GlorotUniform{}, generator);
}

/// The orders in which the samples are shown, one an epoch: the same for every variant.
class Orders {
 public:
  Orders(Index samples, std::uint64_t seed) : order_(static_cast<std::size_t>(samples)), generator_(seed) {
    std::iota(order_.begin(), order_.end(), Index{0});
  }
  const std::vector<Index>& next() {
    shuffle(order_, generator_);
    return order_;
  }

 private:
  std::vector<Index> order_;
  std::mt19937_64 generator_;
};

}  // namespace tumours
