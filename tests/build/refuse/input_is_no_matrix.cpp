// SPDX-License-Identifier: MIT
//
// An input that is not an Eigen expression.
// refused: no match for call|no matching function
#include <sluice/sluice.hpp>

#include <vector>

#ifdef REFUSED
using Input = std::vector<float>;
#else
using Input = Eigen::RowVectorXf;
#endif

float run(const sluice::SwiGLU<float>& layer, const Input& x) { return layer(x).sum(); }
