// SPDX-License-Identifier: MIT
#include "support/engine.hpp"

SLUICE_NAMESPACE_BEGIN
namespace detail {
SLUICE_TEST_ENGINES()
}
SLUICE_NAMESPACE_END
