// SPDX-License-Identifier: MIT
//
// SlotReader: a file that has been held against the tensors that a mapping wants of it.
#pragma once

#include <sluice/io/safetensors_reader.hpp>
#include <sluice/io/self_check.hpp>
#include <sluice/io/slots.hpp>

#include <algorithm>
#include <string>
#include <vector>

SLUICE_NAMESPACE_BEGIN

namespace io::detail {

/// Collects all that is wrong with a file for a layer, so that one error can say it.
template <class T>
class SlotReader {
 public:
  /// is_part: whether the layer is the gated part of the mapping's feed-forward block, whose output stays unread.
  SlotReader(const Safetensors& file, const Mapping& mapping, const std::vector<Slot<T>>& slots, bool is_part)
      : file_(file), mapping_(mapping), slots_(slots) {
    for (const Slot<T>& slot : slots) find(slot);
    find_left_over(slots, is_part);
    if (problems_.empty()) return;
    say_if_prefix_is_unknown();
    throw FormatError(file.path(),
                      "does not hold this layer as " + mapping.name + "(\"" + mapping.prefix + "\")" + problems_);
  }

  /// The numbers of slot i, in the order they are stored; zeros where it is missing and may be.
  template <class Scalar>
  std::vector<Scalar> read(std::size_t i) const {
    std::vector<Scalar> numbers(static_cast<std::size_t>(slots_[i].size()), Scalar(0));
    if (first_[i] >= 0) file_.read(slots_[i].name, first_[i], slots_[i].size(), numbers.data());
    return numbers;
  }
  /// Some of them, from the first one on. Not for a slot that is missing.
  template <class Scalar>
  void read(std::size_t i, Index first, Index count, Scalar* to) const {
    file_.read(slots_[i].name, first_[i] + first, count, to);
  }
  Dtype dtype(std::size_t i) const { return file_.dtype(slots_[i].name); }

 private:
  void find(const Slot<T>& slot) {
    first_.push_back(-1);
    if (!file_.contains(slot.name)) {
      if (slot.is_bias && mapping_.missing_bias == MissingBias::Zero) return;
      problem("missing", slot.name, text_of(slot.shape));
      return;
    }
    std::vector<Index> shape = file_.shape(slot.name);
    const std::string got = text_of(shape) + " " + std::string(name_of(file_.dtype(slot.name)));
    Index experts = 1;
    if (mapping_.stacked_experts && shape.size() == slot.shape.size() + 1) {
      experts = shape.front();
      shape.erase(shape.begin());
    }
    if (shape != slot.shape) {
      problem("wrong shape", slot.name, got + ", expected " + text_of(slot.shape));
      return;
    }
    if (!is_floating(file_.dtype(slot.name))) {
      problem("wrong dtype", slot.name, got + ", expected F64, F32, F16 or BF16");
      return;
    }
    const Index expert = mapping_.expert.value_or(0);
    if (!mapping_.expert && experts != 1) {
      problem("of several experts (say which one)", slot.name, got);
    } else if (expert < 0 || expert >= experts) {
      problem("without expert " + std::to_string(expert), slot.name, got);
    } else {
      first_.back() = expert * slot.size();
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

  /// Every tensor is missing where the prefix is wrong: what the names do begin with helps more than the list.
  void say_if_prefix_is_unknown() {
    const std::string prefix = mapping_.full_name("");
    const std::vector<std::string> names = file_.names();
    const auto below = [&](const std::string& name) { return name.starts_with(prefix); };
    if (names.empty() || std::any_of(names.begin(), names.end(), below)) return;
    problems_ += "\n  no tensor lies below this prefix; one of the file is called " + printable(names.front());
  }

  void problem(const std::string& what, const std::string& name, const std::string& shape) {
    problems_ += "\n  " + what + ": " + printable(name) + " " + shape;
  }

  const Safetensors& file_;
  const Mapping& mapping_;
  const std::vector<Slot<T>>& slots_;
  std::vector<Index> first_;  // the element where slot i begins, -1 where it is missing and zero
  std::string problems_;
};

}  // namespace io::detail

SLUICE_NAMESPACE_END
