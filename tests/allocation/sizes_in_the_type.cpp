// SPDX-License-Identifier: MIT
//
// A layer with its sizes in the type never touches the heap up to 128 KB: not when it is made, not
// in its first call.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <thread>

namespace {

using test::allocations_of;

/// On a thread of its own, so that no scratch memory of another test is there already.
template <class Layer, int InputDim, int Units>
long allocations_of_a_life() {
  using Scalar = typename Layer::Scalar;
  long count = -1;
  std::thread([&] {
    count = allocations_of([] {
      Layer layer;
      test::Random random(1);
      random.fill_parameters(layer);
      Eigen::Matrix<Scalar, 1, InputDim> sample = Eigen::Matrix<Scalar, 1, InputDim>::Ones();
      Eigen::Matrix<Scalar, 17, InputDim> batch = Eigen::Matrix<Scalar, 17, InputDim>::Ones();
      Eigen::Matrix<Scalar, 1, Units> y;
      Eigen::Matrix<Scalar, 17, Units> ys, gates;
      layer.forward(sample, y);
      layer.forward(sample.transpose(), y.transpose());
      layer.forward(batch, ys);
      layer.forward(batch, ys, gates);
      const auto result = layer(sample, sluice::return_gate);
      Eigen::Matrix<Scalar, Eigen::Dynamic, InputDim, Eigen::RowMajor, 20, InputDim> up_to_20 = batch;
      if (layer(up_to_20) != ys || layer(up_to_20, sluice::return_gate).gate != gates) throw 1;
      const Layer copy = layer;
      if (copy(sample)(0) != result.output(0)) throw 1;
    });
  }).join();
  return count;
}

TEST_CASE("sizes in the type: no heap at all", "[allocation]") {
  CHECK(allocations_of_a_life<sluice::GLU<float, sluice::Fused, 30, 10>, 30, 10>() == 0);
  CHECK(allocations_of_a_life<sluice::SwiGLU<double, sluice::Split, 7, 3>, 7, 3>() == 0);
  CHECK(allocations_of_a_life<sluice::GLU<float, sluice::Fused, 3, 2>, 3, 2>() == 0);
  CHECK(allocations_of_a_life<sluice::GLU<float, sluice::Fused, 50, 300>, 50, 300>() == 0);
  CHECK(allocations_of_a_life<sluice::GLU<float, sluice::Fused, 1024, 11>, 1024, 11>() == 0);  // rows that collide
}

TEST_CASE("Dense, sizes in the type: no heap at all", "[allocation]") {
  long count = -1;
  std::thread([&] {
    count = allocations_of([] {
      sluice::Dense<float, sluice::ReLU, 1024, 24> layer;  // rows that collide, weights beyond L1
      const Eigen::Matrix<float, 25, 1024, Eigen::RowMajor> x = Eigen::Matrix<float, 25, 1024>::Ones();
      Eigen::Matrix<float, 25, 24> y;
      layer.forward(x.row(0), y.row(0));
      layer.forward(x, y);
    });
  }).join();
  CHECK(count == 0);
}

TEST_CASE("sizes in the type above 128 KB live on the heap", "[allocation]") {
  CHECK(allocations_of([] { const sluice::GLU<float, sluice::Fused, 127, 128> layer; }) == 0);
  CHECK(allocations_of([] { const sluice::GLU<float, sluice::Fused, 128, 128> layer; }) == 1);
}

}  // namespace
