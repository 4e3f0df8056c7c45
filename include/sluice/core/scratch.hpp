// SPDX-License-Identifier: MIT
//
// Scratch memory of a call: one growing, aligned buffer for each thread and purpose. After the first call of a size on
// a thread nothing is allocated any more, and no lock is taken.
#pragma once

#include <sluice/core/config.hpp>
#include <sluice/core/line_allocator.hpp>

#include <cstddef>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// At least `count` scalars that begin with a cache line, valid until this thread asks for the same purpose again.
/// A purpose is an empty tag type; two buffers that live at the same time need two tags.
template <class Purpose, class Scalar>
Scalar* scratch(Index count) {
  thread_local LineVector<Scalar> buffer;
  const auto needed = static_cast<std::size_t>(count);
  if (buffer.size() < needed) {
    buffer.clear();  // so that growing does not copy what nobody reads
    buffer.resize(needed);
  }
  return buffer.data();
}

}  // namespace detail

SLUICE_NAMESPACE_END
