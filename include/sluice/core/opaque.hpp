// SPDX-License-Identifier: MIT
//
// What the compiler is not to see through: numbers, addresses and multiply-adds, each behind an instruction of
// assembly. Left to itself, GCC 12 loads things anew, keeps sums that nobody needs, or rounds once where twice was
// meant.
#pragma once

#include <sluice/core/simd.hpp>

#include <type_traits>

// An empty instruction that might change a register, for all the compiler knows.
#if defined(__GNUC__) && defined(__AVX512F__)
#define SLUICE_DETAIL_OPAQUE(x) __asm__("" : "+v"(x))
#elif defined(__GNUC__) && defined(__SSE2__)
#define SLUICE_DETAIL_OPAQUE(x) __asm__("" : "+x"(x))
#elif defined(__GNUC__) && defined(__aarch64__)
#define SLUICE_DETAIL_OPAQUE(x) __asm__("" : "+w"(x))
#else
#define SLUICE_DETAIL_OPAQUE(x) static_cast<void>(x)
#endif

SLUICE_NAMESPACE_BEGIN

namespace simd {

/// x, of which the compiler doesn't know where it is from: GCC contracts no product with a later sum (so it is
/// rounded), and loads nothing anew for each use.
template <class T>
SLUICE_ALWAYS_INLINE T in_register(const T& x) {
  T y = x;
  if constexpr (is_packet<T>) {
    SLUICE_DETAIL_OPAQUE(y.native);
  } else if constexpr (is_vectorized_scalar<T>) {
    SLUICE_DETAIL_OPAQUE(y);
  }
  return y;
}

/// A number or an address of which the compiler is to forget where it is from: it then makes no sums of it that it
/// keeps in registers beside.
template <class T>
SLUICE_ALWAYS_INLINE void forget([[maybe_unused]] T& x) {
#if defined(__x86_64__) && defined(__GNUC__)
  asm("" : "+r"(x));
#endif
}

/// sum += x·packet, x a packet or (see has_broadcast_operands) a scalar in memory that the instruction itself takes to
/// all lanes. Left to choose, GCC 12 lets the result of some multiply-adds take the place of x, and spills the sums of
/// a large tile for it.
template <class Scalar, class X>
SLUICE_ALWAYS_INLINE void accumulate(Packet<Scalar>& sum, const X& x, const Packet<Scalar>& packet) {
#if defined(EIGEN_VECTORIZE_FMA) && defined(__x86_64__) && defined(__GNUC__)
  if constexpr (std::is_same_v<X, Packet<Scalar>> && std::is_same_v<Scalar, float>) {
    asm("vfmadd231ps {%2, %1, %0|%0, %1, %2}" : "+v"(sum.native) : "v"(packet.native), "v"(x.native));
  } else if constexpr (std::is_same_v<X, Packet<Scalar>> && std::is_same_v<Scalar, double>) {
    asm("vfmadd231pd {%2, %1, %0|%0, %1, %2}" : "+v"(sum.native) : "v"(packet.native), "v"(x.native));
#if defined(EIGEN_VECTORIZE_AVX512)
  } else if constexpr (std::is_same_v<Scalar, float>) {
    asm("vfmadd231ps {%2%{1to16%}, %1, %0|%0, %1, %2%{1to16%}}" : "+v"(sum.native) : "v"(packet.native), "m"(x));
  } else {
    asm("vfmadd231pd {%2%{1to8%}, %1, %0|%0, %1, %2%{1to8%}}" : "+v"(sum.native) : "v"(packet.native), "m"(x));
#else
  } else {
    static_assert(has_broadcast_operands<Scalar>, "x must be a packet");
#endif
  }
#else
  sum = fma(x, packet, sum);
#endif
}

}  // namespace simd

SLUICE_NAMESPACE_END

#undef SLUICE_DETAIL_OPAQUE
