// SPDX-License-Identifier: MIT
//
// After the first call of a size on a thread the feed-forward block allocates nothing, forward and backward.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/feed_forward.hpp"

#include <sluice/sluice.hpp>

namespace {

using test::allocations_of;
using test::Index;

template <class Layer, int StorageOrder>
void check() {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, StorageOrder>;
  test::Random random(3);
  Layer layer(17, 53, {.bias = true, .activation = {}});
  test::fill_feed_forward(random, layer);
  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  for (const Index samples : {600, 599, 449, 230, 224, 64, 14, 2, 1, 0, 600}) {
    CAPTURE(samples);
    const Matrix x = random.template matrix<Matrix>(samples, 17), dy = random.template matrix<Matrix>(samples, 17);
    Matrix y(samples, 17), dx(samples, 17);
    const auto all = [&] {
      layer.forward(x, y);
      layer.forward(x, y, cache);
      layer.backward(x, dy, cache, dx, gradients);
      layer.backward(x, dy, cache, gradients);
      layer.backward(x, dy, dx, gradients);
      layer.forward(x.cwiseAbs(), y);
      if (samples > 0) {
        layer.forward(x.row(0), y.row(0));
        layer.backward(x.row(0), dy.row(0), dx.row(0), gradients);
      }
    };
    if (samples == 600) all();  // the largest; all that follow fit
    CHECK(allocations_of(all) == 0);
  }
}

TEST_CASE("GatedFeedForward: no allocation after the first call", "[allocation]") {
  check<sluice::GatedFeedForward<float, sluice::SiLU>, Eigen::ColMajor>();
  check<sluice::GatedFeedForward<double, sluice::SiLU>, Eigen::RowMajor>();
}

TEST_CASE("GatedFeedForward: no allocation after the first call, split", "[allocation]") {
  check<sluice::GatedFeedForward<float, sluice::SiLU, sluice::Split>, Eigen::RowMajor>();
}

#ifdef __GLIBC__
TEST_CASE("GatedFeedForward: forward without memory leaves the output alone", "[allocation]") {
  test::Random random(4);
  sluice::GatedFeedForward<float, sluice::SiLU> layer(9, 13);
  test::fill_feed_forward(random, layer);
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(300, 9);
  Eigen::MatrixXf y = Eigen::MatrixXf::Constant(300, 9, 7), empty;
  const auto unchanged = [&] { CHECK(((y.array() == 7).all() && empty.size() == 0)); };
  CHECK(test::fail_each_allocation([&] { layer.forward(x, y); }, unchanged) > 0);
  const Eigen::MatrixXf want = y;
  y.setConstant(7);
  CHECK(test::fail_each_allocation([&] { layer.forward(x, empty); }, unchanged) > 1);
  CHECK(test::same_bits(empty, want));
}
#endif

}  // namespace
