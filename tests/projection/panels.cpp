// SPDX-License-Identifier: MIT
//
// The order in which many rows go through the panels, and memory: what is obtained for some rows suffices for fewer.
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/projection/blocks.hpp>
#include <sluice/projection/gated_projection.hpp>
#include <sluice/projection/panels.hpp>

#include <algorithm>
#include <vector>

namespace {

using sluice::Int8;
using sluice::detail::add_product_cols;
using sluice::detail::add_product_memory;
using sluice::detail::add_product_size;
using sluice::detail::MatrixView;
using sluice::detail::PackingSpace;
using sluice::detail::PanelMemory;
using sluice::detail::PanelOrder;
using sluice::detail::Panels;
using test::Index;

/// Packed panels of value and gate, without the weights.
template <class Scalar, class Stored = Scalar>
Panels<Scalar, Stored> panels(Index depth, Index cols, bool from_memory) {
  constexpr Index packet = Panels<Scalar, Stored>::packet;
  Panels<Scalar, Stored> w{nullptr, nullptr, depth, cols, 2 * packet, depth * 2 * packet, true, nullptr, nullptr};
  w.from_memory = from_memory;
  return w;
}

template <class Scalar>
MatrixView<const Scalar> samples(Index rows, Index depth) {
  return {nullptr, rows, depth, depth, 1};
}

/// Every piece of every panel once, those of a panel in the order of the depth.
void check_order(Index depth, Index cols, Index rows, bool divided) {
  CAPTURE(depth, cols, rows);
  const auto w = panels<float>(depth, cols, true);
  const PanelOrder order(w, rows);
  CHECK((order.pieces > 1) == divided);
  std::vector<Index> done(static_cast<std::size_t>(w.count()), 0);
  bool in_order = true, in_its_group = true;
  Index steps = 0;
  for (PanelOrder::Position at; at.panel < w.count(); at = order.after(at), ++steps) {
    Index& k = done[static_cast<std::size_t>(at.panel)];
    in_order = in_order && at.k == k;
    in_its_group = in_its_group && at.panel >= at.first && at.panel - at.first < std::max<Index>(order.group, 1);
    k += std::min(order.piece, depth - k);
  }
  CHECK(in_order);
  CHECK(in_its_group);
  CHECK(std::all_of(done.begin(), done.end(), [&](Index k) { return k == depth; }));
  CHECK(steps == w.count() * ((depth - 1) / order.piece + 1));
}

TEST_CASE("many rows go through every piece of every panel, in the order of the depth", "[projection]") {
  check_order(768, 300, 224, false);
  Index few = 1;
  while (!panels<float>(9000, 70, true).one_by_one(few + 1)) ++few;
  check_order(9000, 70, few, false);  // several panels at once
  check_order(9000, 70, few + 1, true);
  check_order(9000, 70, sluice::detail::max_tile_rows, true);
  check_order(9000, 4, sluice::detail::max_tile_rows, false);  // a single panel
  check_order(2600, 70, 120, true);                            // of layers/packed.cpp
  check_order(2048, 130, 240, true);
  check_order(3100, 40, 16, true);
  check_order(9000, 17, 31, true);
  check_order(6500, 33, 42, true);  // a share of packed_device.cpp
  check_order(100003, 1, 500, true);
}

TEST_CASE("panels in a cache, and 8-bit ones, are not divided", "[projection]") {
  CHECK(PanelOrder(panels<float>(9000, 70, false), 224).pieces == 1);
  CHECK(PanelOrder(panels<float, Int8>(9000, 70, true), 224).pieces == 1);
}

template <class Scalar>
void check_panel_memory() {
  for (const bool from_memory : {false, true}) {
    for (const Index depth : {7, 1024, 2600, 4096, 9000}) {
      CAPTURE(from_memory, depth);
      const auto w = panels<Scalar>(depth, 70, from_memory);
      Index before = 0;
      bool enough = true;
      for (Index rows = 0; rows <= 500; ++rows) {
        const Index size = PanelMemory<Scalar>(samples<Scalar>(rows, depth), w).size();
        enough = enough && size >= before;
        before = size;
      }
      CHECK(enough);
    }
  }
}

TEST_CASE("the memory of panels suffices for fewer rows", "[projection]") {
  check_panel_memory<float>();
  check_panel_memory<double>();
  auto w = panels<float>(1024, 11, false);
  CHECK(PanelMemory<float>(samples<float>(17, 1024), w).size() > 0);
  w.heapless = true;
  CHECK(PanelMemory<float>(samples<float>(17, 1024), w).size() == 0);
}

/// The memory for pre-activations, which is obtained by for_most_rows, is enough for any fewer rows.
template <class Scalar>
void check_block_memory() {
  using namespace sluice::detail;
  const auto size = [](Index rows, Index depth, Index units) {
    const Reading reading = reading_of<Scalar>(rows, depth, 2 * units);
    return reading == Reading::InPlace ? 0 : PreActivationBlocks<Scalar>(rows, units, reading).size();
  };
  for (const Index depth : {8, 41, 133, 300, 4096}) {
    for (const Index units : {9, 128, 350, 512, 2048, 17408}) {
      CAPTURE(depth, units);
      Index needed = 0;
      bool enough = true;
      for (Index rows = 0; rows <= 500; ++rows) {
        Index obtained = 0;
        for_most_rows(rows, [&](Index most) { obtained = std::max(obtained, size(most, depth, units)); });
        needed = std::max(needed, size(rows, depth, units));
        enough = enough && obtained >= needed;
      }
      CHECK(enough);
    }
  }
}

TEST_CASE("the memory of pre-activations suffices for fewer rows", "[projection]") {
  check_block_memory<float>();
  check_block_memory<double>();
}

/// Whether for_most_rows visits every number of rows after which they are read in another way.
template <class Scalar>
bool visits_all_changes(Index depth, Index depth_stride, Index matrices) {
  using namespace sluice::detail;
  constexpr Index most = 1000;
  std::vector<bool> visited(most + 1, false);
  for_most_rows(most, [&](Index rows) { visited[static_cast<std::size_t>(rows)] = true; });
  for (Index rows = 0; rows < most; ++rows) {
    const bool same = reading_of<Scalar>(rows, depth, depth_stride, matrices) ==
                      reading_of<Scalar>(rows + 1, depth, depth_stride, matrices);
    if (!same && rows > 0 && !visited[static_cast<std::size_t>(rows)]) return false;
  }
  return true;
}

TEST_CASE("memory is asked for at every number of rows after which W is read in another way", "[projection]") {
  for (const Index depth : {1, 20, 64, 128, 129, 300, 1000, 5000}) {
    for (const Index stride : {16, 100, 128, 256, 384, 512, 600, 1000, 1024, 2048, 4100}) {
      for (const Index matrices : {1, 2}) {
        CAPTURE(depth, stride, matrices);
        CHECK(visits_all_changes<float>(depth, stride, matrices));
        CHECK(visits_all_changes<double>(depth, stride, matrices));
      }
    }
  }
}

/// Calls in pieces of 64 samples and more obtain the memory of their last piece with the first one. Where that reads in
/// place, they count on fewer samples, two or more, to do so, too.
template <class Scalar>
bool fewer_read_in_place(Index depth, Index depth_stride, Index matrices) {
  using namespace sluice::detail;
  const auto reading = [&](Index rows) { return reading_of<Scalar>(rows, depth, depth_stride, matrices); };
  for (Index first = 64; first <= 500; ++first) {
    for (Index rows = 2; reading(first) == Reading::InPlace && rows < first; ++rows) {
      if (reading(rows) != Reading::InPlace) return false;
    }
  }
  return true;
}

TEST_CASE("where 64 rows or more read W in place, all fewer but one do so, too", "[projection]") {
  for (const Index depth : {1, 20, 64, 128, 129, 300, 1000, 5000}) {
    for (const Index stride : {16, 100, 128, 256, 384, 400, 512, 600, 1000, 1024, 2048, 4100}) {
      for (const Index matrices : {1, 2}) {
        CAPTURE(depth, stride, matrices);
        CHECK(fewer_read_in_place<float>(depth, stride, matrices));
        CHECK(fewer_read_in_place<double>(depth, stride, matrices));
      }
    }
  }
}

template <class Scalar>
void check_product_memory() {
  using Space = PackingSpace<Scalar>;
  const auto needed = [](Index depth, Index cols) {
    const Index panels = sluice::detail::divide_up(add_product_cols<Scalar>(depth, cols), Space::panel_width);
    return panels * Space::panel_size(depth);
  };
  const auto needed_for_a = [](Index rows, Index depth, Index cols) {
    const bool all = sluice::detail::packs_a_once<Scalar>(rows, depth, cols);
    return Space::a_size(all ? rows : std::min(rows, sluice::detail::row_block), depth);
  };
  for (const Index cols : {1, 37, 500, 3000, 100000}) {
    CAPTURE(cols);
    bool enough = true;
    Index most = 0;
    for (Index depth = 9; depth <= 600; ++depth) {  // up to 8 nothing is packed
      most = std::max(most, needed(depth, cols));
      enough = enough && most <= add_product_size<Scalar>(depth, cols);
    }
    CHECK(enough);
    for (const Index rows : {5, 224, 520, 768, 1100, 5000}) {
      Index most_of_a = 0;
      for (Index depth = 9; depth <= 600; ++depth) {
        most_of_a = std::max(most_of_a, needed_for_a(rows, depth, cols));
        enough = enough && most_of_a <= sluice::detail::add_product_a_size<Scalar>(rows, depth, cols);
      }
    }
    CHECK(enough);
  }
  CHECK(sluice::detail::packs_a_once<float>(768, 256, 4096));
  CHECK_FALSE(sluice::detail::packs_a_once<float>(4096, 256, 4096));
}

template <class Scalar>
void check_memory_of_wide_blocks() {
  using sluice::detail::rows_of_block;
  for (const Index rows : {1, 5, 223, 224, 225, 449, 1000, 5000}) {
    CAPTURE(rows);
    bool enough = true;
    Index most = 0;
    for (Index width = 8; width <= 512; width += 8) {
      most = std::max(most, sluice::detail::block_size<Scalar>(rows_of_block<Scalar>(rows, width), width));
      enough = enough && most <= sluice::detail::size_of_block<Scalar>(rows, width);
    }
    CHECK(enough);
  }
  CHECK(rows_of_block<Scalar>(5000, 64) == 224);
  CHECK(rows_of_block<float>(5000, 256) == 896);
  CHECK(rows_of_block<float>(500, 256) == 500);
}

TEST_CASE("the memory of an input gradient suffices for fewer samples", "[projection]") {
  check_memory_of_wide_blocks<float>();
  check_memory_of_wide_blocks<double>();
}

TEST_CASE("the memory of a weight gradient suffices for fewer samples", "[projection]") {
  check_product_memory<float>();
  check_product_memory<double>();
  CHECK(add_product_memory<long double>(500, 64, 500).b == nullptr);  // the plain path packs nothing
}

}  // namespace
