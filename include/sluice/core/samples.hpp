// SPDX-License-Identifier: MIT
//
// How the arguments of a layer are understood as samples: rows are samples, features run along the last axis.
//
// A matrix expression is (samples × features). A type that is a vector at compile time is one sample, whichever way it
// stands. Everything with memory of its own becomes a MatrixView without a copy; an expression without memory is
// evaluated a block of rows at a time. tensor.hpp adds Eigen's tensors by specialising SampleTraits.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/core/matrix_view.hpp>
#include <sluice/core/scratch.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/core/storage.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Specialised for every kind of argument; see the dense one below for the members.
template <class T>
struct SampleTraits {
  static constexpr bool is_supported = false;
};

/// Which of the leading axes runs fastest when samples are counted through; of no account where there is only one.
/// Two arguments agree about which sample is which only if they agree in this.
enum class SampleOrder { Only, LastAxisFastest, FirstAxisFastest };

/// Anything that is an Eigen expression, or derives from one (as what v.head(n) returns does).
template <class Derived>
void takes_dense(const Eigen::DenseBase<Derived>&);
template <class T>
concept DenseExpression = requires(const T& x) {
  takes_dense(x);
};

/// A type with memory of its own that can change its size.
template <class T>
concept ResizableDense = std::is_base_of_v<Eigen::PlainObjectBase<T>, T> &&
    (T::RowsAtCompileTime == Dynamic || T::ColsAtCompileTime == Dynamic);

template <DenseExpression T>
struct SampleTraits<T> {
  using Scalar = typename T::Scalar;
  static constexpr bool is_supported = true;
  static constexpr bool has_memory =
      (static_cast<int>(T::Flags) & Eigen::DirectAccessBit) != 0 && requires(const T& x) {
    x.derived().data();
  };
  static constexpr bool is_writable = has_memory && (static_cast<int>(T::Flags) & Eigen::LvalueBit) != 0;
  static constexpr bool is_column = T::ColsAtCompileTime == 1 && T::RowsAtCompileTime != 1;
  static constexpr bool is_vector = is_column || T::RowsAtCompileTime == 1;
  static constexpr Index features_at_compile_time = is_column ? T::RowsAtCompileTime : T::ColsAtCompileTime;
  static constexpr Index samples_at_compile_time = is_column ? 1 : T::RowsAtCompileTime;
  static constexpr SampleOrder sample_order = SampleOrder::Only;

  /// Whether a matrix of these sizes in its type is more than Eigen keeps inside an object.
  static constexpr bool is_too_large(Index rows, Index cols) {
    return rows != Dynamic && cols != Dynamic &&
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) > inline_storage_limit / sizeof(Scalar);
  }

  using Shape = std::array<Index, 2>;  // samples, features

  static Shape shape(const T& x) { return is_column ? Shape{x.cols(), x.rows()} : Shape{x.rows(), x.cols()}; }
  /// shape(x) == s, number by number: compared as a whole they travel through vector registers, and wait for the
  /// multiply-adds of the call before.
  static bool has_shape(const T& x, const Shape& s) {
    return x.rows() == s[is_column ? 1 : 0] && x.cols() == s[is_column ? 0 : 1];
  }
  static std::string text(const Shape& shape) {
    return is_column ? shape_text(shape[1], shape[0]) : shape_text(shape[0], shape[1]);
  }

  static MatrixView<const Scalar> view(const T& x) requires(has_memory) {
    return orient(MatrixView<const Scalar>{x.derived().data(), x.rows(), x.cols(), x.rowStride(), x.colStride()});
  }
  static MatrixView<Scalar> writable_view(T& x) requires(is_writable) {
    return orient(MatrixView<Scalar>{x.derived().data(), x.rows(), x.cols(), x.rowStride(), x.colStride()});
  }

  /// Calls f(first_row, view) for blocks of rows that together are x; one block where x has memory.
  template <class Function>
  SLUICE_ALWAYS_INLINE static void for_each_block(const T& x, const Function& f) {
    if constexpr (has_memory) {
      f(Index(0), view(x));
    } else if constexpr (T::SizeAtCompileTime != Dynamic && !is_too_large(T::RowsAtCompileTime, T::ColsAtCompileTime)) {
      const typename T::PlainObject evaluated = x;
      f(Index(0), SampleTraits<typename T::PlainObject>::view(evaluated));
    } else {
      struct EvaluatedRows;
      const simd::CoefficientReader<std::remove_cvref_t<decltype(x.derived())>> reader(x.derived());
      const Shape s = shape(x);
      const Index step = std::min<Index>(s[0], 64);
      Scalar* const rows = scratch<EvaluatedRows, Scalar>(step * s[1]);
      for (Index first = 0; first < s[0]; first += step) {
        const Index count = std::min(step, s[0] - first);
        for (Index r = 0; r < count; ++r) {
          for (Index c = 0; c < s[1]; ++c) {
            rows[r * s[1] + c] = is_column ? reader(c, first + r) : reader(first + r, c);
          }
        }
        f(first, MatrixView<const Scalar>{rows, count, s[1], s[1], 1});
      }
    }
  }

  /// What a layer returns for an input of this type: the same orientation, storage order and limit of samples, another
  /// number of features. (A matrix of one feature stays a matrix: as a vector type it would be taken for one sample by
  /// the next layer. A matrix too large for an object has its features known at run time only, and lies on the heap.)
  template <Index Features, Index InType = (Features == 1 && !is_vector) ||
                                                   is_too_large(is_vector ? 1 : T::MaxRowsAtCompileTime, Features)
                                               ? Dynamic
                                               : Features>
  using Output = std::conditional_t<
      is_column, Eigen::Matrix<Scalar, InType, 1>,
      std::conditional_t<T::RowsAtCompileTime == 1, Eigen::Matrix<Scalar, 1, InType>,
                         Eigen::Matrix<Scalar, T::RowsAtCompileTime, InType,
                                       T::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor, T::MaxRowsAtCompileTime>>>;

  static constexpr bool is_resizable = ResizableDense<T>;
  static bool is_empty(const T& y) { return y.size() == 0; }
  static bool can_resize(const Shape& s) {
    const Index rows = is_column ? s[1] : s[0];
    const Index cols = is_column ? s[0] : s[1];
    return (T::RowsAtCompileTime == Dynamic || T::RowsAtCompileTime == rows) &&
           (T::ColsAtCompileTime == Dynamic || T::ColsAtCompileTime == cols) &&
           (T::MaxRowsAtCompileTime == Dynamic || rows <= T::MaxRowsAtCompileTime) &&
           (T::MaxColsAtCompileTime == Dynamic || cols <= T::MaxColsAtCompileTime);
  }
  static void resize(T& y, const Shape& s) { is_column ? y.resize(s[1], s[0]) : y.resize(s[0], s[1]); }

 private:
  template <class U>
  static MatrixView<U> orient(const MatrixView<U>& v) {
    return is_column ? v.transpose() : v;
  }
};

/// Calls f(view) with all samples of x; an expression without memory is evaluated into scratch memory first.
template <class X, class Function>
void with_view(const X& x, const Function& f) {
  using Traits = SampleTraits<X>;
  if constexpr (Traits::has_memory) {
    f(Traits::view(x));
  } else {
    struct Evaluated;
    using Scalar = typename Traits::Scalar;
    const auto shape = Traits::shape(x);
    Scalar* const all = scratch<Evaluated, Scalar>(shape[0] * shape[1]);
    Traits::for_each_block(x, [&](Index first, const MatrixView<const Scalar>& rows) {
      std::copy_n(rows.data, rows.rows * rows.cols, all + first * shape[1]);
    });
    f(MatrixView<const Scalar>{all, shape[0], shape[1], shape[1], 1});
  }
}

/// What the caller may hand in as input, and as output. That an output can be written to is asked by check_output,
/// which says so in words; a concept would only remove the function.
template <class X>
concept SampleInput = SampleTraits<std::remove_cvref_t<X>>::is_supported;
template <class Y>
concept SampleOutput = SampleTraits<std::remove_cvref_t<Y>>::is_supported;

template <class X>
using TraitsOf = SampleTraits<std::remove_cvref_t<X>>;

/// Y as a call deduces it, const or not.
template <class Y>
inline constexpr bool is_writable_output = TraitsOf<Y>::is_writable && !std::is_const_v<std::remove_reference_t<Y>>;

/// Ends a message about a shape where the argument is a vector type.
template <class Traits>
constexpr std::string_view vector_note() {
  if constexpr (requires { requires Traits::is_vector; }) return "; a vector is one sample";
  return "";
}

/// The shape of x with another number of features.
template <class X>
auto shape_with_features(const X& x, Index features) {
  auto shape = TraitsOf<X>::shape(x);
  shape.back() = features;
  return shape;
}

/// Number of samples: the product of all extents but the last.
template <class X>
Index sample_count(const X& x) {
  const auto shape = TraitsOf<X>::shape(x);
  Index count = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) count *= shape[i];
  return count;
}

// The checks below stand in front of every call, where a few nanoseconds count: they are inlined, what they say when
// they fail is not.

template <class Traits>
[[noreturn]] SLUICE_COLD void fail_features(std::string_view layer, std::string_view what, typename Traits::Shape shape,
                                            Index features) {
  fail(layer, "expected ", what, " with ", features, " features, got ", shape.back(), " (", what, " is ",
       Traits::text(shape), vector_note<Traits>(), ")");
}
template <class Traits>
[[noreturn]] SLUICE_COLD void fail_shape(std::string_view owner, std::string_view what, typename Traits::Shape expected,
                                         typename Traits::Shape got, std::string_view note) {
  fail(owner, "expected ", what, " of ", Traits::text(expected), ", got ", Traits::text(got), note);
}

/// Refuses an input of another scalar (at compile time) or with another number of features.
template <class Scalar, Index Features, class X>
SLUICE_ALWAYS_INLINE void check_input(std::string_view layer, std::string_view what, const X& x, Index features) {
  using Traits = TraitsOf<X>;
  static_assert(std::is_same_v<typename Traits::Scalar, Scalar>,
                "sluice: the argument has another scalar than the layer; write x.template cast<Scalar>()");
  static_assert(Features == Dynamic || Traits::features_at_compile_time == Dynamic ||
                    Features == Traits::features_at_compile_time,
                "sluice: the argument has another number of features than the layer expects; samples are rows, so a "
                "matrix of (features × samples) is passed as x.transpose()");
  const auto shape = Traits::shape(x);
  if (shape.back() != features) fail_features<Traits>(layer, what, shape, features);
}

/// Refuses an argument that cannot go together with x (at compile time), or has another shape than expected.
template <class X, class Y>
SLUICE_ALWAYS_INLINE void check_shape(std::string_view owner, std::string_view what, const Y& y,
                                      const typename TraitsOf<X>::Shape& expected, std::string_view note = "") {
  using Traits = TraitsOf<Y>;
  static_assert(std::is_same_v<typename Traits::Scalar, typename TraitsOf<X>::Scalar>,
                "sluice: all arguments of a call must have the same scalar; write x.template cast<Scalar>()");
  static_assert(std::tuple_size_v<typename Traits::Shape> == std::tuple_size_v<typename TraitsOf<X>::Shape>,
                "sluice: all arguments of a call must have the same rank");
  static_assert(Traits::sample_order == TraitsOf<X>::sample_order,
                "sluice: tensors of rank 3 and more must have the same layout (row- or column-major) in one call");
  if (!Traits::has_shape(y, expected)) fail_shape<Traits>(owner, what, expected, Traits::shape(y), note);
}

/// The same for something that is written to. An empty matrix (or tensor) of the caller's takes the shape it needs
/// later, in with_output: nothing is touched before everything has been checked.
template <class X, class Y>
SLUICE_ALWAYS_INLINE void check_output_shape(std::string_view owner, std::string_view what, Y& y,
                                             const typename TraitsOf<X>::Shape& expected, std::string_view note = "") {
  static_assert(is_writable_output<Y>,
                "sluice: an output must be a matrix, block, map or tensor that can be written to");
  if constexpr (TraitsOf<Y>::is_resizable) {
    if (TraitsOf<Y>::is_empty(y) && TraitsOf<Y>::can_resize(expected)) return;
  }
  check_shape<X>(owner, what, y, expected, note);
}

/// Refuses, at compile time, sizes in the type of y that are not those of x with another number of features.
template <Index Features, class X, class Y>
constexpr void check_sizes_in_type() {
  using Traits = TraitsOf<Y>;
  static_assert(Features == Dynamic || Traits::features_at_compile_time == Dynamic ||
                    Features == Traits::features_at_compile_time,
                "sluice: the output has another number of features (columns) than the layer computes");
  static_assert(
      TraitsOf<X>::samples_at_compile_time == Dynamic || Traits::samples_at_compile_time == Dynamic ||
          TraitsOf<X>::samples_at_compile_time == Traits::samples_at_compile_time,
      "sluice: two arguments of a call have different numbers of samples (rows); the output has the rows of the "
      "input, and a vector is one sample");
}

/// Refuses an argument that does not have the shape of x with another number of features.
template <Index Features, class X, class Y>
SLUICE_ALWAYS_INLINE void check_same_samples(std::string_view layer, std::string_view what, const X& x, const Y& y,
                                             Index features) {
  check_sizes_in_type<Features, X, Y>();
  check_shape<X>(layer, what, y, shape_with_features(x, features), vector_note<TraitsOf<Y>>());
}
/// The same for something that is written to.
template <Index Features, class X, class Y>
SLUICE_ALWAYS_INLINE void check_output(std::string_view layer, std::string_view what, const X& x, Y& y,
                                       Index features) {
  check_sizes_in_type<Features, X, Y>();
  check_output_shape<X>(layer, what, y, shape_with_features(x, features), vector_note<TraitsOf<Y>>());
}

/// An empty matrix that takes a shape is filled apart and moved into place, so that it is still empty if the memory for
/// the call does not suffice.
template <class Y, class Shape, class Write>
SLUICE_NEVER_INLINE void fill_empty(Y& y, const Shape& shape, const Write& write) {
  Y filled;
  TraitsOf<Y>::resize(filled, shape);
  write(TraitsOf<Y>::writable_view(filled));
  y = std::move(filled);
}

/// Calls write(view) with the memory of an output.
template <class Y, class Shape, class Write>
SLUICE_ALWAYS_INLINE void with_output(Y& y, const Shape& shape, const Write& write) {
  using Traits = TraitsOf<Y>;
  constexpr bool is_writable = is_writable_output<Y>;  // if not, check_output_shape refuses it in words
  if constexpr (is_writable && Traits::is_resizable) {
    if (!Traits::has_shape(y, shape)) return fill_empty(y, shape, write);
  }
  if constexpr (is_writable) write(Traits::writable_view(y));
}
template <class X, class Y, class Write>
SLUICE_ALWAYS_INLINE void with_output(const X& x, Y& y, Index features, const Write& write) {
  with_output(y, shape_with_features(x, features), write);
}

/// Refuses two arguments that share memory. Expressions without memory of their own cannot be checked.
template <class A, class B>
SLUICE_ALWAYS_INLINE void check_no_overlap(std::string_view layer, std::string_view what_a, const A& a,
                                           std::string_view what_b, const B& b) {
  if constexpr (TraitsOf<A>::has_memory && TraitsOf<B>::has_memory) {
    const bool same_object = static_cast<const void*>(&a) == static_cast<const void*>(&b);  // perhaps still empty
    if (same_object || overlap(TraitsOf<A>::view(a), TraitsOf<B>::view(b))) {
      fail(layer, "expected ", what_a, " and ", what_b, " in separate memory, got an overlap");
    }
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
