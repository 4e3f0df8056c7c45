// SPDX-License-Identifier: MIT
//
// A double input for a float layer would be rounded in silence.
// refused: sluice: .*scalar
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Input = Eigen::MatrixXd;
#else
using Input = Eigen::MatrixXf;
#endif

float run(const sluice::SwiGLU<float>& layer, const Input& x) { return layer(x).sum(); }
