// SPDX-License-Identifier: MIT
//
// The gated product and its gradient, for scalars and for rows of any length into targets of any
// strides.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/gating/rows.hpp>
#include <sluice/sluice.hpp>

namespace {

using sluice::detail::MatrixView;
using test::Index;
using Gating = sluice::Gating<sluice::Sigmoid, sluice::Tanh>;

TEST_CASE("the gate is the activated half", "[gating]") {
  const auto result = sluice::detail::gate_value(Gating{}, 0.5, -0.25);
  CHECK(result.gate == Approx(test::sigmoid.value(-0.25)));
  CHECK(result.output == Approx(test::tanh.value(0.5) * test::sigmoid.value(-0.25)));
  const auto gradient = sluice::detail::gate_gradient(Gating{}, 0.5, -0.25, 3.0);
  CHECK(gradient.value == Approx(3 * test::sigmoid.value(-0.25) * test::tanh.derivative(0.5)));
  CHECK(gradient.gate == Approx(3 * test::tanh.value(0.5) * test::sigmoid.derivative(-0.25)));
}

TEST_CASE("a gating takes no room where its activations carry nothing", "[gating]") {
  STATIC_REQUIRE(std::is_empty_v<Gating>);
  STATIC_REQUIRE(sizeof(sluice::GLU<float, sluice::Fused, 4, 3>) <= sizeof(float) * (30 + 2 * 16) + 128);
}

/// All lengths up to a few vectors, in place and not, with canaries behind the end.
TEST_CASE("rows of any length, and nothing behind them", "[gating]") {
  test::Random random(13);
  for (Index cols = 1; cols < 50; ++cols) {
    CAPTURE(cols);
    Eigen::VectorXf value = random.matrix<Eigen::VectorXf>(80, 1), gate = random.matrix<Eigen::VectorXf>(80, 1);
    const Eigen::VectorXf dy = random.matrix<Eigen::VectorXf>(cols, 1);
    Eigen::VectorXf y = Eigen::VectorXf::Constant(80, 9), activated = y, d_value = y, d_gate = y;
    Eigen::VectorXf value_sums = y, gate_sums = y;
    const auto row = [cols](auto* data) {
      return MatrixView<std::remove_pointer_t<decltype(data)>>{data, 1, cols, 80, 1};
    };
    const sluice::detail::PreActivationBlock<float> block{0, 0, 1, cols, 80, value.data(), gate.data()};
    sluice::detail::gate_block<true, float>(Gating{}, block, row(y.data()), row(activated.data()));
    sluice::detail::gate_gradient_rows<float>(
        Gating{}, {row(std::as_const(value).data()), row(std::as_const(gate).data())}, row(dy.data()),
        {row(d_value.data()), row(d_gate.data())}, value_sums.data(), gate_sums.data());
    CHECK(test::same_bits(value_sums.head(cols), (d_value.head(cols).array() + 9).matrix()));
    CHECK(test::same_bits(gate_sums.head(cols), (d_gate.head(cols).array() + 9).matrix()));
    double error = 0;
    for (Index j = 0; j < cols; ++j) {
      const double v = value(j), g = gate(j), d = dy(j);
      error = std::max({error, std::abs(y(j) - test::tanh.value(v) * test::sigmoid.value(g)),
                        std::abs(activated(j) - test::sigmoid.value(g)),
                        std::abs(d_value(j) - d * test::sigmoid.value(g) * test::tanh.derivative(v)),
                        std::abs(d_gate(j) - d * test::tanh.value(v) * test::sigmoid.derivative(g))});
    }
    CHECK(error < 4e-7);
    for (const auto* target : {&y, &activated, &d_value, &d_gate, &value_sums, &gate_sums}) {
      CHECK((target->tail(80 - cols).array() == 9).all());
    }
    const Eigen::VectorXf value_behind = value.tail(80 - cols), gate_behind = gate.tail(80 - cols);
    sluice::detail::gate_block<true, float>(Gating{}, block, row(value.data()), row(gate.data()));
    CHECK(test::same_bits(value.head(cols), y.head(cols)));
    CHECK(test::same_bits(gate.head(cols), activated.head(cols)));
    CHECK(test::same_bits(value.tail(80 - cols), value_behind));
    CHECK(test::same_bits(gate.tail(80 - cols), gate_behind));
  }
}

}  // namespace
