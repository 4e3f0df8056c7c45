// SPDX-License-Identifier: MIT
//
// glu(): the gating alone, for a fused pre-activation h that is computed elsewhere. h is split along one axis into two
// halves of n, the value v and the gate g:
//
//   h   (… × 2n × …)
//   y   (… × n × …)   = value(v) ⊙ gate(g)
//   dh  (… × 2n × …)  : dv = dy ⊙ gate(g) ⊙ value'(v),  dg = dy ⊙ value(v) ⊙ gate'(g)
//
// With a sigmoid gate, value first, this is torch.nn.functional.glu; Dauphin et al. 2017, arXiv:1612.08083, eq. 1.
//
// Every case (any axis, storage order, gate order; matrix or tensor) becomes two strided matrix views, value and gate,
// and one loop over rows serves them all.
#pragma once

#include <sluice/activations/sigmoid.hpp>
#include <sluice/core/error.hpp>
#include <sluice/core/samples.hpp>
#include <sluice/core/storage.hpp>
#include <sluice/gating/gating.hpp>
#include <sluice/gating/rows.hpp>

#include <cstddef>
#include <string_view>
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
/// Adjacent or Index; `count` of them.
template <class Scalar, class Stride>
SLUICE_ALWAYS_INLINE simd::Register<Scalar> load_lanes(const Scalar* from, Stride stride, Index count) {
  if constexpr (std::is_same_v<Stride, Adjacent>) {
    return load_some<Scalar>(from, count);
  } else if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (stride == 1) return load_some<Scalar>(from, count);
    alignas(simd::Packet<Scalar>) Scalar lanes[static_cast<std::size_t>(simd::packet_size<Scalar>)] = {};
    for (Index i = 0; i < count; ++i) lanes[i] = from[i * stride];
    return simd::load(static_cast<const Scalar*>(lanes));
  } else {
    return *from;
  }
}
template <class Scalar, class Stride>
SLUICE_ALWAYS_INLINE void store_lanes(Scalar* to, Stride stride, const simd::Register<Scalar>& x, Index count) {
  if constexpr (std::is_same_v<Stride, Adjacent>) {
    store_some<Scalar>(to, x, count);
  } else if constexpr (simd::is_vectorized_scalar<Scalar>) {
    if (stride == 1) return store_some<Scalar>(to, x, count);
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
  for_each_register<Scalar>(y.rows, y.cols, [&](Index r, Index j, Index count) SLUICE_LAMBDA_INLINE {
    const auto result = gate_value(gating, load_lanes<Scalar>(&h.value(r, 0) + j * h_stride, h_stride, count),
                                   load_lanes<Scalar>(&h.gate(r, 0) + j * h_stride, h_stride, count));
    store_lanes<Scalar>(&y(r, 0) + j * y_stride, y_stride, result.output, count);
  });
}

/// dv and dg from dy for all rows.
template <class Stride, class Scalar, class G>
SLUICE_NEVER_INLINE void glu_gradient_rows(const G& gating, const Halves<const Scalar>& h,
                                           const MatrixView<const Scalar>& dy, const Halves<Scalar>& dh) {
  const Stride h_stride(h.value.col_stride), dy_stride(dy.col_stride), dh_stride(dh.value.col_stride);
  for_each_register<Scalar>(dy.rows, dy.cols, [&](Index r, Index j, Index count) SLUICE_LAMBDA_INLINE {
    const auto gradient = gate_gradient(gating, load_lanes<Scalar>(&h.value(r, 0) + j * h_stride, h_stride, count),
                                        load_lanes<Scalar>(&h.gate(r, 0) + j * h_stride, h_stride, count),
                                        load_lanes<Scalar>(&dy(r, 0) + j * dy_stride, dy_stride, count));
    store_lanes<Scalar>(&dh.value(r, 0) + j * dh_stride, dh_stride, gradient.value, count);
    store_lanes<Scalar>(&dh.gate(r, 0) + j * dh_stride, dh_stride, gradient.gate, count);
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

// --- arguments -------------------------------------------------------------------------------------------------------

/// What glu() and glu_backward() return: the orientation and storage order of h. Which axis is halved is known at run
/// time only, so the output of a fixed-size matrix has a size limit instead of a size (and no heap memory).
template <class H>
struct GluResult {
  using Output = typename TraitsOf<H>::template Output<Dynamic>;
  using Gradient = Output;
};
template <DenseExpression H>
struct GluResult<H> {
  using Traits = SampleTraits<H>;
  using Scalar = typename Traits::Scalar;
  static constexpr Index size = Traits::features_at_compile_time;
  static constexpr Index max_rows = H::MaxRowsAtCompileTime, max_cols = H::MaxColsAtCompileTime;
  // Eigen wants bounded matrices that may be vectors in one storage order only; large ones belong on the heap.
  static constexpr bool is_bounded =
      max_rows != Dynamic && max_cols != Dynamic && (Traits::is_vector || (max_rows > 1 && max_cols > 1)) &&
      static_cast<std::size_t>(max_rows * max_cols) <= inline_storage_limit / sizeof(Scalar);
  static constexpr int order = H::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor;

  static_assert(!Traits::is_vector || size == Dynamic || size % 2 == 0,
                "sluice: glu halves a vector, so the size of its type must be even");

  static constexpr auto output() {
    if constexpr (Traits::is_vector) {
      return std::type_identity<typename Traits::template Output<is_bounded && size != Dynamic ? size / 2 : Dynamic>>{};
    } else {
      return std::type_identity<Eigen::Matrix<Scalar, Dynamic, Dynamic, order, is_bounded ? int(max_rows) : Dynamic,
                                              is_bounded ? int(max_cols) : Dynamic>>{};
    }
  }
  static constexpr auto gradient() {
    if constexpr (Traits::is_vector) {
      return std::type_identity<typename Traits::template Output<is_bounded ? size : Dynamic>>{};
    } else {
      return output();
    }
  }
  using Output = typename decltype(output())::type;
  using Gradient = typename decltype(gradient())::type;
};

/// The checks and the geometry that forward and backward share.
template <class H, class Activation>
class GluCall {
 public:
  using Traits = TraitsOf<H>;
  using Scalar = typename Traits::Scalar;
  using Shape = typename Traits::Shape;
  using Gating = typename GatingOf<Activation>::type;
  static_assert(check_activation<decltype(Gating::gate), Scalar>());
  static_assert(check_activation<decltype(Gating::value), Scalar>());

  GluCall(const H& h, Index axis, GateOrder order) : order_(order), shape_(Traits::shape(h)) {
    constexpr Index rank = std::tuple_size_v<Shape>;
    if (axis < -rank || axis >= rank) {
      fail(name, "expected an axis from ", -rank, " to ", rank - 1, ", got ", axis, " (input is ", Traits::text(shape_),
           ")");
    }
    axis_ = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    if constexpr (DenseExpression<H>) {
      // A vector's shape is (1, size), however it stands; its axis is 0 or -1, or what it is called in a matrix.
      if (Traits::is_vector) axis_ = axis == 0 || axis == -1 || axis == (Traits::is_column ? -2 : 1) ? 1 : 0;
    }
    if (shape_[axis_] % 2 != 0) {
      fail(name, "expected an even extent along axis ", axis, ", got ", shape_[axis_], " (input is ",
           Traits::text(shape_), ")");
    }
    half_ = shape_;
    half_[axis_] /= 2;
  }

  const Shape& shape() const { return shape_; }
  const Shape& half() const { return half_; }

  /// Value and gate of something shaped like h; the whole of something shaped like y.
  template <class X, class T>
  Halves<T> halves(const MatrixView<T>& x) const {
    return split(along_axis<X>(x, shape_, axis_), order_);
  }
  template <class X, class T>
  MatrixView<T> whole(const MatrixView<T>& x) const {
    return unsplit(along_axis<X>(x, half_, axis_), order_);
  }

  static constexpr std::string_view name = "glu";

 private:
  GateOrder order_;
  std::size_t axis_ = 0;
  Shape shape_;
  Shape half_;
};

}  // namespace detail

/// Splits h along an axis into value and gate and writes value ⊙ gate-activation(gate) into y: a matrix, block, map or
/// tensor of the shape of h with that axis halved. An empty matrix or tensor takes the shape.
///
/// Throws std::invalid_argument, before anything is written, where the axis does not exist or has an odd extent, y has
/// another shape, or y shares memory with h.
template <class Activation = Sigmoid, detail::SampleInput H, detail::SampleOutput Y>
void glu(const H& h, Index axis, Y&& y, GateOrder order = GateOrder::ValueFirst, const Activation& activation = {}) {
  using Call = detail::GluCall<H, Activation>;
  using Scalar = typename Call::Scalar;
  const Call call(h, axis, order);
  detail::check_output_shape<H>(Call::name, "output", y, call.half());
  detail::check_no_overlap(Call::name, "input", h, "output", y);
  detail::with_view(h, [&](const detail::MatrixView<const Scalar>& view) {
    detail::with_output(y, call.half(), [&](const detail::MatrixView<Scalar>& to) {
      detail::glu_forward<Scalar>(detail::GatingOf<Activation>::make(activation), call.template halves<H>(view),
                                  call.template whole<Y>(to));
    });
  });
}

/// torch's F.glu: splits h along an axis into value and gate, returns value ⊙ gate-activation(gate), evaluated, with
/// that axis halved and otherwise shaped and stored like h.
///
/// h           a matrix expression (axes 0 and 1), a vector (axis 0), or with <sluice/tensor.hpp> a tensor of any rank
/// axis        negative counts from the end
/// order       which of the two is the value, see GateOrder
/// activation  of the gate, or Gating<Gate, Value>; as a template argument, or as a value where it carries numbers
///
/// Throws std::invalid_argument where the axis does not exist or has an odd extent.
///
///   Eigen::MatrixXf y = sluice::glu(h, 1);                                         // h (32 × 20), y (32 × 10)
///   Eigen::MatrixXf z = sluice::glu<sluice::SiLU>(h, -1, sluice::GateOrder::GateFirst);
///   Eigen::MatrixXf w = sluice::glu(h, 1, sluice::GateOrder::Interleaved, sluice::Swish{1.5});
template <class Activation = Sigmoid, detail::SampleInput H>
auto glu(const H& h, Index axis, GateOrder order = GateOrder::ValueFirst, const Activation& activation = {}) {
  typename detail::GluResult<H>::Output y;
  glu(h, axis, y, order, activation);
  return y;
}

/// Writes the gradient of h into dh, from h and dy = ∂L/∂y. dh is shaped like h, dy like y.
///
/// Throws std::invalid_argument, before anything is written, where the axis does not exist or has an odd extent, dy or
/// dh have another shape, or dh shares memory with h or dy.
template <class Activation = Sigmoid, detail::SampleInput H, detail::SampleInput DY, detail::SampleOutput DH>
void glu_backward(const H& h, const DY& dy, Index axis, DH&& dh, GateOrder order = GateOrder::ValueFirst,
                  const Activation& activation = {}) {
  using Call = detail::GluCall<H, Activation>;
  using Scalar = typename Call::Scalar;
  using View = detail::MatrixView<const Scalar>;
  const Call call(h, axis, order);
  detail::check_shape<H>(Call::name, "output gradient", dy, call.half());
  detail::check_output_shape<H>(Call::name, "input gradient", dh, call.shape());
  detail::check_no_overlap(Call::name, "input", h, "input gradient", dh);
  detail::check_no_overlap(Call::name, "output gradient", dy, "input gradient", dh);
  detail::with_view(h, [&](const View& h_view) {
    detail::with_view(dy, [&](const View& dy_view) {
      detail::with_output(dh, call.shape(), [&](const detail::MatrixView<Scalar>& to) {
        detail::glu_gradient<Scalar>(detail::GatingOf<Activation>::make(activation), call.template halves<H>(h_view),
                                     call.template whole<DY>(dy_view), call.template halves<DH>(to));
      });
    });
  });
}

/// The gradient of h, evaluated, from h and dy = ∂L/∂y.
///
///   Eigen::MatrixXf dh = sluice::glu_backward(h, dy, 1);      // h (32 × 20), dy (32 × 10), dh (32 × 20)
template <class Activation = Sigmoid, detail::SampleInput H, detail::SampleInput DY>
auto glu_backward(const H& h, const DY& dy, Index axis, GateOrder order = GateOrder::ValueFirst,
                  const Activation& activation = {}) {
  typename detail::GluResult<H>::Gradient dh;
  glu_backward(h, dy, axis, dh, order, activation);
  return dh;
}

SLUICE_NAMESPACE_END
