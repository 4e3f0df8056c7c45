// SPDX-License-Identifier: MIT
//
// Lanes that change places: halves of packets, and the sums of many packets at once.
#pragma once

#include <sluice/core/simd.hpp>

#include <cstddef>
#include <cstring>
#include <utility>

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SLUICE_DETAIL_HAS_SHUFFLE 1
#endif
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // a native vector type as template argument
#endif

SLUICE_NAMESPACE_BEGIN

namespace simd {

namespace detail {

#if defined(SLUICE_DETAIL_HAS_SHUFFLE)
/// a and b hold runs of Width lanes; the runs of a, then those of b, each folded in half.
template <int Width, class S, int... Lane>
SLUICE_ALWAYS_INLINE Packet<S> fold_runs(const Packet<S>& a, const Packet<S>& b, std::integer_sequence<int, Lane...>) {
  constexpr int size = Packet<S>::size;
  using Lanes = VectorOf<S, size>;
  // Lane i of the result is lane `from(i)` plus lane `from(i) + Width / 2` of a and b one after the other.
  constexpr auto from = [](int i) {
    const int half = i / (size / 2), run = i % (size / 2) / (Width / 2), lane = i % (Width / 2);
    return half * size + run * Width + lane;
  };
  const auto x = same_bits<Lanes>(a.native), y = same_bits<Lanes>(b.native);
  const Lanes sum =
      __builtin_shufflevector(x, y, from(Lane)...) + __builtin_shufflevector(x, y, from(Lane) + Width / 2 ...);
  return Packet<S>::from_native(same_bits<typename Packet<S>::Native>(sum));
}
/// Folds the packets two by two until one is left.
template <int Count, int Width, class S>
SLUICE_ALWAYS_INLINE Packet<S> fold_all(Packet<S>* rows) {
  if constexpr (Count > 1) {
    SLUICE_UNROLL
    for (int i = 0; i < Count / 2; ++i) {
      rows[i] = fold_runs<Width>(rows[2 * i], rows[2 * i + 1], std::make_integer_sequence<int, Packet<S>::size>{});
    }
    return fold_all<Count / 2, Width / 2>(rows);
  } else {
    return rows[0];
  }
}
#endif

}  // namespace detail

/// One half of a, then the same half of b: the first (0) or the second (1).
template <int Half, class S>
SLUICE_ALWAYS_INLINE Packet<S> join_halves(const Packet<S>& a, const Packet<S>& b) {
  constexpr int size = Packet<S>::size, begin = Half * (size / 2);
#if defined(SLUICE_DETAIL_HAS_SHUFFLE)
  return [&]<int... Lane>(std::integer_sequence<int, Lane...>) SLUICE_LAMBDA_INLINE {
    using Lanes = detail::VectorOf<S, size>;
    const Lanes joined = __builtin_shufflevector(detail::same_bits<Lanes>(a.native), detail::same_bits<Lanes>(b.native),
                                                 (begin + (Lane < size / 2 ? Lane : Lane + size / 2))...);
    return Packet<S>::from_native(detail::same_bits<typename Packet<S>::Native>(joined));
  }
  (std::make_integer_sequence<int, size>{});
#else
  alignas(Packet<S>) S lanes[static_cast<std::size_t>(2 * size)];
  store(static_cast<S*>(lanes), a);
  store(static_cast<S*>(lanes) + size, b);
  for (int i = 0; i < size / 2; ++i) {
    lanes[i] = lanes[begin + i];
    lanes[size / 2 + i] = lanes[size + begin + i];
  }
  return load(static_cast<const S*>(lanes));
#endif
}
/// The first half of x.
template <class S>
SLUICE_ALWAYS_INLINE void store_half(S* to, const Packet<S>& x) {
  constexpr int size = Packet<S>::size;
#if defined(SLUICE_DETAIL_HAS_SHUFFLE)
  const auto lanes = detail::same_bits<detail::VectorOf<S, size>>(x.native);
  [&]<int... Lane>(std::integer_sequence<int, Lane...>) SLUICE_LAMBDA_INLINE {
    const auto half = __builtin_shufflevector(lanes, lanes, Lane...);
    std::memcpy(to, &half, sizeof(half));
  }
  (std::make_integer_sequence<int, size / 2>{});
#else
  alignas(Packet<S>) S lanes[static_cast<std::size_t>(size)];
  store(static_cast<S*>(lanes), x);
  for (int i = 0; i < size / 2; ++i) to[i] = lanes[i];
#endif
}

/// Lane i: the sum of all lanes of rows[i].
template <class S>
SLUICE_ALWAYS_INLINE Packet<S> sum_each(Packet<S> (&rows)[static_cast<std::size_t>(Packet<S>::size)]) {
#if defined(SLUICE_DETAIL_HAS_SHUFFLE)
  return detail::fold_all<Packet<S>::size, Packet<S>::size>(static_cast<Packet<S>*>(rows));
#else
  transpose(rows);
  SLUICE_UNROLL
  for (int width = Packet<S>::size / 2; width > 0; width /= 2) {
    SLUICE_UNROLL
    for (int i = 0; i < width; ++i) rows[i] = rows[i] + rows[i + width];
  }
  return rows[0];
#endif
}

}  // namespace simd

SLUICE_NAMESPACE_END

#undef SLUICE_DETAIL_HAS_SHUFFLE
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
