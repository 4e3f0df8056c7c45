// SPDX-License-Identifier: MIT
//
// The parameters of a gated projection, and how the two ways to project lay them out.
//
//   Fused   one weight (input_dim × 2·units), row-major, [value | gate]:   x·W  is one matmul, then split
//   Split   two weights (input_dim × units), row-major, value then gate:   two matmuls
//
// followed by one bias of 2·units, [value | gate]. All of it is one contiguous run of numbers, so an optimizer, a norm or a
// checkpoint needs no knowledge of the layer: parameters() is a vector.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/core/matrix_view.hpp>
#include <sluice/core/storage.hpp>
#include <sluice/fwd.hpp>

#include <string_view>

SLUICE_NAMESPACE_BEGIN

/// One matmul with 2·units columns, then split.
struct Fused {
  static constexpr std::string_view name = "fused";
  static constexpr Index row_stride(Index units) { return 2 * units; }
  static constexpr Index gate_offset(Index /*input_dim*/, Index units) { return units; }
};

/// Two matmuls with units columns each.
struct Split {
  static constexpr std::string_view name = "split";
  static constexpr Index row_stride(Index units) { return units; }
  static constexpr Index gate_offset(Index input_dim, Index units) { return input_dim * units; }
};

namespace detail {

/// input_dim × columns weights and as many biases as columns, if both sizes are in the type.
constexpr Index static_parameter_count(Index input_dim, Index columns) {
  return input_dim == Dynamic || columns == Dynamic ? Dynamic : (input_dim + 1) * columns;
}

/// A size that is known in the type takes no room in the object.
template <Index Static>
class Extent {
 public:
  constexpr explicit Extent(Index /*size*/) {}
  constexpr operator Index() const { return Static; }
};
template <>
class Extent<Dynamic> {
 public:
  constexpr explicit Extent(Index size) : size_(size) {}
  constexpr operator Index() const { return size_; }

 private:
  Index size_;
};

template <class Scalar>
using WeightMap = Eigen::Map<Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>, Eigen::Unaligned,
                             Eigen::OuterStride<>>;
template <class Scalar>
using ConstWeightMap = Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>, Eigen::Unaligned,
                                  Eigen::OuterStride<>>;
template <class Scalar>
using RowMap = Eigen::Map<Eigen::Matrix<Scalar, 1, Dynamic>>;
template <class Scalar>
using ConstRowMap = Eigen::Map<const Eigen::Matrix<Scalar, 1, Dynamic>>;

}  // namespace detail

/// Weights and biases of a gated projection, zero at first. The gradients of a layer are the same thing.
template <class Scalar, class Projection, Index InputDim, Index Units>
class GatedParameters {
  static_assert(InputDim == Dynamic || InputDim > 0, "sluice: InputDim must be positive (or Dynamic)");
  static_assert(Units == Dynamic || Units > 0, "sluice: Units must be positive (or Dynamic)");

 public:
  /// Throws std::invalid_argument where a size is not positive, or too large to address.
  GatedParameters(std::string_view owner, Index input_dim, Index units, bool has_bias)
      : input_dim_(check_extent(owner, "input_dim", input_dim, InputDim)),
        units_(check_extent(owner, "units", units, Units)),
        has_bias_(has_bias),
        storage_(checked_count(owner)) {}

  Index input_dim() const { return input_dim_; }
  Index units() const { return units_; }
  bool has_bias() const { return has_bias_; }
  /// input_dim·2·units weights, and 2·units biases if there are any.
  Index parameter_count() const { return 2 * units() * (input_dim() + (has_bias_ ? 1 : 0)); }

  /// Everything there is to learn, as one vector: the weights, then the biases.
  detail::RowMap<Scalar> parameters() { return {storage_.data(), parameter_count()}; }
  detail::ConstRowMap<Scalar> parameters() const { return {storage_.data(), parameter_count()}; }

  /// (input_dim × units), writable.
  detail::WeightMap<Scalar> value_weight() { return weight_at(0, units()); }
  detail::WeightMap<Scalar> gate_weight() { return weight_at(gate_offset(), units()); }
  detail::ConstWeightMap<Scalar> value_weight() const { return weight_at(0, units()); }
  detail::ConstWeightMap<Scalar> gate_weight() const { return weight_at(gate_offset(), units()); }

  /// (1 × units), writable; (1 × 0) in a layer without bias.
  detail::RowMap<Scalar> value_bias() { return {bias_data(), bias_size()}; }
  detail::RowMap<Scalar> gate_bias() { return {bias_data() + bias_size(), bias_size()}; }
  detail::ConstRowMap<Scalar> value_bias() const { return {bias_data(), bias_size()}; }
  detail::ConstRowMap<Scalar> gate_bias() const { return {bias_data() + bias_size(), bias_size()}; }

  /// The fused weight (input_dim × 2·units), [value | gate].
  detail::WeightMap<Scalar> weight()
    requires std::is_same_v<Projection, Fused>
  {
    return weight_at(0, 2 * units());
  }
  detail::ConstWeightMap<Scalar> weight() const
    requires std::is_same_v<Projection, Fused>
  {
    return weight_at(0, 2 * units());
  }
  /// The fused bias (1 × 2·units), [value | gate]; (1 × 0) in a layer without bias.
  detail::RowMap<Scalar> bias()
    requires std::is_same_v<Projection, Fused>
  {
    return {bias_data(), 2 * bias_size()};
  }
  detail::ConstRowMap<Scalar> bias() const
    requires std::is_same_v<Projection, Fused>
  {
    return {bias_data(), 2 * bias_size()};
  }

 private:
  static Index check_extent(std::string_view owner, std::string_view what, Index size, Index in_type) {
    detail::check_positive(owner, what, size);
    if (in_type != Dynamic && size != in_type) {
      detail::fail(owner, "expected ", what, " ", in_type, " as in the type, got ", size);
    }
    return size;
  }
  Index checked_count(std::string_view owner) const {
    const Index columns = detail::checked_product(owner, units(), 2);
    const Index count = detail::checked_product(owner, detail::checked_sum(owner, input_dim(), 1), columns);
    const Index padded = detail::checked_sum(owner, count, detail::storage_padding<Scalar>);
    detail::checked_product(owner, padded, static_cast<Index>(sizeof(Scalar)));
    return parameter_count();
  }

  Index gate_offset() const { return Projection::gate_offset(input_dim(), units()); }
  Index bias_size() const { return has_bias_ ? units() : 0; }
  Scalar* bias_data() { return storage_.data() + 2 * units() * input_dim(); }
  const Scalar* bias_data() const { return storage_.data() + 2 * units() * input_dim(); }
  detail::WeightMap<Scalar> weight_at(Index offset, Index columns) {
    return {storage_.data() + offset, input_dim(), columns, Eigen::OuterStride<>(Projection::row_stride(units()))};
  }
  detail::ConstWeightMap<Scalar> weight_at(Index offset, Index columns) const {
    return {storage_.data() + offset, input_dim(), columns, Eigen::OuterStride<>(Projection::row_stride(units()))};
  }

  [[no_unique_address]] detail::Extent<InputDim> input_dim_;
  [[no_unique_address]] detail::Extent<Units> units_;
  bool has_bias_;
  detail::ParameterStorage<Scalar, detail::static_parameter_count(InputDim, Units == Dynamic ? Dynamic : 2 * Units)>
      storage_;
};

SLUICE_NAMESPACE_END
