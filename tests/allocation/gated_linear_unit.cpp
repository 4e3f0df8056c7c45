// SPDX-License-Identifier: MIT
//
// After the first call of a size on a thread the layer allocates nothing: forward and backward,
// both storage orders, both projections, smaller sizes after a larger one.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <thread>
#include <utility>

namespace {

using test::allocations_of;
using test::Index;

template <class Layer, int StorageOrder>
void check_here(Index input_dim, Index units) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, StorageOrder>;
  test::Random random(3);
  Layer layer(input_dim, units);
  random.fill_parameters(layer);
  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  for (const Index samples : {230, 97, 96, 33, 32, 25, 24, 17, 16, 15, 14, 7, 6, 2, 1, 0, 230}) {
    CAPTURE(samples);
    const Matrix x = random.template matrix<Matrix>(samples, input_dim),
                 dy = random.template matrix<Matrix>(samples, units);
    Matrix y(samples, units), gate(samples, units), dx(samples, input_dim);
    // Everything there is to call, with arguments that have memory of their own.
    const auto all = [&] {
      layer.forward(x, y);
      layer.forward(x, y, gate);
      layer.forward(x, y, cache);
      layer.backward(x, dy, cache, dx, gradients);
      layer.backward(x, dy, cache, gradients);
      layer.backward(x, dy, dx, gradients);
      layer.backward(x, dy, gradients);
      layer.forward(x.topRows(samples / 2), y.topRows(samples / 2));
      layer.forward(x.cwiseAbs(), y);
      layer.backward(2 * x, 2 * dy, dx, gradients);
      if (samples > 0) {
        layer.forward(x.row(0), y.row(0));
        layer.forward(x.row(0).transpose(), y.row(0).transpose());
        layer.backward(x.row(0), dy.row(0), dx.row(0), gradients);
      }
    };
    if (samples == 230) all();  // the largest; all that follow fit
    CHECK(allocations_of(all) == 0);
  }
}

/// On a thread of its own, which has no memory from other tests.
template <class Layer, int StorageOrder>
void check(Index input_dim = 37, Index units = 29) {
  std::thread([&] { check_here<Layer, StorageOrder>(input_dim, units); }).join();
}

TEST_CASE("no allocation after the first call, column-major", "[allocation]") {
  check<sluice::SwiGLU<float>, Eigen::ColMajor>();
  check<sluice::SwiGLU<double>, Eigen::ColMajor>();
}

TEST_CASE("no allocation after the first call, row-major", "[allocation]") {
  check<sluice::SwiGLU<float>, Eigen::RowMajor>();
  check<sluice::SwiGLU<double, sluice::Split>, Eigen::RowMajor>();
}

TEST_CASE("no allocation after the first call, weights beyond a cache", "[allocation]") {
  check<sluice::SwiGLU<float>, Eigen::RowMajor>(410, 330);
  check<sluice::SwiGLU<double, sluice::Split>, Eigen::ColMajor>(33, 2060);
  check<sluice::SwiGLU<float>, Eigen::RowMajor>(261, 512);  // rows 4 KiB apart
}

TEST_CASE("no allocation after the first call, weights beyond L1", "[allocation]") {
  check<sluice::SwiGLU<float>, Eigen::RowMajor>(71, 128);
  check<sluice::SwiGLU<float>, Eigen::RowMajor>(1024, 12);  // rows of x that collide
  check<sluice::SwiGLU<double, sluice::Split>, Eigen::RowMajor>(512, 19);
  check<sluice::SwiGLU<double>, Eigen::RowMajor>(512, 64);  // and rows of W in few sets of L1
}

TEST_CASE("no allocation after the first call, split", "[allocation]") {
  check<sluice::SwiGLU<float, sluice::Split>, Eigen::ColMajor>();
}

TEST_CASE("making a layer allocates, using a large one on a new thread does so once", "[allocation]") {
  CHECK(allocations_of([] { sluice::GLU<float> layer(30, 10); }) > 0);
  const auto allocations_on_new_thread = [](Eigen::Index input_dim, Eigen::Index units) {
    const sluice::GLU<float> layer(input_dim, units);
    const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(20, input_dim);
    std::pair<long, long> first_and_second;
    std::thread([&] {
      Eigen::MatrixXf y(20, units);
      first_and_second.first = allocations_of([&] { layer.forward(x, y); });
      first_and_second.second = allocations_of([&] { layer.forward(x, y); });
    }).join();
    return first_and_second;
  };
  CHECK(allocations_on_new_thread(30, 10) == std::pair<long, long>(0, 0));  // weights that are read where they lie
  const auto [first, second] = allocations_on_new_thread(600, 300);
  CHECK(first > 0);
  CHECK(second == 0);
}

}  // namespace
