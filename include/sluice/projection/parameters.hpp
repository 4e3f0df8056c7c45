// SPDX-License-Identifier: MIT
//
// The parameters of a projection, and how the two ways to project to value and gate lay them out.
//
//   Fused   one weight (input_dim × 2·units), row-major, [value | gate]:   x·W  is one matmul, then split
//   Split   two weights (input_dim × units), row-major, value then gate:   two matmuls
//
// followed by one bias of 2·units, [value | gate]. All of it is one contiguous run of numbers, so an optimizer, a norm
// or a checkpoint needs no knowledge of the layer: parameters() is a vector.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/core/matrix_view.hpp>
#include <sluice/core/storage.hpp>
#include <sluice/fwd.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

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
  constexpr Extent(const Extent&) = default;
  constexpr Extent& operator=(const Extent&) = default;
  /// What has been moved away has no size any more: the memory behind it went along.
  constexpr Extent(Extent&& other) noexcept : size_(std::exchange(other.size_, 0)) {}
  constexpr Extent& operator=(Extent&& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  constexpr operator Index() const { return size_; }

 private:
  Index size_;
};

template <class Scalar>
using WeightMap =
    Eigen::Map<Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class Scalar>
using ConstWeightMap =
    Eigen::Map<const Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class Scalar>
using RowMap = Eigen::Map<Eigen::Matrix<Scalar, 1, Dynamic>>;
template <class Scalar>
using ConstRowMap = Eigen::Map<const Eigen::Matrix<Scalar, 1, Dynamic>>;

/// A size, once it is known to be positive and that of the type, if there is one in the type.
inline Index check_extent(std::string_view owner, std::string_view what, Index size, Index in_type) {
  check_positive(owner, what, size);
  if (in_type != Dynamic && size != in_type) {
    fail(owner, "expected ", what, " ", in_type, " as in the type, got ", size);
  }
  return size;
}

/// Weights (input_dim × columns) and biases (columns) in one contiguous run, zero at first. What they mean is said by
/// the classes that derive from it.
template <class Scalar, Index InputDim, Index Columns>
class ParameterBlock {
 public:
  Index input_dim() const { return input_dim_; }
  bool has_bias() const { return has_bias_; }
  /// Columns of all weights together: units, or 2·units of a gated projection.
  Index columns() const { return columns_; }
  /// Weights and biases together; 0 once they have been moved away.
  Index parameter_count() const { return is_moved_from() ? 0 : count_of(input_dim_, columns_, has_bias_); }

  /// Everything there is to learn, as one vector (1 × parameter_count): the weights, then the biases.
  RowMap<Scalar> parameters() { return {storage_.data(), parameter_count()}; }
  ConstRowMap<Scalar> parameters() const { return {storage_.data(), parameter_count()}; }

  /// Whether the parameters lie inside the object.
  static constexpr bool is_inline = is_stored_inline<Scalar, static_parameter_count(InputDim, Columns)>;

  /// Whether the parameters have been moved away. Sizes known at run time are zero then; sizes in the type cannot be,
  /// and views of single weights must not be used.
  bool is_moved_from() const { return storage_.is_empty(); }

  bool has_same_shape(const ParameterBlock& other) const {
    return input_dim() == other.input_dim() && columns() == other.columns() && has_bias() == other.has_bias();
  }

 protected:
  /// Throws std::invalid_argument where sizes are not positive, disagree with the type, or cannot be addressed.
  ParameterBlock(std::string_view owner, Index input_dim, Index columns, bool has_bias)
      : storage_(checked_count(owner, check_extent(owner, "input_dim", input_dim, InputDim), columns, has_bias)),
        input_dim_(input_dim),
        columns_(columns),
        has_bias_(has_bias) {}

  Index bias_size() const { return has_bias_ ? Index(columns_) : 0; }
  Scalar* weight_data() { return storage_.data(); }
  const Scalar* weight_data() const { return storage_.data(); }
  Scalar* bias_data() { return storage_.data() + columns_ * input_dim_; }
  const Scalar* bias_data() const { return storage_.data() + columns_ * input_dim_; }

 private:
  static Index checked_count(std::string_view owner, Index input_dim, Index columns, bool has_bias) {
    const Index count = checked_product(owner, checked_sum(owner, input_dim, 1), columns);
    checked_product(owner, checked_sum(owner, count, storage_padding<Scalar>), static_cast<Index>(sizeof(Scalar)));
    return count_of(input_dim, columns, has_bias);
  }
  static Index count_of(Index input_dim, Index columns, bool has_bias) {
    return columns * (input_dim + (has_bias ? 1 : 0));
  }

  // First, so that the assignment that finds no memory for it has not changed the sizes.
  ParameterStorage<Scalar, static_parameter_count(InputDim, Columns)> storage_;
  [[no_unique_address]] Extent<InputDim> input_dim_;
  [[no_unique_address]] Extent<Columns> columns_;
  bool has_bias_;
};

}  // namespace detail

/// Weights and biases of a gated projection. The gradients of a layer are the same thing.
template <class Scalar, class Projection, Index InputDim, Index Units>
class GatedParameters : public detail::ParameterBlock<Scalar, InputDim, Units == Dynamic ? Dynamic : 2 * Units> {
  static_assert(InputDim == Dynamic || InputDim > 0, "sluice: InputDim must be positive (or Dynamic)");
  static_assert(Units == Dynamic || Units > 0, "sluice: Units must be positive (or Dynamic)");
  using Block = detail::ParameterBlock<Scalar, InputDim, Units == Dynamic ? Dynamic : 2 * Units>;

 public:
  /// Throws std::invalid_argument where a size is not positive, or too large to address.
  GatedParameters(std::string_view owner, Index input_dim, Index units, bool has_bias)
      : Block(owner, input_dim, detail::checked_product(owner, detail::check_extent(owner, "units", units, Units), 2),
              has_bias) {}

  Index units() const { return this->columns() / 2; }
  /// "30 → 10 with bias"
  std::string shape_description() const { return detail::layer_text(this->input_dim(), units(), this->has_bias()); }

  /// (input_dim × units), writable. A view cannot change its shape: assigning a matrix of another one is an assertion
  /// of Eigen's, which a Release build does not check.
  detail::WeightMap<Scalar> value_weight() { return weight_at(0, units()); }
  detail::WeightMap<Scalar> gate_weight() { return weight_at(gate_offset(), units()); }
  detail::ConstWeightMap<Scalar> value_weight() const { return weight_at(0, units()); }
  detail::ConstWeightMap<Scalar> gate_weight() const { return weight_at(gate_offset(), units()); }

  /// (1 × units), writable; (1 × 0) in a layer without bias.
  detail::RowMap<Scalar> value_bias() { return {this->bias_data(), half_bias()}; }
  detail::RowMap<Scalar> gate_bias() { return {this->bias_data() + half_bias(), half_bias()}; }
  detail::ConstRowMap<Scalar> value_bias() const { return {this->bias_data(), half_bias()}; }
  detail::ConstRowMap<Scalar> gate_bias() const { return {this->bias_data() + half_bias(), half_bias()}; }

  /// The fused weight (input_dim × 2·units), [value | gate].
  detail::WeightMap<Scalar> weight() requires std::is_same_v<Projection, Fused> {
    return weight_at(0, this->columns());
  }
  detail::ConstWeightMap<Scalar> weight() const requires std::is_same_v<Projection, Fused> {
    return weight_at(0, this->columns());
  }
  /// The fused bias (1 × 2·units), [value | gate]; (1 × 0) in a layer without bias.
  detail::RowMap<Scalar> bias() requires std::is_same_v<Projection, Fused> {
    return {this->bias_data(), this->bias_size()};
  }
  detail::ConstRowMap<Scalar> bias() const requires std::is_same_v<Projection, Fused> {
    return {this->bias_data(), this->bias_size()};
  }

 private:
  Index half_bias() const { return this->bias_size() / 2; }
  Index gate_offset() const { return Projection::gate_offset(this->input_dim(), units()); }
  detail::WeightMap<Scalar> weight_at(Index offset, Index columns) {
    return {this->weight_data() + offset, this->input_dim(), columns,
            Eigen::OuterStride<>(Projection::row_stride(units()))};
  }
  detail::ConstWeightMap<Scalar> weight_at(Index offset, Index columns) const {
    return {this->weight_data() + offset, this->input_dim(), columns,
            Eigen::OuterStride<>(Projection::row_stride(units()))};
  }
};

/// Weight and bias of a dense layer, and of its gradients.
template <class Scalar, Index InputDim, Index Units>
class DenseParameters : public detail::ParameterBlock<Scalar, InputDim, Units> {
  static_assert(InputDim == Dynamic || InputDim > 0, "sluice: InputDim must be positive (or Dynamic)");
  static_assert(Units == Dynamic || Units > 0, "sluice: Units must be positive (or Dynamic)");
  using Block = detail::ParameterBlock<Scalar, InputDim, Units>;

 public:
  DenseParameters(std::string_view owner, Index input_dim, Index units, bool has_bias)
      : Block(owner, input_dim, detail::check_extent(owner, "units", units, Units), has_bias) {}

  Index units() const { return this->columns(); }
  /// "30 → 10 with bias"
  std::string shape_description() const { return detail::layer_text(this->input_dim(), units(), this->has_bias()); }

  /// (input_dim × units), writable. A view cannot change its shape: assigning a matrix of another one is an assertion
  /// of Eigen's, which a Release build does not check.
  detail::WeightMap<Scalar> weight() {
    return {this->weight_data(), this->input_dim(), units(), Eigen::OuterStride<>(units())};
  }
  detail::ConstWeightMap<Scalar> weight() const {
    return {this->weight_data(), this->input_dim(), units(), Eigen::OuterStride<>(units())};
  }
  /// (1 × units), writable; (1 × 0) in a layer without bias.
  detail::RowMap<Scalar> bias() { return {this->bias_data(), this->bias_size()}; }
  detail::ConstRowMap<Scalar> bias() const { return {this->bias_data(), this->bias_size()}; }
};

SLUICE_NAMESPACE_END
