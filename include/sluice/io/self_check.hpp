// SPDX-License-Identifier: MIT
//
// The self-check: a few inputs and the outputs that the exporting framework computed from them travel in the weight
// file,
//
//   <prefix>.self_check.input    (samples × input_dim)
//   <prefix>.self_check.output   (samples × units)
//
// and are replayed when the layer is loaded. Where the layer does not reproduce them, the usual mistakes are tried one
// by one (value and gate have changed places, the gate has another activation), in double and by the plain formula, and
// the error names the one that does.
#pragma once

#include <sluice/activations/gelu.hpp>
#include <sluice/activations/gelu_tanh.hpp>
#include <sluice/activations/identity.hpp>
#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/relu.hpp>
#include <sluice/activations/sigmoid.hpp>
#include <sluice/activations/silu.hpp>
#include <sluice/activations/tanh.hpp>
#include <sluice/io/safetensors_reader.hpp>
#include <sluice/io/safetensors_writer.hpp>
#include <sluice/io/slots.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace io {

namespace detail {

inline std::string self_check_name(const Mapping& mapping, std::string_view part) {
  return mapping.full_name("self_check." + std::string(part));
}

/// The largest difference, as a part of the largest magnitude wanted; infinite where one of them is not finite.
inline double relative_difference(const Eigen::MatrixXd& got, const Eigen::MatrixXd& want) {
  if (got.size() == 0) return 0;
  if (!got.allFinite() || !want.allFinite()) return std::numeric_limits<double>::infinity();
  const double difference = (got - want).cwiseAbs().maxCoeff();
  return difference == 0 ? 0 : difference / want.cwiseAbs().maxCoeff();
}

/// A gate activation that somebody may have meant.
struct KnownActivation {
  std::string_view name;
  double (*value)(double);
};
template <class A>
constexpr KnownActivation known_activation() {
  return {A::name, [](double x) { return A::value(x); }};
}
inline constexpr std::array<KnownActivation, 8> known_activations{
    known_activation<Sigmoid>(),   known_activation<SiLU>(), known_activation<GELU>(),     known_activation<GELUTanh>(),
    known_activation<QuickGELU>(), known_activation<ReLU>(), known_activation<Identity>(), known_activation<Tanh>()};

inline Eigen::MatrixXd project(const Eigen::MatrixXd& x, const Eigen::MatrixXd& weight, const Eigen::MatrixXd& bias) {
  Eigen::MatrixXd y = x * weight;
  if (bias.size() > 0) y.rowwise() += bias.row(0);
  return y;
}

/// A gated layer or feed-forward block by the plain formula, in double, with its gate activation or another one.
template <class L>
class PlainFormula {
 public:
  PlainFormula(const L& layer, const Eigen::MatrixXd& x) : layer_(layer) {
    value_ = project(x, to_double(gated().value_weight()), to_double(gated().value_bias()));
    gate_ = project(x, to_double(gated().gate_weight()), to_double(gated().gate_bias()));
  }

  std::string_view own_activation() const { return std::decay_t<decltype(gated().gating().gate)>::name; }

  template <class Function>
  Eigen::MatrixXd output(const Function& activation, bool swapped) const {
    const auto value = [&](double v) { return sluice::detail::activation_value(gated().gating().value, v); };
    Eigen::MatrixXd h =
        (swapped ? gate_ : value_).unaryExpr(value).cwiseProduct((swapped ? value_ : gate_).unaryExpr(activation));
    if constexpr (FeedForwardBlock<const L>) {
      return project(h, to_double(layer_.output().weight()), to_double(layer_.output().bias()));
    } else {
      return h;
    }
  }
  Eigen::MatrixXd own_output(bool swapped) const {
    return output([&](double g) { return sluice::detail::activation_value(gated().gating().gate, g); }, swapped);
  }

 private:
  const auto& gated() const {
    if constexpr (FeedForwardBlock<const L>) {
      return layer_.gated();
    } else {
      return layer_;
    }
  }
  template <class Map>
  static Eigen::MatrixXd to_double(const Map& map) {
    return map.template cast<double>();
  }

  const L& layer_;
  Eigen::MatrixXd value_, gate_;
};

/// What would explain the outputs: "" if nothing that is known does.
template <class L>
std::string likely_cause(const L& layer, const Eigen::MatrixXd& x, const Eigen::MatrixXd& want, double tolerance) {
  if constexpr (GatedLayer<const L> || FeedForwardBlock<const L>) {
    const PlainFormula<L> formula(layer, x);
    const auto explains = [&](const Eigen::MatrixXd& y) { return relative_difference(y, want) <= tolerance; };
    std::string swapped = "value and gate have changed places (is the gate order right?)";
    if (explains(formula.own_output(true))) return swapped;
    for (const bool swap : {false, true}) {
      for (const KnownActivation& known : known_activations) {
        if (known.name == formula.own_activation() || !explains(formula.output(known.value, swap))) continue;
        return "the gate activation is " + std::string(known.name) + ", the layer has " +
               std::string(formula.own_activation()) + (swap ? ", and " + swapped : "");
      }
    }
  }
  return "";
}

}  // namespace detail

/// Replays the inputs and outputs that are stored below the mapping's prefix. Throws FormatError where the file has
/// none, they do not fit the layer, or the layer computes something else: the message says by how much, and the likely
/// cause. Something else is what rounding does not explain: 8·√(terms + 16)·ε, relative to the largest output, with the
/// terms of the layer's longest sum and the coarser ε of the layer's scalar and the stored dtype, the latter no coarser
/// than float's, since 16-bit outputs were summed up in float; outputs stored in 16 bits are given 8 of their own ε
/// more.
template <class L>
void self_check(const L& layer, const Safetensors& file, const Mapping& mapping) {
  using Scalar = typename L::Scalar;
  const std::string input = detail::self_check_name(mapping, "input");
  const std::string output = detail::self_check_name(mapping, "output");
  for (const std::string& name : {input, output}) {
    if (!file.contains(name)) {
      throw FormatError(file.path(), "carries no self-check of " + mapping.name + "(\"" + mapping.prefix +
                                         "\"): it has no tensor " + detail::printable(name));
    }
  }
  const auto x = file.matrix<Scalar>(input);
  const auto want = file.matrix<double>(output);
  if (x.rows() == 0) throw FormatError(file.path(), "self-check: " + detail::printable(input) + " holds no samples");
  RowMajorMatrix<Scalar> y;
  try {
    y = layer(x);
  } catch (const std::invalid_argument& error) {
    throw FormatError(file.path(), "self-check: " + detail::printable(input) + " does not fit: " + error.what());
  }
  if (y.rows() != want.rows() || y.cols() != want.cols()) {
    throw FormatError(file.path(), "self-check: " + detail::printable(output) + " is " +
                                       detail::text_of(file.shape(output)) + ", the layer computes " +
                                       detail::text_of({y.rows(), y.cols()}));
  }
  const auto terms = static_cast<double>(detail::longest_sum(layer));
  double epsilon = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  double stored_rounding = 0;
  detail::with_number_type(file.dtype(output), [&](auto stored) {
    const auto of_output = static_cast<double>(std::numeric_limits<decltype(stored)>::epsilon());
    // Nobody sums up in less than float, however few bits of the sum are stored.
    epsilon = std::max(epsilon, std::min(of_output, static_cast<double>(std::numeric_limits<float>::epsilon())));
    if (of_output > epsilon) stored_rounding = 8 * of_output;
  });
  const double tolerance = 8 * std::sqrt(terms + 16) * epsilon + stored_rounding;
  const double difference = detail::relative_difference(y.template cast<double>(), want);
  if (difference <= tolerance) return;

  char numbers[100];
  std::snprintf(numbers, sizeof numbers, "%.2g of the largest, at most %.2g is rounding", difference, tolerance);
  const std::string cause = detail::likely_cause(layer, x.template cast<double>(), want, tolerance);
  throw FormatError(file.path(), "self-check of " + mapping.name + "(\"" + mapping.prefix +
                                     "\") failed: the outputs differ by " + numbers + "\n  likely cause: " +
                                     (cause.empty() ? "neither swapped halves nor another common gate activation "
                                                      "explains it; are these the weights of this layer?"
                                                    : cause));
}

/// Adds a self-check to a file that is being gathered: the inputs, and what the layer makes of them.
///
///   sluice::io::save(layer, writer, mapping);
///   sluice::io::add_self_check(layer, writer, mapping, x);       // x (a few samples × input_dim)
template <class L, class X>
void add_self_check(const L& layer, SafetensorsWriter& writer, const Mapping& mapping, const Eigen::MatrixBase<X>& x) {
  const RowMajorMatrix<typename L::Scalar> input = x;
  const RowMajorMatrix<typename L::Scalar> output = layer(input);
  SafetensorsWriter gathered;
  gathered.add(detail::self_check_name(mapping, "input"), input);
  gathered.add(detail::self_check_name(mapping, "output"), output);
  writer.add(std::move(gathered));
}

}  // namespace io

SLUICE_NAMESPACE_END
