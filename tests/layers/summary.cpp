// SPDX-License-Identifier: MIT
//
// The summary table, to the letter.
#include <sluice/activations/tanh.hpp>
#include <sluice/layers/dense.hpp>
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/layers/summary.hpp>

#include "support/catch.hpp"

#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>

namespace {

struct Mish {
  static constexpr std::string_view name = "mish";
  static float value(float x) { return x; }
  static float derivative(float) { return 1; }
};

// A layer that knows no more than its name and its sizes.
struct GatedConv1D {
  static constexpr std::string_view name = "GatedConv1D";
  Eigen::Index units() const { return 7; }
  Eigen::Index parameter_count() const { return 1; }
};

// What the first column says: "glu (GLU)".
template <class Layer>
std::string type_and_name(const Layer& layer) {
  std::istringstream lines(sluice::summary(layer).str());
  std::string line;
  for (int i = 0; i < 4; ++i) std::getline(lines, line);
  return line.substr(0, line.find("  "));
}

}  // namespace

TEST_CASE("one layer, as R's keras prints it") {
  const sluice::GLU<float> layer(30, 10);
  std::ostringstream out;
  out << sluice::summary(layer);
  CHECK(out.str() ==
        "_________________________________________________________________\n"
        "Layer (type)                 Output Shape              Param #\n"
        "=================================================================\n"
        "glu (GLU)                    (None, 10)                620\n"
        "=================================================================\n"
        "Total params: 620\n"
        "Trainable params: 620\n"
        "Non-trainable params: 0\n"
        "_________________________________________________________________\n");
  CHECK(sluice::summary(layer).str() == out.str());
}

TEST_CASE("several layers: names are counted by kind, parameters added up") {
  const sluice::SwiGLU<float> first(300, 4096);
  const sluice::GLU<double, sluice::Split, 4096, 8> second;
  const sluice::SwiGLU<float> third(8, 16, {.bias = false});
  const sluice::SwiGLU<double> fourth(16, 2);
  const sluice::Dense<double> last(2, 1);
  CHECK(sluice::summary(first, second, third, fourth, last).str() ==
        "_________________________________________________________________\n"
        "Layer (type)                 Output Shape              Param #\n"
        "=================================================================\n"
        "swiglu (SwiGLU)              (None, 4096)              2,465,792\n"
        "glu (GLU)                    (None, 8)                 65,552\n"
        "swiglu_1 (SwiGLU)            (None, 16)                256\n"
        "swiglu_2 (SwiGLU)            (None, 2)                 68\n"
        "dense (Dense)                (None, 1)                 3\n"
        "=================================================================\n"
        "Total params: 2,531,671\n"
        "Trainable params: 2,531,671\n"
        "Non-trainable params: 0\n"
        "_________________________________________________________________\n");
}

TEST_CASE("a long name widens its column") {
  const sluice::GatedLinearUnit<float, sluice::Gating<sluice::Sigmoid, sluice::Tanh>> layer(2, 3);
  CHECK(sluice::summary(layer).str() ==
        "________________________________________________________________________________________\n"
        "Layer (type)                                        Output Shape              Param #\n"
        "========================================================================================\n"
        "gated_linear_unit (GatedLinearUnit(sigmoid, tanh))  (None, 3)                 18\n"
        "========================================================================================\n"
        "Total params: 18\n"
        "Trainable params: 18\n"
        "Non-trainable params: 0\n"
        "________________________________________________________________________________________\n");
}

TEST_CASE("every kind of layer has its usual name") {
  CHECK(type_and_name(sluice::GLU<float>(2, 3)) == "glu (GLU)");
  CHECK(type_and_name(sluice::SwiGLU<float>(2, 3)) == "swiglu (SwiGLU)");
  CHECK(type_and_name(sluice::GeGLU<float>(2, 3)) == "geglu (GeGLU)");
  CHECK(type_and_name(sluice::GeGLUTanh<float>(2, 3)) == "geglu_tanh (GeGLUTanh)");
  CHECK(type_and_name(sluice::ReGLU<float>(2, 3)) == "reglu (ReGLU)");
  CHECK(type_and_name(sluice::Bilinear<float>(2, 3)) == "bilinear (Bilinear)");
  CHECK(type_and_name(sluice::ClampedSwiGLU<float>(2, 3)) == "clamped_swiglu (ClampedSwiGLU)");
  CHECK(type_and_name(sluice::GatedLinearUnit<float, sluice::Gating<sluice::SiLU>>(2, 3)) == "swiglu (SwiGLU)");
  CHECK(type_and_name(sluice::GatedLinearUnit<float, Mish>(2, 3)) == "gated_linear_unit (GatedLinearUnit(mish))");
  CHECK(type_and_name(sluice::Dense<float>(2, 3)) == "dense (Dense)");
  CHECK(type_and_name(GatedConv1D{}) == "gated_conv1d (GatedConv1D)");
}

TEST_CASE("the stream's own formatting does not get into the table") {
  const sluice::GLU<float> layer(30, 10);
  std::ostringstream out;
  out << std::setw(500) << std::setfill('*') << std::hex << sluice::summary(layer);
  CHECK(out.str() == sluice::summary(layer).str());
}
