// SPDX-License-Identifier: MIT
//
// glu() on the different kinds of Eigen objects: vectors, expressions, sizes in the type, other scalars and activations.

#include "support/catch.hpp"
#include "support/glu_reference.hpp"

#include <sluice/activations/clamped_linear.hpp>
#include <sluice/activations/clamped_silu.hpp>
#include <sluice/activations/gelu.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/activations/swish.hpp>

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

TEST_CASE("glu takes activations that carry numbers", "[glu]") {
  const Eigen::MatrixXd h = 6 * Eigen::MatrixXd::Random(9, 10);
  const Eigen::MatrixXd v = h.leftCols(5), g = h.rightCols(5);
  const Eigen::MatrixXd swish = v.array() * g.array() / (1 + (-1.5 * g.array()).exp());
  CHECK(sluice::glu(h, 1, GateOrder::ValueFirst, sluice::Swish{1.5}).isApprox(swish));

  // gpt-oss: gate, up = h[..., ::2], h[..., 1::2]; (clamp(up) + 1)·gate·σ(α·gate), gate clamped from above
  const sluice::Gating<sluice::ClampedSiLU, sluice::ClampedLinear> gating{.gate = {1.702, 4}, .value = {4, 1}};
  Eigen::MatrixXd expected(9, 5);
  for (Index r = 0; r < 9; ++r) {
    for (Index c = 0; c < 5; ++c) {
      const double gate = std::min(h(r, 2 * c), 4.0), up = std::clamp(h(r, 2 * c + 1), -4.0, 4.0);
      expected(r, c) = (up + 1) * gate * sigmoid(1.702 * gate);
    }
  }
  CHECK(sluice::glu(h, 1, GateOrder::Interleaved, gating).isApprox(expected));
  Eigen::MatrixXd y;
  sluice::glu(h, 1, y, GateOrder::Interleaved, gating);
  CHECK(y.isApprox(expected));
}

TEST_CASE("glu of long double, and its gradient by finite differences", "[glu]") {
  using Matrix = Eigen::Matrix<long double, Dynamic, Dynamic, Eigen::RowMajor>;
  const auto check = [](auto activation) {
    using Activation = decltype(activation);
    const Matrix h = 3 * Matrix::Random(4, 6);
    const long double step = 1e-5L;
    for (const Index axis : {0, 1}) {
      for (const GateOrder order : all_orders) {
        const Matrix dy = Matrix::Random(axis == 0 ? 2 : 4, axis == 0 ? 6 : 3);
        const Matrix dh = sluice::glu_backward<Activation>(h, dy, axis, order);
        Matrix numeric(4, 6);
        for (Index i = 0; i < h.size(); ++i) {
          Matrix up = h, down = h;
          up.data()[i] += step;
          down.data()[i] -= step;
          const Matrix change = sluice::glu<Activation>(up, axis, order) - sluice::glu<Activation>(down, axis, order);
          numeric.data()[i] = change.cwiseProduct(dy).sum() / (2 * step);
        }
        CAPTURE(Activation{}, int(order), axis);
        CHECK(static_cast<double>((dh - numeric).norm() / numeric.norm()) < 1e-9);
      }
    }
  };
  check(sluice::Sigmoid{});
  check(sluice::GELU{});
  check(sluice::Gating<sluice::SiLU, sluice::Swish>{});
}
