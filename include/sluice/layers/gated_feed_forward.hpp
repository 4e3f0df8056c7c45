// SPDX-License-Identifier: MIT
//
// GatedFeedForward: y = h·W₃ + b₃,  h = value(x·W₁ + b₁) ⊙ gate(x·W₂ + b₂)
//
//   x   (samples × dim)       W₁, W₂   (dim × hidden)     b₁, b₂   (1 × hidden)
//   y   (samples × dim)       W₃       (hidden × dim)     b₃       (1 × dim)
//
// The feed-forward block of a transformer: a gated layer, then a dense one back to dim.
//
// Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202, eq. 6 (FFN_SwiGLU and its kin, without biases);
// Touvron et al. 2023, "LLaMA: Open and Efficient Foundation Language Models", arXiv:2302.13971, sec. 2.2. Llama calls
// W₁ up_proj, W₂ gate_proj and W₃ down_proj.
#pragma once

#include <sluice/activations/identity.hpp>
#include <sluice/layers/dense.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/layers/layer.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Calls gated(h, first_row), which writes the hidden rows h (count × hidden), and then output(h, first_row), which
/// reads them, for blocks of at most max_rows rows that together are all rows. All blocks lie in the same memory: the
/// hidden rows are in the cache when they are read, and never exist as a whole.
template <class Scalar, class Gated, class Output>
void for_each_hidden_block(Index rows, Index max_rows, Index hidden, const Gated& gated, const Output& output) {
  struct HiddenRows;
  const Index block_rows = std::min(rows, max_rows);
  Scalar* const data = scratch<HiddenRows, Scalar>(block_size<Scalar>(block_rows, hidden));
  for (Index first = 0; first < rows; first += block_rows) {
    const MatrixView<Scalar> h{data, std::min(block_rows, rows - first), hidden, hidden, 1};
    gated(h, first);
    output(h, first);
  }
}

}  // namespace detail

/// The two parts of a gated feed-forward block, or the gradients of both.
template <class Gated, class Output>
class FeedForwardParameters {
 public:
  FeedForwardParameters(Gated gated, Output output) : gated_(std::move(gated)), output_(std::move(output)) {}
  FeedForwardParameters(const FeedForwardParameters&) = default;
  FeedForwardParameters(FeedForwardParameters&&) noexcept = default;
  FeedForwardParameters& operator=(FeedForwardParameters&&) noexcept = default;
  /// Both parts or, without memory for them, none. None is needed where the sizes stay.
  FeedForwardParameters& operator=(const FeedForwardParameters& other) {
    if (!has_same_shape(other)) return *this = FeedForwardParameters(other);
    gated_ = other.gated_;
    output_ = other.output_;
    return *this;
  }

  Index dim() const { return gated_.input_dim(); }
  Index hidden() const { return gated_.units(); }
  bool has_bias() const { return gated_.has_bias(); }
  Index parameter_count() const { return gated_.parameter_count() + output_.parameter_count(); }

  // The parts are the caller's to write to; parts of other shapes, which no longer fit each other, are refused by
  // calls.

  /// The gated part (dim → hidden): W₁, b₁, W₂, b₂.
  Gated& gated() { return gated_; }
  const Gated& gated() const { return gated_; }
  /// The part behind it (hidden → dim): W₃, b₃.
  Output& output() { return output_; }
  const Output& output() const { return output_; }

  /// Calls f(part) for both parts, in the order of the data. Each has parameters().
  template <class Function>
  void for_each_part(const Function& f) {
    f(gated_);
    f(output_);
  }
  template <class Function>
  void for_each_part(const Function& f) const {
    f(gated_);
    f(output_);
  }
  /// Calls f(weight, bias) for W₁, W₂, W₃: what initialize() asks of a layer.
  template <class Function>
  void for_each_linear(const Function& f) {
    f(gated_.value_weight(), gated_.value_bias());
    f(gated_.gate_weight(), gated_.gate_bias());
    f(output_.weight(), output_.bias());
  }

  // As the verbs of Layer ask for them.
  Index input_dim() const { return dim(); }
  Index units() const { return dim(); }
  Index columns() const { return gated_.columns(); }

  bool is_moved_from() const { return gated_.is_moved_from() || output_.is_moved_from(); }
  template <class OtherGated, class OtherOutput>
  bool has_same_shape(const FeedForwardParameters<OtherGated, OtherOutput>& other) const {
    return gated_.has_same_shape(other.gated()) && output_.has_same_shape(other.output());
  }
  /// "8 → 24 → 8 without bias"
  std::string shape_description() const {
    return std::to_string(dim()) + " → " + detail::layer_text(hidden(), dim(), has_bias());
  }

 private:
  Gated gated_;
  Output output_;
};

/// Gradients in two parts, gated() and output(), each with the views of its layer.
template <class Gated, class Output>
class GradientsOf<FeedForwardParameters<Gated, Output>>
    : public FeedForwardParameters<typename Gated::Gradients, typename Output::Gradients> {
  using Parts = FeedForwardParameters<typename Gated::Gradients, typename Output::Gradients>;

 public:
  explicit GradientsOf(const FeedForwardParameters<Gated, Output>& layer)
      : Parts(typename Gated::Gradients(layer.gated()), typename Output::Gradients(layer.output())) {}
  void set_zero() {
    this->for_each_part([](auto& part) { part.set_zero(); });
  }
};

/// Options of a feed-forward block, by name: GatedFeedForward<float, SiLU> layer(64, 172, {.bias = true});
template <class Activation>
struct GatedFeedForwardOptions {
  bool bias = false;  // b₁, b₂ and b₃, or none of them
  Activation activation{};
};

/// A gated feed-forward block. Everything said of GatedLinearUnit (scalars, errors, guarantees) holds here, too.
///
/// Scalar, Activation, Projection   as of GatedLinearUnit; W₃ has no activation behind it.
///
/// Parameters belong to the parts: gated() is the GatedLinearUnit of W₁ and W₂, output() the Dense of W₃, and each has
/// its own parameters(). The cache holds the pre-activations of the gated part; backward computes h from them again.
/// The constructor throws std::invalid_argument where a size is not positive or cannot be addressed, calls where a
/// shape is wrong or input and output overlap.
///
///   sluice::GatedFeedForward<float, sluice::SiLU> layer(64, 172);     // Llama's block
///   sluice::initialize(layer, sluice::GlorotUniform{}, rng);
///   Eigen::MatrixXf y = layer(x);                                     // x, y (32 × 64)
///   layer.gated().gate_weight();                                      // (64 × 172)
///   layer.output().weight();                                          // (172 × 64)
template <class Scalar_, class Activation_, class Projection_>
class GatedFeedForward
    : public Layer<GatedFeedForward<Scalar_, Activation_, Projection_>, Scalar_,
                   FeedForwardParameters<GatedLinearUnit<Scalar_, Activation_, Projection_>, Dense<Scalar_>>,
                   GatedCache<Scalar_>, Dynamic, Dynamic> {
 public:
  using Scalar = Scalar_;
  using Activation = Activation_;
  using Projection = Projection_;
  using Options = GatedFeedForwardOptions<Activation>;
  using Gated = GatedLinearUnit<Scalar, Activation, Projection>;
  using Output = Dense<Scalar>;
  using Cache = GatedCache<Scalar>;
  using Parameters = FeedForwardParameters<Gated, Output>;
  using Gradients = GradientsOf<Parameters>;

  static constexpr std::string_view name = "GatedFeedForward";

  GatedFeedForward(Index dim, Index hidden, const Options& options = {})
      : Base{// In braces the first part is made first: no part sees a size before it has been checked.
             Gated(checked(dim, hidden), hidden, {options.bias, options.activation}),
             Output(hidden, dim, {.bias = options.bias, .activation = {}})} {}

 private:
  using Base = Layer<GatedFeedForward, Scalar, Parameters, Cache, Dynamic, Dynamic>;
  friend Base;
  friend ForwardVerbs<GatedFeedForward, Scalar, Parameters, Dynamic, Dynamic>;
  using typename Base::ConstView;
  using typename Base::View;
  using Blocks = detail::BlockAccess;

  /// Rows whose gradients are computed at once: each block reads and writes the gradients of all weights.
  static constexpr Index backward_rows = 512;

  /// dim, once both sizes are known to be positive, and all parameters together to be addressable.
  static Index checked(Index dim, Index hidden) {
    detail::check_positive(name, "dim", dim);
    detail::check_positive(name, "hidden", hidden);
    const Index each =
        detail::checked_product(name, detail::checked_sum(name, dim, 1), detail::checked_sum(name, hidden, 1));
    detail::checked_product(name, detail::checked_product(name, each, 3), static_cast<Index>(sizeof(Scalar)));
    return dim;
  }

  void check_parts() const {
    const Gated& in = this->gated();
    const Output& out = this->output();
    if (out.input_dim() == in.units() && out.units() == in.input_dim()) return;
    detail::fail(name, "expected an output part ", detail::layer_text(in.units(), in.input_dim(), out.has_bias()),
                 " behind a gated part ", in.shape_description(), ", got ", out.shape_description());
  }

  void forward_block(const ConstView& x, const View& y, const View& pre) const {
    check_parts();
    if (y.data == nullptr) return Blocks::forward(this->gated(), x, View{}, pre);
    // All memory first: the cache must not have been written to if the output part then has none. (The gated part
    // obtains its own before it writes.)
    const Index block_rows = std::min(x.rows, detail::row_block), hidden = this->hidden();
    Blocks::prepare_forward(this->output(), ConstView{nullptr, block_rows, hidden, hidden, 1});
    detail::for_each_hidden_block<Scalar>(
        x.rows, detail::row_block, hidden,
        [&](const View& h, Index first) {
          Blocks::forward(this->gated(), x.middle_rows(first, h.rows), h, this->rows_of(pre, first, h.rows));
        },
        [&](const View& h, Index first) { Blocks::forward(this->output(), h, y.middle_rows(first, h.rows), View{}); });
  }

  void backward_block(const ConstView& x, const ConstView& pre, const ConstView& dy, const View& dx,
                      Gradients& gradients) const {
    struct HiddenGradients;
    check_parts();
    const Index hidden = this->hidden();
    Scalar* const data =
        detail::scratch<HiddenGradients, Scalar>(detail::block_size<Scalar>(std::min(x.rows, backward_rows), hidden));
    detail::for_each_hidden_block<Scalar>(
        x.rows, backward_rows, hidden,
        [&](const View& h, Index first) {
          const detail::Halves<const Scalar> halves = detail::halves_of(pre.middle_rows(first, h.rows));
          const detail::PreActivationBlock<const Scalar> block{
              first, 0, h.rows, hidden, halves.value.row_stride, halves.value.data, halves.gate.data};
          detail::gate_rows<false>(this->gated().gating(), block, h.data, h.row_stride, static_cast<Scalar*>(nullptr),
                                   Index(0));
        },
        [&](const View& h, Index first) {
          const View dh{data, h.rows, hidden, hidden, 1};
          const auto part = [&](const ConstView& whole) { return whole.middle_rows(first, h.rows); };
          // All memory first: the output's gradients must not be added to if the gated part then has none.
          Blocks::prepare_backward(this->gated(), h.rows, this->rows_of(dx, first, h.rows));
          Blocks::backward(this->output(), h, ConstView{}, part(dy), dh, gradients.output());
          Blocks::backward(this->gated(), part(x), part(pre), dh, this->rows_of(dx, first, h.rows), gradients.gated());
        });
  }
};

SLUICE_NAMESPACE_END
