// SPDX-License-Identifier: MIT
//
// PackedWeights: every weight lies where panels.hpp says, narrower ones are rounded as documented, what fills a panel
// up is zero, and sizes that cannot be are refused.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/projection/packed_weights.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace {

using sluice::Int8;
using sluice::detail::MatrixView;
using sluice::detail::PackedWeights;
using sluice::detail::Panels;
using test::Index;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

template <class Scalar>
MatrixView<const Scalar> view(const Matrix<Scalar>& m) {
  return {m.data(), m.rows(), m.cols(), 1, m.rows()};
}

template <class Stored>
double number(const Stored& x) {
  if constexpr (std::is_same_v<Stored, Int8>) {
    return x.value;
  } else if constexpr (sizeof(Stored) == 2) {
    return static_cast<double>(static_cast<float>(x));
  } else {
    return static_cast<double>(x);
  }
}

/// What the tile would read: element (k, lane) of packet h of panel p, and what its sum starts from.
template <class Scalar, class Stored>
struct Read {
  static constexpr Index packet = sluice::simd::packet_size<Scalar>;
  Panels<Scalar, Stored> panels;

  struct Place {
    Index panel, packet, lane;
  };
  Place place(int half, Index col) const {
    if (panels.paired) return {col / packet, half, col % packet};
    return {col / (2 * packet), col / packet % 2, col % packet};
  }
  double stored(Index k, const Place& at) const {
    const Stored* const from = at.packet == 0 ? panels.first : panels.second;
    return number(from[at.panel * panels.panel_stride + k * panels.depth_stride + at.lane]);
  }
  double of_column(const Scalar* first, const Scalar* second, const Place& at) const {
    return static_cast<double>((at.packet == 0 ? first : second)[at.panel * panels.width() + at.lane]);
  }
  double bias(const Place& at) const { return of_column(panels.start0, panels.start1, at); }
  double scale(const Place& at) const { return of_column(panels.scale0, panels.scale1, at); }
};

template <class Scalar, class Stored>
void check(Index depth, Index cols, bool paired) {
  CAPTURE(depth, cols, paired);
  constexpr bool scaled = std::is_same_v<Stored, Int8>;
  test::Random random(static_cast<std::uint32_t>(depth * 1009 + cols));
  PackedWeights<Scalar, Stored> packed("Test", depth, cols, paired);
  const int halves = paired ? 2 : 1;
  Matrix<Scalar> weight[2], bias[2];
  for (int h = 0; h < halves; ++h) {
    weight[h] = random.matrix<Matrix<Scalar>>(depth, cols, h + 1);
    bias[h] = random.matrix<Matrix<Scalar>>(cols, 1);
    packed.set_columns(h, 0, view(weight[h]));
    packed.set_bias(h, 0, bias[h].data(), cols);
  }
  CHECK(packed.depth() == depth);
  CHECK(packed.cols() == cols);
  const Read<Scalar, Stored> read{packed.view()};
  constexpr Index packet = sluice::simd::packet_size<Scalar>;
  CHECK(read.panels.depth == depth);
  CHECK(read.panels.cols == cols);

  const Index padded = read.panels.count() * read.panels.width();
  CHECK(packed.bytes() == static_cast<std::size_t>(padded * halves) *
                              (static_cast<std::size_t>(depth) * sizeof(Stored) + (scaled ? 2 : 1) * sizeof(Scalar)));
  // Value and gate that fit one packet share it, and leave the second one of the panel empty.
  const bool shared = paired && sluice::detail::has_half_panels<Scalar> && 2 * cols <= packet;
  CHECK(read.panels.second - read.panels.first == (shared ? packet / 2 : packet));
  const Index width = shared ? packet / 2 : padded;
  bool in_place = true, padding_is_zero = true, biases = true, scales = true;
  for (Index k = 0; shared && k < depth; ++k) {
    for (Index lane = 0; lane < packet; ++lane) {
      padding_is_zero = padding_is_zero && read.stored(k, {0, 0, packet + lane}) == 0;
    }
  }
  for (int h = 0; h < halves; ++h) {
    for (Index c = 0; c < padded; ++c) {
      const auto at = read.place(h, c);
      const bool inside = c < cols;
      biases = biases && read.bias(at) == (inside ? static_cast<double>(bias[h](c)) : 0);
      double scale = 1;
      if constexpr (scaled) {
        scale = read.scale(at);
        const double largest = inside ? static_cast<double>(weight[h].col(c).cwiseAbs().maxCoeff()) : 0;
        if (inside) scales = scales && scale == static_cast<double>(static_cast<Scalar>(largest) / Scalar(127));
      }
      for (Index k = 0; k < depth; ++k) {
        const double got = read.stored(k, at);
        if (!inside) {
          padding_is_zero = padding_is_zero && (c >= width || got == 0);
          continue;
        }
        const double want = static_cast<double>(weight[h](k, c));
        if constexpr (scaled) {
          // The quotient of at most 127 is rounded before it is rounded to a whole number.
          const double slack = 1 + 254 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
          in_place = in_place && std::abs(got) <= 127 && std::abs(want - scale * got) <= scale / 2 * slack;
        } else if constexpr (sizeof(Stored) == 2) {
          in_place = in_place && got == number(Stored(static_cast<float>(weight[h](k, c))));
        } else {
          in_place = in_place && got == want;
        }
      }
    }
  }
  CHECK(in_place);
  CHECK(padding_is_zero);
  CHECK(biases);
  CHECK(scales);
}

template <class Scalar, class Stored>
void check_sizes() {
  constexpr Index packet = sluice::simd::packet_size<Scalar>;
  for (const bool paired : {false, true}) {
    for (Index cols = 1; cols <= 4 * packet + 1; ++cols) check<Scalar, Stored>(3, cols, paired);
    check<Scalar, Stored>(1, 1, paired);
    check<Scalar, Stored>(130, 5, paired);
  }
}

TEST_CASE("doubles are rounded to 16 bits once", "[projection]") {
  const Matrix<double> w = Matrix<double>::Constant(1, 1, 1 + std::ldexp(1, -8) + std::ldexp(1, -30));
  PackedWeights<double, Eigen::bfloat16> packed("test", 1, 1, false);
  packed.set_columns(0, 0, view(w));
  CHECK(number(*packed.view().first) == 1 + std::ldexp(1, -7));
}

TEST_CASE("weights lie where the tile reads them, float", "[projection]") {
  check_sizes<float, float>();
  check_sizes<float, Eigen::bfloat16>();
  check_sizes<float, Eigen::half>();
  check_sizes<float, Int8>();
}

TEST_CASE("weights lie where the tile reads them, double", "[projection]") {
  check_sizes<double, double>();
  check_sizes<double, Eigen::bfloat16>();
  check_sizes<double, Eigen::half>();
  check_sizes<double, Int8>();
}

/// One column of weights as they are stored.
template <class Scalar, class Stored>
Eigen::VectorXd stored_column(const Matrix<Scalar>& column) {
  PackedWeights<Scalar, Stored> packed("Test", column.rows(), 1, false);
  packed.set_columns(0, 0, view(column));
  const Read<Scalar, Stored> read{packed.view()};
  Eigen::VectorXd result(column.rows());
  for (Index k = 0; k < column.rows(); ++k) result(k) = read.stored(k, {0, 0, 0});
  return result;
}

/// Rounding to nearest, ties to even, by arithmetic alone: whole units in the last place of a number with `digits`.
double rounded(double x, int digits, int smallest_exponent) {
  const int exponent = x == 0 ? smallest_exponent : std::max(std::ilogb(x), smallest_exponent);
  return std::ldexp(std::nearbyint(std::ldexp(x, digits - 1 - exponent)), exponent - (digits - 1));
}

template <class Scalar, class Stored>
void check_rounding(int digits, int smallest_exponent, int largest_exponent) {
  test::Random random(8);
  Matrix<Scalar> w(4000, 1);
  double worst = 0;
  for (Index k = 0; k < w.rows(); ++k) {
    const int exponent = static_cast<int>(random.index(smallest_exponent - 12, largest_exponent - 1));
    const double mantissa = 1 + static_cast<double>(random.index(0, 1 << 12)) / (1 << 12);  // ties are frequent
    const double any = k % 2 == 0 ? mantissa : 1 + std::abs(random.number());
    w(k, 0) = static_cast<Scalar>(static_cast<float>(std::ldexp(k % 3 == 0 ? -any : any, exponent)));
  }
  w(0, 0) = static_cast<Scalar>(1 + std::ldexp(1.0, -digits));  // the tie that is moved furthest
  const Eigen::VectorXd got = stored_column<Scalar, Stored>(w);
  Index wrong = 0;
  for (Index k = 0; k < w.rows(); ++k) {
    const double x = static_cast<double>(w(k, 0));
    if (got(k) != rounded(x, digits, smallest_exponent)) ++wrong;
    if (std::abs(x) >= std::ldexp(1.0, smallest_exponent)) worst = std::max(worst, std::abs(got(k) - x) / std::abs(x));
  }
  CHECK(wrong == 0);
  // The bound that packed.hpp documents, and that it is not said too small or much too large.
  CHECK(worst <= std::ldexp(1.0, -digits));
  CHECK(worst > 0.99 * std::ldexp(1.0, -digits));
}

TEST_CASE("16 bits are rounded to nearest, ties to even", "[projection]") {
  check_rounding<float, Eigen::bfloat16>(8, -126, 127);
  check_rounding<double, Eigen::bfloat16>(8, -126, 127);
  check_rounding<float, Eigen::half>(11, -14, 15);
  check_rounding<double, Eigen::half>(11, -14, 15);
}

TEST_CASE("what 16 bits cannot hold becomes infinite, NaN stays NaN", "[projection]") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> w(6, 1);
  w << 65519.0F, 65520.0F, -70000.0F, infinity, -infinity, nan;
  const Eigen::VectorXd half = stored_column<float, Eigen::half>(w);
  CHECK(half(0) == 65504);
  CHECK(half(1) == INFINITY);
  CHECK(half(2) == -INFINITY);
  CHECK(half(3) == INFINITY);
  CHECK(half(4) == -INFINITY);
  CHECK(std::isnan(half(5)));
  w.topRows(3) << 65519.0F, std::numeric_limits<float>::max(), -std::numeric_limits<float>::max();
  const Eigen::VectorXd brain = stored_column<float, Eigen::bfloat16>(w);
  CHECK(brain(0) == 65536);
  CHECK(brain(1) == INFINITY);
  CHECK(brain(2) == -INFINITY);
  CHECK(brain(3) == INFINITY);
  CHECK(brain(4) == -INFINITY);
  CHECK(std::isnan(brain(5)));
}

template <class Scalar>
void check_special_columns() {
  using Limits = std::numeric_limits<Scalar>;
  Matrix<Scalar> w = Matrix<Scalar>::Constant(3, 7, Scalar(0.5));
  w.col(0).setZero();
  w(1, 1) = Limits::quiet_NaN();
  w(2, 2) = Limits::infinity();
  w(0, 3) = -Limits::infinity();
  w.col(4) << Limits::max(), -Limits::max(), Limits::max() / 3;
  w.col(5) << -Limits::denorm_min(), 180 * Limits::denorm_min(), Scalar(0);
  w.col(6) << Limits::min(), -Limits::min() / 2, Limits::denorm_min();
  PackedWeights<Scalar, Int8> packed("Test", 3, 7, true);
  packed.set_columns(1, 0, view(w));
  const Read<Scalar, Int8> read{packed.view()};
  const auto error = [&](Index c) {  // in scales
    const auto at = read.place(1, c);
    double worst = 0;
    for (Index k = 0; k < 3; ++k) {
      // A scale times a whole number below 128 is exact in long double, and the difference is not far from it.
      const long double moved = static_cast<long double>(read.scale(at)) * read.stored(k, at) - w(k, c);
      worst = std::max(worst, static_cast<double>(std::abs(moved) / static_cast<long double>(read.scale(at))));
    }
    return worst;
  };
  CHECK(read.scale(read.place(1, 0)) == static_cast<double>(Limits::min()));
  CHECK(read.stored(1, read.place(1, 0)) == 0);
  for (const Index c : {1, 2, 3}) CHECK(std::isnan(read.scale(read.place(1, c))));
  for (const Index c : {4, 5, 6}) {
    CAPTURE(c);
    CHECK(error(c) <= 0.5 * (1 + 254 * static_cast<double>(Limits::epsilon())));
  }
}

TEST_CASE("Int8: columns of zeros, of what is no number, of the largest and the smallest", "[projection]") {
  check_special_columns<float>();
  check_special_columns<double>();
}

template <class Scalar, class Stored>
void check_piece_by_piece(bool paired) {
  CAPTURE(paired);
  test::Random random(9);
  const Index depth = 7, cols = 45;
  const Matrix<Scalar> w = random.matrix<Matrix<Scalar>>(depth, cols), bias = random.matrix<Matrix<Scalar>>(cols, 1);
  const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = w;
  PackedWeights<Scalar, Stored> whole("Test", depth, cols, paired), pieces("Test", depth, cols, paired);
  const int half = paired ? 1 : 0;
  whole.set_columns(half, 0, view(w));
  whole.set_bias(half, 0, bias.data(), cols);
  Index first = 0;
  for (const Index count : {1, 0, 3, 16, 17, 8}) {
    // Row-major memory this time.
    pieces.set_columns(half, first, MatrixView<const Scalar>{rows.data() + first, depth, count, cols, 1});
    pieces.set_bias(half, first, bias.data() + first, count);
    first += count;
  }
  REQUIRE(first == cols);
  const Read<Scalar, Stored> a{whole.view()}, b{pieces.view()};
  bool same = true;
  for (int h = 0; h <= half; ++h) {
    for (Index c = 0; c < a.panels.count() * a.panels.width(); ++c) {
      const auto at = a.place(h, c);
      same = same && a.bias(at) == b.bias(at);
      if constexpr (std::is_same_v<Stored, Int8>) same = same && a.scale(at) == b.scale(at);
      for (Index k = 0; k < depth; ++k) same = same && a.stored(k, at) == b.stored(k, at);
    }
  }
  CHECK(same);
}

TEST_CASE("columns that are set piece by piece", "[projection]") {
  for (const bool paired : {false, true}) {
    check_piece_by_piece<float, float>(paired);
    check_piece_by_piece<float, Eigen::bfloat16>(paired);
    check_piece_by_piece<double, Int8>(paired);
  }
}

TEST_CASE("panels in the middle are those of the whole", "[projection]") {
  test::Random random(10);
  const Index depth = 3, cols = 5 * sluice::simd::packet_size<float> + 1;
  for (const bool paired : {false, true}) {
    PackedWeights<float, Int8> packed("Test", depth, cols, paired);
    packed.set_columns(0, 0, view(random.matrix<Matrix<float>>(depth, cols)));
    const Matrix<float> bias = random.matrix<Matrix<float>>(cols, 1);
    packed.set_bias(0, 0, bias.data(), cols);
    const Read<float, Int8> whole{packed.view()};
    for (Index from = 0; from < whole.panels.count(); ++from) {
      for (Index count = 1; from + count <= whole.panels.count(); ++count) {
        const Read<float, Int8> part{whole.panels.middle(from, count)};
        const Index first = from * whole.panels.width();
        CHECK(part.panels.count() == count);
        CHECK(part.panels.cols == std::min(count * whole.panels.width(), cols - first));
        bool same = true;
        for (Index c = 0; c < part.panels.cols; ++c) {
          const auto at = part.place(0, c), in_whole = whole.place(0, first + c);
          same = same && part.bias(at) == whole.bias(in_whole) && part.scale(at) == whole.scale(in_whole) &&
                 part.stored(depth - 1, at) == whole.stored(depth - 1, in_whole);
        }
        CHECK(same);
      }
    }
  }
}

TEST_CASE("sizes that are not positive or cannot be addressed are refused", "[projection]") {
  constexpr Index huge = std::numeric_limits<Index>::max();
  const auto refused = [](Index depth, Index cols, bool paired) {
    return test::error_of([&] { PackedWeights<float, Int8>("Test", depth, cols, paired); });
  };
  CHECK(refused(0, 3, true) == "Test: expected input_dim > 0, got 0");
  CHECK(refused(3, -1, false) == "Test: expected units > 0, got -1");
  for (const bool paired : {false, true}) {
    for (const auto& [depth, cols] : {std::pair<Index, Index>{1, huge}, {huge, 1}, {huge, huge}, {huge / 8, 8}}) {
      CAPTURE(depth, cols, paired);
      CHECK(refused(depth, cols, paired).find("is more than this machine can address") != std::string::npos);
    }
  }
}

}  // namespace
