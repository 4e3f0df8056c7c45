// SPDX-License-Identifier: MIT
//
// What the feed-forward block refuses, in its own name, and that nothing has changed afterwards.
#include "support/catch.hpp"
#include "support/feed_forward.hpp"

#include <sluice/sluice.hpp>

#include <limits>
#include <string>
#include <utility>

namespace {

using Eigen::MatrixXf;
using test::error_of;
using test::Index;
using Layer = sluice::GatedFeedForward<float, sluice::SiLU>;

struct Fixture {
  test::Random random{5};
  Layer layer{8, 24};
  MatrixXf x = random.matrix<MatrixXf>(5, 8), dy = random.matrix<MatrixXf>(5, 8);
  MatrixXf y = MatrixXf::Constant(5, 8, 7), dx = MatrixXf::Constant(5, 8, 9), empty;
  Layer::Cache cache;
  Layer::Gradients gradients{layer};

  Fixture() {
    test::fill_feed_forward(random, layer);
    MatrixXf filled;
    layer.forward(x, filled, cache);
  }

  /// The message of a failing call, after which everything is as it was.
  template <class Call>
  std::string refused(const Call& call) {
    const std::string message = error_of(call);
    CHECK((y.array() == 7).all());
    CHECK((dx.array() == 9).all());
    CHECK(empty.size() == 0);
    CHECK(gradients.gated().parameters().isZero(0));
    CHECK(gradients.output().parameters().isZero(0));
    CHECK(cache.samples() == 5);
    return message;
  }
};

}  // namespace

TEST_CASE("GatedFeedForward: sizes that make no layer", "[layers][feed_forward][errors]") {
  CHECK(error_of([] { Layer(0, 24); }) == "GatedFeedForward: expected dim > 0, got 0");
  CHECK(error_of([] { Layer(8, -1); }) == "GatedFeedForward: expected hidden > 0, got -1");
  constexpr Index largest = std::numeric_limits<Index>::max();
  for (const auto& [dim, hidden] : {std::pair<Index, Index>{largest, 1},
                                    {1, largest},
                                    {largest, largest},
                                    {largest / 8, 1},
                                    {1, largest / 8},
                                    {Index(1) << 31, Index(1) << 30}}) {
    CAPTURE(dim, hidden);
    const std::string message = error_of([&, d = dim, h = hidden] { Layer(d, h); });
    CHECK(message.find("GatedFeedForward: ") == 0);
    CHECK(message.find("more than this machine can address") != std::string::npos);
  }
}

TEST_CASE("GatedFeedForward: arguments of other shapes", "[layers][feed_forward][errors]") {
  Fixture f;
  const MatrixXf wide = MatrixXf::Zero(5, 9), few = MatrixXf::Zero(4, 8);
  MatrixXf wrong(5, 9);
  const std::string input = "GatedFeedForward: expected input with 8 features, got 9 (input is 5×9)";
  CHECK(f.refused([&] { f.layer(wide); }) == input);
  CHECK(f.refused([&] { f.layer.forward(wide, f.y); }) == input);
  CHECK(f.refused([&] { f.layer.forward(wide, f.empty, f.cache); }) == input);
  CHECK(f.refused([&] { f.layer.backward(wide, f.dy, f.cache, f.dx, f.gradients); }) == input);
  CHECK(f.refused([&] { f.layer.backward(wide, f.dy, f.dx, f.gradients); }) == input);
  CHECK(f.refused([&] { f.layer.forward(f.x, wrong); }) == "GatedFeedForward: expected output of 5×8, got 5×9");
  CHECK(f.refused([&] { f.layer.backward(f.x, few, f.cache, f.dx, f.gradients); }) ==
        "GatedFeedForward: expected output gradient of 5×8, got 4×8");
  CHECK(f.refused([&] { f.layer.backward(f.x, f.dy, f.cache, wrong, f.gradients); }) ==
        "GatedFeedForward: expected input gradient of 5×8, got 5×9");
  CHECK(f.refused([&] { f.layer(Eigen::VectorXf(Eigen::VectorXf::Zero(9))); }) ==
        "GatedFeedForward: expected input with 8 features, got 9 (input is 9×1; a vector is one sample)");
}

TEST_CASE("GatedFeedForward: input and output in one place", "[layers][feed_forward][errors]") {
  Fixture f;
  MatrixXf square = f.x;
  CHECK(f.refused([&] { f.layer.forward(square, square); }) ==
        "GatedFeedForward: expected input and output in separate memory, got an overlap");
  CHECK(test::same_bits(square, f.x));
  CHECK(f.refused([&] { f.layer.backward(square, f.dy, f.cache, square, f.gradients); }) ==
        "GatedFeedForward: expected input and input gradient in separate memory, got an overlap");
  CHECK(f.refused([&] { f.layer.backward(f.x, square, f.cache, square, f.gradients); }) ==
        "GatedFeedForward: expected output gradient and input gradient in separate memory, got an overlap");
}

TEST_CASE("GatedFeedForward: a cache of another call, gradients of another layer", "[layers][feed_forward][errors]") {
  Fixture f;
  const Layer::Cache unused;
  CHECK(f.refused([&] { f.layer.backward(f.x, f.dy, unused, f.dx, f.gradients); }) ==
        "GatedFeedForward: expected a cache of 5 samples with 48 pre-activations, got 0 with 0 (forward(x, y, cache) "
        "fills it)");
  const auto message = [&](const Layer& other) {
    Layer::Gradients gradients(other);
    return f.refused([&] { f.layer.backward(f.x, f.dy, f.cache, f.dx, gradients); });
  };
  CHECK(message(Layer(8, 23)) ==
        "GatedFeedForward: expected gradients of a layer 8 → 24 → 8 without bias, got 8 → 23 → 8 without bias");
  CHECK(message(Layer(8, 24, {.bias = true, .activation = {}})) ==
        "GatedFeedForward: expected gradients of a layer 8 → 24 → 8 without bias, got 8 → 24 → 8 with bias");
}

TEST_CASE("GatedFeedForward: parts that have been replaced or moved away", "[layers][feed_forward][errors]") {
  Fixture f;
  Layer other = f.layer;
  other.output() = sluice::Dense<float>(23, 8);
  const std::string mismatch =
      "GatedFeedForward: expected an output part 24 → 8 with bias behind a gated part 8 → 24 without bias, got 23 → 8 "
      "with bias";
  CHECK(f.refused([&] { other.forward(f.x, f.empty); }) == mismatch);
  CHECK(f.refused([&] { other.forward(f.x, f.y, f.cache); }) == mismatch);
  const std::string moved = "GatedFeedForward: expected a layer with parameters, got a moved-from one";
  Layer source = f.layer;
  const sluice::Dense<float> taken = std::move(source.output());
  CHECK(f.refused([&] { source.forward(f.x, f.y); }) == moved);
  Layer target = std::move(f.layer);
  CHECK(error_of([&] { f.layer.forward(f.x, f.y); }) == moved);
  CHECK(error_of([&] { f.layer.backward(f.x, f.dy, f.dx, f.gradients); }) == moved);
  CHECK(target(f.x).allFinite());

  // A part of the same shape may take the place of another, also one that has biases.
  target.output() = sluice::Dense<float>(24, 8);
  target.output().bias().setConstant(3);
  CHECK((target(f.x).array() == 3).all());
}
