// SPDX-License-Identifier: MIT
//
// The product of packed weights, which chooses its way: one row packet by packet, columns of samples upright,
// everything else tile by tile; by the calling thread alone, or on the threads of a pool.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/packed_weights.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/parallel.hpp>
#include <sluice/projection/row.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/upright.hpp>

#include <algorithm>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Samples that want to be multiplied upright, as far as that goes.
template <class Scalar, class Stored>
SLUICE_NEVER_INLINE Index multiply_packed_upright(const MatrixView<const Scalar>& x,
                                                  const PackedWeights<Scalar, Stored>& weights,
                                                  const Sink<Scalar>& sink) {
  const auto w = weights.view();
  obtain_for_rest(x, w);
  return multiply_upright(x, w, sink);
}

/// Every number of rows. The view is made here: handed over in memory, it would take a good part of a small layer's
/// time.
template <bool Paired, class Scalar, class Stored>
SLUICE_NEVER_INLINE void multiply_packed(const MatrixView<const Scalar>& x,
                                         const PackedWeights<Scalar, Stored>& weights, const Sink<Scalar>& sink) {
  if (wants_upright(x.rows, sink)) [[unlikely]] {
    const Index done = multiply_packed_upright(x, weights, sink), left = x.rows - done;
    if (left == 0) return;
    if (done > 0) return multiply_packed<Paired>(x.middle_rows(done, left), weights, sink.with(sink.to.from(done, 0)));
  }
  multiply_panels(x, weights.template view_as<Paired>(), sink);
}

/// Rows times panels that one of several threads has taken, with memory of its own.
template <class Scalar, class Stored>
SLUICE_NEVER_INLINE void multiply_part(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                       const Sink<Scalar>& sink, bool upright, Scalar* space) {
  const Index done = upright ? multiply_upright(x, w, sink) : 0;
  if (done == x.rows) return;
  multiply_panels(x.middle_rows(done, x.rows - done), w, sink.with(sink.to.from(done, 0)), space);
}
/// multiply_row in a function that does nothing else: beside others GCC 12 keeps its pointers on the stack.
template <class Scalar, class Stored, class Row>
SLUICE_NEVER_INLINE void multiply_part_of_row(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                              const Row& row) {
  multiply_row(x, w, row);
}

/// No pool: the calling thread alone.
struct OneThread {};

/// What becomes of x·W + b of packed weights: Row{activation, y} says it of a single sample, Row::sink(activation, to)
/// of more. On the threads of a device over panels or rows, whichever there are more of: every element is the same
/// chain of operations however the work is shared out, so the result is the same to the last bit. The calling thread
/// lends all others their memory: none of them can lack it once there is something in the output.
template <class Row, class Scalar, class Stored, class Activation>
void multiply_packed_on(OneThread, const MatrixView<const Scalar>& x, const PackedWeights<Scalar, Stored>& weights,
                        const Activation& activation, const Targets<Scalar>& to) {
  if constexpr (TakesPackets<Row>) {
    if (x.rows == 1 && to.are_rows_of_y()) [[likely]] {  // or GCC compiles it for size
      return multiply_row(x, weights.template view_as<Row::takes_pairs>(), Row{activation, to.y.data});
    }
  }
  multiply_packed<Row::takes_pairs>(x, weights, Row::sink(activation, to));
}
template <class Row, class Scalar, class Stored, class Activation, ThreadPool Device>
void multiply_packed_on(const Device& device, const MatrixView<const Scalar>& x,
                        const PackedWeights<Scalar, Stored>& weights, const Activation& activation,
                        const Targets<Scalar>& to) {
  if (x.rows == 0) return;
  const Sink<Scalar> sink = Row::sink(activation, to);
  const Panels<Scalar, Stored> w = weights.view();
  const bool upright = wants_upright(x.rows, sink) && suit_upright(w);
  const Index rows_of_tile = upright ? upright_samples<Scalar> : w.rows_of_tile();
  const Index row_tiles = divide_up(x.rows, rows_of_tile);
  const bool by_panels = w.count() >= row_tiles;
  const PanelMemory<Scalar> memory(x, w);
  // Panels to a range, at least, as long as there are enough for all threads: of few rows as many as a tile takes, or
  // each would wait for its chains of additions, of a single one half of them, so that all end together; of rows that
  // are packed or wait for a piece of the depth, a group.
  const Index share = std::max<Index>(1, w.count() / std::max<Index>(1, threads_for(device, w.count())));
  const Index of_few_rows = x.rows == 1 ? std::clamp<Index>(most_panels[1] / 2, 1, share) : share;
  const Index at_once = memory.size() > 0         ? std::min(share, panels_per_piece)
                        : x.rows <= max_tile_rows ? panels_at_once(x.rows, of_few_rows)
                                                  : 1;
  const Index count = by_panels ? divide_up(w.count(), at_once) : row_tiles;
  Scalar* const space = memory.obtain(threads_for(device, count));
  parallel_for(device, count, [&](Index begin, Index end, Index thread) {
    Scalar* const own = space != nullptr ? space + thread * memory.size() : nullptr;
    if (!by_panels) {
      const Index first = begin * rows_of_tile, rows = std::min(end * rows_of_tile, x.rows) - first;
      return multiply_part(x.middle_rows(first, rows), w, sink.with(to.from(first, 0)), upright, own);
    }
    const Index first = begin * at_once, col = first * w.width();
    const Panels<Scalar, Stored> part = w.middle(first, std::min(end * at_once, w.count()) - first);
    if constexpr (TakesPackets<Row>) {
      if (x.rows == 1 && to.are_rows_of_y()) return multiply_part_of_row(x, part, Row{activation, to.y.data + col});
    }
    multiply_part(x, part, sink.with(to.from(0, col)), upright, own);
  });
}

}  // namespace detail

SLUICE_NAMESPACE_END
