// SPDX-License-Identifier: MIT
//
// Weights in 16 and 8 bits: the layer computes with the rounded weights as exactly as the scalar allows, and the whole
// is no further from the layer than packed.hpp says.
#include "layers/packed_trial.hpp"
#include "support/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace {

using sluice::Int8;
using test::Index;
using test::Matrix;

/// The nearest number with this many binary digits, ties to even, of which none is worth less than 2^lowest.
double nearest(double number, int digits, int lowest) {
  if (number == 0) return number;
  const int last = std::max(std::ilogb(number) - digits + 1, lowest);
  return std::ldexp(std::nearbyint(std::ldexp(number, -last)), last);
}

/// The weights of one half as they are stored, and how far each may be from what it was: the unit columns of Int8 share
/// a scale, which is worked out here once more.
template <class Scalar, class Stored>
Matrix rounded(const Matrix& w) {
  Matrix r = w;
  for (Index c = 0; c < w.cols(); ++c) {
    const Scalar scale = static_cast<Scalar>(w.col(c).cwiseAbs().maxCoeff()) / Scalar(127);
    for (Index k = 0; k < w.rows(); ++k) {
      if constexpr (std::is_same_v<Stored, Int8>) {
        r(k, c) =
            static_cast<double>(scale) * static_cast<double>(std::nearbyint(static_cast<Scalar>(w(k, c)) / scale));
      } else {
        r(k, c) = std::is_same_v<Stored, Eigen::half> ? nearest(w(k, c), 11, -24) : nearest(w(k, c), 8, -133);
      }
    }
  }
  return r;
}

template <class Scalar, class Stored>
void check_gated(Index samples, Index input_dim, Index units, bool bias = true) {
  CAPTURE(samples, input_dim, units, bias);
  using Layer = sluice::SwiGLU<Scalar>;
  test::Random random(static_cast<std::uint32_t>(samples * 1000003 + input_dim * 1009 + units));
  Layer layer(input_dim, units, {.bias = bias});
  test::fill_layer(random, layer);
  const auto x = random.matrix<test::RowMatrix<Scalar>>(samples, input_dim);
  test::Parameters p = test::parameters_of(layer);
  p.value_weight = rounded<Scalar, Stored>(p.value_weight);
  p.gate_weight = rounded<Scalar, Stored>(p.gate_weight);
  const auto want = test::forward(test::to_double(x), p, test::silu);
  const auto packed = sluice::pack<Stored>(layer);
  const auto got = packed(x, sluice::return_gate);
  CHECK(test::relative_error(got.output, want.output) < test::rounding<Scalar>(input_dim));
  CHECK(test::relative_error(got.gate, want.activated) < test::rounding<Scalar>(input_dim));
  CHECK(test::same_bits(packed(x), got.output));
  // A sample gives the same bits alone.
  CHECK(test::same_bits(packed(x.row(samples - 1)), got.output.row(samples - 1)));
  // The rounding is there at all.
  CHECK(test::relative_error(got.output, layer(x)) > 1e-6);
}

template <class Scalar, class Stored>
void check_dense(Index samples, Index input_dim, Index units) {
  CAPTURE(samples, input_dim, units);
  test::Random random(static_cast<std::uint32_t>(samples + input_dim + units));
  sluice::Dense<Scalar> layer(input_dim, units);
  test::fill_layer(random, layer);
  const auto x = random.matrix<test::RowMatrix<Scalar>>(samples, input_dim);
  const Matrix weight = test::to_double(layer.weight());
  const Matrix want = test::multiply(test::to_double(x), rounded<Scalar, Stored>(weight)).rowwise() +
                      test::to_double(layer.bias()).row(0);
  const auto packed = sluice::pack<Stored>(layer);
  const Matrix all = test::to_double(packed(x));
  CHECK(test::relative_error(all, want) < test::rounding<Scalar>(input_dim));
  // A sample gives the same bits alone.
  CHECK(test::to_double(packed(x.row(samples - 1))) == all.row(samples - 1));
}

template <class Scalar, class Stored>
void check_shapes() {
  constexpr Index packet = sluice::simd::packet_size<Scalar>, rows = sluice::detail::max_tile_rows;
  for (const Index units :
       {Index(1), packet / 2, packet, packet + 1, 4 * packet + 1, 8 * packet + 1, 16 * packet + 1}) {
    for (const Index samples : {Index(1), Index(2), Index(3), rows, 2 * rows + 1}) {
      check_gated<Scalar, Stored>(samples, 23, units, samples % 2 == 1);
      check_dense<Scalar, Stored>(samples, 23, units);
    }
  }
  check_gated<Scalar, Stored>(31, 1024, 70);
  check_dense<Scalar, Stored>(31, 1024, 70);
}

TEST_CASE("packed as bfloat16: exact with the rounded weights", "[packed]") {
  check_shapes<float, Eigen::bfloat16>();
  check_shapes<double, Eigen::bfloat16>();
}
TEST_CASE("packed as half: exact with the rounded weights", "[packed]") {
  check_shapes<float, Eigen::half>();
  check_shapes<double, Eigen::half>();
}
TEST_CASE("packed as Int8: exact with the rounded weights", "[packed]") {
  check_shapes<float, Int8>();
  check_shapes<double, Int8>();
}

/// The largest |difference| of a pre-activation from the layer's, as a part of the documented bound: of one weight
/// after the other, and of all together with inputs that have the signs of the differences in one column.
template <class Stored, class Bound>
double worst_of_bound(const Bound& bound) {
  test::Random random(47);
  const Index input_dim = 60, units = 21;
  sluice::Dense<double> layer(input_dim, units);
  random.fill(layer.weight());
  layer.weight().col(3) *= 1e-3;  // each column has a scale of its own
  layer.weight().col(7) *= 1e3;
  random.fill(layer.bias());
  const auto packed = sluice::pack<Stored>(layer);
  const Matrix weight = test::to_double(layer.weight()), ones = Matrix::Identity(input_dim, input_dim);
  const Matrix moved = packed(ones) - layer(ones);
  Matrix x(input_dim + units, input_dim);
  x << ones, moved.transpose().unaryExpr([](double d) { return d < 0 ? -1.0 : 1.0; });
  const Matrix difference = packed(x) - layer(x);
  double worst = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < units; ++j) {
      worst = std::max(worst, std::abs(difference(i, j)) / bound(x.row(i), weight.col(j)));
    }
  }
  return worst;
}

TEST_CASE("the bounds that packed.hpp documents hold, and are not idle", "[packed]") {
  // Among so many weights is one that is moved nearly as far as it may be.
  const double int8 = worst_of_bound<Int8>([](const Eigen::MatrixXd& x, const Eigen::VectorXd& w) {
    return 0.5 * w.cwiseAbs().maxCoeff() / 127 * x.cwiseAbs().sum();
  });
  CHECK(int8 <= 1);
  CHECK(int8 > 0.98);
  const auto relative = [](double unit, double smallest) {
    return [=](const Eigen::MatrixXd& x, const Eigen::VectorXd& w) {
      return x.cwiseAbs().row(0).dot((unit * w.cwiseAbs()).cwiseMax(smallest));
    };
  };
  const double brain = worst_of_bound<Eigen::bfloat16>(relative(std::ldexp(1.0, -8), 0));
  CHECK(brain <= 1);
  CHECK(brain > 0.95);
  const double half = worst_of_bound<Eigen::half>(relative(std::ldexp(1.0, -11), std::ldexp(1.0, -25)));
  CHECK(half <= 1);
  CHECK(half > 0.95);
}

TEST_CASE("feed-forward blocks with narrow weights", "[packed]") {
  test::Random random(48);
  sluice::GatedFeedForward<float, sluice::SiLU> layer(17, 53, {.bias = true, .activation = {}});
  random.fill_parameters(layer.gated());
  random.fill(layer.output().weight(), 0.2);
  random.fill(layer.output().bias());
  const Eigen::MatrixXf x = random.matrix<Eigen::MatrixXf>(30, 17);
  test::Parameters p = test::parameters_of(layer.gated());
  p.value_weight = rounded<float, Int8>(p.value_weight);
  p.gate_weight = rounded<float, Int8>(p.gate_weight);
  const Matrix h = test::forward(test::to_double(x), p, test::silu).output;
  const Matrix want = test::multiply(h, rounded<float, Int8>(test::to_double(layer.output().weight()))).rowwise() +
                      test::to_double(layer.output().bias()).row(0);
  CHECK(test::relative_error(sluice::pack<Int8>(layer)(x), want) < test::rounding<float>(17 + 53));
}

}  // namespace
