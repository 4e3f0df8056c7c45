// SPDX-License-Identifier: MIT
//
// Weights are packed as the layer's scalar, in 16 bits or as Int8, not as just any number.
// refused: sluice: weights are packed as the layer's own scalar, Eigen::bfloat16, Eigen::half or sluice::Int8
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Stored = int;
#else
using Stored = sluice::Int8;
#endif

auto run(const sluice::SwiGLU<float>& layer) { return sluice::pack<Stored>(layer).bytes(); }
