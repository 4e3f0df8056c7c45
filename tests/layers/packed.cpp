// SPDX-License-Identifier: MIT
//
// A packed layer gives the bits of the layer it was packed from: every length of the tail, both sides of every tile,
// and random shapes.
#include "layers/packed_trial.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

namespace {

using test::difference_at;
using test::Index;

template <class Layer>
void check_tails() {
  using Scalar = typename Layer::Scalar;
  constexpr Index packet = sluice::simd::packet_size<Scalar>, rows = sluice::detail::max_tile_rows;
  for (Index units = 1; units <= 4 * packet + 1; ++units) {
    CAPTURE(units);
    CHECK(difference_at<Layer>(1, 5, units) == "");
    CHECK(difference_at<Layer>(3, 5, units) == "");
  }
  for (Index pairs = 3; pairs <= 17; ++pairs) {  // of panels: up to several groups that one row takes at once
    for (const Index units : {pairs * 2 * packet - 1, pairs * 2 * packet, pairs * 2 * packet + 1}) {
      CAPTURE(units);
      CHECK(difference_at<Layer>(1, 5, units) == "");
    }
  }
  for (Index samples = 0; samples <= 2 * rows + 5; ++samples) {
    CAPTURE(samples);
    CHECK(difference_at<Layer>(samples, 7, 2 * packet + 1) == "");
    CHECK(difference_at<Layer>(samples, 7, std::max<Index>(1, packet / 2)) == "");  // which share a packet
  }
  for (const Index input_dim : {1, 2, 3, 16, 63, 512, 1024, 2048}) {  // some that lie a multiple of 4 KiB apart
    for (const Index samples : {1, 2, 9, 15, 16, 31}) {
      CAPTURE(samples, input_dim);
      CHECK(difference_at<Layer>(samples, input_dim, 3) == "");
    }
  }
  CHECK(difference_at<Layer>(4, 6, 5, false) == "");
  CHECK(difference_at<Layer>(1, 1, 1, false) == "");
}

TEST_CASE("packed gated layers give the bits of the layer, every tail", "[packed]") {
  check_tails<sluice::SwiGLU<float>>();
  check_tails<sluice::SwiGLU<double>>();
}

TEST_CASE("packed dense layers give the bits of the layer, every tail", "[packed]") {
  check_tails<sluice::Dense<float, sluice::SiLU>>();
  check_tails<sluice::Dense<double>>();
}

template <class Layer>
void check_random_shapes(int count) {
  static const std::uint32_t seed = std::random_device{}();
  test::Random random(seed);
  for (int i = 0; i < count; ++i) {
    const Index samples = random.index(1, i % 4 == 0 ? 500 : 40);
    const Index input_dim = random.index(1, i % 4 == 1 ? 1500 : 90), units = random.index(1, i % 4 == 2 ? 700 : 90);
    CAPTURE(seed, samples, input_dim, units);
    CHECK(difference_at<Layer>(samples, input_dim, units, i % 3 != 0) == "");
  }
}

TEST_CASE("packed layers give the bits of the layer at random shapes", "[packed]") {
  check_random_shapes<sluice::SwiGLU<float>>(12);
  check_random_shapes<sluice::SwiGLU<double>>(8);
  check_random_shapes<sluice::Dense<float, sluice::SiLU>>(8);
}

TEST_CASE("packed layers give the bits of the layer where weights are larger than caches", "[packed]") {
  CHECK(difference_at<sluice::SwiGLU<float>>(1, 1024, 600) == "");
  CHECK(difference_at<sluice::SwiGLU<float>>(230, 400, 520) == "");
  CHECK(difference_at<sluice::SwiGLU<double>>(17, 1024, 130) == "");
  CHECK(difference_at<sluice::Dense<float, sluice::SiLU>>(240, 1024, 530) == "");
}

TEST_CASE("packed layers give the bits of the layer where the depth is divided", "[packed]") {
  CHECK(difference_at<sluice::SwiGLU<float>>(120, 2600, 70) == "");   // the last panel is no full one
  CHECK(difference_at<sluice::SwiGLU<float>>(240, 2048, 130) == "");  // samples that are packed first, in two blocks
  CHECK(difference_at<sluice::SwiGLU<float>>(31, 9000, 17, false) == "");
  CHECK(difference_at<sluice::SwiGLU<float>>(16, 9000, 4) == "");  // one tile, whose value and gate share a packet
  CHECK(difference_at<sluice::SwiGLU<float>>(48, 8192, 4, false) == "");  // and several, of samples that are packed
  CHECK(difference_at<sluice::Dense<double, sluice::SiLU>>(40, 4096, 41) == "");
}

TEST_CASE("packed layers give the bits of the layer where the depth of a single tile is divided", "[packed]") {
  for (const Index samples : {sluice::detail::max_tile_rows, sluice::detail::max_tile_rows - 2}) {
    CAPTURE(samples);
    CHECK(difference_at<sluice::SwiGLU<float>>(samples, 4101, 70) == "");
    CHECK(difference_at<sluice::SwiGLU<float>>(samples, 8192, 35) == "");  // samples that are packed first
    CHECK(difference_at<sluice::SwiGLU<float>>(samples, 9001, 17, false) == "");
    CHECK(difference_at<sluice::SwiGLU<float>>(samples, 9000, 4) == "");  // one panel, which is not divided
    CHECK(difference_at<sluice::Dense<double, sluice::SiLU>>(samples, 4097, 41) == "");
  }
}

TEST_CASE("packed in 16 bits: the bits of the layer, if its weights have no more", "[packed]") {
  test::Random random(61);
  sluice::SwiGLU<float> layer(2600, 150);
  test::fill_layer(random, layer);
  layer.parameters() = layer.parameters().cast<Eigen::bfloat16>().cast<float>().eval();
  const auto packed = sluice::pack<Eigen::bfloat16>(layer);
  for (const Index samples : {1, sluice::detail::max_tile_rows, 40, 250}) {
    CAPTURE(samples);
    const auto x = random.matrix<test::RowMatrix<float>>(samples, 2600);
    const test::RowMatrix<float> y = packed(x);
    CHECK(test::same_bits(y, test::RowMatrix<float>(layer(x))));
  }
}

/// Of weights in fewer bits that L3 may not hold one row goes by a loop of its own, which asks ahead (see
/// prefetch/rows.cpp).
template <class Stored>
void check_one_row_of_many_weights() {
  test::Random random(65);
  const Index input_dim = 2050, units = 8 * 1024 * 1024 / (input_dim * 2 * static_cast<Index>(sizeof(Stored))) + 37;
  sluice::SwiGLU<float> layer(input_dim, units);
  test::fill_layer(random, layer);
  const auto packed = sluice::pack<Stored>(layer);
  const auto x = random.matrix<test::RowMatrix<float>>(2, input_dim);
  const test::RowMatrix<float> both = packed(x), one = packed(x.row(1));
  CHECK(test::same_bits(one, test::RowMatrix<float>(both.row(1))));
}

TEST_CASE("packed in fewer bits: one row of many weights gives the bits of a batch", "[packed]") {
  check_one_row_of_many_weights<Eigen::bfloat16>();
  check_one_row_of_many_weights<Eigen::half>();
  check_one_row_of_many_weights<sluice::Int8>();
}

TEST_CASE("a packed layer knows its sizes and keeps its weights", "[packed]") {
  test::Random random(6);
  sluice::SwiGLU<float> layer(30, 10);
  random.fill_parameters(layer);
  const auto packed = sluice::pack(layer);
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(4, 30), want = layer(x);
  layer.parameters().setZero();  // the packed layer has its own
  CHECK(test::same_bits(packed(x), want));
  CHECK(packed.input_dim() == 30);
  CHECK(packed.units() == 10);
  const auto copy = packed;
  CHECK(test::same_bits(copy(x), want));
  constexpr std::size_t packet = static_cast<std::size_t>(sluice::simd::packet_size<float>);
  constexpr std::size_t columns = 2 * ((10 + packet - 1) / packet * packet);
  CHECK(packed.bytes() == 4 * columns * (30 + 1));
  CHECK(sluice::pack<Eigen::bfloat16>(layer).bytes() == columns * (2 * 30 + 4));
  CHECK(sluice::pack<Eigen::half>(layer).bytes() == columns * (2 * 30 + 4));
  CHECK(sluice::pack<sluice::Int8>(layer).bytes() == columns * (30 + 4 + 4));
}

}  // namespace
