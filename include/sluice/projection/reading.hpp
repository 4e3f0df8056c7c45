// SPDX-License-Identifier: MIT
//
// How the right factor B of a product A·B is read, if its columns are contiguous: where it lies, a few of its rows side
// by side, or packed. It depends on the rows of A that share the cost of packing, and on where B falls in the caches.
#pragma once

#include <sluice/projection/panels.hpp>
#include <sluice/projection/tile.hpp>

#include <initializer_list>
#include <limits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// How B is read, if its columns are contiguous.
///   InPlace    panel by panel, where it lies
///   Streamed   where it lies, some of its rows at a time along all of their columns: each of these rows is a stream of
///              its own to the processor's prefetching, which looks further ahead on many slow streams than on a fast
///              one
///   Packed     in panels
enum class Reading { InPlace, Streamed, Packed };

/// Bytes of weights that stay in L1.
inline constexpr Index in_l1 = 32 * 1024;

/// Rows of B that are streams: as many as the processor keeps track of, and as there are entries for their pages.
template <class Scalar>
constexpr Index streams(Index rows) {
  return packets_fill_lines<Scalar> || rows > 4 ? 32 : 16;
}
/// Bytes that narrow packets ask ahead for themselves.
inline constexpr Index stream_prefetch = 256;

/// In how many sets of L1 narrow packets find the rows of B. They come back for lines that have left it, all the more
/// often where these lie a multiple of 1 KiB apart, in few sets.
enum class Sets { Many, Few, One };
template <class Scalar>
constexpr Sets sets_of(Index depth_stride) {
  const Index stride = depth_stride * static_cast<Index>(sizeof(Scalar));
  if (packets_fill_lines<Scalar> || stride % 1024 != 0) return Sets::Many;
  return stride % 4096 == 0 ? Sets::One : Sets::Few;
}
/// Such rows are read by neighbouring packets, two of a line at once if possible: not by packets of value and gate in
/// turn, for which every line would be needed twice.
template <class Scalar>
constexpr bool by_neighbours(Index depth, Index depth_stride) {
  return sets_of<Scalar>(depth_stride) != Sets::Many &&
         depth * depth_stride * static_cast<Index>(sizeof(Scalar)) > in_l1;
}

/// The most rows of A for which B is not packed: of a B that is read in place, of one that is streamed although it
/// stays in L2, and of a larger one. (Break-even with packing, measured.)
struct UnpackedRows {
  Index in_place, streamed_in_l2, streamed;
};
template <class Scalar>
constexpr UnpackedRows unpacked_rows(Sets sets) {
  if (packets_fill_lines<Scalar>) return {std::numeric_limits<Index>::max(), 32, 32};
  if (sets == Sets::One) return {6, 6, 6};
  return sets == Sets::Few ? UnpackedRows{24, 12, 24} : UnpackedRows{96, 24, 24};
}

/// A small B is read in place, a larger one streamed, and from so many rows on packed: in panels it takes as little
/// room in L1 as can be. Packets that are half a line take it as a whole from streams; so, if B is needed more than
/// once, these are faster from half of L2 on, unless B is so shallow that going through C would cost more. `matrices`:
/// one B, or several of its size that take turns.
template <class Scalar>
constexpr Reading reading_of(Index rows, Index depth, Index depth_stride, Index matrices = 1) {
  constexpr bool halves_of_lines = simd::register_size<Scalar>() * static_cast<Index>(sizeof(Scalar)) == 32;
  const Index bytes = matrices * depth * depth_stride * static_cast<Index>(sizeof(Scalar));
  if (bytes <= in_l1) return Reading::InPlace;
  if (rows == 1 && !packets_fill_lines<Scalar>) return bytes > 2 * in_l1 ? Reading::Streamed : Reading::InPlace;
  const bool stays_in_l2 = bytes <= weights_in_l2;
  const bool streams_from_l2 = halves_of_lines && rows > max_tile_rows && depth > 128 && bytes > weights_in_l2 / 2;
  const UnpackedRows most = unpacked_rows<Scalar>(sets_of<Scalar>(depth_stride));
  if (stays_in_l2 && !streams_from_l2) return rows > most.in_place ? Reading::Packed : Reading::InPlace;
  return rows > (stays_in_l2 ? most.streamed_in_l2 : most.streamed) ? Reading::Packed : Reading::Streamed;
}

/// Calls visit(n) with the most rows n ≤ rows of each way to read B, and of each block. Memory that suffices for all of
/// these suffices for any fewer rows.
template <class Visit>
void for_most_rows(Index rows, const Visit& visit) {
  visit(rows);
  for (const Index most : {2 * row_block, row_block, Index(96), Index(32), Index(24), Index(12), Index(max_tile_rows),
                           Index(6), Index(1)}) {
    if (most < rows) visit(most);
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
