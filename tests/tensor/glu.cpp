// SPDX-License-Identifier: MIT
//
// glu() and glu_backward() on tensors of rank 1 to 5, both layouts, along every axis and in every gate order, against
// naive loops in double.

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/tensors.hpp"

#include <sluice/activations/silu.hpp>

#include <string>

using namespace test;

namespace {

constexpr double tolerance = 16;  // see distance()

/// What is wrong with glu along every axis of a tensor; nothing, it is to be hoped. (Plain ifs: a Catch2 assertion in a
/// template takes longer to compile than what it tests.)
template <class Activation, class Tensor>
std::string faults(const std::vector<Index>& extents, const Gating& reference) {
  using Scalar = typename Tensor::Scalar;
  constexpr bool row_major = is_row_major<Tensor>;
  const Index rank = Tensor::NumDimensions;
  std::string found;
  const Array h = random_array<Scalar>(extents, 1);
  Tensor input = to_tensor<Tensor>(h);
  const Eigen::TensorMap<const Tensor> mapped(input.data(), input.dimensions());
  for (Index axis = -rank; axis < rank; ++axis) {
    const auto place = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    if (extents[place] % 2 != 0) continue;
    const Array dy = random_array<Scalar>(halved(h, place).extents, 2);
    const Tensor output_gradient = to_tensor<Tensor>(dy);
    for (const GateOrder order : all_orders) {
      const auto check = [&](const char* what, bool good) {
        if (!good) {
          found += std::string(what) + " (rank " + std::to_string(rank) + ", axis " + std::to_string(axis) +
                   ", order " + std::to_string(int(order)) + ") ";
        }
      };
      const Tensor y = sluice::glu<Activation>(input, axis, order);
      check("y", distance<Scalar>(tensor_to_array(y), glu_reference(h, place, order, reference)) <= tolerance);

      GuardedMemory<Scalar> guarded(dy.extents);
      sluice::glu<Activation>(mapped, axis, guarded.template map<Tensor>(), order);
      check("y of maps", distance<Scalar>(guarded.numbers(row_major), tensor_to_array(y)) == 0);
      check("memory beside y", guarded.written_exactly());

      GuardedMemory<Scalar> dh(extents);
      sluice::glu_backward<Activation>(input, output_gradient, axis, dh.template map<Tensor>(), order);
      const Array expected = glu_gradient_reference(h, dy, place, order, reference);
      check("dh", distance<Scalar>(dh.numbers(row_major), expected) <= tolerance);
      check("memory beside dh", dh.written_exactly());
    }
  }
  return found;
}

template <class Scalar, int Layout>
std::string faults_of_every_rank() {
  const Gating reference = sigmoid_gating();
  std::string found;
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 1, Layout>>({2}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 1, Layout>>({38}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 2, Layout>>({6, 34}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 2, Layout>>({40, 7}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 3, Layout>>({2, 6, 34}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 3, Layout>>({33, 4, 3}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 4, Layout>>({2, 4, 6, 10}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 4, Layout>>({5, 2, 18, 1}, reference);
  found += faults<sluice::Sigmoid, Eigen::Tensor<Scalar, 5, Layout>>({2, 4, 2, 6, 10}, reference);
  return found;
}

}  // namespace

TEST_CASE("glu of row-major tensors, every rank, axis and order", "[glu][tensor]") {
  CHECK(faults_of_every_rank<float, Eigen::RowMajor>() == "");
}

TEST_CASE("glu of column-major tensors, every rank, axis and order", "[glu][tensor]") {
  CHECK(faults_of_every_rank<float, Eigen::ColMajor>() == "");
}

TEST_CASE("glu of double tensors with another gate and another index type", "[glu][tensor]") {
  CHECK(faults<sluice::SiLU, Eigen::Tensor<double, 3>>({4, 6, 22}, silu_gating()) == "");
  const Eigen::Tensor<double, 3, Eigen::RowMajor, int> h(4, 3, 2);
  const auto y = sluice::glu(h, 0);
  STATIC_REQUIRE(std::is_same_v<const Eigen::Tensor<double, 3, Eigen::RowMajor, int>, decltype(y)>);
  CHECK((y.dimension(0) == 2 && y.dimension(1) == 3 && y.dimension(2) == 2));
}

TEST_CASE("glu mixes matrices and tensors of rank 2", "[glu][tensor]") {
  const Eigen::MatrixXf h = Eigen::MatrixXf::Random(5, 12);
  const Eigen::TensorMap<Eigen::Tensor<const float, 2>> tensor(h.data(), 5, 12);
  const Eigen::MatrixXf expected = sluice::glu(h, 1);
  Eigen::Tensor<float, 2, Eigen::RowMajor> y;
  sluice::glu(tensor, 1, y);
  CHECK((y.dimension(0) == 5 && y.dimension(1) == 6));
  for (Index r = 0; r < 5; ++r) {
    for (Index c = 0; c < 6; ++c) CHECK(y(r, c) == Approx(expected(r, c)));
  }
}

TEST_CASE("glu refuses on tensors what it refuses on matrices", "[glu][tensor]") {
  const Array numbers = random_array<float>({2, 3, 8}, 1);
  Eigen::Tensor<float, 3> h = to_tensor<Eigen::Tensor<float, 3>>(numbers), y(2, 4, 3);
  const Eigen::Tensor<float, 1> one(5);
  CHECK(error_of([&] { sluice::glu(h, 3); }) == "glu: expected an axis from -3 to 2, got 3 (input is 2×3×8)");
  CHECK(error_of([&] { sluice::glu(h, -4); }) == "glu: expected an axis from -3 to 2, got -4 (input is 2×3×8)");
  CHECK(error_of([&] { sluice::glu(one, 1); }) == "glu: expected an axis from -1 to 0, got 1 (input is 5)");
  CHECK(error_of([&] { sluice::glu(h, -2); }) == "glu: expected an even extent along axis -2, got 3 (input is 2×3×8)");
  CHECK(error_of([&] { sluice::glu(h, 2, y); }) == "glu: expected output of 2×3×4, got 2×4×3");
  CHECK(error_of([&] { sluice::glu_backward(h, y, 2); }) == "glu: expected output gradient of 2×3×4, got 2×4×3");
  Eigen::TensorMap<Eigen::Tensor<float, 3>> inside(h.data(), 2, 3, 4), empty(h.data(), 0, 3, 4);
  CHECK(error_of([&] { sluice::glu(h, 2, inside); }) ==
        "glu: expected input and output in separate memory, got an overlap");
  CHECK(error_of([&] { sluice::glu(h, 2, empty); }) == "glu: expected output of 2×3×4, got 0×3×4");
  CHECK(distance<float>(tensor_to_array(h), numbers) == 0);
}

TEST_CASE("glu takes empty tensors", "[glu][tensor]") {
  const Eigen::Tensor<float, 3> no_samples(0, 3, 8), no_features(2, 3, 0);
  CHECK(sluice::glu(no_samples, 2).dimension(2) == 4);
  CHECK(sluice::glu(no_features, 0).dimension(0) == 1);
  CHECK(sluice::glu(no_features, -1, GateOrder::Interleaved).dimension(1) == 3);
  CHECK(sluice::glu_backward(no_samples, sluice::glu(no_samples, 0), 0).dimension(2) == 8);
}
