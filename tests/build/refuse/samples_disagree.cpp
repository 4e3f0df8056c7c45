// SPDX-License-Identifier: MIT
//
// An output whose number of samples is known at compile time, and is not the input's.
// refused: sluice: .* different numbers of samples
#include <sluice/sluice.hpp>

#ifdef REFUSED
constexpr int samples = 5;
#else
constexpr int samples = 4;
#endif

void run(const sluice::SwiGLU<float>& layer, const Eigen::Matrix<float, 4, 30>& x,
         Eigen::Matrix<float, samples, 10>& y) {
  layer.forward(x, y);
}
