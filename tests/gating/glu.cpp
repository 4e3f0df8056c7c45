// SPDX-License-Identifier: MIT
//
// glu() and glu_backward() on matrices of every arrangement in memory, along both axes, in every gate order, against
// naive loops in double; written into the middle of other people's memory.

#include "support/catch.hpp"
#include "support/glu_reference.hpp"
#include "support/strided.hpp"

#include <sluice/activations/silu.hpp>
#include <sluice/activations/tanh.hpp>

using namespace test;

namespace {

constexpr double tolerance = 16;  // see distance()

template <class Scalar, class Activation>
void check_everywhere(const Gating& reference, const std::vector<Index>& sizes) {
  unsigned seed = 0;
  for (const Index rows : sizes) {
    for (const Index cols : sizes) {
      for (const Index axis : {0, 1, -1, -2}) {
        const std::size_t place = axis == 0 || axis == -2 ? 0 : 1;
        const Array h = random_array<Scalar>({rows, cols}, ++seed);
        if (h.extents[place] % 2 != 0) continue;
        const Array dy = random_array<Scalar>(halved(h, place).extents, ++seed);
        for (const GateOrder order : all_orders) {
          const Array y = glu_reference(h, place, order, reference);
          const Array dh = glu_gradient_reference(h, dy, place, order, reference);
          for (const Arrangement from : all_arrangements) {
            for (const Arrangement to : all_arrangements) {
              CAPTURE(rows, cols, axis, int(order), int(from), int(to));
              Strided<Scalar> input(h, from), output(dy.extents[0], dy.extents[1], to);
              sluice::glu<Activation>(input.map(), axis, output.map(), order);
              REQUIRE(distance<Scalar>(to_array(output.map()), y) <= tolerance);
              REQUIRE(output.untouched());

              Strided<Scalar> output_gradient(dy, to), input_gradient(rows, cols, to);
              sluice::glu_backward<Activation>(input.map(), output_gradient.map(), axis, input_gradient.map(), order);
              REQUIRE(distance<Scalar>(to_array(input_gradient.map()), dh) <= tolerance);
              REQUIRE(input_gradient.untouched());
              REQUIRE(distance<Scalar>(to_array(input.map()), h) == 0);
            }
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("glu of float matrices, every arrangement, axis and order", "[glu]") {
  check_everywhere<float, sluice::Sigmoid>(sigmoid_gating(), {1, 2, 3, 6, 17, 34, 70});
}

TEST_CASE("glu of double matrices with another gate", "[glu]") {
  check_everywhere<double, sluice::SiLU>(silu_gating(), {1, 4, 9, 38});
}

TEST_CASE("glu with an activation on the value, too", "[glu]") {
  check_everywhere<float, sluice::Gating<sluice::Sigmoid, sluice::Tanh>>(tanh_sigmoid_gating(), {1, 2, 18, 21});
}

TEST_CASE("glu sends NaN and infinities through, in vector lanes and at the end of a row", "[glu]") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const double special[] = {nan, inf, -inf, 0.0, -0.0, 1.0, -80.0, 80.0};
  Array h({8, 2 * 8 * 5});  // every special value against every gate, at five places of a row
  h.for_each_index([&](const std::vector<Index>& i) {
    const Index j = i[1] % 40;
    h.at(i) = special[i[1] < 40 ? i[0] : (j + j / 8) % 8];
  });
  const Array dy = random_array<float>({8, 40}, 5);
  for (const Arrangement from : all_arrangements) {
    CAPTURE(int(from));
    Strided<float> input(h, from), output_gradient(dy, from);
    CHECK(distance<float>(to_array(sluice::glu(input.map(), 1)),
                          glu_reference(h, 1, GateOrder::ValueFirst, sigmoid_gating())) <= tolerance);
    CHECK(distance<float>(to_array(sluice::glu_backward(input.map(), output_gradient.map(), 1)),
                          glu_gradient_reference(h, dy, 1, GateOrder::ValueFirst, sigmoid_gating())) <= tolerance);
  }
}
