// SPDX-License-Identifier: MIT
//
// A sink of a product that hands its blocks to a test's own function. It writes nothing.
#pragma once

#include <sluice/projection/sink.hpp>

namespace test {

/// Calls function(block), which must outlive the sink.
template <class Scalar, class Function>
sluice::detail::Sink<Scalar> sink_to(Function& function) {
  using Block = sluice::detail::PreActivationBlock<Scalar>;
  static const sluice::detail::Targets<Scalar> nowhere{};
  return {&function,
          [](const void* f, const Block& block, const sluice::detail::Targets<Scalar>&) {
            (*const_cast<Function*>(static_cast<const Function*>(f)))(block);
          },
          nowhere};
}

}  // namespace test
