// SPDX-License-Identifier: MIT
//
// Arrays of the reference files (last axis fastest) as tensors of either layout, and back.
#pragma once

#include "support/array_file.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <unsupported/Eigen/CXX11/Tensor>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace test {

/// Calls visit(place in a list with the last axis fastest, the tensor's scalar) for all of a
/// tensor.
template <class Tensor, class Visit>
void visit_last_fastest(Tensor& tensor, const Visit& visit) {
  constexpr auto rank = static_cast<std::size_t>(Tensor::NumDimensions);
  std::array<Index, rank> at{};
  for (Index place = 0; place < tensor.size(); ++place) {
    Index rest = place;
    for (std::size_t axis = rank; axis-- > 0;) {
      at[axis] = rest % tensor.dimensions()[axis];
      rest /= tensor.dimensions()[axis];
    }
    visit(static_cast<std::size_t>(place), tensor(at));
  }
}

/// The array's numbers with its own extents, or with others of the same size.
template <class Tensor>
Tensor tensor_of(const Array& array, const std::vector<Index>& extents) {
  typename Tensor::Dimensions dimensions;
  for (std::size_t i = 0; i < extents.size(); ++i) dimensions[i] = extents[i];
  Tensor tensor(dimensions);
  visit_last_fastest(tensor, [&](std::size_t place, auto& scalar) {
    scalar = static_cast<typename Tensor::Scalar>(array.numbers.at(place));
  });
  return tensor;
}
template <class Tensor>
Tensor tensor_of(const Array& array) {
  return tensor_of<Tensor>(array, array.extents);
}

template <class Tensor>
Array array_of(const Tensor& tensor) {
  Array array;
  array.extents.assign(tensor.dimensions().begin(), tensor.dimensions().end());
  array.numbers.resize(static_cast<std::size_t>(tensor.size()));
  visit_last_fastest(
      tensor, [&](std::size_t place, const auto& scalar) { array.numbers[place] = static_cast<double>(scalar); });
  return array;
}

/// Not a template, and the only place with a CHECK: those compile slowly.
inline void check_array(const std::string& name, const Array& got, const Array& want, const std::vector<Index>& extents,
                        double tolerance) {
  INFO(name << ", rank " << extents.size());
  CHECK(got.extents == extents);
  CHECK(relative_error(got.matrix(), want.matrix()) <= tolerance);
}

}  // namespace test
