// SPDX-License-Identifier: MIT
//
// glu() on tensors of rank 2 to 4 as torch.nn.functional.glu computes it: every axis, counted from
// either end, both layouts, value and gradient. On rank 3 the other gate orders as well, with a
// SiLU gate.
#include "support/catch.hpp"
#include "support/torch_tensor.hpp"

#include <sluice/activations/silu.hpp>
#include <sluice/tensor.hpp>

#include <string>
#include <type_traits>

namespace {

template <class Activation, class Tensor>
void check_axis(const test::ArrayFile& file, const std::string& name, int axis, sluice::GateOrder order) {
  constexpr int rank = Tensor::NumDimensions;
  const double tolerance = std::is_same_v<typename Tensor::Scalar, float> ? 1e-6 : 1e-14;
  const std::string at = ".axis" + std::to_string(axis < 0 ? axis + rank : axis);
  const test::Array& h_array = file["h" + std::to_string(rank)];
  const auto h = test::tensor_of<Tensor>(h_array);
  const auto dy = test::tensor_of<Tensor>(file["dy" + std::to_string(rank) + at]);

  const Tensor y = sluice::glu<Activation>(h, axis, order);
  const test::Array& want = file[name + at + ".y"];
  test::check_array(name + at + ".y", test::array_of(y), want, want.extents, tolerance);
  const Tensor dh = sluice::glu_backward<Activation>(h, dy, axis, order);
  test::check_array(name + at + ".dh", test::array_of(dh), file[name + at + ".dh"], h_array.extents, tolerance);
}

template <class Scalar, int Rank, int Layout>
void check_rank() {
  using Tensor = Eigen::Tensor<Scalar, Rank, Layout>;
  const test::ArrayFile file("torch_glu.txt");
  for (int axis = -Rank; axis < Rank; ++axis) {
    check_axis<sluice::Sigmoid, Tensor>(file, "glu" + std::to_string(Rank), axis, sluice::GateOrder::ValueFirst);
    if constexpr (Rank == 3) {
      check_axis<sluice::SiLU, Tensor>(file, "silu_gate_first", axis, sluice::GateOrder::GateFirst);
      check_axis<sluice::SiLU, Tensor>(file, "silu_interleaved", axis, sluice::GateOrder::Interleaved);
    }
  }
}

template <class Scalar>
void check_ranks() {
  check_rank<Scalar, 2, Eigen::RowMajor>();
  check_rank<Scalar, 2, Eigen::ColMajor>();
  check_rank<Scalar, 3, Eigen::RowMajor>();
  check_rank<Scalar, 3, Eigen::ColMajor>();
  check_rank<Scalar, 4, Eigen::RowMajor>();
  check_rank<Scalar, 4, Eigen::ColMajor>();
}

}  // namespace

TEST_CASE("glu of a tensor agrees with PyTorch", "[tensor][torch]") {
  check_ranks<float>();
  check_ranks<double>();
}
