// SPDX-License-Identifier: MIT
//
// Packed layers on the threads of an Eigen::ThreadPoolDevice: the bits of one thread, whether the work is shared out by
// panels or by rows.
#define EIGEN_USE_THREADS
#include "layers/packed_trial.hpp"
#include "support/pools.hpp"

#include <unsupported/Eigen/CXX11/Tensor>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using test::Gated;
using test::Index;

/// "" if threads give what one gives, to the bit; else what differs.
template <class Packed>
std::string difference_on(const Packed& packed, const Eigen::ThreadPoolDevice& device,
                          const test::RowMatrix<typename Packed::Scalar>& x) {
  using Scalar = typename Packed::Scalar;
  test::RowMatrix<Scalar> want, y;
  test::ColMatrix<Scalar> upright(x.rows(), packed.units());
  packed.forward(x, want);
  packed.forward(x, y, device);
  if (!test::same_bits(y, want)) return "forward(x, y, device)";
  packed.forward(test::ColMatrix<Scalar>(x), upright, device);
  if (!test::same_bits(upright, want)) return "columns";
  if constexpr (requires { packed(x, sluice::return_gate); }) {
    test::RowMatrix<Scalar> gate, want_gate;
    packed.forward(x, want, want_gate);
    packed.forward(x, y, gate, device);
    if (!test::same_bits(y, want)) return "y of forward(x, y, gate, device)";
    if (!test::same_bits(gate, want_gate)) return "the gate";
  }
  return "";
}

template <class Function>
void for_each_pool(const Function& function) {
  for (const int threads : {1, 2, 3}) {
    CAPTURE(threads);
    Eigen::ThreadPool pool(threads);
    function(Eigen::ThreadPoolDevice(&pool, threads));
  }
}

template <class Stored, class Layer>
void check(Layer layer) {
  test::Random random(52);
  test::fill_layer(random, layer);
  const auto packed = sluice::pack<Stored>(layer);
  for_each_pool([&](const Eigen::ThreadPoolDevice& device) {
    // No sample, one, both sides of a tile: panels; hundreds: rows.
    for (const Index samples : {0, 1, 2, 15, 16, 31, 300, 517}) {
      CAPTURE(samples);
      const auto x = random.matrix<test::RowMatrix<typename Layer::Scalar>>(samples, layer.input_dim());
      CHECK(difference_on(packed, device, x) == "");
    }
  });
}

TEST_CASE("packed gated layers on a pool: the bits of one thread", "[packed][device]") {
  check<float>(sluice::SwiGLU<float>(19, 150));
  check<float>(sluice::SwiGLU<float>(1024, 33));  // rows that are packed first
  check<float>(sluice::SwiGLU<float>(5, 700));    // parts of one row with several groups of panels
  check<float>(sluice::SwiGLU<float>(11, 4));     // value and gate share a packet
  check<sluice::Int8>(sluice::SwiGLU<float>(9, 300));
  check<sluice::Int8>(sluice::SwiGLU<double>(7, 21));
}

TEST_CASE("packed layers on a pool: the bits of one thread where the depth is divided", "[packed][device]") {
  test::Random random(60);
  sluice::SwiGLU<float> layer(6500, 33);
  test::fill_layer(random, layer);
  const auto packed = sluice::pack(layer);
  Eigen::ThreadPool pool(2);
  // One tile; several, shared out by panels where these are narrow, and by rows.
  for (const Index samples : {sluice::detail::max_tile_rows, 40, 300}) {
    CAPTURE(samples);
    const auto x = random.matrix<test::RowMatrix<float>>(samples, layer.input_dim());
    CHECK(difference_on(packed, Eigen::ThreadPoolDevice(&pool, 2), x) == "");
  }
}

TEST_CASE("packed dense layers on a pool: the bits of one thread", "[packed][device]") {
  check<float>(sluice::Dense<float, sluice::SiLU>(19, 301));
  check<Eigen::bfloat16>(sluice::Dense<float>(7, 3));
}

TEST_CASE("packed feed-forward blocks on a pool: the bits of one thread", "[packed][device]") {
  test::Random random(53);
  sluice::GatedFeedForward<float, sluice::SiLU> layer(17, 53);
  random.fill_parameters(layer.gated());
  random.fill(layer.output().parameters());
  const auto packed = sluice::pack(layer);
  for_each_pool([&](const Eigen::ThreadPoolDevice& device) {
    for (const Index samples : {0, 1, 30, 450}) {
      CHECK(difference_on(packed, device, random.matrix<test::RowMatrix<float>>(samples, 17)) == "");
    }
  });
}

auto random_packed(std::uint32_t seed, Index input_dim, Index units) {
  test::Random random(seed);
  sluice::SwiGLU<float> layer(input_dim, units);
  random.fill_parameters(layer);
  return sluice::pack(layer);
}

TEST_CASE("packed layers on a pool check their arguments first", "[packed][device]") {
  Eigen::ThreadPool pool(2);
  const Eigen::ThreadPoolDevice device(&pool, 2);
  const auto packed = random_packed(66, 30, 10);
  Eigen::MatrixXf x = test::Random(67).matrix<Eigen::MatrixXf>(4, 30), y, gate = Eigen::MatrixXf::Ones(3, 10);
  CHECK(test::error_of([&] { packed.forward(x.leftCols(29), y, device); }) ==
        "Packed GatedLinearUnit: expected input with 30 features, got 29 (input is 4×29)");
  CHECK(test::error_of([&] { packed.forward(x, y, gate, device); }) ==
        "Packed GatedLinearUnit: expected gate of 4×10, got 3×10");
  CHECK(test::error_of([&] { packed.forward(x, x.leftCols(10), device); }) ==
        "Packed GatedLinearUnit: expected input and output in separate memory, got an overlap");
  CHECK(y.size() == 0);
  packed.forward(2 * x, y, device);  // an expression without memory
  CHECK(test::same_bits(y, packed(2 * x)));
}

TEST_CASE("packed layers on a pool: one row to and from anywhere", "[packed][device]") {
  Eigen::ThreadPool pool(2);
  const Eigen::ThreadPoolDevice device(&pool, 2);
  const auto packed = random_packed(68, 30, 300);
  const Eigen::MatrixXf x = test::Random(69).matrix<Eigen::MatrixXf>(4, 30);
  Eigen::MatrixXf y = Eigen::MatrixXf::Constant(4, 300, 7), want = y;
  want.row(1) = packed(x.row(1));
  packed.forward(x.row(1), y.row(1), device);
  CHECK(test::same_bits(y, want));
}

/// Eigen's pool, which takes tasks from other threads only: a task that waits for a task of its own might wait forever.
struct GuardedPool {
  Eigen::ThreadPool pool{2};
  std::atomic<int> taken_from_tasks{0};

  void Schedule(std::function<void()> task) {
    if (CurrentThreadId() < 0) return pool.Schedule(std::move(task));
    ++taken_from_tasks;
    task();
  }
  int CurrentThreadId() const { return pool.CurrentThreadId(); }
};

TEST_CASE("a task of the pool itself does the work alone", "[packed][device]") {
  const auto packed = random_packed(54, 19, 101);
  const auto x = test::Random(55).matrix<test::RowMatrix<float>>(90, 19);
  const test::RowMatrix<float> want = packed(x);
  GuardedPool pool;
  std::vector<test::RowMatrix<float>> y(4);
  Eigen::Barrier done(4);
  for (auto& each : y) {
    pool.Schedule([&] {
      packed.forward(x, each, test::DeviceOf(&pool, 2));
      done.Notify();
    });
  }
  done.Wait();
  for (const auto& each : y) CHECK(test::same_bits(each, want));
  CHECK(pool.taken_from_tasks == 0);
}

/// Throws at a number that no other test meets.
struct Thrower {
  static constexpr std::string_view name = "thrower";
  static float value(float x) {
    if (x == 1000) throw std::runtime_error("from an activation");
    return x;
  }
  static float derivative(float) { return 1; }
};

TEST_CASE("what an activation throws on a pool reaches the caller", "[packed][device]") {
  sluice::Dense<float, Thrower> layer(1, 50);
  layer.weight().setOnes();
  const auto packed = sluice::pack(layer);
  Eigen::ThreadPool pool(3);
  const Eigen::ThreadPoolDevice device(&pool, 3);
  for (const Index samples : {2, 400}) {
    CAPTURE(samples);
    Eigen::MatrixXf x = Eigen::MatrixXf::Ones(samples, 1), y;
    x(samples - 1, 0) = 1000;
    std::string message;
    try {
      packed.forward(x, y, device);
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "from an activation");
    CHECK(y.size() == 0);
    x.setOnes();
    packed.forward(x, y, device);  // layer and pool are as before
    CHECK((y.array() == 1).all());
  }
}

}  // namespace
