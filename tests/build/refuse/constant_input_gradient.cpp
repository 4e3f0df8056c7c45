// SPDX-License-Identifier: MIT
//
// An input gradient that cannot be written.
// refused: sluice: an output must be .* that can be written to
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Output = const Eigen::MatrixXf;
#else
using Output = Eigen::MatrixXf;
#endif

using Layer = sluice::SwiGLU<float>;

void run(const Layer& layer, const Eigen::MatrixXf& x, const Eigen::MatrixXf& dy, Output& dx, Layer::Gradients& g) {
  layer.backward(x, dy, dx, g);
}
