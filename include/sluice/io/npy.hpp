// SPDX-License-Identifier: MIT
//
// NumPy's .npy files, versions 1.0 to 3.0: one array of '<f2', '<f4' or '<f8', in C or Fortran order.
//
//   6 bytes     \x93NUMPY
//   2 bytes     version
//   2 or 4      length of the header, little-endian (2 in version 1.0)
//   header      {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }  spaces, \n
//   data
//
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. (.npz archives are not read: unpack them.)
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/io/file.hpp>
#include <sluice/io/numbers.hpp>
#include <sluice/io/stored_numbers.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

namespace detail {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// The header's Python literal, read by what NumPy writes: a dict of the three keys, in any order, each once.
class NpyHeader {
 public:
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;

  NpyHeader(const std::string& path, std::string_view text) : path_(path), rest_(text) {
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !std::exchange(has_descr, true)) {
        descr = string();
      } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
        fortran_order = boolean();
      } else if (key == "shape" && !std::exchange(has_shape, true)) {
        read_shape();
      } else {
        fail("unknown or repeated key " + printable(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) fail("something follows the }");
    if (!has_descr || !has_order || !has_shape) fail("descr, fortran_order or shape is missing");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw FormatError(path_, "header: " + what); }

  void skip_space() {
    const std::size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(end, rest_.size()));
  }
  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("expected ") + c + " before " + printable(rest_.substr(0, 20)));
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string string() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos || rest_.substr(0, end).find('\\') != std::string_view::npos) {
      fail("a string without end, or with an escape");
    }
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail("fortran_order is neither True nor False");
    return false;
  }
  void read_shape() {
    expect('(');
    bool comma = true;  // (3) is a number to Python, (3,) a tuple
    while (!accept(')')) {
      if (!comma) fail("a shape without commas");
      if (shape.size() == highest_rank) fail("a rank above " + std::to_string(highest_rank));
      shape.push_back(extent());
      comma = accept(',');
    }
    if (shape.size() == 1 && !comma) fail("shape is no tuple");
  }
  Index extent() {
    skip_space();
    constexpr Index most = std::numeric_limits<Index>::max();
    Index number = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      const Index digit = rest_[digits] - '0';
      if (number > (most - digit) / 10) fail("an extent that this machine cannot address");
      number = 10 * number + digit;
    }
    if (digits == 0) fail("an extent that is no number");
    rest_.remove_prefix(digits);
    return number;
  }

  const std::string& path_;
  std::string_view rest_;
};

}  // namespace detail

/// An opened .npy file. Everything throws FormatError, with the path and the reason.
///
///   Eigen::MatrixXf x = sluice::io::Npy::open("x.npy").matrix<float>();
class Npy {
 public:
  /// Opens a file and checks all of its header, and that the array fills the rest of the file exactly.
  static Npy open(const std::filesystem::path& path) {
    Npy result;
    result.file_ = std::make_shared<const detail::InputFile>(path);
    const detail::InputFile& file = *result.file_;
    unsigned char begin[12] = {};
    const std::size_t read = static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), sizeof begin));
    file.read(0, begin, read);
    if (read < 10 || !std::equal(detail::npy_magic.begin(), detail::npy_magic.end(), begin,
                                 [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
      throw FormatError(file.path(), "is not a .npy file: it does not begin with \\x93NUMPY");
    }
    const unsigned major = begin[6], minor = begin[7];
    if (major < 1 || major > 3 || minor != 0) {
      throw FormatError(file.path(), "has version " + std::to_string(major) + "." + std::to_string(minor) +
                                         "; 1.0, 2.0 and 3.0 are read");
    }
    const std::uint64_t prefix = major == 1 ? 10 : 12;
    const std::uint64_t length =
        major == 1 ? detail::load_number<std::uint16_t>(begin + 8) : detail::load_number<std::uint32_t>(begin + 8);
    if (file.size() < prefix || length > file.size() - prefix || length > longest_header) {
      throw FormatError(file.path(), "the header claims " + std::to_string(length) + " bytes of a file of " +
                                         std::to_string(file.size()));
    }
    std::string text(static_cast<std::size_t>(length), '\0');
    file.read(prefix, text.data(), text.size());
    result.data_begin_ = prefix + length;
    detail::NpyHeader header(file.path(), text);
    result.dtype_ = dtype_of(file.path(), header.descr);
    result.fortran_order_ = header.fortran_order;
    result.shape_ = std::move(header.shape);
    result.check_size();
    return result;
  }

  const std::string& path() const { return file_->path(); }
  const std::vector<Index>& shape() const { return shape_; }
  Dtype dtype() const { return dtype_; }
  /// Whether the first axis runs fastest in the file.
  bool fortran_order() const { return fortran_order_; }

  /// An array of rank ≤ 2 as a matrix; a vector is one row, a scalar 1 × 1.
  template <class Scalar>
  RowMajorMatrix<Scalar> matrix() const {
    if (shape_.size() > 2) {
      throw FormatError(path(), "holds an array of rank " + std::to_string(shape_.size()) + "; a matrix has at most 2");
    }
    const Index rows = shape_.size() == 2 ? shape_.front() : 1, cols = shape_.empty() ? 1 : shape_.back();
    // Without numbers there is no order, and turning it around would walk along an extent that no data backs.
    if (fortran_order_ && shape_.size() == 2 && rows > 0 && cols > 0) {
      Eigen::Matrix<Scalar, Dynamic, Dynamic> by_columns(rows, cols);
      detail::read_numbers(*file_, dtype_, data_begin_, by_columns.size(), by_columns.data());
      return by_columns;
    }
    RowMajorMatrix<Scalar> result(rows, cols);
    detail::read_numbers(*file_, dtype_, data_begin_, result.size(), result.data());
    return result;
  }

 private:
  static constexpr std::uint64_t longest_header = 65536;  // NumPy itself reads 10,000 unless told otherwise

  Npy() = default;

  static Dtype dtype_of(const std::string& path, const std::string& descr) {
    if (descr == "<f2") return Dtype::F16;
    if (descr == "<f4") return Dtype::F32;
    if (descr == "<f8") return Dtype::F64;
    throw FormatError(path, "holds " + detail::printable(descr) + "; only '<f2', '<f4' and '<f8' are read");
  }

  void check_size() const {
    const std::optional<std::uint64_t> bits = detail::bits_of(dtype_, shape_);
    if (!bits) throw FormatError(path(), "header: the shape overflows");
    const std::uint64_t bytes = *bits / 8;
    if (bytes != file_->size() - data_begin_) {
      throw FormatError(path(), "the array fills " + std::to_string(bytes) + " bytes, the file has " +
                                    std::to_string(file_->size() - data_begin_) + " after its header");
    }
  }

  std::shared_ptr<const detail::InputFile> file_;
  Dtype dtype_ = Dtype::F32;
  bool fortran_order_ = false;
  std::vector<Index> shape_;
  std::uint64_t data_begin_ = 0;
};

/// How a .npy file is written.
struct NpyOptions {
  std::optional<Dtype> dtype{};  // F16, F32 or F64; the matrix's own unless said otherwise
  unsigned version = 1;          // 1, 2 or 3: they differ in the width of a length only
};

/// Writes a matrix expression as a .npy file, replacing the file as a whole; a vector type as an array of rank 1. What
/// is column-major is written in Fortran order. Throws FormatError where it cannot be written, std::invalid_argument
/// for a dtype or version that .npy does not have.
///
///   sluice::io::save_npy("y.npy", y);
template <class Derived>
void save_npy(const std::filesystem::path& path, const Eigen::DenseBase<Derived>& numbers,
              const NpyOptions& options = {}) {
  using Scalar = typename Derived::Scalar;
  const Dtype dtype = options.dtype.value_or(detail::natural_dtype<Scalar>);
  if (dtype != Dtype::F16 && dtype != Dtype::F32 && dtype != Dtype::F64) {
    sluice::detail::fail("save_npy", "a .npy file holds F16, F32 or F64, not ", name_of(dtype));
  }
  if (options.version < 1 || options.version > 3) {
    sluice::detail::fail("save_npy", "there are versions 1, 2 and 3, not ", Index(options.version));
  }
  constexpr bool is_vector = Derived::IsVectorAtCompileTime;
  constexpr bool by_columns = !is_vector && !Derived::IsRowMajor;
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic, by_columns ? Eigen::ColMajor : Eigen::RowMajor>;
  const Matrix dense = numbers.derived();

  const std::string shape = is_vector ? std::to_string(dense.size()) + ","
                                      : std::to_string(dense.rows()) + ", " + std::to_string(dense.cols());
  std::string header = "{'descr': '<f" + std::to_string(detail::facts(dtype).bits / 8) +
                       "', 'fortran_order': " + (by_columns ? "True" : "False") + ", 'shape': (" + shape + "), }";
  const std::size_t prefix = options.version == 1 ? 10 : 12;
  header.append(63 - (prefix + header.size()) % 64, ' ');  // the data begins at a multiple of 64
  header += '\n';

  std::string begin(detail::npy_magic);
  begin += {static_cast<char>(options.version), '\0'};
  for (std::size_t i = 8; i < prefix; ++i) begin += static_cast<char>((header.size() >> (8 * (i - 8))) & 0xff);
  const auto bytes = detail::stored_bytes(dtype, dense.data(), dense.size());
  detail::FileReplacement file(path);
  file.write(begin);
  file.write(header);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

}  // namespace io

SLUICE_NAMESPACE_END
