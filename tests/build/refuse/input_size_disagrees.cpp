// SPDX-License-Identifier: MIT
//
// An input whose width is known at compile time, and is not the layer's.
// refused: sluice: .*features
#include <sluice/sluice.hpp>

#ifdef REFUSED
constexpr int width = 31;
#else
constexpr int width = 30;
#endif

float run(const sluice::SwiGLU<float, sluice::Fused, 30, 10>& layer) {
  const Eigen::Matrix<float, 4, width, Eigen::RowMajor> x;
  return layer(x).sum();
}
