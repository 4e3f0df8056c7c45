// SPDX-License-Identifier: MIT
//
// Polynomial coefficients (lowest first) and constants of core/math.hpp. `_hi` and `_lo` are two
// parts of one constant: their sum carries twice the digits.
//
// Written by tools/math_coefficients.py: change them there.
// clang-format off
#pragma once

#include <sluice/core/config.hpp>

SLUICE_NAMESPACE_BEGIN

namespace math {

template <class Scalar>
struct Coefficients;

// e^y = 4^k 4^(j/N) e^r with i = N k + j = round(y / step), step = ln 4 / N, -N/2 < j <= N/2, |r| <= step / 2.
// Adding `round_to_integer` rounds to an integer and leaves N (k + bias) + the index of j in the lowest bits.
template <class Scalar, int N>
struct ExponentialSteps;

template <>
struct ExponentialSteps<float, 1> {
  static constexpr float inverse_step = 0.721347511f;
  static constexpr float round_to_integer = 12583039.0f;
  static constexpr float step_hi = 1.3862915f;  // the last 8 bits are zero: i step_hi is exact
  static constexpr float step_lo = 2.85721353e-06f;
  // p(r) = (expm1(r) / r - 1) / r, |r| <= ln 2
  // relative error of r + r^2 p(r): 3.6e-09
  static constexpr float exp[] = {
      0.5f, 0.166666716f, 0.0416666232f, 0.00833262969f, 0.00138904236f, 0.000200955445f,
      2.47811877e-05f};
};

template <>
struct ExponentialSteps<float, 8> {
  static constexpr float inverse_step = 5.77078009f;
  static constexpr float round_to_integer = 12583931.0f;
  static constexpr float step_hi = 0.173278809f;  // the last 11 bits are zero: i step_hi is exact
  static constexpr float step_lo = 7.98654582e-06f;
  // p(r) = (expm1(r) / r - 1) / r, |r| <= ln 2 / 8
  // relative error of 1 + r + r^2 p(r): 5.4e-09
  static constexpr float exp[] = {
      0.500000179f, 0.166721031f, 0.0416417569f};
  // 2^127 4^(-j/8), j = -3, ..., 4
  static constexpr float biased_factors[] = {
      2.86142227e+38f, 2.40615965e+38f, 2.02333099e+38f, 1.70141183e+38f, 1.43071113e+38f,
      1.20307983e+38f, 1.0116655e+38f, 8.50705917e+37f};
};

template <>
struct ExponentialSteps<float, 16> {
  static constexpr float inverse_step = 11.5415602f;
  static constexpr float round_to_integer = 12584951.0f;
  static constexpr float step_hi = 0.0866394043f;  // the last 12 bits are zero: i step_hi is exact
  static constexpr float step_lo = 3.99327291e-06f;
  // p(r) = (expm1(r) / r - 1) / r, |r| <= ln 2 / 16
  // relative error of 1 + r + r^2 p(r): 2.6e-08
  static constexpr float exp[] = {
      0.500064492f, 0.166668579f};
  // 2^127 4^(-j/16), j = -7, ..., 8
  static constexpr float biased_factors[] = {
      3.12040308e+38f, 2.86142227e+38f, 2.62393574e+38f, 2.40615965e+38f, 2.20645823e+38f,
      2.02333099e+38f, 1.85540278e+38f, 1.70141183e+38f, 1.56020154e+38f, 1.43071113e+38f,
      1.31196787e+38f, 1.20307983e+38f, 1.10322912e+38f, 1.0116655e+38f, 9.27701392e+37f,
      8.50705917e+37f};
};

template <>
struct Coefficients<float> {
  // here k is the bias, and 2^-k comes out as zero
  static constexpr float largest_exponent = 176.059387f;
  // (atanh(q) / q - 1) / z, z = q^2 <= 1/9
  // relative error of 1 + z p(z): 5.4e-09
  static constexpr float atanh[] = {
      0.333332092f, 0.200107634f, 0.140009031f, 0.140059933f};
  static constexpr float gelu_pivot = 3.5f;
  // exp(-t^2 / 2) is far below the subnormal numbers, 2^k comes out as zero
  static constexpr float gelu_end = 18.7648277f;
  // Phi(-t) exp(t^2/2) (t + pivot), s = (t - pivot) / (t + pivot)
  // relative error: 3.9e-08
  static constexpr float gelu_tail[] = {
      0.744416058f, -0.565561712f, 0.315425068f, -0.116053119f, 0.0174060464f, 0.00649349391f,
      -0.00317381835f, -0.00049502257f, 0.000419728953f, 0.000109484317f};
  // (Phi(-t) exp(t^2/2) - t / sqrt(2 pi)) / (t0 - t), same s
  // relative error: 1.7e-08
  static constexpr float gelu_slope[] = {
      0.469379544f, -0.111316547f, 0.0583288223f, -0.0220173616f, 0.00469686743f, 0.000242151873f,
      -0.000437244948f, 2.24439209e-05f, 4.5026205e-05f, 4.32623119e-06f};
  static constexpr float gelu_root_hi = 0.751791537f;  // t0: GELU'(-t0) = 0
  static constexpr float gelu_root_lo = -1.21144499e-08f;
  static constexpr float silu_root_hi = -1.27846456f;  // x0: SiLU'(x0) = 0, 1 + x0 + e^x0 = 0
  static constexpr float silu_root_lo = 1.29792825e-08f;
  static constexpr float silu_root_exp = 0.278464556f;  // e^x0
  static constexpr float quick_gelu_beta_hi = 1.70200002f;  // 1.702
  static constexpr float quick_gelu_beta_lo = -2.19345093e-08f;
  static constexpr float gelu_tanh_a_hi = 1.59576917f;  // a = 2 sqrt(2 / pi)
  static constexpr float gelu_tanh_a_lo = -4.53406805e-08f;
  static constexpr float gelu_tanh_b_hi = 0.0713548139f;  // b = 0.044715 a
  static constexpr float gelu_tanh_b_lo = 2.39883247e-09f;
  static constexpr float gelu_tanh_3b = 0.214064449f;
  static constexpr float gelu_tanh_root_hi = -0.752461433f;  // x0: GELUTanh'(x0) = 0
  static constexpr float gelu_tanh_root_lo = 1.13396279e-08f;
  static constexpr float gelu_tanh_root_exp = 0.291955203f;  // e^(a x0 + b x0^3)
  static constexpr float negligible = 30.0f;  // 1 + e^-this rounds to 1, with a margin
  static constexpr float tanh_end = 20.0f;  // tanh(x) rounds to 1 for 2x beyond this
  static constexpr float gelu_tanh_end = 12.9614458f;  // a x + b x^3 = largest_exponent
};

template <>
struct ExponentialSteps<double, 1> {
  static constexpr double inverse_step = 0.72134752044448169;
  static constexpr double round_to_integer = 6755399441056767.0;
  // the last 11 bits are zero: i step_hi is exact
  static constexpr double step_hi = 1.3862943611197807;
  static constexpr double step_lo = 1.0995846037416742e-13;
  // p(r) = (expm1(r) / r - 1) / r, |r| <= ln 2
  // relative error of r + r^2 p(r): 4.4e-17
  static constexpr double exp[] = {
      0.49999999999999961, 0.16666666666666743, 0.041666666666690333, 0.0083333333333122928,
      0.0013888888884783766, 0.00019841269859848434, 2.4801590302865987e-05,
      2.7557312401853769e-06, 2.7556261162542754e-07, 2.5053066471986406e-08,
      2.1054885249059209e-09, 1.6060884852889673e-10};
};

template <>
struct ExponentialSteps<double, 8> {
  static constexpr double inverse_step = 5.7707801635558535;
  static constexpr double round_to_integer = 6755399441063931.0;
  // the last 14 bits are zero: i step_hi is exact
  static constexpr double step_hi = 0.17328679513957468;
  static constexpr double step_lo = 4.1164873957242706e-13;
  // p(r) = (expm1(r) / r - 1) / r, |r| <= ln 2 / 8
  // relative error of 1 + r + r^2 p(r): 4.5e-18
  static constexpr double exp[] = {
      0.50000000000000067, 0.16666666666695854, 0.041666666666109575, 0.0083333331305104081,
      0.0013888890103076891, 0.00019845510609168318, 2.4795692936309182e-05};
  // 2^1023 4^(-j/8), j = -3, ..., 4
  static constexpr double biased_factors[] = {
      1.5116737128319338e+308, 1.2711610061536464e+308, 1.0689147332849061e+308,
      8.9884656743115795e+307, 7.5583685641596689e+307, 6.3558050307682319e+307,
      5.3445736664245305e+307, 4.4942328371557898e+307};
};

template <>
struct Coefficients<double> {
  // here k is the bias, and 2^-k comes out as zero
  static constexpr double largest_exponent = 1418.1791314256482;
  // (atanh(q) / q - 1) / z, z = q^2 <= 1/9
  // relative error of 1 + z p(z): 2.1e-18
  static constexpr double atanh[] = {
      0.33333333333333337, 0.19999999999997031, 0.14285714286248682, 0.11111111063210084,
      0.090909115810080404, 0.076922265108333054, 0.066683936366827345, 0.058580764119515155,
      0.054856007028180512, 0.034997254889411959, 0.082295395478448871};
  static constexpr double gelu_pivot = 5.0;
  // exp(-t^2 / 2) is far below the subnormal numbers, 2^k comes out as zero
  static constexpr double gelu_end = 53.257471427502978;
  // Phi(-t) exp(t^2/2) (t + pivot), s = (t - pivot) / (t + pivot)
  // relative error: 5.4e-17
  static constexpr double gelu_tail[] = {
      0.76919304975006297, -0.66538250289005663, 0.49530561596997724, -0.31353315667131826,
      0.16502036617034926, -0.069118638705876895, 0.020795066800489898, -0.0029933767766828078,
      -0.00079786940409430564, 0.00054489911271332549, -5.9375694989488451e-05,
      -4.9763037140269184e-05, 1.6681081743802525e-05, 3.9815510297776045e-06,
      -2.7689018460734441e-06, -3.3780940504642073e-07, 4.3245917324808453e-07,
      4.3624461594709772e-08, -6.5132493374397118e-08, -1.0168505400573672e-08,
      7.1162039980699663e-09, 1.9853576926803912e-09};
  // (Phi(-t) exp(t^2/2) - t / sqrt(2 pi)) / (t0 - t), same s
  // relative error: 5.1e-17
  static constexpr double gelu_slope[] = {
      0.45143549526340543, -0.089796580269803819, 0.060487813553870236, -0.035535121469147377,
      0.017807831556918525, -0.0073343109292138362, 0.002302183722910381, -0.00044053062254263318,
      -1.5195768058402858e-05, 4.0646977647806864e-05, -9.201199145085961e-06,
      -1.9927628684357715e-06, 1.3602751450831273e-06, 2.1495753482320548e-08,
      -1.6902437134775744e-07, 1.2267539777909245e-08, 2.2148132646338423e-08,
      -2.1789613408053181e-09, -3.1124566908457448e-09, 7.0754364954234417e-11,
      3.5119472301477704e-10, 5.6953228864573781e-11};
  static constexpr double gelu_root_hi = 0.75179152469356447;  // t0: GELU'(-t0) = 0
  static constexpr double gelu_root_lo = -1.4956759177009883e-17;
  // x0: SiLU'(x0) = 0, 1 + x0 + e^x0 = 0
  static constexpr double silu_root_hi = -1.2784645427610737;
  static constexpr double silu_root_lo = -1.0946994183093437e-16;
  static constexpr double silu_root_exp = 0.2784645427610738;  // e^x0
  static constexpr double quick_gelu_beta_hi = 1.702;  // 1.702
  static constexpr double quick_gelu_beta_lo = 4.2632564145606012e-17;
  static constexpr double gelu_tanh_a_hi = 1.5957691216057308;  // a = 2 sqrt(2 / pi)
  static constexpr double gelu_tanh_a_lo = -9.9693088091109202e-17;
  static constexpr double gelu_tanh_b_hi = 0.071354816272600249;  // b = 0.044715 a
  static constexpr double gelu_tanh_b_lo = -6.175149918155315e-19;
  static constexpr double gelu_tanh_3b = 0.21406444881780073;
  static constexpr double gelu_tanh_root_hi = -0.75246142207101629;  // x0: GELUTanh'(x0) = 0
  static constexpr double gelu_tanh_root_lo = 3.6355605092076871e-17;
  static constexpr double gelu_tanh_root_exp = 0.29195521191476714;  // e^(a x0 + b x0^3)
  static constexpr double negligible = 60.0;  // 1 + e^-this rounds to 1, with a margin
  static constexpr double tanh_end = 40.0;  // tanh(x) rounds to 1 for 2x beyond this
  static constexpr double gelu_tanh_end = 26.812325927744869;  // a x + b x^3 = largest_exponent
};

}  // namespace math

SLUICE_NAMESPACE_END
