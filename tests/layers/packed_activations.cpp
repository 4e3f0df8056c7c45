// SPDX-License-Identifier: MIT
//
// Every activation as the gate of a packed layer: that of the activation's own scalar function, to the bit, on the
// pre-activations of two packed dense layers.
#include "layers/packed_trial.hpp"
#include "support/all_activations.hpp"

#include <type_traits>

namespace {

TEST_CASE("packed: every activation as the gate", "[packed][activations]") {
  test::Random random(46);
  sluice::Dense<float> value(5, 21), gate(5, 21);  // 21 units are whole vectors and a tail
  random.fill(value.parameters());
  random.fill(gate.parameters());
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(9, 5, 6);  // beyond the borders of clamps
  const Eigen::MatrixXf v = sluice::pack(value)(x), g = sluice::pack(gate)(x);
  test::for_each_activation([&](const auto& activation) {
    using Activation = std::remove_cvref_t<decltype(activation)>;
    CAPTURE(Activation::name);
    sluice::GatedLinearUnit<float, Activation> layer(5, 21, {.bias = true, .activation = activation});
    layer.value_weight() = value.weight();
    layer.gate_weight() = gate.weight();
    layer.value_bias() = value.bias();
    layer.gate_bias() = gate.bias();
    Eigen::MatrixXf y, activated;
    sluice::pack(layer).forward(x, y, activated);
    bool right = y.rows() == 9 && y.cols() == 21;
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      right = right && activated(i) == activation.value(g(i)) && y(i) == v(i) * activated(i);
    }
    CHECK(right);
  });
}

}  // namespace
