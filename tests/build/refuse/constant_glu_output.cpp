// SPDX-License-Identifier: MIT
//
// An output of glu() that cannot be written.
// refused: sluice: an output must be .* that can be written to
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Output = const Eigen::MatrixXf;
#else
using Output = Eigen::MatrixXf;
#endif

void run(const Eigen::MatrixXf& h, Output& y) { sluice::glu(h, 1, y); }
