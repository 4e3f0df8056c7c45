// SPDX-License-Identifier: MIT
//
// The layer writes into the caller's matrix, block, map or array of any layout, and into nothing
// beside it.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

namespace {

using test::Index;
using Layer = sluice::GLU<float>;
using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

constexpr float canary = -12345.0F;

struct Fixture {
  test::Random random{77};
  Layer layer{5, 11};
  Eigen::MatrixXf x;
  Eigen::MatrixXf want, want_gate;

  explicit Fixture(Index samples = 23) {
    random.fill_parameters(layer);
    x = random.matrix<Eigen::MatrixXf>(samples, 5);
    const auto reference = test::forward(test::to_double(x), test::parameters_of(layer), test::sigmoid);
    const auto result = layer(x, sluice::return_gate);
    want = result.output;
    want_gate = result.gate;
    REQUIRE(test::relative_error(want, reference.output) < 1e-5);
    REQUIRE(test::relative_error(want_gate, reference.activated) < 1e-5);
  }
};

/// Every scalar outside the target still is the canary.
template <class Memory, class Target>
bool untouched(Memory& memory, Target&& target) {
  target.setConstant(canary);
  return (memory.array() == canary).all();
}

template <class Memory, class Target>
void check_target(const Fixture& f, Memory& memory, Target target) {
  f.layer.forward(f.x, target);
  CHECK(test::same_bits(target, f.want));
  CHECK(untouched(memory, target));
  Layer::Cache cache;
  f.layer.forward(f.x, target, cache);
  CHECK(test::same_bits(target, f.want));
  CHECK(untouched(memory, target));
  RowMatrix y;
  f.layer.forward(f.x, y, target);  // as the target of the gate
  CHECK(test::same_bits(y, f.want));
  CHECK(test::same_bits(target, f.want_gate));
  CHECK(untouched(memory, target));
}

TEST_CASE("output into blocks of either storage order", "[layer][outputs]") {
  for (const Index samples : {1, 16, 23}) {
    CAPTURE(samples);
    const Fixture f(samples);
    Eigen::MatrixXf columns = Eigen::MatrixXf::Constant(40, 30, canary);
    RowMatrix rows = RowMatrix::Constant(40, 30, canary);
    check_target(f, columns, columns.block(3, 7, samples, 11));
    check_target(f, rows, rows.block(3, 7, samples, 11));
    check_target(f, columns, columns.block(2, 1, 11, samples).transpose());
    check_target(f, rows, rows.block(2, 1, 11, samples).transpose());
  }
}

TEST_CASE("output into maps with strides", "[layer][outputs]") {
  for (const Index samples : {1, 16, 23}) {
    for (const Index inner : {1, 2, 3}) {
      CAPTURE(samples, inner);
      const Fixture f(samples);
      Eigen::VectorXf memory = Eigen::VectorXf::Constant(3000, canary);
      check_target(
          f, memory,
          Eigen::Map<Eigen::MatrixXf, 0, Strides>(memory.data() + 5, samples, 11, {samples * inner + 4, inner}));
      check_target(f, memory,
                   Eigen::Map<RowMatrix, 0, Strides>(memory.data() + 5, samples, 11, {11 * inner + 3, inner}));
    }
  }
}

TEST_CASE("output into a matrix, a reference, an array, a temporary block", "[layer][outputs]") {
  const Fixture f;
  Eigen::MatrixXf y(23, 11);
  const float* const memory = y.data();
  f.layer.forward(f.x, y);
  CHECK(y.data() == memory);
  CHECK(test::same_bits(y, f.want));
  y.setZero();
  Eigen::Ref<Eigen::MatrixXf> reference(y);
  f.layer.forward(f.x, reference);
  CHECK(test::same_bits(y, f.want));
  Eigen::ArrayXXf array;
  f.layer.forward(f.x, array);
  CHECK(test::same_bits(array, f.want));
  y.setZero();
  f.layer.forward(f.x, y.array());
  CHECK(test::same_bits(y, f.want));
  Eigen::MatrixXf large = Eigen::MatrixXf::Constant(30, 20, canary);
  f.layer.forward(f.x, large.block(1, 2, 23, 11));
  CHECK(test::same_bits(large.block(1, 2, 23, 11), f.want));
}

TEST_CASE("an empty matrix takes the shape it needs", "[layer][outputs]") {
  const Fixture f;
  Eigen::MatrixXf y, gate;
  f.layer.forward(f.x, y, gate);
  CHECK(test::same_bits(y, f.want));
  CHECK(test::same_bits(gate, f.want_gate));
  RowMatrix rows;
  f.layer.forward(f.x, rows);
  CHECK(test::same_bits(rows, f.want));
  Eigen::Matrix<float, 23, Eigen::Dynamic> half_fixed;
  f.layer.forward(f.x, half_fixed);
  CHECK(test::same_bits(half_fixed, f.want));
  Eigen::Matrix<float, 23, 11> fixed;
  f.layer.forward(f.x, fixed);
  CHECK(test::same_bits(fixed, f.want));
}

TEST_CASE("one sample into vectors, rows and columns", "[layer][outputs]") {
  const Fixture f;
  const Eigen::RowVectorXf sample = f.x.row(4), want = f.want.row(4);
  Eigen::VectorXf standing;
  f.layer.forward(sample, standing);
  CHECK(test::same_bits(standing.transpose(), want));
  Eigen::RowVectorXf lying(11);
  f.layer.forward(sample.transpose(), lying);
  CHECK(test::same_bits(lying, want));
  Eigen::MatrixXf columns = Eigen::MatrixXf::Constant(13, 14, canary);
  RowMatrix rows = RowMatrix::Constant(13, 14, canary);
  const auto check = [&](auto& memory, auto target) {
    f.layer.forward(sample, target);
    CHECK(test::same_bits(target.reshaped().transpose(), want));
    CHECK(untouched(memory, target));
  };
  check(columns, columns.row(2).segment(1, 11));
  check(rows, rows.row(2).segment(1, 11));
  check(columns, columns.col(2).segment(1, 11));
  check(rows, rows.col(2).segment(1, 11));
  check(columns, columns.block(2, 1, 1, 11));
  check(columns, columns.diagonal().segment(1, 11));
}

}  // namespace
