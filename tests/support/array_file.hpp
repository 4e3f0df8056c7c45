// SPDX-License-Identifier: MIT
//
// Named arrays from the text files in tests/data, which tools/array_file.py writes:
//
//   # comment
//   name rank extent0 extent1 …
//   the numbers, last axis fastest
#pragma once

#include "support/data_path.hpp"

#include <Eigen/Core>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

using Eigen::Index;

struct Array {
  std::vector<Index> extents;
  std::vector<double> numbers;

  /// All axes but the last as rows; one axis as a single row.
  Eigen::MatrixXd matrix() const {
    const Index cols = extents.back();
    return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
        numbers.data(), static_cast<Index>(numbers.size()) / cols, cols);
  }
};

class ArrayFile {
 public:
  /// A file of tests/data.
  explicit ArrayFile(const std::string& name) : name_(name) {
    std::ifstream stream(data_path(name));
    if (!stream) throw std::runtime_error(data_path(name) + " cannot be opened");
    for (std::string header, numbers; std::getline(stream, header);) {
      if (header.starts_with('#')) continue;
      std::getline(stream, numbers);
      std::istringstream words(header);
      std::string array_name;
      std::size_t rank = 0;
      words >> array_name >> rank;
      Array array;
      std::size_t size = 1;
      for (Index extent = 0; words >> extent; size *= static_cast<std::size_t>(extent)) array.extents.push_back(extent);
      const char* text = numbers.c_str();
      for (char* end = nullptr;; text = end) {
        const double number = std::strtod(text, &end);
        if (end == text) break;
        array.numbers.push_back(number);
      }
      if (rank == 0 || array.extents.size() != rank || array.numbers.size() != size) {
        throw std::runtime_error(name + ": " + array_name + " is damaged");
      }
      arrays_.emplace(array_name, std::move(array));
    }
  }

  const Array& operator[](const std::string& array) const {
    const auto found = arrays_.find(array);
    if (found == arrays_.end()) throw std::runtime_error(name_ + " has no " + array);
    return found->second;
  }

 private:
  std::string name_;
  std::map<std::string, Array> arrays_;
};

}  // namespace test
