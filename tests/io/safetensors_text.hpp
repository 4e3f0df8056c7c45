// SPDX-License-Identifier: MIT
//
// Safetensors files written by hand, byte for byte, so that the reader is not tested against our own writer.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace test {

/// The bytes of numbers, least significant first.
template <class Bits>
std::string bytes_of(std::initializer_list<Bits> numbers) {
  std::string bytes;
  for (const Bits number : numbers) {
    for (std::size_t i = 0; i < sizeof(Bits); ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xff);
  }
  return bytes;
}
inline std::string bytes_of(std::initializer_list<float> numbers) {
  std::string bytes;
  for (const float number : numbers) bytes += bytes_of<std::uint32_t>({std::bit_cast<std::uint32_t>(number)});
  return bytes;
}
inline std::string bytes_of(std::initializer_list<double> numbers) {
  std::string bytes;
  for (const double number : numbers) bytes += bytes_of<std::uint64_t>({std::bit_cast<std::uint64_t>(number)});
  return bytes;
}

inline std::string safetensors_text(const std::string& header, const std::string& data) {
  return bytes_of<std::uint64_t>({header.size()}) + header + data;
}

}  // namespace test
