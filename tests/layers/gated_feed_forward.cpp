// SPDX-License-Identifier: MIT
//
// GatedFeedForward against plain loops in double: forward, backward with a cache and without.
#include "support/catch.hpp"
#include "support/feed_forward.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>
#include <random>

namespace {

using test::Index;

template <class Layer, int StorageOrder = Eigen::ColMajor>
void check(Index samples, Index dim, Index hidden, test::Function gate, bool bias = false,
           test::Function value = test::identity) {
  const auto seed = static_cast<std::uint32_t>(samples * 1000003 + dim * 1009 + hidden);
  CAPTURE(seed, samples, dim, hidden, bias);
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, StorageOrder>;
  test::Random random(seed);
  Layer layer(dim, hidden, {.bias = bias, .activation = {}});
  test::fill_feed_forward(random, layer);
  const Matrix x = random.template matrix<Matrix>(samples, dim);
  const Matrix dy = random.template matrix<Matrix>(samples, dim);
  const auto want = test::feed_forward(test::to_double(x), test::to_double(dy), layer, gate, value);
  const double tolerance = 4 * test::rounding<Scalar>(samples + dim + hidden);

  CHECK(test::relative_error(layer(x), want.y) < tolerance);
  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  Matrix y, dx;
  layer.forward(x, y, cache);
  CHECK(test::same_bits(y, layer(x)));
  layer.backward(x, dy, cache, dx, gradients);
  CHECK(test::relative_error(dx, want.dx) < tolerance);
  dx.setConstant(Scalar(77));
  layer.backward(x, dy, dx, gradients);
  CHECK(test::relative_error(dx, want.dx) < tolerance);
  layer.backward(x, dy, cache, gradients);

  // Three backward calls: gradients are added up.
  const auto& gated = gradients.gated();
  const auto& output = gradients.output();
  CHECK(test::relative_error(gated.value_weight(), 3 * want.gated.value_weight) < tolerance);
  CHECK(test::relative_error(gated.gate_weight(), 3 * want.gated.gate_weight) < tolerance);
  CHECK(test::relative_error(output.weight(), 3 * want.output_weight) < tolerance);
  REQUIRE(gradients.has_bias() == bias);
  if (!bias) return;
  CHECK(test::relative_error(gated.value_bias(), 3 * want.gated.value_bias) < tolerance);
  CHECK(test::relative_error(gated.gate_bias(), 3 * want.gated.gate_bias) < tolerance);
  CHECK(test::relative_error(output.bias(), 3 * want.output_bias) < tolerance);
}

}  // namespace

TEST_CASE("GatedFeedForward agrees with plain loops", "[layers][feed_forward]") {
  using Fused = sluice::GatedFeedForward<float, sluice::SiLU>;
  using Split = sluice::GatedFeedForward<float, sluice::SiLU, sluice::Split>;
  check<Fused>(5, 7, 19, test::silu);
  check<Fused>(1, 1, 1, test::silu, true);
  check<Fused, Eigen::RowMajor>(33, 16, 43, test::silu, true);
  check<Split, Eigen::RowMajor>(13, 40, 17, test::silu);
  check<Split>(1, 9, 300, test::silu, true);
}

TEST_CASE("GatedFeedForward agrees with plain loops over several blocks of rows", "[layers][feed_forward]") {
  using Layer = sluice::GatedFeedForward<double, sluice::GELU>;
  check<Layer>(224, 3, 5, test::gelu);  // one block exactly, and one row more
  check<Layer>(225, 3, 5, test::gelu, true);
  check<Layer, Eigen::RowMajor>(1100, 5, 11, test::gelu, true);  // several blocks of the backward pass, too
}

TEST_CASE("GatedFeedForward: an activation of the value, other scalars", "[layers][feed_forward]") {
  using WaveNet = sluice::Gating<sluice::Sigmoid, sluice::Tanh>;
  check<sluice::GatedFeedForward<double, WaveNet>>(6, 4, 9, test::sigmoid, true, test::tanh);
  check<sluice::GatedFeedForward<long double, sluice::Sigmoid>>(3, 4, 7, test::sigmoid, true);
  check<sluice::GatedFeedForward<long double, sluice::Sigmoid, sluice::Split>>(226, 2, 3, test::sigmoid);
}

TEST_CASE("GatedFeedForward: sizes, parts and counts", "[layers][feed_forward]") {
  const sluice::GatedFeedForward<float, sluice::SiLU> layer(8, 24);
  CHECK(layer.dim() == 8);
  CHECK(layer.hidden() == 24);
  CHECK(layer.input_dim() == 8);
  CHECK(layer.units() == 8);
  CHECK_FALSE(layer.has_bias());
  CHECK(layer.parameter_count() == 3 * 8 * 24);
  CHECK(layer.gated().value_weight().cols() == 24);
  CHECK(layer.output().weight().rows() == 24);
  const sluice::GatedFeedForward<float, sluice::SiLU> biased(8, 24, {.bias = true, .activation = {}});
  CHECK(biased.parameter_count() == 3 * 8 * 24 + 2 * 24 + 8);
  Index seen = 0;
  biased.for_each_part([&](const auto& part) { seen += part.parameters().size(); });
  CHECK(seen == biased.parameter_count());
}

TEST_CASE("GatedFeedForward: initialize reaches every weight, and draws like its parts in turn",
          "[layers][feed_forward]") {
  sluice::GatedFeedForward<float, sluice::SiLU> layer(8, 24, {.bias = true, .activation = {}});
  layer.output().bias().setOnes();
  std::mt19937_64 rng(7), again(7);
  sluice::initialize(layer, sluice::GlorotUniform{}, rng);
  sluice::SwiGLU<float> gated(8, 24);
  sluice::Dense<float> output(24, 8);
  sluice::initialize(gated, sluice::GlorotUniform{}, again);
  sluice::initialize(output, sluice::GlorotUniform{}, again);
  CHECK(test::same_bits(layer.gated().parameters(), gated.parameters()));
  CHECK(test::same_bits(layer.output().parameters(), output.parameters()));
  CHECK((layer.output().weight().array() != 0).all());
}

TEST_CASE("GatedFeedForward: the summary shows the parts", "[layers][feed_forward]") {
  const sluice::GatedFeedForward<float, sluice::SiLU> first(8, 24);
  const sluice::GatedFeedForward<float, sluice::GELU> second(8, 12);
  CHECK(sluice::summary(first, second).str() ==
        "_________________________________________________________________\n"
        "Layer (type)                 Output Shape              Param #\n"
        "=================================================================\n"
        "swiglu (SwiGLU)              (None, 24)                384\n"
        "dense (Dense)                (None, 8)                 192\n"
        "geglu (GeGLU)                (None, 12)                192\n"
        "dense_1 (Dense)              (None, 8)                 96\n"
        "=================================================================\n"
        "Total params: 864\n"
        "Trainable params: 864\n"
        "Non-trainable params: 0\n"
        "_________________________________________________________________\n");
}
