// SPDX-License-Identifier: MIT
//
// What glu() works on: every case (any axis, storage order, gate order; matrix or tensor) becomes two strided matrix
// views, value and gate, and one loop over rows serves them all.
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/core/samples.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/gating/gating.hpp>
#include <sluice/gating/rows.hpp>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

/// How value and gate lie in a fused axis. The gate is the activated half.
enum class GateOrder {
  ValueFirst,   ///< v₀ v₁ … g₀ g₁ …   torch.nn.functional.glu
  GateFirst,    ///< g₀ g₁ … v₀ v₁ …   Phi-3, TransformerEngine
  Interleaved,  ///< g₀ v₀ g₁ v₁ …     gpt-oss: the gate at even positions, the value ("up") at odd ones
};

namespace detail {

/// Memory cut by one axis: outer × extent × inner. The inner scalars are adjacent.
template <class T>
struct AxisView {
  T* data;
  Index outer, extent, inner;
  Index outer_stride, axis_stride;

  /// The (outer·extent·inner) scalars as a matrix; the axis goes with the inner scalars into the columns, or with the
  /// outer ones into the rows, which dense tensors allow.
  MatrixView<T> as_matrix(bool axis_in_rows) const {
    if (axis_in_rows && inner != 1) return {data, outer * extent, inner, axis_stride, 1};
    return {data, outer, extent * inner, outer_stride, inner == 1 ? axis_stride : 1};
  }

  /// Every step-th layer of the axis, n of them, from layer `first`.
  AxisView layers(Index first, Index n, Index step) const {
    return {n > 0 ? data + first * axis_stride : data, outer, n, inner, outer_stride, step * axis_stride};
  }
};

/// The memory behind `view` (the samples × features of an argument of this shape), cut by one axis.
template <class X, class T>
AxisView<T> along_axis(const MatrixView<T>& view, const typename TraitsOf<X>::Shape& shape, std::size_t axis) {
  if constexpr (std::tuple_size_v<typename TraitsOf<X>::Shape> <= 2) {
    const bool last = axis + 1 == shape.size();
    const MatrixView<T> v = last ? view : view.transpose();
    return {v.data, v.rows, v.cols, 1, v.row_stride, v.col_stride};
  } else {
    Index before = 1, after = 1;
    for (std::size_t i = 0; i < axis; ++i) before *= shape[i];
    for (std::size_t i = axis + 1; i < shape.size(); ++i) after *= shape[i];
    constexpr bool first_axis_fastest = TraitsOf<X>::sample_order == SampleOrder::FirstAxisFastest;
    const Index inner = first_axis_fastest ? before : after;
    return {view.data, first_axis_fastest ? after : before, shape[axis], inner, shape[axis] * inner, inner};
  }
}

/// Value and gate of a fused axis, as matrices of the same shape as unsplit(…) of the output.
template <class T>
Halves<T> split(const AxisView<T>& h, GateOrder order) {
  const Index n = h.extent / 2;
  const bool interleaved = order == GateOrder::Interleaved;
  const auto first = h.layers(0, n, interleaved ? 2 : 1).as_matrix(interleaved);
  const auto second = h.layers(interleaved ? 1 : n, n, interleaved ? 2 : 1).as_matrix(interleaved);
  return order == GateOrder::ValueFirst ? Halves<T>{first, second} : Halves<T>{second, first};
}
template <class T>
MatrixView<T> unsplit(const AxisView<T>& y, GateOrder order) {
  return y.as_matrix(order == GateOrder::Interleaved);
}

// --- the loop --------------------------------------------------------------------------------------------------------

/// How matrices of one shape are walked through together: by rows or by columns, whichever is adjacent in more of them,
/// and in one go where the rows follow each other without a gap.
class Walk {
 public:
  template <class... T>
  explicit Walk(Index lanes, const MatrixView<T>&... views) {
    const Index rows = std::get<0>(std::tie(views...)).rows;
    const Index cols = std::get<0>(std::tie(views...)).cols;
    const int adjacent_in_rows = ((views.col_stride == 1) + ...);
    const int adjacent_in_cols = ((views.row_stride == 1) + ...);
    by_columns_ = rows > 1 && (cols == 1 || adjacent_in_cols > adjacent_in_rows || (cols < lanes && rows >= lanes));
    in_one_go_ = (... && ((*this)(views).row_stride == (*this)(views).cols * (*this)(views).col_stride));
    adjacent_ = (... && ((*this)(views).col_stride == 1));
  }

  template <class T>
  MatrixView<T> operator()(const MatrixView<T>& view) const {
    const MatrixView<T> v = by_columns_ ? view.transpose() : view;
    return in_one_go_ ? MatrixView<T>{v.data, 1, v.rows * v.cols, 0, v.col_stride} : v;
  }
  /// Whether the scalars of a row are adjacent in all of them.
  bool adjacent() const { return adjacent_; }

 private:
  bool by_columns_ = false;
  bool in_one_go_ = false;
  bool adjacent_ = false;
};

/// The stride 1, known at compile time.
struct Adjacent {
  explicit constexpr Adjacent(Index) {}
  constexpr operator Index() const { return 1; }
};

/// A register of scalars that lie `stride` apart: a packet where they are adjacent, lane by lane elsewhere. Stride is
/// Adjacent or Index; as many as are `left` of them.
template <class Scalar, class Stride>
SLUICE_ALWAYS_INLINE simd::Register<Scalar> load_lanes(const Scalar* from, Stride stride, Index left) {
  if constexpr (std::is_same_v<Stride, Adjacent>) {
    return load_some<Scalar>(from, left);
  } else if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (stride == 1) return load_some<Scalar>(from, left);
    const Index count = std::min<Index>(left, simd::packet_size<Scalar>);
    alignas(simd::Packet<Scalar>) Scalar lanes[static_cast<std::size_t>(simd::packet_size<Scalar>)] = {};
    for (Index i = 0; i < count; ++i) lanes[i] = from[i * stride];
    return simd::load(static_cast<const Scalar*>(lanes));
  } else {
    return *from;
  }
}
template <class Scalar, class Stride>
SLUICE_ALWAYS_INLINE void store_lanes(Scalar* to, Stride stride, const simd::Register<Scalar>& x, Index left) {
  if constexpr (std::is_same_v<Stride, Adjacent>) {
    store_some<Scalar>(to, x, left);
  } else if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (stride == 1) return store_some<Scalar>(to, x, left);
    const Index count = std::min<Index>(left, simd::packet_size<Scalar>);
    alignas(simd::Packet<Scalar>) Scalar lanes[static_cast<std::size_t>(simd::packet_size<Scalar>)];
    simd::store(static_cast<Scalar*>(lanes), x);
    for (Index i = 0; i < count; ++i) to[i * stride] = lanes[i];
  } else {
    *to = x;
  }
}

/// y = value(v)·gate(g) for all rows; Stride is Adjacent where Walk found every row so.
template <class Stride, class Scalar, class G>
SLUICE_NEVER_INLINE void glu_rows(const G& gating, const Halves<const Scalar>& h, const MatrixView<Scalar>& y) {
  const Stride h_stride(h.value.col_stride), y_stride(y.col_stride);
  for_each_register<Scalar>(y.rows, y.cols, [&](Index r, Index j, Index left) SLUICE_LAMBDA_INLINE {
    const auto result = gate_value(gating, load_lanes<Scalar>(&h.value(r, 0) + j * h_stride, h_stride, left),
                                   load_lanes<Scalar>(&h.gate(r, 0) + j * h_stride, h_stride, left));
    store_lanes<Scalar>(&y(r, 0) + j * y_stride, y_stride, result.output, left);
  });
}

/// dv and dg from dy for all rows.
template <class Stride, class Scalar, class G>
SLUICE_NEVER_INLINE void glu_gradient_rows(const G& gating, const Halves<const Scalar>& h,
                                           const MatrixView<const Scalar>& dy, const Halves<Scalar>& dh) {
  const Stride h_stride(h.value.col_stride), dy_stride(dy.col_stride), dh_stride(dh.value.col_stride);
  for_each_register<Scalar>(dy.rows, dy.cols, [&](Index r, Index j, Index left) SLUICE_LAMBDA_INLINE {
    const auto gradient = gate_gradient(gating, load_lanes<Scalar>(&h.value(r, 0) + j * h_stride, h_stride, left),
                                        load_lanes<Scalar>(&h.gate(r, 0) + j * h_stride, h_stride, left),
                                        load_lanes<Scalar>(&dy(r, 0) + j * dy_stride, dy_stride, left));
    store_lanes<Scalar>(&dh.value(r, 0) + j * dh_stride, dh_stride, gradient.value, left);
    store_lanes<Scalar>(&dh.gate(r, 0) + j * dh_stride, dh_stride, gradient.gate, left);
  });
}

template <class Scalar, class G>
void glu_forward(const G& gating, const Halves<const Scalar>& h, const MatrixView<Scalar>& y) {
  if (y.rows == 0 || y.cols == 0) return;
  const Walk walk(simd::register_size<Scalar>(), y, h.value);
  const Halves<const Scalar> halves{walk(h.value), walk(h.gate)};
  walk.adjacent() ? glu_rows<Adjacent, Scalar>(gating, halves, walk(y))
                  : glu_rows<Index, Scalar>(gating, halves, walk(y));
}
template <class Scalar, class G>
void glu_gradient(const G& gating, const Halves<const Scalar>& h, const MatrixView<const Scalar>& dy,
                  const Halves<Scalar>& dh) {
  if (dy.rows == 0 || dy.cols == 0) return;
  const Walk walk(simd::register_size<Scalar>(), dy, h.value, dh.value);
  const Halves<const Scalar> halves{walk(h.value), walk(h.gate)};
  const Halves<Scalar> gradients{walk(dh.value), walk(dh.gate)};
  walk.adjacent() ? glu_gradient_rows<Adjacent, Scalar>(gating, halves, walk(dy), gradients)
                  : glu_gradient_rows<Index, Scalar>(gating, halves, walk(dy), gradients);
}

}  // namespace detail

SLUICE_NAMESPACE_END
