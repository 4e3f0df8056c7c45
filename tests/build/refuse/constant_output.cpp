// SPDX-License-Identifier: MIT
//
// An output that cannot be written.
// refused: sluice: an output must be .* that can be written to
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Output = const Eigen::MatrixXf;
#else
using Output = Eigen::MatrixXf;
#endif

void run(const sluice::SwiGLU<float>& layer, const Eigen::MatrixXf& x, Output& y) { layer.forward(x, y); }
