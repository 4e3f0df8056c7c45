// SPDX-License-Identifier: MIT
//
// The self-check: replayed on load, and the likely cause named when it fails.
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <string>

namespace {

using namespace sluice::io;

/// A file with a layer and its self-check; then that file loaded into another layer or by another mapping.
template <class Saved>
class SelfCheck {
 public:
  explicit SelfCheck(std::optional<Dtype> dtype = {}) : layer(7, 4) {
    test::Random random(21);
    random.fill(layer.parameters());
    SafetensorsWriter writer;
    save(layer, writer, mapping, dtype);
    add_self_check(layer, writer, mapping,
                   random.matrix<Eigen::MatrixXd>(3, 7, 2).template cast<typename Saved::Scalar>());
    writer.save(path);
  }

  template <class Loaded>
  std::string reason(const Mapping& by) {
    Loaded other(7, 4);
    const std::string result = test::reason_of([&] { load(other, path, by, {.self_check = true}); });
    CHECK((result == "no error") == !other.parameters().isZero());  // untouched where it failed
    return result;
  }
  template <class Loaded>
  std::string reason() {
    return reason<Loaded>(mapping);
  }

  const test::Directory directory;
  const std::filesystem::path path = directory / "file";
  const TorchGlu mapping{"glu"};
  Saved layer;
};

Mapping swapped(Mapping mapping) {
  std::get<FusedTensors>(mapping.gated).order = sluice::GateOrder::GateFirst;
  return mapping;
}

TEST_CASE("a layer that computes what was stored passes", "[io][self-check]") {
  SelfCheck<sluice::GeGLU<double>> check;
  CHECK(check.reason<sluice::GeGLU<double>>() == "no error");
  CHECK(check.reason<sluice::GeGLU<float>>() == "no error");
  CHECK(check.reason<sluice::GeGLU<double, sluice::Split>>() == "no error");
}

TEST_CASE("swapped halves and other activations are named", "[io][self-check]") {
  SelfCheck<sluice::GeGLU<double>> check;
  CHECK_THAT(check.reason<sluice::GeGLU<float>>(swapped(check.mapping)),
             Catch::Matchers::EndsWith("likely cause: value and gate have changed places (is the gate order right?)"));
  CHECK_THAT(check.reason<sluice::GeGLUTanh<float>>(),
             Catch::Matchers::EndsWith("likely cause: the gate activation is gelu, the layer has gelu_tanh"));
  CHECK_THAT(check.reason<sluice::SwiGLU<float>>(),
             Catch::Matchers::EndsWith("likely cause: the gate activation is gelu, the layer has silu"));
  CHECK_THAT(check.reason<sluice::ReGLU<float>>(swapped(check.mapping)),
             Catch::Matchers::Contains("the gate activation is gelu, the layer has relu, and value and gate have"));
  SelfCheck<sluice::GeGLUTanh<float>> tanh;
  CHECK_THAT(tanh.reason<sluice::GeGLU<float>>(),
             Catch::Matchers::EndsWith("likely cause: the gate activation is gelu_tanh, the layer has gelu"));
}

TEST_CASE("what nothing known explains says so", "[io][self-check]") {
  SelfCheck<sluice::GatedLinearUnit<double, sluice::ELU>> check;
  CHECK_THAT(check.reason<sluice::GeGLU<double>>(), Catch::Matchers::Contains("are these the weights of this layer?"));
  // Weights that were rounded after the outputs had been computed.
  SelfCheck<sluice::GeGLU<double>> rounded(Dtype::BF16);
  CHECK_THAT(rounded.reason<sluice::GeGLU<double>>(), Catch::Matchers::Contains("the outputs differ by 0.0"));
}

TEST_CASE("a self-check that is not there or does not fit", "[io][self-check]") {
  const test::Directory directory;
  sluice::GLU<float> layer(7, 4);
  layer.parameters().setLinSpaced(-1, 1);
  const auto reason = [&](const auto& input, const auto& output) {
    SafetensorsWriter writer;
    save(layer, writer, Native("m"));
    writer.add("m.self_check.input", input);
    writer.add("m.self_check.output", output);
    writer.save(directory / "file");
    return test::reason_of([&] { self_check(layer, Safetensors::open(directory / "file"), Native("m")); });
  };
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(2, 7), y = layer(x);
  CHECK(reason(x, y) == "no error");
  CHECK_THAT(reason(Eigen::MatrixXf::Ones(2, 6).eval(), y),
             Catch::Matchers::Contains("does not fit: GatedLinearUnit:"));
  CHECK_THAT(reason(x, y.leftCols(3)), Catch::Matchers::Contains("is [2, 3], the layer computes [2, 4]"));
  CHECK_THAT(reason(x, y * std::numeric_limits<float>::infinity()), Catch::Matchers::Contains("differ by inf"));
  CHECK_THAT(reason(x.topRows(0), y.topRows(0)), Catch::Matchers::Contains("holds no samples"));
  save(layer, directory / "none", Native("m"));
  CHECK(test::reason_of([&] { load(layer, directory / "none", Native("m"), {.self_check = true}); }) ==
        "carries no self-check of Native(\"m\"): it has no tensor 'm.self_check.input'");
  SafetensorsWriter half;
  save(layer, half, Native("m"));
  half.add("m.self_check.input", x);
  half.save(directory / "half");
  CHECK_THAT(test::reason_of([&] { load(layer, directory / "half", Native("m"), {.self_check = true}); }),
             Catch::Matchers::EndsWith("it has no tensor 'm.self_check.output'"));
}

// The rounding of 16-bit outputs does not grow with the layer: swapped halves are larger than it however long the sums.
TEST_CASE("swapped halves of a wide layer are seen in 16-bit outputs", "[io][self-check]") {
  const test::Directory directory;
  test::Random random(22);
  sluice::SwiGLU<float> layer(1000, 10);
  random.fill(layer.parameters());
  const auto x = random.matrix<Eigen::MatrixXf>(4, 1000);
  for (const Dtype dtype : {Dtype::F16, Dtype::BF16}) {
    SafetensorsWriter writer;
    save(layer, writer, TorchGlu("glu"));
    // Outputs of some size, or F16 could not hold them.
    writer.add("glu.self_check.input", (x / 50).eval());
    writer.add("glu.self_check.output", layer((x / 50).eval()), dtype);
    writer.save(directory / "file");
    sluice::SwiGLU<float> loaded(1000, 10);
    CHECK(test::reason_of([&] { load(loaded, directory / "file", TorchGlu("glu"), {.self_check = true}); }) ==
          "no error");
    CHECK_THAT(
        test::reason_of([&] { load(loaded, directory / "file", swapped(TorchGlu("glu")), {.self_check = true}); }),
        Catch::Matchers::Contains("value and gate have changed places"));
  }
}

}  // namespace
