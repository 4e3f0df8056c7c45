// SPDX-License-Identifier: MIT
//
// How an argument is understood as samples: shapes, views without a copy, blocks of rows of what
// has no memory.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/core/samples.hpp>

#include <string>
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

}  // namespace
