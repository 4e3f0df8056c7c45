// SPDX-License-Identifier: MIT
//
// MatrixView: a pointer, a shape and two strides. Whatever dense thing a caller hands in (row- or column-major, a
// block, a map, a transpose, a tensor) is brought to this one type at the door, so that everything behind it is
// compiled once per scalar and not once per expression.
#pragma once

#include <sluice/core/config.hpp>

#include <cstdint>
#include <numeric>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace detail {

constexpr Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }
constexpr Index divide_up(Index n, Index divisor) { return (n + divisor - 1) / divisor; }

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
  /// Not an empty one.
  MatrixView block(Index row, Index col, Index row_count, Index col_count) const {
    return {data + row * row_stride + col * col_stride, row_count, col_count, row_stride, col_stride};
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

/// A view as runs of memory, in ascending order: `count` runs of `length` bytes, `stride` bytes apart. In a run there
/// is an element every `step` bytes, and perhaps holes between them. Rows that reach into each other are one run.
struct Runs {
  std::uintptr_t begin;
  Index count, length, stride, step;

  template <class T>
  explicit Runs(const MatrixView<T>& v) : begin(reinterpret_cast<std::uintptr_t>(v.data)) {
    constexpr Index bytes = static_cast<Index>(sizeof(T));
    const auto forwards = [&](Index extent, Index stride_of_axis) {
      if (stride_of_axis >= 0) return stride_of_axis * bytes;
      begin -= static_cast<std::uintptr_t>((extent - 1) * -stride_of_axis * bytes);
      return -stride_of_axis * bytes;
    };
    const Index row_bytes = forwards(v.rows, v.row_stride), col_bytes = forwards(v.cols, v.col_stride);
    const bool by_rows = col_bytes <= row_bytes;
    const Index in_a_run = by_rows ? v.cols : v.rows;
    count = by_rows ? v.rows : v.cols;
    stride = by_rows ? row_bytes : col_bytes;
    step = in_a_run > 1 ? (by_rows ? col_bytes : row_bytes) : 0;
    length = (in_a_run - 1) * step + bytes;
    if (count > 1 && stride < length) {
      length += (count - 1) * stride;
      step = std::gcd(step, stride);
      count = 1;
    }
  }
  std::uintptr_t run_begin(Index i) const { return begin + static_cast<std::uintptr_t>(i * stride); }
  std::uintptr_t run_end(Index i) const { return run_begin(i) + static_cast<std::uintptr_t>(length); }
};

/// Whether all of a lies before the first element of b: what is true of most arguments, told by few instructions. Views
/// with strides that go backwards are left to others.
template <class A, class B>
SLUICE_ALWAYS_INLINE bool ends_before(const MatrixView<A>& a, const MatrixView<B>& b) {
  const A* const last = a.data + (a.rows - 1) * a.row_stride + (a.cols - 1) * a.col_stride;
  return a.row_stride >= 0 && a.col_stride >= 0 && b.row_stride >= 0 && b.col_stride >= 0 &&
         reinterpret_cast<std::uintptr_t>(last + 1) <= reinterpret_cast<std::uintptr_t>(b.data);
}

/// Whether the elements follow each other without gaps, in the order of rows. (Of one row, too, only strides that
/// ends_before looks at.)
template <class T>
SLUICE_ALWAYS_INLINE bool is_one_run(const MatrixView<T>& v) {
  return v.col_stride == 1 && (v.rows == 1 ? v.row_stride >= 0 : v.row_stride == v.cols);
}

/// Whether two views that are not empty share memory, run by run. (By value: see fail().)
template <class A, class B>
SLUICE_NEVER_INLINE bool runs_overlap(MatrixView<A> a, MatrixView<B> b) {
  const Runs p(a), q(b);
  if (p.run_end(p.count - 1) <= q.begin || q.run_end(q.count - 1) <= p.begin) return false;
  // All elements of a run of a lie at multiples of `lattice` from its beginning, and likewise of b.
  const Index lattice = std::gcd(p.step, q.step);
  const auto elements_meet = [&](std::uintptr_t p_begin, std::uintptr_t q_begin) {
    if (lattice == 0) return true;
    const Index shift = static_cast<Index>(q_begin - p_begin) % lattice;
    const Index offset = shift < 0 ? shift + lattice : shift;
    return offset < static_cast<Index>(sizeof(A)) || offset + static_cast<Index>(sizeof(B)) > lattice;
  };
  for (Index i = 0, j = 0; i < p.count && j < q.count;) {
    const bool runs_meet = p.run_begin(i) < q.run_end(j) && q.run_begin(j) < p.run_end(i);
    if (runs_meet && elements_meet(p.run_begin(i), q.run_begin(j))) return true;
    p.run_end(i) <= q.run_end(j) ? ++i : ++j;
  }
  return false;
}

/// Whether two views share memory. Two column blocks of one row-major matrix interleave without sharing any, and so do
/// two channels of interleaved audio. Exact for views that step alike; of others some are taken to overlap that do not.
template <class A, class B>
SLUICE_ALWAYS_INLINE bool overlap(const MatrixView<A>& a, const MatrixView<B>& b) {
  if (a.rows * a.cols == 0 || b.rows * b.cols == 0) return false;
  if (ends_before(a, b) || ends_before(b, a)) return false;
  // Where sizes are in the type, nothing is left to ask, and the caller calls nobody.
  if (is_one_run(a) && is_one_run(b)) return true;
  // Views of their own for the rare case, or GCC would have a and b in memory for it in every call.
  return runs_overlap<A, B>({a.data, a.rows, a.cols, a.row_stride, a.col_stride},
                            {b.data, b.rows, b.cols, b.row_stride, b.col_stride});
}

}  // namespace detail

SLUICE_NAMESPACE_END
