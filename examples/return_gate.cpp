// SPDX-License-Identifier: MIT
//
// The layer of R's layer_glu documentation (tsnn: "layer_glu(10, input_shape = 30)", with
// return_gate = TRUE): 30 features in, 10 units out, 620 parameters, a batch of ones, and the gate
// values returned beside the output.
//
//   GLU(x) = σ(x·W + b) ⊙ (x·V + c)
#include <sluice/sluice.hpp>

#include <iostream>
#include <random>

int main() {
  std::mt19937 rng(42);
  sluice::GLU<float> layer(30, 10);
  sluice::initialize(layer, sluice::GlorotUniform{}, rng);  // what Keras begins with
  std::cout << sluice::summary(layer) << '\n';

  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(32, 30);  // R: matrix(1, 32, 30)
  const auto [values, gate] = layer(x, sluice::return_gate);

  std::cout << "dim(values): " << values.rows() << ' ' << values.cols() << '\n'
            << "dim(gate):   " << gate.rows() << ' ' << gate.cols() << '\n'
            << "values[1,]:\n"
            << values.row(0) << '\n'
            << "gate[1,]:\n"
            << gate.row(0) << '\n';

  // What the formula says, by hand, for the first sample. A sigmoid gate lies between 0 (closed)
  // and 1 (open).
  const Eigen::RowVectorXf linear = x.row(0) * layer.value_weight() + layer.value_bias();
  const Eigen::RowVectorXf pre = x.row(0) * layer.gate_weight() + layer.gate_bias();
  const Eigen::RowVectorXf sigmoid = ((-pre.array()).exp() + 1).inverse();

  const bool shapes = values.rows() == 32 && values.cols() == 10 && gate.rows() == 32 && gate.cols() == 10;
  const bool agrees =
      gate.row(0).isApprox(sigmoid, 1e-5F) && values.row(0).isApprox(linear.cwiseProduct(sigmoid), 1e-5F);
  const bool is_open_or_closed = gate.minCoeff() > 0 && gate.maxCoeff() < 1;
  const bool works = layer.parameter_count() == 620 && shapes && agrees && is_open_or_closed;
  std::cout << (works ? "return_gate: OK, values and gate are what the formula says\n" : "return_gate: FAILED\n");
  return works ? 0 : 1;
}
