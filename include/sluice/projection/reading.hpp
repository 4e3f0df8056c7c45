// SPDX-License-Identifier: MIT
//
// How the right factor B of a product A·B is read, if its columns are contiguous: where it lies, a few of its rows side
// by side, or packed. It depends on the rows of A that share the cost of packing, and on where B falls in the caches.
#pragma once

#include <sluice/projection/panels.hpp>
#include <sluice/projection/tile.hpp>

#include <initializer_list>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// So few rows of A do not pay for packing a large B. It is read where it lies, some of its rows at a time along all of
/// their columns: each of these rows is a stream of its own to the processor's prefetching, which looks further ahead
/// on many slow streams than on a fast one. As many as it keeps track of, and as there are entries for their pages.
inline constexpr Index streamed_rows = 32;
/// Of narrow packets, where all rows of B fall into one set of L1 (break-even with packing, measured at 768→2048).
inline constexpr Index streamed_rows_of_one_set = 16;
template <class Scalar>
constexpr Index streams(Index rows) {
  return packets_fill_lines<Scalar> || rows > 4 ? 32 : 16;
}
/// Bytes that narrow packets ask ahead for themselves.
inline constexpr Index stream_prefetch = 256;

/// How B is read, if its columns are contiguous.
enum class Reading { InPlace, Streamed, Packed };

/// Up to so many rows narrow packets read a B in place that leaves L1 but not L2 (break-even with packing it,
/// measured).
inline constexpr Index in_place_rows = 96;
inline constexpr Index in_place_rows_of_few_sets = 24;

/// A B that stays in L2 is read in place, a larger one streamed past few rows. Many rows pay for packing: in panels, B
/// takes as little room in L1 as can be. In place, narrow packets come back for lines that have left it, all the more
/// often if these lie a multiple of 1 KiB apart, in a few sets of the cache: where two packets make a line, more rows
/// than a tile takes do better with several streams, which take lines as a whole. (Not if all rows of B fall into one
/// set, 4 KiB apart: it has room for eight of the streams.)
template <class Scalar>
constexpr Reading reading_of(Index rows, Index depth, Index depth_stride) {
  constexpr bool halves_of_lines = simd::register_size<Scalar>() * static_cast<Index>(sizeof(Scalar)) == 32;
  const Index stride = depth_stride * static_cast<Index>(sizeof(Scalar));
  const Index bytes = depth * stride;
  const bool one_set = !packets_fill_lines<Scalar> && stride % 4096 == 0;
  const Index streamed = one_set ? streamed_rows_of_one_set : streamed_rows;
  if (bytes > weights_in_l2) return rows > streamed ? Reading::Packed : Reading::Streamed;
  if (packets_fill_lines<Scalar> || bytes <= 32 * 1024) return Reading::InPlace;
  if (rows == 1) return Reading::Streamed;
  if (stride % 1024 != 0) return rows > in_place_rows ? Reading::Packed : Reading::InPlace;
  if (rows > in_place_rows_of_few_sets) return Reading::Packed;
  return halves_of_lines && rows > max_tile_rows && stride < 4096 ? Reading::Streamed : Reading::InPlace;
}

/// Calls visit(n) with the most rows n ≤ rows of each way to read B, and of each block. Memory that suffices for all of
/// these suffices for any fewer rows.
template <class Visit>
void for_most_rows(Index rows, const Visit& visit) {
  visit(rows);
  for (const Index most : {2 * row_block, row_block, in_place_rows, streamed_rows, in_place_rows_of_few_sets,
                           streamed_rows_of_one_set, Index(max_tile_rows), Index(1)}) {
    if (most < rows) visit(most);
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
