// SPDX-License-Identifier: MIT
//
// The number types of weight files, and how their bytes become a layer's scalars and back.
//
// Files are little-endian and nothing in them need be aligned: numbers are put together byte by byte, never cast.
#pragma once

#include <sluice/core/narrow.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

/// A row-major matrix, as tensors lie in files.
template <class Scalar>
using RowMajorMatrix = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>;

/// What safetensors files can hold, by the format's own names; F64, F32, F16 and BF16 can be read.
/// https://github.com/huggingface/safetensors
enum class Dtype {
  // NOLINTBEGIN(readability-identifier-naming)
  F64,
  F32,
  F16,
  BF16,
  F8_E4M3,
  F8_E5M2,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  F6_E2M3,
  F6_E3M2,
  F4,
  I64,
  I32,
  I16,
  I8,
  U64,
  U32,
  U16,
  U8,
  BOOL,
  C64,
  // NOLINTEND(readability-identifier-naming)
};

namespace detail {

struct DtypeFacts {
  Dtype dtype;
  std::string_view name;
  unsigned bits;
};
inline constexpr std::array<DtypeFacts, 22> dtypes{{
    {Dtype::F64, "F64", 64},
    {Dtype::F32, "F32", 32},
    {Dtype::F16, "F16", 16},
    {Dtype::BF16, "BF16", 16},
    {Dtype::F8_E4M3, "F8_E4M3", 8},
    {Dtype::F8_E5M2, "F8_E5M2", 8},
    {Dtype::F8_E8M0, "F8_E8M0", 8},
    {Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8},
    {Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8},
    {Dtype::F6_E2M3, "F6_E2M3", 6},
    {Dtype::F6_E3M2, "F6_E3M2", 6},
    {Dtype::F4, "F4", 4},
    {Dtype::I64, "I64", 64},
    {Dtype::I32, "I32", 32},
    {Dtype::I16, "I16", 16},
    {Dtype::I8, "I8", 8},
    {Dtype::U64, "U64", 64},
    {Dtype::U32, "U32", 32},
    {Dtype::U16, "U16", 16},
    {Dtype::U8, "U8", 8},
    {Dtype::BOOL, "BOOL", 8},
    {Dtype::C64, "C64", 64},
}};
constexpr const DtypeFacts& facts(Dtype dtype) { return dtypes[static_cast<std::size_t>(dtype)]; }

/// More axes than any tensor has.
inline constexpr std::size_t highest_rank = 32;

/// The bits of a tensor; nothing where 64 bits cannot count them.
inline std::optional<std::uint64_t> bits_of(Dtype dtype, const std::vector<Index>& shape) {
  std::uint64_t bits = facts(dtype).bits;
  for (const Index extent : shape) {
    const auto n = static_cast<std::uint64_t>(extent);
    if (n != 0 && bits > std::numeric_limits<std::uint64_t>::max() / n) return {};
    bits *= n;
  }
  return bits;
}

/// The dtype a scalar is stored as when nothing else is asked for.
template <class Scalar>
inline constexpr Dtype natural_dtype = Dtype::F64;
template <>
inline constexpr Dtype natural_dtype<float> = Dtype::F32;
template <>
inline constexpr Dtype natural_dtype<Eigen::half> = Dtype::F16;
template <>
inline constexpr Dtype natural_dtype<Eigen::bfloat16> = Dtype::BF16;

template <class T>
inline constexpr bool is_half = std::is_same_v<T, Eigen::half> || std::is_same_v<T, Eigen::bfloat16>;

/// The same number where To can hold it, else the nearest, ties to even.
template <class To, class From>
To convert(const From& number) {
  if constexpr (std::is_same_v<To, From>) {
    return number;
  } else if constexpr (is_half<To>) {
    return sluice::detail::narrow<To>(number);
  } else if constexpr (is_half<From>) {
    return static_cast<To>(static_cast<float>(number));
  } else {
    return static_cast<To>(number);
  }
}

template <std::size_t Bytes>
using Bits =
    std::conditional_t<Bytes == 8, std::uint64_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint16_t>>;

template <class Bits>
Bits to_little_endian(Bits bits) {
  if constexpr (std::endian::native == std::endian::little) return bits;
  Bits swapped = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i) {
    swapped = static_cast<Bits>((swapped << 8) | ((bits >> (8 * i)) & 0xff));
  }
  return swapped;
}

template <class Number>
Number load_number(const unsigned char* from) {
  Bits<sizeof(Number)> bits;
  std::memcpy(&bits, from, sizeof bits);
  return Eigen::numext::bit_cast<Number>(to_little_endian(bits));
}
template <class Number>
void store_number(unsigned char* to, const Number& number) {
  const auto bits = to_little_endian(Eigen::numext::bit_cast<Bits<sizeof(Number)>>(number));
  std::memcpy(to, &bits, sizeof bits);
}

/// Calls f(T{}) with the C++ type of a dtype that layers can hold, and says whether there is one.
template <class Function>
bool with_number_type(Dtype dtype, const Function& f) {
  switch (dtype) {
    case Dtype::F64:
      f(double{});
      return true;
    case Dtype::F32:
      f(float{});
      return true;
    case Dtype::F16:
      f(Eigen::half{});
      return true;
    case Dtype::BF16:
      f(Eigen::bfloat16{});
      return true;
    default:
      return false;
  }
}

}  // namespace detail

/// "F32"
constexpr std::string_view name_of(Dtype dtype) { return detail::facts(dtype).name; }

/// Whether its numbers can be read into a layer: F64, F32, F16 and BF16.
constexpr bool is_floating(Dtype dtype) { return dtype <= Dtype::BF16; }

}  // namespace io

SLUICE_NAMESPACE_END
