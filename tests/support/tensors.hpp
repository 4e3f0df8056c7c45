// SPDX-License-Identifier: MIT
//
// Tensors of any rank and layout from and to plain arrays, element by element.
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

template <class Tensor>
Tensor to_tensor(const Array& numbers) {
  Array a = numbers;
  Tensor t(tensor_index<Tensor>(a.extents));
  a.for_each_index([&](const std::vector<Index>& i) {
    t(tensor_index<Tensor>(i)) = static_cast<typename Tensor::Scalar>(a.at(i));
  });
  return t;
}

template <class Tensor>
Array tensor_to_array(const Tensor& t) {
  std::vector<Index> extents;
  for (int i = 0; i < Tensor::NumDimensions; ++i) extents.push_back(t.dimension(i));
  Array a(extents);
  a.for_each_index([&](const std::vector<Index>& i) { a.at(i) = static_cast<double>(t(tensor_index<Tensor>(i))); });
  return a;
}

/// A tensor map in the middle of memory that otherwise holds a canary.
template <class Tensor>
class GuardedTensor {
 public:
  using Scalar = typename Tensor::Scalar;
  using Map = Eigen::TensorMap<Tensor>;

  explicit GuardedTensor(const std::vector<Index>& extents) : extents_(extents), size_(Array(extents).numbers.size()) {
    memory_.assign(size_ + 2 * margin, canary);
  }
  Map map() { return Map(memory_.data() + margin, tensor_index<Tensor>(extents_)); }

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
