// SPDX-License-Identifier: MIT
//
// The header of a safetensors file: JSON that names the tensors and says where their bytes lie.
//
//   8 bytes    length of the header, little-endian
//   header     {"__metadata__": {"key": "value"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
//   data       the bytes of all tensors, without a hole
//
// https://github.com/huggingface/safetensors, "Format". Nothing is believed before all of it has been checked.
#pragma once

#include <sluice/io/error.hpp>
#include <sluice/io/numbers.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io::detail {

/// What is accepted at most. The first number is the format's, the others are far beyond any model's.
inline constexpr std::uint64_t largest_header = 100'000'000;
inline constexpr std::size_t most_tensors = 1'000'000;
inline constexpr std::size_t longest_name = 1024;

struct TensorInfo {
  Dtype dtype = Dtype::F32;
  std::vector<Index> shape;
  std::uint64_t begin = 0, end = 0;  // within the data
};

struct SafetensorsHeader {
  std::map<std::string, TensorInfo, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// "[2, 3]"
inline std::string text_of(const std::vector<Index>& shape) {
  std::string text = "[";
  for (const Index extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

/// Takes the header's JSON as it is parsed, and stops at the first thing that is not as it must be.
class HeaderHandler final : public nlohmann::json::json_sax_t {
 public:
  SafetensorsHeader header;
  std::string reason;

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return unexpected("a fraction"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t number) override {
    if (place_ == Place::Shape) {
      if (number > static_cast<std::uint64_t>(std::numeric_limits<Index>::max())) {
        return refuse("extent " + std::to_string(number) + " is more than this machine can address");
      }
      if (tensor_.shape.size() == highest_rank) return refuse("a rank above " + std::to_string(highest_rank));
      tensor_.shape.push_back(static_cast<Index>(number));
      return true;
    }
    if (place_ == Place::Offsets) {
      if (offsets_ == 2) return refuse("more than two data_offsets");
      (offsets_++ == 0 ? tensor_.begin : tensor_.end) = number;
      return true;
    }
    return unexpected("a number");
  }

  bool string(string_t& text) override {
    if (place_ == Place::Metadata && has_key_) {
      has_key_ = false;
      header.metadata[key_] = std::move(text);
      return true;
    }
    if (place_ == Place::Dtype) {
      const auto* const known =
          std::find_if(dtypes.begin(), dtypes.end(), [&](const DtypeFacts& facts) { return facts.name == text; });
      if (known == dtypes.end()) return refuse("unknown dtype " + printable(text));
      tensor_.dtype = known->dtype;
      place_ = Place::Tensor;
      return true;
    }
    return unexpected("a string");
  }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::Outside:
        place_ = Place::Top;
        return true;
      case Place::BeforeMetadata:
        place_ = Place::Metadata;
        return true;
      case Place::BeforeTensor:
        place_ = Place::Tensor;
        tensor_ = {};
        offsets_ = 0;
        has_dtype_ = has_shape_ = has_offsets_ = false;
        return true;
      default:
        return unexpected("an object");
    }
  }

  bool key(string_t& key) override {
    if (key.size() > longest_name) return refuse("a name of more than " + std::to_string(longest_name) + " bytes");
    if (place_ == Place::Top) {
      if (key == "__metadata__") {
        if (std::exchange(has_metadata_, true)) return refuse("__metadata__ twice");
        place_ = Place::BeforeMetadata;
        return true;
      }
      if (header.tensors.size() == most_tensors)
        return refuse("more than " + std::to_string(most_tensors) + " tensors");
      if (header.tensors.contains(key)) return refuse("tensor " + printable(key) + " twice");
      name_ = std::move(key);
      place_ = Place::BeforeTensor;
      return true;
    }
    if (place_ == Place::Metadata) {
      if (header.metadata.contains(key)) return refuse("metadata " + printable(key) + " twice");
      key_ = std::move(key);
      has_key_ = true;
      return true;
    }
    // Only a tensor is left.
    const auto enter = [&](bool& seen, Place place) {
      if (std::exchange(seen, true)) return refuse(key + " twice");
      place_ = place;
      return true;
    };
    if (key == "dtype") return enter(has_dtype_, Place::Dtype);
    if (key == "shape") return enter(has_shape_, Place::BeforeShape);
    if (key == "data_offsets") return enter(has_offsets_, Place::BeforeOffsets);
    return refuse("unknown entry " + printable(key));
  }

  bool end_object() override {
    if (place_ == Place::Tensor) {
      if (!has_dtype_ || !has_shape_ || !has_offsets_) return refuse("dtype, shape or data_offsets missing");
      if (offsets_ != 2) return refuse("data_offsets must be two numbers");
      if (!check_size()) return false;
      header.tensors.emplace(std::move(name_), std::move(tensor_));
      name_.clear();
    }
    place_ = place_ == Place::Top ? Place::Outside : Place::Top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::BeforeShape && place_ != Place::BeforeOffsets) return unexpected("an array");
    place_ = place_ == Place::BeforeShape ? Place::Shape : Place::Offsets;
    return true;
  }
  bool end_array() override {
    place_ = Place::Tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    reason = "the header is not a JSON object in UTF-8 (at its byte " + std::to_string(position) + ")";
    return false;
  }

 private:
  /// Where in the header the next thing stands.
  enum class Place {
    Outside,
    Top,
    BeforeMetadata,
    Metadata,
    BeforeTensor,
    Tensor,
    Dtype,
    BeforeShape,
    Shape,
    BeforeOffsets,
    Offsets
  };

  bool refuse(const std::string& what) {
    reason = "header: " + (name_.empty() ? what : "tensor " + printable(name_) + ": " + what);
    return false;
  }
  bool unexpected(const std::string& what) { return refuse("unexpectedly " + what); }

  /// Extents times item size is the length of the range, in integers that do not overflow.
  bool check_size() {
    const std::optional<std::uint64_t> bits = bits_of(tensor_.dtype, tensor_.shape);
    if (!bits) return refuse("shape " + text_of(tensor_.shape) + " overflows");
    if (tensor_.begin > tensor_.end) return refuse("data_offsets run backwards");
    if (*bits % 8 != 0 || *bits / 8 != tensor_.end - tensor_.begin) {
      return refuse(std::string(name_of(tensor_.dtype)) + " of shape " + text_of(tensor_.shape) + " does not fill " +
                    std::to_string(tensor_.end - tensor_.begin) + " bytes");
    }
    return true;
  }

  Place place_ = Place::Outside;
  std::string name_;  // of the tensor that is being read
  TensorInfo tensor_;
  std::size_t offsets_ = 0;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  std::string key_;  // of the metadata that is being read
  bool has_key_ = false;
  bool has_metadata_ = false;
};

/// The header, checked against itself and against the number of bytes that follow it. Throws FormatError.
inline SafetensorsHeader parse_header(const std::string& path, std::string_view text, std::uint64_t data_size) {
  // The parser would skip a byte order mark and take a NUL for the end of its input.
  if (text.empty() || text.front() != '{') throw FormatError(path, "the header does not begin with {");
  if (text.find('\0') != std::string_view::npos) throw FormatError(path, "the header holds a NUL byte");
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &handler)) throw FormatError(path, handler.reason);

  using Entry = decltype(handler.header.tensors)::value_type;
  std::vector<const Entry*> in_order;
  for (const Entry& entry : handler.header.tensors) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t end = 0;
  for (const Entry* entry : in_order) {
    if (entry->second.begin != end) {
      throw FormatError(path, "tensor " + printable(entry->first) + " begins at byte " +
                                  std::to_string(entry->second.begin) + " of the data, the one before ends at " +
                                  std::to_string(end) + (entry->second.begin > end ? ": a hole" : ": an overlap"));
    }
    end = entry->second.end;
  }
  if (end != data_size) {
    throw FormatError(path, "the tensors fill " + std::to_string(end) + " bytes, the file has " +
                                std::to_string(data_size) + " after its header");
  }
  return std::move(handler.header);
}

}  // namespace io::detail

SLUICE_NAMESPACE_END
