// SPDX-License-Identifier: MIT
//
// Whatever Eigen calls dense is an input: both storage orders, strides, transposes, references,
// arrays, expressions without memory, and vectors that stand or lie.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/sluice.hpp>

#include <type_traits>
#include <utility>

namespace {

using test::Index;
using Layer = sluice::GLU<float>;
using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

struct Fixture {
  test::Random random{2024};
  Layer layer{19, 11};
  Eigen::MatrixXf x;
  Eigen::MatrixXf want;

  explicit Fixture(Index samples = 17) {
    random.fill_parameters(layer);
    x = random.matrix<Eigen::MatrixXf>(samples, 19);
    want = layer(x);
    const auto reference = test::forward(test::to_double(x), test::parameters_of(layer), test::sigmoid);
    REQUIRE(test::relative_error(want, reference.output) < test::rounding<float>(19));
  }
};

TEST_CASE("inputs of either storage order, mapped, strided and transposed", "[layer][inputs]") {
  Fixture f;
  const RowMatrix rows = f.x;
  const Eigen::MatrixXf upright = f.x.transpose();
  const RowMatrix upright_rows = f.x.transpose();
  CHECK(test::same_bits(f.layer(rows), f.want));
  CHECK(test::same_bits(f.layer(upright.transpose()), f.want));
  CHECK(test::same_bits(f.layer(upright_rows.transpose()), f.want));

  for (const Index inner : {1, 2, 3}) {
    CAPTURE(inner);
    Eigen::VectorXf memory = f.random.matrix<Eigen::VectorXf>(5000, 1);
    Eigen::Map<Eigen::MatrixXf, 0, Strides> columns(memory.data() + 3, 17, 19, {17 * inner + 5, inner});
    columns = f.x;
    CHECK(test::same_bits(f.layer(columns), f.want));
    Eigen::Map<RowMatrix, 0, Strides> lines(memory.data() + 1, 17, 19, {19 * inner + 7, inner});
    lines = f.x;
    CHECK(test::same_bits(f.layer(lines), f.want));
    const Eigen::Map<const RowMatrix, 0, Strides> read_only(memory.data() + 1, 17, 19, {19 * inner + 7, inner});
    CHECK(test::same_bits(f.layer(read_only), f.want));
  }
}

TEST_CASE("blocks of larger matrices, references and arrays as input", "[layer][inputs]") {
  Fixture f;
  Eigen::MatrixXf large = f.random.matrix<Eigen::MatrixXf>(30, 40);
  RowMatrix large_rows = f.random.matrix<RowMatrix>(30, 40);
  large.block(4, 5, 17, 19) = f.x;
  large_rows.block(7, 13, 17, 19) = f.x;
  CHECK(test::same_bits(f.layer(large.block(4, 5, 17, 19)), f.want));
  CHECK(test::same_bits(f.layer(large_rows.block(7, 13, 17, 19)), f.want));
  CHECK(test::same_bits(f.layer(large.block<17, 19>(4, 5)), f.want));
  const Eigen::Ref<const Eigen::MatrixXf> reference = large.block(4, 5, 17, 19);
  CHECK(test::same_bits(f.layer(reference), f.want));
  const Eigen::ArrayXXf array = f.x.array();
  CHECK(test::same_bits(f.layer(array), f.want));
  CHECK(test::same_bits(f.layer(f.x.array()), f.want));
  CHECK(test::same_bits(f.layer(array.matrix()), f.want));

  // Rows that overlap, and rows that are one and the same, are fine to read.
  const Eigen::VectorXf line = f.random.matrix<Eigen::VectorXf>(40, 1);
  const Eigen::Map<const RowMatrix, 0, Eigen::OuterStride<>> windows(line.data(), 6, 19, Eigen::OuterStride<>(4));
  CHECK(test::same_bits(f.layer(windows), f.layer(RowMatrix(windows))));
  const Eigen::Map<const RowMatrix, 0, Strides> repeated(line.data(), 6, 19, Strides(0, 1));
  CHECK(test::same_bits(f.layer(repeated), f.layer(RowMatrix(repeated))));
}

TEST_CASE("inputs a multiple of 4 KiB apart", "[layer][inputs]") {
  Fixture f;
  Eigen::MatrixXf memory = f.random.matrix<Eigen::MatrixXf>(1024, 20);
  memory.topLeftCorner(17, 19) = f.x;
  CHECK(test::same_bits(f.layer(memory.topLeftCorner(17, 19)), f.want));
  memory.topLeftCorner(19, 17) = f.x.transpose();
  CHECK(test::same_bits(f.layer(memory.topLeftCorner(19, 17).transpose()), f.want));
}

TEST_CASE("expressions without memory of their own", "[layer][inputs]") {
  Fixture f(131);  // more than are evaluated at once
  const Eigen::MatrixXf a = f.random.matrix<Eigen::MatrixXf>(131, 6), b = f.random.matrix<Eigen::MatrixXf>(6, 19);
  const Eigen::RowVectorXf v = f.random.matrix<Eigen::RowVectorXf>(1, 19);
  const auto check = [&](const auto& expression) {
    const Eigen::MatrixXf evaluated = expression;
    CHECK(test::relative_error(f.layer(expression), f.layer(evaluated)) < 1e-6);
  };
  check(2 * f.x);
  check(f.x.cwiseAbs());
  check(a * b);
  check((a * b).cwiseAbs());
  check(f.x.rowwise() + v);
  check(f.x.rowwise().reverse());
  check(f.x.colwise().normalized());
  check(Eigen::MatrixXf::Ones(131, 19));
  check(f.x.cast<double>().cast<float>());
  check(v.replicate(131, 1));
  check(f.x(Eigen::seq(0, 130, 2), Eigen::seq(0, 18)));
}

TEST_CASE("a vector is one sample, and its output stands or lies as it does", "[layer][inputs]") {
  Fixture f;
  const Eigen::VectorXf standing = f.x.row(3).transpose();
  const Eigen::RowVectorXf lying = f.x.row(3);
  const RowMatrix rows = f.x;
  const Eigen::MatrixXf upright = f.x.transpose();
  const Eigen::VectorXf want = f.want.row(3).transpose();
  STATIC_REQUIRE(std::is_same_v<decltype(f.layer(standing)), Eigen::VectorXf>);
  STATIC_REQUIRE(std::is_same_v<decltype(f.layer(lying)), Eigen::RowVectorXf>);
  STATIC_REQUIRE(std::is_same_v<decltype(f.layer(f.x)), Eigen::MatrixXf>);
  STATIC_REQUIRE(std::is_same_v<decltype(f.layer(rows)), RowMatrix>);
  CHECK(test::same_bits(f.layer(standing), want));
  CHECK(test::same_bits(f.layer(lying), want.transpose()));
  CHECK(test::same_bits(f.layer(f.x.row(3)), want.transpose()));
  CHECK(test::same_bits(f.layer(rows.row(3)), want.transpose()));
  CHECK(test::same_bits(f.layer(upright.col(3)), want));
  CHECK(test::same_bits(f.layer(f.x.row(3).transpose()), want));
  CHECK(test::same_bits(f.layer((2 * standing) / 2), want));
  CHECK(test::same_bits(f.layer((2 * lying) / 2), want.transpose()));
  CHECK(test::same_bits(f.layer(f.x.middleRows(3, 1)), want.transpose()));
  const Eigen::Map<const Eigen::VectorXf, 0, Eigen::InnerStride<>> strided(f.x.data() + 3, 19,
                                                                           Eigen::InnerStride<>(17));
  CHECK(test::same_bits(f.layer(strided), want));

  Eigen::MatrixXf square = Eigen::MatrixXf::Zero(19, 19);
  square.diagonal() = standing;
  CHECK(test::same_bits(f.layer(square.diagonal()), want));
}

TEST_CASE("an empty batch gives an empty batch", "[layer][inputs]") {
  const Fixture f;
  const Eigen::MatrixXf none = f.layer(Eigen::MatrixXf(0, 19));
  CHECK(none.rows() == 0);
  CHECK(none.cols() == 11);
  const Eigen::MatrixXf expression = f.layer(f.x.topRows(0) * 2);
  CHECK(expression.rows() == 0);
  CHECK(expression.cols() == 11);
  const auto [output, gate] = f.layer(RowMatrix(0, 19), sluice::return_gate);
  CHECK(output.rows() == 0);
  CHECK(gate.cols() == 11);
}

TEST_CASE("an empty batch, whatever way more samples go", "[layer][inputs]") {
  for (const auto& [input_dim, units] : {std::pair{40, 30}, {64, 64}, {256, 256}, {400, 150}, {96, 512}, {300, 700}}) {
    CAPTURE(input_dim, units);
    CHECK(sluice::SwiGLU<float>(input_dim, units)(Eigen::MatrixXf(0, input_dim)).rows() == 0);
    CHECK(sluice::SwiGLU<float, sluice::Split>(input_dim, units)(RowMatrix(0, input_dim)).rows() == 0);
    CHECK(sluice::Dense<float>(input_dim, 2 * units)(Eigen::MatrixXf(0, input_dim)).rows() == 0);
    CHECK(sluice::pack(sluice::SwiGLU<float>(input_dim, units))(Eigen::MatrixXf(0, input_dim)).rows() == 0);
  }
}

}  // namespace
