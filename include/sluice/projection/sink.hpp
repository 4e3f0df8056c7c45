// SPDX-License-Identifier: MIT
//
// What becomes of pre-activations. A product hands them over in blocks, while they lie in L1, to a function that knows
// the activation and writes y, the activated gate and the cache:
//
//   product ──► PreActivationBlock ──► Sink: finish(activation, block, targets) ──► y, gate, pre
//
// The product itself knows no more than a pointer to that function, so it is compiled once for all activations. (One
// sample through a small layer takes less time than such a call: row.hpp.)
#pragma once

#include <sluice/core/matrix_view.hpp>
#include <sluice/gating/rows.hpp>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Where the results of a product go, each where it has data. y and gate are (samples × units); pre, the cache, is
/// [value | gate], or the value alone where there is no gate.
template <class Scalar>
struct Targets {
  MatrixView<Scalar> y, gate, pre;

  /// Whether there is nothing to write but rows of y without gaps.
  bool are_only_rows_of_y() const {
    return y.data != nullptr && y.col_stride == 1 && gate.data == nullptr && pre.data == nullptr;
  }
  /// Whether results have contiguous columns, and no contiguous rows.
  bool are_upright() const {
    const auto stands = [](const MatrixView<Scalar>& to) {
      return to.data == nullptr || (to.row_stride == 1 && to.col_stride != 1);
    };
    return y.data != nullptr && pre.data == nullptr && stands(y) && stands(gate);
  }
  /// (units × samples), without a cache.
  Targets transpose() const { return {y.transpose(), gate.transpose(), {}}; }
  /// For the samples and the units from these on, without a cache.
  Targets from(Index sample, Index unit) const {
    eigen_assert(pre.data == nullptr);
    const auto rest = [&](const MatrixView<Scalar>& m) {
      return m.data == nullptr ? m : m.block(sample, unit, m.rows - sample, m.cols - unit);
    };
    return {rest(y), rest(gate), {}};
  }
};

/// What blocks of pre-activations are handed to, and used up by. The activation and the targets must outlive it.
template <class Scalar>
struct Sink {
  const void* activation;  // as `finish` wants it
  void (*finish)(const void* activation, const PreActivationBlock<Scalar>&, const Targets<Scalar>&);
  const Targets<Scalar>& to;

  void operator()(const PreActivationBlock<Scalar>& block) const { finish(activation, block, to); }
  /// The same with other targets, which may be a temporary where the sink is one, too.
  Sink with(const Targets<Scalar>& others) const { return {activation, finish, others}; }
};

}  // namespace detail

SLUICE_NAMESPACE_END
