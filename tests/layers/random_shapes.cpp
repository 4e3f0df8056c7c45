// SPDX-License-Identifier: MIT
//
// Layers, mutable and packed, of random shapes from every way that a product may go, with random strides (reversed ones
// among them) and now and then NaN or infinity anywhere, against three plain loops in double. What is finite must lie
// within the rounding errors of a sum, ours and the loops': of n terms n + 2 half ULP of Σ|aᵢ·bᵢ| ≤ ‖a‖·‖b‖ at most.
//
// The gate is the identity: no kink, and every gradient is a product.
#include "layers/packed_trial.hpp"
#include "support/pools.hpp"
#include "support/reference.hpp"
#include "support/strided.hpp"

#include <limits>
#include <string>

namespace {

using test::Index;
using Matrix = Eigen::MatrixXd;

struct Shape {
  Index samples, input_dim, units;
};

constexpr int ways = 8;
Shape shape_of(int way, test::Random& random) {
  switch (way) {
    case 0:
      return {random.index(0, 20), random.index(1, 40), random.index(1, 20)};
    case 1:
      return {random.index(1, 40), random.index(1, 70), random.index(1, 8)};  // value and gate in one packet
    case 2:
      return {random.index(30, 260), random.index(1, 64), random.index(1, 80)};  // many rows
    case 3:
      return {random.index(1, 5), random.index(1, 300), random.index(100, 600)};  // few rows
    case 4:
      return {random.index(2, 30), random.index(500, 600), random.index(400, 500)};  // streams, divided depth
    case 5:
      return {random.index(226, 240), random.index(300, 320), random.index(230, 240)};  // W packed, if of double
    case 6:
      return {random.index(1, 20), 1024, random.index(1, 40)};  // rows of x collide
    default:
      return {random.index(1, 64), random.index(1, 300), 256};  // rows of W collide
  }
}

/// Puts a few of them anywhere.
template <class M>
void spoil(test::Random& random, M&& m) {
  using Scalar = typename std::remove_cvref_t<M>::Scalar;
  constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
  const Scalar special[] = {std::numeric_limits<Scalar>::quiet_NaN(), infinity, -infinity};
  for (Index n = random.index(0, 2); n > 0 && m.size() > 0; --n) {
    m(random.index(0, m.rows() - 1), random.index(0, m.cols() - 1)) = special[random.index(0, 2)];
  }
}

/// "" if `got` is NaN or infinite where `want` is, and elsewhere no further from it than `bound`; else the first place.
template <class A>
std::string difference(const A& got, const Matrix& want, const Matrix& bound) {
  if (got.rows() != want.rows() || got.cols() != want.cols()) return "shape";
  for (Index i = 0; i < want.rows(); ++i) {
    for (Index j = 0; j < want.cols(); ++j) {
      const double g = static_cast<double>(got(i, j)), w = want(i, j);
      const bool agrees = std::isfinite(w) ? std::abs(g - w) <= bound(i, j) : std::isnan(w) ? std::isnan(g) : g == w;
      if (!agrees) {
        return "(" + std::to_string(i) + ", " + std::to_string(j) + "): " + std::to_string(g) + ", not " +
               std::to_string(w);
      }
    }
  }
  return "";
}

Matrix outer(const Eigen::VectorXd& a, const Eigen::VectorXd& b) { return a * b.transpose(); }
Eigen::VectorXd row_norms(const Matrix& m) { return m.rowwise().norm(); }
Eigen::VectorXd col_norms(const Matrix& m) { return m.colwise().norm().transpose(); }

/// What is expected, and how far from it rounding may lead.
template <class Scalar>
struct Expected {
  test::Forward forward;
  test::Backward backward;
  Matrix value_error, gate_error, output_error, weight_error[2], bias_error[2], dx_error;

  static double gamma(Index terms) {
    constexpr double ours = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
    return static_cast<double>(terms + 2) * (ours + std::numeric_limits<double>::epsilon()) / 2;
  }
  Expected(const Matrix& x, const Matrix& dy, const test::Parameters& p)
      : forward(test::forward(x, p, test::identity)), backward(test::backward(x, dy, p, test::identity)) {
    const Matrix& v = forward.value;
    const Matrix& g = forward.gate;
    const auto error_of = [&](const Matrix& weight, const Eigen::RowVectorXd& bias) {
      return Matrix(gamma(x.cols()) *
                    (outer(row_norms(x), col_norms(weight)).rowwise() + Eigen::RowVectorXd(bias.cwiseAbs())));
    };
    value_error = error_of(p.value_weight, p.value_bias);
    gate_error = error_of(p.gate_weight, p.gate_bias);
    output_error = value_error.cwiseProduct(g.cwiseAbs()) + gate_error.cwiseProduct(v.cwiseAbs() + value_error) +
                   gamma(0) * forward.output.cwiseAbs();
    const Matrix d[] = {dy.cwiseProduct(g), dy.cwiseProduct(v)};
    dx_error = Matrix::Zero(x.rows(), x.cols());
    for (const int half : {0, 1}) {
      const Matrix error =
          dy.cwiseAbs().cwiseProduct(half == 0 ? gate_error : value_error) + gamma(0) * d[half].cwiseAbs();
      weight_error[half] = outer(col_norms(x), col_norms(error) + gamma(x.rows()) * col_norms(d[half]));
      bias_error[half] = error.colwise().sum() + gamma(x.rows()) * d[half].cwiseAbs().colwise().sum();
      dx_error += outer(row_norms(error) + gamma(2 * dy.cols()) * row_norms(d[half]),
                        row_norms(half == 0 ? p.value_weight : p.gate_weight));
    }
  }
};

template <class Layer>
void check_forward(const Layer& layer, const auto& x, const Expected<typename Layer::Scalar>& want,
                   test::Arrangement to) {
  using Scalar = typename Layer::Scalar;
  test::Strided<Scalar> y(x.rows(), layer.units(), to), gate(x.rows(), layer.units(), to);
  // What a call leaves out stays at a number that nothing is near.
  const auto forget = [&] { y.map().setConstant(Scalar(1e6)), gate.map().setConstant(Scalar(1e6)); };
  forget();
  layer.forward(x, y.map());
  CHECK(difference(y.map(), want.forward.output, want.output_error) == "");
  forget();
  layer.forward(x, y.map(), gate.map());
  CHECK(difference(y.map(), want.forward.output, want.output_error) == "");
  CHECK(difference(gate.map(), want.forward.gate, want.gate_error) == "");
  if constexpr (requires(test::DeviceOf<test::InlinePool> device) { layer.forward(x, y.map(), device); }) {
    test::InlinePool pool;
    forget();
    layer.forward(x, y.map(), test::DeviceOf<test::InlinePool>(&pool));
    CHECK(difference(y.map(), want.forward.output, want.output_error) == "");
  }
  CHECK(y.untouched());
  CHECK(gate.untouched());
}

template <class Layer>
void check_training(const Layer& layer, const auto& x, const auto& dy, const Expected<typename Layer::Scalar>& want) {
  typename Layer::Cache cache;
  test::RowMatrix<typename Layer::Scalar> y, dx;
  layer.forward(x, y, cache);
  CHECK(difference(y, want.forward.output, want.output_error) == "");
  if (x.rows() > 0) {
    CHECK(difference(cache.value(), want.forward.value, want.value_error) == "");
    CHECK(difference(cache.gate(), want.forward.gate, want.gate_error) == "");
  }
  typename Layer::Gradients gradients(layer);
  layer.backward(x, dy, cache, dx, gradients);
  const test::Parameters& wanted = want.backward.gradients;
  CHECK(difference(dx, want.backward.dx, want.dx_error) == "");
  CHECK(difference(gradients.value_weight(), wanted.value_weight, want.weight_error[0]) == "");
  CHECK(difference(gradients.gate_weight(), wanted.gate_weight, want.weight_error[1]) == "");
  CHECK(difference(gradients.value_bias(), wanted.value_bias, want.bias_error[0]) == "");
  CHECK(difference(gradients.gate_bias(), wanted.gate_bias, want.bias_error[1]) == "");
}

template <class Scalar>
void check(std::uint32_t seed, int way, bool with_specials) {
  test::Random random(seed);
  const Shape shape = shape_of(way, random);
  CAPTURE(seed, way, sizeof(Scalar), shape.samples, shape.input_dim, shape.units, with_specials);
  sluice::Bilinear<Scalar> layer(shape.input_dim, shape.units);
  sluice::Bilinear<Scalar, sluice::Split> split(shape.input_dim, shape.units);
  random.fill_parameters(layer);
  const auto any_arrangement = [&] { return test::all_arrangements[random.index(0, 4)]; };
  test::Strided<Scalar> x_memory(shape.samples, shape.input_dim, any_arrangement());
  test::Strided<Scalar> dy_memory(shape.samples, shape.units, any_arrangement());
  auto x = x_memory.map(), dy = dy_memory.map();
  random.fill(x);
  random.fill(dy);
  if (with_specials) {
    spoil(random, layer.value_weight());
    spoil(random, layer.gate_weight());
    spoil(random, layer.value_bias());
    spoil(random, layer.gate_bias());
    spoil(random, x);
    spoil(random, dy);
  }
  split.value_weight() = layer.value_weight(), split.gate_weight() = layer.gate_weight();
  split.value_bias() = layer.value_bias(), split.gate_bias() = layer.gate_bias();
  const test::Parameters parameters = test::parameters_of(layer);
  const test::Arrangement to = any_arrangement();

  const Expected<Scalar> want(test::to_double(x), test::to_double(dy), parameters);
  check_forward(layer, x, want, to);
  check_forward(split, x, want, to);
  check_forward(sluice::pack(layer), x, want, to);
  check_training(layer, x, dy, want);
  check_training(split, x, dy, want);

  // The same samples, the last one first, by a stride below zero.
  if (shape.samples > 0) {
    const test::RowMatrix<Scalar> copy = x.colwise().reverse();
    const Eigen::Map<const test::RowMatrix<Scalar>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> backwards(
        &x(shape.samples - 1, 0), shape.samples, shape.input_dim,
        Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(-x.rowStride(), x.colStride()));
    const test::RowMatrix<Scalar> same = layer(copy);
    CHECK(test::same_bits(test::RowMatrix<Scalar>(layer(backwards)), same));
    CHECK(test::same_bits(test::RowMatrix<Scalar>(sluice::pack(layer)(backwards)), same));
  }
}

}  // namespace

TEST_CASE("random shapes of every way, and NaN and infinity in any place, agree with plain loops") {
  std::uint32_t seed = 20261130;
  for (int way = 0; way < ways; ++way) {
    for (const bool with_specials : {false, true}) {
      check<float>(++seed, way, with_specials);
      check<double>(++seed, way, with_specials);
    }
  }
}
