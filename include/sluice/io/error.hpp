// SPDX-License-Identifier: MIT
//
// FormatError: a file that cannot be read, written or believed. The message is the path and the reason.
#pragma once

#include <sluice/core/config.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

SLUICE_NAMESPACE_BEGIN

namespace io {

/// What every reader and writer of sluice::io throws.
///
///   try { … } catch (const sluice::io::FormatError& error) { std::cerr << error.what(); }
///   // model.safetensors: the header claims 900 bytes, the file has 20
class FormatError : public std::runtime_error {
 public:
  FormatError(std::string path, std::string reason)
      : std::runtime_error(path + ": " + reason), path_(std::move(path)), reason_(std::move(reason)) {}

  const std::string& path() const { return path_; }
  const std::string& reason() const { return reason_; }

 private:
  std::string path_;
  std::string reason_;
};

namespace detail {

/// A name out of a file, fit for a message: control characters are escaped, and what is very long is cut.
inline std::string printable(std::string_view name) {
  constexpr std::size_t longest = 200;
  std::string text = "'";
  for (const char c : name.substr(0, longest)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      text += escaped;
    } else {
      text += c;
    }
  }
  return text + (name.size() > longest ? "…'" : "'");
}

}  // namespace detail

}  // namespace io

SLUICE_NAMESPACE_END
