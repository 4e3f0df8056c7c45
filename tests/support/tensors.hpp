// SPDX-License-Identifier: MIT
//
// Tensors of any rank and layout from and to plain arrays. What does not depend on the rank is compiled once.
#pragma once

#include "support/glu_reference.hpp"

#include <sluice/tensor.hpp>

#include <vector>

namespace test {

template <class Tensor>
std::array<Index, static_cast<std::size_t>(Tensor::NumDimensions)> tensor_index(const std::vector<Index>& index) {
  std::array<Index, static_cast<std::size_t>(Tensor::NumDimensions)> result{};
  std::copy(index.begin(), index.end(), result.begin());
  return result;
}

/// Where the element of this index stands: the last axis is the fastest in a row-major tensor, the first in a
/// column-major.
inline Index position(const std::vector<Index>& extents, const std::vector<Index>& index, bool row_major) {
  Index result = 0;
  for (std::size_t n = 0; n < extents.size(); ++n) {
    const std::size_t axis = row_major ? n : extents.size() - 1 - n;
    result = result * extents[axis] + index[axis];
  }
  return result;
}
template <class Scalar>
void write(Array from, Scalar* to, bool row_major) {
  from.for_each_index(
      [&](const std::vector<Index>& i) { to[position(from.extents, i, row_major)] = static_cast<Scalar>(from.at(i)); });
}
template <class Scalar>
Array read(const Scalar* from, const std::vector<Index>& extents, bool row_major) {
  Array a(extents);
  a.for_each_index(
      [&](const std::vector<Index>& i) { a.at(i) = static_cast<double>(from[position(extents, i, row_major)]); });
  return a;
}

template <class Tensor>
inline constexpr bool is_row_major = int(Tensor::Layout) == int(Eigen::RowMajor);

template <class Tensor>
Tensor to_tensor(const Array& a) {
  Tensor t(tensor_index<Tensor>(a.extents));
  write(a, t.data(), is_row_major<Tensor>);
  return t;
}
template <class Tensor>
Array tensor_to_array(const Tensor& t) {
  std::vector<Index> extents;
  for (std::size_t i = 0; i < std::size_t(Tensor::NumDimensions); ++i) extents.push_back(t.dimensions()[i]);
  return read(t.data(), extents, is_row_major<Tensor>);
}

/// A tensor map in the middle of memory that otherwise holds a canary.
template <class Scalar>
class GuardedMemory {
 public:
  explicit GuardedMemory(const std::vector<Index>& extents) : extents_(extents), size_(Array(extents).numbers.size()) {
    memory_.assign(size_ + 2 * margin, canary);
  }
  template <class Tensor>
  Eigen::TensorMap<Tensor> map() {
    return Eigen::TensorMap<Tensor>(memory_.data() + margin, tensor_index<Tensor>(extents_));
  }
  Array numbers(bool row_major) const { return read(memory_.data() + margin, extents_, row_major); }

  /// Whether everything beside the tensor still holds the canary, and nothing in it does.
  bool written_exactly() const {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      if ((memory_[i] == canary) == (i >= margin && i < margin + size_)) return false;
    }
    return true;
  }

 private:
  static constexpr Scalar canary = Scalar(12345);
  static constexpr std::size_t margin = 19;
  std::vector<Index> extents_;
  std::size_t size_;
  std::vector<Scalar> memory_;
};

}  // namespace test
