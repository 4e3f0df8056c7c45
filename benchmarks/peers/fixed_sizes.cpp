// SPDX-License-Identifier: MIT
//
// Sizes in the type: Eigen's own fixed-size product, as GEMM or GEMV and as lazy (fully unrolled) product, against
// sluice's layer with sizes in the type, and its dynamic one with dynamic matrices.

#include "fixed_sizes.hpp"

#include <Eigen/Core>
#include <sluice/layers/gated_linear_unit.hpp>

namespace peers {
namespace {

template <int Rows, int Columns>
using Fixed = Eigen::Matrix<float, Rows, Columns, Eigen::RowMajor>;
using Dynamic = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Matrix>
Matrix matrix(const Floats& v, long rows, long columns) {
  return Eigen::Map<const Dynamic>(v.data(), rows, columns);
}
template <class Matrix>
Results results(const Matrix& y) {
  return {Floats(y.data(), y.data() + y.size()), {}, {}, {}};
}

/// state->call() computes state->y.
template <class State>
Variant variant(const char* name, std::shared_ptr<State> state) {
  return {name, repeat([state] { state->call(); }), [state] {
            state->call();
            return results(state->y);
          }};
}

template <int InputDim, int Units, int Batch, bool Lazy>
struct EigenFixed {
  Fixed<InputDim, 2 * Units> weight;
  Fixed<1, 2 * Units> bias;
  Fixed<Batch, InputDim> x;
  Fixed<Batch, 2 * Units> h;
  Fixed<Batch, Units> y;

  explicit EigenFixed(const Problem& p)
      : weight(matrix<Fixed<InputDim, 2 * Units>>(p.weights->fused, InputDim, 2 * Units)),
        bias(matrix<Fixed<1, 2 * Units>>(p.weights->bias, 1, 2 * Units)),
        x(matrix<Fixed<Batch, InputDim>>(p.x, Batch, InputDim)) {}

  void call() {
    if constexpr (Batch == 1) {
      h = bias;
    } else {
      h.rowwise() = bias;
    }
    if constexpr (Lazy) {
      h += x.lazyProduct(weight);
    } else {
      h.noalias() += x * weight;
    }
    const auto value = h.template leftCols<Units>().array();
    const auto gate = h.template rightCols<Units>().array();
    y.array() = value * gate * gate.logistic();
  }
};

template <class Layer, class X, class Y>
struct Sluice {
  Layer layer;
  X x;
  Y y;

  explicit Sluice(const Problem& p)
      : layer(p.weights->input_dim, p.weights->units), x(matrix<X>(p.x, p.batch, p.weights->input_dim)) {
    layer.weight() = matrix<Dynamic>(p.weights->fused, layer.input_dim(), 2 * layer.units());
    layer.bias() = matrix<Dynamic>(p.weights->bias, 1, 2 * layer.units());
    y.resize(p.batch, layer.units());
  }
  void call() { layer.forward(x, y); }
};

template <int InputDim, int Units, int Batch>
FixedSizes contestants(const Problem& p) {
  using FixedLayer = sluice::GatedLinearUnit<float, sluice::SiLU, sluice::Fused, InputDim, Units>;
  using FixedSluice = Sluice<FixedLayer, Fixed<Batch, InputDim>, Fixed<Batch, Units>>;
  using DynamicSluice = Sluice<sluice::GatedLinearUnit<float, sluice::SiLU>, Dynamic, Dynamic>;
  return {{variant("product", std::make_shared<EigenFixed<InputDim, Units, Batch, false>>(p)),
           variant("lazy product", std::make_shared<EigenFixed<InputDim, Units, Batch, true>>(p))},
          {variant("sizes in the type", std::make_shared<FixedSluice>(p))},
          {variant("dynamic", std::make_shared<DynamicSluice>(p))}};
}

template <int InputDim, int Units>
FixedSizes contestants(const Problem& p) {
  if (p.batch == 1) return contestants<InputDim, Units, 1>(p);
  if (p.batch == 8) return contestants<InputDim, Units, 8>(p);
  if (p.batch == 32) return contestants<InputDim, Units, 32>(p);
  return {};
}

}  // namespace

FixedSizes fixed_sizes(const Problem& p) {
  const std::pair shape(p.weights->input_dim, p.weights->units);
  if (shape == std::pair(16L, 8L)) return contestants<16, 8>(p);
  if (shape == std::pair(30L, 10L)) return contestants<30, 10>(p);
  if (shape == std::pair(64L, 64L)) return contestants<64, 64>(p);
  return {};
}

}  // namespace peers
