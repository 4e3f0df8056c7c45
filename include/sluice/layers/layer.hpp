// SPDX-License-Identifier: MIT
//
// What all layers have in common: the verbs, the checks in front of them, the cache and the gradients.
//
//   y = layer(x);   layer.forward(x, y);   layer.forward(x, y, cache);
//   layer.backward(x, dy, cache, dx, gradients);   layer.backward(x, dy, cache, gradients);
//   layer.backward(x, dy, dx, gradients);          layer.backward(x, dy, gradients);
//
// A layer derives from Layer<itself, ...> and says what happens to a block of samples whose shapes are known to be
// right.
#pragma once

#include <sluice/core/line_allocator.hpp>
#include <sluice/core/samples.hpp>
#include <sluice/fwd.hpp>
#include <sluice/layers/forward.hpp>
#include <sluice/projection/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

SLUICE_NAMESPACE_BEGIN

/// Options of a layer, by name: SwiGLU<float> layer(30, 10, {.bias = false});
template <class Activation>
struct LayerOptions {
  bool bias = true;
  Activation activation{};
};

/// The pre-activations of one forward call (samples × columns), kept for the backward call. Reuse it: its memory only
/// ever grows.
template <class Scalar>
class PreActivationCache {
 public:
  Index samples() const { return samples_; }
  Index columns() const { return columns_; }

 protected:
  detail::MatrixView<const Scalar> view() const { return {storage_.data(), samples_, columns_, columns_, 1}; }

 private:
  template <class, class, class, class, Index, Index>
  friend class Layer;

  /// Calls fill(view) with memory for (samples × columns). Until that has gone well the cache is what it was.
  template <class Fill>
  void refill(Index samples, Index columns, const Fill& fill) {
    const auto size = static_cast<std::size_t>(samples * columns + detail::storage_padding<Scalar>);
    if (storage_.size() < size) storage_.resize(size);
    fill(detail::MatrixView<Scalar>{storage_.data(), samples, columns, columns, 1});
    samples_ = samples;
    columns_ = columns;
  }

  detail::LineVector<Scalar> storage_;
  Index samples_ = 0;
  Index columns_ = 0;
};

/// Gradients of a layer's parameters, with the parameters' own views and names. Zero at first; backward adds to them.
template <class Parameters>
class GradientsOf : public Parameters {
 public:
  explicit GradientsOf(const Parameters& layer)
      : Parameters("Gradients", layer.input_dim(), layer.units(), layer.has_bias()) {}
  void set_zero() { this->parameters().setZero(); }
};

namespace detail {

/// How a layer that is built of others works on blocks of theirs: checked views, as below. Parts make it a friend.
struct BlockAccess {
  template <class Layer, class ConstView, class View>
  static void forward(const Layer& layer, const ConstView& x, const View& y, const View& pre) {
    layer.forward_block(x, y, pre);
  }
  template <class Device, class Layer, class ConstView, class View>
  static void forward_on(const Device& device, const Layer& layer, const ConstView& x, const View& y) {
    layer.run(device, x, y);
  }
  template <class Layer, class X, class ConstView, class DY, class View, class Gradients>
  static void backward(const Layer& layer, const X& x, const ConstView& pre, const DY& dy, const View& dx,
                       Gradients& gradients) {
    layer.backward_block(x, pre, dy, dx, gradients);
  }
  /// These obtain the memory of such a call.
  template <class Layer, class ConstView>
  static void prepare_forward(const Layer& layer, const ConstView& x) {
    layer.prepare_forward_block(x);
  }
  template <class Layer, class View>
  static void prepare_backward(const Layer& layer, Index samples, const View& dx) {
    layer.prepare_backward_block(samples, dx);
  }
};

}  // namespace detail

/// The verbs of a layer. Derived supplies
///   name
///   forward_block(x, y, pre)                      writes y and the pre-activations, each where it has data
///   backward_block(x, pre, dy, dx, gradients)     writes dx where it has data, adds to the gradients
/// for views of (samples × features) that have been checked.
template <class Derived, class Scalar, class Parameters, class Cache, Index InputDim, Index Units>
class Layer : public ForwardVerbs<Derived, Scalar, Parameters, InputDim, Units> {
  using Forward = ForwardVerbs<Derived, Scalar, Parameters, InputDim, Units>;

 public:
  using Gradients = GradientsOf<Parameters>;

  using Forward::forward;
  /// Writes y and keeps the pre-activations for backward.
  template <detail::SampleInput X, detail::SampleOutput Y>
  void forward(const X& x, Y&& y, Cache& cache) const {
    check_forward(x, y);
    cache.refill(detail::sample_count(x), this->columns(), [&](const View& pre) {
      detail::with_output(x, y, this->units(), [&](const View& to) { run_forward(x, to, pre); });
    });
  }

  /// Writes dx = ∂L/∂x (shaped like x) and adds ∂L/∂W, ∂L/∂b to the gradients, from dy = ∂L/∂y and the cache of the
  /// forward call. Gradients are sums over the samples.
  template <detail::SampleInput X, detail::SampleInput DY, detail::SampleOutput DX>
  void backward(const X& x, const DY& dy, const Cache& cache, DX&& dx, Gradients& gradients) const {
    check_backward(x, dy, gradients);
    check_cache(x, cache);
    check_input_gradient(x, dy, dx);
    detail::with_output(x, dx, this->input_dim(), [&](const View& to) { run_backward(x, dy, &cache, to, gradients); });
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
    detail::with_output(x, dx, this->input_dim(), [&](const View& to) { run_backward(x, dy, nullptr, to, gradients); });
  }

  /// Without a cache, and without dx.
  template <detail::SampleInput X, detail::SampleInput DY>
  void backward(const X& x, const DY& dy, Gradients& gradients) const {
    check_backward(x, dy, gradients);
    run_backward(x, dy, nullptr, {}, gradients);
  }

 protected:
  using Forward::check_forward;
  using Forward::check_not_moved_from;
  using Forward::derived;
  using Forward::Forward;
  using typename Forward::ConstView;
  using typename Forward::View;

  static View rows_of(const View& view, Index first, Index count) {
    return view.data == nullptr ? View{} : view.middle_rows(first, count);
  }

 private:
  /// Samples that are worked on at once where pre-activations are computed again.
  static constexpr Index recompute_block = 512;

  template <class X, class DY>
  void check_backward(const X& x, const DY& dy, const Gradients& gradients) const {
    check_not_moved_from(*this, "a layer");
    check_not_moved_from(gradients, "gradients");
    detail::check_input<Scalar, InputDim>(Derived::name, "input", x, this->input_dim());
    detail::check_same_samples<Units>(Derived::name, "output gradient", x, dy, this->units());
    if (!gradients.has_same_shape(*this)) {
      detail::fail(Derived::name, "expected gradients of a layer ", this->shape_description(), ", got ",
                   gradients.shape_description());
    }
  }
  template <class X, class DY, class DX>
  void check_input_gradient(const X& x, const DY& dy, DX& dx) const {
    detail::check_output<InputDim>(Derived::name, "input gradient", x, dx, this->input_dim());
    detail::check_no_overlap(Derived::name, "input", x, "input gradient", dx);
    detail::check_no_overlap(Derived::name, "output gradient", dy, "input gradient", dx);
  }
  template <class X>
  void check_cache(const X& x, const Cache& cache) const {
    if (cache.samples() != detail::sample_count(x) || cache.columns() != this->columns()) {
      detail::fail(Derived::name, "expected a cache of ", detail::sample_count(x), " samples with ", this->columns(),
                   " pre-activations, got ", cache.samples(), " with ", cache.columns(),
                   " (forward(x, y, cache) fills it)");
    }
  }

  template <class X>
  void run_forward(const X& x, const View& y, const View& pre) const {
    detail::TraitsOf<X>::for_each_block(x, [&](Index first, const ConstView& samples) {
      derived().forward_block(samples, rows_of(y, first, samples.rows), rows_of(pre, first, samples.rows));
    });
  }
  template <class X, class DY>
  void run_backward(const X& x, const DY& dy, const Cache* cache, const View& dx, Gradients& gradients) const {
    detail::with_view(dy, [&](const ConstView& dy_view) {
      detail::TraitsOf<X>::for_each_block(x, [&](Index first, const ConstView& samples) {
        const ConstView dy_rows = dy_view.middle_rows(first, samples.rows);
        const View dx_rows = rows_of(dx, first, samples.rows);
        if (cache != nullptr) {
          derived().backward_block(samples, cache->view().middle_rows(first, samples.rows), dy_rows, dx_rows,
                                   gradients);
        } else {
          recompute_and_backward(samples, dy_rows, dx_rows, gradients);
        }
      });
    });
  }
  void recompute_and_backward(const ConstView& x, const ConstView& dy, const View& dx, Gradients& gradients) const {
    struct Recomputed;
    const Index columns = this->columns();
    const Index block_rows = std::min(recompute_block, x.rows);
    Scalar* const data = detail::scratch<Recomputed, Scalar>(block_rows * columns + detail::storage_padding<Scalar>);
    for (Index first = 0; first < x.rows; first += block_rows) {
      const Index count = std::min(block_rows, x.rows - first);
      const ConstView samples = x.middle_rows(first, count);
      const View pre{data, count, columns, columns, 1};
      derived().forward_block(samples, {}, pre);
      derived().backward_block(samples, pre, dy.middle_rows(first, count), rows_of(dx, first, count), gradients);
    }
  }
};

SLUICE_NAMESPACE_END
