// SPDX-License-Identifier: MIT
//
// Packing, and calls of packed layers, that do not get the memory they need leave everything as it was: the layer that
// is packed, the packed layer that is assigned to, the outputs (empty ones stay empty). Every single allocation is made
// to fail. Rows of 4 KiB are packed before they are multiplied, which takes memory.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/pools.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <functional>
#include <thread>
#include <utility>
#include <vector>

#ifdef __GLIBC__

namespace {

using Eigen::MatrixXf;
using sluice::detail::max_tile_rows;
using test::fail_each_allocation;
using test::Index;
using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void fill(test::Random& random, sluice::GatedFeedForward<float, sluice::SiLU>& layer) {
  layer.for_each_part([&](auto& part) { random.fill(part.parameters()); });
}
template <class Layer>
void fill(test::Random& random, Layer& layer) {
  random.fill(layer.parameters());
}

template <class Stored, class Layer>
void check_pack(const Layer& layer, const RowMatrix& x) {
  const RowMatrix y = layer(x);
  const Layer other(layer.input_dim() + 3, layer.units() == layer.input_dim() ? 7 : layer.units() + 5);
  auto packed = sluice::pack<Stored>(other);
  const auto bytes = packed.bytes();
  CHECK(fail_each_allocation([&] { packed = sluice::pack<Stored>(layer); },
                             [&] {
                               CHECK((packed.bytes() == bytes && packed.input_dim() == other.input_dim()));
                               CHECK(test::same_bits(RowMatrix(layer(x)), y));
                             }) > 0);
  CHECK(test::same_bits(RowMatrix(packed(x)), RowMatrix(sluice::pack<Stored>(layer)(x))));
}

/// Each call fails with the first allocation, then the second, ...; y and gate are as before until it succeeds.
template <class Stored, class Layer>
void check_forward(const Layer& layer, const RowMatrix& x) {
  constexpr bool gated = requires { layer.gating(); };
  const auto packed = sluice::pack<Stored>(layer);
  const RowMatrix want = packed(x);
  test::InlinePool pool;
  const test::DeviceOf device{&pool};
  const RowMatrix y_before = RowMatrix::Constant(x.rows(), packed.units(), 7);
  const RowMatrix gate_before = RowMatrix::Constant(x.rows(), packed.units(), 8);
  RowMatrix y = y_before, gate = gate_before;
  MatrixXf empty, empty_too;
  const auto unchanged = [&] {
    CHECK(test::same_bits(y, y_before));
    CHECK(test::same_bits(gate, gate_before));
    CHECK((empty.size() == 0 && empty_too.size() == 0));
  };
  const auto fails = [&](const auto& call) {
    const long count = fail_each_allocation(call, unchanged);
    CHECK(test::same_bits(RowMatrix(empty.size() > 0 ? RowMatrix(empty) : y), want));
    y = y_before;
    gate = gate_before;
    empty.resize(0, 0);
    empty_too.resize(0, 0);
    return count;
  };
  CHECK(fails([&] { packed.forward(x, y); }) > 0);
  CHECK(fails([&] { packed.forward(1 * x, y); }) > 0);
  CHECK(fails([&] { packed.forward(x, empty); }) > 0);
  CHECK(fails([&] { packed.forward(x, y, device); }) > 0);
  CHECK(fails([&] { packed.forward(1 * x, y, device); }) > 0);
  CHECK(fails([&] { packed.forward(x, empty, device); }) > 0);
  if constexpr (gated) {
    CHECK(fails([&] { packed.forward(x, y, gate); }) > 0);
    CHECK(fails([&] { packed.forward(x, empty, empty_too); }) > 0);
    CHECK(fails([&] { packed.forward(x, y, gate, device); }) > 0);
    CHECK(fails([&] { packed.forward(x, y, empty_too, device); }) > 0);
    CHECK(fails([&] { packed.forward(x, empty, empty_too, device); }) > 0);
  }
  CHECK(fail_each_allocation([&] { packed(x); }, unchanged) > 0);
}

template <class Stored, class Layer>
void check(Layer layer) {
  test::Random random(58);
  fill(random, layer);
  check_pack<Stored>(layer, random.matrix<RowMatrix>(3, layer.input_dim()));
  for (const Index samples : {17, 230}) {  // shared out by panels, and by rows
    CAPTURE(samples);
    check_forward<Stored>(layer, random.matrix<RowMatrix>(samples, layer.input_dim()));
  }
}

TEST_CASE("packed layers without memory change nothing", "[allocation]") {
  check<float>(sluice::SwiGLU<float>(1024, 29));
  check<float>(sluice::SwiGLU<float>(2048, 70));  // a depth that is divided
  check<float>(sluice::SwiGLU<float, sluice::Split>(1024, 29));
  check<float>(sluice::Dense<float, sluice::SiLU>(1024, 29));
}
TEST_CASE("a single tile whose depth is divided: without memory nothing changes", "[allocation]") {
  test::Random random(61);
  sluice::SwiGLU<float> layer(2051, 70);
  fill(random, layer);
  check_forward<float>(layer, random.matrix<RowMatrix>(max_tile_rows, layer.input_dim()));
}
TEST_CASE("packed layers of 16 bits without memory change nothing", "[allocation]") {
  check<Eigen::bfloat16>(sluice::SwiGLU<float>(1024, 29));
  check<Eigen::half>(sluice::SwiGLU<float>(1024, 29));
}
TEST_CASE("packed layers of 8 bits without memory change nothing", "[allocation]") {
  check<sluice::Int8>(sluice::SwiGLU<float>(1024, 29));
  check<sluice::Int8>(sluice::Dense<float, sluice::SiLU>(1024, 29));
}
TEST_CASE("packed feed-forward blocks without memory change nothing", "[allocation]") {
  check<float>(sluice::GatedFeedForward<float, sluice::SiLU>(9, 1024));  // hidden rows of 4 KiB
  check<Eigen::half>(sluice::GatedFeedForward<float, sluice::SiLU>(1024, 9));
}

/// Column-major outputs are written for some samples side by side; the rest goes by rows, which lie a multiple of 4 KiB
/// apart and, if there are more than eight, are packed.
template <class Layer>
void check_upright(Layer layer) {
  constexpr Index side_by_side = sluice::detail::upright_samples<float>, rest = 9;
  test::Random random(60);
  fill(random, layer);
  const auto packed = sluice::pack(layer);
  const RowMatrix wide = random.matrix<RowMatrix>(side_by_side + rest, 1024);
  const auto x = wide.leftCols(layer.input_dim());
  const MatrixXf before = random.matrix<MatrixXf>(x.rows(), layer.units());
  MatrixXf y = before;
  const auto unchanged = [&] { CHECK(test::same_bits(y, before)); };
  const long packed_failures = fail_each_allocation([&] { packed.forward(x, y); }, unchanged);
  y = before;
  const long layer_failures = fail_each_allocation([&] { layer.forward(x, y); }, unchanged);
  if constexpr (4 * rest < 3 * side_by_side) {  // or all go side by side
    CHECK(packed_failures > 0);
    CHECK(layer_failures > 0);
  }
}

TEST_CASE("columns of which the rest goes by rows: without memory nothing changes", "[allocation]") {
  check_upright(sluice::SwiGLU<float>(200, 70));
  check_upright(sluice::Dense<float, sluice::SiLU>(200, 70));
}

/// A pool whose threads get no memory, whatever they ask for.
struct PoorPool {
  std::vector<std::thread> threads;

  void Schedule(std::function<void()> task) {
    threads.emplace_back([task = std::move(task)] {
      test::let_allocations_pass(0);
      task();
      test::let_all_allocations_pass();
    });
  }
  ~PoorPool() {
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_CASE("packed: the threads of a pool need no memory of their own", "[allocation]") {
  test::Random random(59);
  sluice::SwiGLU<float> layer(2048, 300);  // rows that are packed first, a depth that is divided
  random.fill(layer.parameters());
  const auto packed = sluice::pack(layer);
  for (const Index samples : {max_tile_rows, 17, 900}) {  // shared out by panels, and by rows
    CAPTURE(samples);
    const auto x = random.matrix<RowMatrix>(samples, layer.input_dim());
    RowMatrix y, gate, want, want_gate;
    packed.forward(x, want, want_gate);
    PoorPool pool;
    CHECK_NOTHROW(packed.forward(x, y, gate, test::DeviceOf(&pool)));
    CHECK(test::same_bits(y, want));
    CHECK(test::same_bits(gate, want_gate));
    CHECK(pool.threads.size() == 2);
  }
}

}  // namespace

#endif
