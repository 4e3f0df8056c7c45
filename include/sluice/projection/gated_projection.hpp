// SPDX-License-Identifier: MIT
//
// The gated projection and its gradient: everything between the weights and the samples, for matrices that are already
// views.
//
//   forward    [v | g] = x·[W₁ | W₂] + [b₁ | b₂]        (rows × 2·units), a cache-sized block at a time
//              y = value(v) ⊙ gate(g)                   on the block while it is hot
//   backward   [dv | dg] = gradient of the gating       (rows × 2·units)
//              dW += xᵀ·[dv | dg],  db += column sums,  dx = [dv | dg]·[W₁ | W₂]ᵀ
//
// Going forward, the (rows × 2·units) intermediate never exists as a whole, unless the caller asks for it (the cache of
// a training step). Going backward with a cache, its gradient does.
#pragma once

#include <sluice/gating/gating.hpp>
#include <sluice/gating/rows.hpp>
#include <sluice/projection/blocks.hpp>
#include <sluice/projection/multiply_panels.hpp>
#include <sluice/projection/parameters.hpp>
#include <sluice/projection/row.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/upright.hpp>

#include <algorithm>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Views of the parameters of a gated projection (const Scalar), or of their gradients (Scalar). Biases are null
/// without.
template <class Scalar>
struct GatedViews {
  Halves<Scalar> weight;
  Scalar* value_bias;
  Scalar* gate_bias;
  bool is_inline;  // see ParameterBlock; such weights are read in place, without any memory from the heap

  template <class Parameters>
  explicit GatedViews(Parameters& p)
      : weight{view_of(p.value_weight()), view_of(p.gate_weight())},
        value_bias(p.has_bias() ? p.value_bias().data() : nullptr),
        gate_bias(p.has_bias() ? p.gate_bias().data() : nullptr),
        is_inline(Parameters::is_inline) {}

 private:
  template <class Map>
  static MatrixView<Scalar> view_of(Map&& w) {
    return {w.data(), w.rows(), w.cols(), w.outerStride(), 1};
  }
};

/// value and gate as the one matrix of twice as many columns that they are.
template <class T>
MatrixView<T> joined(const Halves<T>& halves) {
  MatrixView<T> both = halves.value;
  both.cols *= 2;
  return both;
}

template <class Scalar>
Reading reading_of(Index rows, const GatedViews<const Scalar>& p) {
  if (p.is_inline) return Reading::InPlace;
  const auto& w = p.weight.value;
  const Index matrices = w.row_stride < 2 * w.cols ? 2 : 1;  // of Split, of Fused
  return reading_of<Scalar>(rows, w.rows, w.row_stride, matrices);
}

template <class Projection, class Scalar>
Panels<Scalar, Scalar> panels_in_place(const GatedViews<const Scalar>& p) {
  constexpr Index packet = simd::packet_size<Scalar>;
  const auto& v = p.weight.value;
  const Scalar* const gate = p.weight.gate.data;
  const auto behind = [](const Scalar* bias) { return bias == nullptr ? bias : bias + packet; };
  Panels<Scalar, Scalar> panels{v.data, gate, v.rows, v.cols, v.row_stride, packet, true, p.value_bias, p.gate_bias};
  if constexpr (!std::is_same_v<Projection, Fused>) {
    panels = {v.data,        v.data + packet, v.rows,
              v.cols,        v.row_stride,    2 * packet,
              false,         p.value_bias,    behind(p.value_bias),
              nullptr,       nullptr,         gate,
              gate + packet, p.gate_bias,     behind(p.gate_bias)};
  }
  panels.heapless = p.is_inline;
  return panels;
}

/// Blocks of pre-activations that stay in L2, or of many rows that stream W, in L3. Where W is packed, it is once for
/// all rows of a block: of many rows twice as many are worth half as many units.
template <class Scalar>
struct PreActivationBlocks {
  bool streamed;
  Index rows, units;
  Index width;  // of either half in memory

  PreActivationBlocks(Index all_rows, Index all_units, Reading reading)
      : streamed(reading == Reading::Streamed),
        rows(std::min(all_rows, 2 * row_block)),
        units(all_rows == 1          ? all_units
              : streamed             ? std::min(all_units, streamed_cols<Scalar>)
              : all_rows > row_block ? std::min(all_units, column_block / 2)
                                     : std::min(all_units, column_block)),
        width(padded_width<Scalar>(units, streamed)) {}
  Index size() const { return block_size<Scalar>(rows, 2 * width); }
};

/// Memory for the pre-activations of so many rows, or of any fewer: a call in pieces obtains all of its memory with the
/// first.
template <class Projection, class Scalar>
Scalar* pre_activation_memory(const MatrixView<const Scalar>& x, const GatedViews<const Scalar>& parameters) {
  struct PreActivations;
  Index size = 0;
  for_most_rows(x.rows, [&](Index rows) {
    const Reading reading = reading_of(rows, parameters);
    if (reading == Reading::InPlace) {
      PanelMemory<Scalar>(x.middle_rows(0, rows), panels_in_place<Projection>(parameters)).obtain();
    } else {
      size = std::max(size, PreActivationBlocks<Scalar>(rows, parameters.weight.value.cols, reading).size());
    }
  });
  return scratch<PreActivations, Scalar>(size);
}

/// Gives the pre-activations to the sink, computed in cache-sized blocks in `block`: the way of weights that are not
/// read in place. Split makes two products of each block, Fused one. Of a W that is read where
/// it lies, value and gate are one product only as whole rows: otherwise each stream would be two. (By value: see
/// fail().)
template <class Projection, class Scalar>
void multiply_by_blocks(const MatrixView<const Scalar>& x, GatedViews<const Scalar> parameters, Scalar* block,
                        const Sink<Scalar>& sink) {
  constexpr bool fused = std::is_same_v<Projection, Fused>;
  const Index units = parameters.weight.value.cols;
  const Reading reading_of_all = reading_of(x.rows, parameters);
  const PreActivationBlocks<Scalar> blocks(x.rows, units, reading_of_all);
  // As wide as fewer rows want it: see pre_activation_memory.
  auto space = PackingSpace<Scalar>::of_thread(blocks.rows, x.cols, 2 * std::min(units, column_block));
  for (Index unit = 0; unit < units; unit += blocks.units) {
    const Index n = std::min(blocks.units, units - unit);
    const Halves<const Scalar> w = parameters.weight.middle_cols(unit, n);
    const Scalar* const value_bias = parameters.value_bias != nullptr ? parameters.value_bias + unit : nullptr;
    const Scalar* const gate_bias = parameters.gate_bias != nullptr ? parameters.gate_bias + unit : nullptr;
    for (Index row = 0; row < x.rows; row += blocks.rows) {
      const Index m = std::min(blocks.rows, x.rows - row), width = blocks.width;
      const bool join = fused && blocks.streamed && n == units;
      Scalar* const gate = block + (join ? n : width);
      const Halves<Scalar> c{{block, m, n, 2 * width, 1}, {gate, m, n, 2 * width, 1}};
      const MatrixView<const Scalar> samples = x.middle_rows(row, m);
      const Reading reading = m < blocks.rows ? reading_of(m, parameters) : reading_of_all;  // few may be left
      if (join) {
        multiply_weights(samples, joined(w), joined(c), start_from_bias(value_bias, value_bias), reading, space, true);
      } else if (fused && !blocks.streamed) {
        space.next_cols = row + m < x.rows ? 0 : unit + 2 * n <= units ? n : space.none;
        multiply_halves(samples, w, c, start_from_bias(value_bias, gate_bias), reading, space);
      } else {
        multiply_weights(samples, w.value, c.value, start_from_bias(value_bias, value_bias), reading, space, true);
        multiply_weights(samples, w.gate, c.gate, start_from_bias(gate_bias, gate_bias), reading, space, true);
      }
      sink(PreActivationBlock<Scalar>{row, unit, m, n, 2 * width, block, gate});
    }
  }
}

/// The same by Eigen's own product, a few units of a sample at a time: the way of all scalars but float and double.
template <class Scalar>
void multiply_plainly(const MatrixView<const Scalar>& x, const GatedViews<const Scalar>& parameters,
                      const Sink<Scalar>& sink) {
  constexpr Index block_units = 64;
  Scalar block[2 * block_units];
  const Index units = parameters.weight.value.cols;
  for (Index row = 0; row < x.rows; ++row) {
    for (Index unit = 0; unit < units; unit += block_units) {
      const Index n = std::min(block_units, units - unit);
      const auto multiply_half = [&](const MatrixView<const Scalar>& w, const Scalar* bias, Scalar* to) {
        const MatrixView<Scalar> c{to, 1, n, n, 1};
        fill_rows(bias != nullptr ? bias + unit : nullptr, c);
        accumulate_plain(x.middle_rows(row, 1), w.middle_cols(unit, n), c);
      };
      multiply_half(parameters.weight.value, parameters.value_bias, block);
      multiply_half(parameters.weight.gate, parameters.gate_bias, block + block_units);
      sink(PreActivationBlock<Scalar>{row, unit, 1, n, n, block, block + block_units});
    }
  }
}

/// Writes what is wanted of a block of pre-activations: `finish` of a sink whose activation is a Gating.
template <class Scalar, class G>
void finish_gated(const void* activation, const PreActivationBlock<Scalar>& block, const Targets<Scalar>& to) {
  const G& gating = *static_cast<const G*>(activation);
  if (to.pre.data != nullptr) {
    const Halves<Scalar> pre = halves_of(to.pre);
    copy_block<Scalar>(block.value_view(), block.part_of(pre.value));
    copy_block<Scalar>(block.gate_view(), block.part_of(pre.gate));
  }
  if (to.gate.data != nullptr) {
    gate_block<true>(gating, block, block.part_of(to.y), block.part_of(to.gate));
  } else if (to.y.data != nullptr) {
    gate_block<false>(gating, block, block.part_of(to.y), {});
  }
}

/// What becomes of the sums of a gated projection (see TakesPackets).
template <class Scalar, class G>
struct GatedFinish {
  static constexpr bool takes_pairs = true;
  static constexpr bool takes_packets = runs_in_packets<G, Scalar>;
  static constexpr bool takes_halves = TakesHalfPackets<decltype(G::gate)> && TakesHalfPackets<decltype(G::value)>;
  const G& gating;
  Scalar* y;

  static Sink<Scalar> sink(const G& gating, const Targets<Scalar>& to) {
    return {&gating, &finish_gated<Scalar, G>, to};
  }
  template <class Packet>
  SLUICE_ALWAYS_INLINE void finish_packets(Index col, Index count, const Packet& value, const Packet& gate) const {
    simd::store_partial(y + col, gate_value(gating, value, gate).output, count);
  }
};

/// gated_forward of several rows, or of weights that are not read in place.
template <class Projection, class Scalar, class Parameters>
SLUICE_NEVER_INLINE void gated_forward_rows(const MatrixView<const Scalar>& x, const Parameters& parameters,
                                            const Sink<Scalar>& sink) {
  const GatedViews<const Scalar> views(parameters);
  if constexpr (!simd::is_vectorized_scalar<Scalar>) {
    multiply_plainly(x, views, sink);
  } else {
    // Fewer samples may need memory where these do not, one wherever any do: they could be the last piece of this call.
    const bool in_place = reading_of(x.rows, views) == Reading::InPlace;
    if (!in_place || reading_of(1, views) != Reading::InPlace) {
      Scalar* const block = pre_activation_memory<Projection>(x, views);
      if (!in_place) return multiply_by_blocks<Projection>(x, views, block, sink);
    }
    if (wants_upright(x.rows, sink)) {
      const auto w = panels_in_place<Projection>(views);
      obtain_for_rest(x, w);
      const Index done = multiply_upright(x, w, sink), left = x.rows - done;
      if (left == 0) return;
      if (done > 0) {
        return gated_forward_rows<Projection>(x.middle_rows(done, left), parameters, sink.with(sink.to.from(done, 0)));
      }
    }
    if constexpr (std::is_same_v<Projection, Fused> && !packets_fill_lines<Scalar>) {
      const auto& w = views.weight.value;  // as Split: the panels of one half, then those of the other
      if (!views.is_inline && by_neighbours<Scalar>(x.rows, w.rows, w.row_stride)) {
        return multiply_panels(x, panels_in_place<Split>(views), sink);
      }
    }
    multiply_panels(x, panels_in_place<Projection>(views), sink);
  }
}

/// Writes what is wanted of the samples x. Parameters are GatedParameters.
template <class Projection, class Scalar, class Parameters, class G>
SLUICE_ALWAYS_INLINE void gated_forward_inline(const MatrixView<const Scalar>& x, const Parameters& parameters,
                                               const G& gating, const Targets<Scalar>& to) {
  using Finish = GatedFinish<Scalar, G>;
  if constexpr (simd::is_vectorized_scalar<Scalar> && TakesPackets<Finish>) {
    const GatedViews<const Scalar> views(parameters);
    if (x.rows == 1 && to.are_only_rows_of_y() && reading_of(1, views) == Reading::InPlace) [[likely]] {
      // In pairs for Split, too: its halves have the same distance between rows.
      return multiply_row(x, panels_in_place<Fused>(views), Finish{gating, to.y.data});
    }
  }
  gated_forward_rows<Projection>(x, parameters, Finish::sink(gating, to));
}
template <class Projection, class Scalar, class Parameters, class G>
SLUICE_NEVER_INLINE void gated_forward(const MatrixView<const Scalar>& x, const Parameters& parameters, const G& gating,
                                       const Targets<Scalar>& to) {
  gated_forward_inline<Projection>(x, parameters, gating, to);
}

/// The memory of a backward pass: the gradient of the pre-activations, (rows × 2·units) as [value | gate], so that a
/// fused weight takes part in one product; and everything that the products behind it need.
template <class Projection, class Scalar>
Halves<Scalar> gated_backward_memory(Index rows, Index input_dim, Index units, const MatrixView<Scalar>& dx) {
  struct PreActivationGradients;
  const Index cols = std::is_same_v<Projection, Fused> ? 2 * units : units;
  add_product_memory<Scalar>(input_dim, rows, cols);
  if (dx.data != nullptr) write_products_memory<Scalar>(dx, cols);
  Scalar* const data = scratch<PreActivationGradients, Scalar>(block_size<Scalar>(rows, 2 * units));
  return {{data, rows, units, 2 * units, 1}, {data + units, rows, units, 2 * units, 1}};
}

/// Gradients of a projection from its pre-activations. dx is written (if it has data), the parameters' gradients are
/// added to.
template <class Projection, class Scalar, class G>
void gated_backward(const MatrixView<const Scalar>& x, const GatedViews<const Scalar>& parameters, const G& gating,
                    const Halves<const Scalar>& pre, const MatrixView<const Scalar>& dy, const MatrixView<Scalar>& dx,
                    const GatedViews<Scalar>& gradients) {
  if (x.rows == 0) return;
  const auto d = gated_backward_memory<Projection>(x.rows, x.cols, dy.cols, dx);
  if (dy.col_stride != 1) copy_any<Scalar>(dy, d.value);
  gate_gradient_rows<Scalar>(gating, pre, dy.col_stride == 1 ? dy : MatrixView<const Scalar>(d.value), d,
                             gradients.value_bias, gradients.gate_bias);
  // dW (input_dim × 2·units) += xᵀ (input_dim × rows)·d (rows × 2·units);  dx (rows × input_dim) = d·Wᵀ
  if constexpr (std::is_same_v<Projection, Fused>) {
    add_product<Scalar>(x.transpose(), joined(d), joined(gradients.weight));
    if (dx.data != nullptr) write_products<Scalar>({{joined(d), joined(parameters.weight)}}, dx);
  } else {
    add_product<Scalar>(x.transpose(), d.value, gradients.weight.value);
    add_product<Scalar>(x.transpose(), d.gate, gradients.weight.gate);
    if (dx.data != nullptr) {
      write_products<Scalar>({{d.value, parameters.weight.value}, {d.gate, parameters.weight.gate}}, dx);
    }
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
