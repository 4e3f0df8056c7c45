// SPDX-License-Identifier: MIT
//
// A packed layer on tensors of either layout.
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>
#include <sluice/tensor.hpp>

#include <algorithm>

namespace {

template <int Layout>
void check_tensor() {
  test::Random random(45);
  sluice::SwiGLU<float> layer(19, 11);
  random.fill_parameters(layer);
  const auto packed = sluice::pack(layer);
  using Tensor = Eigen::Tensor<float, 3, Layout>;
  Tensor x(2, 12, 19), y, gate;
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.number());
  const Tensor want = layer(x);
  const auto same = [](const Tensor& a, const Tensor& b) {
    return a.dimensions() == b.dimensions() && std::equal(a.data(), a.data() + a.size(), b.data());
  };
  CHECK(same(packed(x), want));
  packed.forward(x, y, gate);
  CHECK(same(y, want));
  CHECK(same(gate, layer(x, sluice::return_gate).gate));
}

TEST_CASE("a packed layer gives the bits of the layer on tensors", "[tensor][packed]") {
  check_tensor<Eigen::RowMajor>();
  check_tensor<Eigen::ColMajor>();
}

}  // namespace
