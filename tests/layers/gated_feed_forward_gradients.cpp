// SPDX-License-Identifier: MIT
//
// Every gradient of the feed-forward block against central differences of its own forward.
#include "support/catch.hpp"
#include "support/feed_forward.hpp"
#include "support/gradient_check.hpp"

#include <sluice/sluice.hpp>

namespace {

template <class Layer>
void check(Layer layer) {
  test::Random random(43);
  test::fill_feed_forward(random, layer);
  Eigen::MatrixXd x = random.matrix<Eigen::MatrixXd>(3, layer.dim());
  const auto dy = random.matrix<Eigen::MatrixXd>(3, layer.dim());
  const auto loss = [&] { return layer(x).cwiseProduct(dy).sum(); };
  const auto differences = [&](auto&& parameter) { return test::numeric_gradient(parameter, loss); };

  typename Layer::Gradients gradients(layer), from_cache(layer);
  typename Layer::Cache cache;
  Eigen::MatrixXd y, dx, dx_from_cache;
  layer.backward(x, dy, dx, gradients);
  layer.forward(x, y, cache);
  layer.backward(x, dy, cache, dx_from_cache, from_cache);
  constexpr double tolerance = 1e-8;
  CHECK(test::relative_error(dx, differences(x)) < tolerance);
  CHECK(test::relative_error(gradients.gated().value_weight(), differences(layer.gated().value_weight())) < tolerance);
  CHECK(test::relative_error(gradients.gated().gate_weight(), differences(layer.gated().gate_weight())) < tolerance);
  CHECK(test::relative_error(gradients.output().weight(), differences(layer.output().weight())) < tolerance);
  if (layer.has_bias()) {
    CHECK(test::relative_error(gradients.gated().value_bias(), differences(layer.gated().value_bias())) < tolerance);
    CHECK(test::relative_error(gradients.gated().gate_bias(), differences(layer.gated().gate_bias())) < tolerance);
    CHECK(test::relative_error(gradients.output().bias(), differences(layer.output().bias())) < tolerance);
  }

  // The cache holds what is otherwise computed again.
  CHECK(test::same_bits(dx, dx_from_cache));
  CHECK(test::same_bits(gradients.gated().parameters(), from_cache.gated().parameters()));
  CHECK(test::same_bits(gradients.output().parameters(), from_cache.output().parameters()));
  gradients.set_zero();
  CHECK(gradients.gated().parameters().isZero(0));
  CHECK(gradients.output().parameters().isZero(0));
}

TEST_CASE("GatedFeedForward: gradients equal central differences", "[layers][feed_forward]") {
  check(sluice::GatedFeedForward<double, sluice::SiLU>(5, 4));
  check(sluice::GatedFeedForward<double, sluice::GELUTanh, sluice::Split>(3, 11, {.bias = true, .activation = {}}));
  using WaveNet = sluice::Gating<sluice::Sigmoid, sluice::Tanh>;
  check(sluice::GatedFeedForward<double, WaveNet>(6, 7, {.bias = true, .activation = {}}));
}

}  // namespace
