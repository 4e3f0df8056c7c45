// SPDX-License-Identifier: MIT
//
// pack() straight from a file: the weights go from the file into the panels of a packed layer (layers/packed.hpp), a
// few units at a time, without a layer or a whole weight in between. 16-bit weights stay as they are in a 16-bit panel.
#pragma once

#include <sluice/io/safetensors_reader.hpp>
#include <sluice/io/slot_reader.hpp>
#include <sluice/io/slots.hpp>
#include <sluice/layers/packed.hpp>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

namespace detail {

/// The slots of a layer that does not exist, of its gated part (or its only one) first; and the sizes in its type.
template <class Layer>
struct PackedSlots;

template <class Scalar, class Activation, class Projection, Index InputDim, Index Units>
struct PackedSlots<GatedLinearUnit<Scalar, Activation, Projection, InputDim, Units>> {
  static constexpr Index input_dim_in_type = InputDim, units_in_type = Units;

  static void add(std::vector<Slot<Scalar>>& slots, const Mapping& mapping, Index input_dim, Index units, bool bias) {
    add_gated(slots, mapping, gated_shape<Scalar>(input_dim, units, bias));
  }
};
template <class Scalar, class Activation, Index InputDim, Index Units>
struct PackedSlots<Dense<Scalar, Activation, InputDim, Units>> {
  static constexpr Index input_dim_in_type = InputDim, units_in_type = Units;

  static void add(std::vector<Slot<Scalar>>& slots, const Mapping& mapping, Index input_dim, Index units, bool bias) {
    add_dense_layer(slots, mapping, dense_shape<Scalar>(input_dim, units, bias));
  }
};
template <class Scalar, class Activation, class Projection>
struct PackedSlots<GatedFeedForward<Scalar, Activation, Projection>> {
  static constexpr Index input_dim_in_type = Dynamic, units_in_type = Dynamic;

  static void add(std::vector<Slot<Scalar>>& slots, const Mapping& mapping, Index dim, Index hidden, bool bias) {
    add_gated(slots, mapping, gated_shape<Scalar>(dim, hidden, bias));
    add_output(slots, mapping, dense_shape<Scalar>(hidden, dim, bias));
  }
};

/// The slots [begin, end) of a file, packed.
template <class Scalar, class Stored>
class SlotPacker {
 public:
  using Weights = sluice::detail::PackedWeights<Scalar, Stored>;

  SlotPacker(std::string_view owner, const SlotReader<Scalar>& reader, const std::vector<Slot<Scalar>>& slots)
      : owner_(owner), reader_(reader), slots_(slots) {}

  Weights run(std::size_t begin, std::size_t end, bool paired) const {
    const View<Scalar>& weight = slots_[begin].pieces.front().parameters;
    Weights packed(owner_, weight.cols, weight.rows, paired);
    for (std::size_t i = begin; i < end; ++i) slots_[i].is_bias ? pack_bias(packed, i) : pack_weight(packed, i);
    return packed;
  }

 private:
  void pack_bias(Weights& packed, std::size_t i) const {
    const std::vector<Scalar> numbers = reader_.template read<Scalar>(i);
    for (const Piece<Scalar>& piece : slots_[i].pieces) {
      for (Index unit = 0; unit < piece.parameters.rows; ++unit) {
        packed.set_bias(piece.half, unit, &numbers[static_cast<std::size_t>(piece.first_row + unit * piece.row_step)],
                        1);
      }
    }
  }

  /// As many stored units at a time as fit into about a megabyte, in the type they are stored in.
  void pack_weight(Weights& packed, std::size_t i) const {
    const Slot<Scalar>& slot = slots_[i];
    const Index depth = slot.pieces.front().parameters.cols;
    const Index rows = slot.size() / depth;
    with_number_type(reader_.dtype(i), [&](auto stored) {
      using Source = decltype(stored);
      const Index fitting = (Index(1) << 20) / (depth * static_cast<Index>(sizeof(Source)));
      const Index step = std::min(rows, std::max<Index>(fitting, 16));
      std::vector<Source> numbers(static_cast<std::size_t>(depth * step));
      for (Index first = 0; first < rows; first += step) {
        const Index count = std::min(step, rows - first);
        View<const Source> units{numbers.data(), count, depth, depth, 1};
        if (slot.layout == Layout::OutIn) {
          reader_.read(i, first * depth, count * depth, numbers.data());
        } else {
          for (Index k = 0; k < depth; ++k) reader_.read(i, k * rows + first, count, numbers.data() + k * count);
          units = {numbers.data(), count, depth, 1, count};
        }
        for (const Piece<Scalar>& piece : slot.pieces) pack_units(packed, piece, first, units);
      }
    });
  }

  /// The rows of `units`, which are the stored rows from `first` on, that belong to a piece.
  template <class Source>
  static void pack_units(Weights& packed, const Piece<Scalar>& piece, Index first, const View<const Source>& units) {
    const auto pieces_before = [&](Index row) {  // units of the piece that are stored before this row
      const Index all = sluice::detail::divide_up(std::max<Index>(row - piece.first_row, 0), piece.row_step);
      return std::min(all, piece.parameters.rows);
    };
    const Index begin = pieces_before(first), end = pieces_before(first + units.rows);
    if (begin == end) return;
    const Index row = piece.first_row + begin * piece.row_step - first;
    packed.set_columns(piece.half, begin, every_row(units, row, piece.row_step, end - begin).transpose());
  }

  std::string_view owner_;
  const SlotReader<Scalar>& reader_;
  const std::vector<Slot<Scalar>>& slots_;
};

}  // namespace detail

/// A layer packed for inference, straight from a file: what pack<Stored>(layer) makes of a layer that load() has
/// filled, but that only about a megabyte of weights is in memory twice.
///
/// Layer     GatedLinearUnit, GatedFeedForward or Dense of float or double, with the sizes and options that its
///           constructor would be given
/// Stored    the type of the weights in memory: the layer's scalar, Eigen::bfloat16, Eigen::half or Int8
///
/// Throws as load() does, and std::invalid_argument for sizes that are not positive, not those of the type, or cannot
/// be addressed.
///
///   using Block = sluice::GatedFeedForward<float, sluice::SiLU>;
///   auto fast = sluice::io::pack<Block, Eigen::bfloat16>("model.safetensors",
///   sluice::io::HfLlama("model.layers.0.mlp"),
///                                                        4096, 11008);
///   fast.forward(x, y);
template <class Layer, class Stored = void>
auto pack(const Safetensors& file, const Mapping& mapping, Index input_dim, Index units,
          const typename Layer::Options& options = {}) {
  using Scalar = typename Layer::Scalar;
  using Weight = sluice::detail::StoredOr<Stored, Scalar>;
  using Result = Packed<Layer, Weight>;
  using PackedSlots = detail::PackedSlots<Layer>;
  sluice::detail::check_extent(Result::name, "input_dim", input_dim, PackedSlots::input_dim_in_type);
  sluice::detail::check_extent(Result::name, "units", units, PackedSlots::units_in_type);
  sluice::detail::checked_product(Result::name, sluice::detail::checked_product(Result::name, input_dim, units), 2);
  std::vector<detail::Slot<Scalar>> slots;
  PackedSlots::add(slots, mapping, input_dim, units, options.bias);
  const detail::SlotReader reader(file, mapping, slots, detail::GatedLayer<Layer>);
  const detail::SlotPacker<Scalar, Weight> packer(Result::name, reader, slots);

  if constexpr (detail::FeedForwardBlock<Layer>) {
    using Gated = std::remove_cvref_t<decltype(std::declval<Result&>().gated())>;
    using Output = std::remove_cvref_t<decltype(std::declval<Result&>().output())>;
    const std::size_t gated_slots = slots.size() - (options.bias ? 2 : 1);
    using Gating = sluice::detail::GatingOf<typename Layer::Activation>;
    return Result(Gated(packer.run(0, gated_slots, true), Gating::make(options.activation)),
                  Output(packer.run(gated_slots, slots.size(), false), Identity{}));
  } else if constexpr (detail::GatedLayer<Layer>) {
    using Gating = sluice::detail::GatingOf<typename Layer::Activation>;
    return Result(packer.run(0, slots.size(), true), Gating::make(options.activation));
  } else {
    return Result(packer.run(0, slots.size(), false), options.activation);
  }
}
template <class Layer, class Stored = void>
auto pack(const std::filesystem::path& path, const Mapping& mapping, Index input_dim, Index units,
          const typename Layer::Options& options = {}) {
  return pack<Layer, Stored>(Safetensors::open(path), mapping, input_dim, units, options);
}

}  // namespace io

SLUICE_NAMESPACE_END
