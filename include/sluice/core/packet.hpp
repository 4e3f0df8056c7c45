// SPDX-License-Identifier: MIT
//
// simd::Packet<Scalar>: a register of scalars with ordinary operators. Comparisons give a Mask that select()
// understands. What moves packets from and to memory, and the same words for plain scalars: core/simd.hpp.
//
// The packets are Eigen's. Only these two headers name Eigen::internal, so that a change there has one place.
#pragma once

#include <sluice/core/config.hpp>

#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace simd {

/// The lanes that a comparison of packets selected.
template <class Scalar>
struct Mask {
  using Native = typename Eigen::internal::packet_traits<Scalar>::type;
  Native native;
};

#if defined(EIGEN_VECTORIZE_AVX512)
template <>
struct Mask<float> {
  using Native = __mmask16;
  Native native;
};
template <>
struct Mask<double> {
  using Native = __mmask8;
  Native native;
};
#endif

/// A vector register of `size` scalars; size is 1 where the target has no such vectors.
template <class Scalar>
struct Packet {
  using Native = typename Eigen::internal::packet_traits<Scalar>::type;
  static constexpr int size = Eigen::internal::unpacket_traits<Native>::size;

  Native native;

  Packet() = default;
  SLUICE_ALWAYS_INLINE explicit Packet(const Scalar& x) : native(Eigen::internal::pset1<Native>(x)) {}
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, Scalar>)
  SLUICE_ALWAYS_INLINE explicit Packet(Number x) : Packet(static_cast<Scalar>(x)) {}

  SLUICE_ALWAYS_INLINE static Packet from_native(const Native& n) {
    Packet p;
    p.native = n;
    return p;
  }
};

template <class T>
struct PacketTraits {
  using Scalar = T;
  static constexpr bool is_packet = false;
};
template <class S>
struct PacketTraits<Packet<S>> {
  using Scalar = S;
  static constexpr bool is_packet = true;
};

/// The scalar of a packet; a scalar is its own.
template <class T>
using ScalarOf = typename PacketTraits<T>::Scalar;

template <class T>
inline constexpr bool is_packet = PacketTraits<T>::is_packet;

/// Lanes of a register of this scalar.
template <class Scalar>
inline constexpr int packet_size = Packet<Scalar>::size;

/// True for the scalars that the packet kernels serve; all others take the plain Eigen path.
template <class Scalar>
inline constexpr bool is_vectorized_scalar = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;

/// Number of vector registers that the compiler may use.
inline constexpr int register_count = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS;

/// Whether fma(a, b, c) rounds once on this target.
#if defined(EIGEN_VECTORIZE_FMA) || defined(__ARM_FEATURE_FMA) || defined(__FMA__)
inline constexpr bool has_fused_multiply_add = true;
#else
inline constexpr bool has_fused_multiply_add = false;
#endif

// --- packets: arithmetic ---------------------------------------------------------------------------------------------

template <class S>
SLUICE_ALWAYS_INLINE Packet<S> operator+(const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::padd(a.native, b.native));
}
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> operator-(const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::psub(a.native, b.native));
}
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> operator*(const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::pmul(a.native, b.native));
}
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> operator/(const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::pdiv(a.native, b.native));
}
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> operator-(const Packet<S>& a) {
  return Packet<S>::from_native(Eigen::internal::pnegate(a.native));
}

/// a·b + c, rounded once where the target can.
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> fma(const Packet<S>& a, const Packet<S>& b, const Packet<S>& c) {
  return Packet<S>::from_native(Eigen::internal::pmadd(a.native, b.native, c.native));
}
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> abs(const Packet<S>& a) {
  return Packet<S>::from_native(Eigen::internal::pabs(a.native));
}

// --- packets: comparison and selection -------------------------------------------------------------------------------

template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator<(const Packet<S>& a, const Packet<S>& b) {
  return {Eigen::internal::pcmp_lt(a.native, b.native)};
}
template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator<=(const Packet<S>& a, const Packet<S>& b) {
  return {Eigen::internal::pcmp_le(a.native, b.native)};
}
template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator>(const Packet<S>& a, const Packet<S>& b) {
  return b < a;
}
template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator>=(const Packet<S>& a, const Packet<S>& b) {
  return b <= a;
}
template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator==(const Packet<S>& a, const Packet<S>& b) {
  return {Eigen::internal::pcmp_eq(a.native, b.native)};
}
template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator&&(const Mask<S>& a, const Mask<S>& b) {
  return {Eigen::internal::pand(a.native, b.native)};
}
template <class S>
SLUICE_ALWAYS_INLINE Mask<S> operator||(const Mask<S>& a, const Mask<S>& b) {
  return {Eigen::internal::por(a.native, b.native)};
}

/// Per lane: mask ? a : b.
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> select(const Mask<S>& mask, const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::pselect(mask.native, a.native, b.native));
}

#if defined(EIGEN_VECTORIZE_AVX512)
// Eigen's masks are packets; AVX-512 compares into mask registers and selects by them, in an instruction each.
SLUICE_ALWAYS_INLINE Mask<float> operator<(const Packet<float>& a, const Packet<float>& b) {
  return {_mm512_cmp_ps_mask(a.native, b.native, _CMP_LT_OQ)};
}
SLUICE_ALWAYS_INLINE Mask<double> operator<(const Packet<double>& a, const Packet<double>& b) {
  return {_mm512_cmp_pd_mask(a.native, b.native, _CMP_LT_OQ)};
}
SLUICE_ALWAYS_INLINE Mask<float> operator<=(const Packet<float>& a, const Packet<float>& b) {
  return {_mm512_cmp_ps_mask(a.native, b.native, _CMP_LE_OQ)};
}
SLUICE_ALWAYS_INLINE Mask<double> operator<=(const Packet<double>& a, const Packet<double>& b) {
  return {_mm512_cmp_pd_mask(a.native, b.native, _CMP_LE_OQ)};
}
SLUICE_ALWAYS_INLINE Mask<float> operator==(const Packet<float>& a, const Packet<float>& b) {
  return {_mm512_cmp_ps_mask(a.native, b.native, _CMP_EQ_OQ)};
}
SLUICE_ALWAYS_INLINE Mask<double> operator==(const Packet<double>& a, const Packet<double>& b) {
  return {_mm512_cmp_pd_mask(a.native, b.native, _CMP_EQ_OQ)};
}
template <class S>
  requires(std::is_same_v<S, float> || std::is_same_v<S, double>)
SLUICE_ALWAYS_INLINE Mask<S>
operator&&(const Mask<S>& a, const Mask<S>& b) { return {static_cast<typename Mask<S>::Native>(a.native & b.native)}; }
template <class S>
  requires(std::is_same_v<S, float> || std::is_same_v<S, double>)
SLUICE_ALWAYS_INLINE Mask<S>
operator||(const Mask<S>& a, const Mask<S>& b) { return {static_cast<typename Mask<S>::Native>(a.native | b.native)}; }
SLUICE_ALWAYS_INLINE Packet<float> select(const Mask<float>& mask, const Packet<float>& a, const Packet<float>& b) {
  return Packet<float>::from_native(_mm512_mask_blend_ps(mask.native, b.native, a.native));
}
SLUICE_ALWAYS_INLINE Packet<double> select(const Mask<double>& mask, const Packet<double>& a, const Packet<double>& b) {
  return Packet<double>::from_native(_mm512_mask_blend_pd(mask.native, b.native, a.native));
}
#endif

/// The smaller and the larger of both; where one is NaN, NaN if that one is `a`. (`b` is the constant of a clamp.)
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> min(const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::pmin(a.native, b.native));
}
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> max(const Packet<S>& a, const Packet<S>& b) {
  return Packet<S>::from_native(Eigen::internal::pmax(a.native, b.native));
}

}  // namespace simd

SLUICE_NAMESPACE_END
