// SPDX-License-Identifier: MIT
//
// simd::Packet<Scalar>: a register of scalars with ordinary operators, and the same vocabulary for plain scalars.
//
// A formula that is written once against a type T (operators, T(constant), and the functions of this header and of
// core/math.hpp) runs in vector lanes with T = Packet<float>, and as it stands with T = float, double, long double or
// an automatic-differentiation scalar. Comparisons give a mask (bool for scalars) that select() understands.
//
// The packets are Eigen's. This is the only header that names Eigen::internal, so that a change there has one place.
#pragma once

#include <sluice/core/config.hpp>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

namespace simd {

/// Lanes of a register of this scalar.
template <class Scalar>
inline constexpr int packet_size =
    Eigen::internal::unpacket_traits<typename Eigen::internal::packet_traits<Scalar>::type>::size;

namespace detail {

template <class Scalar, bool IsWhole>
struct NativePacket {
  using Type = typename Eigen::internal::packet_traits<Scalar>::type;
};
template <class Scalar>
struct NativePacket<Scalar, false> {
  using Type = typename Eigen::internal::packet_traits<Scalar>::half;
};

}  // namespace detail

/// The lanes that a comparison of packets selected.
template <class Scalar, int Size = packet_size<Scalar>>
struct Mask {
  using Native = typename detail::NativePacket<Scalar, Size == packet_size<Scalar>>::Type;
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

/// A vector register of `size` scalars, or half of one (see has_half_packets); size is 1 where the target has no such
/// vectors.
template <class Scalar, int Size = packet_size<Scalar>>
struct Packet {
  using Native = typename detail::NativePacket<Scalar, Size == packet_size<Scalar>>::Type;
  static constexpr int size = Size;

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
template <class S, int Size>
struct PacketTraits<Packet<S, Size>> {
  using Scalar = S;
  static constexpr bool is_packet = true;
};

/// The scalar of a packet; a scalar is its own.
template <class T>
using ScalarOf = typename PacketTraits<T>::Scalar;

template <class T>
inline constexpr bool is_packet = PacketTraits<T>::is_packet;

/// True for the scalars that the packet kernels serve; all others take the plain Eigen path.
template <class Scalar>
inline constexpr bool is_vectorized_scalar = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;

/// Number of vector registers that the compiler may use.
inline constexpr int register_count = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS;

// VL brings AVX-512's instructions to registers of half the size, DQ some of those that are used here.
#if defined(EIGEN_VECTORIZE_AVX512) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#define SLUICE_DETAIL_HAS_HALF_PACKETS 1
#else
#define SLUICE_DETAIL_HAS_HALF_PACKETS 0
#endif

/// Whether half of a packet is a packet, too, with all operations: where a division of half as many lanes takes half
/// the time, and its result needs no mask to be stored.
template <class Scalar>
inline constexpr bool has_half_packets = SLUICE_DETAIL_HAS_HALF_PACKETS&& is_vectorized_scalar<Scalar>;
template <class Scalar>
using HalfPacket = Packet<Scalar, packet_size<Scalar> / 2>;

/// Whether fma(a, b, c) rounds once on this target.
#if defined(EIGEN_VECTORIZE_FMA) || defined(__ARM_FEATURE_FMA) || defined(__FMA__)
inline constexpr bool has_fused_multiply_add = true;
#else
inline constexpr bool has_fused_multiply_add = false;
#endif

/// Whether a multiply-add takes a scalar in memory for all of its lanes: accumulate() of core/opaque.hpp.
#if defined(EIGEN_VECTORIZE_AVX512) && defined(__x86_64__) && defined(__GNUC__)
template <class Scalar>
inline constexpr bool has_broadcast_operands = is_vectorized_scalar<Scalar>;
#else
template <class Scalar>
inline constexpr bool has_broadcast_operands = false;
#endif

// --- packets: arithmetic ---------------------------------------------------------------------------------------------

template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> operator+(const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::padd(a.native, b.native));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> operator-(const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::psub(a.native, b.native));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> operator*(const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::pmul(a.native, b.native));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> operator/(const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::pdiv(a.native, b.native));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> operator-(const Packet<S, N>& a) {
  return Packet<S, N>::from_native(Eigen::internal::pnegate(a.native));
}

/// a·b + c, rounded once where the target can.
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> fma(const Packet<S, N>& a, const Packet<S, N>& b, const Packet<S, N>& c) {
  return Packet<S, N>::from_native(Eigen::internal::pmadd(a.native, b.native, c.native));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> abs(const Packet<S, N>& a) {
  return Packet<S, N>::from_native(Eigen::internal::pabs(a.native));
}

// --- packets: comparison and selection -------------------------------------------------------------------------------

template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator<(const Packet<S, N>& a, const Packet<S, N>& b) {
  return {Eigen::internal::pcmp_lt(a.native, b.native)};
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator<=(const Packet<S, N>& a, const Packet<S, N>& b) {
  return {Eigen::internal::pcmp_le(a.native, b.native)};
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator>(const Packet<S, N>& a, const Packet<S, N>& b) {
  return b < a;
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator>=(const Packet<S, N>& a, const Packet<S, N>& b) {
  return b <= a;
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator==(const Packet<S, N>& a, const Packet<S, N>& b) {
  return {Eigen::internal::pcmp_eq(a.native, b.native)};
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator&&(const Mask<S, N>& a, const Mask<S, N>& b) {
  return {Eigen::internal::pand(a.native, b.native)};
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Mask<S, N> operator||(const Mask<S, N>& a, const Mask<S, N>& b) {
  return {Eigen::internal::por(a.native, b.native)};
}

/// Per lane: mask ? a : b.
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> select(const Mask<S, N>& mask, const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::pselect(mask.native, a.native, b.native));
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
SLUICE_ALWAYS_INLINE Mask<float> operator&&(const Mask<float>& a, const Mask<float>& b) {
  return {static_cast<__mmask16>(a.native & b.native)};
}
SLUICE_ALWAYS_INLINE Mask<double> operator&&(const Mask<double>& a, const Mask<double>& b) {
  return {static_cast<__mmask8>(a.native & b.native)};
}
SLUICE_ALWAYS_INLINE Mask<float> operator||(const Mask<float>& a, const Mask<float>& b) {
  return {static_cast<__mmask16>(a.native | b.native)};
}
SLUICE_ALWAYS_INLINE Mask<double> operator||(const Mask<double>& a, const Mask<double>& b) {
  return {static_cast<__mmask8>(a.native | b.native)};
}
SLUICE_ALWAYS_INLINE Packet<float> select(const Mask<float>& mask, const Packet<float>& a, const Packet<float>& b) {
  return Packet<float>::from_native(_mm512_mask_blend_ps(mask.native, b.native, a.native));
}
SLUICE_ALWAYS_INLINE Packet<double> select(const Mask<double>& mask, const Packet<double>& a, const Packet<double>& b) {
  return Packet<double>::from_native(_mm512_mask_blend_pd(mask.native, b.native, a.native));
}
#endif

/// The smaller and the larger of both; where one is NaN, NaN if that one is `a`. (`b` is the constant of a clamp.)
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> min(const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::pmin(a.native, b.native));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> max(const Packet<S, N>& a, const Packet<S, N>& b) {
  return Packet<S, N>::from_native(Eigen::internal::pmax(a.native, b.native));
}

/// a, or ±limit where |a| is larger; of NaN either NaN or ±limit, which AVX-512's one instruction gives.
template <class S, int N>
SLUICE_ALWAYS_INLINE Packet<S, N> clamp_magnitude(const Packet<S, N>& a, const Packet<S, N>& limit) {
#if SLUICE_DETAIL_HAS_HALF_PACKETS
  constexpr int sign_of_first = 2;  // and the smaller magnitude
  if constexpr (std::is_same_v<S, float>) {
    if constexpr (N == 16) return Packet<S, N>::from_native(_mm512_range_ps(a.native, limit.native, sign_of_first));
    if constexpr (N == 8) return Packet<S, N>::from_native(_mm256_range_ps(a.native, limit.native, sign_of_first));
  } else {
    if constexpr (N == 8) return Packet<S, N>::from_native(_mm512_range_pd(a.native, limit.native, sign_of_first));
    if constexpr (N == 4) return Packet<S, N>::from_native(_mm256_range_pd(a.native, limit.native, sign_of_first));
  }
#endif
  return max(min(a, limit), Packet<S, N>(-limit));
}

// --- bits ------------------------------------------------------------------------------------------------------------

namespace detail {

#if defined(__GNUC__)
template <class T, int Size>
struct VectorTypes {
  typedef T Type __attribute__((vector_size(sizeof(T) * static_cast<std::size_t>(Size))));
};
/// The compiler's own vectors, which have operators.
template <class T, int Size>
using VectorOf = typename VectorTypes<T, Size>::Type;
#endif

template <class To, class From>
SLUICE_ALWAYS_INLINE To same_bits(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&from), sizeof(to));
  return to;
}

}  // namespace detail

// --- packets: memory -------------------------------------------------------------------------------------------------

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // a native vector type as template argument
#endif

/// `size` scalars from any address.
template <class S, int N = packet_size<S>>
SLUICE_ALWAYS_INLINE Packet<S, N> load(const S* from) {
  return Packet<S, N>::from_native(Eigen::internal::ploadu<typename Packet<S, N>::Native>(from));
}
template <class S, int N>
SLUICE_ALWAYS_INLINE void store(S* to, const Packet<S, N>& x) {
  Eigen::internal::pstoreu(to, x.native);
}

/// Where a cache line is wanted: in L1, for the next few loads, or just nearer than main memory. (On Zen 5 prefetcht2
/// does more for that than prefetcht1. What it is called for ARM may end in L3: there L2 is asked for.)
#if defined(__aarch64__)
enum class Cache { L1 = 3, Near = 2 };
#else
enum class Cache { L1 = 3, Near = 1 };
#endif

/// Asks for the cache line of an address, which need not be valid.
template <Cache Where>
SLUICE_ALWAYS_INLINE void prefetch(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address, 0, static_cast<int>(Where));
#else
  static_cast<void>(address);
#endif
}

/// Whether a masked store is as fast as a whole one: with AVX-512. That of AVX is many instructions on AMD.
#if defined(EIGEN_VECTORIZE_AVX512)
inline constexpr bool masked_stores_are_fast = true;
#else
inline constexpr bool masked_stores_are_fast = false;
#endif

/// Whether a part of a packet is loaded by one instruction.
template <class S>
inline constexpr bool has_masked_loads =
    Eigen::internal::unpacket_traits<typename Packet<S>::Native>::masked_load_available;

/// The scalars that are left, at most a packet of them, the other lanes zero; touches no memory behind them. left ≥ 0.
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> load_partial(const S* from, Index left) {
  using Traits = Eigen::internal::unpacket_traits<typename Packet<S>::Native>;
  if (left >= Packet<S>::size) [[likely]]
    return load(from);
  if constexpr (has_masked_loads<S>) {
    const auto mask = static_cast<typename Traits::mask_t>((1u << left) - 1u);
    return Packet<S>::from_native(Eigen::internal::ploadu<typename Packet<S>::Native>(from, mask));
  } else {
    alignas(Packet<S>) S lanes[static_cast<std::size_t>(Packet<S>::size)] = {};
    for (Index i = 0; i < left; ++i) lanes[i] = from[i];
    return load(static_cast<const S*>(lanes));
  }
}

namespace detail {

/// The first scalars of half a packet, by AVX-512's instruction: Eigen's is that of AVX.
template <class S>
SLUICE_ALWAYS_INLINE void store_half_masked([[maybe_unused]] S* to, [[maybe_unused]] const HalfPacket<S>& x,
                                            [[maybe_unused]] Index left) {
#if SLUICE_DETAIL_HAS_HALF_PACKETS
  const auto mask = static_cast<__mmask8>((1u << left) - 1u);
  if constexpr (std::is_same_v<S, float>) {
    _mm256_mask_storeu_ps(to, mask, x.native);
  } else {
    _mm256_mask_storeu_pd(to, mask, x.native);
  }
#endif
}

}  // namespace detail

template <class S, int N>
SLUICE_ALWAYS_INLINE void store_partial(S* to, const Packet<S, N>& x, Index left) {
  using Traits = Eigen::internal::unpacket_traits<typename Packet<S, N>::Native>;
  if (left >= Packet<S, N>::size) [[likely]]
    return store(to, x);
  if constexpr (N < packet_size<S>) {
    detail::store_half_masked(to, x, left);
  } else if constexpr (masked_stores_are_fast && Traits::masked_store_available) {
    const auto mask = static_cast<typename Traits::mask_t>((1u << left) - 1u);
    Eigen::internal::pstoreu(to, x.native, mask);
  } else {  // in pieces of 1, 2, 4, ... scalars, a move each
    alignas(Packet<S, N>) S lanes[static_cast<std::size_t>(Packet<S, N>::size)];
    store(static_cast<S*>(lanes), x);
    const S* from = lanes;
    SLUICE_UNROLL
    for (Index piece = Packet<S, N>::size / 2; piece > 0; piece /= 2) {
      if ((left & piece) == 0) continue;
      std::memcpy(to, from, static_cast<std::size_t>(piece) * sizeof(S));
      from += piece;
      to += piece;
    }
  }
}

/// Applies a function of one scalar to every lane: how an activation without a packet form runs.
template <class S, int N, class Function>
SLUICE_ALWAYS_INLINE Packet<S, N> map_lanes(const Packet<S, N>& x, const Function& function) {
  alignas(Packet<S, N>) S lanes[static_cast<std::size_t>(Packet<S, N>::size)];
  store(static_cast<S*>(lanes), x);
  for (S& lane : lanes) lane = function(lane);
  return load<S, N>(static_cast<const S*>(lanes));
}

/// The first half of a packet (0), or the second (1).
template <int Which, class S>
requires has_half_packets<S> SLUICE_ALWAYS_INLINE auto half([[maybe_unused]] const Packet<S>& x) {
#if SLUICE_DETAIL_HAS_HALF_PACKETS
  if constexpr (std::is_same_v<S, float>) {
    return HalfPacket<S>::from_native(_mm512_extractf32x8_ps(x.native, Which));
  } else {
    return HalfPacket<S>::from_native(_mm512_extractf64x4_pd(x.native, Which));
  }
#endif
}

/// The sum of all lanes.
template <class S>
SLUICE_ALWAYS_INLINE S sum(const Packet<S>& x) {
  return Eigen::internal::predux(x.native);
}

/// rows[i] lane j <-> rows[j] lane i of a square block.
template <class S>
SLUICE_ALWAYS_INLINE void transpose(Packet<S> (&rows)[static_cast<std::size_t>(Packet<S>::size)]) {
  constexpr int size = Packet<S>::size;
  if constexpr (size > 1) {
    Eigen::internal::PacketBlock<typename Packet<S>::Native, size> block;
    SLUICE_UNROLL
    for (int i = 0; i < size; ++i) block.packet[i] = rows[i].native;
    Eigen::internal::ptranspose(block);
    SLUICE_UNROLL
    for (int i = 0; i < size; ++i) rows[i].native = block.packet[i];
  }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

// --- the same words for scalars --------------------------------------------------------------------------------------

template <class T>
concept NotPacket = !is_packet<T>;

template <NotPacket T>
SLUICE_ALWAYS_INLINE T select(bool mask, const T& a, const T& b) {
  return mask ? a : b;
}
template <NotPacket T>
SLUICE_ALWAYS_INLINE T fma(const T& a, const T& b, const T& c) {
  if constexpr (std::is_floating_point_v<T> && has_fused_multiply_add) {
    return std::fma(a, b, c);
  } else {
    return a * b + c;
  }
}
template <NotPacket T>
SLUICE_ALWAYS_INLINE T abs(const T& a) {
  using std::abs;
  return abs(a);
}

template <NotPacket T>
SLUICE_ALWAYS_INLINE T min(const T& a, const T& b) {
  return b < a ? b : a;
}
template <NotPacket T>
SLUICE_ALWAYS_INLINE T max(const T& a, const T& b) {
  return a < b ? b : a;
}
template <NotPacket T>
SLUICE_ALWAYS_INLINE T clamp_magnitude(const T& a, const T& limit) {
  return max(min(a, limit), T(-limit));
}

/// What a loop over scalars works with: a packet for float and double, the scalar itself otherwise.
template <class Scalar>
using Register = std::conditional_t<is_vectorized_scalar<Scalar>, Packet<Scalar>, Scalar>;

template <class Scalar>
constexpr int register_size() {
  if constexpr (is_vectorized_scalar<Scalar>) {
    return packet_size<Scalar>;
  } else {
    return 1;
  }
}
template <class Scalar>
SLUICE_ALWAYS_INLINE Register<Scalar> load_register(const Scalar* from) {
  if constexpr (is_vectorized_scalar<Scalar>) {
    return load(from);
  } else {
    return *from;
  }
}
template <class Scalar>
SLUICE_ALWAYS_INLINE void store_register(Scalar* to, const Register<Scalar>& x) {
  if constexpr (is_vectorized_scalar<Scalar>) {
    store(to, x);
  } else {
    *to = x;
  }
}

// --- expressions -----------------------------------------------------------------------------------------------------

/// Reads single coefficients of an expression that has no memory of its own (x.cwiseAbs(), 2 * x, ...). A product
/// nested in it is evaluated once, when the reader is made, as Eigen itself would.
template <class Expression>
class CoefficientReader {
 public:
  explicit CoefficientReader(const Expression& expression) : evaluator_(expression) {}
  typename Expression::Scalar operator()(Index row, Index col) const { return evaluator_.coeff(row, col); }

 private:
  Eigen::internal::evaluator<Expression> evaluator_;
};

}  // namespace simd

SLUICE_NAMESPACE_END
