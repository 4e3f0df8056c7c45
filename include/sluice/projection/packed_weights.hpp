// SPDX-License-Identifier: MIT
//
// PackedWeights: weights and biases laid out once, in the order in which the register tile reads them.
//
//   element (k, lane) of packet h of panel p at  data[((p·depth + k)·2 + h)·packet + lane]
//
// A panel holds two packets of columns: value and gate of the same units, or (one half only) two neighbours. Every
// panel is read from front to back, whether for one sample or for many. Columns are filled up with zeros to a whole
// panel. Where value and gate have so few columns that both fit one packet, they share the first one, half of it each.
// Weights are stored as Scalar, bfloat16 or half (rounded to nearest, even), or Int8 with a scale per column.
#pragma once

#include <sluice/core/error.hpp>
#include <sluice/core/int8.hpp>
#include <sluice/core/line_allocator.hpp>
#include <sluice/core/narrow.hpp>
#include <sluice/projection/panels.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

SLUICE_NAMESPACE_BEGIN

namespace detail {

template <class Scalar, class Stored>
concept PackedAs = std::is_same_v<Stored, Scalar> || std::is_same_v<Stored, Eigen::bfloat16> ||
    std::is_same_v<Stored, Eigen::half> || std::is_same_v<Stored, Int8>;

template <class Scalar, class Stored>
class PackedWeights {
  static constexpr Index packet = simd::packet_size<Scalar>;
  static constexpr bool scaled = simd::has_scale<Stored>;

 public:
  /// Weights (depth × cols) of one half, or of value and gate each, and their biases; all zero. Throws
  /// std::invalid_argument where a size is not positive or cannot be addressed.
  PackedWeights(std::string_view owner, Index depth, Index cols, bool paired)
      : depth_(positive(owner, "input_dim", depth)),
        cols_(positive(owner, "units", cols)),
        paired_(paired),
        gate_offset_(paired && has_half_panels<Scalar> && 2 * cols <= packet ? packet / 2 : packet),
        weights_(count(owner, checked_product(owner, checked_product(owner, panels(), 2 * packet), depth))),
        biases_(count(owner, panels() * 2 * packet)),
        scales_(scaled ? biases_.size() : 0) {}

  PackedWeights(const PackedWeights&) = default;
  PackedWeights(PackedWeights&&) noexcept = default;
  PackedWeights& operator=(PackedWeights&&) noexcept = default;
  /// Without memory for the copy everything is as it was.
  PackedWeights& operator=(const PackedWeights& other) { return *this = PackedWeights(other); }

  Index depth() const { return depth_; }
  Index cols() const { return cols_; }
  std::size_t bytes() const {
    return weights_.size() * sizeof(Stored) + (biases_.size() + scales_.size()) * sizeof(Scalar);
  }

  /// Writes columns of a half (0: value, 1: gate), from the first one on. A column with weights that are no numbers
  /// gives no numbers, in eight bits as well.
  template <class Source>
  void set_columns(int half, Index first, const MatrixView<const Source>& columns) {
    for (Index c = 0; c < columns.cols; ++c) {
      Stored* const to = weights_.data() + offset(half, first + c, depth_);
      const Source* const from = columns.data + c * columns.col_stride;
      if constexpr (scaled) {
        Scalar largest(0);
        bool finite = true;
        for (Index k = 0; k < depth_; ++k) {
          const auto w = static_cast<Scalar>(from[k * columns.row_stride]);
          finite = finite && std::isfinite(w);
          largest = std::max(largest, std::abs(w));
        }
        using Limits = std::numeric_limits<Scalar>;
        const Scalar scale = finite ? std::max(largest / Scalar(127), Limits::min()) : Limits::quiet_NaN();
        scales_[column(half, first + c)] = scale;
        for (Index k = 0; k < depth_; ++k) {
          const Scalar q =
              finite ? std::nearbyint(static_cast<Scalar>(from[k * columns.row_stride]) / scale) : Scalar(0);
          to[k * 2 * packet].value = static_cast<std::int8_t>(q);
        }
      } else {
        for (Index k = 0; k < depth_; ++k) to[k * 2 * packet] = store(from[k * columns.row_stride]);
      }
    }
  }
  template <class Source>
  void set_bias(int half, Index first, const Source* bias, Index size) {
    for (Index c = 0; c < size; ++c) biases_[column(half, first + c)] = static_cast<Scalar>(bias[c]);
  }

  Panels<Scalar, Stored> view() const { return paired_ ? view_as<true>() : view_as<false>(); }
  /// The same where the caller knows whether they are paired, for the compiler to know it, too.
  template <bool Paired>
  Panels<Scalar, Stored> view_as() const {
    eigen_assert(Paired == paired_);
    const Index second = Paired ? divide_up(cols_, packet) * packet : packet;
    const Scalar* const scales = scaled ? scales_.data() : nullptr;
    Panels<Scalar, Stored> panels{weights_.data(),
                                  weights_.data() + (Paired ? gate_offset_ : packet),
                                  depth_,
                                  cols_,
                                  2 * packet,
                                  depth_ * 2 * packet,
                                  Paired,
                                  biases_.data(),
                                  biases_.data() + second,
                                  scales,
                                  scaled ? scales + second : nullptr};
    const std::size_t weight_bytes = weights_.size() * sizeof(Stored);
    panels.from_memory = weight_bytes > static_cast<std::size_t>(weights_in_l2);
    panels.beyond_l3 = weight_bytes >= static_cast<std::size_t>(weights_beyond_l3);
    return panels;
  }

 private:
  static Index positive(std::string_view owner, std::string_view what, Index size) {
    check_positive(owner, what, size);
    return size;
  }
  Index panels() const {  // of any cols_ > 0, and without a division
    const Index last_packet = (cols_ - 1) / packet;
    return (last_packet >> (paired_ ? 0 : 1)) + 1;
  }
  static std::size_t count(std::string_view owner, Index scalars) {
    checked_product(owner, scalars, static_cast<Index>(sizeof(Scalar)));
    return static_cast<std::size_t>(scalars);
  }
  /// Where a column begins, `rows` to a panel.
  Index offset(int half, Index col, Index rows) const {
    const Index packets = paired_ ? 2 * (col / packet) + half : col / packet;
    return packets / 2 * rows * 2 * packet + packets % 2 * gate_offset_ + col % packet;
  }
  /// Biases and scales: both halves one after the other.
  std::size_t column(int half, Index col) const { return static_cast<std::size_t>(half * panels() * packet + col); }
  template <class Source>
  static Stored store(const Source& w) {
    if constexpr (std::is_same_v<Stored, Source>) {
      return w;
    } else if constexpr (std::is_same_v<Stored, Scalar>) {
      return static_cast<Scalar>(w);
    } else {
      return narrow<Stored>(w);
    }
  }

  Index depth_;
  Index cols_;
  bool paired_;
  Index gate_offset_;  // in a panel, from the first packet to the second half
  LineVector<Stored> weights_;
  LineVector<Scalar> biases_;
  LineVector<Scalar> scales_;
};

}  // namespace detail

SLUICE_NAMESPACE_END
