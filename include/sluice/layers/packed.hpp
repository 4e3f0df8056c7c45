// SPDX-License-Identifier: MIT
//
// pack: a layer made ready for inference.
//
//   auto fast = sluice::pack(layer);                     // float (or double) weights
//   auto half = sluice::pack<Eigen::bfloat16>(layer);    // weights in 16 bits; also Eigen::half
//   auto tiny = sluice::pack<sluice::Int8>(layer);       // weights in 8 bits, a scale per unit
//   fast(x);  fast.forward(x, y);  fast.forward(x, y, gate);  fast.forward(x, y, device);
//
// The weights are copied once into the panels that the register tile reads (projection/packed_weights.hpp); inputs,
// sums and outputs stay in the layer's scalar. A packed layer does not change any more and does not learn.
#pragma once

#include <sluice/fwd.hpp>
#include <sluice/layers/dense.hpp>
#include <sluice/layers/forward.hpp>
#include <sluice/layers/gated_feed_forward.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/projection/dense_projection.hpp>
#include <sluice/projection/gated_projection.hpp>
#include <sluice/projection/multiply_packed.hpp>
#include <sluice/projection/packed_weights.hpp>
#include <sluice/projection/parallel.hpp>
#include <sluice/projection/sink.hpp>

#include <string_view>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// The sizes of a packed layer, and its panels.
template <class Scalar, class Stored>
class PackedShape {
 public:
  explicit PackedShape(PackedWeights<Scalar, Stored> weights) : weights_(std::move(weights)) {}

  Index input_dim() const { return is_moved_from() ? 0 : weights_.depth(); }
  Index units() const { return is_moved_from() ? 0 : weights_.cols(); }
  /// Memory of weights, scales and biases, padding included.
  std::size_t bytes() const { return weights_.bytes(); }
  bool is_moved_from() const { return weights_.bytes() == 0; }

 protected:
  const PackedWeights<Scalar, Stored>& weights() const { return weights_; }

 private:
  PackedWeights<Scalar, Stored> weights_;
};

template <class Parameters>
void check_packable(std::string_view owner, const Parameters& p) {
  if (p.is_moved_from()) fail(owner, "expected a layer with parameters, got a moved-from one");
}

template <class Stored, class Parameters>
auto pack_gated(std::string_view owner, const Parameters& p) {
  using Scalar = typename std::remove_cvref_t<decltype(p.value_weight())>::Scalar;
  check_packable(owner, p);
  PackedWeights<Scalar, Stored> packed(owner, p.input_dim(), p.units(), true);
  const GatedViews<const Scalar> views(p);
  packed.set_columns(0, 0, views.weight.value);
  packed.set_columns(1, 0, views.weight.gate);
  if (p.has_bias()) {
    packed.set_bias(0, 0, views.value_bias, p.units());
    packed.set_bias(1, 0, views.gate_bias, p.units());
  }
  return packed;
}

template <class Stored, class Parameters>
auto pack_dense(std::string_view owner, const Parameters& p) {
  using Scalar = typename std::remove_cvref_t<decltype(p.weight())>::Scalar;
  check_packable(owner, p);
  PackedWeights<Scalar, Stored> packed(owner, p.input_dim(), p.units(), false);
  const DenseViews<const Scalar> views(p);
  packed.set_columns(0, 0, views.weight);
  if (p.has_bias()) packed.set_bias(0, 0, views.bias, p.units());
  return packed;
}

template <class Scalar, class Stored>
constexpr bool check_packed_types() {
  static_assert(simd::is_vectorized_scalar<Scalar>, "sluice: pack serves layers of float and double");
  static_assert(PackedAs<Scalar, Stored>,
                "sluice: weights are packed as the layer's own scalar, Eigen::bfloat16, Eigen::half or sluice::Int8");
  return simd::is_vectorized_scalar<Scalar> && PackedAs<Scalar, Stored>;
}

}  // namespace detail

/// A layer packed for inference; see pack(). Stored is the type of the weights.
template <class Layer, class Stored>
class Packed;

/// y = value(x·W₁ + b₁) ⊙ gate(x·W₂ + b₂) with packed weights.
///
/// Calls are const and re-entrant, and nothing is allocated after the first call of a size on a thread. Errors are
/// those of GatedLinearUnit. Without the memory for a call (std::bad_alloc) y and gate are as before, on a pool as
/// well: the calling thread obtains all of it first. What an activation of the caller's own throws reaches the caller,
/// once all threads have ended, and leaves written what others had computed. (An empty y stays empty.) Weights of the
/// layer's own scalar give the bits that the mutable layer gives. Others are rounded to nearest first, and biases,
/// inputs and sums stay as they are, so that each pre-activation moves by at most
///
///   bfloat16   2⁻⁸·Σ|xᵢ·wᵢ|       (half an ULP; the range is that of float)
///   half       2⁻¹¹·Σ|xᵢ·wᵢ|      (2⁻²⁵ each for weights below 2⁻¹⁴; infinite from 65520 on)
///   Int8       ½·scale·Σ|xᵢ|       (scale = max|w| of the column / 127; NaN where a weight of it is not finite)
///
/// beside the rounding of the sums themselves. The sums of Int8 are Σ xᵢ·(wᵢ / scale) until the end, up to 127 per unit
/// of x: where they pass the range of the scalar, the result is infinite, however small the scale.
///
///   auto fast = sluice::pack<Eigen::bfloat16>(layer);
///   fast.forward(x, y);                                   // x (32 × 30), y (32 × 10)
///   fast.forward(x, y, Eigen::ThreadPoolDevice(&pool, 4));
template <class Scalar_, class Activation, class Projection, Index InputDim, Index Units, class Stored>
class Packed<GatedLinearUnit<Scalar_, Activation, Projection, InputDim, Units>, Stored>
    : public GatedVerbs<Packed<GatedLinearUnit<Scalar_, Activation, Projection, InputDim, Units>, Stored>,
                        ForwardVerbs<Packed<GatedLinearUnit<Scalar_, Activation, Projection, InputDim, Units>, Stored>,
                                     Scalar_, detail::PackedShape<Scalar_, Stored>, InputDim, Units>,
                        Scalar_, Units> {
  using Source = GatedLinearUnit<Scalar_, Activation, Projection, InputDim, Units>;
  using Verbs = ForwardVerbs<Packed, Scalar_, detail::PackedShape<Scalar_, Stored>, InputDim, Units>;
  using Base = GatedVerbs<Packed, Verbs, Scalar_, Units>;
  static_assert(detail::check_packed_types<Scalar_, Stored>());

 public:
  using Scalar = Scalar_;
  static constexpr std::string_view name = "Packed GatedLinearUnit";

  explicit Packed(const Source& layer) : Packed(detail::pack_gated<Stored>(name, layer), layer.gating()) {}
  /// From weights that were packed piece by piece (reading a file, say).
  Packed(detail::PackedWeights<Scalar, Stored> weights, const typename detail::GatingOf<Activation>::type& gating)
      : Base(std::move(weights)), gating_(gating) {}

  using Base::forward;
  /// On the threads of a pool, or on the calling one if that is a thread of the pool; the result is the same to the
  /// last bit.
  template <detail::SampleInput X, detail::SampleOutput Y, detail::ThreadPool Device>
  void forward(const X& x, Y&& y, const Device& device) const {
    this->forward_blocks(x, y, [&](const ConstView& samples, const View& to) { run(device, samples, to); });
  }
  template <detail::SampleInput X, detail::SampleOutput Y, detail::SampleOutput G, detail::ThreadPool Device>
  void forward(const X& x, Y&& y, G&& gate, const Device& device) const {
    this->forward_with_gate(x, y, gate, [&](const ConstView& samples, const View& to, const View& gate_to) {
      run(device, samples, to, gate_to);
    });
  }

 private:
  friend Base;
  friend Verbs;
  friend detail::BlockAccess;
  using typename Base::ConstView;
  using typename Base::View;

  void forward_block(const ConstView& x, const View& y, const View& /*pre*/) const { run(detail::OneThread{}, x, y); }
  void gate_block(const ConstView& x, const View& y, const View& gate) const { run(detail::OneThread{}, x, y, gate); }
  template <class Device>
  void run(const Device& device, const ConstView& x, const View& y, const View& gate = {}) const {
    using Finish = detail::GatedFinish<Scalar, typename detail::GatingOf<Activation>::type>;
    const detail::Targets<Scalar> to{y, gate, {}};
    detail::finish_packed<Finish>(device, x, this->weights(), gating_, to);
  }

  [[no_unique_address]] typename detail::GatingOf<Activation>::type gating_;
};

/// y = activation(x·W + b) with packed weights; everything said of the packed GatedLinearUnit holds here, too.
template <class Scalar_, class Activation, Index InputDim, Index Units, class Stored>
class Packed<Dense<Scalar_, Activation, InputDim, Units>, Stored>
    : public ForwardVerbs<Packed<Dense<Scalar_, Activation, InputDim, Units>, Stored>, Scalar_,
                          detail::PackedShape<Scalar_, Stored>, InputDim, Units> {
  using Source = Dense<Scalar_, Activation, InputDim, Units>;
  using Base = ForwardVerbs<Packed, Scalar_, detail::PackedShape<Scalar_, Stored>, InputDim, Units>;
  static_assert(detail::check_packed_types<Scalar_, Stored>());

 public:
  using Scalar = Scalar_;
  static constexpr std::string_view name = "Packed Dense";

  explicit Packed(const Source& layer) : Packed(detail::pack_dense<Stored>(name, layer), layer.activation()) {}
  /// From weights that were packed piece by piece.
  Packed(detail::PackedWeights<Scalar, Stored> weights, const Activation& activation)
      : Base(std::move(weights)), activation_(activation) {}

  using Base::forward;
  /// On the threads of a pool, or on the calling one if that is a thread of the pool; the result is the same to the
  /// last bit.
  template <detail::SampleInput X, detail::SampleOutput Y, detail::ThreadPool Device>
  void forward(const X& x, Y&& y, const Device& device) const {
    this->forward_blocks(x, y, [&](const ConstView& samples, const View& to) { run(device, samples, to); });
  }

 private:
  friend Base;
  friend detail::BlockAccess;
  using typename Base::ConstView;
  using typename Base::View;

  void forward_block(const ConstView& x, const View& y, const View& /*pre*/) const { run(detail::OneThread{}, x, y); }
  template <class Device>
  void run(const Device& device, const ConstView& x, const View& y) const {
    using Finish = detail::DenseFinish<Scalar, Activation>;
    const detail::Targets<Scalar> to{y, {}, {}};
    detail::finish_packed<Finish>(device, x, this->weights(), activation_, to);
  }

  [[no_unique_address]] Activation activation_;
};

namespace detail {

/// Both parts of a packed feed-forward block.
template <class Gated, class Output>
class PackedParts {
 public:
  PackedParts(Gated gated, Output output) : gated_(std::move(gated)), output_(std::move(output)) {}
  PackedParts(const PackedParts&) = default;
  PackedParts(PackedParts&&) noexcept = default;
  PackedParts& operator=(PackedParts&&) noexcept = default;
  /// Both parts or, without memory for them, none.
  PackedParts& operator=(const PackedParts& other) { return *this = PackedParts(other); }

  Index dim() const { return gated_.input_dim(); }
  Index hidden() const { return gated_.units(); }
  Index input_dim() const { return gated_.input_dim(); }
  Index units() const { return output_.units(); }
  std::size_t bytes() const { return gated_.bytes() + output_.bytes(); }
  bool is_moved_from() const { return gated_.is_moved_from() || output_.is_moved_from(); }

  const Gated& gated() const { return gated_; }
  const Output& output() const { return output_; }

 private:
  Gated gated_;
  Output output_;
};

}  // namespace detail

/// A feed-forward block of packed parts; everything said of the packed GatedLinearUnit holds here, too.
template <class Scalar_, class Activation, class Projection, class Stored>
class Packed<GatedFeedForward<Scalar_, Activation, Projection>, Stored>
    : public ForwardVerbs<Packed<GatedFeedForward<Scalar_, Activation, Projection>, Stored>, Scalar_,
                          detail::PackedParts<Packed<GatedLinearUnit<Scalar_, Activation, Projection>, Stored>,
                                              Packed<Dense<Scalar_>, Stored>>,
                          Dynamic, Dynamic> {
  using Source = GatedFeedForward<Scalar_, Activation, Projection>;
  using Gated = Packed<GatedLinearUnit<Scalar_, Activation, Projection>, Stored>;
  using Output = Packed<Dense<Scalar_>, Stored>;
  using Base = ForwardVerbs<Packed, Scalar_, detail::PackedParts<Gated, Output>, Dynamic, Dynamic>;

 public:
  using Scalar = Scalar_;
  static constexpr std::string_view name = "Packed GatedFeedForward";

  explicit Packed(const Source& layer) : Packed(Gated(layer.gated()), Output(layer.output())) {}
  /// From parts that fit each other.
  Packed(Gated gated, Output output) : Base(std::move(gated), std::move(output)) {
    if (this->output().input_dim() != this->hidden() || this->units() != this->dim()) {
      detail::fail(name, "expected an output part ", this->hidden(), " → ", this->dim(), ", got ",
                   this->output().input_dim(), " → ", this->units());
    }
  }

  using Base::forward;
  /// On the threads of a pool, or on the calling one if that is a thread of the pool; the result is the same to the
  /// last bit.
  template <detail::SampleInput X, detail::SampleOutput Y, detail::ThreadPool Device>
  void forward(const X& x, Y&& y, const Device& device) const {
    this->forward_blocks(x, y, [&](const ConstView& samples, const View& to) {
      run(samples, to, [&](const auto& part, const ConstView& from, const View& part_to) {
        detail::BlockAccess::forward_on(device, part, from, part_to);
      });
    });
  }

 private:
  friend Base;
  using typename Base::ConstView;
  using typename Base::View;

  void forward_block(const ConstView& x, const View& y, const View& /*pre*/) const {
    run(x, y, [](const auto& part, const ConstView& from, const View& to) {
      detail::BlockAccess::forward(part, from, to, View{});
    });
  }
  template <class RunPart>
  void run(const ConstView& x, const View& y, const RunPart& run_part) const {
    detail::for_each_hidden_block<Scalar>(
        x.rows, detail::row_block, this->hidden(),
        [&](const View& h, Index first) { run_part(this->gated(), x.middle_rows(first, h.rows), h); },
        [&](const View& h, Index first) { run_part(this->output(), h, y.middle_rows(first, h.rows)); });
  }
};

namespace detail {

template <class Stored, class Scalar>
using StoredOr = std::conditional_t<std::is_void_v<Stored>, Scalar, Stored>;

/// The layers that there is a packed form of.
template <class Layer>
inline constexpr bool is_packable = false;
template <class Scalar, class Activation, class Projection, Index InputDim, Index Units>
inline constexpr bool is_packable<GatedLinearUnit<Scalar, Activation, Projection, InputDim, Units>> = true;
template <class Scalar, class Activation, Index InputDim, Index Units>
inline constexpr bool is_packable<Dense<Scalar, Activation, InputDim, Units>> = true;
template <class Scalar, class Activation, class Projection>
inline constexpr bool is_packable<GatedFeedForward<Scalar, Activation, Projection>> = true;

/// Says in words what cannot be packed, before the compiler says it in its own.
template <class Stored, class Layer>
constexpr bool can_be_packed() {
  static_assert(
      is_packable<Layer>,
      "sluice: pack() takes a GatedLinearUnit, a Dense or a GatedFeedForward; to have a packed layer's weights"
      " in another type, pack the layer that it came from");
  if constexpr (is_packable<Layer>) {
    using Scalar = typename Layer::Scalar;
    return check_packed_types<Scalar, StoredOr<Stored, Scalar>>();
  }
  return false;
}

}  // namespace detail

/// The layer with its weights copied into panels for inference: as they are, or narrower.
///
///   auto fast = sluice::pack(layer);
///   auto tiny = sluice::pack<sluice::Int8>(layer);
template <class Stored = void, class Layer>
auto pack(const Layer& layer) {
  if constexpr (detail::can_be_packed<Stored, Layer>()) {
    return Packed<Layer, detail::StoredOr<Stored, typename Layer::Scalar>>(layer);
  }
}

SLUICE_NAMESPACE_END
