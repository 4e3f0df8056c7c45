// SPDX-License-Identifier: MIT
//
// A packed layer cannot be packed again; the message says what to do instead.
// refused: sluice: pack\(\) takes a GatedLinearUnit.*pack the layer that it came from
#include <sluice/sluice.hpp>

auto bytes() {
  const sluice::SwiGLU<float> layer(3, 2);
#ifdef REFUSED
  return sluice::pack<sluice::Int8>(sluice::pack(layer)).bytes();
#else
  return sluice::pack<sluice::Int8>(layer).bytes();
#endif
}
