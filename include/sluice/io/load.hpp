// SPDX-License-Identifier: MIT
//
// load() and save(): a layer's weights from and to a safetensors file, by a mapping that names the tensors.
#pragma once

#include <sluice/io/safetensors_reader.hpp>
#include <sluice/io/safetensors_writer.hpp>
#include <sluice/io/self_check.hpp>
#include <sluice/io/slots.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io {

struct LoadOptions {
  /// Replay the inputs and outputs that the exporter stored (self_check.hpp) before the layer is touched.
  bool self_check = false;
};

namespace detail {

/// Collects all that is wrong with a file for a layer, so that one error can say it.
template <class T>
class SlotReader {
 public:
  /// is_part: whether the layer is the gated part of the mapping's feed-forward block, whose output stays unread.
  SlotReader(const Safetensors& file, const Mapping& mapping, const std::vector<Slot<T>>& slots, bool is_part)
      : file_(file), mapping_(mapping) {
    for (const Slot<T>& slot : slots) find(slot);
    find_left_over(slots, is_part);
    if (problems_.empty()) return;
    throw FormatError(file.path(), "does not hold this layer as " + mapping.name + "(\"" + mapping.prefix +
                                       "\"); the layer stays as it was" + problems_);
  }

  /// The numbers of slot i, in the order they are stored.
  template <class Scalar>
  std::vector<Scalar> read(const Slot<T>& slot, std::size_t i) const {
    std::vector<Scalar> numbers(static_cast<std::size_t>(slot.size()), Scalar(0));
    if (first_[i] >= 0) file_.read(slot.name, first_[i], slot.size(), numbers.data());
    return numbers;
  }

 private:
  void find(const Slot<T>& slot) {
    first_.push_back(-1);
    if (!file_.contains(slot.name)) {
      if (slot.is_bias && mapping_.missing_bias == MissingBias::Zero) return;
      problem("missing", slot.name, text_of(slot.shape));
      return;
    }
    first_.back() = 0;
    const std::vector<Index>& shape = file_.shape(slot.name);
    const std::string got = text_of(shape) + " " + std::string(name_of(file_.dtype(slot.name)));
    std::vector<Index> of_expert = shape;
    if (mapping_.stacked_experts && shape.size() == slot.shape.size() + 1) {
      of_expert.erase(of_expert.begin());
      if (of_expert == slot.shape && !mapping_.expert && shape[0] != 1) {
        problem("of several experts (say which one)", slot.name, got);
        return;
      }
      const Index expert = mapping_.expert.value_or(0);
      if (of_expert == slot.shape && (expert < 0 || expert >= shape[0])) {
        problem("without expert " + std::to_string(expert), slot.name, got);
        return;
      }
      first_.back() = expert * slot.size();
    }
    if (of_expert != slot.shape) {
      problem("wrong shape", slot.name, got + ", expected " + text_of(slot.shape));
    } else if (!is_floating(file_.dtype(slot.name))) {
      problem("wrong dtype", slot.name, got + ", expected F64, F32, F16 or BF16");
    }
  }

  /// Tensors below the prefix that nothing accounts for. A bias that the layer lacks is among them: it must not be
  /// dropped in silence.
  void find_left_over(const std::vector<Slot<T>>& slots, bool is_part) {
    const std::string prefix = mapping_.full_name("");
    std::vector<std::string> expected{self_check_name(mapping_, "input"), self_check_name(mapping_, "output")};
    for (const Slot<T>& slot : slots) expected.push_back(slot.name);
    if (is_part && mapping_.output) {
      expected.push_back(mapping_.full_name(mapping_.output->weight));
      expected.push_back(mapping_.full_name(mapping_.output->bias));
    }
    for (const std::string& name : file_.names()) {
      if (!name.starts_with(prefix) || std::find(expected.begin(), expected.end(), name) != expected.end()) continue;
      problem("left over", name, text_of(file_.shape(name)) + " " + std::string(name_of(file_.dtype(name))));
    }
  }

  void problem(const std::string& what, const std::string& name, const std::string& shape) {
    problems_ += "\n  " + what + ": " + printable(name) + " " + shape;
  }

  const Safetensors& file_;
  const Mapping& mapping_;
  std::vector<Index> first_;  // the element where slot i begins, -1 where it is missing and zero
  std::string problems_;
};

}  // namespace detail

/// Fills a layer (GatedLinearUnit, GatedFeedForward, Dense, or gradients) from the tensors that the mapping names.
///
/// F64, F32, F16 and BF16 become the layer's scalar: the same number where it can hold it, else the nearest.
/// Everything below the mapping's prefix has to be accounted for: a tensor that is missing, left over, or of another
/// shape or dtype throws FormatError, one for all of them, with names and shapes, and the layer stays as it was. Below
/// "" is the whole file. A mapping of a feed-forward block fills a lone gated layer with the block's first half.
/// Throws std::invalid_argument where the mapping knows no layer of this kind.
///
///   sluice::SwiGLU<float> layer(30, 10);
///   sluice::io::load(layer, "model.safetensors", sluice::io::TorchGlu("net.0"));
template <class L>
void load(L& layer, const Safetensors& file, const Mapping& mapping, const LoadOptions& options = {}) {
  const auto slots = detail::slots_of(layer, mapping);
  using Scalar = typename decltype(slots)::value_type::Scalar;
  const detail::SlotReader reader(file, mapping, slots, detail::GatedLayer<L>);
  std::vector<std::vector<Scalar>> numbers;
  for (std::size_t i = 0; i < slots.size(); ++i) numbers.push_back(reader.template read<Scalar>(slots[i], i));
  const auto fill = [&](const auto& into) {
    for (std::size_t i = 0; i < into.size(); ++i) detail::put(into[i], numbers[i].data());
  };
  if (options.self_check) {
    L candidate = layer;
    fill(detail::slots_of(candidate, mapping));
    self_check(candidate, file, mapping);
  }
  fill(slots);
}
template <class L>
void load(L& layer, const std::filesystem::path& path, const Mapping& mapping, const LoadOptions& options = {}) {
  load(layer, Safetensors::open(path), mapping, options);
}

/// Adds a layer's weights to a file that is being gathered, under the mapping's names; several layers, each below its
/// own prefix, make one file. Another dtype than the layer's own rounds the numbers.
template <class L>
void save(const L& layer, SafetensorsWriter& writer, const Mapping& mapping, std::optional<Dtype> dtype = {}) {
  const auto slots = detail::slots_of(layer, mapping);
  using Scalar = typename decltype(slots)::value_type::Scalar;
  if (mapping.expert.value_or(0) != 0) {
    sluice::detail::fail(mapping.name, "a layer is saved as the only expert of its file, not as expert ",
                         *mapping.expert);
  }
  for (const auto& slot : slots) {
    std::vector<Scalar> numbers(static_cast<std::size_t>(slot.size()));
    detail::get(slot, numbers.data());
    std::vector<Index> shape = slot.shape;
    if (mapping.stacked_experts) shape.insert(shape.begin(), 1);
    writer.add(slot.name, std::move(shape), numbers.data(), dtype.value_or(detail::natural_dtype<Scalar>));
  }
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
