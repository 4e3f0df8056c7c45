// SPDX-License-Identifier: MIT
//
// After the first call of a size on a thread, neither Dense nor glu() allocates anything, nor does backward of a layer
// with its sizes in the type; glu() of what has memory allocates nothing at all.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <thread>

namespace {

using test::allocations_of;
using test::Index;

/// Everything there is to call, with arguments that have memory of their own, in falling sizes.
template <class Layer, class Matrix>
void check(Index input_dim, Index units) {
  test::Random random(4);
  Layer layer(input_dim, units);
  random.fill(layer.parameters());
  typename Layer::Cache cache;
  typename Layer::Gradients gradients(layer);
  bool is_first = true;
  for (const Index samples : {230, 97, 96, 33, 32, 25, 24, 17, 16, 15, 7, 6, 2, 1, 0, 230}) {
    CAPTURE(samples);
    const Matrix x = random.template matrix<Matrix>(samples, layer.input_dim());
    const Matrix dy = random.template matrix<Matrix>(samples, layer.units());
    Matrix y(samples, layer.units()), dx(samples, layer.input_dim());
    const auto all = [&] {
      layer.forward(x, y);
      layer.forward(2 * x, y, cache);
      layer.backward(x, dy, cache, dx, gradients);
      layer.backward(x, dy, cache, gradients);
      layer.backward(x, dy, dx, gradients);
      layer.backward(2 * x, 2 * dy, gradients);
    };
    if (is_first) all();
    is_first = false;
    CHECK(allocations_of(all) == 0);
  }
}

using RowMatrixXf = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

TEST_CASE("Dense: no allocation after the first call", "[allocation]") {
  check<sluice::Dense<float, sluice::SiLU>, Eigen::MatrixXf>(37, 29);
  check<sluice::Dense<double>, Eigen::MatrixXd>(37, 29);
  check<sluice::Dense<float, sluice::ReLU, 9, 5>, RowMatrixXf>(9, 5);
}

TEST_CASE("Dense: no allocation after the first call, weights beyond L1", "[allocation]") {
  check<sluice::Dense<float, sluice::SiLU>, RowMatrixXf>(71, 256);
  check<sluice::Dense<float, sluice::SiLU>, RowMatrixXf>(1024, 24);  // rows of x that collide
  check<sluice::Dense<double>, Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(512, 128);
}

TEST_CASE("Dense: no allocation after the first call, weights beyond a cache", "[allocation]") {
  check<sluice::Dense<float, sluice::SiLU>, RowMatrixXf>(30, 4500);
  check<sluice::Dense<double>, Eigen::MatrixXd>(131, 530);
}

TEST_CASE("sizes in the type: no allocation after the first call, backward", "[allocation]") {
  check<sluice::SwiGLU<float, sluice::Fused, 37, 29>, RowMatrixXf>(37, 29);
  check<sluice::GLU<double, sluice::Split, 7, 3>, Eigen::MatrixXd>(7, 3);
}

TEST_CASE("glu() allocates nothing, but once for an expression", "[allocation]") {
  test::Random random(5);
  const Eigen::MatrixXf h = random.matrix<Eigen::MatrixXf>(33, 14), dy = random.matrix<Eigen::MatrixXf>(33, 7);
  Eigen::MatrixXf y(33, 7), dh(33, 14);
  std::thread([&] {  // which has no scratch memory yet
    const auto in_place = [&] {
      for (const auto order :
           {sluice::GateOrder::ValueFirst, sluice::GateOrder::GateFirst, sluice::GateOrder::Interleaved}) {
        sluice::glu(h, 1, y, order);
        sluice::glu<sluice::SiLU>(h.transpose(), 0, y.transpose(), order);
        sluice::glu_backward(h, dy, 1, dh, order);
      }
    };
    const auto of_expressions = [&] {
      sluice::glu(2 * h, 1, y);
      sluice::glu_backward(2 * h, 2 * dy, 1, dh);
    };
    CHECK(allocations_of(in_place) == 0);
    CHECK(allocations_of(of_expressions) > 0);
    CHECK(allocations_of(of_expressions) == 0);
    const Eigen::Matrix<float, 4, 6> fixed = Eigen::Matrix<float, 4, 6>::Ones();
    CHECK(allocations_of([&] { sluice::glu(fixed, 1); }) == 0);
  })
      .join();
}

}  // namespace
