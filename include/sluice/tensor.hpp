// SPDX-License-Identifier: MIT
//
// Eigen's tensors as arguments of every layer and of glu():
//
//   x  (batch × … × input_dim)  →  y  (batch × … × units)
//
// The features run along the last axis, all other axes count samples. A row-major tensor is a row-major matrix of
// (samples × features), a column-major tensor a column-major one, so each is a view and nothing is copied. A tensor of
// rank 1 is one sample.
//
//   #include <sluice/sluice.hpp>
//   #include <sluice/tensor.hpp>
//
//   Eigen::Tensor<float, 3> y = layer(x);             // x (2 × 3 × 30), y (2 × 3 × 10)
//   Eigen::Tensor<float, 3> z = sluice::glu(y, -2);   // any axis of even extent
//
// This header is apart from <sluice/sluice.hpp> because Eigen's tensor headers take longer to compile than all of
// sluice.
#pragma once

#include <sluice/core/samples.hpp>
#include <sluice/gating/glu.hpp>

#include <unsupported/Eigen/CXX11/Tensor>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

template <class T>
concept TensorExpression = std::is_base_of_v<Eigen::TensorBase<T, Eigen::ReadOnlyAccessors>, T>;

/// Tensor types with memory of their own.
template <class T>
struct TensorMemory {
  static constexpr bool exists = false;
};
template <class Scalar, int Rank, int Options, class IndexType>
struct TensorMemory<Eigen::Tensor<Scalar, Rank, Options, IndexType>> {
  static constexpr bool exists = true, is_writable = true, is_resizable = true;
};
template <class Scalar, class Dimensions, int Options, class IndexType>
struct TensorMemory<Eigen::TensorFixedSize<Scalar, Dimensions, Options, IndexType>> {
  static constexpr bool exists = true, is_writable = true, is_resizable = false;
};
template <class Plain, int Options, template <class> class MakePointer>
struct TensorMemory<Eigen::TensorMap<Plain, Options, MakePointer>> {
  static constexpr bool exists = true, is_resizable = false;
  static constexpr bool is_writable = !std::is_const_v<Plain> && !std::is_const_v<typename Plain::Scalar>;
};

/// An expression is refused when it is first asked about.
template <TensorExpression T>
struct SampleTraits<T> {
  static_assert(
      TensorMemory<T>::exists,
      "sluice: a tensor expression has no memory of its own; assign it to an Eigen::Tensor first and pass that "
      "(.eval() of a tensor is an expression, too)");
  static constexpr bool is_supported = false;
};

template <TensorExpression T>
  requires(TensorMemory<T>::exists)
struct SampleTraits<T> {
  using Memory = TensorMemory<T>;
  using Scalar = std::remove_const_t<typename T::Scalar>;
  static constexpr int rank = T::NumDimensions;

  static_assert(rank >= 1, "sluice: a tensor of rank 0 has no features; a sample has at least rank 1");

  static constexpr bool is_supported = true;
  static constexpr bool has_memory = true;
  static constexpr bool is_writable = Memory::is_writable;
  static constexpr bool is_resizable = Memory::is_resizable;
  static constexpr bool is_row_major = static_cast<int>(T::Layout) == static_cast<int>(Eigen::RowMajor);
  static constexpr Index features_at_compile_time = Dynamic;
  static constexpr Index samples_at_compile_time = Dynamic;
  static constexpr SampleOrder sample_order = rank <= 2      ? SampleOrder::Only
                                              : is_row_major ? SampleOrder::LastAxisFastest
                                                             : SampleOrder::FirstAxisFastest;

  using Shape = std::array<Index, static_cast<std::size_t>(rank)>;

  template <Index /*Features*/>
  using Output = Eigen::Tensor<Scalar, rank, is_row_major ? Eigen::RowMajor : Eigen::ColMajor, typename T::Index>;

  static Shape shape(const T& x) {
    // Eigen's tensors disagree about the type of this argument; a constant suits all of them.
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return Shape{static_cast<Index>(x.dimension(I))...}; }
    (std::make_index_sequence<static_cast<std::size_t>(rank)>{});
  }
  static bool has_shape(const T& x, const Shape& s) { return shape(x) == s; }
  static std::string text(const Shape& shape) {
    std::string text = std::to_string(shape[0]);
    for (std::size_t i = 1; i < shape.size(); ++i) text += "×" + std::to_string(shape[i]);
    return text;
  }

  static MatrixView<const Scalar> view(const T& x) { return matrix<const Scalar>(x.data(), shape(x)); }
  static MatrixView<Scalar> writable_view(T& x) requires(is_writable) { return matrix<Scalar>(x.data(), shape(x)); }
  /// Calls f(0, view): a tensor is one block.
  template <class Function>
  static void for_each_block(const T& x, const Function& f) {
    f(Index(0), view(x));
  }

  static bool is_empty(const T& x) { return x.size() == 0; }
  static bool can_resize(const Shape&) { return is_resizable; }
  static void resize(T& x, const Shape& shape) {
    typename T::Dimensions dimensions;
    for (std::size_t i = 0; i < shape.size(); ++i) dimensions[i] = static_cast<typename T::Index>(shape[i]);
    x.resize(dimensions);
  }

 private:
  template <class U>
  static MatrixView<U> matrix(U* data, const Shape& shape) {
    Index samples = 1;
    for (std::size_t i = 0; i + 1 < shape.size(); ++i) samples *= shape[i];
    const Index features = shape.back();
    if (is_row_major) return {data, samples, features, features, 1};
    return {data, samples, features, 1, samples};
  }
};

}  // namespace detail

SLUICE_NAMESPACE_END
