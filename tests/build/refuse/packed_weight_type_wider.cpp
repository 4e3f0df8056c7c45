// SPDX-License-Identifier: MIT
//
// Weights of a float layer gain nothing as double.
// refused: sluice: weights are packed as the layer's own scalar, Eigen::bfloat16, Eigen::half or sluice::Int8
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Stored = double;
#else
using Stored = float;
#endif

auto run(const sluice::Dense<float>& layer) { return sluice::pack<Stored>(layer).bytes(); }
