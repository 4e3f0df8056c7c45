// SPDX-License-Identifier: MIT
//
// Any number of threads may call one layer at once: the ThreadSanitizer build watches, and the
// results must be those of one thread, to the bit. Each thread has its own outputs, cache and
// gradients.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace {

using test::Index;

template <class Layer>
void check(Layer layer) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  test::Random random(19);
  random.fill_parameters(layer);
  constexpr Index batches[] = {1, 2, 3, 14, 15, 37, 64};
  struct Work {
    Matrix x, dy, y, gate, dx;
    Eigen::Matrix<Scalar, 1, Eigen::Dynamic> gradients;
  };
  std::vector<Work> works;
  for (const Index batch : batches) {
    Work w{random.template matrix<Matrix>(batch, layer.input_dim()),
           random.template matrix<Matrix>(batch, layer.units()),
           {},
           {},
           {},
           {}};
    const auto result = layer(w.x, sluice::return_gate);
    w.y = result.output;
    w.gate = result.gate;
    typename Layer::Gradients gradients(layer);
    layer.backward(w.x, w.dy, w.dx, gradients);
    w.gradients = gradients.parameters();
    works.push_back(w);
  }

  const Layer& shared = layer;
  std::atomic<int> waiting{4};
  std::atomic<int> wrong{0};
  const auto run = [&](std::size_t thread) {
    --waiting;
    while (waiting > 0) std::this_thread::yield();  // all at once
    typename Layer::Cache cache;
    for (std::size_t i = 0; i < 40; ++i) {
      const Work& w = works[(i * (thread + 1) + thread) % works.size()];
      Matrix y, gate, cached_y, dx, recomputed_dx;
      typename Layer::Gradients gradients(shared);
      shared.forward(w.x, y, gate);
      shared.forward(2 * (w.x / 2), cached_y, cache);
      shared.backward(w.x, w.dy, cache, dx, gradients);
      const bool right = test::same_bits(y, w.y) && test::same_bits(gate, w.gate) && test::same_bits(cached_y, w.y) &&
                         test::same_bits(dx, w.dx) && test::same_bits(gradients.parameters(), w.gradients);
      shared.backward(w.x, w.dy, recomputed_dx, gradients);
      if (!right || !test::same_bits(recomputed_dx, w.dx)) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) threads.emplace_back(run, t);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("many threads call one layer", "[threads]") {
  check(sluice::SwiGLU<float>(19, 21));
  check(sluice::GLU<double, sluice::Split>(19, 21));
}

TEST_CASE("many threads call one layer with its sizes in the type", "[threads]") {
  check(sluice::GLU<float, sluice::Fused, 9, 7>());
}

/// Four threads call work() at once; it says whether it found what one thread finds.
template <class Work>
void check_at_once(const Work& work) {
  std::atomic<int> waiting{4};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      for (int i = 0; i < 20; ++i) wrong += work() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("many threads call one dense layer", "[threads]") {
  test::Random random(20);
  sluice::Dense<float, sluice::Tanh> layer(19, 21);
  random.fill(layer.parameters());
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(37, 19), dy = random.matrix<Eigen::MatrixXf>(37, 21);
  const Eigen::MatrixXf y = layer(x);
  Eigen::MatrixXf dx;
  decltype(layer)::Gradients gradients(layer);
  layer.backward(x, dy, dx, gradients);
  const auto& shared = layer;
  check_at_once([&] {
    Eigen::MatrixXf own_y, own_dx;
    decltype(layer)::Cache cache;
    decltype(layer)::Gradients own(shared);
    shared.forward(x, own_y, cache);
    shared.backward(x, dy, cache, own_dx, own);
    return test::same_bits(own_y, y) && test::same_bits(own_dx, dx) &&
           test::same_bits(own.parameters(), gradients.parameters());
  });
}

TEST_CASE("many threads call glu() on one matrix", "[threads]") {
  test::Random random(21);
  const Eigen::MatrixXf h = random.matrix<Eigen::MatrixXf>(37, 22), dy = random.matrix<Eigen::MatrixXf>(37, 11);
  const Eigen::MatrixXf y = sluice::glu(2 * h, 1), dh = sluice::glu_backward(2 * h, 1 * dy, 1);
  check_at_once([&] {
    return test::same_bits(sluice::glu(2 * h, 1), y) && test::same_bits(sluice::glu_backward(2 * h, 1 * dy, 1), dh);
  });
}

}  // namespace
