// SPDX-License-Identifier: MIT
//
// pack() straight from a file gives the bits that loading and packing gives, for every kind of layer, mapping, stored
// dtype and packed type.
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <limits>
#include <string>

namespace {

using namespace sluice::io;

void fill(sluice::SwiGLU<float>& layer) { test::Random(3).fill(layer.parameters()); }
void fill(sluice::Dense<float, sluice::Tanh>& layer) { test::Random(4).fill(layer.parameters()); }
void fill(sluice::GatedFeedForward<float, sluice::GELU>& layer) {
  test::Random(5).fill(layer.gated().parameters());
  test::Random(6).fill(layer.output().parameters());
}

template <class Layer, class Stored>
void check(const test::Directory& directory, const Mapping& mapping, int input_dim, int units, bool bias, Dtype dtype) {
  CAPTURE(mapping.name, input_dim, units, bias, name_of(dtype));
  Layer layer(input_dim, units, {.bias = bias});
  fill(layer);
  save(layer, directory / "file", mapping, dtype);
  load(layer, directory / "file", mapping);
  const Eigen::MatrixXf x = test::Random(7).matrix<Eigen::MatrixXf>(3, input_dim);
  const auto packed = sluice::io::pack<Layer, Stored>(directory / "file", mapping, input_dim, units, {.bias = bias});
  CHECK(test::same_bits(packed(x), sluice::pack<Stored>(layer)(x)));
}

template <class Layer>
void check_types(const Mapping& mapping, int input_dim, int units) {
  const test::Directory directory;
  check<Layer, float>(directory, mapping, input_dim, units, true, Dtype::F32);
  check<Layer, Eigen::bfloat16>(directory, mapping, input_dim, units, true, Dtype::BF16);
  check<Layer, Eigen::half>(directory, mapping, input_dim, units, false, Dtype::F16);
  check<Layer, sluice::Int8>(directory, mapping, input_dim, units, true, Dtype::F32);
  check<Layer, Eigen::bfloat16>(directory, mapping, input_dim, units, false, Dtype::F64);
  check<Layer, float>(directory, mapping, input_dim, units, false, Dtype::F16);
}

TEST_CASE("packing from a file is loading and packing", "[io][pack]") {
  for (const Mapping& mapping : {Mapping(Native("m")), Mapping(TorchGlu("m")), Mapping(HfLlama("m")),
                                 Mapping(HfPhi3("m")), Mapping(HfGptOss("m"))}) {
    check_types<sluice::SwiGLU<float>>(mapping, 7, 21);
  }
  check_types<sluice::Dense<float, sluice::Tanh>>(Native("m"), 7, 37);
  check_types<sluice::Dense<float, sluice::Tanh>>(TorchDense("m"), 7, 37);
}

TEST_CASE("so it is for blocks", "[io][pack]") {
  for (const Mapping& mapping : {Mapping(Native("m")), Mapping(HfPhi3("m")), Mapping(HfGptOss("m"))}) {
    check_types<sluice::GatedFeedForward<float, sluice::GELU>>(mapping, 19, 33);
  }
}

TEST_CASE("so it is where a weight comes in several pieces", "[io][pack]") {
  const test::Directory directory;
  // 54 stored units, 16 at a time: the halves meet within a piece, and the last one is shorter.
  for (const Mapping& mapping :
       {Mapping(TorchGlu("m")), Mapping(HfPhi3("m")), Mapping(HfGptOss("m")), Mapping(KerasGlu("m"))}) {
    check<sluice::SwiGLU<float>, float>(directory, mapping, 17000, 27, true, Dtype::F32);
  }
}

TEST_CASE("packing from a file that does not fit is refused as a whole", "[io][pack]") {
  const test::Directory directory;
  sluice::SwiGLU<float> layer(5, 3);
  save(layer, directory / "file", HfLlama("m"));
  using Layer = sluice::SwiGLU<float>;
  const auto pack_as = [&](int input_dim, int units, bool bias) {
    return test::reason_of(
        [&] { sluice::io::pack<Layer>(directory / "file", HfLlama("m"), input_dim, units, {.bias = bias}); });
  };
  CHECK(pack_as(5, 3, true) == "no error");
  CHECK_THAT(pack_as(5, 4, true),
             Catch::Matchers::Contains("wrong shape: 'm.up_proj.weight' [3, 5] F32, expected [4, 5]"));
  CHECK_THAT(pack_as(5, 3, false), Catch::Matchers::Contains("left over: 'm.gate_proj.bias' [3] F32"));
  CHECK(test::error_of([&] { pack_as(0, 3, true); }) != "");
}

TEST_CASE("packing from a file with sizes that cannot be is refused", "[io][pack]") {
  const test::Directory directory;
  save(sluice::SwiGLU<float>(31, 10), directory / "file", HfPhi3("m"));
  save(sluice::Dense<float>(31, 10), directory / "dense", TorchDense("m"));
  using Gated = sluice::GatedLinearUnit<float, sluice::SiLU, sluice::Fused, 30, 10>;
  using Dense = sluice::Dense<float, sluice::Identity, 31, 11>;
  const auto gated = [&](Eigen::Index input_dim, Eigen::Index units) {
    return test::error_of([&] { sluice::io::pack<Gated>(directory / "file", HfPhi3("m"), input_dim, units); });
  };
  CHECK(gated(31, 10) == "Packed GatedLinearUnit: expected input_dim 30 as in the type, got 31");
  CHECK(gated(30, 11) == "Packed GatedLinearUnit: expected units 10 as in the type, got 11");
  CHECK(test::reason_of([&] { gated(30, 10); }) != "no error");
  CHECK(test::error_of([&] { sluice::io::pack<Dense>(directory / "dense", TorchDense("m"), 31, 10); }) ==
        "Packed Dense: expected units 11 as in the type, got 10");

  constexpr Eigen::Index huge = std::numeric_limits<Eigen::Index>::max() / 2 + 1;
  const auto huge_units = [&](const Mapping& mapping, Eigen::Index input_dim) {
    return test::error_of(
        [&] { sluice::io::pack<sluice::SwiGLU<float>>(directory / "file", mapping, input_dim, huge); });
  };
  CHECK_THAT(huge_units(HfPhi3("m"), 1), Catch::Matchers::Contains("×2 is more than this machine can address"));
  CHECK_THAT(huge_units(HfLlama("m"), 31), Catch::Matchers::Contains("is more than this machine can address"));
}

}  // namespace
