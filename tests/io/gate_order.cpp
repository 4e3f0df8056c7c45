// SPDX-License-Identifier: MIT
//
// The conversions between fused and split, gate orders and layouts: where each number goes, and that it comes back.
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/io/gate_order.hpp>

namespace {

using namespace sluice::io;
using sluice::GateOrder;

constexpr GateOrder orders[] = {GateOrder::ValueFirst, GateOrder::GateFirst, GateOrder::Interleaved};

TEST_CASE("each order puts the halves where its name says", "[io][gate-order]") {
  const Eigen::RowVectorXf value = Eigen::RowVector3f(1, 2, 3), gate = Eigen::RowVector3f(10, 20, 30);
  Eigen::RowVectorXf want(6);
  want << 1, 2, 3, 10, 20, 30;
  CHECK(test::same_bits(fuse(value, gate, GateOrder::ValueFirst), want));
  want << 10, 20, 30, 1, 2, 3;
  CHECK(test::same_bits(fuse(value, gate, GateOrder::GateFirst), want));
  want << 10, 1, 20, 2, 30, 3;
  CHECK(test::same_bits(fuse(value, gate, GateOrder::Interleaved), want));
  // A column vector is a bias as well.
  CHECK(test::same_bits(fuse(value.transpose(), gate.transpose(), GateOrder::Interleaved), want.transpose()));
  CHECK(test::same_bits(split_fused(want, GateOrder::Interleaved).value, value));
  CHECK(test::same_bits(split_fused(want.transpose(), GateOrder::Interleaved).gate, gate.transpose()));
}

TEST_CASE("weights go to any order and layout and back", "[io][gate-order]") {
  const Eigen::MatrixXd value = Eigen::MatrixXd::Random(4, 7), gate = Eigen::MatrixXd::Random(4, 7);  // units × inputs
  for (const GateOrder from : orders) {
    const auto fused = fuse(value, gate, from, Layout::OutIn);
    REQUIRE(fused.rows() == 8);
    REQUIRE(fused.cols() == 7);
    const auto halves = split_fused(fused, from, Layout::OutIn);
    CHECK(test::same_bits(halves.value, value));
    CHECK(test::same_bits(halves.gate, gate));
    const auto in_out = change_layout(fused, Layout::OutIn, Layout::InOut);
    CHECK(test::same_bits(in_out, fuse(value.transpose(), gate.transpose(), from, Layout::InOut)));
    CHECK(test::same_bits(split_fused(in_out, from, Layout::InOut).gate, gate.transpose()));
    CHECK(test::same_bits(change_layout(in_out, Layout::InOut, Layout::OutIn), fused));
    CHECK(test::same_bits(change_layout(fused, Layout::OutIn, Layout::OutIn), fused));
    for (const GateOrder to : orders) {
      const auto other = reorder(fused, from, to, Layout::OutIn);
      CHECK(test::same_bits(other, fuse(value, gate, to, Layout::OutIn)));
      CHECK(test::same_bits(reorder(other, to, from, Layout::OutIn), fused));
      CHECK((from == to) == test::same_bits(other, fused));
      CHECK(test::same_bits(reorder(fused.col(2), from, to), other.col(2)));  // a bias
    }
  }
}

TEST_CASE("halves that do not fit are refused", "[io][gate-order]") {
  const Eigen::MatrixXf odd = Eigen::MatrixXf::Ones(3, 4);
  CHECK(test::error_of([&] { split_fused(odd, GateOrder::GateFirst, Layout::OutIn); }) ==
        "split_fused: expected an even number of fused units, got 3 (3×4)");
  CHECK(test::error_of([&] { fuse(odd, odd.topRows(2), GateOrder::GateFirst, Layout::InOut); }) ==
        "fuse: expected halves of one shape, got a value of 3×4 and a gate of 2×4");
  CHECK(split_fused(Eigen::MatrixXf(0, 4), GateOrder::Interleaved, Layout::OutIn).value.rows() == 0);
}

}  // namespace
