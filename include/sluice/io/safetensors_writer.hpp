// SPDX-License-Identifier: MIT
//
// SafetensorsWriter: gathers named tensors and writes them as one safetensors file. The format: safetensors_header.hpp.
//
// Every tensor is aligned to its own numbers: the header is padded to a multiple of eight bytes, and the data is
// ordered by falling item size, as the format's own library does it.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/io/file.hpp>
#include <sluice/io/numbers.hpp>
#include <sluice/io/safetensors_header.hpp>
#include <sluice/io/stored_numbers.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

/// Tensors on their way into a file. add() copies what it is given.
///
///   sluice::io::SafetensorsWriter writer;
///   writer.add("scale", scale);                              // a row-major tensor of shape [rows, cols]
///   writer.add("bias", bias, sluice::io::Dtype::BF16);
///   writer.metadata["format"] = "pt";
///   writer.save("model.safetensors");
class SafetensorsWriter {
 public:
  /// __metadata__ of the file.
  std::map<std::string, std::string> metadata;

  /// A matrix expression as a tensor of shape [rows, cols]; a row or column vector type as one of shape [size]. The
  /// dtype is the scalar's own unless another floating one is asked for, to which the numbers are rounded.
  /// Throws std::invalid_argument where the name is taken or not usable, or the dtype is not a floating one.
  template <class Derived>
  void add(const std::string& name, const Eigen::DenseBase<Derived>& numbers,
           Dtype dtype = detail::natural_dtype<typename Derived::Scalar>) {
    RowMajorMatrix<typename Derived::Scalar> dense = numbers.derived();
    std::vector<Index> shape{dense.rows(), dense.cols()};
    if (Derived::IsVectorAtCompileTime) shape = {dense.size()};
    add(name, std::move(shape), dense.data(), dtype);
  }

  /// Row-major numbers of any shape.
  template <class Scalar>
  void add(const std::string& name, std::vector<Index> shape, const Scalar* numbers, Dtype dtype) {
    using sluice::detail::fail;
    if (name == "__metadata__" || name.size() > detail::longest_name || tensors_.contains(name)) {
      fail("SafetensorsWriter", "the name ", detail::printable(name), " is taken, reserved or too long");
    }
    if (shape.size() > detail::highest_rank) fail("SafetensorsWriter", "a rank above ", Index(detail::highest_rank));
    Index count = 1;
    for (const Index extent : shape) count = sluice::detail::checked_product("SafetensorsWriter", count, extent);
    if (!detail::bits_of(dtype, shape)) {  // extents that overflow before one that is zero
      fail("SafetensorsWriter", "the shape ", detail::text_of(shape), " is more than this machine can address");
    }
    if (!is_floating(dtype)) fail("SafetensorsWriter", "writes F64, F32, F16 and BF16, not ", name_of(dtype));
    tensors_.emplace(name, Tensor{dtype, std::move(shape), detail::stored_bytes(dtype, numbers, count)});
  }

  /// Takes all that another writer has gathered. Throws std::invalid_argument, and takes nothing, where a name is
  /// taken.
  void add(SafetensorsWriter&& other) {
    for (const auto& [name, tensor] : other.tensors_) {
      if (tensors_.contains(name)) {
        sluice::detail::fail("SafetensorsWriter", "the name ", detail::printable(name), " is taken");
      }
    }
    tensors_.merge(other.tensors_);
    metadata.merge(other.metadata);
  }

  /// Writes all tensors to a file beside `path` and puts it in its place: a crash leaves the old file whole. Throws
  /// FormatError where that does not work, or where Safetensors would refuse the file; then the old file, or none, is
  /// there as before.
  void save(const std::filesystem::path& path) const {
    std::vector<const std::pair<const std::string, Tensor>*> in_order;
    for (const auto& entry : tensors_) in_order.push_back(&entry);
    std::stable_sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
      return detail::facts(a->second.dtype).bits > detail::facts(b->second.dtype).bits;
    });
    const std::string header = header_text(path.string(), in_order);
    detail::FileReplacement file(path);
    unsigned char length[8];
    detail::store_number(length, static_cast<std::uint64_t>(header.size()));
    file.write(length, sizeof length);
    file.write(header);
    for (const auto* entry : in_order) file.write(entry->second.bytes.data(), entry->second.bytes.size());
    file.commit();
  }

 private:
  struct Tensor {
    Dtype dtype;
    std::vector<Index> shape;
    std::vector<unsigned char> bytes;
  };

  template <class Entries>
  std::string header_text(const std::string& path, const Entries& in_order) const {
    if (tensors_.size() > detail::most_tensors) {
      throw FormatError(path, "more than " + std::to_string(detail::most_tensors) + " tensors");
    }
    for (const auto& [key, value] : metadata) {
      if (key.size() > detail::longest_name) {
        throw FormatError(path, "the metadata key " + detail::printable(key) + " is too long");
      }
    }
    std::string text = "{";
    // Entry by entry: a JSON object that keeps its order looks through all that it has for each one more.
    const auto append = [&](const std::string& name, const nlohmann::ordered_json& value) {
      text += (text.size() > 1 ? "," : "") + nlohmann::json(name).dump() + ":" + value.dump();
    };
    std::uint64_t begin = 0;
    try {
      if (!metadata.empty()) append("__metadata__", metadata);
      for (const auto* entry : in_order) {
        const Tensor& tensor = entry->second;
        append(entry->first, {{"dtype", name_of(tensor.dtype)},
                              {"shape", tensor.shape},
                              {"data_offsets", {begin, begin + tensor.bytes.size()}}});
        begin += tensor.bytes.size();
      }
    } catch (const nlohmann::json::type_error&) {
      throw FormatError(path, "a name or a metadata entry is not UTF-8");
    }
    text += "}";
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > detail::largest_header) throw FormatError(path, "the header would be too long for the format");
    return text;
  }

  std::map<std::string, Tensor> tensors_;
};

}  // namespace io

SLUICE_NAMESPACE_END
