// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace test {

/// Where a file of tests/data is. Compiled in one place, so that the command of every other file is
/// the same wherever the repository lies, and a compiler cache knows it.
std::string data_path(const std::string& name);

}  // namespace test
