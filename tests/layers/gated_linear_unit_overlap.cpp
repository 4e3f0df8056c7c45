// SPDX-License-Identifier: MIT
//
// Output in the memory of the input is refused, however the two are cut from it; neighbours are
// not.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

namespace {

using Eigen::MatrixXf;
using test::error_of;
using Layer = sluice::GLU<float>;
using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

TEST_CASE("forward in place is refused", "[layer][errors]") {
  Layer layer(5, 5);
  MatrixXf x = MatrixXf::Ones(6, 5), y(6, 5);
  const std::string message = "GatedLinearUnit: expected input and output in separate memory, got an overlap";
  CHECK(error_of([&] { layer.forward(x, x); }) == message);
  CHECK(error_of([&] { layer.forward(x.topRows(5), x.topRows(5).transpose()); }) == message);
  Layer::Cache cache;
  CHECK(error_of([&] { layer.forward(x, x, cache); }) == message);
  CHECK(cache.samples() == 0);
  CHECK(error_of([&] { layer.forward(x, x, y); }) == message);
  CHECK(error_of([&] { layer.forward(x, y, x); }) ==
        "GatedLinearUnit: expected input and gate in separate memory, got an overlap");
  CHECK(error_of([&] { layer.forward(x, y, y); }) ==
        "GatedLinearUnit: expected output and gate in separate memory, got an overlap");
  CHECK((x.array() == 1.0F).all());
  MatrixXf empty;  // would be resized twice, and written twice
  CHECK(error_of([&] { layer.forward(x, empty, empty); }) ==
        "GatedLinearUnit: expected output and gate in separate memory, got an overlap");
}

TEST_CASE("backward in place is refused", "[layer][errors]") {
  Layer layer(5, 5);
  Layer::Gradients gradients(layer);
  Layer::Cache cache;
  MatrixXf x = MatrixXf::Ones(6, 5), dy = MatrixXf::Ones(6, 5), y;
  layer.forward(x, y, cache);
  const std::string input = "GatedLinearUnit: expected input and input gradient in separate memory, got an overlap";
  const std::string output =
      "GatedLinearUnit: expected output gradient and input gradient in separate memory, got an "
      "overlap";
  CHECK(error_of([&] { layer.backward(x, dy, cache, x, gradients); }) == input);
  CHECK(error_of([&] { layer.backward(x, dy, x, gradients); }) == input);
  CHECK(error_of([&] { layer.backward(x, dy, cache, dy, gradients); }) == output);
  CHECK(error_of([&] { layer.backward(x, dy, dy, gradients); }) == output);
  CHECK((x.array() == 1.0F).all());
  CHECK((dy.array() == 1.0F).all());
  CHECK(gradients.parameters().isZero(0));
}

/// Input and output as two pieces of one matrix: at the same place as soon as one element is
/// shared.
template <class Matrix>
void check_pieces() {
  test::Random random(9);
  Layer layer(4, 3);
  random.fill_parameters(layer);
  Matrix whole = random.template matrix<Matrix>(12, 12);
  const auto refused = [&](auto input, auto output) {
    return !error_of([&] { layer.forward(input, output); }).empty();
  };
  const auto works = [&](auto input, auto output) {
    const MatrixXf want = layer(MatrixXf(input));
    return !refused(input, output) && test::same_bits(output, want);
  };
  CHECK(works(whole.block(0, 0, 6, 4), whole.block(6, 0, 6, 3)));
  CHECK(works(whole.block(0, 0, 12, 4), whole.block(0, 4, 12, 3)));  // columns side by side
  CHECK(works(whole.block(0, 5, 12, 4), whole.block(0, 2, 12, 3)));
  CHECK(works(whole.block(0, 0, 6, 4), whole.block(5, 4, 6, 3)));
  CHECK(works(whole.block(0, 0, 4, 5).transpose(), whole.block(0, 6, 3, 5).transpose()));
  CHECK(works(whole.row(3).segment(2, 4), whole.row(3).segment(6, 3)));
  CHECK_FALSE(refused(whole.row(3).segment(2, 4), whole.col(6).segment(3, 3)));
  CHECK(refused(whole.block(0, 0, 6, 4), whole.block(0, 0, 6, 3)));
  CHECK(refused(whole.block(0, 0, 12, 4), whole.block(0, 3, 12, 3)));
  CHECK(refused(whole.block(0, 0, 6, 4), whole.block(5, 3, 6, 3)));
  CHECK(refused(whole.block(5, 3, 6, 4), whole.block(0, 1, 6, 3)));
  CHECK(refused(whole.block(0, 0, 6, 4), whole.block(1, 1, 3, 6).transpose()));
  CHECK(refused(whole.row(3).segment(2, 4), whole.col(5).segment(3, 3)));
  CHECK(refused(whole.row(3).segment(2, 4), whole.row(3).segment(5, 3)));
}

TEST_CASE("input and output as pieces of one matrix", "[layer][errors]") {
  check_pieces<MatrixXf>();
  check_pieces<RowMatrix>();
}

TEST_CASE("from one channel of interleaved audio to the other", "[layer]") {
  test::Random random(10);
  sluice::GLU<float> layer(4, 3);
  random.fill_parameters(layer);
  Eigen::VectorXf audio = random.matrix<Eigen::VectorXf>(2 * 24, 1);
  using Stride = Eigen::Stride<Eigen::Dynamic, 2>;
  using Channel = Eigen::Map<RowMatrix, Eigen::Unaligned, Stride>;
  const Channel left(audio.data(), 6, 4, Stride(8, 2));
  Channel right(audio.data() + 1, 6, 3, Stride(6, 2));
  const MatrixXf want = layer(MatrixXf(left)), before = left;
  layer.forward(left, right);
  CHECK(test::same_bits(right, want));
  CHECK(test::same_bits(left, before));
  CHECK_FALSE(error_of([&] { layer.forward(left, Channel(audio.data() + 2, 6, 3, Stride(6, 2))); }).empty());
}

}  // namespace
