// SPDX-License-Identifier: MIT
#include "support/data_path.hpp"

namespace test {

std::string data_path(const std::string& name) { return SLUICE_TEST_DATA "/" + name; }

}  // namespace test
