// SPDX-License-Identifier: MIT
//
// After the first call of a size on a thread a packed layer allocates nothing, whatever its weights are stored as; nor
// does it hand more to a pool than tasks. (What a pool allocates to take a task is the pool's own.)
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

namespace {

using test::allocations_of;
using test::Index;

/// The calls that a packed layer of any weights has, in falling sizes, after one call of each.
template <class Stored, class Layer>
void check(const Layer& layer) {
  using Scalar = typename Layer::Scalar;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto packed = sluice::pack<Stored>(layer);
  test::Random random(56);
  test::InlinePool pool;
  const test::DeviceOf device{&pool};
  for (const bool first : {true, false}) {
    for (const Index samples : {230, 64, 15, 2, 1, 0, 230}) {
      CAPTURE(samples);
      const Matrix x = random.template matrix<Matrix>(samples, layer.input_dim());
      Matrix y(samples, layer.units()), gate(samples, layer.units());
      const auto all = [&] {
        packed.forward(x, y);
        packed.forward(2 * x, y);
        if constexpr (requires { layer.gating(); }) {
          packed.forward(x, y, gate);
          packed.forward(x, y, gate, device);
        } else {
          packed.forward(x, y, device);
        }
      };
      const long count = allocations_of(all);
      if (!first) CHECK(count == 0);
    }
  }
}

template <class Stored>
void check_gated() {
  test::Random random(57);
  sluice::SwiGLU<float> layer(1024, 29);  // rows that lie a multiple of 4 KiB apart are packed first
  random.fill_parameters(layer);
  check<Stored>(layer);
}

TEST_CASE("packed: no allocation after the first call", "[allocation]") {
  check_gated<float>();
  check<float>(sluice::SwiGLU<float>(1500, 100));  // a depth that is divided
  check<double>(sluice::Dense<double, sluice::SiLU>(37, 29));
  check<float>(sluice::GatedFeedForward<float, sluice::SiLU>(37, 29));
}
TEST_CASE("packed in 16 bits: no allocation after the first call", "[allocation]") {
  check_gated<Eigen::bfloat16>();
  check_gated<Eigen::half>();
}
TEST_CASE("packed in 8 bits: no allocation after the first call", "[allocation]") { check_gated<sluice::Int8>(); }

TEST_CASE("packed: a small layer allocates nothing at all, not even in its first call", "[allocation]") {
  const auto packed = sluice::pack(sluice::SwiGLU<float>(30, 10));
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(20, 30);
  Eigen::MatrixXf y(20, 10);
  CHECK(allocations_of([&] { packed.forward(x, y); }) == 0);
}

}  // namespace
