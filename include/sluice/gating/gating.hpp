// SPDX-License-Identifier: MIT
//
// Gating: the element-wise product that makes a linear layer a gated one, and its gradient.
//
//   y  = value(v) · gate(g)
//   dv = dy · gate(g) · value'(v)
//   dg = dy · value(v) · gate'(g)
//
// v and g are the pre-activations (value and gate half). Dauphin et al. 2017, arXiv:1612.08083, eq. 1 (sigmoid gate);
// Shazeer 2020, arXiv:2002.05202, eq. 5-6 (other gates).
#pragma once

#include <sluice/activations/activation.hpp>
#include <sluice/activations/identity.hpp>
#include <sluice/fwd.hpp>

#include <type_traits>

SLUICE_NAMESPACE_BEGIN

/// The pair of activations of a gated layer: `gate` on the gate half, `value` on the value half.
///
///   Gating<Sigmoid, Tanh>            // WaveNet's gated activation: tanh(v) · σ(g)
///   Gating<ClampedSiLU, ClampedLinear>{.gate = {.limit = 5}, .value = {.limit = 5}}
template <class Gate, class Value>
struct Gating {
  [[no_unique_address]] Gate gate{};
  [[no_unique_address]] Value value{};
};

namespace detail {

template <class Activation>
struct GatingOf {
  using type = Gating<Activation>;
  static type make(const Activation& activation) { return {activation, {}}; }
};
template <class Gate, class Value>
struct GatingOf<Gating<Gate, Value>> {
  using type = Gating<Gate, Value>;
  static type make(const type& gating) { return gating; }
};

/// Says in one readable line what a policy lacks.
template <class A, class Scalar>
constexpr bool check_activation() {
  static_assert(HasActivationName<A>,
                "sluice: this type is not an activation: it has no `static constexpr std::string_view name`");
  static_assert(
      HasActivationValue<A, Scalar>,
      "sluice: this type is not an activation: it has no `value(x)` that takes and returns the layer's scalar");
  static_assert(HasActivationDerivative<A, Scalar>,
                "sluice: this type is not an activation: it has no `derivative(x)` that takes and returns the layer's "
                "scalar");
  return HasActivationName<A> && HasActivationValue<A, Scalar> && HasActivationDerivative<A, Scalar>;
}

/// Whether both activations take packets; otherwise they are called lane by lane.
template <class G, class Scalar>
inline constexpr bool runs_in_packets = HasActivationValue<decltype(G::gate), simd::Register<Scalar>>&&
    HasActivationValue<decltype(G::value), simd::Register<Scalar>>&&
        HasActivationDerivative<decltype(G::gate), simd::Register<Scalar>>&&
            HasActivationDerivative<decltype(G::value), simd::Register<Scalar>>;

template <class T>
struct GatedValue {
  T output;
  T gate;  // the activated gate
};

/// y and gate(g) from the pre-activations.
template <class Gate, class Value, class T>
SLUICE_ALWAYS_INLINE GatedValue<T> gate_value(const Gating<Gate, Value>& gating, const T& value, const T& gate) {
  const T activated = activation_value(gating.gate, gate);
  return {activation_value(gating.value, value) * activated, activated};
}

template <class T>
struct GatedGradient {
  T value;
  T gate;
};

/// dv and dg from dy and the pre-activations.
template <class Gate, class Value, class T>
SLUICE_ALWAYS_INLINE GatedGradient<T> gate_gradient(const Gating<Gate, Value>& gating, const T& value, const T& gate,
                                                    const T& dy) {
  const auto v = activation_value_and_derivative(gating.value, value);
  const auto g = activation_value_and_derivative(gating.gate, gate);
  return {dy * g.value * v.derivative, dy * v.value * g.derivative};
}

}  // namespace detail

SLUICE_NAMESPACE_END
