// SPDX-License-Identifier: MIT
//
// Packed layers read every input and write every output that layers do: either storage order, strides, expressions,
// vectors.
#include "layers/packed_trial.hpp"
#include "support/strided.hpp"

#include <type_traits>

namespace {

using test::difference_from;
using test::Index;
using Layer = sluice::SwiGLU<float>;

struct Fixture {
  test::Random random{41};
  Layer layer{19, 11};
  Eigen::MatrixXf x, want, want_gate;

  explicit Fixture(Index samples = 23) {
    random.fill_parameters(layer);
    x = random.matrix<Eigen::MatrixXf>(samples, 19);
    const auto both = layer(x, sluice::return_gate);
    want = both.output;
    want_gate = both.gate;
  }
};

TEST_CASE("packed: inputs and outputs in every arrangement", "[packed]") {
  for (const Index samples : {1, 2, 8, 15, 23}) {
    const Fixture f(samples);
    const auto packed = sluice::pack(f.layer);
    for (const auto from : test::all_arrangements) {
      test::Strided<float> x(samples, 19, from);
      x.map() = f.x;
      CHECK(test::same_bits(packed(x.map()), f.want));
      for (const auto to : test::all_arrangements) {
        CAPTURE(samples, static_cast<int>(from), static_cast<int>(to));
        test::Strided<float> y(samples, 11, to), gate(samples, 11, from);
        packed.forward(x.map(), y.map());
        CHECK(test::same_bits(y.map(), f.want));
        CHECK(y.untouched());
        packed.forward(x.map(), y.map(), gate.map());
        CHECK(test::same_bits(y.map(), f.want));
        CHECK(test::same_bits(gate.map(), f.want_gate));
        CHECK(y.untouched());
        CHECK(gate.untouched());
      }
    }
  }
}

TEST_CASE("packed: expressions, transposes, blocks, arrays", "[packed]") {
  Fixture f(131);  // more than are evaluated at once
  const Eigen::MatrixXf upright = f.x.transpose();
  const Eigen::MatrixXf a = f.random.matrix<Eigen::MatrixXf>(131, 6), b = f.random.matrix<Eigen::MatrixXf>(6, 19);
  CHECK(difference_from(f.layer, upright.transpose()) == "");
  CHECK(difference_from(f.layer, 2 * f.x) == "");
  CHECK(difference_from(f.layer, (a * b).cwiseAbs()) == "");
  CHECK(difference_from(f.layer, f.x.array()) == "");
  CHECK(difference_from(f.layer, f.x.middleRows(7, 20)) == "");
  CHECK(difference_from(f.layer, f.x.topRows(0)) == "");
  CHECK(difference_from(f.layer, f.x.row(0).replicate(20, 1)) == "");
  const Eigen::Map<const Eigen::MatrixXf, 0, Eigen::Stride<0, 1>> repeated(f.x.data(), 19, 20);  // rows that are one
  CHECK(difference_from(f.layer, repeated.transpose()) == "");
}

TEST_CASE("packed: a vector is one sample", "[packed]") {
  const Fixture f;
  const auto packed = sluice::pack(f.layer);
  const Eigen::VectorXf standing = f.x.row(3).transpose();
  const Eigen::RowVectorXf lying = f.x.row(3);
  STATIC_REQUIRE(std::is_same_v<decltype(packed(standing)), Eigen::VectorXf>);
  STATIC_REQUIRE(std::is_same_v<decltype(packed(lying)), Eigen::RowVectorXf>);
  CHECK(test::same_bits(packed(standing), f.want.row(3).transpose()));
  CHECK(test::same_bits(packed(lying), f.want.row(3)));
  CHECK(test::same_bits(packed(standing, sluice::return_gate).gate, f.want_gate.row(3).transpose()));
  Eigen::MatrixXf y = Eigen::MatrixXf::Zero(23, 11);
  packed.forward(f.x.row(5), y.row(5));
  CHECK(test::same_bits(y.row(5), f.want.row(5)));
}

}  // namespace
