// SPDX-License-Identifier: MIT
//
// Fused and Split are the same layer: with the same weights the same values and gradients, whatever
// the size.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>

namespace {

using test::Index;

template <class To, class From>
void copy_parameters(To& to, const From& from) {
  to.value_weight() = from.value_weight();
  to.gate_weight() = from.gate_weight();
  to.value_bias() = from.value_bias();
  to.gate_bias() = from.gate_bias();
}

template <class A, class B>
double difference(const A& a, const B& b) {
  return std::max(
      {test::relative_error(a.value_weight(), b.value_weight()), test::relative_error(a.gate_weight(), b.gate_weight()),
       test::relative_error(a.value_bias(), b.value_bias()), test::relative_error(a.gate_bias(), b.gate_bias())});
}

template <class Scalar>
void check(Index samples, Index input_dim, Index units, bool bias = true) {
  const auto seed = static_cast<std::uint32_t>(samples * 10007 + input_dim * 1009 + units);
  CAPTURE(seed, samples, input_dim, units, bias);
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using FusedLayer = sluice::SwiGLU<Scalar>;
  using SplitLayer = sluice::SwiGLU<Scalar, sluice::Split>;
  test::Random random(seed);
  FusedLayer fused(input_dim, units, {.bias = bias});
  SplitLayer split(input_dim, units, {.bias = bias});
  random.fill_parameters(fused);
  copy_parameters(split, fused);
  CHECK(difference(split, fused) == 0);
  CHECK(split.parameter_count() == fused.parameter_count());

  const Matrix x = random.template matrix<Matrix>(samples, input_dim);
  const Matrix dy = random.template matrix<Matrix>(samples, units);
  typename FusedLayer::Cache fused_cache;
  typename SplitLayer::Cache split_cache;
  Matrix y, split_y, dx, split_dx;
  fused.forward(x, y, fused_cache);
  split.forward(x, split_y, split_cache);
  CHECK(test::same_bits(split_y, y));
  const double tolerance = test::rounding<Scalar>(samples + units + input_dim);
  const auto want = test::forward(test::to_double(x), test::parameters_of(split), test::silu);
  CHECK(test::relative_error(split_y, want.output) < tolerance);
  CHECK(test::same_bits(split_cache.value(), fused_cache.value()));
  CHECK(test::same_bits(split_cache.gate(), fused_cache.gate()));

  typename FusedLayer::Gradients gradients(fused);
  typename SplitLayer::Gradients split_gradients(split);
  fused.backward(x, dy, fused_cache, dx, gradients);
  split.backward(x, dy, split_cache, split_dx, split_gradients);
  CHECK(test::relative_error(split_dx, dx) < tolerance);
  CHECK(difference(split_gradients, gradients) < tolerance);
  split_gradients.set_zero();
  split.backward(x, dy, split_dx, split_gradients);
  CHECK(test::relative_error(split_dx, dx) < tolerance);
  CHECK(difference(split_gradients, gradients) < tolerance);
}

template <class Scalar>
void check_sizes() {
  for (const Index samples : {0, 1, 2, 7, 14, 15, 225}) check<Scalar>(samples, 5, 9);
  for (const Index units : {1, 2, 15, 16, 17, 33, 255, 257, 513}) {
    check<Scalar>(1, 3, units);
    check<Scalar>(5, 3, units);
  }
  for (const Index input_dim : {1, 2, 16, 97, 193, 385}) {
    check<Scalar>(1, input_dim, 7);
    check<Scalar>(6, input_dim, 7);
  }
  check<Scalar>(1, 1, 1);
  check<Scalar>(4, 6, 3, false);
  check<Scalar>(1, 6, 3, false);
}

TEST_CASE("fused and split projections agree in float", "[layer][split]") { check_sizes<float>(); }
TEST_CASE("fused and split projections agree in double", "[layer][split]") { check_sizes<double>(); }

}  // namespace
