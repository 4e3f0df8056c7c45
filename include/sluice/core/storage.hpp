// SPDX-License-Identifier: MIT
//
// ParameterStorage: the numbers a layer learns, in one piece of memory that begins with a cache line. Small sizes that
// are known in the type lie inside the object (no heap); everything else lies on the heap.
//
// A few scalars of padding follow the parameters: kernels read whole packets, also at the end of the last row, and
// ignore the surplus lanes.
#pragma once

#include <sluice/core/line_allocator.hpp>
#include <sluice/core/simd.hpp>

#include <array>
#include <cstddef>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// Largest parameter block that is kept inside the object.
inline constexpr std::size_t inline_storage_limit = 128 * 1024;

/// 128 bytes hold two of the widest packets. Not the packets of this very target: the size of a layer must not depend
/// on vector flags that the name of the library's namespace does not tell apart.
template <class Scalar>
inline constexpr Index storage_padding = simd::is_vectorized_scalar<Scalar> ? 128 / static_cast<Index>(sizeof(Scalar))
                                                                            : 0;

/// Size: number of parameters, or Dynamic.
template <class Scalar, Index Size>
inline constexpr bool is_stored_inline = (Size != Dynamic) &&
                                         (static_cast<std::size_t>(Size) <= inline_storage_limit / sizeof(Scalar));

template <class Scalar, Index Size, bool Inline = is_stored_inline<Scalar, Size>>
class ParameterStorage {
 public:
  explicit ParameterStorage(Index size)
      : scalars_(static_cast<std::size_t>(size + storage_padding<Scalar>), Scalar(0)) {}
  ParameterStorage(const ParameterStorage&) = default;
  ParameterStorage(ParameterStorage&&) noexcept = default;
  ParameterStorage& operator=(ParameterStorage&&) noexcept = default;
  /// Without memory for the copy everything is as it was; none is needed where the size stays.
  ParameterStorage& operator=(const ParameterStorage& other) {
    if (scalars_.size() != other.scalars_.size()) return *this = ParameterStorage(other);
    scalars_ = other.scalars_;
    return *this;
  }

  Scalar* data() { return scalars_.data(); }
  const Scalar* data() const { return scalars_.data(); }
  /// Whether the parameters have been moved away.
  bool is_empty() const { return scalars_.empty(); }

 private:
  LineVector<Scalar> scalars_;
};

template <class Scalar, Index Size>
class ParameterStorage<Scalar, Size, true> {
 public:
  explicit ParameterStorage(Index /*size*/) { scalars_.fill(Scalar(0)); }

  Scalar* data() { return scalars_.data(); }
  const Scalar* data() const { return scalars_.data(); }
  static constexpr bool is_empty() { return false; }

 private:
  static constexpr std::size_t alignment = simd::is_vectorized_scalar<Scalar> ? 64 : alignof(Scalar);
  alignas(alignment) std::array<Scalar, static_cast<std::size_t>(Size + storage_padding<Scalar>)> scalars_;
};

}  // namespace detail

SLUICE_NAMESPACE_END
