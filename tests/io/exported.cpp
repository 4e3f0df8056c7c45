// SPDX-License-Identifier: MIT
//
// What tools/export_torch.py exported (tools/export_reference.py): every layer computes what its PyTorch module did.
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <string>

namespace {

using namespace sluice::io;

const Safetensors& exported() {
  static const auto file = Safetensors::open(test::data_file("exported.safetensors"));
  return file;
}

/// Loads a layer with its self-check; the exporter's own words say the same type and mapping.
template <class Layer>
void check(Layer layer, const Mapping& mapping, const std::string& found) {
  CHECK(exported().metadata().at(mapping.prefix + ".sluice") == found);
  CHECK(test::reason_of([&] { load(layer, exported(), mapping, {.self_check = true}); }) == "no error");
}

TEST_CASE("exported layers compute what PyTorch computed", "[io][export]") {
  using Gelu = sluice::GatedFeedForward<float, sluice::GELU>;
  using GeluTanh = sluice::GatedFeedForward<float, sluice::GELUTanh>;
  check(Gelu(6, 10, {.bias = true}), Native("block", MissingBias::Zero),
        "sluice::GatedFeedForward<float, sluice::GELU>(6, 10, {.bias = true})  "
        "sluice::io::Native(\"block\", sluice::io::MissingBias::Zero)");
  check(GeluTanh(6, 10), Native("gate_first"),
        "sluice::GatedFeedForward<float, sluice::GELUTanh>(6, 10)  sluice::io::Native(\"gate_first\")");
  check(sluice::GatedLinearUnit<float, sluice::QuickGELU>(6, 10), Native("interleaved"),
        "sluice::GatedLinearUnit<float, sluice::QuickGELU>(6, 10)  sluice::io::Native(\"interleaved\")");
  check(sluice::GLU<float>(6, 10), Native("glu"), "sluice::GLU<float>(6, 10)  sluice::io::Native(\"glu\")");
  check(sluice::Dense<float>(10, 3, {.bias = false}), Native("head"),
        "sluice::Dense<float>(10, 3, {.bias = false})  sluice::io::Native(\"head\")");
  CHECK(exported().dtype("glu.gate.weight") == Dtype::BF16);
  for (const std::string& name : exported().names()) CHECK(!name.starts_with("norm"));
}

TEST_CASE("an exported layer of another kind is noticed", "[io][export]") {
  sluice::GeGLU<float> layer(6, 10);
  const std::string reason = test::reason_of([&] { load(layer, exported(), Native("glu"), {.self_check = true}); });
  CHECK_THAT(reason, Catch::Matchers::EndsWith("likely cause: the gate activation is sigmoid, the layer has gelu"));
}

}  // namespace
