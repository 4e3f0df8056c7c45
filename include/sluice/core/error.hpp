// SPDX-License-Identifier: MIT
//
// Errors of the caller. The message names the layer, what it expected and what it got; it is thrown as
// std::invalid_argument, in Release builds too. With exceptions disabled it goes to stderr and the program aborts.
#pragma once

#include <sluice/core/config.hpp>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

SLUICE_NAMESPACE_BEGIN

namespace detail {

[[noreturn]] SLUICE_NEVER_INLINE inline void fail(const std::string& message) {
#if SLUICE_HAS_EXCEPTIONS
  throw std::invalid_argument(message);
#else
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
#endif
}

inline void append(std::string& text, std::string_view part) { text += part; }
inline void append(std::string& text, Index number) { text += std::to_string(number); }

/// fail(layer, ": expected ", 30, " features") and the like. The parts come by value: a reference to one would keep it
/// in memory on the way that does not fail, too.
template <class... Parts>
[[noreturn]] SLUICE_NEVER_INLINE void fail(std::string_view layer, Parts... parts) {
  std::string message(layer);
  message += ": ";
  (append(message, parts), ...);
  fail(message);
}

/// "32×31"
inline std::string shape_text(Index rows, Index cols) { return std::to_string(rows) + "×" + std::to_string(cols); }

/// "30 → 10 with bias"
inline std::string layer_text(Index input_dim, Index units, bool has_bias) {
  return std::to_string(input_dim) + " → " + std::to_string(units) + (has_bias ? " with bias" : " without bias");
}

inline void check_positive(std::string_view layer, std::string_view what, Index number) {
  if (number <= 0) fail(layer, "expected ", what, " > 0, got ", number);
}

/// a·b for sizes that are not negative; an error where an Index cannot hold the product.
inline Index checked_product(std::string_view layer, Index a, Index b) {
  if (b != 0 && a > std::numeric_limits<Index>::max() / b) {
    fail(layer, "a size of ", shape_text(a, b), " is more than this machine can address");
  }
  return a * b;
}

inline Index checked_sum(std::string_view layer, Index a, Index b) {
  if (a > std::numeric_limits<Index>::max() - b) {
    fail(layer, "a size of ", a, " + ", b, " is more than this machine can address");
  }
  return a + b;
}

}  // namespace detail

SLUICE_NAMESPACE_END
