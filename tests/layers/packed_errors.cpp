// SPDX-License-Identifier: MIT
//
// Packed layers refuse what layers refuse, with a message that names them, and touch nothing before.
#include "layers/packed_trial.hpp"

#include <utility>

namespace {

using Eigen::MatrixXf;
using test::error_of;

struct Fixture {
  test::Random random{51};
  sluice::SwiGLU<float> layer{30, 10};
  sluice::Dense<float> dense{30, 10};
  MatrixXf x = random.matrix<MatrixXf>(32, 30), y = MatrixXf::Constant(32, 10, 7), gate = y, square;
  Fixture() {
    random.fill_parameters(layer);
    random.fill(dense.parameters());
  }
  bool untouched() const { return (y.array() == 7).all() && (gate.array() == 7).all(); }
};

TEST_CASE("packed layers name what is wrong with an input", "[packed][errors]") {
  Fixture f;
  const auto packed = sluice::pack<sluice::Int8>(f.layer);
  const MatrixXf wide = MatrixXf::Zero(32, 31);
  const std::string message = "Packed GatedLinearUnit: expected input with 30 features, got 31 (input is 32×31)";
  CHECK(error_of([&] { packed(wide); }) == message);
  CHECK(error_of([&] { packed(wide, sluice::return_gate); }) == message);
  CHECK(error_of([&] { packed.forward(wide, f.y); }) == message);
  CHECK(error_of([&] { packed.forward(wide, f.y, f.gate); }) == message);
  CHECK(error_of([&] { packed(2 * wide); }) == message);
  CHECK(error_of([&] { packed(wide.row(0)); }) ==
        "Packed GatedLinearUnit: expected input with 30 features, got 31 (input is 1×31; a vector is one sample)");
  CHECK(error_of([&] { sluice::pack(f.dense).forward(wide, f.y); }) ==
        "Packed Dense: expected input with 30 features, got 31 (input is 32×31)");
  CHECK(error_of([&] { sluice::pack(sluice::GatedFeedForward<float, sluice::SiLU>(30, 4)).forward(wide, f.y); }) ==
        "Packed GatedFeedForward: expected input with 30 features, got 31 (input is 32×31)");
  CHECK(f.untouched());
}

TEST_CASE("packed layers name what is wrong with an output", "[packed][errors]") {
  Fixture f;
  const auto packed = sluice::pack(f.layer);
  MatrixXf wrong = MatrixXf::Constant(31, 10, 9), empty;
  CHECK(error_of([&] { packed.forward(f.x, wrong); }) == "Packed GatedLinearUnit: expected output of 32×10, got 31×10");
  CHECK(error_of([&] { packed.forward(f.x, f.y, wrong); }) ==
        "Packed GatedLinearUnit: expected gate of 32×10, got 31×10");
  CHECK(error_of([&] { packed.forward(f.x, wrong, f.gate); }) ==
        "Packed GatedLinearUnit: expected output of 32×10, got 31×10");
  CHECK(error_of([&] { packed.forward(f.x, empty, wrong); }) ==
        "Packed GatedLinearUnit: expected gate of 32×10, got 31×10");
  CHECK(empty.size() == 0);
  CHECK((wrong.array() == 9).all());
  CHECK(f.untouched());
}

TEST_CASE("packed layers refuse outputs in the memory of the input", "[packed][errors]") {
  Fixture f;
  const auto packed = sluice::pack(f.layer);
  const MatrixXf x = f.x;
  const std::string message = "Packed GatedLinearUnit: expected input and output in separate memory, got an overlap";
  CHECK(error_of([&] { packed.forward(f.x, f.x.leftCols(10)); }) == message);
  CHECK(error_of([&] { packed.forward(f.x, f.x.rightCols(10), f.gate); }) == message);
  CHECK(error_of([&] { packed.forward(f.x, f.y, f.x.leftCols(10)); }) ==
        "Packed GatedLinearUnit: expected input and gate in separate memory, got an overlap");
  CHECK(error_of([&] { packed.forward(f.x, f.y, f.y); }) ==
        "Packed GatedLinearUnit: expected output and gate in separate memory, got an overlap");
  CHECK(error_of([&] { sluice::pack(f.dense).forward(f.x, f.x.leftCols(10)); }) ==
        "Packed Dense: expected input and output in separate memory, got an overlap");
  CHECK(test::same_bits(f.x, x));
  CHECK(f.untouched());
}

template <class Layer>
std::string use_after_move(const Layer& layer) {
  Eigen::Matrix<typename Layer::Scalar, Eigen::Dynamic, Eigen::Dynamic> x(2, layer.input_dim());
  x.setOnes();
  auto packed = sluice::pack(layer);
  const auto moved = std::move(packed);
  CHECK(moved(x).rows() == 2);
  CHECK(packed.input_dim() == 0);
  CHECK(packed.units() == 0);
  CHECK(packed.is_moved_from());
  return error_of([&] { packed(x); });
}

TEST_CASE("a packed layer that has been moved away refuses every call", "[packed][errors]") {
  Fixture f;
  CHECK(use_after_move(f.layer) == "Packed GatedLinearUnit: expected a layer with parameters, got a moved-from one");
  CHECK(use_after_move(f.dense) == "Packed Dense: expected a layer with parameters, got a moved-from one");
  CHECK(use_after_move(sluice::GatedFeedForward<float, sluice::SiLU>(5, 4)) ==
        "Packed GatedFeedForward: expected a layer with parameters, got a moved-from one");
}

TEST_CASE("a layer that has been moved away cannot be packed", "[packed][errors]") {
  Fixture f;
  const auto moved = std::move(f.layer);
  CHECK(error_of([&] { sluice::pack(f.layer); }) ==
        "Packed GatedLinearUnit: expected a layer with parameters, got a moved-from one");
  const auto moved_dense = std::move(f.dense);
  CHECK(error_of([&] { sluice::pack<Eigen::half>(f.dense); }) ==
        "Packed Dense: expected a layer with parameters, got a moved-from one");
}

TEST_CASE("a feed-forward block whose parts do not fit cannot be packed", "[packed][errors]") {
  sluice::GatedFeedForward<float, sluice::SiLU> layer(5, 4);
  layer.output() = sluice::Dense<float>(4, 6);
  CHECK(error_of([&] { sluice::pack(layer); }) == "Packed GatedFeedForward: expected an output part 4 → 5, got 4 → 6");
  layer.output() = sluice::Dense<float>(3, 5);
  CHECK(error_of([&] { sluice::pack(layer); }) == "Packed GatedFeedForward: expected an output part 4 → 5, got 3 → 5");
}

}  // namespace
