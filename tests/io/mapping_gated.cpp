// SPDX-License-Identifier: MIT
//
// Mappings of single gated layers, and the gated part of feed-forward blocks, against what PyTorch computes in each
// framework's own layout.
#include "io/mapping_reference.hpp"
#include "support/catch.hpp"

#include <sluice/sluice.hpp>

namespace {

using namespace sluice::io;
using test::loaded_error;

constexpr int dim = 6, hidden = 10;

template <class Scalar, class Projection>
void check_layers() {
  CHECK(loaded_error(sluice::GLU<Scalar, Projection>(dim, hidden), TorchGlu("net.0"), "torch") < 1);
  CHECK(loaded_error(sluice::GLU<Scalar, Projection>(dim, hidden), PytorchForecastingGlu("grn.glu"), "forecasting") <
        1);
  CHECK(loaded_error(sluice::GeGLU<Scalar, Projection>(dim, hidden), DiffusersGeglu("transformer_blocks.0.ff.net.0"),
                     "diffusers") < 1);
  CHECK(loaded_error(sluice::GLU<Scalar, Projection>(dim, hidden), KerasGlu("glu"), "keras") < 1);
}

TEST_CASE("single gated layers compute what their framework does", "[io][mapping]") {
  check_layers<float, sluice::Fused>();
  check_layers<double, sluice::Split>();
  CHECK(loaded_error(sluice::Dense<float>(dim, hidden), TorchDense("head"), "linear") < 1);
}

TEST_CASE("a gated layer takes the first half of a feed-forward block", "[io][mapping]") {
  sluice::SwiGLU<double> silu(dim, hidden, {.bias = false});
  sluice::GeGLUTanh<double> gelu(dim, hidden, {.bias = false});
  CHECK(loaded_error(silu, HfLlama("model.layers.0.mlp"), "llama", "hidden") < 1);
  CHECK(loaded_error(gelu, HfGemma("model.layers.1.mlp"), "gemma", "hidden") < 1);
  CHECK(loaded_error(silu, HfPhi3("model.layers.2.mlp"), "phi3", "hidden") < 1);
  CHECK(loaded_error(gelu, HfT5("encoder.block.0.layer.1.DenseReluDense"), "t5", "hidden") < 1);
  CHECK(loaded_error(sluice::ClampedSwiGLU<double>(dim, hidden), HfGptOss("model.layers.3.mlp.experts", 2), "gpt_oss.2",
                     "hidden") < 1);
  CHECK(loaded_error(sluice::GLU<double>(dim, hidden), Native("ours"), "native", "hidden") < 1);
}

TEST_CASE("a swapped half or another GELU would show", "[io][mapping]") {
  Mapping phi3 = HfPhi3("model.layers.2.mlp");
  std::get<FusedTensors>(phi3.gated).order = sluice::GateOrder::ValueFirst;
  sluice::SwiGLU<double> silu(dim, hidden, {.bias = false});
  CHECK(loaded_error(silu, phi3, "phi3", "hidden") > 1e6);
  sluice::GeGLU<float> exact(dim, hidden, {.bias = false});
  CHECK(loaded_error(exact, HfGemma("model.layers.1.mlp"), "gemma", "hidden") > 10);
}

}  // namespace
