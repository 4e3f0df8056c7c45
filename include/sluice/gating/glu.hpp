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
#pragma once

#include <sluice/activations/sigmoid.hpp>
#include <sluice/core/error.hpp>
#include <sluice/core/samples.hpp>
#include <sluice/core/storage.hpp>
#include <sluice/gating/gating.hpp>
#include <sluice/gating/halves_of_axis.hpp>

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

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
