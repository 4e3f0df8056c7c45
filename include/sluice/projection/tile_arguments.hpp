// SPDX-License-Identifier: MIT
//
// What a register tile is told: how many rows and panels it takes, how its factors lie, and where it reads and writes.
// (tile.hpp says what it computes.)
#pragma once

#include <sluice/core/simd.hpp>
#include <sluice/core/widen.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

SLUICE_NAMESPACE_BEGIN

namespace detail {

inline constexpr int max_tile_rows = std::clamp((simd::register_count - 3) / 2, 1, 14);

/// Panels that 0, 1, 2, … rows are worked on at once: a power of two, and as many as there is room for accumulators.
/// Four are enough of packets that fill a line: eight streams, a multiple of 4 KiB apart, fill the same set of L1.
inline constexpr auto most_panels = [] {
  constexpr int most_streams = sizeof(simd::Packet<float>) >= 64 ? 4 : 8;
  std::array<int, max_tile_rows + 1> most{};
  for (int rows = 1; rows <= max_tile_rows; ++rows) {
    const auto room = static_cast<unsigned>(max_tile_rows / rows);
    most[static_cast<std::size_t>(rows)] = std::min(most_streams, static_cast<int>(std::bit_floor(room)));
  }
  return most;
}();
/// The same, of which only so many are left.
inline int panels_at_once(Index rows, Index panels) {
  const int most = most_panels[static_cast<std::size_t>(rows)];
  return panels >= most ? most : static_cast<int>(std::bit_floor(static_cast<std::size_t>(panels)));
}

/// What is known of the strides of A when a tile is compiled: nothing, that a row is contiguous (x as a rule), or that
/// the rows of each step are (A packed in lanes, and xᵀ).
enum class Layout { Strided, ContiguousDepth, ContiguousRows };
/// And of the packets of B: nothing, that both of a panel lie side by side, or that so do those of all steps.
enum class Columns { Apart, Adjacent, Packed };

/// In place of a number of panels: value and gate in one packet. Of narrow packets half a one is not worth the tiles.
inline constexpr int half_panel = 0;
template <class Scalar>
inline constexpr bool has_half_panels = simd::packet_size<Scalar> >= 8;
/// Rows of such a tile: each has one accumulator, and batches are powers of two as a rule.
inline constexpr int max_half_panel_rows = simd::register_count == 32 ? 16 : max_tile_rows;

/// Whether a tile has code for each layout of A (half panels for a contiguous depth): offsets that the compiler knows
/// instead of pointers to put forward. Where another program shares the core, instructions are what is scarce.
template <class Scalar>
constexpr bool knows_layout(int rows, int panels) {
  if (simd::has_broadcast_operands<Scalar>) return rows >= 8 && panels <= 1;
  return simd::has_fused_multiply_add && simd::register_count == 16 && rows > 1 && panels > 0;
}

/// Steps of the depth in one round of the loop of such a tile, or of one row of packed panels or of a half panel. With
/// AVX2 the processor foresees where 64 rounds end, not where 160 do (Zen 3: 2 % of the time at 160→160).
template <class Scalar>
constexpr int steps_of_round(int rows) {
  return simd::has_broadcast_operands<Scalar> && rows > 1 ? 2 : 4;
}

/// A tile takes whole cache lines of B, wherever they lie. Tiles of narrower packets take a part of a line, and come
/// back for the rest of it: what follows from that was measured with AVX2 on Zen 3.
template <class Scalar>
inline constexpr bool packets_fill_lines = simd::register_size<Scalar>() * static_cast<Index>(sizeof(Scalar)) >= 64;

/// Where sums start without a bias.
template <class Scalar>
alignas(simd::Packet<Scalar>) inline constexpr std::array<Scalar, simd::packet_size<Scalar>> zero_packet{};

/// A, B, S and C as the tile reads and writes them; strides in scalars. What belongs together does not lie side by
/// side, on purpose: GCC would copy such pairs as one vector, which waits for two stores that it cannot be forwarded
/// from.
template <class Scalar, class Stored = Scalar>
struct TileArguments {
  /// A cache line, in scalars of B, and how many of them a tile asks for at each k: as long as a panel's step is.
  static constexpr Index line = 64 / static_cast<Index>(sizeof(Stored));
  static constexpr int lines_of_step = 2 * simd::packet_size<Scalar> > line ? 2 : 1;

  Index depth;
  const Stored* b0;
  const Scalar* start0;
  Scalar* c0;
  const Scalar* scale0;  // of stored types that have a scale, as wide as S
  Index a_row_stride;
  const Stored* b1;
  const Scalar* start1;
  Scalar* c1;
  const Scalar* scale1;
  Index a_depth_stride;
  Index b_depth_stride;
  const Scalar* a;
  Index b_panel_stride;
  Index start_row_stride;
  Index c_row_stride;
  Index start_panel_stride;
  Index c_panel_stride;
  // What a tile asks for meanwhile: what lies so far behind b0, at each k a step further, and for each further panel of
  // several so far behind that. One row asks for its panels themselves, so far ahead (Panels::row_prefetch).
  Index prefetch = 0;
  Index prefetch_step = 0;
  Index prefetch_panel_stride = 0;
  // Whether a tile of one panel asks for the same memory, if that has no gaps, in as many streams as it asks for lines
  // in a round of its loop; where the depth is no multiple of a round, but for a line or three.
  bool prefetch_in_streams = false;

  /// So many of B's scalars are as wide as a T.
  template <class T>
  static constexpr Index stored_in = static_cast<Index>(sizeof(T)) / static_cast<Index>(sizeof(Stored));
  /// Asks from here on, wherever that is.
  template <class T>
  SLUICE_ALWAYS_INLINE void ask_from(const T* address, Index step) {
    static_assert(stored_in<T> > 0);
    const auto bytes = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(b0);
    prefetch = static_cast<Index>(bytes) / static_cast<Index>(sizeof(Stored));
    prefetch_step = step * stored_in<T>;
  }
  /// And the next tile so much further.
  template <class T>
  SLUICE_ALWAYS_INLINE void ask_from(const T* address, Index step, Index tile_step) {
    ask_from(address, step);
    prefetch_shift = tile_step * stored_in<T> - b_step;
  }
  void ask_for_nothing() { prefetch = prefetch_step = prefetch_shift = 0; }

  // From a tile to the next one; prefetch_shift is what the next one asks for further on than b0 is.
  Index a_step, b_step, c_step, start_step, prefetch_shift = 0;

  /// The next tile is so many panels further.
  SLUICE_ALWAYS_INLINE void step_along_panels(Index panels) {
    a_step = 0;
    b_step = panels * b_panel_stride;
    c_step = panels * c_panel_stride;
    start_step = panels * start_panel_stride;
  }
  /// The next tile is so many rows further; sums start from the same place for all of them, or (without a scale) each
  /// from its own.
  SLUICE_ALWAYS_INLINE void step_along_rows(Index rows) {
    a_step = rows * a_row_stride;
    b_step = 0;
    c_step = rows * c_row_stride;
    start_step = rows * start_row_stride;
  }
  SLUICE_ALWAYS_INLINE void advance() {
    a += a_step;
    b0 += b_step;
    b1 += b_step;
    prefetch += prefetch_shift;
    c0 += c_step;
    c1 += c_step;
    start0 += start_step;
    start1 += start_step;
    if constexpr (simd::has_scale<Stored>) {
      scale0 += start_step;
      scale1 += start_step;
    }
  }
};

}  // namespace detail

SLUICE_NAMESPACE_END
