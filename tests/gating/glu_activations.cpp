// SPDX-License-Identifier: MIT
//
// glu() with activations that carry numbers, gpt-oss's pair, and gradients in long double against finite differences.

#include "support/catch.hpp"
#include "support/glu_reference.hpp"

#include <sluice/activations/clamped_linear.hpp>
#include <sluice/activations/clamped_silu.hpp>
#include <sluice/activations/gelu.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/activations/swish.hpp>

#include <algorithm>

using namespace test;
using Eigen::Dynamic;

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
