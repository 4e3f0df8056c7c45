// SPDX-License-Identifier: MIT
//
// What the tiles of packed weights ask for.
#include "prefetch/asked.hpp"
#include "support/sink.hpp"

#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/packed_weights.hpp>
#include <sluice/projection/row.hpp>
#include <sluice/projection/upright.hpp>

#include <cstdlib>
#include <set>

namespace {

using sluice::Index;
using sluice::Int8;
using sluice::detail::MatrixView;
using sluice::detail::PackedWeights;
using sluice::detail::Panels;
using sluice::detail::PreActivationBlock;

/// Takes everything, and nothing comes of it.
template <class Scalar>
struct Nowhere {
  static constexpr bool takes_pairs = true, takes_packets = true, takes_halves = false;
  void operator()(const PreActivationBlock<Scalar>&) const {}
  void finish_packets(Index, Index, const sluice::simd::Packet<Scalar>&, const sluice::simd::Packet<Scalar>&) const {}
};

/// What a product of so many rows asks for; of one row by its own way or by that of several.
template <class Scalar, class Stored>
test::Asked asked_for(const Panels<Scalar, Stored>& w, Index rows, bool by_row = false) {
  const std::vector<Scalar> samples(static_cast<std::size_t>(rows * w.depth));
  const MatrixView<const Scalar> x{samples.data(), rows, w.depth, w.depth, 1};
  test::asked = {};
  const Nowhere<Scalar> nowhere;
  by_row ? multiply_row(x, w, nowhere) : multiply_panels(x, w, test::sink_to<Scalar>(nowhere));
  std::sort(test::asked.for_l1.begin(), test::asked.for_l1.end());
  return test::asked;
}

#ifdef __GNUC__  // others do not ask

/// One row takes packed panels by a loop of their own only where there are fused multiply-adds.
constexpr bool rows_ask = sluice::simd::has_fused_multiply_add;

template <class Stored>
void check_row() {
  constexpr Index depth = 12;  // three rounds of four steps
  constexpr Index step = 2 * sluice::simd::packet_size<float> * static_cast<Index>(sizeof(Stored));
  for (const Index panels : {1, 2, 4, 7, 16}) {
    CAPTURE(panels);
    const PackedWeights<float, Stored> weights("test", depth, panels * sluice::simd::packet_size<float>, true);
    auto w = weights.view();
    for (const bool by_row : {false, true}) CHECK(asked_for(w, 1, by_row).for_l1.empty());
    w.from_memory = true;
    for (const bool by_row : {false, true}) CHECK(asked_for(w, 1, by_row).for_l1.empty());
    w.beyond_l3 = true;
    std::vector<std::uintptr_t>
        want;  // every line once; of steps that are narrower than a quarter of one, every fourth
    if (rows_ask && sizeof(Stored) < sizeof(float)) {
      const auto begin = reinterpret_cast<std::uintptr_t>(w.first) + 1408;
      const Index apart = std::min<Index>(std::max<Index>(64 / step, 1), 4) * step;
      for (Index at = 0; at < panels * depth * step; at += apart) {
        want.push_back(begin + static_cast<std::uintptr_t>(at));
      }
    }
    for (const bool by_row : {false, true}) {
      const test::Asked asked = asked_for(w, 1, by_row);
      CHECK(asked.for_l1 == want);
      CHECK(asked.nearer.empty());
    }
  }
}

TEST_CASE("one row asks for what comes next of weights in fewer bits that may come from memory", "[prefetch]") {
  check_row<Eigen::bfloat16>();
  check_row<Eigen::half>();
  check_row<Int8>();
  check_row<float>();
}

/// The lines of some addresses.
using Lines = std::set<std::uintptr_t>;
Lines lines_of(const std::vector<std::uintptr_t>& addresses) {
  Lines lines;
  for (const auto address : addresses) lines.insert(address / 64);
  return lines;
}

/// That tiles of one panel ask for all that comes after the first piece of the first panel (where the depth is no
/// multiple of a round, but for a few lines of each share), and for hardly more; a few tiles in several streams.
template <class Scalar, class Stored>
void check_tiles(Index depth, Index rows) {
  CAPTURE(depth, rows);
  const PackedWeights<Scalar, Stored> weights("test", depth, 9 * sluice::simd::packet_size<Scalar>, true);
  auto w = weights.view();
  w.from_memory = true;
  asked_for(w, rows);
  REQUIRE_FALSE(test::asked.nearer.empty());
  const sluice::detail::PanelOrder order(w, rows);
  const sluice::detail::RowTiles tiles(rows);
  const int steps = sluice::detail::knows_layout<Scalar>(static_cast<int>(tiles.size(0)), 1)
                        ? sluice::detail::steps_of_round<Scalar>(static_cast<int>(tiles.size(0)))
                        : 1;
  const auto begin = reinterpret_cast<std::uintptr_t>(w.first);
  const auto bytes_of = [](Index stored) { return static_cast<std::uintptr_t>(stored) * sizeof(Stored); };
  const auto piece = bytes_of(order.piece * w.depth_stride), panel = bytes_of(w.panel_stride);
  const auto end = begin + bytes_of(w.count() * w.panel_stride);

  const Lines asked = lines_of(test::asked.nearer);
  Index missing = 0;
  for (auto at = begin + piece; at < end; at += 64) missing += asked.contains(at / 64) ? 0 : 1;
  const Index shares = w.count() * order.pieces * tiles.count;
  CHECK(missing <= (depth % steps == 0 && order.piece % steps == 0 ? 0 : (steps - 1) * shares));
  CHECK(*asked.begin() * 64 >= begin / 64 * 64);
  CHECK(*asked.rbegin() * 64 < end + panel / 4);

  const int lines = sluice::detail::TileArguments<Scalar, Stored>::lines_of_step, streams = lines * steps;
  const auto& nearer = test::asked.nearer;
  if (tiles.count > sluice::detail::most_tiles_in_streams) {
    if (lines == 2) CHECK(nearer[1] - nearer[0] == 64);
    return;
  }
  const Index share = sluice::detail::divide_up(w.depth_stride, tiles.count) * order.piece;
  for (std::size_t s = 0; s + 1 < static_cast<std::size_t>(streams); ++s) {  // narrow packets have a single one
    CHECK(nearer[s + 1] - nearer[s] == bytes_of(share / streams));
  }
}

template <class Scalar, class Stored = Scalar>
void check_tiles() {
  constexpr Index most = sluice::detail::max_tile_rows;
  for (const Index depth : {304, 305, 2112, 2203}) {
    for (const Index rows : {most, most + 1, most + 2, 2 * most, 3 * most, 4 * most, 4 * most + 2, Index(200)}) {
      check_tiles<Scalar, Stored>(depth, rows);
    }
  }
}

TEST_CASE("tiles of one panel ask for what comes next, a few of them in several streams", "[prefetch]") {
  check_tiles<float>();
  check_tiles<double>();
  check_tiles<float, Eigen::bfloat16>();
  check_tiles<float, Int8>();
}

TEST_CASE("several rows ask for weights beyond L2, but not in L1", "[prefetch]") {
  const PackedWeights<float, float> weights("test", 40, 8 * sluice::simd::packet_size<float>, true);
  auto w = weights.view();
  for (const Index rows : {2, 3, 14, 15, 40}) {
    CAPTURE(rows);
    w.from_memory = true;
    const test::Asked asked = asked_for(w, rows);
    CHECK(asked.for_l1.empty());
    CHECK(asked.nearer.size() > 0);
  }
}

/// Samples in memory that begins with a line, and what is asked for of it.
class Samples {
 public:
  Samples(Index rows, Index depth, Index row_stride, Index col_stride)
      : memory_(static_cast<std::size_t>(std::abs(row_stride) * (rows - 1) + col_stride * (depth - 1) + 1)),
        x_{memory_.data() + (row_stride < 0 ? (1 - rows) * row_stride : 0), rows, depth, row_stride, col_stride} {}

  /// The lines, counted from the first one on, for which a product with these weights asks; behind the end, too.
  template <class Stored>
  std::set<Index> asked_for(const Panels<float, Stored>& w) const {
    test::asked = {};
    const Nowhere<float> nowhere;
    multiply_panels(x_, w, test::sink_to<float>(nowhere));
    CHECK(test::asked.for_l1.empty());
    const auto begin = reinterpret_cast<std::uintptr_t>(memory_.data());
    const auto panels = reinterpret_cast<std::uintptr_t>(w.first);
    const auto bytes_of_panels = static_cast<std::uintptr_t>(w.count() * w.panel_stride) * sizeof(Stored);
    std::set<Index> lines;
    for (const std::uintptr_t address : test::asked.nearer) {
      if (address - panels < bytes_of_panels) continue;  // of whole tiles some always ask, if only for what they have
      lines.insert(static_cast<Index>(address - begin) / 64);
    }
    return lines;
  }
  Index line_of(Index row, Index k) const { return (&x_(row, k) - memory_.data()) / 16; }

 private:
  sluice::detail::LineVector<float> memory_;
  MatrixView<const float> x_;
};

template <class Stored>
void check_rows_behind() {
  constexpr Index tile = sluice::detail::max_tile_rows, packet = sluice::simd::packet_size<float>;
  for (const Index depth : {7, 16, 40, 160}) {
    for (const Index panels : {1, 2, 3, 20}) {
      CAPTURE(depth, panels);
      const PackedWeights<float, Stored> weights("test", depth, panels * packet, true);
      const auto w = weights.view();
      // Of few panels several tiles pass together; the first of these nobody could ask for.
      const Index first = tile * std::max<Index>(1, sluice::detail::panels_per_pass<float> / panels);
      for (const Index rows : {2 * first, 3 * first, sluice::detail::row_block + first + 5}) {
        for (const Index gap : {Index(0), depth / 2}) {
          CAPTURE(rows, gap);
          const Samples samples(rows, depth, depth + gap, 1);
          const std::set<Index> asked = samples.asked_for(w);
          Index wanted = 0, found = 0;
          for (Index row = first; row < rows - 1 - 16 / depth; ++row) {  // but for what the last step ends with
            for (Index k = 0; k < depth; ++k) ++wanted, found += asked.count(samples.line_of(row, k)) == 1;
          }
          // All of them, unless passes differ in size, or a step of the depth is a longer one there than a line.
          const bool all = rows % first == 0 && (panels > 3 || gap == 0);
          CHECK((all ? found == wanted : 2 * found > wanted));
          // From the rows behind the first tile to a few behind the last row.
          REQUIRE(!asked.empty());
          CHECK(*asked.begin() >= samples.line_of(1, 0));
          CHECK(*asked.rbegin() <=
                samples.line_of(rows - 1, 0) + sluice::detail::divide_up((first + 3) * (depth + gap), 16));
        }
      }
      CHECK(Samples(40, depth, 2 * depth, 1).asked_for(w).empty());  // far apart
      CHECK(Samples(40, depth, -depth, 1).asked_for(w).empty());     // from the end on
      CHECK(Samples(40, depth, 1, 40).asked_for(w).empty());         // side by side
      CHECK(Samples(tile, depth, depth, 1).asked_for(w).empty());    // nothing behind
    }
  }
}

TEST_CASE("a tile of rows asks for those behind it", "[prefetch]") {
  check_rows_behind<float>();
  check_rows_behind<Eigen::bfloat16>();
  check_rows_behind<Int8>();
}

TEST_CASE("samples side by side: a tile asks for those behind it", "[prefetch]") {
  constexpr Index tile = sluice::detail::upright_samples<float>, samples = 3 * tile, depth = 20;
  const PackedWeights<float, float> weights("test", depth, 3 * sluice::simd::packet_size<float>, true);
  const sluice::detail::LineVector<float> memory(static_cast<std::size_t>(samples * depth));
  test::asked = {};
  const Nowhere<float> nowhere;
  sluice::detail::multiply_samples<float>({memory.data(), samples, depth, 1, samples}, weights.view(),
                                          test::sink_to<float>(nowhere));
  CHECK(test::asked.for_l1.empty());
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  std::set<Index> asked, wanted;
  for (const std::uintptr_t address : test::asked.nearer) asked.insert(static_cast<Index>(address - begin) / 64);
  for (Index k = 0; k < depth; ++k) {
    for (Index sample = tile; sample < samples; ++sample) wanted.insert((k * samples + sample) / 16);
  }
  CHECK(std::ranges::includes(asked, wanted));
}

#endif

TEST_CASE("packed weights know which caches they exceed", "[prefetch]") {
  constexpr Index packet = sluice::simd::packet_size<float>, l2 = 512 * 1024, l3 = 8 * 1024 * 1024;
  const auto view_of = [](Index bytes) {  // two columns of float a step
    return PackedWeights<float, float>("test", bytes / (2 * packet * 4), packet, true).view();
  };
  CHECK_FALSE(view_of(l2).from_memory);
  CHECK(view_of(l2 + 8 * packet).from_memory);
  CHECK_FALSE(view_of(l3 - 8 * packet).beyond_l3);
  CHECK(view_of(l3).beyond_l3);
}

}  // namespace
