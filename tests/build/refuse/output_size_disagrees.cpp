// SPDX-License-Identifier: MIT
//
// An output whose width is known at compile time, and is not the layer's number of units.
// refused: sluice: .*(units|features|columns)
#include <sluice/sluice.hpp>

#ifdef REFUSED
constexpr int width = 9;
#else
constexpr int width = 10;
#endif

void run(const sluice::SwiGLU<float, sluice::Fused, 30, 10>& layer, const Eigen::MatrixXf& x,
         Eigen::Matrix<float, 4, width>& y) {
  layer.forward(x, y);
}
