// SPDX-License-Identifier: MIT
//
// Exponents, signs and mantissas as bits, for float and double, scalars and packets alike.
#pragma once

#include <sluice/core/simd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace simd {

/// What is done to the bits of a scalar, lane by lane. `Unsigned` is the unsigned integer of the
/// scalar's size.
template <class Scalar>
struct Bits {
  using Unsigned = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  static constexpr int mantissa = std::numeric_limits<Scalar>::digits - 1;
  static constexpr Unsigned bias = static_cast<Unsigned>(std::numeric_limits<Scalar>::max_exponent - 1);
  static constexpr Unsigned sign = Unsigned{1} << (8 * sizeof(Scalar) - 1);
};

namespace detail {

// Vectors of integers with operators where the compiler has them; lane by lane otherwise, which is
// slow but right.
template <class T>
struct BitVector {
  using Scalar = ScalarOf<T>;
  using Unsigned = typename Bits<Scalar>::Unsigned;
#if defined(__GNUC__)
  typedef Unsigned Type __attribute__((vector_size(sizeof(T))));
#else
  struct Type {
    Unsigned lanes[sizeof(T) / sizeof(Unsigned)];
    template <class Op>
    static Type map(const Type& a, const Op& op) {
      Type r;
      for (std::size_t i = 0; i < sizeof(T) / sizeof(Unsigned); ++i) r.lanes[i] = op(a.lanes[i], i);
      return r;
    }
    Type operator<<(int n) const {
      return map(*this, [&](Unsigned x, std::size_t) { return x << n; });
    }
    Type operator>>(int n) const {
      return map(*this, [&](Unsigned x, std::size_t) { return x >> n; });
    }
    Type operator&(Unsigned m) const {
      return map(*this, [&](Unsigned x, std::size_t) { return x & m; });
    }
    Type operator|(const Type& o) const {
      return map(*this, [&](Unsigned x, std::size_t i) { return x | o.lanes[i]; });
    }
    Type operator-(const Type& o) const {
      return map(*this, [&](Unsigned x, std::size_t i) { return x - o.lanes[i]; });
    }
    friend Type operator-(Unsigned m, const Type& a) {
      return map(a, [&](Unsigned x, std::size_t) { return m - x; });
    }
  };
#endif
};

template <class T>
SLUICE_ALWAYS_INLINE auto bits_of(const T& x) {
  return same_bits<typename BitVector<T>::Type>(x);
}

}  // namespace detail

/// 2^k from a number whose lowest bits are k + bias, 0 ≤ k + bias ≤ 2 bias; k + bias = 0 gives 0. With 2^Fraction steps
/// to each k, the lowest bits are those of k + bias, and behind them the number of the step.
template <int Fraction = 0, class T>
SLUICE_ALWAYS_INLINE T power_of_two_from_low_bits(const T& x) {
  using B = Bits<ScalarOf<T>>;
  const auto bits = detail::bits_of(x);
  if constexpr (Fraction == 0) {
    return detail::same_bits<T>(bits << B::mantissa);
  } else if constexpr (register_count == 32) {  // with AVX-512 one port shifts, two mask
    return detail::same_bits<T>((bits << (B::mantissa - Fraction)) & ~((typename B::Unsigned{1} << B::mantissa) - 1));
  } else {  // and a mask would need a register
    return detail::same_bits<T>((bits >> Fraction) << B::mantissa);
  }
}
/// 2^-k from 2^k: only the exponent field is negated. The partner of 2^bias is 0, as above.
template <class T>
SLUICE_ALWAYS_INLINE T inverse_power_of_two(const T& x) {
  using B = Bits<ScalarOf<T>>;
  return detail::same_bits<T>((2 * B::bias << B::mantissa) - detail::bits_of(x));
}
/// x·2^(-k - bias) from 2^k, or from 0 for k = -bias: exponents are subtracted. x ≥ 2^(bias - 1), and x ≥ 2^bias where
/// k is bias; what is not a normal number becomes one that is smaller still, but not negative.
template <class T>
SLUICE_ALWAYS_INLINE T divide_by_biased(const T& x, const T& power_of_two) {
  return detail::same_bits<T>(detail::bits_of(x) - detail::bits_of(power_of_two));
}
/// A magnitude (its sign bit is clear) with the sign of another number.
template <class T>
SLUICE_ALWAYS_INLINE T with_sign_of(const T& magnitude, const T& signed_number) {
  return detail::same_bits<T>(detail::bits_of(magnitude) | (detail::bits_of(signed_number) & Bits<ScalarOf<T>>::sign));
}
/// x with the lower half of its mantissa cleared: products of two such numbers are exact.
template <class T>
SLUICE_ALWAYS_INLINE T leading_half(const T& x) {
  using B = Bits<ScalarOf<T>>;
  constexpr auto mask = ~((typename B::Unsigned{1} << ((B::mantissa + 1) / 2 + (B::mantissa + 1) % 2)) - 1);
  return detail::same_bits<T>(detail::bits_of(x) & mask);
}

/// Entries of a table that every lane looks up in an instruction; 1 where there is no such instruction.
#if defined(EIGEN_VECTORIZE_AVX512)
template <class Scalar>
inline constexpr int table_size = std::is_same_v<Scalar, float>    ? 16
                                  : std::is_same_v<Scalar, double> ? 8
                                                                   : 1;
#elif defined(EIGEN_VECTORIZE_AVX2)
template <class Scalar>
inline constexpr int table_size = std::is_same_v<Scalar, float> ? 8 : 1;
#else
template <class Scalar>
inline constexpr int table_size = 1;
#endif

/// The entry that the lowest bits of x tell; N is a power of two, and table_size for packets.
template <class T, class Scalar, std::size_t N>
SLUICE_ALWAYS_INLINE T look_up(const Scalar (&table)[N], const T& x) {
  if constexpr (!is_packet<T>) {
    static_assert(N > 0 && (N & (N - 1)) == 0);
    return table[detail::same_bits<typename Bits<Scalar>::Unsigned>(x) & (N - 1)];
  } else {
    static_assert(N > 1 && N == table_size<Scalar>);
#if defined(EIGEN_VECTORIZE_AVX512)
#if SLUICE_DETAIL_HAS_HALF_PACKETS
    if constexpr (T::size == N / 2) {
      const T low = load<Scalar, T::size>(table), high = load<Scalar, T::size>(table + T::size);
      if constexpr (std::is_same_v<Scalar, float>) {
        return T::from_native(_mm256_permutex2var_ps(low.native, _mm256_castps_si256(x.native), high.native));
      } else {
        return T::from_native(_mm256_permutex2var_pd(low.native, _mm256_castpd_si256(x.native), high.native));
      }
    } else
#endif
        if constexpr (std::is_same_v<Scalar, float>) {
      return T::from_native(_mm512_permutexvar_ps(_mm512_castps_si512(x.native), load(table).native));
    } else {
      return T::from_native(_mm512_permutexvar_pd(_mm512_castpd_si512(x.native), load(table).native));
    }
#elif defined(EIGEN_VECTORIZE_AVX2)
    return T::from_native(_mm256_permutevar8x32_ps(load(table).native, _mm256_castps_si256(x.native)));
#endif
  }
}

}  // namespace simd

SLUICE_NAMESPACE_END
