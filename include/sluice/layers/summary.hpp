// SPDX-License-Identifier: MIT
//
// The table that Keras users know:
//
//   std::cout << sluice::summary(layer);
//
//   _________________________________________________________________
//   Layer (type)                 Output Shape              Param #
//   =================================================================
//   glu (GLU)                    (None, 10)                620
//   =================================================================
//   Total params: 620
//   Trainable params: 620
//   Non-trainable params: 0
//   _________________________________________________________________
//
// None stands for the number of samples, which the layer leaves open.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/fwd.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// A layer's type as the table shows it: its own name, unless there is a more telling one.
template <class Layer>
struct LayerType {
  static std::string text() { return std::string(std::string_view(Layer::name)); }
};
template <class Activation>
struct GatingText {
  static std::string text() { return std::string(std::string_view(Activation::name)); }
};
template <class Gate, class Value>
struct GatingText<Gating<Gate, Value>> {
  static std::string text() { return GatingText<Gate>::text() + ", " + GatingText<Value>::text(); }
};
template <class Gate>
struct GatingText<Gating<Gate, Identity>> : GatingText<Gate> {};

/// The usual names of the usual gates; GatedLinearUnit(gate) or GatedLinearUnit(gate, value) for
/// all others.
template <class Activation>
struct GatedLinearUnitType {
  static std::string text() { return "GatedLinearUnit(" + GatingText<Activation>::text() + ")"; }
};
template <class Gate>
struct GatedLinearUnitType<Gating<Gate, Identity>> : GatedLinearUnitType<Gate> {};

template <>
struct GatedLinearUnitType<Sigmoid> {
  static std::string text() { return "GLU"; }
};
template <>
struct GatedLinearUnitType<SiLU> {
  static std::string text() { return "SwiGLU"; }
};
template <>
struct GatedLinearUnitType<GELU> {
  static std::string text() { return "GeGLU"; }
};
template <>
struct GatedLinearUnitType<GELUTanh> {
  static std::string text() { return "GeGLUTanh"; }
};
template <>
struct GatedLinearUnitType<ReLU> {
  static std::string text() { return "ReGLU"; }
};
template <>
struct GatedLinearUnitType<Identity> {
  static std::string text() { return "Bilinear"; }
};
template <>
struct GatedLinearUnitType<Gating<ClampedSiLU, ClampedLinear>> {
  static std::string text() { return "ClampedSwiGLU"; }
};

template <class Scalar, class Activation, class Projection, Index InputDim, Index Units>
struct LayerType<GatedLinearUnit<Scalar, Activation, Projection, InputDim, Units>> : GatedLinearUnitType<Activation> {};

/// Keras' way to name a layer after its type: SwiGLU → swiglu, GatedLinearUnit(mish) →
/// gated_linear_unit. A word begins where a capital is followed by a small letter.
SLUICE_COLD inline std::string layer_name(std::string_view type) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  std::string name;
  for (std::size_t i = 0; i < type.size() && type[i] != '('; ++i) {
    const bool begins_a_word = i > 0 && is_capital(type[i]) && i + 1 < type.size() && is_small(type[i + 1]);
    if (begins_a_word) name += '_';
    name += is_capital(type[i]) ? static_cast<char>(type[i] - 'A' + 'a') : type[i];
  }
  return name;
}

/// 1234567 → "1,234,567"
SLUICE_COLD inline std::string grouped(Index number) {
  if (number < 1000) return concat({number});
  return concat({grouped(number / 1000), ",", number / 100 % 10, number / 10 % 10, number % 10});
}

}  // namespace detail

/// A finished table; it does not refer to the layers any more.
///
/// It is written once in a program, but compiled by whoever includes this header: what is called more than once is not
/// inlined, and every text goes through append().
class Summary {
 public:
  struct Row {
    std::string type;
    Index units;
    Index parameter_count;
  };

  explicit Summary(const std::vector<Row>& rows) {
    write(rows);  // to find out how wide the columns are
    write(rows);
  }

  const std::string& str() const { return text_; }

 private:
  static constexpr std::size_t columns = 3;

  /// glu, glu_1, glu_2: the layers of one table that would share a name are counted.
  SLUICE_COLD static std::string numbered_name(const Row* rows, std::size_t which) {
    std::string name = detail::layer_name(rows[which].type);
    Index before = 0;
    for (std::size_t i = 0; i < which; ++i) before += detail::layer_name(rows[i].type) == name;
    if (before > 0) detail::append(name, {"_", before});
    return name;
  }
  SLUICE_COLD void fill(std::size_t count, char c) { text_.append(count, c); }
  SLUICE_COLD void rule(char c) {
    fill(widths_[0] + widths_[1] + widths_[2], c);
    detail::append(text_, {"\n"});
  }
  /// The next cell of a line; the last one ends it. A cell that is too long makes its column wider.
  SLUICE_COLD void cell(std::size_t column, std::initializer_list<detail::TextPart> parts) {
    const bool is_last = column + 1 == columns;
    const std::size_t begin = text_.size();
    detail::append(text_, parts);
    const std::size_t size = text_.size() - begin;
    widths_[column] = std::max(widths_[column], size + (is_last ? 0 : 2));
    is_last ? detail::append(text_, {"\n"}) : fill(widths_[column] - size, ' ');
  }
  SLUICE_COLD void write(const std::vector<Row>& rows) {
    text_.clear();
    rule('_');
    cell(0, {"Layer (type)"});
    cell(1, {"Output Shape"});
    cell(2, {"Param #"});
    rule('=');
    Index total = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      cell(0, {numbered_name(rows.data(), i), " (", rows[i].type, ")"});
      cell(1, {"(None, ", rows[i].units, ")"});
      cell(2, {detail::grouped(rows[i].parameter_count)});
      total += rows[i].parameter_count;
    }
    rule('=');
    const std::string parameters = detail::grouped(total);
    detail::append(text_,
                   {"Total params: ", parameters, "\nTrainable params: ", parameters, "\nNon-trainable params: 0\n"});
    rule('_');
  }

  std::size_t widths_[columns] = {29, 26, 10};  // Keras'
  std::string text_;
};

namespace detail {

/// One row for a layer; for one that is built of others, the rows of its parts.
struct SummaryRows {
  std::vector<Summary::Row>& rows;

  template <class Layer>
  void operator()(const Layer& layer) const {
    if constexpr (requires { layer.for_each_part(*this); }) {
      layer.for_each_part(*this);
    } else {
      constexpr bool has_sizes = requires {
        layer.units();
        layer.parameter_count();
      };
      static_assert(has_sizes,
                    "sluice: summary() shows what has units() and parameter_count(); a packed layer has no"
                    " parameters of its own: show the layer that it was packed from");
      if constexpr (has_sizes) rows.push_back({LayerType<Layer>::text(), layer.units(), layer.parameter_count()});
    }
  }
};

}  // namespace detail

/// The table of one layer or several, in the order they are given. A layer is whatever has a name,
/// units() and parameter_count(); one that is built of others shows its parts.
template <class... Layers>
SLUICE_COLD Summary summary(const Layers&... layers) {
  static_assert(sizeof...(Layers) > 0, "sluice: summary() needs at least one layer");
  std::vector<Summary::Row> rows;
  (detail::SummaryRows{rows}(layers), ...);
  return Summary(rows);
}

/// A template, so that this header needs no <ostream>: whoever prints has one.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const Summary& summary) {
  return out.write(summary.str().data(), static_cast<std::streamsize>(summary.str().size()));
}

SLUICE_NAMESPACE_END
