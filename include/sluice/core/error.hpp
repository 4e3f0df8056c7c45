// SPDX-License-Identifier: MIT
//
// Errors of the caller. The message names the layer, what it expected and what it got; it is thrown as
// std::invalid_argument, in Release builds too. With exceptions disabled it goes to stderr and the program aborts.
#pragma once

#include <sluice/core/config.hpp>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// A piece of a text: characters, or a number in digits.
struct TextPart {
  TextPart(std::string_view part) : text(part), is_number(false) {}
  TextPart(const std::string& part) : text(part), is_number(false) {}
  TextPart(const char* part) : text(part), is_number(false) {}
  TextPart(Index part) : number(part), is_number(true) {}

  std::string_view text;
  Index number = 0;
  bool is_number;
};

// All texts of the library are put together here, in one function that is never inlined: std::string is a template of
// which every use is compiled again.
SLUICE_COLD inline void append(std::string& text, std::initializer_list<TextPart> parts) {
  for (const TextPart& part : parts) {
    if (part.is_number) {
      char digits[24];
      std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(part.number));
      text.append(digits);
    } else {
      text.append(part.text);
    }
  }
}
SLUICE_COLD inline std::string concat(std::initializer_list<TextPart> parts) {
  std::string text;
  append(text, parts);
  return text;
}

[[noreturn]] SLUICE_COLD inline void fail_with(std::initializer_list<TextPart> parts) {
  const std::string message = concat(parts);
#if SLUICE_HAS_EXCEPTIONS
  throw std::invalid_argument(message);
#else
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
#endif
}
/// fail(layer, "expected ", 30, " features") and the like. The parts come by value: a reference to one would keep it
/// in memory on the way that does not fail, too.
template <class... Parts>
[[noreturn]] SLUICE_COLD void fail(std::string_view layer, Parts... parts) {
  fail_with({layer, ": ", parts...});
}

/// "32×31"
SLUICE_COLD inline std::string shape_text(Index rows, Index cols) { return concat({rows, "×", cols}); }

/// "30 → 10 with bias"
SLUICE_COLD inline std::string layer_text(Index input_dim, Index units, bool has_bias) {
  return concat({input_dim, " → ", units, has_bias ? " with bias" : " without bias"});
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
