// SPDX-License-Identifier: MIT
//
// Layers of every kind are packed: split ones, those with sizes in the type, whole feed-forward blocks.
#include "layers/packed_trial.hpp"

#include <type_traits>

namespace {

using test::difference_from;
using test::Index;

template <class AnyLayer>
void check_layer(AnyLayer layer) {
  test::Random random(43);
  test::fill_layer(random, layer);
  using Matrix = test::RowMatrix<typename AnyLayer::Scalar>;
  for (const Index samples : {0, 1, 5, 33}) {
    CAPTURE(samples);
    CHECK(difference_from(layer, random.matrix<Matrix>(samples, layer.input_dim())) == "");
  }
}

TEST_CASE("packed: split layers, and sizes in the type", "[packed]") {
  check_layer(sluice::SwiGLU<float, sluice::Split>(19, 21));
  check_layer(sluice::GLU<double, sluice::Split, 7, 3>());
  check_layer(sluice::SwiGLU<float, sluice::Fused, 30, 10>());
  check_layer(sluice::GLU<float, sluice::Fused, Eigen::Dynamic, 17>(9, 17));
  check_layer(sluice::Dense<float, sluice::ReLU, 9, 5>());
  const auto packed = sluice::pack(sluice::SwiGLU<float, sluice::Fused, 30, 10>());
  STATIC_REQUIRE(std::is_same_v<decltype(packed(Eigen::Matrix<float, 30, 1>())), Eigen::Matrix<float, 10, 1>>);
}

TEST_CASE("packed: feed-forward blocks", "[packed]") {
  test::Random random(44);
  sluice::GatedFeedForward<float, sluice::SiLU> layer(17, 53, {.bias = true, .activation = {}});
  sluice::GatedFeedForward<double, sluice::GELU, sluice::Split> split(9, 21);
  random.fill_parameters(layer.gated());
  random.fill(layer.output().parameters());
  random.fill(split.gated().parameters());
  random.fill(split.output().parameters());
  for (const Index samples : {0, 1, 7, 225, 450}) {
    CAPTURE(samples);
    const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(samples, 17);
    const auto packed = sluice::pack(layer);
    CHECK(test::same_bits(packed(x), layer(x)));
    Eigen::MatrixXf y;
    packed.forward(x, y);
    CHECK(test::same_bits(y, layer(x)));
    const Eigen::MatrixXd z = random.matrix<Eigen::MatrixXd>(samples, 9);
    CHECK(test::same_bits(sluice::pack(split)(z), split(z)));
  }
  const auto packed = sluice::pack(layer);
  CHECK(packed.dim() == 17);
  CHECK(packed.hidden() == 53);
  CHECK(packed.bytes() == packed.gated().bytes() + packed.output().bytes());
}

}  // namespace
