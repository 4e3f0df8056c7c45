// SPDX-License-Identifier: MIT
//
// Layers and gradients that have been moved from: initialize() refuses them, parameters() of them is empty. Sizes in
// the type stay what they are, and large ones lie on the heap, which has gone.
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/layers/dense.hpp>
#include <sluice/layers/gated_feed_forward.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/layers/packed.hpp>
#include <sluice/training/initializers.hpp>

#include <random>
#include <string>
#include <type_traits>
#include <utility>

namespace {

/// What initialize() says once the layer has been moved away; the generator is asked only if it says nothing.
template <class Layer>
std::string refused(Layer layer) {
  std::mt19937_64 rng(5), untouched(5);
  [[maybe_unused]] const Layer moved = std::move(layer);
  const std::string message = test::error_of([&] { sluice::initialize(layer, sluice::TorchLinear{}, rng); });
  CHECK((rng == untouched) != message.empty());
  return message;
}

TEST_CASE("initialize refuses a layer that has been moved from", "[training][errors]") {
  const std::string rest = ": expected a layer with parameters, got a moved-from one";
  CHECK(refused(sluice::SwiGLU<float>(7, 5)) == "GatedLinearUnit" + rest);
  CHECK(refused(sluice::SwiGLU<float, sluice::Split, 128, 129>(128, 129)) == "GatedLinearUnit" + rest);
  CHECK(refused(sluice::Dense<double, sluice::ReLU, 130, 127>(130, 127)) == "Dense" + rest);
  CHECK(refused(sluice::GatedFeedForward<float, sluice::SiLU>(4, 6)) == "GatedFeedForward" + rest);
  sluice::SwiGLU<float> layer(7, 5);
  sluice::SwiGLU<float>::Gradients gradients(layer);
  CHECK(refused(gradients) == "initialize" + rest);
}

TEST_CASE("initialize works on a layer whose parameters lie inside the object and were copied away", "[training]") {
  using Layer = sluice::SwiGLU<float, sluice::Fused, 7, 5>;
  CHECK(refused(Layer(7, 5)).empty());
}

template <class... Types>
constexpr bool move_without_throwing = ((std::is_nothrow_move_constructible_v<Types> &&
                                         std::is_nothrow_move_assignable_v<Types>)&&...);

TEST_CASE("a vector of layers moves them when it grows", "[training]") {
  using Block = sluice::GatedFeedForward<float, sluice::SiLU>;
  STATIC_REQUIRE(move_without_throwing<sluice::SwiGLU<float>, sluice::Dense<float>, Block, Block::Gradients>);
  STATIC_REQUIRE(move_without_throwing<sluice::SwiGLU<float, sluice::Split, 7, 5>>);
  using Packed = decltype(sluice::pack(std::declval<const Block&>()));
  STATIC_REQUIRE(move_without_throwing<Packed>);
}

/// Moves an object away, and reads and writes all that is left of its parameters.
template <class Parameters>
sluice::Index left_of(Parameters& parameters) {
  const Parameters moved = std::move(parameters);
  parameters.parameters().setZero();
  CHECK(parameters.parameter_count() == parameters.parameters().size());
  CHECK(std::as_const(parameters).parameters().size() == parameters.parameters().size());
  CHECK(moved.parameter_count() > 0);
  return parameters.parameter_count();
}

TEST_CASE("there are no parameters where they have been moved away", "[training]") {
  using Large = sluice::SwiGLU<float, sluice::Fused, 128, 129>;
  using LargeDense = sluice::Dense<double, sluice::ReLU, 130, 127>;
  sluice::SwiGLU<float> layer(7, 5);
  Large large(128, 129);
  LargeDense dense(130, 127);
  Large::Gradients gradients(large);
  CHECK(left_of(layer) == 0);
  CHECK(left_of(large) == 0);
  CHECK(left_of(dense) == 0);
  CHECK(left_of(gradients) == 0);
  gradients.set_zero();
}

}  // namespace
