// SPDX-License-Identifier: MIT
//
// A unit gives the same bits whichever units stand beside it, and wherever the output lies: layers of few units, whose
// halves share a register and whose rows are gated as one, against the first and the last units of a wide layer, which
// has several passes of the gating.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <string>

namespace {

using test::Index;
template <class Scalar>
using RowMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using ColMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

constexpr Index wide_units = 290;  // more panels than a pass of the gating takes

/// Some of the layer's units as a layer of their own.
template <class Layer>
Layer units_from(const Layer& wide, Index first, Index units) {
  Layer few(wide.input_dim(), units, {.bias = wide.has_bias()});
  if constexpr (requires { wide.gating(); }) {
    few.value_weight() = wide.value_weight().middleCols(first, units);
    few.gate_weight() = wide.gate_weight().middleCols(first, units);
    if (wide.has_bias()) {
      few.value_bias() = wide.value_bias().middleCols(first, units);
      few.gate_bias() = wide.gate_bias().middleCols(first, units);
    }
  } else {
    few.weight() = wide.weight().middleCols(first, units);
    if (wide.has_bias()) few.bias() = wide.bias().middleCols(first, units);
  }
  return few;
}

/// "" if y = layer(x) is `want` to the bit, and its gate `want_gate`, in outputs of all strides; else which is not.
template <class Layer, class X, class Y>
std::string difference(const Layer& layer, const X& x, const Y& want, const Y& want_gate) {
  using Scalar = typename Layer::Scalar;
  const Index rows = want.rows(), units = want.cols();
  if (!test::same_bits(RowMatrix<Scalar>(layer(x)), want)) return "y = layer(x)";
  const auto check_into = [&](auto&& y, auto&& gate) -> std::string {
    layer.forward(x, y);
    if (!test::same_bits(RowMatrix<Scalar>(y), want)) return "y";
    if constexpr (
        requires { layer.forward(x, y, gate); } && !requires { layer.activation(); }) {
      y.setConstant(7);
      layer.forward(x, y, gate);
      if (!test::same_bits(RowMatrix<Scalar>(y), want)) return "y with the gate";
      if (!test::same_bits(RowMatrix<Scalar>(gate), want_gate)) return "the gate";
    }
    return "";
  };
  RowMatrix<Scalar> y(rows, units), gate(rows, units), wide = RowMatrix<Scalar>::Constant(rows + 1, 2 * units + 3, 9);
  ColMatrix<Scalar> upright(rows, units), upright_gate(rows, units);
  if (const auto where = check_into(y, gate); !where.empty()) return where;
  if (const auto where = check_into(upright, upright_gate); !where.empty()) return where + " in columns";
  if (const auto where = check_into(y, upright_gate); !where.empty()) return where + ", gate in columns";
  if (const auto where = check_into(wide.block(0, 1, rows, units), wide.block(0, units + 2, rows, units));
      !where.empty())
    return where + " in blocks";
  wide.block(0, 1, rows, units).setConstant(9);
  wide.block(0, units + 2, rows, units).setConstant(9);
  return (wide.array() == 9).all() ? "" : "something beside the block was written";
}

template <class Layer, class Convert>
void check(const Convert& convert, bool bias = true) {
  using Scalar = typename Layer::Scalar;
  for (const Index input_dim : {1, 2, 4, 33}) {  // of Split, halves may lie half a packet apart
    Layer wide(input_dim, wide_units, {.bias = bias});
    test::Random random(static_cast<std::uint32_t>(input_dim));
    random.fill(wide.parameters());
    const auto wide_converted = convert(wide);
    for (const Index rows : {1, 2, 3, 8, 13, 14, 15, 29}) {
      CAPTURE(input_dim, rows, bias);
      const RowMatrix<Scalar> x = random.template matrix<RowMatrix<Scalar>>(rows, input_dim);
      RowMatrix<Scalar> all(rows, wide_units), all_gates(rows, wide_units);
      if constexpr (requires { wide.gating(); }) {
        wide_converted.forward(x, all, all_gates);
      } else {
        wide_converted.forward(x, all);
      }
      CHECK(difference(wide_converted, x, all, all_gates) == "");
      for (const Index units : {1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 20, 24, 31, 33, 40}) {
        for (const Index first : {Index(0), wide_units - units}) {
          CAPTURE(units, first);
          const auto few = convert(units_from(wide, first, units));
          const RowMatrix<Scalar> want = all.middleCols(first, units), want_gate = all_gates.middleCols(first, units);
          CHECK(difference(few, x, want, want_gate) == "");
        }
      }
    }
  }
}

const auto as_it_is = [](auto layer) { return layer; };
template <class Stored>
const auto packed_as = [](const auto& layer) { return sluice::pack<Stored>(layer); };

TEST_CASE("few units, fused", "[layer][few_units]") {
  check<sluice::SwiGLU<float>>(as_it_is);
  check<sluice::SwiGLU<float>>(as_it_is, false);
  check<sluice::GeGLU<double>>(as_it_is);
}
TEST_CASE("few units, split", "[layer][few_units]") {
  check<sluice::SwiGLU<float, sluice::Split>>(as_it_is);
  check<sluice::SwiGLU<double, sluice::Split>>(as_it_is);
  check<sluice::SwiGLU<double, sluice::Split>>(as_it_is, false);
}
TEST_CASE("few units, Dense", "[layer][few_units]") {
  check<sluice::Dense<float, sluice::SiLU>>(as_it_is);
  check<sluice::Dense<double, sluice::Tanh>>(as_it_is, false);
}
TEST_CASE("few units, packed", "[layer][few_units]") {
  check<sluice::SwiGLU<float>>(packed_as<float>);
  check<sluice::SwiGLU<double, sluice::Split>>(packed_as<double>);
  check<sluice::Dense<float, sluice::SiLU>>(packed_as<float>);
}
TEST_CASE("few units, packed in fewer bits", "[layer][few_units]") {
  check<sluice::SwiGLU<float>>(packed_as<Eigen::bfloat16>);
  check<sluice::SwiGLU<float>>(packed_as<Eigen::half>, false);
  check<sluice::SwiGLU<float>>(packed_as<sluice::Int8>);
  check<sluice::Dense<float, sluice::SiLU>>(packed_as<sluice::Int8>);
}

}  // namespace
