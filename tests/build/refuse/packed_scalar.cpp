// SPDX-License-Identifier: MIT
//
// The packed kernels serve float and double.
// refused: sluice: pack serves layers of float and double
#include <sluice/sluice.hpp>

#ifdef REFUSED
using Scalar = long double;
#else
using Scalar = double;
#endif

auto run(const sluice::SwiGLU<Scalar>& layer) { return sluice::pack(layer).bytes(); }
