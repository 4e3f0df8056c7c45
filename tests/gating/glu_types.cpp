// SPDX-License-Identifier: MIT
//
// glu() on the different kinds of Eigen objects: vectors, expressions, sizes in the type.

#include "support/catch.hpp"
#include "support/glu_reference.hpp"

#include <type_traits>

using namespace test;
using Eigen::Dynamic;

namespace {

template <class Expected, class T>
constexpr bool is = std::is_same_v<Expected, T>;

using RowMatrix = Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor>;

}  // namespace

TEST_CASE("glu returns an evaluated matrix of the same storage order", "[glu]") {
  const Eigen::MatrixXf h = Eigen::MatrixXf::Random(6, 10);
  const RowMatrix r = h;
  const auto a = sluice::glu(h, 1);
  const auto b = sluice::glu(r, 1);
  const auto c = sluice::glu(h.transpose(), 1);
  const auto d = sluice::glu_backward(r, b, 1);
  STATIC_REQUIRE(is<const Eigen::MatrixXf, decltype(a)>);
  STATIC_REQUIRE(is<const RowMatrix, decltype(b)>);
  STATIC_REQUIRE(is<const RowMatrix, decltype(c)>);
  STATIC_REQUIRE(is<const RowMatrix, decltype(d)>);
  const Eigen::MatrixXf expected = h.leftCols(5).array() / (1 + (-h.rightCols(5).array()).exp());
  CHECK(a.isApprox(expected));
  CHECK(b.isApprox(expected));
  CHECK(c.transpose().isApprox(sluice::glu(h, 0)));
}

TEST_CASE("glu of a vector halves it, whichever way it stands", "[glu]") {
  const Eigen::VectorXd h = Eigen::VectorXd::Random(14);
  const Eigen::VectorXd expected = h.head(7).array() / (1 + (-h.tail(7).array()).exp());
  for (const Index axis : {0, -1, -2}) {
    const auto y = sluice::glu(h, axis);
    STATIC_REQUIRE(is<const Eigen::VectorXd, decltype(y)>);
    CHECK(y.isApprox(expected));
  }
  for (const Index axis : {0, -1, 1}) {
    const auto y = sluice::glu(h.transpose(), axis);
    STATIC_REQUIRE(is<const Eigen::RowVectorXd, decltype(y)>);
    CHECK(y.transpose().isApprox(expected));
  }
  const Eigen::VectorXd dy = Eigen::VectorXd::Random(7);
  const auto dh = sluice::glu_backward(h, dy, 0, GateOrder::Interleaved);
  STATIC_REQUIRE(is<const Eigen::VectorXd, decltype(dh)>);
  CHECK(dh(1) == Approx(dy(0) * sigmoid(h(0))));
  CHECK(dh(0) == Approx(dy(0) * h(1) * sigmoid(h(0)) * sigmoid(-h(0))));

  Eigen::MatrixXd two = Eigen::MatrixXd::Constant(7, 2, 9.0);
  sluice::glu(h, 0, two.col(1));
  CHECK(two.col(1).isApprox(expected));
  CHECK((two.col(0).array() == 9.0).all());
}

TEST_CASE("glu of sizes in the type needs no heap for its result", "[glu]") {
  const Eigen::Matrix<float, 4, 6> h = Eigen::Matrix<float, 4, 6>::Random();
  const auto y = sluice::glu(h, 0);
  const auto z = sluice::glu(h, 1);
  STATIC_REQUIRE(decltype(y)::MaxSizeAtCompileTime == 24);
  CHECK((y.rows() == 2 && y.cols() == 6 && z.rows() == 4 && z.cols() == 3));
  CHECK(y.isApprox(sluice::glu(Eigen::MatrixXf(h), 0)));
  const Eigen::Matrix<float, 2, 6> fixed = y;
  CHECK(sluice::glu_backward(h, fixed, 0).isApprox(sluice::glu_backward(Eigen::MatrixXf(h), Eigen::MatrixXf(y), 0)));

  const Eigen::Vector4f v(1, 2, 3, 4);
  const auto half = sluice::glu(v, 0);
  STATIC_REQUIRE(is<const Eigen::Vector2f, decltype(half)>);
  STATIC_REQUIRE(is<Eigen::Vector4f, decltype(sluice::glu_backward(v, half, 0))>);
  CHECK(half(1) == Approx(2 * sigmoid(4)));
  CHECK(sluice::glu(Eigen::RowVector2f(3, 0), 0)(0) == Approx(1.5));
}

TEST_CASE("glu takes expressions, also those without memory", "[glu]") {
  const Eigen::MatrixXf a = Eigen::MatrixXf::Random(70, 5), b = Eigen::MatrixXf::Random(5, 12);
  const Eigen::MatrixXf h = 2 * (a * b), dy = Eigen::MatrixXf::Random(70, 6);
  CHECK(sluice::glu(2 * (a * b), 1).isApprox(sluice::glu(h, 1)));
  CHECK(sluice::glu(2 * (a * b), 0, GateOrder::Interleaved).isApprox(sluice::glu(h, 0, GateOrder::Interleaved)));
  CHECK(sluice::glu(h.block(3, 2, 7, 8), -1).isApprox(sluice::glu(Eigen::MatrixXf(h.block(3, 2, 7, 8)), 1)));
  CHECK(sluice::glu_backward(2 * (a * b), dy + dy, 1).isApprox(sluice::glu_backward(h, Eigen::MatrixXf(2 * dy), 1)));
  const Eigen::Ref<const Eigen::MatrixXf> reference(h);
  CHECK(sluice::glu(reference, 1).isApprox(sluice::glu(h, 1)));

  // The output may be part of an expression that is evaluated before anything is written.
  Eigen::MatrixXf dh = h;
  sluice::glu_backward(dh + dh, dy, 1, dh);
  CHECK(dh.isApprox(sluice::glu_backward(Eigen::MatrixXf(2 * h), dy, 1)));
}
