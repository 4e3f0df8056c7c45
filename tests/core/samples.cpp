// SPDX-License-Identifier: MIT
//
// How an argument is understood as samples: shapes, views without a copy, blocks of rows of what
// has no memory.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/core/samples.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace {

using sluice::detail::MatrixView;
using sluice::detail::SampleTraits;
using test::Index;

template <class T>
std::string shape_of(const T& x) {
  const auto shape = SampleTraits<T>::shape(x);
  return std::to_string(shape[0]) + " samples of " + std::to_string(shape[1]) + ", " + SampleTraits<T>::text(shape);
}

TEST_CASE("rows are samples, vectors are one sample", "[core]") {
  const Eigen::MatrixXf m(4, 3);
  CHECK(shape_of(m) == "4 samples of 3, 4×3");
  CHECK(shape_of(m.transpose()) == "3 samples of 4, 3×4");
  CHECK(shape_of(Eigen::VectorXf(5)) == "1 samples of 5, 5×1");
  CHECK(shape_of(Eigen::RowVectorXf(5)) == "1 samples of 5, 1×5");
  CHECK(shape_of(m.row(1)) == "1 samples of 3, 1×3");
  CHECK(shape_of(m.col(1)) == "1 samples of 4, 4×1");
  CHECK(shape_of(Eigen::MatrixXf(5, 1)) == "5 samples of 1, 5×1");
  CHECK(shape_of(Eigen::Matrix<float, 1, 1>()) == "1 samples of 1, 1×1");
}

TEST_CASE("what has memory is seen in place", "[core]") {
  test::Random random(8);
  const Eigen::MatrixXf m = random.matrix<Eigen::MatrixXf>(7, 6);
  const auto check = [&](const auto& x, const float* address) {
    using Traits = SampleTraits<std::remove_cvref_t<decltype(x)>>;
    STATIC_REQUIRE(Traits::has_memory);
    const MatrixView<const float> view = Traits::view(x);
    CHECK(view.data == address);
    const Eigen::MatrixXf want = Traits::is_column ? Eigen::MatrixXf(x.matrix().transpose()) : Eigen::MatrixXf(x);
    CHECK(test::same_bits(sluice::detail::as_eigen(view), want));
  };
  check(m, m.data());
  check(m.transpose(), m.data());
  check(m.block(1, 2, 3, 4), &m(1, 2));
  check(m.row(2), &m(2, 0));
  check(m.col(2), &m(0, 2));
  check(m.array(), m.data());
  check(m.diagonal(), m.data());
  check(m.reshaped(6, 7), m.data());
  const Eigen::Ref<const Eigen::MatrixXf> reference = m;
  check(reference, m.data());
  STATIC_REQUIRE_FALSE(SampleTraits<std::remove_cvref_t<decltype(2 * m)>>::has_memory);
  STATIC_REQUIRE_FALSE(SampleTraits<std::remove_cvref_t<decltype(m.rowwise().reverse())>>::has_memory);
  STATIC_REQUIRE_FALSE(SampleTraits<std::remove_cvref_t<decltype(m.block(0, 0, 2, 2))>>::is_writable);
  STATIC_REQUIRE(SampleTraits<Eigen::Block<Eigen::MatrixXf>>::is_writable);
  STATIC_REQUIRE_FALSE(SampleTraits<std::vector<float>>::is_supported);
}

TEST_CASE("what has no memory comes in blocks of rows that together are everything", "[core]") {
  test::Random random(9);
  for (const Index samples : {0, 1, 63, 64, 65, 200}) {
    CAPTURE(samples);
    const Eigen::MatrixXf m = random.matrix<Eigen::MatrixXf>(samples, 5);
    const auto expression = 2 * m;
    Eigen::MatrixXf together = Eigen::MatrixXf::Zero(samples, 5);
    Index next = 0;
    SampleTraits<std::remove_cv_t<decltype(expression)>>::for_each_block(
        expression, [&](Index first, const MatrixView<const float>& rows) {
          CHECK(first == next);
          next += rows.rows;
          together.middleRows(first, rows.rows) = sluice::detail::as_eigen(rows);
        });
    CHECK(next == samples);
    CHECK(test::same_bits(together, Eigen::MatrixXf(2 * m)));
    sluice::detail::with_view(expression, [&](const MatrixView<const float>& all) {
      CHECK(test::same_bits(sluice::detail::as_eigen(all), Eigen::MatrixXf(2 * m)));
    });
  }
}

TEST_CASE("an expression of fixed size that is too large for an object comes in blocks", "[core]") {
  test::Random random(10);
  const Eigen::MatrixXf m = random.matrix<Eigen::MatrixXf>(300, 200);  // 240 KB
  const Eigen::Map<const Eigen::Matrix<float, 300, 200>> fixed(m.data());
  Index blocks = 0, next = 0;
  bool right = true;
  SampleTraits<std::remove_cv_t<decltype(2 * fixed)>>::for_each_block(
      2 * fixed, [&](Index first, const MatrixView<const float>& rows) {
        right = right && first == next &&
                test::same_bits(sluice::detail::as_eigen(rows), Eigen::MatrixXf(2 * m.middleRows(first, rows.rows)));
        next = first + rows.rows;
        ++blocks;
      });
  CHECK(right);
  CHECK(next == 300);
  CHECK(blocks > 1);
}

template <class X, Index Features>
using Output = typename SampleTraits<X>::template Output<Features>;

TEST_CASE("the type of an output follows the input's", "[core]") {
  using Eigen::Dynamic;
  using Eigen::Matrix;
  constexpr int row_major = Eigen::RowMajor;
  STATIC_REQUIRE(std::is_same_v<Output<Eigen::MatrixXf, Dynamic>, Eigen::MatrixXf>);
  STATIC_REQUIRE(std::is_same_v<Output<Matrix<float, 4, 3>, 5>, Matrix<float, 4, 5>>);
  STATIC_REQUIRE(std::is_same_v<Output<Matrix<float, 4, 3>, 1>, Matrix<float, 4, Dynamic>>);
  STATIC_REQUIRE(std::is_same_v<Output<Eigen::VectorXf, 5>, Matrix<float, 5, 1>>);
  STATIC_REQUIRE(std::is_same_v<Output<Matrix<float, 1, 3>, Dynamic>, Eigen::RowVectorXf>);
  // A limit of samples stays one.
  using Bounded = Matrix<float, Dynamic, 3, 0, 16, 3>;
  STATIC_REQUIRE(std::is_same_v<Output<Bounded, 5>, Matrix<float, Dynamic, 5, 0, 16, 5>>);
  STATIC_REQUIRE(std::is_same_v<Output<Bounded, Dynamic>, Matrix<float, Dynamic, Dynamic, 0, 16, Dynamic>>);
  using BoundedRows = Matrix<float, Dynamic, 3, row_major, 1, 3>;
  STATIC_REQUIRE(std::is_same_v<Output<BoundedRows, 5>, Matrix<float, Dynamic, 5, row_major, 1, 5>>);
  // What is too large for an object lies on the heap.
  STATIC_REQUIRE(std::is_same_v<Output<Matrix<float, 64, 3>, 512>, Matrix<float, 64, 512>>);
  STATIC_REQUIRE(std::is_same_v<Output<Matrix<float, 64, 3>, 513>, Matrix<float, 64, Dynamic>>);
  STATIC_REQUIRE(std::is_same_v<Output<Matrix<double, 3, 1>, 16385>, Eigen::VectorXd>);
  STATIC_REQUIRE(sizeof(Output<Matrix<float, Dynamic, 3, 0, 64, 3>, 513>) < 100);
}

TEST_CASE("an output with a limit takes no shape beyond it", "[core]") {
  using Bounded = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, 0, 4, 3>;
  using Traits = SampleTraits<Bounded>;
  CHECK(Traits::can_resize({4, 3}));
  CHECK_FALSE(Traits::can_resize({5, 3}));
  CHECK_FALSE(Traits::can_resize({4, 4}));
}

}  // namespace
