// SPDX-License-Identifier: MIT
//
// What an activation is, and how it is applied to packets.
//
// An activation is a small policy, stateless or carrying a few numbers:
//
//   struct Cube {
//     static constexpr std::string_view name = "cube";
//     template <class T> static T value(const T& x)      { return x * x * x; }
//     template <class T> static T derivative(const T& x) { return T(3) * x * x; }
//   };
//
// T is a scalar or a simd::Packet, so the one text serves vector lanes, scalar tails, long double and
// automatic-differentiation scalars. An activation whose functions take plain scalars only
// (static float value(float x)) is accepted, too, and runs lane by lane. One that also suits half a
// packet, with the same bits, may say so: static constexpr bool takes_half_packets = true.
#pragma once

#include <sluice/core/simd.hpp>

#include <concepts>
#include <string_view>

SLUICE_NAMESPACE_BEGIN

template <class A>
concept HasActivationName = requires {
  { A::name } -> std::convertible_to<std::string_view>;
};
template <class A, class Scalar>
concept HasActivationValue = requires(const A a, const Scalar x) {
  { a.value(x) } -> std::convertible_to<Scalar>;
};
template <class A, class Scalar>
concept HasActivationDerivative = requires(const A a, const Scalar x) {
  { a.derivative(x) } -> std::convertible_to<Scalar>;
};

/// A policy whose functions say that they take simd::HalfPacket, too, and give each lane the same bits.
template <class A>
concept TakesHalfPackets = requires {
  requires A::takes_half_packets;
};

/// A policy with a name, a value and a derivative for this scalar.
template <class A, class Scalar = float>
concept Activation = HasActivationName<A> && HasActivationValue<A, Scalar> && HasActivationDerivative<A, Scalar>;

/// The result of an activation's value_and_derivative(x), an optional function for activations whose value and
/// derivative have much in common.
template <class T>
struct ValueAndDerivative {
  T value;
  T derivative;
};

namespace detail {

/// activation.value(x) for a scalar or a packet; lane by lane where the activation knows only scalars.
template <class A, class T>
SLUICE_ALWAYS_INLINE T activation_value(const A& activation, const T& x) {
  if constexpr (!simd::is_packet<T> || HasActivationValue<A, T>) {
    return activation.value(x);
  } else {
    using Scalar = simd::ScalarOf<T>;
    return simd::map_lanes(x, [&](const Scalar& lane) { return static_cast<Scalar>(activation.value(lane)); });
  }
}

template <class A, class T>
SLUICE_ALWAYS_INLINE T activation_derivative(const A& activation, const T& x) {
  if constexpr (!simd::is_packet<T> || HasActivationDerivative<A, T>) {
    return activation.derivative(x);
  } else {
    using Scalar = simd::ScalarOf<T>;
    return simd::map_lanes(x, [&](const Scalar& lane) { return static_cast<Scalar>(activation.derivative(lane)); });
  }
}

template <class A, class T>
SLUICE_ALWAYS_INLINE ValueAndDerivative<T> activation_value_and_derivative(const A& activation, const T& x) {
  if constexpr (requires { activation.value_and_derivative(x); }) {
    return activation.value_and_derivative(x);
  } else {
    return {activation_value(activation, x), activation_derivative(activation, x)};
  }
}

}  // namespace detail

SLUICE_NAMESPACE_END
