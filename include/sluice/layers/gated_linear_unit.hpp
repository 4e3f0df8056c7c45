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
#include <sluice/core/samples.hpp>
#include <sluice/fwd.hpp>
#include <sluice/projection/gated_projection.hpp>

#include <string_view>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

/// Asks a call for the activated gate as well: auto [output, gate] = layer(x, sluice::return_gate);
struct ReturnGate {};
inline constexpr ReturnGate return_gate{};

template <class Matrix>
struct GatedOutput {
  Matrix output;
  Matrix gate;  // the activated gate values, the same shape as the output
};

/// Options of a layer, by name: SwiGLU<float> layer(30, 10, {.bias = false});
template <class Activation>
struct GatedLinearUnitOptions {
  bool bias = true;
  Activation activation{};
};

/// A gated linear unit. The parameters, their views and counts come from GatedParameters.
///
/// Scalar      float or double run on the library's own kernels; any other scalar that Eigen understands (long double,
///             AutoDiffScalar) takes the plain path.
/// Activation  the gate's activation, or Gating<Gate, Value> where the value half has one of its own.
/// Projection  Fused or Split: the same results from another memory layout.
/// InputDim, Units   sizes in the type (parameters up to 128 KB then lie inside the object), or Dynamic.
///
/// Fresh parameters are zero; see initialize(). Calls are const and re-entrant. After the first call of a size on a thread
/// nothing is allocated. Wrong shapes throw std::invalid_argument before anything is written.
///
///   sluice::SwiGLU<float> layer(30, 10);
///   sluice::initialize(layer, sluice::GlorotUniform{}, rng);
///   Eigen::MatrixXf y = layer(x);      // x (32 × 30), y (32 × 10)
template <class Scalar_, class Activation_, class Projection_, Index InputDim, Index Units>
class GatedLinearUnit : public GatedParameters<Scalar_, Projection_, InputDim, Units> {
 public:
  using Scalar = Scalar_;
  using Activation = Activation_;
  using Projection = Projection_;
  using Options = GatedLinearUnitOptions<Activation>;
  using Parameters = GatedParameters<Scalar, Projection, InputDim, Units>;

  static constexpr std::string_view name = "GatedLinearUnit";

  /// Throws std::invalid_argument where a size is not positive, disagrees with the type, or cannot be addressed.
  GatedLinearUnit(Index input_dim, Index units, const Options& options = {})
      : Parameters(name, input_dim, units, options.bias), gating_(AsGating::make(options.activation)) {}

  /// Sizes from the type.
  explicit GatedLinearUnit(const Options& options = {})
    requires(InputDim != Dynamic && Units != Dynamic)
      : GatedLinearUnit(InputDim, Units, options) {}

  /// The pre-activations of one forward call, kept for the backward call. Reuse it: memory only ever grows.
  class Cache {
   public:
    /// (samples × units): x·W₁ + b₁ and x·W₂ + b₂.
    auto value() const { return detail::as_eigen<const Scalar>(pre_activations().value); }
    auto gate() const { return detail::as_eigen<const Scalar>(pre_activations().gate); }
    Index samples() const { return samples_; }

   private:
    friend class GatedLinearUnit;

    void resize(Index samples, Index units) {
      samples_ = samples;
      units_ = units;
      const auto size = static_cast<std::size_t>(samples * 2 * units + detail::storage_padding<Scalar>);
      if (storage_.size() < size) storage_.resize(size);
    }
    detail::Halves<const Scalar> pre_activations() const {
      return {{storage_.data(), samples_, units_, 2 * units_, 1}, {storage_.data() + units_, samples_, units_, 2 * units_, 1}};
    }
    detail::Halves<Scalar> pre_activations() {
      return {{storage_.data(), samples_, units_, 2 * units_, 1}, {storage_.data() + units_, samples_, units_, 2 * units_, 1}};
    }

    std::vector<Scalar, Eigen::aligned_allocator<Scalar>> storage_;
    Index samples_ = 0;
    Index units_ = 0;
  };

  /// Gradients of the parameters, with the parameters' own views. Zero at first; backward adds to them.
  class Gradients : public Parameters {
   public:
    explicit Gradients(const GatedLinearUnit& layer)
        : Parameters("Gradients", layer.input_dim(), layer.units(), layer.has_bias()) {}
    void set_zero() { this->parameters().setZero(); }
  };

  const auto& gating() const { return gating_; }

  /// y, evaluated: a matrix (vector) of the orientation and storage order of x.
  template <detail::SampleInput X>
  auto operator()(const X& x) const {
    typename detail::TraitsOf<X>::template Output<Units> y;
    forward(x, y);
    return y;
  }
  /// y and the activated gate.
  template <detail::SampleInput X>
  auto operator()(const X& x, ReturnGate) const {
    GatedOutput<typename detail::TraitsOf<X>::template Output<Units>> result;
    forward(x, result.output, result.gate);
    return result;
  }

  /// Writes y into a matrix, block or map of the right shape; an empty matrix takes that shape.
  template <detail::SampleInput X, detail::SampleOutput Y>
  void forward(const X& x, Y&& y) const {
    check_forward(x, y);
    run_forward(x, detail::prepare_output(x, y, this->units()), {}, {});
  }
  /// Writes y and the activated gate.
  template <detail::SampleInput X, detail::SampleOutput Y, detail::SampleOutput G>
  void forward(const X& x, Y&& y, G&& gate_out) const {
    check_forward(x, y);
    detail::check_output<Scalar, Units>(name, "gate", x, gate_out, this->units());
    detail::check_no_overlap(name, "input", x, "gate", gate_out);
    detail::check_no_overlap(name, "output", y, "gate", gate_out);
    const auto y_view = detail::prepare_output(x, y, this->units());
    run_forward(x, y_view, detail::prepare_output(x, gate_out, this->units()), {});
  }
  /// Writes y and keeps the pre-activations for backward.
  template <detail::SampleInput X, detail::SampleOutput Y>
  void forward(const X& x, Y&& y, Cache& cache) const {
    check_forward(x, y);
    cache.resize(detail::sample_count(x), this->units());
    run_forward(x, detail::prepare_output(x, y, this->units()), {}, cache.pre_activations());
  }

  /// Writes dx = ∂L/∂x (shaped like x) and adds ∂L/∂W, ∂L/∂b to the gradients, from dy = ∂L/∂y and the cache of the
  /// forward call. Gradients are sums over the samples.
  template <detail::SampleInput X, detail::SampleInput DY, detail::SampleOutput DX>
  void backward(const X& x, const DY& dy, const Cache& cache, DX&& dx, Gradients& gradients) const {
    check_backward(x, dy, gradients);
    check_cache(x, cache);
    check_input_gradient(x, dy, dx);
    run_backward(x, dy, &cache, detail::prepare_output(x, dx, this->input_dim()), gradients);
  }
  /// The same without dx: for the first layer of a network.
  template <detail::SampleInput X, detail::SampleInput DY>
  void backward(const X& x, const DY& dy, const Cache& cache, Gradients& gradients) const {
    check_backward(x, dy, gradients);
    check_cache(x, cache);
    run_backward(x, dy, &cache, {}, gradients);
  }
  /// Without a cache: the pre-activations are computed again, a block of samples at a time.
  template <detail::SampleInput X, detail::SampleInput DY, detail::SampleOutput DX>
  void backward(const X& x, const DY& dy, DX&& dx, Gradients& gradients) const {
    check_backward(x, dy, gradients);
    check_input_gradient(x, dy, dx);
    run_backward(x, dy, nullptr, detail::prepare_output(x, dx, this->input_dim()), gradients);
  }

 private:
  using AsGating = detail::GatingOf<Activation>;
  using GatingType = typename AsGating::type;
  using View = detail::MatrixView<Scalar>;
  using ConstView = detail::MatrixView<const Scalar>;

  static_assert(detail::check_activation<decltype(GatingType::gate), Scalar>());
  static_assert(detail::check_activation<decltype(GatingType::value), Scalar>());

  /// Samples that are worked on at once where pre-activations are computed again.
  static constexpr Index recompute_block = 512;

  template <class X, class Y>
  void check_forward(const X& x, const Y& y) const {
    detail::check_input<Scalar, InputDim>(name, "input", x, this->input_dim());
    detail::check_output<Scalar, Units>(name, "output", x, y, this->units());
    detail::check_no_overlap(name, "input", x, "output", y);
  }
  template <class X, class DY>
  void check_backward(const X& x, const DY& dy, const Gradients& gradients) const {
    detail::check_input<Scalar, InputDim>(name, "input", x, this->input_dim());
    detail::check_same_samples<Scalar, Units>(name, "output gradient", x, dy, this->units());
    if (gradients.input_dim() != this->input_dim() || gradients.units() != this->units() || gradients.has_bias() != this->has_bias()) {
      detail::fail(name, "expected gradients of a layer ", this->input_dim(), " → ", this->units(), bias_text(this->has_bias()),
                   ", got ", gradients.input_dim(), " → ", gradients.units(), bias_text(gradients.has_bias()));
    }
  }
  template <class X, class DY, class DX>
  void check_input_gradient(const X& x, const DY& dy, const DX& dx) const {
    detail::check_output<Scalar, InputDim>(name, "input gradient", x, dx, this->input_dim());
    detail::check_no_overlap(name, "input", x, "input gradient", dx);
    detail::check_no_overlap(name, "output gradient", dy, "input gradient", dx);
  }
  template <class X>
  void check_cache(const X& x, const Cache& cache) const {
    if (cache.samples_ != detail::sample_count(x) || cache.units_ != this->units()) {
      detail::fail(name, "expected a cache of ", detail::shape_text(detail::sample_count(x), this->units()), ", got ",
                   detail::shape_text(cache.samples_, cache.units_), " (it is filled by forward(x, y, cache))");
    }
  }
  static std::string_view bias_text(bool has_bias) { return has_bias ? " with bias" : " without bias"; }

  template <class X>
  void run_forward(const X& x, const View& y, const View& gate, const detail::Halves<Scalar>& pre) const {
    detail::TraitsOf<X>::for_each_block(x, [&](Index first, const ConstView& samples) {
      forward_block(samples, rows_of(y, first, samples.rows), rows_of(gate, first, samples.rows),
                    {rows_of(pre.value, first, samples.rows), rows_of(pre.gate, first, samples.rows)});
    });
  }
  template <class X, class DY>
  void run_backward(const X& x, const DY& dy, const Cache* cache, const View& dx, Gradients& gradients) const {
    detail::with_view(dy, [&](const ConstView& dy_view) {
      detail::TraitsOf<X>::for_each_block(x, [&](Index first, const ConstView& samples) {
        backward_block(samples, dy_view.middle_rows(first, samples.rows), cache, first,
                       rows_of(dx, first, samples.rows), gradients);
      });
    });
  }

  static View rows_of(const View& view, Index first, Index count) {
    return view.data == nullptr ? View{} : view.middle_rows(first, count);
  }

  void forward_block(const ConstView& x, const View& y, const View& gate, const detail::Halves<Scalar>& pre) const {
    detail::gated_forward<Projection, Scalar>(x, detail::GatedWeights<Scalar>(parameters_of_this()), gating_, y, gate, pre);
  }
  void backward_block(const ConstView& x, const ConstView& dy, const Cache* cache, Index first_sample, const View& dx,
                      Gradients& gradients) const {
    const detail::GatedWeights<Scalar> weights(parameters_of_this());
    const detail::GatedGradientTargets<Scalar> targets(gradients);
    if (cache != nullptr) {
      const auto pre = cache->pre_activations().middle_rows(first_sample, x.rows);
      detail::gated_backward<Projection, Scalar>(x, weights, gating_, pre, dy, dx, targets);
      return;
    }
    thread_local Cache recomputed;
    for (Index first = 0; first < x.rows; first += recompute_block) {
      const Index count = std::min(recompute_block, x.rows - first);
      const ConstView samples = x.middle_rows(first, count);
      recomputed.resize(count, this->units());
      detail::gated_forward<Projection, Scalar>(samples, weights, gating_, {}, {}, recomputed.pre_activations());
      detail::gated_backward<Projection, Scalar>(samples, weights, gating_, std::as_const(recomputed).pre_activations(),
                                                 dy.middle_rows(first, count), rows_of(dx, first, count), targets);
    }
  }
  const Parameters& parameters_of_this() const { return *this; }

  [[no_unique_address]] GatingType gating_;
};

SLUICE_NAMESPACE_END
