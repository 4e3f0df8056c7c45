// SPDX-License-Identifier: MIT
//
// MatrixView: a pointer, a shape and two strides. Whatever dense thing a caller hands in (row- or column-major, a
// block, a map, a transpose, a tensor) is brought to this one type at the door, so that everything behind it is
// compiled once per scalar and not once per expression.
#pragma once

#include <sluice/core/config.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

template <class T>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;  // from one row to the next, in scalars
  Index col_stride = 0;  // from one column to the next, in scalars

  T& operator()(Index row, Index col) const { return data[row * row_stride + col * col_stride]; }

  MatrixView middle_rows(Index first, Index count) const {
    return {count > 0 ? data + first * row_stride : data, count, cols, row_stride, col_stride};
  }
  MatrixView middle_cols(Index first, Index count) const {
    return {count > 0 ? data + first * col_stride : data, rows, count, row_stride, col_stride};
  }
  MatrixView transpose() const { return {data, cols, rows, col_stride, row_stride}; }

  operator MatrixView<const T>() const requires(!std::is_const_v<T>) {
    return {data, rows, cols, row_stride, col_stride};
  }
};

/// Value and gate of the same samples and units, side by side.
template <class T>
struct Halves {
  MatrixView<T> value;
  MatrixView<T> gate;

  Halves middle_rows(Index first, Index count) const {
    return {value.middle_rows(first, count), gate.middle_rows(first, count)};
  }
  Halves middle_cols(Index first, Index count) const {
    return {value.middle_cols(first, count), gate.middle_cols(first, count)};
  }
  operator Halves<const T>() const requires(!std::is_const_v<T>) { return {value, gate}; }
};

/// The two halves of a matrix of 2·units columns, [value | gate].
template <class T>
Halves<T> halves_of(const MatrixView<T>& both) {
  const Index units = both.cols / 2;
  return {both.middle_cols(0, units), both.middle_cols(units, units)};
}

/// The same memory as an Eigen expression.
template <class T>
auto as_eigen(const MatrixView<T>& view) {
  using Scalar = std::remove_const_t<T>;
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>;
  using Mapped = std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>;
  return Eigen::Map<Mapped, Eigen::Unaligned, Eigen::Stride<Dynamic, Dynamic>>(view.data, view.rows, view.cols,
                                                                               {view.row_stride, view.col_stride});
}

/// A view as runs of adjacent bytes: `count` runs of `length` bytes, `stride` bytes apart. Where neither stride is 1
/// the holes inside a run count as part of it.
struct Runs {
  std::uintptr_t begin;
  Index count, length, stride;

  template <class T>
  explicit Runs(const MatrixView<T>& v) : begin(reinterpret_cast<std::uintptr_t>(v.data)) {
    constexpr Index bytes = static_cast<Index>(sizeof(T));
    const bool by_rows = v.col_stride <= v.row_stride;
    count = by_rows ? v.rows : v.cols;
    length = (((by_rows ? v.cols : v.rows) - 1) * (by_rows ? v.col_stride : v.row_stride) + 1) * bytes;
    stride = (by_rows ? v.row_stride : v.col_stride) * bytes;
  }
  std::uintptr_t run_begin(Index i) const { return begin + static_cast<std::uintptr_t>(i * stride); }
  std::uintptr_t run_end(Index i) const { return run_begin(i) + static_cast<std::uintptr_t>(length); }
};

/// Whether two views share memory. Two column blocks of one row-major matrix interleave without sharing any.
template <class A, class B>
bool overlap(const MatrixView<A>& a, const MatrixView<B>& b) {
  if (a.rows == 0 || a.cols == 0 || b.rows == 0 || b.cols == 0) return false;
  const Runs p(a), q(b);
  if (p.run_end(p.count - 1) <= q.begin || q.run_end(q.count - 1) <= p.begin) return false;
  for (Index i = 0, j = 0; i < p.count && j < q.count;) {
    if (p.run_end(i) <= q.run_begin(j)) {
      ++i;
    } else if (q.run_end(j) <= p.run_begin(i)) {
      ++j;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace detail

SLUICE_NAMESPACE_END
