// SPDX-License-Identifier: MIT
//
// An assignment that does not get the memory it needs changes nothing; one that needs no memory, as it keeps the sizes,
// takes none.
#include "allocation/count.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <cstdint>

#ifdef __GLIBC__

namespace {

using test::Index;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Layer>
Layer filled(std::uint32_t seed, Layer layer) {
  test::Random random(seed);
  if constexpr (requires { layer.output(); }) {
    layer.for_each_part([&](auto& part) { random.fill(part.parameters()); });
  } else {
    random.fill(layer.parameters());
  }
  return layer;
}

/// What a layer of either shape gives for ones.
template <class Layer>
Matrix outputs(const Layer& layer) {
  return layer(Matrix(Matrix::Ones(3, layer.input_dim())));
}

/// `to` stays what it was while each of the allocations of to = from fails, and becomes `from`. Returns how many.
template <class Layer>
long assign(Layer& to, const Layer& from) {
  const Matrix before = outputs(to), after = outputs(from);
  const long count =
      test::fail_each_allocation([&] { to = from; }, [&] { CHECK(test::same_bits(outputs(to), before)); });
  CHECK(test::same_bits(outputs(to), after));
  return count;
}

TEST_CASE("an assignment of layers without memory changes nothing", "[allocation]") {
  const auto check = [](auto small, const auto& large) {
    const auto same_sizes = filled(63, large);
    CHECK(assign(small, large) > 0);
    CHECK(assign(small, same_sizes) == 0);
  };
  check(filled(61, sluice::SwiGLU<float>(7, 5)), filled(62, sluice::SwiGLU<float>(90, 50)));
  check(filled(61, sluice::SwiGLU<float, sluice::Split, 90>(90, 5)),
        filled(62, sluice::SwiGLU<float, sluice::Split, 90>(90, 50)));
  check(filled(61, sluice::Dense<float, sluice::SiLU>(7, 5)), filled(62, sluice::Dense<float, sluice::SiLU>(90, 50)));
  using FeedForward = sluice::GatedFeedForward<float, sluice::SiLU>;
  check(filled(61, FeedForward(7, 5)), filled(62, FeedForward(90, 50)));
  check(filled(61, FeedForward(90, 5)), filled(62, FeedForward(90, 50)));
}

TEST_CASE("an assignment of packed layers without memory changes nothing", "[allocation]") {
  const auto check = [](const auto& small, const auto& large) {
    auto to = sluice::pack(small);
    CHECK(assign(to, sluice::pack(large)) > 0);
    auto narrow = sluice::pack<sluice::Int8>(small);
    CHECK(assign(narrow, sluice::pack<sluice::Int8>(large)) > 0);
  };
  check(filled(61, sluice::SwiGLU<float>(7, 5)), filled(62, sluice::SwiGLU<float>(90, 50)));
  check(filled(61, sluice::Dense<float, sluice::SiLU>(7, 5)), filled(62, sluice::Dense<float, sluice::SiLU>(90, 50)));
  using FeedForward = sluice::GatedFeedForward<float, sluice::SiLU>;
  check(filled(61, FeedForward(7, 5)), filled(62, FeedForward(90, 50)));
}

}  // namespace

#endif
