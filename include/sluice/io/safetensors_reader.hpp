// SPDX-License-Identifier: MIT
//
// Safetensors: a file of named tensors, open for reading.
//
// The header is read and checked as a whole when the file is opened; tensors are read when they are asked for, so that
// a file may be larger than memory. The format: safetensors_header.hpp.
#pragma once

#include <sluice/io/file.hpp>
#include <sluice/io/numbers.hpp>
#include <sluice/io/safetensors_header.hpp>
#include <sluice/io/stored_numbers.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

/// An opened safetensors file. Const calls may run on any number of threads; copies share the open file.
/// Everything throws FormatError, with the path and the reason.
///
///   const auto file = sluice::io::Safetensors::open("model.safetensors");
///   for (const std::string& name : file.names()) std::cout << name << '\n';
///   Eigen::MatrixXf w = file.matrix<float>("lm_head.weight");
class Safetensors {
 public:
  /// Opens a file and checks its header: all of it, and that the tensors fill the rest of the file without hole or
  /// overlap.
  static Safetensors open(const std::filesystem::path& path) {
    Safetensors result;
    result.file_ = std::make_shared<const detail::InputFile>(path);
    const detail::InputFile& file = *result.file_;
    constexpr std::uint64_t prefix = 8;
    if (file.size() < prefix) {
      throw FormatError(file.path(),
                        "a safetensors file has at least 8 bytes, this one " + std::to_string(file.size()));
    }
    unsigned char bytes[prefix];
    file.read(0, bytes, prefix);
    const auto length = detail::load_number<std::uint64_t>(bytes);
    constexpr unsigned char zip[] = {'P', 'K', 3, 4};
    if (length > file.size() - prefix && std::equal(std::begin(zip), std::end(zip), bytes)) {
      throw FormatError(
          file.path(),
          "looks like a zip file of torch.save(), not like safetensors; tools/export_torch.py writes those");
    }
    if (length > detail::largest_header) {
      throw FormatError(file.path(), "the header claims " + std::to_string(length) + " bytes, at most " +
                                         std::to_string(detail::largest_header) + " are allowed");
    }
    if (length > file.size() - prefix) {
      throw FormatError(file.path(), "the header claims " + std::to_string(length) + " bytes, the file has " +
                                         std::to_string(file.size() - prefix) + " for it");
    }
    std::string text(static_cast<std::size_t>(length), '\0');
    file.read(prefix, text.data(), text.size());
    result.data_begin_ = prefix + length;
    result.header_ = std::make_shared<const detail::SafetensorsHeader>(
        detail::parse_header(file.path(), text, file.size() - result.data_begin_));
    return result;
  }

  const std::string& path() const { return file_->path(); }

  /// The names of all tensors, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, info] : header_->tensors) names.push_back(name);
    return names;
  }
  bool contains(std::string_view name) const { return header_->tensors.contains(name); }
  const std::vector<Index>& shape(std::string_view name) const { return info(name).shape; }
  Dtype dtype(std::string_view name) const { return info(name).dtype; }
  /// The number of elements; 1 for a tensor of rank 0.
  Index size(std::string_view name) const { return size_of(info(name)); }
  /// What the file says about itself: __metadata__.
  const auto& metadata() const { return header_->metadata; }

  /// A tensor of rank ≤ 2 as a matrix; a vector is one row, a scalar 1 × 1. Its numbers are those of the file where
  /// Scalar can hold them, else the nearest ones. Integers and 8-bit floats are refused.
  template <class Scalar>
  RowMajorMatrix<Scalar> matrix(std::string_view name) const {
    const std::vector<Index>& extents = shape(name);
    if (extents.size() > 2) {
      throw FormatError(path(), "tensor " + detail::printable(name) + " of shape " + detail::text_of(extents) +
                                    " is no matrix: its rank is above 2");
    }
    check_floating(name);
    RowMajorMatrix<Scalar> result(extents.size() == 2 ? extents.front() : Index(1),
                                  extents.empty() ? 1 : extents.back());
    read(name, 0, result.size(), result.data());
    return result;
  }

  /// Writes `count` elements of a tensor of any rank, from element `first` in row-major order, to `to`.
  template <class Scalar>
  void read(std::string_view name, Index first, Index count, Scalar* to) const {
    const detail::TensorInfo& tensor = info(name);
    check_floating(name);
    if (first < 0 || count < 0 || first > size_of(tensor) || count > size_of(tensor) - first) {
      throw FormatError(path(), "tensor " + detail::printable(name) + " has " + std::to_string(size_of(tensor)) +
                                    " elements, not " + std::to_string(count) + " from element " +
                                    std::to_string(first));
    }
    const std::uint64_t item = detail::facts(tensor.dtype).bits / 8;
    detail::read_numbers(*file_, tensor.dtype, data_begin_ + tensor.begin + static_cast<std::uint64_t>(first) * item,
                         count, to);
  }

 private:
  Safetensors() = default;

  static Index size_of(const detail::TensorInfo& tensor) {
    return static_cast<Index>((tensor.end - tensor.begin) * 8 / detail::facts(tensor.dtype).bits);
  }

  const detail::TensorInfo& info(std::string_view name) const {
    const auto found = header_->tensors.find(name);
    if (found == header_->tensors.end()) throw FormatError(path(), "has no tensor " + detail::printable(name));
    return found->second;
  }

  void check_floating(std::string_view name) const {
    if (is_floating(dtype(name))) return;
    throw FormatError(path(), "tensor " + detail::printable(name) + " holds " + std::string(name_of(dtype(name))) +
                                  "; only F64, F32, F16 and BF16 are read");
  }

  std::shared_ptr<const detail::InputFile> file_;
  std::shared_ptr<const detail::SafetensorsHeader> header_;
  std::uint64_t data_begin_ = 0;
};

}  // namespace io

SLUICE_NAMESPACE_END
