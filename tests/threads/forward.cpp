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

}  // namespace
