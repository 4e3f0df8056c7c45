// SPDX-License-Identifier: MIT
//
// Copies between memory orders: every element arrives, nothing beside the target is written.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/core/pack.hpp>

namespace {

using sluice::detail::MatrixView;
using test::Index;

template <class Scalar>
void check_pack_lanes() {
  constexpr Index size = sluice::simd::packet_size<Scalar>;
  test::Random random(5);
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  const Vector from = random.template matrix<Vector>(4000, 1);
  for (const Index lanes : {Index(1), Index(2), size - 1, size, size + 1, 2 * size}) {
    if (lanes < 1) continue;
    for (const Index depth : {Index(1), Index(3), size, 2 * size + 3}) {
      const Index width = (lanes + size - 1) / size * size;
      for (const auto& [lane_stride, depth_stride] :
           {std::pair<Index, Index>{1, width + 3}, {depth + 2, 1}, {2, 70}, {1, 1}}) {
        CAPTURE(lanes, depth, lane_stride, depth_stride);
        const Index to_stride = width + 2;
        Vector to = Vector::Constant(depth * to_stride + 4, Scalar(99));
        sluice::detail::pack_lanes<Scalar>(from.data(), lanes, lane_stride, depth, depth_stride, to.data(), to_stride);
        bool arrived = true, untouched = true;
        for (Index k = 0; k < depth; ++k) {
          for (Index lane = 0; lane < lanes; ++lane) {
            arrived = arrived && to(k * to_stride + lane) == from(lane * lane_stride + k * depth_stride);
          }
          for (Index i = width; i < to_stride; ++i) untouched = untouched && to(k * to_stride + i) == Scalar(99);
        }
        CHECK(arrived);
        CHECK(untouched);
      }
    }
  }
}

TEST_CASE("strips of a matrix in the order of the tile", "[core]") {
  check_pack_lanes<float>();
  check_pack_lanes<double>();
}

template <class Scalar>
void check_partial() {
  namespace simd = sluice::simd;
  constexpr Index size = simd::packet_size<Scalar>;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  const Vector from = Vector::LinSpaced(2 * size, Scalar(1), Scalar(2 * size));
  for (Index count = 0; count <= size; ++count) {
    CAPTURE(count);
    Vector to = Vector::Constant(size + 2, Scalar(99));
    simd::store_partial(to.data() + 1, simd::load(from.data() + 1), count);
    CHECK(to.segment(1, count) == from.segment(1, count));
    CHECK((to.head(1).array() == Scalar(99)).all());
    CHECK((to.tail(size + 1 - count).array() == Scalar(99)).all());
    simd::store(to.data(), simd::load_partial(from.data() + 1, count));
    CHECK(to.head(count) == from.segment(1, count));
    CHECK((to.segment(count, size - count).array() == Scalar(0)).all());
  }
  Vector to = Vector::Constant(size + 1, Scalar(99));  // more may be left than a packet
  simd::store_partial(to.data(), simd::load_partial(from.data(), 3 * size), 2 * size);
  CHECK(to.head(size) == from.head(size));
  CHECK(to[size] == Scalar(99));
}

TEST_CASE("a part of a packet to and from memory", "[core]") {
  check_partial<float>();
  check_partial<double>();
}

template <class Scalar>
void check_copies() {
  test::Random random(6);
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  for (const Index rows : {1, 2, 7, 16, 33}) {
    for (const Index cols : {1, 3, 8, 17}) {
      const Matrix m = random.template matrix<Matrix>(rows, cols);
      const Matrix m_upright = m.transpose();
      const MatrixView<const Scalar> from{m.data(), rows, cols, cols, 1};
      const MatrixView<const Scalar> from_upright{m_upright.data(), rows, cols, 1, rows};
      for (const auto& [row_stride, col_stride] :
           {std::pair<Index, Index>{cols + 3, 1}, {1, rows + 2}, {3 * cols + 1, 3}, {2, 2 * rows + 5}}) {
        CAPTURE(rows, cols, row_stride, col_stride);
        Vector memory = Vector::Constant(5000, Scalar(99));
        const MatrixView<Scalar> to{memory.data() + 7, rows, cols, row_stride, col_stride};
        const auto arrived = [&] {
          const bool all = test::same_bits(sluice::detail::as_eigen(to), m);
          sluice::detail::as_eigen(to).setConstant(Scalar(99));
          return all && (memory.array() == Scalar(99)).all();
        };
        sluice::detail::copy_block<Scalar>(from, to);
        CHECK(arrived());
        sluice::detail::copy_any<Scalar>(from, to);
        CHECK(arrived());
        sluice::detail::copy_any<Scalar>(from_upright, to);
        CHECK(arrived());
      }
    }
  }
}

TEST_CASE("blocks into matrices of any strides", "[core]") {
  check_copies<float>();
  check_copies<double>();
  check_copies<long double>();
}

}  // namespace
