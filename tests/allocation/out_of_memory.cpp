// SPDX-License-Identifier: MIT
//
// A call that does not get the memory it needs leaves everything as it was: outputs (empty ones stay empty), cache,
// gradients. Every single allocation of every call is made to fail.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/feed_forward.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#ifdef __GLIBC__

namespace {

using Eigen::MatrixXf;
using test::fail_each_allocation;
using test::Index;

/// A layer, arguments for its calls, and whether they are still what they were.
template <class Layer, class MatrixXf = Eigen::MatrixXf>
struct Call {
  test::Random random{12};
  Layer layer;
  MatrixXf x, dy, y, gate, dx, empty, empty_too;
  MatrixXf small_x, small_y;
  typename Layer::Cache cache;  // of a smaller call
  typename Layer::Gradients gradients;

  Call(Index samples, Index input_dim, Index units) : layer(input_dim, units), gradients(layer) {
    random.fill(layer.parameters());
    x = random.matrix<MatrixXf>(samples, input_dim);
    dy = random.matrix<MatrixXf>(samples, units);
    y = MatrixXf::Constant(samples, units, 7);
    gate = MatrixXf::Constant(samples, units, 8);
    dx = MatrixXf::Constant(samples, input_dim, 9);
    small_x = x.topRows(1);
    layer.forward(small_x, small_y, cache);
    gradients.parameters().setConstant(3);
  }

  bool outputs_as_before() const {
    return (y.array() == 7).all() && (gate.array() == 8).all() && (dx.array() == 9).all() && empty.size() == 0 &&
           empty_too.size() == 0;
  }
  bool gradients_as_before() const { return (gradients.parameters().array() == 3).all(); }
  /// The cache still belongs to the small call.
  bool cache_as_before() const {
    const MatrixXf one = MatrixXf::Ones(1, layer.units());
    typename Layer::Gradients want(layer), got(layer);
    layer.backward(small_x, one, want);
    layer.backward(small_x, one, cache, got);
    return cache.samples() == 1 && test::same_bits(got.parameters(), want.parameters());
  }
};

template <class Layer>
void check_forward(Index samples, Index input_dim, Index units) {
  CAPTURE(samples, input_dim, units);
  Call<Layer> c(samples, input_dim, units);
  const auto unchanged = [&] { CHECK((c.outputs_as_before() && c.cache_as_before() && c.gradients_as_before())); };
  CHECK(fail_each_allocation([&] { c.layer(c.x); }, unchanged) > 0);
  fail_each_allocation([&] { c.layer.forward(c.x, c.y); }, unchanged);  // some need none
  c.y.setConstant(7);
  CHECK(fail_each_allocation([&] { c.layer.forward(2 * c.x, c.y); }, unchanged) > 0);
  c.y.setConstant(7);
  CHECK(fail_each_allocation([&] { c.layer.forward(c.x, c.y, c.cache); }, unchanged) > 0);
  CHECK(test::same_bits(c.y, c.layer(c.x)));
  c.y.setConstant(7);
  c.layer.forward(c.small_x, c.small_y, c.cache);
  CHECK(fail_each_allocation([&] { c.layer.forward(c.x, c.empty); }, unchanged) > 0);
  CHECK(test::same_bits(c.empty, c.layer(c.x)));
  c.empty.resize(0, 0);
  typename Layer::Cache fresh;
  CHECK(fail_each_allocation([&] { c.layer.forward(c.x, c.empty, fresh); },
                             [&] {
                               unchanged();
                               CHECK(fresh.samples() == 0);
                             }) > 0);
  CHECK(test::same_bits(c.empty, c.layer(c.x)));
}

template <class Layer>
void check_gate(Index samples, Index input_dim, Index units) {
  Call<Layer> c(samples, input_dim, units);
  const auto unchanged = [&] { CHECK(c.outputs_as_before()); };
  fail_each_allocation([&] { c.layer.forward(c.x, c.y, c.gate); }, unchanged);
  c.y.setConstant(7);
  c.gate.setConstant(8);
  CHECK(fail_each_allocation([&] { c.layer.forward(c.x, c.empty, c.empty_too); }, unchanged) > 0);
  const auto [y, gate] = c.layer(c.x, sluice::return_gate);
  CHECK(test::same_bits(c.empty, y));
  CHECK(test::same_bits(c.empty_too, gate));
}

TEST_CASE("forward without memory changes nothing", "[allocation]") {
  check_forward<sluice::SwiGLU<float>>(17, 9, 5);
  check_forward<sluice::SwiGLU<float, sluice::Split>>(3, 9, 5);
  check_forward<sluice::Dense<float, sluice::ReLU>>(17, 9, 5);
  check_gate<sluice::SwiGLU<float>>(17, 9, 5);
}

template <class Layer, class MatrixXf = Eigen::MatrixXf>
void check_backward(Index samples, Index input_dim, Index units) {
  CAPTURE(samples, input_dim, units);
  Call<Layer, MatrixXf> c(samples, input_dim, units);
  typename Layer::Cache cache;
  MatrixXf y;
  c.layer.forward(c.x, y, cache);
  const auto unchanged = [&] { CHECK((c.outputs_as_before() && c.gradients_as_before())); };
  const auto fails = [&](const auto& call) {
    c.gradients.parameters().setConstant(3);
    c.dx.setConstant(9);
    c.empty.resize(0, 0);
    const long count = fail_each_allocation(call, unchanged);
    CHECK_FALSE(c.gradients_as_before());
    return count;
  };
  CHECK(fails([&] { c.layer.backward(c.x, c.dy, cache, c.dx, c.gradients); }) > 0);
  CHECK(fails([&] { c.layer.backward(c.x, c.dy, cache, c.gradients); }) > 0);
  CHECK(fails([&] { c.layer.backward(c.x, c.dy, c.dx, c.gradients); }) > 0);
  CHECK(fails([&] { c.layer.backward(c.x, c.dy, c.gradients); }) > 0);
  CHECK(fails([&] { c.layer.backward(c.x, c.dy, cache, c.empty, c.gradients); }) > 0);
  CHECK(fails([&] { c.layer.backward(2 * c.x, 2 * c.dy, c.empty, c.gradients); }) > 0);
}

TEST_CASE("backward without memory changes nothing", "[allocation]") {
  check_backward<sluice::SwiGLU<float>>(17, 9, 5);
  check_backward<sluice::SwiGLU<float, sluice::Split>>(1, 9, 5);
  check_backward<sluice::Dense<float, sluice::ReLU>>(17, 9, 5);
}

TEST_CASE("calls in blocks without memory change nothing", "[allocation]") {
  check_forward<sluice::SwiGLU<float>>(65, 300, 500);  // 64 samples of an expression, then one more
  check_backward<sluice::SwiGLU<float>>(65, 3, 300);
  check_backward<sluice::SwiGLU<float>>(513, 3, 300);  // 512 samples computed again, then one more
  check_forward<sluice::SwiGLU<float>>(65, 8, 17000);  // where one sample takes the more memory
  check_forward<sluice::SwiGLU<float>>(88, 44, 1500);  // where 24 samples take more than 64, on narrow packets
  check_forward<sluice::Dense<float, sluice::ReLU>>(88, 44, 3000);
  check_forward<sluice::SwiGLU<float>>(76, 17, 4096);  // where 12 do
  check_forward<sluice::SwiGLU<float>>(68, 256, 256);  // where 4 read in streams, and 5 in place
  check_forward<sluice::SwiGLU<float>>(72, 80, 750);
  check_forward<sluice::Dense<float, sluice::ReLU>>(71, 150, 600);
  check_forward<sluice::SwiGLU<float>>(65, 41, 350);  // where all but one sample read in place
  check_forward<sluice::Dense<float, sluice::ReLU>>(65, 300, 700);
  check_forward<sluice::Dense<float, sluice::ReLU>>(65, 41, 700);
  check_backward<sluice::Dense<float, sluice::ReLU>>(65, 3, 700);
}

TEST_CASE("calls whose last block goes another way than the first change nothing without memory", "[allocation]") {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  // 512 samples pack W, 50 read it in place, but have rows that collide.
  check_backward<sluice::Dense<float, sluice::ReLU>, RowMajor>(562, 1024, 16);
  check_backward<sluice::SwiGLU<float>, RowMajor>(540, 300, 500);  // 28 samples have the smaller transposed product
  check_backward<sluice::SwiGLU<float>>(65, 300, 500);             // one is not worth transposing
  check_backward<sluice::SwiGLU<float>>(576, 3, 1100);             // 64 add up in wider blocks
  check_backward<sluice::SwiGLU<float, sluice::Split>>(514, 500, 300);  // two have blocks of more units
}

/// The cache of a block of two parts: of as many samples before as after, so that it has the memory and keeps its
/// shape.
template <class Projection>
void check_cache_of_block(Index samples, Index dim, Index hidden) {
  CAPTURE(samples, dim, hidden);
  using Layer = sluice::GatedFeedForward<float, sluice::SiLU, Projection>;
  test::Random random(14);
  Layer layer(dim, hidden);
  test::fill_feed_forward(random, layer);
  const MatrixXf x = random.matrix<MatrixXf>(samples, dim), other = random.matrix<MatrixXf>(samples, dim);
  MatrixXf y = MatrixXf::Constant(samples, dim, 7), other_y;
  typename Layer::Cache cache;
  layer.forward(other, other_y, cache);
  const MatrixXf value = cache.value(), gate = cache.gate();
  const auto unchanged = [&] {
    CHECK((y.array() == 7).all());
    CHECK(test::same_bits(cache.value(), value));
    CHECK(test::same_bits(cache.gate(), gate));
  };
  CHECK(fail_each_allocation([&] { layer.forward(x, y, cache); }, unchanged) > 0);
  CHECK(test::same_bits(y, layer(x)));
  CHECK_FALSE(test::same_bits(cache.value(), value));
}

TEST_CASE("GatedFeedForward: forward without memory leaves the cache alone", "[allocation]") {
  check_cache_of_block<sluice::Fused>(17, 9, 5);
  check_cache_of_block<sluice::Split>(17, 9, 5);
  check_cache_of_block<sluice::Fused>(65, 300, 700);
  check_cache_of_block<sluice::Fused>(7, 128, 2048);   // the output's weight does not fit a cache
  check_cache_of_block<sluice::Fused>(17, 9, 1024);    // its does, but h has rows that collide
  check_cache_of_block<sluice::Split>(230, 40, 4096);  // two blocks of rows
}

TEST_CASE("glu() without memory changes nothing", "[allocation]") {
  test::Random random(13);
  const MatrixXf h = random.matrix<MatrixXf>(9, 6), dy = random.matrix<MatrixXf>(9, 3);
  MatrixXf y, dh;
  const auto unchanged = [&] { CHECK((y.size() == 0 && dh.size() == 0)); };
  CHECK(fail_each_allocation([&] { sluice::glu(h + h, 1, y); }, unchanged) > 0);
  CHECK(test::same_bits(y, sluice::glu(MatrixXf(h + h), 1)));
  y.resize(0, 0);
  CHECK(fail_each_allocation([&] { sluice::glu_backward(h + h, dy, 1, dh); }, unchanged) > 0);
  CHECK(test::same_bits(dh, sluice::glu_backward(MatrixXf(h + h), dy, 1)));
}

}  // namespace

#endif
