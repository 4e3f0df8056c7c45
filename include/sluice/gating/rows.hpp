// SPDX-License-Identifier: MIT
//
// The gating applied to rows of pre-activations, a register at a time: forward, and the gradient.
//
// Pre-activations and gradients of pre-activations live in the library's own row-major blocks, outputs are the caller's
// and have any strides. The library's blocks may be read (not written) for a whole register beyond their last column.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/pack.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/gating/gating.hpp>

#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Calls body(row, column, left) for the registers of a block, row after row, and next_row() between them; `left`
/// scalars are left of the row, which may be more than a register holds. One loop, so that the constants of an
/// activation are loaded once for a block and not once for a row.
template <class Scalar, class Body, class NextRow>
SLUICE_ALWAYS_INLINE void for_each_register(Index rows, Index cols, const Body& body, const NextRow& next_row) {
  if (rows == 0 || cols == 0) return;
  for (Index row = 0, col = 0;;) {
    body(row, col, cols - col);
    col += simd::register_size<Scalar>();
    if (col < cols) continue;
    col = 0;
    if (++row == rows) return;
    next_row();
  }
}
template <class Scalar, class Body>
SLUICE_ALWAYS_INLINE void for_each_register(Index rows, Index cols, const Body& body) {
  for_each_register<Scalar>(rows, cols, body, []() SLUICE_LAMBDA_INLINE {});
}

/// A register to and from memory, or as many of its scalars as are left.
template <class Scalar>
SLUICE_ALWAYS_INLINE void store_some(Scalar* to, const simd::Register<Scalar>& x, Index left) {
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    simd::store_partial(to, x, left);
  } else {
    simd::store_register<Scalar>(to, x);
  }
}
template <class Scalar>
SLUICE_ALWAYS_INLINE simd::Register<Scalar> load_some(const Scalar* from, Index left) {
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    return simd::load_partial(from, left);
  } else {
    return simd::load_register<Scalar>(from);
  }
}

/// Pre-activations at the end of a row: a whole register where the gating runs in packets, to which surplus lanes do no
/// harm; zeros behind the end for an activation that is called lane by lane.
template <class Gating, class Scalar>
SLUICE_ALWAYS_INLINE simd::Register<Scalar> load_pre_activations(const Scalar* from, Index left) {
  if constexpr (runs_in_packets<Gating, Scalar>) {
    return simd::load_register<Scalar>(from);
  } else {
    return load_some<Scalar>(from, left);
  }
}

/// A block of pre-activations in the library's own memory: it may be overwritten, and read (not written) to the end of
/// its last packet. A projection without a gate has a null one.
template <class T>
struct PreActivationBlock {
  Index row, col;  // where in the whole it begins
  Index rows, cols;
  Index row_stride;
  T *value, *gate;

  /// Rows that follow each other without gaps are one long row to a function of elements.
  bool is_dense() const { return rows > 1 && row_stride == cols; }
  PreActivationBlock flat() const {
    return is_dense() ? PreActivationBlock{row, col, 1, rows * cols, rows * cols, value, gate} : *this;
  }
  /// What belongs to the block of a whole matrix.
  MatrixView<T> part_of(const MatrixView<T>& whole) const { return whole.block(row, col, rows, cols); }
  MatrixView<T> value_view() const { return {value, rows, cols, row_stride, 1}; }
  MatrixView<T> gate_view() const { return {gate, rows, cols, row_stride, 1}; }
};

/// y = value(v) ⊙ gate(g) and, if asked for, the activated gate, row by row. They may take the place of v and g.
template <bool WithGate, class T, class Scalar, class G>
SLUICE_ALWAYS_INLINE void gate_rows(const G& gating, const PreActivationBlock<T>& pre, Scalar* y, Index y_stride,
                                    Scalar* gate_out, Index gate_stride) {
  // Pointers of its own, put forward by the row: a store of y might change those of the block, for all the compiler
  // knows, and where two programs share a core, instructions are what is scarce.
  const Scalar* value = pre.value;
  const Scalar* gate = pre.gate;
  const Index stride = pre.row_stride;
  for_each_register<Scalar>(
      pre.rows, pre.cols,
      [&](Index, Index j, Index left) SLUICE_LAMBDA_INLINE {
        const auto result = gate_value(gating, load_pre_activations<G, Scalar>(value + j, left),
                                       load_pre_activations<G, Scalar>(gate + j, left));
        store_some<Scalar>(y + j, result.output, left);
        if constexpr (WithGate) store_some<Scalar>(gate_out + j, result.gate, left);
      },
      [&]() SLUICE_LAMBDA_INLINE {
        value += stride;
        gate += stride;
        y += y_stride;
        if constexpr (WithGate) gate_out += gate_stride;
      });
}

/// The gating of a block: y and, if asked for, the activated gate. The block is used up.
template <bool WithGate, class Scalar, class G>
SLUICE_ALWAYS_INLINE void gate_block(const G& gating, const PreActivationBlock<Scalar>& pre,
                                     const MatrixView<Scalar>& y, const MatrixView<Scalar>& gate_out) {
  const auto is_one_row = [&](const MatrixView<Scalar>& to)
                              SLUICE_LAMBDA_INLINE { return to.col_stride == 1 && to.row_stride == pre.cols; };
  // Rows of whole registers gain nothing by being one where those that they are written to are not.
  const bool is_flat = pre.is_dense() && (pre.cols % simd::register_size<Scalar>() != 0 ||
                                          (is_one_row(y) && (!WithGate || is_one_row(gate_out))));
  const auto takes_rows = [&](const MatrixView<Scalar>& to) SLUICE_LAMBDA_INLINE {
    return to.col_stride == 1 && (!is_flat || to.row_stride == pre.cols);
  };
  const bool y_direct = takes_rows(y), gate_direct = !WithGate || takes_rows(gate_out);
  gate_rows<WithGate>(gating, is_flat ? pre.flat() : pre, y_direct ? y.data : pre.value,
                      y_direct ? y.row_stride : pre.row_stride, gate_direct ? gate_out.data : pre.gate,
                      gate_direct ? gate_out.row_stride : pre.row_stride);
  if (!y_direct) copy_block<Scalar>(pre.value_view(), y);
  if (!gate_direct) copy_block<Scalar>(pre.gate_view(), gate_out);
}

/// y = f(x) for blocks with rows of their own. y may be x.
template <class Scalar, class F>
SLUICE_ALWAYS_INLINE void map_rows(const F& f, const MatrixView<const Scalar>& x, const MatrixView<Scalar>& y) {
  for_each_register<Scalar>(x.rows, x.cols, [&](Index r, Index j, Index left) SLUICE_LAMBDA_INLINE {
    store_some<Scalar>(&y(r, 0) + j, f(load_some<Scalar>(&x(r, 0) + j, left)), left);
  });
}

/// sums += x, as a rule a row of many; null: nobody wants them.
template <class Scalar>
SLUICE_ALWAYS_INLINE void add_some(Scalar* sums, Index col, const simd::Register<Scalar>& x, Index left) {
  if (sums != nullptr) store_some<Scalar>(sums + col, load_some<Scalar>(sums + col, left) + x, left);
}

/// Asks for what is read or written next, 2 KiB behind column `col` of each row, once for a line: of so many streams
/// side by side the processor follows too few by itself. (Without, the gradients of 768→2048 with 256 samples take 1.35
/// times as long.)
template <class Scalar, class... Rows>
SLUICE_ALWAYS_INLINE void ask_ahead(Index col, const Rows*... rows) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(Scalar)), ahead = 2048 / static_cast<Index>(sizeof(Scalar));
  if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (simd::register_size<Scalar>() >= line || col % line == 0) {
      (simd::prefetch<simd::Cache::L1>(rows + col + ahead), ...);
    }
  }
}

/// Gradients of the pre-activations of a block, in d, from dy, whose columns are contiguous. d may be pre, or d.value
/// dy. The gradients of the biases, where they have data, are the sums over the rows: those are added to.
template <class Scalar, class G>
SLUICE_NEVER_INLINE void gate_gradient_rows(const G& gating, const Halves<const Scalar>& pre,
                                            const MatrixView<const Scalar>& dy, const Halves<Scalar>& d,
                                            Scalar* value_bias, Scalar* gate_bias) {
  // As gate_rows.
  const Scalar *value = pre.value.data, *gate = pre.gate.data, *from = dy.data;
  Scalar *d_value = d.value.data, *d_gate = d.gate.data;
  const Index stride = pre.value.row_stride, from_stride = dy.row_stride, d_stride = d.value.row_stride;
  for_each_register<Scalar>(
      dy.rows, dy.cols,
      [&](Index, Index j, Index left) SLUICE_LAMBDA_INLINE {
        ask_ahead<Scalar>(j, value, gate, from, d_value, d_gate);
        const auto gradient =
            gate_gradient(gating, load_pre_activations<G, Scalar>(value + j, left),
                          load_pre_activations<G, Scalar>(gate + j, left), load_some<Scalar>(from + j, left));
        store_some<Scalar>(d_value + j, gradient.value, left);
        store_some<Scalar>(d_gate + j, gradient.gate, left);
        add_some<Scalar>(value_bias, j, gradient.value, left);
        add_some<Scalar>(gate_bias, j, gradient.gate, left);
      },
      [&]() SLUICE_LAMBDA_INLINE {
        value += stride;
        gate += stride;
        from += from_stride;
        d_value += d_stride;
        d_gate += d_stride;
      });
}

/// The same for an ordinary layer: d = dy ⊙ f'(pre), and its sums over the rows. The identity does not look at pre.
template <class Scalar, class Activation>
SLUICE_NEVER_INLINE void activation_gradient_rows(const Activation& activation, const MatrixView<const Scalar>& pre,
                                                  const MatrixView<const Scalar>& dy, const MatrixView<Scalar>& d,
                                                  Scalar* bias) {
  for_each_register<Scalar>(dy.rows, dy.cols, [&](Index r, Index j, Index left) SLUICE_LAMBDA_INLINE {
    ask_ahead<Scalar>(j, &dy(r, 0), &d(r, 0));
    auto gradient = load_some<Scalar>(&dy(r, 0) + j, left);
    if constexpr (!std::is_same_v<Activation, Identity>) {
      ask_ahead<Scalar>(j, &pre(r, 0));
      gradient = gradient * activation_derivative(activation, load_some<Scalar>(&pre(r, 0) + j, left));
    }
    store_some<Scalar>(&d(r, 0) + j, gradient, left);
    add_some<Scalar>(bias, j, gradient, left);
  });
}

}  // namespace detail

SLUICE_NAMESPACE_END
