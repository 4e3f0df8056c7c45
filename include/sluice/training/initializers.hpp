// SPDX-License-Identifier: MIT
//
// Initial weights, from the caller's generator:
//
//   std::mt19937_64 rng(42);
//   sluice::initialize(layer, sluice::GlorotUniform{}, rng);      // biases zero
//   sluice::initialize(layer, sluice::HeNormal{.gain = 0.5}, rng);
//
// Each half of a gated layer is a linear layer of its own: fan_in = input_dim and fan_out = units,
// never 2·units. Fused and Split layers therefore start from the same weights. (Keras and torch,
// given one fused kernel (input_dim × 2·units), take fan_out = 2·units: their Glorot limits are
// smaller. He, LeCun and TorchLinear know only fan_in and agree either way.)
//
// The same generator gives the same weights with every compiler and standard library, up to the
// rounding of the last digits, and a float layer gets the rounded weights of the double one. Every
// number costs 52 random bits: one draw of a 64-bit generator, two of a 32-bit one (the first gives
// the high bits). The order of draws: the value weight row by row (all units of input feature 0,
// then of feature 1, …), the value bias where the initializer draws biases, then the gate weight,
// the gate bias. Nothing is allocated.
#pragma once

#include <sluice/core/error.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

SLUICE_NAMESPACE_BEGIN

/// How many numbers go into, and come out of, one linear map.
struct Fans {
  Index in;
  Index out;
};

/// What initialize() takes: a weight is scale(fans) · sample(u), u uniform on (0, 1). Biases are
/// zero, unless there is a bias_scale(fans), too.
template <class I>
concept Initializer = requires(const I initializer, const Fans fans, const double u) {
  { initializer.scale(fans) } -> std::convertible_to<double>;
  { initializer.sample(u) } -> std::convertible_to<double>;
};

/// The caller's generator: std::mt19937 and everything else that the standard calls a uniform
/// random bit generator.
template <class G>
concept RandomBitGenerator = std::invocable<G&> && requires {
  requires std::unsigned_integral<std::invoke_result_t<G&>>;
  { G::min() } -> std::same_as<std::invoke_result_t<G&>>;
  { G::max() } -> std::same_as<std::invoke_result_t<G&>>;
};

namespace detail {

/// 52 random bits as a number in (0, 1): the middles of 2⁵² equal intervals, all exact, symmetric
/// about ½. 0 and 1 never come, so every quantile is finite.
template <RandomBitGenerator G>
double uniform_open(G& rng) {
  // Where a generator's range is no power of two, draws beyond the largest one below it are
  // dropped: what is left is as uniform as the generator.
  constexpr std::uint64_t range = std::uint64_t{G::max()} - std::uint64_t{G::min()};
  static_assert(range > 0, "sluice: this generator only ever gives one number");
  constexpr bool is_whole_word = range == ~std::uint64_t{0};
  constexpr int bits = is_whole_word ? 64 : std::bit_width(range + (is_whole_word ? 0 : 1)) - 1;

  std::uint64_t word = 0;
  int filled = 0;
  while (filled < 52) {
    const std::uint64_t drawn = std::uint64_t{rng()} - std::uint64_t{G::min()};
    if constexpr (bits == 64) {
      word = drawn;
    } else {
      if (drawn >> bits != 0) continue;
      word = word << bits | drawn;
    }
    filled += bits;
  }
  const std::uint64_t high = filled < 64 ? word >> (filled - 52) : word >> 12;
  constexpr double interval = 1.0 / 4503599627370496.0;  // 2⁻⁵²
  return (static_cast<double>(high & 0xFFFFFFFFFFFFFU) + 0.5) * interval;
}

/// (p[0] + p[1]·r + …) / (q[0] + q[1]·r + …)
template <std::size_t N>
double rational(double r, const double (&p)[N], const double (&q)[N]) {
  double numerator = 0, denominator = 0;
  for (std::size_t i = N; i-- > 0;) {
    numerator = numerator * r + p[i];
    denominator = denominator * r + q[i];
  }
  return numerator / denominator;
}

/// Φ⁻¹(p), 0 < p < 1, to 16 digits: the rational approximations of Wichura 1988, "Algorithm AS 241:
/// The Percentage Points of the Normal Distribution", Applied Statistics 37(3), routine PPND16.
inline double normal_quantile(double p) {
  constexpr double centre_p[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                 1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                 3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr double centre_q[] = {1.0,
                                 4.2313330701600911252e1,
                                 6.8718700749205790830e2,
                                 5.3941960214247511077e3,
                                 2.1213794301586595867e4,
                                 3.9307895800092710610e4,
                                 2.8729085735721942674e4,
                                 5.2264952788528545610e3};
  constexpr double tail_p[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                               3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double tail_q[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
  constexpr double far_p[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                              2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                              2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double far_q[] = {1.0,
                              5.99832206555887937690e-1,
                              1.36929880922735805310e-1,
                              1.48753612908506148525e-2,
                              7.86869131145613259100e-4,
                              1.84631831751005468180e-5,
                              1.42151175831644588870e-7,
                              2.04426310338993978564e-15};

  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * rational(r, centre_p, centre_q);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double x = r <= 5 ? rational(r - 1.6, tail_p, tail_q) : rational(r - 5, far_p, far_q);
  return q < 0 ? -x : x;
}

/// Uniform on (-1, 1).
struct UniformSample {
  static double sample(double u) { return 2 * u - 1; }
};

/// Normal with mean 0 and variance 1, cut at two standard deviations if truncated.
struct NormalSample {
  static double sample(double u, bool truncated) {
    if (!truncated) return normal_quantile(u);
    // Cutting takes variance away; dividing by the standard deviation of what is left brings it
    // back to 1.
    constexpr double below = 0.022750131948179207;     // Φ(-2)
    constexpr double deviation = 0.87962566103423978;  // of the standard normal, cut at ±2
    return normal_quantile(below + u * (1 - 2 * below)) / deviation;
  }
};

}  // namespace detail

/// Uniform on ±gain·√(6 / (fan_in + fan_out)). Glorot & Bengio 2010, "Understanding the difficulty
/// of training deep feedforward neural networks", eq. 16. As Keras' GlorotUniform and torch's
/// xavier_uniform_.
struct GlorotUniform {
  double gain = 1;

  double scale(Fans fans) const { return gain * std::sqrt(6 / (double(fans.in) + double(fans.out))); }
  double sample(double u) const { return detail::UniformSample::sample(u); }
};

/// Normal with variance gain²·2 / (fan_in + fan_out). Glorot & Bengio 2010, eq. 12.
///
/// All normal initializers are cut at two standard deviations of the uncut normal, with the
/// variance put right, as Keras and JAX do it: no weight exceeds 2.274 standard deviations.
/// truncated = false gives the plain normal of torch's xavier_normal_ and kaiming_normal_.
struct GlorotNormal {
  double gain = 1;
  bool truncated = true;

  double scale(Fans fans) const { return gain * std::sqrt(2 / (double(fans.in) + double(fans.out))); }
  double sample(double u) const { return detail::NormalSample::sample(u, truncated); }
};

/// Uniform on ±gain·√(6 / fan_in). He et al. 2015, "Delving Deep into Rectifiers",
/// arXiv:1502.01852, eq. 10 (the variance). As Keras' HeUniform, and torch's kaiming_uniform_ for a
/// ReLU (whose gain of √2 is part of the 6 here).
struct HeUniform {
  double gain = 1;

  double scale(Fans fans) const { return gain * std::sqrt(6 / double(fans.in)); }
  double sample(double u) const { return detail::UniformSample::sample(u); }
};

/// Normal with variance gain²·2 / fan_in, truncated as GlorotNormal is. He et al. 2015, eq. 10.
struct HeNormal {
  double gain = 1;
  bool truncated = true;

  double scale(Fans fans) const { return gain * std::sqrt(2 / double(fans.in)); }
  double sample(double u) const { return detail::NormalSample::sample(u, truncated); }
};

/// Uniform on ±gain·√(3 / fan_in). LeCun et al. 1998, "Efficient BackProp", eq. 16 (the variance);
/// Keras' LecunUniform.
struct LeCunUniform {
  double gain = 1;

  double scale(Fans fans) const { return gain * std::sqrt(3 / double(fans.in)); }
  double sample(double u) const { return detail::UniformSample::sample(u); }
};

/// Normal with variance gain² / fan_in, truncated as GlorotNormal is. LeCun et al. 1998, eq. 16;
/// Keras' LecunNormal.
struct LeCunNormal {
  double gain = 1;
  bool truncated = true;

  double scale(Fans fans) const { return gain * std::sqrt(1 / double(fans.in)); }
  double sample(double u) const { return detail::NormalSample::sample(u, truncated); }
};

/// Weights and biases uniform on ±1/√fan_in: what a fresh torch.nn.Linear has (reset_parameters:
/// kaiming_uniform_ with a = √5, which is √(6 / (1 + 5) / fan_in)). A gated layer is like two such
/// Linears, made value first.
struct TorchLinear {
  double scale(Fans fans) const { return std::sqrt(1 / double(fans.in)); }
  double bias_scale(Fans fans) const { return scale(fans); }
  double sample(double u) const { return detail::UniformSample::sample(u); }
};

namespace detail {

/// Calls f(weight, bias) for every linear map of a layer, weights being (fan_in × fan_out). A layer
/// that is built of others has a member for_each_linear(f) that does so; it may call f(weight,
/// bias, Fans{…}) where the shape of the weight isn't the truth about its fans.
template <class Layer, class Function>
void for_each_linear(Layer& layer, const Function& f) {
  if constexpr (requires { layer.for_each_linear(f); }) {
    layer.for_each_linear(f);
  } else if constexpr (requires { layer.value_weight(), layer.gate_weight(); }) {
    f(layer.value_weight(), layer.value_bias());
    f(layer.gate_weight(), layer.gate_bias());
  } else {
    static_assert(
        requires { layer.weight(), layer.bias(); },
        "sluice: initialize() finds no weights in this type: give it weight() and bias(), or a "
        "member "
        "for_each_linear(f) that calls f(weight, bias) for each of its linear maps");
    f(layer.weight(), layer.bias());
  }
}

template <class Initializer, class Generator>
struct InitializeLinear {
  const Initializer& initializer;
  Generator& rng;

  /// Views are taken by value: they are writable and refer to the layer.
  template <class Weight, class Bias>
  void operator()(Weight weight, Bias bias) const {
    const Fans fans{weight.rows(), weight.cols()};
    (*this)(weight, bias, fans);
  }
  template <class Weight, class Bias>
  void operator()(Weight weight, Bias bias, Fans fans) const {
    fill(weight, initializer.scale(fans));
    if constexpr (requires { initializer.bias_scale(fans); }) {
      fill(bias, initializer.bias_scale(fans));
    } else {
      bias.setZero();
    }
  }

 private:
  template <class View>
  void fill(View& view, double scale) const {
    using Scalar = typename View::Scalar;
    for (Index row = 0; row < view.rows(); ++row) {
      for (Index col = 0; col < view.cols(); ++col) {
        view(row, col) = static_cast<Scalar>(scale * initializer.sample(uniform_open(rng)));
      }
    }
  }
};

/// What a message calls the layer: its own name, if it has one.
template <class Layer>
constexpr std::string_view initialized_name() {
  if constexpr (requires { std::string_view(Layer::name); }) return Layer::name;
  return "initialize";
}

}  // namespace detail

/// Gives a layer its initial weights, see the top of this file. The generator is the only source of
/// randomness, and is left where the last draw put it: several layers take it in turn. Throws
/// std::invalid_argument where the layer has been moved from, before anything is drawn.
template <class Layer, Initializer Init, class Generator>
  requires RandomBitGenerator<std::remove_reference_t<Generator>>
void initialize(Layer& layer, const Init& initializer, Generator&& rng) {
  if constexpr (requires { layer.is_moved_from(); }) {
    if (layer.is_moved_from()) {
      detail::fail(detail::initialized_name<Layer>(), "expected a layer with parameters, got a moved-from one");
    }
  }
  detail::for_each_linear(layer, detail::InitializeLinear<Init, std::remove_reference_t<Generator>>{initializer, rng});
}

SLUICE_NAMESPACE_END
