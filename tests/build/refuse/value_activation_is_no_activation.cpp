// SPDX-License-Identifier: MIT
//
// The value half's activation is checked like the gate's.
// refused: not an activation.*no `static constexpr std::string_view name`
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Value = int*;
#else
using Value = sluice::Tanh;
#endif

sluice::GatedLinearUnit<float, sluice::Gating<sluice::Sigmoid, Value>> layer(3, 2);
