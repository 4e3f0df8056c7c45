// SPDX-License-Identifier: MIT
//
// Any number of threads may call one packed layer at once, alone or each with the same pool, under ThreadSanitizer: the
// bits of one thread. The pool is a plain one: ThreadSanitizer does not understand the fences of Eigen's, on which
// tests/layers/packed_device.cpp runs.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Eigen::MatrixXf;
using test::Index;

/// Threads that run tasks in the order in which they come, and the device of them.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Pool() {
    for (std::size_t i = 0; i < threads_.size(); ++i) Schedule({});
    for (std::thread& thread : threads_) thread.join();
  }
  int numThreads() const { return static_cast<int>(threads_.size()); }
  Pool* getPool() const { return const_cast<Pool*>(this); }
  void Schedule(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push(std::move(task));
    arrived_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return !tasks_.empty(); });
      const auto task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      if (!task) return;  // the end
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::queue<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
};

/// Three threads call work(i) at once; it says whether it found what one thread finds.
template <class Work>
void check_at_once(const Work& work) {
  std::atomic<int> waiting{3};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      for (int i = 0; i < 20; ++i) wrong += work(t + i) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Samples {
  RowMatrix x;
  MatrixXf y, gate;
};

template <class Stored>
void check() {
  test::Random random(54);
  sluice::SwiGLU<float> layer(1024, 40);  // rows that lie a multiple of 4 KiB apart are packed first
  random.fill_parameters(layer);
  const auto packed = sluice::pack<Stored>(layer);
  std::vector<Samples> all;
  for (const Index samples : {1, 2, 15, 150}) {
    Samples s{random.matrix<RowMatrix>(samples, 1024), {}, {}};
    packed.forward(s.x, s.y, s.gate);
    all.push_back(s);
  }
  const Pool device(2);
  check_at_once([&](int i) {
    const Samples& s = all[static_cast<std::size_t>(i) % all.size()];
    MatrixXf y, gate, on_pool, gate_on_pool;
    packed.forward(s.x, y, gate);
    if (i % 2 == 0) {
      packed.forward(s.x, on_pool, device);
      gate_on_pool = gate;
    } else {
      packed.forward(s.x, on_pool, gate_on_pool, device);
    }
    return test::same_bits(y, s.y) && test::same_bits(gate, s.gate) && test::same_bits(on_pool, s.y) &&
           test::same_bits(gate_on_pool, s.gate);
  });
}

TEST_CASE("many threads call one packed layer, with a pool and without", "[threads]") {
  check<float>();
  check<sluice::Int8>();
}

TEST_CASE("many threads call one packed feed-forward block with one pool", "[threads]") {
  test::Random random(55);
  sluice::GatedFeedForward<float, sluice::SiLU> layer(17, 53);
  random.fill_parameters(layer.gated());
  random.fill(layer.output().parameters());
  const auto packed = sluice::pack(layer);
  const MatrixXf x = random.matrix<MatrixXf>(230, 17), want = packed(x);
  const Pool device(3);
  check_at_once([&](int) {
    MatrixXf y;
    packed.forward(x, y, device);
    return test::same_bits(y, want);
  });
}

}  // namespace
