// SPDX-License-Identifier: MIT
//
// MatrixView: windows of windows, and when two of them share memory: held against a comparison of
// every pair of elements.
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/core/matrix_view.hpp>

#include <algorithm>
#include <vector>

namespace {

using test::Index;
using View = sluice::detail::MatrixView<float>;

std::vector<const float*> addresses(const View& v) {
  std::vector<const float*> all;
  for (Index i = 0; i < v.rows; ++i) {
    for (Index j = 0; j < v.cols; ++j) all.push_back(&v(i, j));
  }
  std::sort(all.begin(), all.end());
  return all;
}

bool share_an_element(const View& a, const View& b) {
  const auto p = addresses(a), q = addresses(b);
  std::vector<const float*> both;
  std::set_intersection(p.begin(), p.end(), q.begin(), q.end(), std::back_inserter(both));
  return !both.empty();
}

TEST_CASE("views of views", "[core]") {
  std::vector<float> memory(100);
  for (std::size_t i = 0; i < 100; ++i) memory[i] = static_cast<float>(i);
  const View v{memory.data(), 10, 8, 10, 1};
  CHECK(v(3, 4) == 34);
  CHECK(v.middle_rows(2, 3)(1, 4) == 34);
  CHECK(v.middle_cols(2, 3)(3, 2) == 34);
  CHECK(v.transpose()(4, 3) == 34);
  CHECK(v.transpose().rows == 8);
  CHECK(v.middle_rows(10, 0).rows == 0);
  CHECK(sluice::detail::as_eigen(v.middle_cols(1, 3).transpose())(1, 2) == 22);
  const View nothing;
  CHECK(nothing.middle_rows(3, 0).data == nullptr);
}

TEST_CASE("overlap of pieces of one matrix is exactly a shared element", "[core]") {
  test::Random random(1);
  std::vector<float> memory(12 * 12);
  const auto piece = [&](bool by_rows) {
    const Index row = random.index(0, 10), col = random.index(0, 10);
    const Index rows = random.index(1, 11 - row), cols = random.index(1, 11 - col);
    View v{memory.data() + row * 12 + col, rows, cols, 12, 1};
    return by_rows ? v : v.transpose();
  };
  int shared = 0;
  for (int i = 0; i < 2000; ++i) {
    const View a = piece(random.index(0, 1) == 0), b = piece(random.index(0, 1) == 0);
    CAPTURE(i, a.data - memory.data(), a.rows, a.cols, b.data - memory.data(), b.rows, b.cols);
    const bool want = share_an_element(a, b);
    shared += want ? 1 : 0;
    REQUIRE(sluice::detail::overlap(a, b) == want);
    REQUIRE(sluice::detail::overlap(b, a) == want);
  }
  CHECK(shared > 200);
  CHECK(shared < 1800);
}

TEST_CASE("overlap of pieces that take every second row and every third column", "[core]") {
  test::Random random(3);
  std::vector<float> memory(13 * 13);
  const auto piece = [&](Index row_step, Index col_step, bool by_rows, bool rows_back, bool cols_back) {
    const Index rows = random.index(1, 12 / row_step), cols = random.index(1, 12 / col_step);
    const Index row = random.index(0, 12 - (rows - 1) * row_step), col = random.index(0, 12 - (cols - 1) * col_step);
    View v{memory.data() + row * 13 + col, rows, cols, row_step * 13, col_step};
    if (rows_back) v = {&v(rows - 1, 0), rows, cols, -v.row_stride, v.col_stride};
    if (cols_back) v = {&v(0, cols - 1), rows, cols, v.row_stride, -v.col_stride};
    return by_rows ? v : v.transpose();
  };
  int shared = 0, apart = 0;
  for (int i = 0; i < 4000; ++i) {
    const Index row_step = random.index(1, 2), col_step = random.index(1, 3);
    const auto maybe = [&] { return random.index(0, 1) == 0; };
    const auto any = [&] { return piece(row_step, col_step, maybe(), maybe(), maybe()); };
    const View a = any(), b = any();
    CAPTURE(i, a.data - memory.data(), a.rows, a.cols, a.row_stride, a.col_stride);
    CAPTURE(b.data - memory.data(), b.rows, b.cols, b.row_stride, b.col_stride);
    const bool want = share_an_element(a, b);
    ++(want ? shared : apart);
    REQUIRE(sluice::detail::overlap(a, b) == want);
  }
  CHECK(shared > 500);
  CHECK(apart > 500);
}

TEST_CASE("overlap of single rows, whose stride says nothing", "[core]") {
  std::vector<float> memory(20);
  for (const Index stride_a : {-20, -4, 0, 4, 20}) {
    for (const Index stride_b : {-20, -4, 0, 4, 20}) {
      for (Index first = 0; first + 4 <= 20; ++first) {
        CAPTURE(stride_a, stride_b, first);
        const View a{memory.data() + 8, 1, 4, stride_a, 1}, b{memory.data() + first, 1, 4, stride_b, 1};
        CHECK(sluice::detail::overlap(a, b) == (first > 4 && first < 12));
      }
    }
  }
}

TEST_CASE("overlap of channels that lie interleaved", "[core]") {
  std::vector<float> memory(100);
  const auto channel = [&](Index first, Index channels, Index hop) {
    return View{memory.data() + first, 5, 4, hop * channels, channels};  // 5 windows of 4 samples
  };
  for (const Index hop : {4, 5, 1, 3}) {  // side by side, apart, reaching into each other
    CAPTURE(hop);
    CHECK_FALSE(sluice::detail::overlap(channel(0, 2, hop), channel(1, 2, hop)));
    CHECK_FALSE(sluice::detail::overlap(channel(2, 3, hop), channel(1, 3, hop)));
    CHECK_FALSE(sluice::detail::overlap(channel(0, 2, 4), channel(1, 2, hop)));
    CHECK_FALSE(sluice::detail::overlap(channel(0, 2, hop), channel(1, 4, hop)));
    CHECK(sluice::detail::overlap(channel(1, 2, hop), channel(3, 2, hop)));
    CHECK(sluice::detail::overlap(channel(0, 2, hop), channel(2, 4, hop)));
  }
}

TEST_CASE("overlap never misses a shared element, whatever the strides", "[core]") {
  test::Random random(2);
  std::vector<float> memory(260);
  for (int i = 0; i < 4000; ++i) {
    const auto any = [&] {
      const Index rows = random.index(1, 4), cols = random.index(1, 4);
      const Index row_stride = random.index(-12, 12), col_stride = random.index(-12, 12);
      return View{memory.data() + random.index(80, 180), rows, cols, row_stride, col_stride};
    };
    const View a = any(), b = any();
    CAPTURE(i, a.data - memory.data(), a.rows, a.cols, a.row_stride, a.col_stride);
    CAPTURE(b.data - memory.data(), b.rows, b.cols, b.row_stride, b.col_stride);
    if (share_an_element(a, b)) REQUIRE(sluice::detail::overlap(a, b));
  }
}

TEST_CASE("nothing overlaps an empty view", "[core]") {
  std::vector<float> memory(10);
  const View some{memory.data(), 2, 3, 3, 1};
  CHECK(sluice::detail::overlap(some, some));
  CHECK_FALSE(sluice::detail::overlap(some, View{memory.data() + 1, 0, 3, 3, 1}));
  CHECK_FALSE(sluice::detail::overlap(View{memory.data() + 1, 3, 0, 3, 1}, some));
  CHECK_FALSE(sluice::detail::overlap(View{}, View{}));
}

}  // namespace
