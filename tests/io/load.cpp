// SPDX-License-Identifier: MIT
//
// load() and save(): round trips through every mapping, and what is said when a file and a layer do not fit.
#include "io/files.hpp"
#include "io/safetensors_text.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace sluice::io;
using Shape = std::vector<Eigen::Index>;

template <class Layer>
Layer random_layer(bool bias = true) {
  Layer layer(5, 3, {.bias = bias});
  test::Random(11).fill(layer.parameters());
  return layer;
}

std::vector<Mapping> gated_mappings() {
  return {Native("a.b"),
          TorchGlu("a.b"),
          PytorchForecastingGlu("a.b"),
          DiffusersGeglu("a.b"),
          KerasGlu("a.b"),
          HfLlama("a.b"),
          HfPhi3("a.b"),
          HfT5("a.b"),
          HfGptOss("a.b"),
          Native("")};
}

TEST_CASE("every mapping brings back what it saved", "[io][load]") {
  const test::Directory directory;
  for (const Mapping& mapping : gated_mappings()) {
    for (const bool bias : {true, false}) {
      CAPTURE(mapping.name, bias);
      const auto fused = random_layer<sluice::SwiGLU<float>>(bias);
      save(fused, directory / "file", mapping);
      sluice::SwiGLU<float> copy(5, 3, {.bias = bias});
      load(copy, directory / "file", mapping);
      CHECK(test::same_bits(copy.parameters(), fused.parameters()));
      sluice::SwiGLU<double, sluice::Split> split(5, 3, {.bias = bias});  // another layout, another scalar
      load(split, directory / "file", mapping);
      CHECK(test::same_bits(split.value_weight(), fused.value_weight().cast<double>()));
      CHECK(test::same_bits(split.gate_weight(), fused.gate_weight().cast<double>()));
      CHECK(test::same_bits(split.value_bias(), fused.value_bias().cast<double>()));
      CHECK(test::same_bits(split.gate_bias(), fused.gate_bias().cast<double>()));
    }
  }
}

TEST_CASE("gradients, fixed sizes and dense layers are saved alike", "[io][load]") {
  const test::Directory directory;
  sluice::SwiGLU<float>::Gradients gradients(sluice::SwiGLU<float>(5, 3));
  test::Random(3).fill(gradients.parameters());
  save(gradients, directory / "file", HfPhi3("m"));
  sluice::GatedLinearUnit<float, sluice::SiLU, sluice::Fused, 5, 3> fixed;
  load(fixed, directory / "file", HfPhi3("m"));
  CHECK(test::same_bits(fixed.parameters(), gradients.parameters()));
  sluice::SwiGLU<double>::Gradients loaded(sluice::SwiGLU<double>(5, 3));
  load(loaded, directory / "file", HfPhi3("m"));
  CHECK(test::same_bits(loaded.parameters(), gradients.parameters().cast<double>()));
  CHECK(test::error_of([&] { load(loaded, directory / "file", HfPhi3("m"), {.self_check = true}); }) ==
        "Gradients: compute no outputs for a self-check");

  for (const Mapping& mapping : {Mapping(Native("m")), Mapping(TorchDense("m"))}) {
    const auto dense = random_layer<sluice::Dense<double>>();
    save(dense, directory / "dense", mapping);
    CHECK(Safetensors::open(directory / "dense").shape("m.weight") ==
          (mapping.name == "Native" ? Shape{5, 3} : Shape{3, 5}));
    sluice::Dense<double> copy(5, 3);
    load(copy, directory / "dense", mapping);
    CHECK(test::same_bits(copy.parameters(), dense.parameters()));
  }
  CHECK(test::error_of([&] { save(sluice::Dense<float>(5, 3), directory / "no", HfLlama("m")); }) ==
        "HfLlama: this mapping names no tensors of a Dense");
  CHECK(test::error_of([&] { save(sluice::GLU<float>(5, 3), directory / "no", TorchDense("m")); }) ==
        "TorchDense: this mapping names no tensors of a gated layer");
  CHECK(directory.count() == 2);
}

TEST_CASE("several layers share a file, in another dtype if asked", "[io][load]") {
  const test::Directory directory;
  const auto a = random_layer<sluice::SwiGLU<float>>();
  const auto b = random_layer<sluice::Dense<float>>();
  SafetensorsWriter writer;
  save(a, writer, Native("a"), Dtype::BF16);
  save(b, writer, TorchDense("b"), Dtype::F64);
  writer.save(directory / "file");
  const auto file = Safetensors::open(directory / "file");
  CHECK(file.dtype("a.gate.weight") == Dtype::BF16);
  CHECK(file.dtype("b.weight") == Dtype::F64);
  sluice::SwiGLU<float> c(5, 3);
  sluice::Dense<float> d(5, 3);
  load(c, file, Native("a"));
  load(d, file, TorchDense("b"));
  CHECK(test::same_bits(c.parameters(), a.parameters().cast<Eigen::bfloat16>().cast<float>()));
  CHECK(test::same_bits(d.parameters(), b.parameters()));
}

TEST_CASE("a name that is taken adds nothing", "[io][load]") {
  const test::Directory directory;
  SafetensorsWriter writer;
  writer.add("m.weight", Eigen::RowVector2f(1, 2));
  const auto layer = random_layer<sluice::SwiGLU<float>>();
  // m.bias is free and comes first.
  CHECK(test::error_of([&] { save(layer, writer, TorchGlu("m")); }) ==
        "SafetensorsWriter: the name 'm.weight' is taken");
  writer.save(directory / "file");
  CHECK(Safetensors::open(directory / "file").names() == std::vector<std::string>{"m.weight"});
}

TEST_CASE("one error lists all that is wrong, and the layer stays as it was", "[io][load]") {
  const test::Directory directory;
  SafetensorsWriter writer;
  writer.add("m.up_proj.weight", Eigen::MatrixXf::Ones(5, 3));
  writer.add("m.gate_proj.weight", Eigen::MatrixXf::Ones(3, 5));
  writer.add("m.up_proj.bias", Eigen::VectorXf::Ones(3), Dtype::F16);
  writer.add("m.norm.weight", Eigen::VectorXf::Ones(7));
  writer.add("m", Eigen::VectorXf::Ones(7));
  writer.add("mm.weight", Eigen::VectorXf::Ones(7));
  writer.save(directory / "file");
  auto layer = random_layer<sluice::SwiGLU<float>>();
  const auto before = layer;
  CHECK(test::reason_of([&] { load(layer, directory / "file", HfLlama("m")); }) ==
        "does not hold this layer as HfLlama(\"m\")"
        "\n  wrong shape: 'm.up_proj.weight' [5, 3] F32, expected [3, 5]"
        "\n  missing: 'm.gate_proj.bias' [3]"
        "\n  left over: 'm.norm.weight' [7] F32");
  CHECK(test::same_bits(layer.parameters(), before.parameters()));

  CHECK(test::reason_of([&] { load(layer, directory / "file", TorchGlu("layers.m")); }) ==
        "does not hold this layer as TorchGlu(\"layers.m\")"
        "\n  missing: 'layers.m.weight' [6, 5]"
        "\n  missing: 'layers.m.bias' [6]"
        "\n  no tensor lies below this prefix; one of the file is called 'm'");

  test::write_file(directory / "integers",
                   test::safetensors_text(R"({"weight":{"dtype":"I8","shape":[6,5],"data_offsets":[0,30]},)"
                                          R"("bias":{"dtype":"F8_E5M2","shape":[6],"data_offsets":[30,36]}})",
                                          std::string(36, '\1')));
  CHECK(test::reason_of([&] { load(layer, directory / "integers", TorchGlu("")); }) ==
        "does not hold this layer as TorchGlu(\"\")"
        "\n  wrong dtype: 'weight' [6, 5] I8, expected F64, F32, F16 or BF16"
        "\n  wrong dtype: 'bias' [6] F8_E5M2, expected F64, F32, F16 or BF16");
  CHECK(test::same_bits(layer.parameters(), before.parameters()));
}

TEST_CASE("a file that ends while it is read leaves the layer as it was", "[io][load]") {
  const test::Directory directory;
  auto layer = random_layer<sluice::SwiGLU<float>>();
  const auto before = layer;
  save(sluice::SwiGLU<float>(5, 3), directory / "file", Native("m"));
  const auto file = Safetensors::open(directory / "file");
  std::filesystem::resize_file(directory / "file", std::filesystem::file_size(directory / "file") - 1);
  CHECK(test::reason_of([&] { load(layer, file, Native("m")); }) == "has become shorter while it was read");
  CHECK(test::same_bits(layer.parameters(), before.parameters()));
}

TEST_CASE("a bias on one side only is zero where the mapping says so, else an error", "[io][load]") {
  const test::Directory directory;
  const auto layer = random_layer<sluice::SwiGLU<float>>();
  SafetensorsWriter writer;
  writer.add("m.value.weight", layer.value_weight());
  writer.add("m.gate.weight", layer.gate_weight());
  writer.add("m.gate.bias", layer.gate_bias().transpose());
  writer.save(directory / "file");
  sluice::SwiGLU<float> copy = layer;
  CHECK_THAT(test::reason_of([&] { load(copy, directory / "file", Native("m")); }),
             Catch::Matchers::EndsWith("\n  missing: 'm.value.bias' [3]"));
  load(copy, directory / "file", Native("m", MissingBias::Zero));
  CHECK(test::same_bits(copy.value_weight(), layer.value_weight()));
  CHECK(test::same_bits(copy.gate_bias(), layer.gate_bias()));
  CHECK(copy.value_bias().isZero(0));

  sluice::SwiGLU<float> without(5, 3, {.bias = false});
  CHECK_THAT(test::reason_of([&] { load(without, directory / "file", Native("m", MissingBias::Zero)); }),
             Catch::Matchers::EndsWith("\n  left over: 'm.gate.bias' [3] F32"));
}

TEST_CASE("experts are named, never guessed", "[io][load]") {
  const test::Directory directory;
  const Eigen::MatrixXf weight = Eigen::MatrixXf::Random(2 * 5, 6);  // two experts, 5 × 6 each
  const Eigen::MatrixXf bias = Eigen::MatrixXf::Random(2, 6);
  const RowMajorMatrix<float> rows = weight;
  const RowMajorMatrix<float> bias_rows = bias;
  SafetensorsWriter writer;
  writer.add("m.gate_up_proj", Shape{2, 5, 6}, rows.data(), Dtype::F32);
  writer.add("m.gate_up_proj_bias", Shape{2, 6}, bias_rows.data(), Dtype::F32);
  writer.save(directory / "file");
  auto layer = random_layer<sluice::ClampedSwiGLU<float>>();
  const auto before = layer;
  const auto reason = [&](const Mapping& mapping) {
    return test::reason_of([&] { load(layer, directory / "file", mapping); });
  };
  CHECK_THAT(reason(HfGptOss("m")), Catch::Matchers::Contains("of several experts (say which one): 'm.gate_up_proj' "
                                                              "[2, 5, 6] F32"));
  CHECK_THAT(reason(HfGptOss("m", 2)), Catch::Matchers::Contains("without expert 2: 'm.gate_up_proj_bias' [2, 6] F32"));
  CHECK_THAT(reason(HfGptOss("m", -1)), Catch::Matchers::Contains("without expert -1"));
  CHECK(test::same_bits(layer.parameters(), before.parameters()));
  REQUIRE(reason(HfGptOss("m", 1)) == "no error");
  for (int unit = 0; unit < 3; ++unit) {
    CHECK(test::same_bits(layer.gate_weight().col(unit), weight.bottomRows(5).col(2 * unit)));
    CHECK(test::same_bits(layer.value_weight().col(unit), weight.bottomRows(5).col(2 * unit + 1)));
    CHECK(layer.gate_bias()(unit) == bias(1, 2 * unit));
    CHECK(layer.value_bias()(unit) == bias(1, 2 * unit + 1));
  }
  CHECK(test::error_of([&] { save(layer, directory / "no", HfGptOss("m", 1)); }) ==
        "HfGptOss: a layer is saved as the only expert of its file, not as expert 1");
}

TEST_CASE("a moved-from layer is neither saved nor loaded", "[io][load]") {
  const test::Directory directory;
  const auto refused = [&](auto& layer) {
    const std::string saved = test::error_of([&] { save(layer, directory / "file", Native("m")); });
    CHECK(test::error_of([&] { load(layer, directory / "good", Native("m")); }) == saved);
    return saved;
  };
  sluice::SwiGLU<float> layer(5, 3);
  save(layer, directory / "good", Native("m"));
  sluice::SwiGLU<float>::Gradients gradients(layer);
  sluice::Dense<float> dense(5, 3);
  sluice::GatedFeedForward<float, sluice::SiLU> block(5, 3);
  sluice::Dense<double, sluice::Identity, 200, 200>
      large;  // its sizes stay in the type, its parameters are on the heap
  const auto moved =
      std::tuple(std::move(layer), std::move(gradients), std::move(dense), std::move(block), std::move(large));
  CHECK(refused(layer) == "GatedLinearUnit: expected a layer with parameters, got a moved-from one");
  CHECK(refused(gradients) == "Gradients: expected gradients with parameters, got moved-from ones");
  CHECK(refused(dense) == "Dense: expected a layer with parameters, got a moved-from one");
  CHECK(refused(block) == "GatedFeedForward: expected a layer with parameters, got a moved-from one");
  CHECK(refused(large) == "Dense: expected a layer with parameters, got a moved-from one");
  CHECK(directory.count() == 1);
}

}  // namespace
