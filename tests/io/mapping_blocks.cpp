// SPDX-License-Identifier: MIT
//
// Mappings of feed-forward blocks against what PyTorch computes in each framework's own layout.
#include "io/mapping_reference.hpp"
#include "support/catch.hpp"

#include <sluice/sluice.hpp>

namespace {

using namespace sluice::io;
using test::loaded_error;

constexpr int dim = 6, hidden = 10;

template <class Scalar, class Projection>
void check_blocks() {
  using Silu = sluice::GatedFeedForward<Scalar, sluice::SiLU, Projection>;
  using Gelu = sluice::GatedFeedForward<Scalar, sluice::GELUTanh, Projection>;
  using Clamped =
      sluice::GatedFeedForward<Scalar, sluice::Gating<sluice::ClampedSiLU, sluice::ClampedLinear>, Projection>;
  CHECK(loaded_error(Silu(dim, hidden), HfLlama("model.layers.0.mlp"), "llama") < 1);
  CHECK(loaded_error(Gelu(dim, hidden), HfGemma("model.layers.1.mlp"), "gemma") < 1);
  CHECK(loaded_error(Silu(dim, hidden), HfPhi3("model.layers.2.mlp"), "phi3") < 1);
  CHECK(loaded_error(Gelu(dim, hidden), HfT5("encoder.block.0.layer.1.DenseReluDense"), "t5") < 1);
  for (int expert = 0; expert < 3; ++expert) {
    const HfGptOss mapping("model.layers.3.mlp.experts", expert);
    CHECK(loaded_error(Clamped(dim, hidden, {.bias = true}), mapping, "gpt_oss." + std::to_string(expert)) < 1);
  }
  using Sigmoid = sluice::GatedFeedForward<Scalar, sluice::Sigmoid, Projection>;
  CHECK(loaded_error(Sigmoid(dim, hidden, {.bias = true}), Native("ours"), "native") < 1);
}

TEST_CASE("feed-forward blocks compute what their framework does", "[io][mapping]") {
  check_blocks<float, sluice::Fused>();
  check_blocks<double, sluice::Split>();
}

TEST_CASE("blocks come back as they were saved", "[io][mapping]") {
  const test::Directory directory;
  using Block = sluice::GatedFeedForward<float, sluice::SiLU>;
  for (const bool bias : {false, true}) {
    Block block(dim, hidden, {.bias = bias});
    block.gated().parameters().setLinSpaced(-1, 1);
    block.output().parameters().setLinSpaced(2, 3);
    for (const Mapping& mapping : {Mapping(Native("m")), Mapping(HfLlama("m")), Mapping(HfPhi3("m")),
                                   Mapping(HfT5("m")), Mapping(HfGptOss("m"))}) {
      CAPTURE(mapping.name, bias);
      SafetensorsWriter writer;
      save(block, writer, mapping);
      add_self_check(block, writer, mapping, Eigen::MatrixXf::Random(3, dim));
      writer.save(directory / "file");
      Block copy(dim, hidden, {.bias = bias});
      load(copy, directory / "file", mapping, {.self_check = true});
      CHECK(test::same_bits(copy.gated().parameters(), block.gated().parameters()));
      CHECK(test::same_bits(copy.output().parameters(), block.output().parameters()));
    }
  }
}

TEST_CASE("the self-check of a block names the likely cause", "[io][self-check]") {
  const test::Directory directory;
  sluice::GatedFeedForward<float, sluice::GELU> block(dim, hidden);
  block.gated().parameters().setLinSpaced(-1, 0.7f);
  block.output().parameters().setLinSpaced(-1, 0.8f);
  SafetensorsWriter writer;
  save(block, writer, HfLlama("m"));
  add_self_check(block, writer, HfLlama("m"), Eigen::MatrixXf::Random(3, dim));
  writer.save(directory / "file");
  sluice::GatedFeedForward<float, sluice::GELUTanh> other(dim, hidden);
  const std::string reason =
      test::reason_of([&] { load(other, directory / "file", HfLlama("m"), {.self_check = true}); });
  CHECK_THAT(reason, Catch::Matchers::Contains("the gate activation is gelu, the layer has gelu_tanh"));
  CHECK(other.output().parameters().isZero());
}

}  // namespace
