// SPDX-License-Identifier: MIT
//
// How the right factor B of a product A·B is read, if its columns are contiguous: where it lies, a few of its rows side
// by side, or packed. It depends on the rows of A that share the cost of packing, and on where B falls in the caches.
#pragma once

#include <sluice/projection/panels.hpp>
#include <sluice/projection/tile.hpp>

#include <algorithm>
#include <cstddef>

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

/// Scalars that a tile asks ahead of each stream, 256 bytes. Two rows of whole lines have no time to.
template <class Scalar>
constexpr Index stream_prefetch(Index rows) {
  return packets_fill_lines<Scalar> && rows <= 2 ? 0 : 256 / static_cast<Index>(sizeof(Scalar));
}
/// Rows of B that are streams. C is gone through once for all of them: with many rows of A that is what costs, and
/// where a tile takes whole lines, and asks for them, more streams are worth it than the processor keeps track of by
/// itself. Few rows wait for B: there 32, because Intel's keeps track of so many (Xeon C: with 64 streams of a W from
/// memory 2 to 6 samples took up to 2.3 times as long). Narrow packets depend on the processor; from memory, and for
/// tiles of few rows, half as many come faster. (Of Split each half counts by itself.)
template <class Scalar>
constexpr Index streams(Index rows, Index depth, Index depth_stride) {
  const bool from_memory = depth * depth_stride * static_cast<Index>(sizeof(Scalar)) >= weights_beyond_l3;
  if (packets_fill_lines<Scalar>) {
    if (stream_prefetch<Scalar>(rows) == 0 || (from_memory && rows <= max_tile_rows)) return 32;
    return from_memory || rows <= 64 ? 64 : 128;
  }
  return from_memory || rows <= 4 ? 16 : 32;
}

/// Narrow packets come back for the rest of a line, which may have left L1 by then. Two neighbours (of AVX2; half as
/// much of others) take a line of 64 bytes at once if every row begins with one, as the first does.
template <class Scalar>
constexpr bool rows_are_lines(Index depth_stride) {
  return !packets_fill_lines<Scalar> && depth_stride * static_cast<Index>(sizeof(Scalar)) % 64 == 0;
}
/// Whether value and gate, halves of each row of a large B, are better read one after the other, by neighbouring
/// packets: if lines begin with both, and value and gate in turn would take a part of them. (A tile of several panels
/// takes whole lines of both, but not from the few sets of L1 in which rows a multiple of 1 KiB apart lie.)
template <class Scalar>
constexpr bool by_neighbours(Index rows, Index depth, Index depth_stride) {
  const auto tile = static_cast<std::size_t>(std::min(rows, Index(max_tile_rows)));
  const Index stride = depth_stride * static_cast<Index>(sizeof(Scalar)), bytes = depth * stride;
  if (stride % 1024 == 0) return rows_are_lines<Scalar>(depth_stride) && bytes > in_l1;
  return rows_are_lines<Scalar>(depth_stride / 2) && bytes > 2 * in_l1 && most_panels[tile] == 1;
}

/// How many rows of A pay for packing B: in panels, it takes as little room in L1 as can be. All numbers are break-even
/// points, measured. `matrices`: one B, or several of its size that take turns.
template <class Scalar>
constexpr Reading reading_of(Index rows, Index depth, Index depth_stride, Index matrices = 1) {
  constexpr bool halves_of_lines = simd::register_size<Scalar>() * static_cast<Index>(sizeof(Scalar)) == 32;
  const Index stride = depth_stride * static_cast<Index>(sizeof(Scalar));
  const Index bytes = matrices * depth * stride;
  const auto up_to = [rows](Index most, Reading reading) { return rows > most ? Reading::Packed : reading; };
  if (bytes <= in_l1) return Reading::InPlace;
  // Rows that lie so far apart share one or two sets of L1, which has eight lines in a set.
  const bool one_set = stride % 4096 == 0, two_sets = stride % 2048 == 0;
  if (packets_fill_lines<Scalar>) {
    // A single row goes along the rows of B, unless lines begin with both halves: packets would be parts of two. (A
    // plain product, without halves, has rows of an odd number of lines that it could read in place as well.)
    const bool in_lines = matrices * stride % 128 == 0;
    if (rows == 1 && !in_lines && bytes > 2 * in_l1 && stride >= 256) return Reading::Streamed;
    constexpr Index whole_l2 = 2 * weights_in_l2;  // of most processors with such packets
    return bytes <= whole_l2 ? Reading::InPlace : up_to(one_set ? 64 : row_block, Reading::Streamed);
  }
  if (rows == 1) {
    return bytes <= 2 * in_l1 && rows_are_lines<Scalar>(depth_stride) ? Reading::InPlace : Reading::Streamed;
  }
  if (bytes > weights_in_l2) return up_to(one_set ? 12 : 32, Reading::Streamed);
  if (halves_of_lines && bytes > weights_in_l2 / 2 && stride >= 1024) {
    // Streams take lines as a whole, whatever lies in them. That counts for tiles of few rows, which wait for B, and
    // where no other way does.
    if (one_set) return up_to(6, Reading::Streamed);
    const bool small_tiles = RowTiles(rows).size(0) <= 4;
    if (small_tiles || !rows_are_lines<Scalar>(depth_stride)) return up_to(24, Reading::Streamed);
  }
  if (one_set) return up_to(6, Reading::InPlace);
  if (two_sets) return up_to(24, Reading::InPlace);
  if (bytes <= weights_in_l2 / 2) return up_to(96, Reading::InPlace);
  if (rows_are_lines<Scalar>(depth_stride)) return up_to(stride % 512 == 0 ? 24 : 48, Reading::InPlace);
  return up_to(96, Reading::InPlace);
}

/// Calls visit(n) with the most rows n ≤ rows of each way to read B, and of each block. Memory that suffices for all of
/// these suffices for any fewer rows.
template <class Visit>
void for_most_rows(Index rows, const Visit& visit) {
  visit(rows);
  // Blocks, tiles, two tiles of four rows, and whatever reading_of compares rows with.
  constexpr Index most_rows[] = {2 * row_block, row_block, max_tile_rows, 96, 64, 48, 32, 24, 12, 8, 6, 4, 1};
  for (const Index most : most_rows) {
    if (most < rows) visit(most);
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
