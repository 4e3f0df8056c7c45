// SPDX-License-Identifier: MIT
//
// Dense: y = activation(x·W + b)
//
//   x   (samples × input_dim)     W   (input_dim × units)
//   y   (samples × units)         b   (1 × units)
//
// The ordinary layer before, between and behind the gated ones, on the same projection.
#pragma once

#include <sluice/activations/identity.hpp>
#include <sluice/layers/layer.hpp>
#include <sluice/projection/dense_projection.hpp>

#include <string_view>

SLUICE_NAMESPACE_BEGIN

/// A dense layer; everything said of GatedLinearUnit (scalars, sizes in the type, errors, guarantees) holds here, too.
///
///   sluice::Dense<float, sluice::ReLU> hidden(30, 64);
///   Eigen::MatrixXf y = hidden(x);      // x (32 × 30), y (32 × 64)
template <class Scalar_, class Activation_, Index InputDim, Index Units>
class Dense : public Layer<Dense<Scalar_, Activation_, InputDim, Units>, Scalar_,
                           DenseParameters<Scalar_, InputDim, Units>, PreActivationCache<Scalar_>, InputDim, Units> {
 public:
  using Scalar = Scalar_;
  using Activation = Activation_;
  using Options = LayerOptions<Activation>;
  using Cache = PreActivationCache<Scalar>;
  using Parameters = DenseParameters<Scalar, InputDim, Units>;
  using Gradients = GradientsOf<Parameters>;

  static constexpr std::string_view name = "Dense";

  /// Throws std::invalid_argument where a size is not positive, disagrees with the type, or cannot be addressed.
  Dense(Index input_dim, Index units, const Options& options = {})
      : Base(name, input_dim, units, options.bias), activation_(options.activation) {}

  /// Sizes from the type.
  explicit Dense(const Options& options = {}) requires(InputDim != Dynamic && Units != Dynamic)
      : Dense(InputDim, Units, options) {}

  const Activation& activation() const { return activation_; }

 private:
  using Base = Layer<Dense, Scalar, Parameters, Cache, InputDim, Units>;
  friend Base;
  friend ForwardVerbs<Dense, Scalar, Parameters, InputDim, Units>;
  friend detail::BlockAccess;
  using typename Base::ConstView;
  using typename Base::View;

  static_assert(detail::check_activation<Activation, Scalar>());

  void prepare_forward_block(const ConstView& x) const {
    detail::dense_forward_memory<Scalar>(x, detail::DenseViews<const Scalar>(*this));
  }
  void forward_block(const ConstView& x, const View& y, const View& pre) const {
    detail::dense_forward<Scalar>(x, detail::DenseViews<const Scalar>(*this), activation_, {y, {}, pre});
  }
  void backward_block(const ConstView& x, const ConstView& pre, const ConstView& dy, const View& dx,
                      Gradients& gradients) const {
    detail::dense_backward<Scalar>(x, detail::DenseViews<const Scalar>(*this), activation_, pre, dy, dx,
                                   detail::DenseViews<Scalar>(gradients));
  }

  [[no_unique_address]] Activation activation_;
};

SLUICE_NAMESPACE_END
