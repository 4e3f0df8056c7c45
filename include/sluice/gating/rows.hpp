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

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Calls body(column, count) for one register of columns after the other; count is less than a register at the end.
template <class Scalar, class Body>
SLUICE_ALWAYS_INLINE void for_each_register(Index cols, const Body& body) {
  constexpr Index size = simd::register_size<Scalar>();
  Index j = 0;
  for (; j + size <= cols; j += size) body(j, std::integral_constant<Index, size>{});
  if (j < cols) body(j, cols - j);
}

/// The first `count` scalars of a register to memory.
template <class Scalar, class Count>
SLUICE_ALWAYS_INLINE void store_some(Scalar* to, const simd::Register<Scalar>& x, Count count) {
  if constexpr (std::is_same_v<Count, Index>) {
    if constexpr (simd::is_vectorized_scalar<Scalar>) simd::store_partial(to, x, count);
  } else {
    simd::store_register<Scalar>(to, x);
  }
}
template <class Scalar, class Count>
SLUICE_ALWAYS_INLINE simd::Register<Scalar> load_some(const Scalar* from, Count count) {
  if constexpr (std::is_same_v<Count, Index> && simd::is_vectorized_scalar<Scalar>) {
    return simd::load_partial(from, count);
  } else {
    return simd::load_register<Scalar>(from);
  }
}

/// Pre-activations at the end of a row: a whole register where the gating runs in packets, to which surplus lanes do no
/// harm; zeros behind the end for an activation that is called lane by lane.
template <class Gating, class Scalar, class Count>
SLUICE_ALWAYS_INLINE simd::Register<Scalar> load_pre_activations(const Scalar* from, Count count) {
  if constexpr (runs_in_packets<Gating, Scalar>) {
    return simd::load_register<Scalar>(from);
  } else {
    return load_some<Scalar>(from, count);
  }
}

/// y[j] = value(v[j])·gate(g[j]) and, if asked for, gate(g[j]). y may be v and gate_out may be g.
template <bool WithGate, class Scalar, class G>
SLUICE_NEVER_INLINE void gate_row(const G& gating, const Scalar* value, const Scalar* gate, Index cols, Scalar* y,
                                  Scalar* gate_out) {
  for_each_register<Scalar>(cols, [&](Index j, auto count) SLUICE_LAMBDA_INLINE {
    const auto result = gate_value(gating, load_pre_activations<G, Scalar>(value + j, count),
                                   load_pre_activations<G, Scalar>(gate + j, count));
    store_some<Scalar>(y + j, result.output, count);
    if constexpr (WithGate) store_some<Scalar>(gate_out + j, result.gate, count);
  });
}

/// The gating of a block: y, and the activated gate where gate_out has data. The block is used up.
template <class Scalar, class G>
void gate_block(const G& gating, const Halves<Scalar>& pre, const MatrixView<Scalar>& y,
                const MatrixView<Scalar>& gate_out) {
  const bool y_in_place = y.col_stride != 1;
  const bool gate_in_place = gate_out.col_stride != 1;
  for (Index r = 0; r < pre.value.rows; ++r) {
    Scalar* const v = &pre.value(r, 0);
    Scalar* const g = &pre.gate(r, 0);
    Scalar* const to = y_in_place ? v : &y(r, 0);
    if (gate_out.data == nullptr) {
      gate_row<false>(gating, v, g, y.cols, to, static_cast<Scalar*>(nullptr));
    } else {
      gate_row<true>(gating, v, g, y.cols, to, gate_in_place ? g : &gate_out(r, 0));
    }
  }
  if (y_in_place) copy_block<Scalar>(pre.value, y);
  if (gate_out.data != nullptr && gate_in_place) copy_block<Scalar>(pre.gate, gate_out);
}

/// Rows of anything: y[j] = f(x[j]). y may be x.
template <class Scalar, class F>
SLUICE_ALWAYS_INLINE void map_row(const F& f, const Scalar* x, Index cols, Scalar* y) {
  for_each_register<Scalar>(cols, [&](Index j, auto count) SLUICE_LAMBDA_INLINE {
    store_some<Scalar>(y + j, f(load_some<Scalar>(x + j, count)), count);
  });
}

/// Gradients of the pre-activations of one row, in `d_value` and `d_gate`, from dy. Either may be its own input.
template <class Scalar, class G>
SLUICE_NEVER_INLINE void gate_gradient_row(const G& gating, const Scalar* value, const Scalar* gate, const Scalar* dy,
                                           Index cols, Scalar* d_value, Scalar* d_gate) {
  for_each_register<Scalar>(cols, [&](Index j, auto count) SLUICE_LAMBDA_INLINE {
    const auto gradient =
        gate_gradient(gating, load_pre_activations<G, Scalar>(value + j, count),
                      load_pre_activations<G, Scalar>(gate + j, count), load_some<Scalar>(dy + j, count));
    store_some<Scalar>(d_value + j, gradient.value, count);
    store_some<Scalar>(d_gate + j, gradient.gate, count);
  });
}

}  // namespace detail

SLUICE_NAMESPACE_END
