// SPDX-License-Identifier: MIT
//
// A packed layer has no parameters to be counted; the message says what to do instead.
// refused: summary\(\) shows what has.*show the layer that it was packed from
#include <sluice/sluice.hpp>

std::string text() {
  const sluice::SwiGLU<float> layer(3, 2);
#ifdef REFUSED
  return sluice::summary(sluice::pack(layer)).str();
#else
  return sluice::summary(layer).str();
#endif
}
