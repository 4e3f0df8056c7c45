// SPDX-License-Identifier: MIT
//
// GatedLinearUnit: y = value(x·W₁ + b₁) ⊙ gate(x·W₂ + b₂)
//
//   x   (samples × input_dim)     W₁, W₂   (input_dim × units)
//   y   (samples × units)         b₁, b₂   (1 × units)
//
// Dauphin et al. 2017, "Language Modeling with Gated Convolutional Networks", arXiv:1612.08083;
// Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202.
#pragma once

#include <sluice/activations/clamped_linear.hpp>
#include <sluice/activations/clamped_silu.hpp>
#include <sluice/activations/gelu.hpp>
#include <sluice/activations/gelu_tanh.hpp>
#include <sluice/activations/identity.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/activations/sigmoid.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/layers/layer.hpp>
#include <sluice/projection/gated_projection.hpp>

#include <string_view>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

/// The pre-activations of a gated layer: x·W₁ + b₁ and x·W₂ + b₂, each (samples × units).
template <class Scalar>
class GatedCache : public PreActivationCache<Scalar> {
 public:
  auto value() const { return detail::as_eigen(detail::halves_of(this->view()).value); }
  auto gate() const { return detail::as_eigen(detail::halves_of(this->view()).gate); }
};

/// A gated linear unit. The parameters, their views and counts come from GatedParameters, the verbs from Layer.
///
/// Scalar      float or double run on the library's own kernels; any other scalar that Eigen understands (long double,
///             AutoDiffScalar) takes the plain path.
/// Activation  the gate's activation, or Gating<Gate, Value> where the value half has one of its own.
/// Projection  Fused or Split: the same results from another memory layout.
/// InputDim, Units   sizes in the type, or Dynamic. With both in the type and parameters up to 128 KB the parameters
///             lie inside the object, and forward uses no heap at all.
///
/// Fresh parameters are zero; see initialize(). Calls are const and re-entrant. After the first call of a size on a
/// thread nothing is allocated. Wrong shapes throw std::invalid_argument before anything is written.
///
///   sluice::SwiGLU<float> layer(30, 10);
///   sluice::initialize(layer, sluice::GlorotUniform{}, rng);
///   Eigen::MatrixXf y = layer(x);                                // x (32 × 30), y (32 × 10)
///   auto [output, gate] = layer(x, sluice::return_gate);         // gate (32 × 10): the activated gate
template <class Scalar_, class Activation_, class Projection_, Index InputDim, Index Units>
class GatedLinearUnit
    : public GatedVerbs<
          GatedLinearUnit<Scalar_, Activation_, Projection_, InputDim, Units>,
          Layer<GatedLinearUnit<Scalar_, Activation_, Projection_, InputDim, Units>, Scalar_,
                GatedParameters<Scalar_, Projection_, InputDim, Units>, GatedCache<Scalar_>, InputDim, Units>,
          Scalar_, Units> {
  using Verbs = Layer<GatedLinearUnit, Scalar_, GatedParameters<Scalar_, Projection_, InputDim, Units>,
                      GatedCache<Scalar_>, InputDim, Units>;
  using Base = GatedVerbs<GatedLinearUnit, Verbs, Scalar_, Units>;

 public:
  using Scalar = Scalar_;
  using Activation = Activation_;
  using Projection = Projection_;
  using Options = LayerOptions<Activation>;
  using Cache = GatedCache<Scalar>;
  using Parameters = GatedParameters<Scalar, Projection, InputDim, Units>;
  using Gradients = GradientsOf<Parameters>;

  static constexpr std::string_view name = "GatedLinearUnit";

  /// Throws std::invalid_argument where a size is not positive, disagrees with the type, or cannot be addressed.
  GatedLinearUnit(Index input_dim, Index units, const Options& options = {})
      : Base(name, input_dim, units, options.bias), gating_(AsGating::make(options.activation)) {}

  /// Sizes from the type.
  explicit GatedLinearUnit(const Options& options = {}) requires(InputDim != Dynamic && Units != Dynamic)
      : GatedLinearUnit(InputDim, Units, options) {}

  /// The activations of gate and value, as Gating<Gate, Value>.
  const auto& gating() const { return gating_; }

 private:
  friend Base;
  friend Verbs;
  friend ForwardVerbs<GatedLinearUnit, Scalar_, GatedParameters<Scalar_, Projection_, InputDim, Units>, InputDim,
                      Units>;
  friend detail::BlockAccess;
  using AsGating = detail::GatingOf<Activation>;
  using GatingType = typename AsGating::type;
  using typename Base::ConstView;
  using typename Base::View;

  static_assert(detail::check_activation<decltype(GatingType::gate), Scalar>());
  static_assert(detail::check_activation<decltype(GatingType::value), Scalar>());

  SLUICE_ALWAYS_INLINE void forward_block(const ConstView& x, const View& y, const View& pre) const {
    project(x, {y, {}, pre});
  }
  void prepare_backward_block(Index samples, const View& dx) const {
    detail::gated_backward_memory<Projection>(samples, this->input_dim(), this->units(), dx);
  }
  void backward_block(const ConstView& x, const ConstView& pre, const ConstView& dy, const View& dx,
                      Gradients& gradients) const {
    detail::gated_backward<Projection, Scalar>(x, detail::GatedViews<const Scalar>(*this), gating_,
                                               detail::halves_of(pre), dy, dx, detail::GatedViews<Scalar>(gradients));
  }
  void gate_block(const ConstView& x, const View& y, const View& gate) const { project(x, {y, gate, {}}); }
  SLUICE_ALWAYS_INLINE void project(const ConstView& x, const detail::Targets<Scalar>& to) const {
    const Parameters& parameters = *this;
    if constexpr (InputDim != Dynamic && Units != Dynamic && InputDim <= 64 && Units <= 64) {
      detail::gated_forward_inline<Projection>(x, parameters, gating_, to);
    } else {
      detail::gated_forward<Projection>(x, parameters, gating_, to);
    }
  }

  [[no_unique_address]] GatingType gating_;
};

SLUICE_NAMESPACE_END
