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

#include <sluice/core/config.hpp>
#include <sluice/fwd.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
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
inline std::string layer_name(std::string_view type) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  type = type.substr(0, type.find('('));
  std::string name;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (!is_capital(type[i])) {
      name += type[i];
      continue;
    }
    const bool begins_a_word = i > 0 && i + 1 < type.size() && is_small(type[i + 1]);
    if (begins_a_word) name += '_';
    name += static_cast<char>(type[i] - 'A' + 'a');
  }
  return name;
}

/// 1234567 → "1,234,567"
inline std::string grouped(Index number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) {
    i -= 3;
    text.insert(i, 1, ',');
  }
  return text;
}

}  // namespace detail

/// A finished table; it does not refer to the layers any more.
class Summary {
 public:
  struct Row {
    std::string type;
    Index units;
    Index parameter_count;
  };

  explicit Summary(const std::vector<Row>& rows) {
    using Line = std::array<std::string, columns>;
    std::vector<Line> lines{Line{"Layer (type)", "Output Shape", "Param #"}};
    Index total = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      lines.push_back({numbered_name(rows.data(), i) + " (" + rows[i].type + ")",
                       "(None, " + std::to_string(rows[i].units) + ")", detail::grouped(rows[i].parameter_count)});
      total += rows[i].parameter_count;
    }

    // Keras' widths, wider where a long name needs it.
    std::array<std::size_t, columns> widths{29, 26, 10};
    for (const Line& line : lines) {
      for (std::size_t c = 0; c < columns; ++c) {
        const std::size_t gap = c + 1 < columns ? 2 : 0;
        widths[c] = std::max(widths[c], line[c].size() + gap);
      }
    }
    const std::size_t width = widths[0] + widths[1] + widths[2];

    const auto rule = [&](char c) { text_.append(width, c) += '\n'; };
    rule('_');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (std::size_t c = 0; c + 1 < columns; ++c) text_ += lines[i][c].append(widths[c] - lines[i][c].size(), ' ');
      text_ += lines[i].back() + '\n';
      if (i == 0) rule('=');
    }
    rule('=');
    text_ += "Total params: " + detail::grouped(total) + '\n';
    text_ += "Trainable params: " + detail::grouped(total) + '\n';
    text_ += "Non-trainable params: 0\n";
    rule('_');
  }

  const std::string& str() const { return text_; }

 private:
  static constexpr std::size_t columns = 3;

  /// glu, glu_1, glu_2: the layers of one table that would share a name are counted.
  static std::string numbered_name(const Row* rows, std::size_t which) {
    const std::string name = detail::layer_name(rows[which].type);
    Index before = 0;
    for (std::size_t i = 0; i < which; ++i) before += detail::layer_name(rows[i].type) == name;
    return before == 0 ? name : name + "_" + std::to_string(before);
  }

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
      rows.push_back({LayerType<Layer>::text(), layer.units(), layer.parameter_count()});
    }
  }
};

}  // namespace detail

/// The table of one layer or several, in the order they are given. A layer is whatever has a name,
/// units() and parameter_count(); one that is built of others shows its parts.
template <class... Layers>
Summary summary(const Layers&... layers) {
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
