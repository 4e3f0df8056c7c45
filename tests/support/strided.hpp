// SPDX-License-Identifier: MIT
//
// A matrix inside a larger piece of memory, in any of five arrangements. What is not the matrix holds a canary.
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

namespace test {

using Eigen::Index;

enum class Arrangement { Rows, Cols, PaddedRows, PaddedCols, Scattered };
inline constexpr Arrangement all_arrangements[] = {Arrangement::Rows, Arrangement::Cols, Arrangement::PaddedRows,
                                                   Arrangement::PaddedCols, Arrangement::Scattered};

template <class Scalar>
class Strided {
 public:
  using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Map = Eigen::Map<Matrix, Eigen::Unaligned, Stride>;

  Strided(Index rows, Index cols, Arrangement arrangement) : rows_(rows), cols_(cols) {
    switch (arrangement) {
      case Arrangement::Rows:
        row_stride_ = cols, col_stride_ = 1;
        break;
      case Arrangement::Cols:
        row_stride_ = 1, col_stride_ = rows;
        break;
      case Arrangement::PaddedRows:
        row_stride_ = cols + 3, col_stride_ = 1;
        break;
      case Arrangement::PaddedCols:
        row_stride_ = 1, col_stride_ = rows + 5;
        break;
      default:
        row_stride_ = 3 * cols + 1, col_stride_ = 3;
    }
    const Index last = rows == 0 || cols == 0 ? 0 : (rows - 1) * row_stride_ + (cols - 1) * col_stride_ + 1;
    memory_.assign(static_cast<std::size_t>(margin + last + margin), canary);
  }
  /// From numbers with two extents, as those of glu_reference.hpp.
  template <class Array>
  Strided(const Array& numbers, Arrangement arrangement)
      : Strided(numbers.extents[0], numbers.extents[1], arrangement) {
    Array a = numbers;
    a.for_each_index([&](const std::vector<Index>& i) { map()(i[0], i[1]) = static_cast<Scalar>(a.at(i)); });
  }

  Map map() { return Map(memory_.data() + margin, rows_, cols_, Stride(row_stride_, col_stride_)); }

  /// Whether everything beside the matrix still holds the canary. The matrix is overwritten.
  bool untouched() {
    map().setConstant(canary);
    for (const Scalar x : memory_) {
      if (x != canary) return false;
    }
    return true;
  }

 private:
  static constexpr Scalar canary = Scalar(12345);
  static constexpr Index margin = 19;
  Index rows_, cols_, row_stride_ = 0, col_stride_ = 0;
  std::vector<Scalar> memory_;
};

}  // namespace test
