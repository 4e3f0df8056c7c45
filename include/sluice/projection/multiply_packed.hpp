// SPDX-License-Identifier: MIT
//
// The product of packed weights, which chooses its way: one row packet by packet, columns of samples upright,
// everything else tile by tile; by the calling thread alone, or on the threads of a pool.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/packed_weights.hpp>
#include <sluice/projection/panels.hpp>
#include <sluice/projection/parallel.hpp>
#include <sluice/projection/row.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/tile_arguments.hpp>
#include <sluice/projection/upright.hpp>

#include <algorithm>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Multiplies samples whose targets are upright, as far as that goes, and returns how many.
template <class Scalar, class Stored>
SLUICE_NEVER_INLINE Index multiply_packed_upright(const MatrixView<const Scalar>& x,
                                                  const PackedWeights<Scalar, Stored>& weights,
                                                  const Sink<Scalar>& sink) {
  const auto w = weights.view();
  obtain_for_rest(x, w);
  return multiply_upright(x, w, sink);
}

/// x·W + b to the sink. The view is made here: handed over in memory, it would take a good part of a small layer's
/// time.
template <bool Paired, class Scalar, class Stored>
SLUICE_NEVER_INLINE void multiply_packed(const MatrixView<const Scalar>& x,
                                         const PackedWeights<Scalar, Stored>& weights, const Sink<Scalar>& sink) {
  if (wants_upright(x.rows, sink)) {
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

/// As many panels as there are for each thread of a pool, at least one.
template <class Scalar, class Stored, ThreadPool Device>
Index panels_of_thread(const Device& device, const Panels<Scalar, Stored>& w) {
  return std::max<Index>(1, w.count() / std::max<Index>(1, threads_for(device, w.count())));
}

/// multiply_packed on the threads of a pool, over panels or rows, whichever there are more of. The calling thread lends
/// all others their memory: none of them can lack it once there is something in the output.
template <class Scalar, class Stored, ThreadPool Device>
void multiply_packed_on(const Device& device, const MatrixView<const Scalar>& x,
                        const PackedWeights<Scalar, Stored>& weights, const Sink<Scalar>& sink) {
  if (x.rows == 0) return;
  const Panels<Scalar, Stored> w = weights.view();
  const bool upright = wants_upright(x.rows, sink) && suit_upright(w);
  const Index rows_of_tile = upright ? upright_samples<Scalar> : w.rows_of_tile();
  const Index row_tiles = divide_up(x.rows, rows_of_tile);
  const bool by_panels = w.count() >= row_tiles;
  const PanelMemory<Scalar> memory(x, w);
  // Panels to a range, at least, as long as there are enough for all threads: of few rows as many as a tile takes, or
  // each would wait for its chains of additions; of rows that are packed or wait for a piece of the depth, a group.
  const Index share = panels_of_thread(device, w);
  const Index at_once = memory.size() > 0         ? std::min(share, panels_per_piece)
                        : x.rows <= max_tile_rows ? panels_at_once(x.rows, share)
                                                  : 1;
  const Index count = by_panels ? divide_up(w.count(), at_once) : row_tiles;
  Scalar* const space = memory.obtain(threads_for(device, count));
  parallel_for(device, count, [&](Index begin, Index end, Index thread) {
    Scalar* const own = space != nullptr ? space + thread * memory.size() : nullptr;
    if (by_panels) {
      const Index first = begin * at_once, panels = std::min(end * at_once, w.count()) - first;
      multiply_part(x, w.middle(first, panels), sink.with(sink.to.from(0, first * w.width())), upright, own);
    } else {
      const Index first = begin * rows_of_tile, rows = std::min(end * rows_of_tile, x.rows) - first;
      multiply_part(x.middle_rows(first, rows), w, sink.with(sink.to.from(first, 0)), upright, own);
    }
  });
}

/// multiply_row in a function that does nothing else: beside others GCC 12 keeps its pointers on the stack.
template <class Scalar, class Stored, class Finish>
SLUICE_NEVER_INLINE void multiply_part_of_row(const MatrixView<const Scalar>& x, const Panels<Scalar, Stored>& w,
                                              const Finish& finish) {
  multiply_row(x, w, finish);
}
/// multiply_row on the threads of a pool: to a range half of the panels that one row takes at once, so that all end
/// together.
template <class Finish, class Scalar, class Stored, class Activation, ThreadPool Device>
void multiply_row_on(const Device& device, const MatrixView<const Scalar>& x,
                     const PackedWeights<Scalar, Stored>& weights, const Activation& activation, Scalar* y) {
  const Panels<Scalar, Stored> w = weights.view();
  const Index at_once = panels_at_once(1, std::clamp<Index>(most_panels[1] / 2, 1, panels_of_thread(device, w)));
  parallel_for(device, divide_up(w.count(), at_once), [&](Index begin, Index end, Index) {
    const Index first = begin * at_once, panels = std::min(end * at_once, w.count()) - first;
    multiply_part_of_row(x, w.middle(first, panels), Finish{activation, y + first * w.width()});
  });
}

/// No pool: the calling thread alone.
struct OneThread {};

/// What becomes of x·W + b of packed weights (see TakesPackets), on the calling thread or on those of a pool. Every
/// element is the same chain of operations however the work is shared out, so the result is the same to the last bit.
template <class Finish, class Scalar, class Stored, class Activation, class Device>
void finish_packed(const Device& device, const MatrixView<const Scalar>& x,
                   const PackedWeights<Scalar, Stored>& weights, const Activation& activation,
                   const Targets<Scalar>& to) {
  constexpr bool one_thread = std::is_same_v<Device, OneThread>;
  if constexpr (TakesPackets<Finish>) {
    if (x.rows == 1 && to.are_only_rows_of_y()) [[likely]] {  // or GCC compiles it for size
      if constexpr (one_thread) {
        return multiply_row(x, weights.template view_as<Finish::takes_pairs>(), Finish{activation, to.y.data});
      } else {
        return multiply_row_on<Finish>(device, x, weights, activation, to.y.data);
      }
    }
  }
  if constexpr (one_thread) {
    multiply_packed<Finish::takes_pairs>(x, weights, Finish::sink(activation, to));
  } else {
    multiply_packed_on(device, x, weights, Finish::sink(activation, to));
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
