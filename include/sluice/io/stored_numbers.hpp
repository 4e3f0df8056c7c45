// SPDX-License-Identifier: MIT
//
// Runs of numbers as they lie in a file, to and from a layer's scalars.
#pragma once

#include <sluice/io/file.hpp>
#include <sluice/io/numbers.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io::detail {

/// Reads `count` numbers of a floating dtype from byte `at` of the file.
template <class Scalar>
void read_numbers(const InputFile& file, Dtype dtype, std::uint64_t at, Index count, Scalar* to) {
  with_number_type(dtype, [&](auto stored) {
    using Stored = decltype(stored);
    if constexpr (std::is_same_v<Stored, Scalar> && std::endian::native == std::endian::little) {
      file.read(at, to, static_cast<std::size_t>(count) * sizeof(Stored));
    } else {
      // In pieces, so that no second copy of a large tensor exists.
      constexpr Index piece = (Index(1) << 18) / static_cast<Index>(sizeof(Stored));
      std::vector<unsigned char> bytes(static_cast<std::size_t>(std::min(count, piece)) * sizeof(Stored));
      for (Index done = 0; done < count; done += piece) {
        const auto n = static_cast<std::size_t>(std::min(piece, count - done));
        file.read(at, bytes.data(), n * sizeof(Stored));
        at += n * sizeof(Stored);
        for (std::size_t i = 0; i < n; ++i) {
          *to++ = convert<Scalar>(load_number<Stored>(bytes.data() + i * sizeof(Stored)));
        }
      }
    }
  });
}

/// The bytes of `count` numbers as a floating dtype.
template <class Scalar>
std::vector<unsigned char> stored_bytes(Dtype dtype, const Scalar* numbers, Index count) {
  std::vector<unsigned char> bytes;
  with_number_type(dtype, [&](auto stored) {
    using Stored = decltype(stored);
    bytes.resize(static_cast<std::size_t>(count) * sizeof(Stored));
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      store_number(bytes.data() + i * sizeof(Stored), convert<Stored>(numbers[i]));
    }
  });
  return bytes;
}

}  // namespace io::detail

SLUICE_NAMESPACE_END
