// SPDX-License-Identifier: MIT
//
// What the tiles of packed weights ask for.
#include "prefetch/asked.hpp"

#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/packed_weights.hpp>
#include <sluice/projection/row.hpp>

namespace {

using sluice::Index;
using sluice::Int8;
using sluice::detail::MatrixView;
using sluice::detail::PackedWeights;
using sluice::detail::Panels;
using sluice::detail::PreActivationBlock;

/// Takes everything, and nothing comes of it.
struct Sink {
  void operator()(const PreActivationBlock<float>&) const {}
  bool takes_packets() const { return true; }
  void finish_packets(Index, Index, const sluice::simd::Packet<float>&, const sluice::simd::Packet<float>&) const {}
};

/// What a product of so many rows asks for; of one row by its own way or by that of several.
template <class Stored>
test::Asked asked_for(const Panels<float, Stored>& w, Index rows, bool by_row = false) {
  const std::vector<float> samples(static_cast<std::size_t>(rows * w.depth));
  const MatrixView<const float> x{samples.data(), rows, w.depth, w.depth, 1};
  test::asked = {};
  by_row ? multiply_row(x, w, Sink{}) : multiply_panels(x, w, Sink{});
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
