// SPDX-License-Identifier: MIT
//
// What glu() and glu_backward() refuse, and what they say; and the empty inputs that they accept.

#include "support/catch.hpp"
#include "support/glu_reference.hpp"
#include "support/matchers.hpp"

#include <string>

using test::GateOrder;

TEST_CASE("glu refuses an axis that is not there", "[glu]") {
  const Eigen::MatrixXf h = Eigen::MatrixXf::Random(3, 8);
  CHECK(test::error_of([&] { sluice::glu(h, 2); }) == "glu: expected an axis from -2 to 1, got 2 (input is 3×8)");
  CHECK(test::error_of([&] { sluice::glu(h, -3); }) == "glu: expected an axis from -2 to 1, got -3 (input is 3×8)");
  CHECK(test::error_of([&] { sluice::glu_backward(h, h, 2); }) ==
        "glu: expected an axis from -2 to 1, got 2 (input is 3×8)");
}

TEST_CASE("glu refuses an odd extent", "[glu]") {
  const Eigen::MatrixXf h = Eigen::MatrixXf::Random(3, 7);
  const Eigen::VectorXf v = Eigen::VectorXf::Random(8);
  CHECK(test::error_of([&] { sluice::glu(h, 1); }) ==
        "glu: expected an even extent along axis 1, got 7 (input is 3×7)");
  CHECK(test::error_of([&] { sluice::glu(h, -2, GateOrder::Interleaved); }) ==
        "glu: expected an even extent along axis -2, got 3 (input is 3×7)");
  CHECK(test::error_of([&] { sluice::glu(v.head(5), 0); }) ==
        "glu: expected an even extent along axis 0, got 5 (input is 5×1)");
  // A vector has one axis to split; across, there is one scalar only.
  CHECK(test::error_of([&] { sluice::glu(v, 1); }) ==
        "glu: expected an even extent along axis 1, got 1 (input is 8×1)");
  CHECK(test::error_of([&] { sluice::glu(v.transpose(), -2); }) ==
        "glu: expected an even extent along axis -2, got 1 (input is 1×8)");
}

TEST_CASE("glu refuses an output of another shape and leaves it as it was", "[glu]") {
  const Eigen::MatrixXf h = Eigen::MatrixXf::Random(3, 8);
  Eigen::MatrixXf y = Eigen::MatrixXf::Constant(3, 5, 2.f), buffer = Eigen::MatrixXf::Constant(9, 9, 2.f);
  CHECK(test::error_of([&] { sluice::glu(h, 1, y); }) == "glu: expected output of 3×4, got 3×5");
  CHECK(test::error_of([&] { sluice::glu(h, 1, buffer.topLeftCorner(4, 3)); }) ==
        "glu: expected output of 3×4, got 4×3");
  CHECK(test::error_of([&] { sluice::glu(h, 1, buffer.topLeftCorner(0, 0)); }) ==
        "glu: expected output of 3×4, got 0×0");
  Eigen::Matrix<float, 3, 5> fixed;
  CHECK(test::error_of([&] { sluice::glu(h, 1, fixed); }) == "glu: expected output of 3×4, got 3×5");
  CHECK(((y.array() == 2.f).all() && (buffer.array() == 2.f).all()));

  const Eigen::MatrixXf dy = Eigen::MatrixXf::Random(3, 4);
  CHECK(test::error_of([&] { sluice::glu_backward(h, y, 1); }) == "glu: expected output gradient of 3×4, got 3×5");
  CHECK(test::error_of([&] { sluice::glu_backward(h, dy, 1, y); }) == "glu: expected input gradient of 3×8, got 3×5");
  CHECK((y.array() == 2.f).all());
}

TEST_CASE("glu refuses shared memory", "[glu]") {
  Eigen::MatrixXf h = Eigen::MatrixXf::Random(3, 8);
  const Eigen::MatrixXf before = h;
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(3, 4);
  CHECK(test::error_of([&] { sluice::glu(h, 1, h.leftCols(4)); }) ==
        "glu: expected input and output in separate memory, got an overlap");
  CHECK(test::error_of([&] { sluice::glu_backward(h, x, 1, h); }) ==
        "glu: expected input and input gradient in separate memory, got an overlap");
  Eigen::MatrixXf dh(3, 8);
  CHECK(test::error_of([&] { sluice::glu_backward(h, dh.rightCols(4), 1, dh); }) ==
        "glu: expected output gradient and input gradient in separate memory, got an overlap");
  CHECK(h == before);
}

TEST_CASE("glu gives an empty output its shape and takes empty inputs", "[glu]") {
  const Eigen::MatrixXf h = Eigen::MatrixXf::Random(3, 8);
  Eigen::MatrixXf y, dh;
  sluice::glu(h, 1, y);
  sluice::glu_backward(h, y, 1, dh);
  CHECK((y.rows() == 3 && y.cols() == 4 && dh.rows() == 3 && dh.cols() == 8));

  const Eigen::MatrixXf no_rows(0, 8), no_cols(3, 0), nothing;
  const auto a = sluice::glu(no_rows, 1), b = sluice::glu(no_rows, 0), c = sluice::glu(no_cols, 1);
  CHECK((a.rows() == 0 && a.cols() == 4));
  CHECK((b.rows() == 0 && b.cols() == 8));
  CHECK((c.rows() == 3 && c.cols() == 0));
  CHECK(sluice::glu(nothing, 0, GateOrder::Interleaved).size() == 0);
  CHECK(sluice::glu_backward(no_rows, a, 1).cols() == 8);
  CHECK(test::error_of([&] { sluice::glu(no_cols, 0); }) ==
        "glu: expected an even extent along axis 0, got 3 (input is 3×0)");
}
