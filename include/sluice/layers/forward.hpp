// SPDX-License-Identifier: MIT
//
// The forward verbs, which layers that learn and packed layers have in common, and the checks in front of them.
//
//   y = layer(x);                              layer.forward(x, y);
//   auto [y, gate] = layer(x, return_gate);    layer.forward(x, y, gate);      (gated layers)
#pragma once

#include <sluice/core/samples.hpp>

#include <string_view>

SLUICE_NAMESPACE_BEGIN

/// Derived supplies name and forward_block(x, y, pre) for views of (samples × features) that have been checked; Shape
/// has input_dim(), units() and is_moved_from().
template <class Derived, class Scalar, class Shape, Index InputDim, Index Units>
class ForwardVerbs : public Shape {
 public:
  /// y, evaluated: a matrix, vector or tensor of the orientation and storage order of x.
  template <detail::SampleInput X>
  auto operator()(const X& x) const {
    typename detail::TraitsOf<X>::template Output<Units> y;
    forward(x, y);
    return y;
  }

  /// Writes y into a matrix, block, map or tensor of the right shape; an empty matrix takes that shape. y must not
  /// share memory with x; an x that is an expression without memory of its own (2 * h) cannot be checked for that.
  template <detail::SampleInput X, detail::SampleOutput Y>
  void forward(const X& x, Y&& y) const {
    forward_blocks(x, y, [&](const ConstView& samples, const View& to) SLUICE_LAMBDA_INLINE {
      derived().forward_block(samples, to, View{});
    });
  }

 protected:
  using View = detail::MatrixView<Scalar>;
  using ConstView = detail::MatrixView<const Scalar>;
  using Shape::Shape;

  const Derived& derived() const { return static_cast<const Derived&>(*this); }

  template <class Whole>
  static void check_not_moved_from(const Whole& parameters, std::string_view what) {
    if (parameters.is_moved_from()) {
      detail::fail(Derived::name, "expected ", what, " with parameters, got a moved-from one");
    }
  }
  template <class X, class Y>
  void check_forward(const X& x, Y& y) const {
    check_not_moved_from(*this, "a layer");
    detail::check_input<Scalar, InputDim>(Derived::name, "input", x, this->input_dim());
    detail::check_output<Units>(Derived::name, "output", x, y, this->units());
    detail::check_no_overlap(Derived::name, "input", x, "output", y);
  }
  /// Checks the arguments and calls block(x, y) for views of them.
  template <class X, class Y, class Block>
  SLUICE_ALWAYS_INLINE void forward_blocks(const X& x, Y& y, const Block& block) const {
    check_forward(x, y);
    detail::with_output(x, y, this->units(), [&](const View& to) SLUICE_LAMBDA_INLINE {
      detail::TraitsOf<X>::for_each_block(x, [&](Index first, const ConstView& samples) SLUICE_LAMBDA_INLINE {
        block(samples, to.middle_rows(first, samples.rows));
      });
    });
  }
};

/// Asks a call for the activated gate as well: auto [output, gate] = layer(x, sluice::return_gate);
struct ReturnGate {};
inline constexpr ReturnGate return_gate{};

template <class Matrix>
struct GatedOutput {
  Matrix output;
  Matrix gate;  // the activated gate values, the same shape as the output
};

/// The verbs of `Inner` and those that return the gate. Derived supplies gate_block(x, y, gate), too.
template <class Derived, class Inner, class Scalar, Index Units>
class GatedVerbs : public Inner {
 public:
  using Inner::operator();
  using Inner::forward;

  /// y and the activated gate.
  template <detail::SampleInput X>
  auto operator()(const X& x, ReturnGate) const {
    GatedOutput<typename detail::TraitsOf<X>::template Output<Units>> result;
    forward(x, result.output, result.gate);
    return result;
  }
  /// Writes y and the activated gate.
  template <detail::SampleInput X, detail::SampleOutput Y, detail::SampleOutput G>
  void forward(const X& x, Y&& y, G&& gate) const {
    forward_with_gate(x, y, gate, [&](const ConstView& samples, const View& to, const View& gate_to) {
      this->derived().gate_block(samples, to, gate_to);
    });
  }

 protected:
  using Inner::Inner;
  using typename Inner::ConstView;
  using typename Inner::View;

  /// Checks the arguments and calls block(x, y, gate) for views of them.
  template <class X, class Y, class G, class Block>
  void forward_with_gate(const X& x, Y& y, G& gate, const Block& block) const {
    this->check_forward(x, y);
    detail::check_output<Units>(Derived::name, "gate", x, gate, this->units());
    detail::check_no_overlap(Derived::name, "input", x, "gate", gate);
    detail::check_no_overlap(Derived::name, "output", y, "gate", gate);
    detail::with_output(x, y, this->units(), [&](const View& to) {
      detail::with_output(x, gate, this->units(), [&](const View& gate_to) {
        detail::TraitsOf<X>::for_each_block(x, [&](Index first, const ConstView& samples) {
          block(samples, to.middle_rows(first, samples.rows), gate_to.middle_rows(first, samples.rows));
        });
      });
    });
  }
};

SLUICE_NAMESPACE_END
