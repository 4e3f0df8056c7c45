// SPDX-License-Identifier: MIT
//
// What the feed-forward block takes and writes to: vectors, tensors, strides, expressions, nothing at all. One sample
// gives the bits it gives in a batch.
#include "support/catch.hpp"
#include "support/feed_forward.hpp"

#include <sluice/sluice.hpp>
#include <sluice/tensor.hpp>

#include <utility>

namespace {

using Eigen::MatrixXf;
using test::Index;
using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Layer = sluice::GatedFeedForward<float, sluice::SiLU>;

/// A layer, 24 samples, and what it makes of them.
struct Fixture {
  test::Random random{17};
  Layer layer{6, 29, {.bias = true, .activation = {}}};
  MatrixXf x = random.matrix<MatrixXf>(24, 6), dy = random.matrix<MatrixXf>(24, 6);
  MatrixXf y, dx;
  Layer::Gradients gradients{layer};

  Fixture() {
    test::fill_feed_forward(random, layer);
    const auto want = test::feed_forward(test::to_double(x), test::to_double(dy), layer, test::silu);
    layer.forward(x, y);
    layer.backward(x, dy, dx, gradients);
    REQUIRE(test::relative_error(y, want.y) < 1e-5);
    REQUIRE(test::relative_error(dx, want.dx) < 1e-5);
  }
};

}  // namespace

TEST_CASE("GatedFeedForward: a vector is one sample, with the bits of the batch", "[layers][feed_forward]") {
  Fixture f;
  for (const Index r : {0, 7, 23}) {
    const Eigen::VectorXf standing = f.x.row(r);
    const Eigen::VectorXf y = f.layer(standing);
    CHECK(test::same_bits(y.transpose(), f.y.row(r)));
    const Eigen::RowVectorXf lying = f.layer(f.x.row(r));
    CHECK(test::same_bits(lying, f.y.row(r)));
    Eigen::VectorXf dx;
    const Eigen::VectorXf dy = f.dy.row(r);
    f.layer.backward(standing, dy, dx, f.gradients);
    CHECK(test::relative_error(dx.transpose(), f.dx.row(r)) < 1e-5);
  }
}

TEST_CASE("GatedFeedForward: a sample of several blocks has the bits it has alone", "[layers][feed_forward]") {
  test::Random random(18);
  Layer layer(5, 13);
  test::fill_feed_forward(random, layer);
  const RowMatrix x = random.matrix<RowMatrix>(500, 5);
  const RowMatrix y = layer(x);
  for (const Index r : {0, 223, 224, 447, 448, 499}) {
    CAPTURE(r);
    CHECK(test::same_bits(layer(x.row(r)), y.row(r)));
  }
}

TEST_CASE("GatedFeedForward: inputs and outputs of any strides", "[layers][feed_forward]") {
  Fixture f;
  // (24 × 6) maps into memory of 1's: rows, columns, both with gaps, and holes everywhere.
  const std::pair<Index, Index> strides[] = {{6, 1}, {1, 24}, {9, 1}, {1, 29}, {19, 3}};
  using Map = Eigen::Map<RowMatrix, Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
  const auto map = [](Eigen::VectorXf& memory, std::pair<Index, Index> stride) {
    memory.setOnes(600);
    return Map(memory.data() + 20, 24, 6, {stride.first, stride.second});
  };
  const auto untouched = [](const Eigen::VectorXf& memory, Map target) {
    target.setOnes();
    return (memory.array() == 1).all();
  };
  for (const auto& in : strides) {
    for (const auto& out : strides) {
      CAPTURE(in.first, in.second, out.first, out.second);
      Eigen::VectorXf memory[4];
      Map x = map(memory[0], in), dy = map(memory[1], in), y = map(memory[2], out), dx = map(memory[3], out);
      x = f.x;
      dy = f.dy;
      Layer::Cache cache;
      Layer::Gradients gradients(f.layer);
      f.layer.forward(x, y, cache);
      f.layer.backward(x, dy, cache, dx, gradients);
      CHECK(test::same_bits(y, f.y));
      CHECK(test::relative_error(dx, f.dx) < 1e-6);
      CHECK(test::relative_error(gradients.gated().parameters(), f.gradients.gated().parameters()) < 1e-6);
      CHECK(test::relative_error(gradients.output().parameters(), f.gradients.output().parameters()) < 1e-6);
      CHECK(untouched(memory[2], y));
      CHECK(untouched(memory[3], dx));
    }
  }
}

TEST_CASE("GatedFeedForward: expressions, and blocks of a larger matrix", "[layers][feed_forward]") {
  Fixture f;
  CHECK(test::same_bits(f.layer(0.5F * (f.x + f.x)), f.y));
  MatrixXf large = MatrixXf::Constant(30, 20, -5);
  f.layer.forward(f.x, large.block(3, 4, 24, 6));
  CHECK(test::same_bits(large.block(3, 4, 24, 6), f.y));
  large.block(3, 4, 24, 6).setConstant(-5);
  CHECK((large.array() == -5).all());
}

TEST_CASE("GatedFeedForward: an empty batch", "[layers][feed_forward]") {
  Fixture f;
  const MatrixXf none(0, 6);
  const MatrixXf y = f.layer(none);
  CHECK(y.rows() == 0);
  CHECK(y.cols() == 6);
  Layer::Cache cache;
  Layer::Gradients gradients(f.layer);
  MatrixXf out, dx;
  f.layer.forward(none, out, cache);
  f.layer.backward(none, none, cache, dx, gradients);
  f.layer.backward(none, none, dx, gradients);
  CHECK(dx.cols() == 6);
  CHECK(gradients.gated().parameters().isZero(0));
  CHECK(gradients.output().parameters().isZero(0));
}

TEST_CASE("GatedFeedForward: tensors", "[layers][feed_forward][tensor]") {
  Fixture f;
  const RowMatrix x = f.x, y = f.y, dy = f.dy;
  using Tensor3 = Eigen::Tensor<float, 3, Eigen::RowMajor>;
  const Tensor3 input = Eigen::TensorMap<const Tensor3>(x.data(), 4, 6, 6);
  const Tensor3 gradient = Eigen::TensorMap<const Tensor3>(dy.data(), 4, 6, 6);
  const Tensor3 output = f.layer(input);
  REQUIRE(output.dimension(0) == 4);
  REQUIRE(output.dimension(1) == 6);
  CHECK(test::same_bits(Eigen::Map<const RowMatrix>(output.data(), 24, 6), y));
  Tensor3 dx;
  f.layer.backward(input, gradient, dx, f.gradients);
  CHECK(test::relative_error(Eigen::Map<const RowMatrix>(dx.data(), 24, 6), f.dx) < 1e-6);

  // Column-major: samples are counted the other way, so the memory is that of a column-major matrix.
  using Columns = Eigen::Tensor<float, 3>;
  const Columns columns = Eigen::TensorMap<const Columns>(f.x.data(), 4, 6, 6);
  const Columns result = f.layer(columns);
  CHECK(test::same_bits(Eigen::Map<const MatrixXf>(result.data(), 24, 6), f.y));
}
