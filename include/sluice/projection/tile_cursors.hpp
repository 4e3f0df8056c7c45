// SPDX-License-Identifier: MIT
//
// Where a register tile is in what it reads: in the rows of A, in the panels of B, and in the lines that it asks for
// meanwhile. Each stands at the beginning of a round of steps of the depth, says where a step of the round reads, and
// moves on. How pointers and strides are kept is made for the registers that there are; tools/check_spills.py looks at
// what comes of it.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/opaque.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/core/widen.hpp>
#include <sluice/projection/tile_arguments.hpp>

#include <algorithm>
#include <bit>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// A stride as addresses take it: in bytes, so that a pointer and 1, 2 or 4 times a register is the operand of an
/// instruction; three times has a register of its own.
template <class T>
struct Stride {
  Index bytes;
  Index three;

  explicit SLUICE_ALWAYS_INLINE Stride(Index stride)
      : bytes(stride * static_cast<Index>(sizeof(T))), three(3 * bytes) {}
  SLUICE_ALWAYS_INLINE const T* after(int steps, const T* pointer) const {
    return reinterpret_cast<const T*>(reinterpret_cast<const char*>(pointer) + (steps == 3 ? three : steps * bytes));
  }
  /// Left alone, the compiler keeps a register for each sum of a stride and an offset, and spills them.
  SLUICE_ALWAYS_INLINE void forget() {
    simd::forget(bytes);
    simd::forget(three);
  }
};

/// What is known of the loop of a tile when it is compiled.
template <class Scalar, int Rows, int Panels, Columns columns_of_b, Layout layout_of_a>
struct TileLoop {
  static constexpr int rows = Rows;
  static constexpr Columns columns = columns_of_b;
  static constexpr Layout layout = layout_of_a;
  /// Value and gate share a packet.
  static constexpr bool shared = Panels == half_panel;
  static constexpr int panels = std::max(Panels, 1);
  /// Of the packets of B that a step takes, either both of a panel lie side by side, or the panels do: one pointer for
  /// each such stream, and offsets that the compiler knows. (An index register beside a pointer would make two
  /// instructions of every multiply-add in the processor: a tenth of the time of a single sample.)
  static constexpr bool by_panel = columns != Columns::Apart && !shared;
  static constexpr int streams = by_panel ? panels : 2;
  static constexpr int steps = layout == Layout::Strided ? 1 : steps_of_round<Scalar>(rows);
};

/// The scalars of A. A pointer for each row would not fit the general registers; one for three rows does, and a stride.
template <class Scalar, class Loop>
struct RowsOfA {
  static constexpr int groups = Loop::layout == Layout::ContiguousRows ? 1 : (Loop::rows + 2) / 3;
  const Scalar* a[groups];
  Stride<Scalar> rows, depth;

  SLUICE_ALWAYS_INLINE RowsOfA(const Scalar* first, Index row_stride, Index depth_stride)
      : rows(row_stride), depth(depth_stride) {
    SLUICE_UNROLL
    for (int g = 0; g < groups; ++g) a[g] = first + 3 * g * row_stride;
  }
  SLUICE_ALWAYS_INLINE const Scalar* at(int step, int row) const {
    if constexpr (Loop::layout == Layout::ContiguousRows) return depth.after(step, a[0]) + row;
    if constexpr (Loop::layout == Layout::ContiguousDepth) return rows.after(row % 3, a[row / 3]) + step;
    return rows.after(row % 3, a[row / 3]);
  }
  SLUICE_ALWAYS_INLINE void advance(int by) {
    SLUICE_UNROLL
    for (int g = 0; g < groups; ++g) {
      a[g] = Loop::layout == Layout::ContiguousDepth ? a[g] + by : depth.after(by, a[g]);
      if constexpr (Loop::steps > 1) simd::forget(a[g]);
    }
  }
  SLUICE_ALWAYS_INLINE void forget_strides() {
    rows.forget();
    if constexpr (Loop::layout == Layout::ContiguousRows) depth.forget();
  }
  /// Scalars kept for the next panel would need registers that the accumulators have.
  SLUICE_ALWAYS_INLINE void forget_scalars() {
#if defined(__GNUC__)
    SLUICE_UNROLL
    for (int g = 0; g < groups; ++g) asm("" : "+r"(a[g]));
#endif
  }
};

/// The packets of B: a pointer for each stream.
template <class Scalar, class Stored, class Loop>
struct PanelsOfB {
  static constexpr Index packet = simd::packet_size<Scalar>;
  const Stored* b[Loop::streams];
  Stride<Stored> depth;

  SLUICE_ALWAYS_INLINE explicit PanelsOfB(const TileArguments<Scalar, Stored>& t) : depth(t.b_depth_stride) {
    SLUICE_UNROLL
    for (int s = 0; s < Loop::streams; ++s) {
      b[s] = Loop::by_panel ? t.b0 + s * t.b_panel_stride : s == 0 ? t.b0 : t.b1;
    }
  }
  SLUICE_ALWAYS_INLINE const Stored* after(int steps, const Stored* packets) const {
    return Loop::columns == Columns::Packed ? packets + steps * 2 * packet : depth.after(steps, packets);
  }
  /// Of a step, a panel's first packet and its second.
  SLUICE_ALWAYS_INLINE const Stored* first(int step, int panel) const {
    return after(step, b[Loop::by_panel ? panel : 0]) + (Loop::by_panel ? 0 : panel * packet);
  }
  SLUICE_ALWAYS_INLINE const Stored* second(int step, int panel) const {
    return after(step, b[Loop::by_panel ? panel : 1]) + (Loop::by_panel ? packet : panel * packet);
  }
  SLUICE_ALWAYS_INLINE void advance(int by) {
    SLUICE_UNROLL
    for (int s = 0; s < Loop::streams; ++s) {
      b[s] = after(by, b[s]);
      if constexpr (Loop::by_panel || Loop::steps > 1) simd::forget(b[s]);
    }
  }
};

/// What is asked for at a step: the lines of a step of each panel. Those of a single panel may lie apart, and then
/// those of all steps of a round do, each in a stream of its own. (One row of packed panels: ask_ahead_of.)
template <class Scalar, class Stored, class Loop>
struct LinesAhead {
  using Arguments = TileArguments<Scalar, Stored>;
  static constexpr bool by_line = Loop::panels == 1;
  static constexpr int lines = Arguments::lines_of_step;
  static constexpr int asked = by_line ? lines : Loop::by_panel ? Loop::panels : 1;
  const Stored* ahead[asked];
  Index round;  // from one round to the next
  Stride<Stored> depth;

  SLUICE_ALWAYS_INLINE explicit LinesAhead(const Arguments& t)
      : LinesAhead(t, by_line && t.prefetch_in_streams,
                   (t.depth * t.prefetch_step) >> std::countr_zero(unsigned{Loop::steps * lines})) {}
  SLUICE_ALWAYS_INLINE LinesAhead(const Arguments& t, bool in_streams, Index stream)
      : round(in_streams ? divide_up(t.prefetch_step, lines) : Loop::steps * t.prefetch_step),
        depth(in_streams ? lines * stream : t.prefetch_step) {
    const Index stride = in_streams ? stream : by_line ? Arguments::line : t.prefetch_panel_stride;
    SLUICE_UNROLL
    for (int s = 0; s < asked; ++s) ahead[s] = t.b0 + t.prefetch + s * stride;
  }
  static SLUICE_ALWAYS_INLINE void ask_for(const Stored* packets) {
    // In L1 what several rows ask for would take the place of what is needed first. One row needs it next.
    constexpr simd::Cache where = Loop::rows == 1 ? simd::Cache::L1 : simd::Cache::Near;
    simd::prefetch<where>(packets);
    if constexpr (!by_line && lines > 1) simd::prefetch<where>(packets + Arguments::line);
  }
  SLUICE_ALWAYS_INLINE void ask(int step) const {
    SLUICE_UNROLL
    for (int s = 0; s < asked; ++s) ask_for(depth.after(step, ahead[s]));
  }
  SLUICE_ALWAYS_INLINE void advance(int by) {
    SLUICE_UNROLL
    for (int s = 0; s < asked; ++s) {
      ahead[s] = by_line && by == Loop::steps ? ahead[s] + round : depth.after(by, ahead[s]);
    }
  }
  /// Asks so far ahead of packed panels, once for each of their lines.
  static SLUICE_ALWAYS_INLINE void ask_ahead_of(const PanelsOfB<Scalar, Stored, Loop>& b, int step, Index distance) {
    static_assert(lines == 1, "weights in fewer bits");
    constexpr Index step_bytes = 2 * simd::packet_size<Scalar> * static_cast<Index>(sizeof(Stored));
    constexpr int steps_of_line = std::max(static_cast<int>(64 / step_bytes), 1);
    if (step % steps_of_line != 0) return;
    SLUICE_UNROLL
    for (int s = 0; s < Loop::streams; ++s) ask_for(b.after(step, b.b[s]) + distance);
  }
};

}  // namespace detail

SLUICE_NAMESPACE_END
