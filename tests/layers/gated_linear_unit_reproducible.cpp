// SPDX-License-Identifier: MIT
//
// A sample gives the same bits alone, in any batch, at any place in it, and from any memory layout.
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
  random.fill_parameters(layer);
  const Matrix x = random.template matrix<Matrix>(231, input_dim);
  const RowMatrix x_rows = x;
  const Matrix all = layer(x);
  typename Layer::Cache cache;
  Matrix y, gate;
  layer.forward(x, y, cache);
  CHECK(test::same_bits(y, all));
  layer.forward(x, y, gate);
  CHECK(test::same_bits(y, all));
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

}  // namespace
