// SPDX-License-Identifier: MIT
//
// The library's side: compiled with one set of vector flags or another.
#include "layer.hpp"

float run(const Layer& layer, const Eigen::MatrixXf& x) { return layer(x).sum(); }
