// SPDX-License-Identifier: MIT
//
// What the same generator gives: the same weights for every projection, scalar and way to give the
// sizes; known numbers for a known seed; and the promises about generators, biases and layers that
// join later.
#include <sluice/layers/dense.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/training/initializers.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <random>
#include <type_traits>

namespace {

constexpr Eigen::Index input_dim = 5;
constexpr Eigen::Index units = 3;

template <class Layer, class Init = sluice::TorchLinear>
Layer initialized(Layer layer, const Init& initializer = {}) {
  std::mt19937 rng(11);
  sluice::initialize(layer, initializer, rng);
  return layer;
}

template <class A, class B>
void check_same(const A& a, const B& b) {
  CHECK(a.value_weight() == b.value_weight());
  CHECK(a.gate_weight() == b.gate_weight());
  CHECK(a.value_bias() == b.value_bias());
  CHECK(a.gate_bias() == b.gate_bias());
  CHECK(a.value_weight() != a.gate_weight());
}

// A layer as a later one may be: other linear maps, one of which has more fans than its shape
// shows.
struct Composite {
  sluice::GLU<double> inner{input_dim, units};
  Eigen::MatrixXd kernel = Eigen::MatrixXd::Zero(4, 2);
  Eigen::RowVectorXd bias = Eigen::RowVectorXd::Ones(2);

  template <class F>
  void for_each_linear(const F& f) {
    sluice::detail::for_each_linear(inner, f);
    f(Eigen::Map<Eigen::MatrixXd>(kernel.data(), 4, 2), Eigen::Map<Eigen::RowVectorXd>(bias.data(), 2),
      sluice::Fans{400, 2});
  }
};

// An initializer of a user's own.
struct Constant {
  double weight = 0.25;
  double scale(sluice::Fans) const { return weight; }
  double sample(double) const { return 1; }
};

// Ten different numbers, 3 to 12: three whole bits a draw once 11 and 12 are refused. Gives 12 and
// 11 in between the octal digits 7 and 0, over and over.
struct Digits {
  using result_type = std::uint32_t;
  static constexpr result_type min() { return 3; }
  static constexpr result_type max() { return 12; }
  result_type operator()() {
    constexpr result_type sequence[] = {12, 10, 11, 12, 3};
    return sequence[next_++ % 5];
  }
  int next_ = 0;
};

}  // namespace

TEST_CASE("fused and split layers, and sizes in the type, start from the same weights") {
  const auto fused = initialized(sluice::SwiGLU<double>(input_dim, units));
  check_same(fused, initialized(sluice::SwiGLU<double, sluice::Split>(input_dim, units)));
  check_same(fused, initialized(sluice::SwiGLU<double, sluice::Fused, input_dim, units>()));
  check_same(fused, initialized(sluice::SwiGLU<double, sluice::Split, input_dim, units>()));
}

TEST_CASE("a float layer starts from the rounded weights of the double layer") {
  const auto exact = initialized(sluice::GLU<double>(input_dim, units), sluice::LeCunNormal{});
  const auto rounded = initialized(sluice::GLU<float>(input_dim, units), sluice::LeCunNormal{});
  CHECK(rounded.value_weight() == exact.value_weight().cast<float>());
  CHECK(rounded.gate_weight() == exact.gate_weight().cast<float>());
}

TEST_CASE("a layer without bias draws the weights of a layer with zero biases") {
  const auto with = initialized(sluice::GLU<double>(input_dim, units), sluice::HeUniform{});
  const auto without = initialized(sluice::GLU<double>(input_dim, units, {.bias = false}), sluice::HeUniform{});
  CHECK(with.value_weight() == without.value_weight());
  CHECK(with.gate_weight() == without.gate_weight());
}

TEST_CASE("the generator goes on where the last layer left it") {
  std::mt19937 rng(11);
  sluice::GLU<double> first(input_dim, units), second(input_dim, units);
  sluice::initialize(first, sluice::GlorotUniform{}, rng);
  sluice::initialize(second, sluice::GlorotUniform{}, rng);
  CHECK(first.value_weight() != second.value_weight());

  std::mt19937 expected(11);
  expected.discard(2 * 2 * 2 * input_dim * units);  // layers, halves, draws of 32 bits a weight
  CHECK(rng == expected);
}

// From an independent computation in Python, for the seed 20170 and a layer 3 → 2:
//   r = numpy.random.RandomState(20170)                           # std::mt19937's seeding
//   word = lambda: int.from_bytes(r.bytes(4), 'little')
//   u = lambda: (mpf((word() << 32 | word()) >> 12) + mpf(1) / 2) / 2**52
//   uniform: (2*u - 1) * limit
//   normal:  sqrt(2) * erfinv(2*u - 1) * deviation                # mpmath, 40 digits
TEST_CASE("known numbers for a known seed") {
  sluice::GLU<double> layer(3, 2);
  std::mt19937 rng(20170);
  Eigen::Matrix<double, 6, 2> expected;  // value weight over gate weight

  SECTION("GlorotUniform") {
    sluice::initialize(layer, sluice::GlorotUniform{}, rng);
    expected << 0.87083341620034452, 0.73844943214179817, 0.15264683215042919, 0.68430283913000497, 0.17352791108983024,
        -0.25031982911213296, -0.90338517648205996, -1.0767914446394758, 0.91542043144833648, 0.91134254420623919,
        0.94730230732795406, 0.28194459511996609;
  }
  SECTION("HeNormal, truncated") {
    sluice::initialize(layer, sluice::HeNormal{}, rng);
    expected << 1.0878524921805027, 0.85576832357468126, 0.15545900077184007, 0.77503201699909402, 0.17696831685893137,
        -0.25699034031928912, -1.1563634901178193, -1.733991828447947, 1.1833570854286137, 1.1740995043547985,
        1.2601920332348392, 0.2904741136947674;
  }
  SECTION("LeCunNormal, not truncated") {
    sluice::initialize(layer, sluice::LeCunNormal{.truncated = false}, rng);
    expected << 0.73168657691294762, 0.56720279222234804, 0.10134968197060344, 0.51185137330587547, 0.11538823564647029,
        -0.16767756726022304, -0.78247567809853319, -1.3776120697607205, 0.80287747284937235, 0.79585317557300829,
        0.86242957757831922, 0.18959286842530218;
  }
  Eigen::Matrix<double, 6, 2> drawn;
  drawn << layer.value_weight(), layer.gate_weight();
  CHECK((drawn - expected).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("any generator will do: 64 bits, 48 bits, a range that is no power of two") {
  const auto mean_of = [](auto rng) {
    sluice::GLU<double> layer(60, 50);
    sluice::initialize(layer, sluice::GlorotUniform{}, rng);
    CHECK(layer.parameters().cwiseAbs().maxCoeff() < std::sqrt(6.0 / 110));
    CHECK(layer.parameters().cwiseAbs().maxCoeff() > 0.99 * std::sqrt(6.0 / 110));
    return std::abs(layer.parameters().mean());
  };
  const double bound = 3 * std::sqrt(2.0 / 110 / 6000);  // three standard errors
  CHECK(mean_of(std::mt19937_64(3)) < bound);
  CHECK(mean_of(std::minstd_rand(3)) < bound);
  CHECK(mean_of(std::ranlux48(3)) < bound);

  Digits digits;
  CHECK(sluice::detail::uniform_open(digits) == Approx(8.0 / 9).epsilon(1e-15));  // octal 0.707070…
  CHECK(digits.next_ == 45);                                                      // 18 digits and 27 that were refused

  // A temporary is fine, too.
  sluice::GLU<double> layer(2, 1);
  sluice::initialize(layer, sluice::GlorotUniform{}, std::mt19937_64(3));
  CHECK(layer.value_weight()(0, 0) != 0);
}

TEST_CASE("long double and the initializers of users") {
  const auto wide = initialized(sluice::GLU<long double>(input_dim, units), sluice::LeCunUniform{});
  const auto plain = initialized(sluice::GLU<double>(input_dim, units), sluice::LeCunUniform{});
  CHECK(wide.gate_weight().cast<double>() == plain.gate_weight());

  const auto constant = initialized(sluice::GLU<float>(input_dim, units), Constant{});
  CHECK((constant.value_weight().array() == 0.25F).all());
  CHECK(constant.gate_bias().isZero(0));
}

TEST_CASE("other layers join by weight() and bias(), or by for_each_linear") {
  std::mt19937 rng(11);
  sluice::Dense<double> dense(input_dim, units);
  sluice::initialize(dense, sluice::TorchLinear{}, rng);
  const auto gated = initialized(sluice::GLU<double>(input_dim, units));
  CHECK(dense.weight() == gated.value_weight());
  CHECK(dense.bias() == gated.value_bias());

  rng.seed(11);
  Composite composite;
  sluice::initialize(composite, sluice::TorchLinear{}, rng);
  CHECK(composite.inner.gate_weight() == gated.gate_weight());
  CHECK(composite.kernel.cwiseAbs().minCoeff() > 0);
  CHECK(composite.kernel.cwiseAbs().maxCoeff() < 0.05);  // 1/√400
  CHECK(composite.bias.cwiseAbs().maxCoeff() < 0.05);
}
