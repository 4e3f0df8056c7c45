// SPDX-License-Identifier: MIT
//
// load() and save(): a layer's weights from and to a safetensors file, by a mapping that names the tensors.
#pragma once

#include <sluice/io/safetensors_reader.hpp>
#include <sluice/io/safetensors_writer.hpp>
#include <sluice/io/self_check.hpp>
#include <sluice/io/slot_reader.hpp>
#include <sluice/io/slots.hpp>

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

struct LoadOptions {
  /// Replay the inputs and outputs that the exporter stored (self_check.hpp) before the layer is touched.
  bool self_check = false;
};

/// Fills a layer (GatedLinearUnit, GatedFeedForward, Dense, or gradients) from the tensors that the mapping names.
///
/// F64, F32, F16 and BF16 become the layer's scalar: the same number where it can hold it, else the nearest.
/// Everything below the mapping's prefix has to be accounted for: a tensor that is missing, left over, or of another
/// shape or dtype throws FormatError, one for all of them, with names and shapes, and the layer stays as it was. Below
/// "" is the whole file. A mapping of a feed-forward block fills a lone gated layer with the block's first half.
/// Throws std::invalid_argument where the mapping knows no layer of this kind, or the layer has been moved from.
///
///   sluice::SwiGLU<float> layer(30, 10);
///   sluice::io::load(layer, "model.safetensors", sluice::io::TorchGlu("net.0"));
template <class L>
void load(L& layer, const Safetensors& file, const Mapping& mapping, const LoadOptions& options = {}) {
  const auto slots = detail::slots_of(layer, mapping);
  using Scalar = typename decltype(slots)::value_type::Scalar;
  const detail::SlotReader reader(file, mapping, slots, detail::GatedLayer<L>);
  std::vector<std::vector<Scalar>> numbers;  // of all tensors, before the first of them is used
  for (std::size_t i = 0; i < slots.size(); ++i) numbers.push_back(reader.template read<Scalar>(i));
  const auto fill = [&](const auto& into) {
    for (std::size_t i = 0; i < into.size(); ++i) detail::put(into[i], numbers[i].data());
  };
  if (options.self_check) {
    if constexpr (detail::ComputesOutputs<L>) {
      L candidate = layer;
      fill(detail::slots_of(candidate, mapping));
      self_check(candidate, file, mapping);
    } else {
      sluice::detail::fail("Gradients", "compute no outputs for a self-check");
    }
  }
  fill(slots);
}
template <class L>
void load(L& layer, const std::filesystem::path& path, const Mapping& mapping, const LoadOptions& options = {}) {
  load(layer, Safetensors::open(path), mapping, options);
}

/// Adds a layer's weights to a file that is being gathered, under the mapping's names; several layers, each below its
/// own prefix, make one file. Another dtype than the layer's own rounds the numbers. Throws std::invalid_argument, and
/// adds nothing, where a name is taken, the mapping knows no layer of this kind, or the layer has been moved from.
template <class L>
void save(const L& layer, SafetensorsWriter& writer, const Mapping& mapping, std::optional<Dtype> dtype = {}) {
  const auto slots = detail::slots_of(layer, mapping);
  using Scalar = typename decltype(slots)::value_type::Scalar;
  if (mapping.expert.value_or(0) != 0) {
    sluice::detail::fail(mapping.name, "a layer is saved as the only expert of its file, not as expert ",
                         *mapping.expert);
  }
  SafetensorsWriter gathered;  // so that a name that is taken changes nothing
  for (const auto& slot : slots) {
    std::vector<Scalar> numbers(static_cast<std::size_t>(slot.size()));
    detail::get(slot, numbers.data());
    std::vector<Index> shape = slot.shape;
    if (mapping.stacked_experts) shape.insert(shape.begin(), 1);
    gathered.add(slot.name, std::move(shape), numbers.data(), dtype.value_or(detail::natural_dtype<Scalar>));
  }
  writer.add(std::move(gathered));
}

/// Writes a layer's weights as a safetensors file of their own, replacing the file as a whole.
///
///   sluice::io::save(layer, "layer.safetensors", sluice::io::Native("encoder.0"));
template <class L>
void save(const L& layer, const std::filesystem::path& path, const Mapping& mapping, std::optional<Dtype> dtype = {}) {
  SafetensorsWriter writer;
  save(layer, writer, mapping, dtype);
  writer.save(path);
}

}  // namespace io

SLUICE_NAMESPACE_END
