// SPDX-License-Identifier: MIT
//
// A sample gives the same bits alone, in any batch, at any place in it, and from any memory layout; glu() of a row,
// too.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

namespace {

using test::Index;

template <class Layer>
void check(Index input_dim, Index units) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using RowMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CAPTURE(input_dim, units);
  test::Random random(31);
  Layer layer(input_dim, units);
  random.fill(layer.parameters());
  const Matrix x = random.template matrix<Matrix>(231, input_dim);
  const RowMatrix x_rows = x;
  const Matrix all = layer(x);
  typename Layer::Cache cache;
  Matrix y, gate;
  layer.forward(x, y, cache);
  CHECK(test::same_bits(y, all));
  if constexpr (
      requires { layer.forward(x, y, gate); } && requires { layer.gating(); }) {
    layer.forward(x, y, gate);
    CHECK(test::same_bits(y, all));
    CHECK(test::same_bits(layer(x.row(13), sluice::return_gate).gate, gate.row(13)));
  }
  for (const Index first : {0, 1, 13, 100, 230}) {
    for (const Index count : {1, 2, 5, 14, 17}) {
      if (first + count > 231) continue;
      CAPTURE(first, count);
      CHECK(test::same_bits(layer(x.middleRows(first, count)), all.middleRows(first, count)));
      CHECK(test::same_bits(layer(x_rows.middleRows(first, count)), all.middleRows(first, count)));
      const RowMatrix alone = x.middleRows(first, count);
      CHECK(test::same_bits(layer(alone), all.middleRows(first, count)));
      CHECK(test::same_bits(layer(1 * x.middleRows(first, count)), all.middleRows(first, count)));
    }
    CHECK(test::same_bits(layer(x.row(first)), all.row(first)));
    CHECK(test::same_bits(layer(x_rows.row(first).transpose()), all.row(first).transpose()));
  }
}

template <class Layer>
void check_sizes() {
  check<Layer>(1, 1);
  check<Layer>(3, 18);
  check<Layer>(4, 150);
  check<Layer>(5, 3);
  check<Layer>(67, 1);
  check<Layer>(67, 18);
  check<Layer>(200, 37);
  check<Layer>(11, 265);
}

TEST_CASE("a sample gives the same bits alone and in a batch, fused", "[layer][reproducible]") {
  check_sizes<sluice::SwiGLU<float>>();
  check_sizes<sluice::SwiGLU<double>>();
}

TEST_CASE("a sample gives the same bits alone and in a batch, split", "[layer][reproducible]") {
  check_sizes<sluice::SwiGLU<float, sluice::Split>>();
}

TEST_CASE("a sample gives the same bits alone and in a batch, sizes in the type", "[layer][reproducible]") {
  check<sluice::SwiGLU<float, sluice::Fused, 67, 18>>(67, 18);
  check<sluice::SwiGLU<float, sluice::Split, 3, 150>>(3, 150);
}

TEST_CASE("a sample gives the same bits alone and in a batch, Dense", "[layer][reproducible]") {
  check_sizes<sluice::Dense<float, sluice::SiLU>>();
  check<sluice::Dense<double, sluice::Tanh>>(67, 18);
}

TEST_CASE("glu() gives a row the same bits alone and in a batch", "[glu][reproducible]") {
  test::Random random(32);
  using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  for (const Index half : {1, 3, 16, 37}) {
    CAPTURE(half);
    const Eigen::MatrixXf h = random.matrix<Eigen::MatrixXf>(29, 2 * half),
                          dy = random.matrix<Eigen::MatrixXf>(29, half);
    const RowMatrix h_rows = h;
    const Eigen::MatrixXf all = sluice::glu<sluice::SiLU>(h, 1);
    const Eigen::MatrixXf gradient = sluice::glu_backward<sluice::SiLU>(h, dy, 1);
    CHECK(test::same_bits(sluice::glu<sluice::SiLU>(h_rows, 1), all));
    CHECK(test::same_bits(sluice::glu<sluice::SiLU>(h.transpose(), 0).transpose(), all));
    for (const Index row : {0, 7, 28}) {
      CAPTURE(row);
      CHECK(test::same_bits(sluice::glu<sluice::SiLU>(h.row(row), 1), all.row(row)));
      CHECK(test::same_bits(sluice::glu<sluice::SiLU>(h_rows.middleRows(row, 1), 1), all.row(row)));
      CHECK(test::same_bits(sluice::glu_backward<sluice::SiLU>(h_rows.row(row), dy.row(row), 1), gradient.row(row)));
    }
  }
}

}  // namespace
