// SPDX-License-Identifier: MIT
//
// multiply_panels hands every sum to the sink once, whatever the rows, the panels and the columns of the last one, and
// needs no more memory for its sums than it says.
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/sink.hpp"

#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/panels.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace sluice::detail;
using test::Index;

enum class Kind { Paired, Neighbours, Split };

/// Weights in place, whose surplus columns are NaN, and samples.
template <class Scalar>
struct Case {
  static constexpr Index packet = Panels<Scalar, Scalar>::packet;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  enum class Samples { ByRows, ByColumns, Strided };

  Kind kind;
  Index rows, depth, cols;
  bool bias;
  Samples layout;
  Matrix x, memory_of_x, w, biases;  // w and biases: value, surplus, gate, surplus
  Index gate_col;

  Case(Kind k, Index r, Index c, bool b)
      : kind(k), rows(r), depth(1 + (r + 3 * c) % 11), cols(c), bias(b), layout(static_cast<Samples>((r + c) % 3)) {
    test::Random random(static_cast<std::uint32_t>(rows * 1009 + cols));
    gate_col = cols + 2 * packet;
    x = random.template matrix<Matrix>(rows, depth);
    if (layout == Samples::ByRows) memory_of_x = x;
    if (layout == Samples::ByColumns) memory_of_x = x.transpose();
    if (layout == Samples::Strided) {
      memory_of_x.setConstant(rows, 2 * depth, std::numeric_limits<Scalar>::quiet_NaN());
      for (Index i = 0; i < depth; ++i) memory_of_x.col(2 * i) = x.col(i);
    }
    w = random.template matrix<Matrix>(depth, 2 * gate_col);
    biases = random.template matrix<Matrix>(1, 2 * gate_col);
    for (Matrix* m : {&w, &biases}) {
      m->middleCols(cols, 2 * packet).setConstant(std::numeric_limits<Scalar>::quiet_NaN());
      m->rightCols(2 * packet).setConstant(std::numeric_limits<Scalar>::quiet_NaN());
    }
  }
  MatrixView<const Scalar> samples() const {
    const Scalar* const data = memory_of_x.data();
    if (layout == Samples::ByColumns) return {data, rows, depth, 1, rows};
    return layout == Samples::ByRows ? MatrixView<const Scalar>{data, rows, depth, depth, 1}
                                     : MatrixView<const Scalar>{data, rows, depth, 2 * depth, 2};
  }
  Panels<Scalar, Scalar> panels() const {
    const Scalar *v = w.data(), *g = v + gate_col;
    const Scalar *v_bias = bias ? biases.data() : nullptr, *g_bias = bias ? v_bias + gate_col : nullptr;
    const auto behind = [](const Scalar* p) { return p == nullptr ? p : p + packet; };
    const Index stride = w.cols();
    if (kind == Kind::Paired) return {v, g, depth, cols, stride, packet, true, v_bias, g_bias};
    Panels<Scalar, Scalar> p{v, v + packet, depth, cols, stride, 2 * packet, false, v_bias, behind(v_bias)};
    if (kind == Kind::Split) {
      p.gate_first = g;
      p.gate_second = g + packet;
      p.gate_start0 = g_bias;
      p.gate_start1 = behind(g_bias);
    }
    return p;
  }
  double expected(Index row, Index col) const {
    double sum = bias ? static_cast<double>(biases(0, col)) : 0;
    for (Index k = 0; k < depth; ++k) sum += static_cast<double>(x(row, k)) * static_cast<double>(w(k, col));
    return sum;
  }
};

/// What a sink was given: how often each element, and whether it was right.
template <class Scalar>
struct Recorder {
  const Case<Scalar>& of;
  std::vector<int> times = std::vector<int>(static_cast<std::size_t>(of.rows * of.cols), 0);
  bool right = true;

  void operator()(const PreActivationBlock<Scalar>& block) {
    const double tolerance = 16 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
    const auto is = [&](Scalar got, double want) { return std::abs(static_cast<double>(got) - want) <= tolerance; };
    right = right && (block.gate == nullptr) == (of.kind == Kind::Neighbours);
    right = right && block.row + block.rows <= of.rows && block.col + block.cols <= of.cols;
    for (Index r = 0; right && r < block.rows; ++r) {
      for (Index c = 0; c < block.cols; ++c) {
        const Index row = block.row + r, col = block.col + c, from = r * block.row_stride + c;
        ++times[static_cast<std::size_t>(row * of.cols + col)];
        right = right && is(block.value[from], of.expected(row, col));
        if (block.gate != nullptr) right = right && is(block.gate[from], of.expected(row, of.gate_col + col));
      }
    }
  }
  std::string verdict() const {
    if (!right) return "a wrong sum";
    for (const int n : times) {
      if (n != 1) return "a sum that came " + std::to_string(n) + " times";
    }
    return "";
  }
};

/// multiply_rows of so many equal tiles of rows, from panel to panel, with exactly the memory that it asks for.
template <class Scalar>
std::string in_steps(const Case<Scalar>& of, Index step, Index tiles = 1) {
  Recorder<Scalar> record{of};
  const auto w = of.panels();
  TileArguments<Scalar> tile = tile_arguments(of.samples(), w);
  constexpr Index packet = Case<Scalar>::packet;
  constexpr Scalar guard = -77;
  for (Index p = 0; p < w.count(); p += step) {
    const Index last = std::min(p + step, w.count());
    const Index size = tiles * (last - p) == 1 ? 2 * tile_size<Scalar> : TileSums<Scalar>::size;
    std::vector<Scalar> sums(static_cast<std::size_t>(size + 2 * packet), guard);
    std::fill_n(sums.begin() + packet, size, std::numeric_limits<Scalar>::quiet_NaN());
    multiply_rows(w, tile, {0, of.rows / tiles, tiles}, of.samples().data, p, last, whole_depth(w, of.rows),
                  sums.data() + packet, test::sink_to<Scalar>(record));
    for (Index i = 0; i < packet; ++i) {
      const auto before = static_cast<std::size_t>(i), behind = static_cast<std::size_t>(size + packet + i);
      if (sums[before] != guard || sums[behind] != guard) return "something beside the sums was written";
    }
  }
  return record.verdict();
}

template <class Scalar>
std::string at_once(const Case<Scalar>& of) {
  Recorder<Scalar> record{of};
  multiply_panels(of.samples(), of.panels(), test::sink_to<Scalar>(record));
  return record.verdict();
}

template <class Scalar>
void check() {
  constexpr Index packet = Case<Scalar>::packet;
  for (const Kind kind : {Kind::Paired, Kind::Neighbours, Kind::Split}) {
    const Index width = kind == Kind::Paired ? packet : 2 * packet;
    for (Index panels = 1; panels <= 2 * panels_per_pass<Scalar> + 1; ++panels) {
      for (const Index missing : {Index(0), Index(1), width / 2, width - 1}) {
        if (missing >= width) continue;
        const auto of_rows = [&](Index rows) {
          return Case<Scalar>(kind, rows, panels * width - missing, (rows + panels) % 2 != 0);
        };
        const Index most_rows = of_rows(1).panels().rows_of_tile();
        const bool shares = sluice::detail::has_half_panels<Scalar> && panels == 1 && 2 * (width - missing) <= width;
        CHECK(most_rows == (shares ? sluice::detail::max_half_panel_rows : max_tile_rows));
        for (Index rows = 1; rows <= 2 * most_rows + 3; rows += rows < most_rows ? 1 : 5) {
          const auto of = of_rows(rows);
          CAPTURE(static_cast<int>(kind), panels, of.cols, rows, of.bias);
          CHECK(at_once(of) == "");
          if (rows > most_rows) continue;
          CHECK(in_steps(of, panels) == "");
          CHECK(in_steps(of, 1) == "");
        }
        // Several tiles of rows to a pass, with fewer of them behind.
        const Index most_tiles = panels_per_pass<Scalar> / panels;
        for (Index tiles = 2; tiles <= most_tiles; ++tiles) {
          const auto many = of_rows((most_tiles + tiles) * most_rows - 1);
          CAPTURE(static_cast<int>(kind), panels, many.cols, tiles, many.rows);
          CHECK(at_once(many) == "");
          for (const Index rows : {Index(1), most_rows - 1, most_rows}) {
            if (rows > 0) CHECK(in_steps(of_rows(tiles * rows), panels, tiles) == "");
          }
        }
      }
    }
  }
}

TEST_CASE("every sum of every panel reaches the sink once, float", "[projection]") { check<float>(); }
TEST_CASE("every sum of every panel reaches the sink once, double", "[projection]") { check<double>(); }

}  // namespace
