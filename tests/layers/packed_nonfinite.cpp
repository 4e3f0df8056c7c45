// SPDX-License-Identifier: MIT
//
// NaN and infinity in a packed layer: in the input they stay in their sample, in a weight or bias in their unit, and
// are what the plain loops make of them. Eight bits know no infinity: such a unit gives NaN.
#include "layers/packed_trial.hpp"
#include "support/reference.hpp"

#include <limits>
#include <type_traits>

namespace {

using sluice::Int8;
using test::Index;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// NaN where `want` is, infinity where `want` is, finite elsewhere.
template <class A>
bool same_kind(const A& got, const Eigen::MatrixXd& want) {
  for (Index i = 0; i < want.rows(); ++i) {
    for (Index j = 0; j < want.cols(); ++j) {
      const double g = static_cast<double>(got(i, j)), w = want(i, j);
      if (std::isnan(g) != std::isnan(w) || std::isinf(g) != std::isinf(w)) return false;
      if (std::isinf(w) && g != w) return false;
    }
  }
  return true;
}

/// Weights of which every stored type holds the same number: ±127/128 of a power of two, which is Int8's ±127.
template <class Layer>
void fill_exactly(test::Random& random, Layer& layer) {
  random.fill(layer.parameters());
  for (auto&& w : {layer.value_weight(), layer.gate_weight()}) {
    auto target = w;
    for (Index i = 0; i < w.size(); ++i) {
      target(i / w.cols(), i % w.cols()) =
          random.number() < 0 ? typename Layer::Scalar(-127) : typename Layer::Scalar(127);
    }
  }
}

template <class Scalar, class Stored>
void check(Index samples, Index units) {
  CAPTURE(samples, units);
  constexpr bool narrow = std::is_same_v<Stored, Int8>;
  test::Random random(49);
  sluice::ReGLU<Scalar> layer(3, units);
  fill_exactly(random, layer);
  test::RowMatrix<Scalar> x = random.matrix<test::RowMatrix<Scalar>>(samples, 3);
  const auto agrees = [&] {
    test::Parameters p = test::parameters_of(layer);
    if constexpr (narrow) {
      for (auto* const w : {&p.value_weight, &p.gate_weight}) {
        for (Index c = 0; c < units; ++c) {
          if (!w->col(c).allFinite()) w->col(c).setConstant(nan);
        }
      }
    }
    const auto want = test::forward(test::to_double(x), p, test::relu);
    const auto packed = sluice::pack<Stored>(layer);
    const auto got = packed(x, sluice::return_gate);
    return same_kind(packed(x), want.output) && same_kind(got.output, want.output) &&
           same_kind(got.gate, want.activated);
  };
  const auto try_all = [&](auto&& target) {
    for (Index i = 0; i < target.rows(); ++i) {
      for (Index j = 0; j < target.cols(); ++j) {
        const Scalar before = target(i, j);
        for (const double special : {nan, infinity, -infinity}) {
          CAPTURE(i, j, special);
          target(i, j) = static_cast<Scalar>(special);
          CHECK(agrees());
        }
        target(i, j) = before;
      }
    }
  };
  CHECK(agrees());
  try_all(x);
  try_all(layer.value_weight());
  try_all(layer.gate_weight());
  try_all(layer.value_bias());
  try_all(layer.gate_bias());
}

template <class Stored>
void check_stored() {
  check<float, Stored>(1, 5);
  check<float, Stored>(4, 19);
  check<double, Stored>(15, 3);
}

TEST_CASE("packed: NaN and infinity stay in their sample and their unit", "[packed][nonfinite]") {
  check<float, float>(1, 5);
  check<float, float>(4, 19);
  check<double, double>(15, 3);
}
TEST_CASE("packed in 16 bits: NaN and infinity", "[packed][nonfinite]") {
  check_stored<Eigen::bfloat16>();
  check_stored<Eigen::half>();
}
TEST_CASE("packed in 8 bits: NaN and infinity", "[packed][nonfinite]") { check_stored<Int8>(); }

TEST_CASE("packed: NaN in a neighbour's memory is not touched", "[packed][nonfinite]") {
  test::Random random(50);
  sluice::ReGLU<float> layer(5, 7);
  random.fill_parameters(layer);
  const auto packed = sluice::pack(layer);
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(6, 5);
  Eigen::MatrixXf memory = Eigen::MatrixXf::Constant(16, 16, std::numeric_limits<float>::quiet_NaN());
  memory.block(3, 4, 6, 5) = x;
  CHECK(test::same_bits(packed(memory.block(3, 4, 6, 5)), layer(x)));
  memory.setConstant(std::numeric_limits<float>::quiet_NaN());
  memory.block(3, 4, 5, 6) = x.transpose();
  CHECK(test::same_bits(packed(memory.block(3, 4, 5, 6).transpose()), layer(x)));
}

}  // namespace
