// SPDX-License-Identifier: MIT
//
// C = S + A·B on the register tile against three plain loops: sizes on both sides of every tile,
// panel and cache block, and all strides that the layer hands in.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/reference.hpp"

#include <sluice/projection/product.hpp>

namespace {

using sluice::detail::MatrixView;
using sluice::detail::Reading;
using test::Index;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Room for surplus lanes behind the last column, as the library's own blocks have.
template <class Scalar>
constexpr Index room = 2 * sluice::simd::register_size<Scalar>();

template <class Scalar>
MatrixView<const Scalar> view(const Matrix<Scalar>& m, Index rows, Index cols) {
  return {m.data(), rows, cols, m.cols(), 1};
}
template <class Scalar>
MatrixView<Scalar> view(Matrix<Scalar>& m, Index rows, Index cols) {
  return {m.data(), rows, cols, m.cols(), 1};
}

/// A and B stand or lie; the surplus of B is NaN and must not be seen.
template <class Scalar>
void check(Index rows, Index depth, Index cols) {
  CAPTURE(rows, depth, cols);
  test::Random random(static_cast<std::uint32_t>(rows * 7919 + depth * 104729 + cols));
  const Matrix<Scalar> a = random.template matrix<Matrix<Scalar>>(rows, depth), a_upright = a.transpose();
  Matrix<Scalar> b = random.template matrix<Matrix<Scalar>>(depth, cols + room<Scalar>);
  Matrix<Scalar> b_gate = random.template matrix<Matrix<Scalar>>(depth, cols + room<Scalar>);
  Matrix<Scalar> b_upright =
      Matrix<Scalar>::Constant(cols, depth + room<Scalar>, std::numeric_limits<Scalar>::quiet_NaN());
  b_upright.leftCols(depth) = b.leftCols(cols).transpose();
  b.rightCols(room<Scalar>).setConstant(std::numeric_limits<Scalar>::quiet_NaN());
  b_gate.rightCols(room<Scalar>).setConstant(std::numeric_limits<Scalar>::quiet_NaN());
  const Matrix<Scalar> start = random.template matrix<Matrix<Scalar>>(rows, cols);
  const test::Matrix product = test::multiply(test::to_double(a), test::to_double(b.leftCols(cols)));
  const test::Matrix want = test::to_double(start) + product;
  const test::Matrix want_gate = test::multiply(test::to_double(a), test::to_double(b_gate.leftCols(cols)));
  const double tolerance = test::rounding<Scalar>(depth);

  const auto fresh = [&] {
    Matrix<Scalar> c = Matrix<Scalar>::Constant(rows, (cols / room<Scalar> + 2) * room<Scalar>, Scalar(1));
    c.leftCols(cols) = start;
    return c;
  };
  const auto space = sluice::detail::PackingSpace<Scalar>::of_thread(std::max<Index>(rows, 2), depth, 2 * cols);
  for (const bool a_lies : {false, true}) {
    const MatrixView<const Scalar> a_view = a_lies ? view(a, rows, depth) : view(a_upright, depth, rows).transpose();
    for (const bool b_lies : {false, true}) {
      const MatrixView<const Scalar> b_view = b_lies ? view<Scalar>(std::as_const(b), depth, cols)
                                                     : view<Scalar>(std::as_const(b_upright), cols, depth).transpose();
      for (const bool padded : {false, true}) {
        CAPTURE(a_lies, b_lies, padded);
        Matrix<Scalar> c = fresh();
        sluice::detail::multiply<Scalar>(a_view, b_view, view(c, rows, cols),
                                         sluice::detail::start_from_target<Scalar>(), space, padded);
        CHECK(test::relative_error(c.leftCols(cols), want) < tolerance);
        if (!padded && rows > 0) CHECK((c.rightCols(c.cols() - cols).array() == Scalar(1)).all());
        sluice::detail::multiply<Scalar>(a_view, b_view, view(c, rows, cols), sluice::detail::start_from_zero<Scalar>(),
                                         space, padded);
        CHECK(test::relative_error(c.leftCols(cols), product) < tolerance);
      }
    }
    // From zero and from a bias, into memory that holds something else. However B is read.
    const Matrix<Scalar> bias = random.template matrix<Matrix<Scalar>>(1, cols + room<Scalar>);
    const Matrix<Scalar> gate_bias = random.template matrix<Matrix<Scalar>>(1, cols + room<Scalar>);
    const test::Matrix biased_gate = want_gate.rowwise() + test::to_double(gate_bias.leftCols(cols)).row(0);
    const test::Matrix biased = product.rowwise() + test::to_double(bias.leftCols(cols)).row(0);
    for (const auto reading : {Reading::InPlace, Reading::Streamed, Reading::Packed}) {
      CAPTURE(static_cast<int>(reading));
      Matrix<Scalar> c = fresh(), c_gate = fresh();
      sluice::detail::multiply_halves<Scalar>(
          a_view, {view<Scalar>(std::as_const(b), depth, cols), view<Scalar>(std::as_const(b_gate), depth, cols)},
          {view(c, rows, cols), view(c_gate, rows, cols)},
          sluice::detail::start_from_bias<Scalar>(bias.data(), gate_bias.data()), reading, space);
      CHECK(test::relative_error(c.leftCols(cols), biased) < tolerance);
      CHECK(test::relative_error(c_gate.leftCols(cols), biased_gate) < tolerance);
      c = fresh();
      sluice::detail::multiply_weights<Scalar>(a_view, view<Scalar>(std::as_const(b), depth, cols), view(c, rows, cols),
                                               sluice::detail::start_from_bias<Scalar>(bias.data(), bias.data()),
                                               reading, space, true);
      CHECK(test::relative_error(c.leftCols(cols), biased) < tolerance);
    }
    Matrix<Scalar> c = fresh();
    sluice::detail::multiply<Scalar>(a_view, view<Scalar>(std::as_const(b), depth, cols), view(c, rows, cols),
                                     sluice::detail::start_from_zero<Scalar>(), space, true);
    CHECK(test::relative_error(c.leftCols(cols), product) < tolerance);
    sluice::detail::multiply<Scalar>(a_view, view<Scalar>(std::as_const(b), depth, cols), view(c, rows, cols),
                                     sluice::detail::start_from_bias<Scalar>(bias.data(), bias.data()), space, true);
    CHECK(test::relative_error(c.leftCols(cols), biased) < tolerance);
  }
}

template <class Scalar>
void check_sizes() {
  for (const Index rows : {1, 2, 6, 7, 13, 14, 15, 28, 43}) {
    for (const Index cols : {1, 3, 8, 16, 17, 33}) check<Scalar>(rows, 9, cols);
  }
  for (const Index depth : {1, 2, 3, 4, 5, 7, 15, 16, 17, 127, 128, 129, 255, 256, 257, 513}) {
    check<Scalar>(1, depth, 5);
    check<Scalar>(5, depth, 18);
    check<Scalar>(17, depth, 18);  // too many rows for dots: an upright B is packed, a block of the depth at a time
  }
  for (const Index rows : {223, 224, 225, 449}) check<Scalar>(rows, 5, 19);
  for (const Index depth : {1, 2, 3, 4, 5, 6, 7, 8}) {  // rows of C side by side, and alone
    check<Scalar>(13, depth, 70);
    check<Scalar>(9, depth, 64);
  }
  check<Scalar>(2050, 1, 1030);  // one product for each element of a C from memory
  check<Scalar>(3, 4, 700);
  check<Scalar>(1, 4, 4200);
  check<Scalar>(17, 400, 500);  // several panels at a time of a B in streams, over several blocks of the depth
  check<Scalar>(5, 400, 500);
  check<Scalar>(60, 600, 500);  // packed in blocks, each of which is asked for while tiles run on the one before
  check<Scalar>(7, 4100, 18);   // dots in pieces of the depth
  check<Scalar>(17, 300, 7);    // half a panel, several blocks of the depth
  check<Scalar>(0, 4, 5);
  check<Scalar>(0, 400, 500);
}

TEST_CASE("products on the register tile, float", "[projection]") { check_sizes<float>(); }
TEST_CASE("products on the register tile, double", "[projection]") { check_sizes<double>(); }

/// Whether a product packs B, whose rows lie so many bytes apart: its packing space holds something else then.
bool packs(Index rows, Index depth, Index row_bytes) {
  test::Random random(5);
  const Index stride = row_bytes / Index(sizeof(float)), cols = stride - room<float>;
  const auto a = random.matrix<Matrix<float>>(rows, depth);
  const auto b = random.matrix<Matrix<float>>(depth, stride);
  Matrix<float> c(rows, stride);
  const auto space = sluice::detail::PackingSpace<float>::of_thread(rows, depth, cols);
  const float untouched = 1234;
  space.b[0] = untouched;
  sluice::detail::multiply<float>(view(a, rows, depth), view(b, depth, cols), view(c, rows, cols),
                                  sluice::detail::start_from_zero<float>(), space, true);
  return space.b[0] != untouched;
}

TEST_CASE("many rows pack B, few read it where it lies", "[projection]") {
  constexpr bool narrow = !sluice::detail::packets_fill_lines<float>;
  constexpr bool halves_of_lines = sluice::simd::packet_size<float> == 8;
  const auto packs_from = [](Index rows, Index depth, Index row_bytes) {
    CAPTURE(rows, depth, row_bytes);
    CHECK_FALSE(packs(rows - 1, depth, row_bytes));
    CHECK(packs(rows, depth, row_bytes));
  };
  packs_from(narrow ? 33 : 225, 600, 2000);  // large
  packs_from(narrow ? 33 : 225, 600, 2048);
  packs_from(narrow ? 13 : 65, 300, 4096);  // in one set of L1
  if (narrow) {
    packs_from(33, 300, 2000);
    packs_from(97, 100, 2000);  // stays in L2
    packs_from(25, 100, 2048);  // in two sets
    packs_from(25, 150, 2048);
    packs_from(7, 100, 4096);
    packs_from(49, 150, 1984);  // rows of whole lines
    packs_from(25, 280, 1536);
    packs_from(halves_of_lines ? 25 : 97, 150, 2000);
  } else {
    CHECK_FALSE(packs(97, 500, 2048));
  }
  CHECK_FALSE(packs(97, 30, 1000));  // stays in L1
}

TEST_CASE("few rows read several rows of a large B side by side", "[projection]") {
  using sluice::detail::reading_of;
  constexpr bool halves_of_lines = sluice::simd::packet_size<float> == 8;
  const auto streams = [](Index rows, Index depth, Index stride) {
    return reading_of<float>(rows, depth, stride) == Reading::Streamed;
  };
  CHECK(streams(32, 600, 1400));                                                            // larger than L2
  for (const Index rows : {2, 4, 7, 8}) CHECK(streams(rows, 256, 512) == halves_of_lines);  // tiles of four rows
  for (const Index rows : {5, 6, 9, 16}) CHECK_FALSE(streams(rows, 256, 512));
  CHECK(streams(16, 400, 300) == halves_of_lines);  // rows are no whole lines
  CHECK(streams(6, 128, 1024) == halves_of_lines);  // and lie in one set
  CHECK_FALSE(streams(4, 1000, 128));               // deep and narrow
  CHECK_FALSE(streams(4, 128, 512));                // half of L2
}

TEST_CASE("one row goes along the rows of B where panels would take parts of lines", "[projection]") {
  using sluice::detail::reading_of;
  constexpr bool narrow = !sluice::detail::packets_fill_lines<float>;
  const auto streams = [](Index depth, Index stride, Index matrices = 1) {
    return reading_of<float>(1, depth, stride, matrices) == Reading::Streamed;
  };
  CHECK(streams(600, 1400));                 // larger than L2
  CHECK(streams(200, 250));                  // rows are no whole lines
  CHECK(streams(300, 16 * 9));               // their halves are none
  CHECK(streams(300, 16 * 9, 2) == narrow);  // of two matrices the rows are
  CHECK(streams(256, 256) == narrow);
  CHECK(streams(1000, 48) == narrow);  // short rows
  CHECK_FALSE(streams(30, 200));       // stays in L1
}

TEST_CASE("more rows of B are streams while it lies in L3, and of many rows of A", "[projection]") {
  using sluice::detail::streams;
  constexpr bool narrow = !sluice::detail::packets_fill_lines<float>;
  const auto in_l3 = [](Index rows) { return streams<float>(rows, 1000, 2000); };  // 8 MB
  CHECK(in_l3(2) == (narrow ? 16 : 32));
  CHECK(in_l3(4) == (narrow ? 16 : 64));
  CHECK(in_l3(64) == (narrow ? 32 : 64));
  CHECK(in_l3(65) == (narrow ? 32 : 128));
  const auto from_memory = [](Index rows) { return streams<float>(rows, 1100, 2000); };
  CHECK(from_memory(sluice::detail::max_tile_rows) == (narrow ? 16 : 32));
  CHECK(from_memory(sluice::detail::max_tile_rows + 1) == (narrow ? 16 : 64));
}

TEST_CASE("value and gate are read by neighbouring packets where that takes whole lines", "[projection]") {
  using sluice::detail::by_neighbours;
  constexpr bool narrow = !sluice::detail::packets_fill_lines<float>;
  constexpr Index rows = sluice::detail::max_tile_rows;    // a tile of one panel
  CHECK(by_neighbours<float>(rows, 100, 320) == narrow);   // 125 KB
  CHECK_FALSE(by_neighbours<float>(2, 100, 320));          // a tile of several panels takes lines anyway
  CHECK(by_neighbours<float>(2, 100, 256) == narrow);      // but not from few sets
  CHECK_FALSE(by_neighbours<float>(rows, 40, 320));        // 50 KB
  CHECK(by_neighbours<float>(rows, 40, 256) == narrow);    // 40 KB, in few sets
  CHECK_FALSE(by_neighbours<float>(rows, 30, 256));        // stays in L1
  CHECK_FALSE(by_neighbours<float>(rows, 1000, 2 * 100));  // the gate begins in the middle of a line
}

TEST_CASE("lines of A that lie far apart: columns are packed first, of rows fewer pass at a time", "[projection]") {
  check<float>(17, 512, 130);
  check<float>(17, 1024, 130);
  check<float>(17, 1024, 7);
  check<float>(512, 17, 130);
  check<double>(30, 256, 70);
  check<double>(30, 512, 70);
}

TEST_CASE("products of other scalars", "[projection]") {
  check<long double>(1, 5, 3);
  check<long double>(7, 5, 9);
}

}  // namespace
