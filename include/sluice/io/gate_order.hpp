// SPDX-License-Identifier: MIT
//
// From one way to store a gated projection to any other: fused ↔ split, any gate order ↔ any other, out × in ↔ in ×
// out.
//
//   Layout::OutIn    torch.nn.Linear, Hugging Face:   fused (2·units × input_dim), halves (units × input_dim)
//   Layout::InOut    Keras, gpt-oss, this library:    fused (input_dim × 2·units), halves (input_dim × units)
//
// A bias is a vector type and lies along its only axis. Numbers are moved, never computed with: every conversion loses
// nothing and has an inverse, and serves weights, biases and their gradients alike. GateOrder: gating/glu.hpp.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/core/matrix_view.hpp>
#include <sluice/gating/glu.hpp>
#include <sluice/io/numbers.hpp>

SLUICE_NAMESPACE_BEGIN

namespace io {

/// Which axis of a stored weight belongs to the units.
enum class Layout {
  OutIn,  ///< (units × input_dim): torch.nn.Linear
  InOut,  ///< (input_dim × units): Keras, and the layers of this library
};

template <class Matrix>
struct SplitHalves {
  Matrix value;
  Matrix gate;
};

namespace detail {

/// `count` rows of a matrix: the first, and every step-th after it.
template <class T>
sluice::detail::MatrixView<T> every_row(const sluice::detail::MatrixView<T>& m, Index first, Index step, Index count) {
  return {count > 0 ? m.data + first * m.row_stride : m.data, count, m.cols, step * m.row_stride, m.col_stride};
}

/// Value and gate, each (units × n), of a fused matrix (2·units × n).
template <class T>
sluice::detail::Halves<T> halves_in_rows(const sluice::detail::MatrixView<T>& fused, GateOrder order) {
  const Index units = fused.rows / 2;
  const bool interleaved = order == GateOrder::Interleaved;
  const auto first = every_row(fused, 0, interleaved ? 2 : 1, units);
  const auto second = every_row(fused, interleaved ? 1 : units, interleaved ? 2 : 1, units);
  return order == GateOrder::ValueFirst ? sluice::detail::Halves<T>{first, second}
                                        : sluice::detail::Halves<T>{second, first};
}

/// A matrix or bias with its units in the rows.
template <class Derived>
auto units_in_rows(Eigen::PlainObjectBase<Derived>& m, Layout layout) {
  using Scalar = typename Derived::Scalar;
  const sluice::detail::MatrixView<Scalar> view{m.data(), m.rows(), m.cols(), m.rowStride(), m.colStride()};
  return layout == Layout::OutIn ? view : view.transpose();
}

/// A vector lies along its own axis, whatever the layout of the weight beside it.
template <class Derived>
constexpr Layout layout_of(Layout layout) {
  if (!Derived::IsVectorAtCompileTime) return layout;
  return Derived::ColsAtCompileTime == 1 ? Layout::OutIn : Layout::InOut;
}

}  // namespace detail

/// The halves of a fused weight, each in the same layout; or of a fused bias or gradient.
/// Throws std::invalid_argument where the fused axis has an odd extent.
///
///   auto [up, gate] = sluice::io::split_fused(gate_up_proj, GateOrder::GateFirst, Layout::OutIn);
template <class Derived>
auto split_fused(const Eigen::DenseBase<Derived>& fused, GateOrder order, Layout layout) {
  using Matrix = RowMajorMatrix<typename Derived::Scalar>;
  Matrix stored = fused.derived();
  const Layout used = detail::layout_of<Derived>(layout);
  const auto rows = detail::units_in_rows(stored, used);
  if (rows.rows % 2 != 0) {
    sluice::detail::fail("split_fused", "expected an even number of fused units, got ", rows.rows, " (",
                         sluice::detail::shape_text(stored.rows(), stored.cols()), ")");
  }
  const auto halves = detail::halves_in_rows(rows, order);
  SplitHalves<Matrix> result;
  result.value.resize(used == Layout::OutIn ? rows.rows / 2 : stored.rows(),
                      used == Layout::OutIn ? stored.cols() : rows.rows / 2);
  result.gate.resizeLike(result.value);
  as_eigen(detail::units_in_rows(result.value, used)) = as_eigen(halves.value);
  as_eigen(detail::units_in_rows(result.gate, used)) = as_eigen(halves.gate);
  return result;
}

/// One fused weight, bias or gradient from two halves of the same shape and layout.
/// Throws std::invalid_argument where the shapes differ.
template <class Value, class Gate>
auto fuse(const Eigen::DenseBase<Value>& value, const Eigen::DenseBase<Gate>& gate, GateOrder order, Layout layout) {
  using Matrix = RowMajorMatrix<typename Value::Scalar>;
  Matrix v = value.derived(), g = gate.derived();
  if (v.rows() != g.rows() || v.cols() != g.cols()) {
    sluice::detail::fail("fuse", "expected halves of one shape, got a value of ",
                         sluice::detail::shape_text(v.rows(), v.cols()), " and a gate of ",
                         sluice::detail::shape_text(g.rows(), g.cols()));
  }
  const Layout used = detail::layout_of<Value>(layout);
  Matrix result(used == Layout::OutIn ? 2 * v.rows() : v.rows(), used == Layout::OutIn ? v.cols() : 2 * v.cols());
  const auto halves = detail::halves_in_rows(detail::units_in_rows(result, used), order);
  as_eigen(halves.value) = as_eigen(detail::units_in_rows(v, used));
  as_eigen(halves.gate) = as_eigen(detail::units_in_rows(g, used));
  return result;
}

/// A fused weight, bias or gradient in another gate order.
template <class Derived>
auto reorder(const Eigen::DenseBase<Derived>& fused, GateOrder from, GateOrder to, Layout layout) {
  const Layout used = detail::layout_of<Derived>(layout);
  const auto halves = split_fused(fused, from, used);
  return fuse(halves.value, halves.gate, to, used);
}

/// The same for a bias, or its gradient: a vector type, which has no layout.
template <class Derived>
auto split_fused(const Eigen::DenseBase<Derived>& fused,
                 GateOrder order) requires(static_cast<bool>(Derived::IsVectorAtCompileTime)) {
  return split_fused(fused, order, Layout::InOut);
}
template <class Value, class Gate>
auto fuse(const Eigen::DenseBase<Value>& value, const Eigen::DenseBase<Gate>& gate,
          GateOrder order) requires(static_cast<bool>(Value::IsVectorAtCompileTime)) {
  return fuse(value, gate, order, Layout::InOut);
}
template <class Derived>
auto reorder(const Eigen::DenseBase<Derived>& fused, GateOrder from,
             GateOrder to) requires(static_cast<bool>(Derived::IsVectorAtCompileTime)) {
  return reorder(fused, from, to, Layout::InOut);
}

/// A weight, fused or not, in another layout.
template <class Derived>
auto change_layout(const Eigen::DenseBase<Derived>& weight, Layout from, Layout to) {
  RowMajorMatrix<typename Derived::Scalar> result;
  if (from == to) {
    result = weight.derived();
  } else {
    result = weight.derived().transpose();
  }
  return result;
}

}  // namespace io

SLUICE_NAMESPACE_END
