// SPDX-License-Identifier: MIT
//
// load_as: packets of numbers that are stored in fewer bits (Eigen::bfloat16, Eigen::half, Int8).
#pragma once

#include <sluice/core/int8.hpp>
#include <sluice/core/simd.hpp>

#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // a native vector type as template argument
#endif

SLUICE_NAMESPACE_BEGIN

namespace simd {

#if defined(__GNUC__)
namespace detail {

/// Integers in memory as vectors of 32 bits. GCC 12 takes __builtin_convertvector to pieces, so x86's instruction for
/// it is named (in the form with a mask, whose plain one GCC warns of: PR105593).
template <int Size, class Integer>
SLUICE_ALWAYS_INLINE auto widen(const Integer* from) {
  using Wide = std::conditional_t<std::is_signed_v<Integer>, std::int32_t, std::uint32_t>;
  using Vector = VectorOf<Wide, Size>;
  VectorOf<Integer, Size> narrow;
  std::memcpy(&narrow, from, sizeof(narrow));
#if defined(__AVX512F__)
  if constexpr (Size == 16 && sizeof(Integer) == 2)
    return same_bits<Vector>(_mm512_maskz_cvtepu16_epi32(0xffff, same_bits<__m256i>(narrow)));
  if constexpr (Size == 16 && sizeof(Integer) == 1)
    return same_bits<Vector>(_mm512_maskz_cvtepi8_epi32(0xffff, same_bits<__m128i>(narrow)));
#endif
#if defined(__AVX2__)
  if constexpr (Size == 8 && sizeof(Integer) == 2)
    return same_bits<Vector>(_mm256_cvtepu16_epi32(same_bits<__m128i>(narrow)));
  if constexpr (Size == 8 && sizeof(Integer) == 1) {
    return same_bits<Vector>(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
  }
#endif
#if defined(__SSE4_1__)
  if constexpr (Size == 4 && sizeof(Integer) == 2)
    return same_bits<Vector>(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
  if constexpr (Size == 4 && sizeof(Integer) == 1)
    return same_bits<Vector>(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(same_bits<int>(narrow))));
#endif
  return __builtin_convertvector(narrow, Vector);
}

template <int Size>
SLUICE_ALWAYS_INLINE auto to_float(const Int8* from) {
  return __builtin_convertvector(widen<Size>(&from->value), VectorOf<float, Size>);
}
template <int Size>
SLUICE_ALWAYS_INLINE auto to_float(const Eigen::bfloat16* from) {
  return same_bits<VectorOf<float, Size>>(widen<Size>(&from->value) << 16);
}
template <int Size>
SLUICE_ALWAYS_INLINE auto to_float(const Eigen::half* from) {
  using Floats = VectorOf<float, Size>;
#if defined(__F16C__)
  const auto* const memory = reinterpret_cast<const __m128i*>(from);
#if defined(__AVX512F__)
  if constexpr (Size == 16)
    return same_bits<Floats>(_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
#endif
  if constexpr (Size == 8) return same_bits<Floats>(_mm256_cvtph_ps(_mm_loadu_si128(memory)));
  if constexpr (Size == 4) return same_bits<Floats>(_mm_cvtph_ps(_mm_loadl_epi64(memory)));
#endif
  // Exponent and mantissa move into the place of float's; 2^112 makes up for the other bias, subnormals included. What
  // then is 2^16 or more was an infinity or a NaN.
  const auto words = widen<Size>(reinterpret_cast<const std::uint16_t*>(from));
  const Floats magnitude = same_bits<Floats>((words & 0x7fffu) << 13) * 0x1p112f;
  const auto not_finite = same_bits<VectorOf<std::uint32_t, Size>>(magnitude >= 65536.0f);
  return same_bits<Floats>(same_bits<VectorOf<std::uint32_t, Size>>(magnitude) | (words & 0x8000u) << 16 |
                           (not_finite & 0x7f800000u));
}

}  // namespace detail
#endif

/// `size` numbers that are stored in another type, widened: exactly, but that a half-precision subnormal may be flushed
/// where the processor is told to flush subnormals. 8-bit weights are whole numbers that want a scale.
template <class S, class Stored>
SLUICE_ALWAYS_INLINE Packet<S> load_as(const Stored* from) {
  if constexpr (std::is_same_v<S, Stored>) {
    return load(from);
  } else {
#if defined(__GNUC__)
    const auto floats = detail::to_float<Packet<S>::size>(from);
    Packet<S> packet;
#if defined(__AVX__)
    if constexpr (std::is_same_v<S, double> && Packet<S>::size == 4) {
      packet.native = _mm256_cvtps_pd(detail::same_bits<__m128>(floats));  // GCC 12 takes this one to pieces, too
      return packet;
    }
#endif
    packet.native = detail::same_bits<typename Packet<S>::Native>(
        __builtin_convertvector(floats, detail::VectorOf<S, Packet<S>::size>));
    return packet;
#else
    alignas(Packet<S>) S lanes[static_cast<std::size_t>(Packet<S>::size)];
    for (Index i = 0; i < Packet<S>::size; ++i) {
      if constexpr (std::is_same_v<Stored, Int8>) {
        lanes[i] = static_cast<S>(from[i].value);
      } else {
        lanes[i] = static_cast<S>(static_cast<float>(from[i]));
      }
    }
    return load(static_cast<const S*>(lanes));
#endif
  }
}
template <class Stored>
inline constexpr bool has_scale = std::is_same_v<Stored, Int8>;

}  // namespace simd

SLUICE_NAMESPACE_END

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
