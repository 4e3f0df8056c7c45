// SPDX-License-Identifier: MIT
//
// What a caller gets wrong: every message in full, and nothing is written when it is thrown.
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/sluice.hpp>

#include <limits>
#include <string>
#include <utility>

namespace {

using Eigen::MatrixXf;
using test::error_of;
using test::Index;
using Layer = sluice::SwiGLU<float>;

constexpr Index largest = std::numeric_limits<Index>::max();

template <class AnyLayer = Layer>
std::string error_of_sizes(Index input_dim, Index units) {
  return error_of([&] { AnyLayer(input_dim, units); });
}

TEST_CASE("sizes that are not positive", "[layer][errors]") {
  CHECK(error_of_sizes(0, 3) == "GatedLinearUnit: expected input_dim > 0, got 0");
  CHECK(error_of_sizes(-2, 3) == "GatedLinearUnit: expected input_dim > 0, got -2");
  CHECK(error_of_sizes(3, 0) == "GatedLinearUnit: expected units > 0, got 0");
  CHECK(error_of_sizes(3, -1) == "GatedLinearUnit: expected units > 0, got -1");
  CHECK(error_of_sizes<sluice::GLU<double, sluice::Split>>(3, 0) == "GatedLinearUnit: expected units > 0, got 0");
  CHECK(error_of_sizes(std::numeric_limits<Index>::min(), 1) ==
        "GatedLinearUnit: expected input_dim > 0, got -9223372036854775808");
}

TEST_CASE("sizes whose product no machine can address", "[layer][errors]") {
  const auto is_refused = [](Index input_dim, Index units) {
    CAPTURE(input_dim, units);
    const std::string fused = error_of_sizes(input_dim, units);
    CHECK(fused == error_of_sizes<sluice::SwiGLU<float, sluice::Split>>(input_dim, units));
    CHECK(fused.find("GatedLinearUnit: ") == 0);
    CHECK(fused.find("more than this machine can address") != std::string::npos);
  };
  is_refused(largest, 1);
  is_refused(1, largest);
  is_refused(largest, largest);
  is_refused(largest / 2, 1);
  is_refused(1, largest / 2);
  is_refused(largest / 2, 2);
  is_refused(2, largest / 2);
  is_refused(Index(1) << 32, Index(1) << 31);
  is_refused(Index(1) << 30, Index(1) << 30);  // 2⁶¹ numbers would be 2⁶³ bytes
  is_refused(largest - 1, 1);
  is_refused(largest / 8 - 1, 1);
}

TEST_CASE("sizes that disagree with the type", "[layer][errors]") {
  CHECK(error_of_sizes<sluice::GLU<float, sluice::Fused, 7, 3>>(8, 3) ==
        "GatedLinearUnit: expected input_dim 7 as in the type, got 8");
  CHECK(error_of_sizes<sluice::GLU<float, sluice::Fused, 7, 3>>(7, 2) ==
        "GatedLinearUnit: expected units 3 as in the type, got 2");
  CHECK(error_of_sizes<sluice::GLU<float, sluice::Fused, Eigen::Dynamic, 3>>(7, 2) ==
        "GatedLinearUnit: expected units 3 as in the type, got 2");
  CHECK(error_of_sizes<sluice::GLU<float, sluice::Fused, 7, 3>>(7, 3).empty());
}

struct Fixture {
  test::Random random{5};
  Layer layer{30, 10};
  MatrixXf x = random.matrix<MatrixXf>(32, 30);
  MatrixXf dy = random.matrix<MatrixXf>(32, 10);
  MatrixXf y = MatrixXf::Constant(32, 10, 7.0F);
  MatrixXf dx = MatrixXf::Constant(32, 30, 8.0F);
  Layer::Cache cache;
  Layer::Gradients gradients{layer};
  MatrixXf cached_value;
  Eigen::RowVectorXf parameters;

  Fixture() {
    random.fill_parameters(layer);
    parameters = layer.parameters();
    gradients.parameters().setConstant(3.0F);
    layer.forward(x, y, cache);
    y.setConstant(7.0F);
    cached_value = cache.value();
  }

  /// The message of a failing call, after which everything is as it was.
  template <class Call>
  std::string refused(const Call& call) {
    const MatrixXf y_before = y, dx_before = dx;
    const std::string message = error_of(call);
    CHECK(test::same_bits(y, y_before));
    CHECK(test::same_bits(dx, dx_before));
    CHECK(test::same_bits(layer.parameters(), parameters));
    CHECK((gradients.parameters().array() == 3.0F).all());
    CHECK(cache.samples() == 32);
    CHECK(test::same_bits(cache.value(), cached_value));
    return message;
  }
};

TEST_CASE("inputs with another number of features", "[layer][errors]") {
  Fixture f;
  const MatrixXf wide = MatrixXf::Zero(32, 31);
  const std::string message = "GatedLinearUnit: expected input with 30 features, got 31 (input is 32×31)";
  CHECK(f.refused([&] { f.layer(wide); }) == message);
  CHECK(f.refused([&] { f.layer(wide, sluice::return_gate); }) == message);
  CHECK(f.refused([&] { f.layer.forward(wide, f.y); }) == message);
  CHECK(f.refused([&] { f.layer.forward(wide, f.y, f.dy); }) == message);
  CHECK(f.refused([&] { f.layer.forward(wide, f.y, f.cache); }) == message);
  CHECK(f.refused([&] { f.layer.backward(wide, f.dy, f.cache, f.dx, f.gradients); }) == message);
  CHECK(f.refused([&] { f.layer.backward(wide, f.dy, f.cache, f.gradients); }) == message);
  CHECK(f.refused([&] { f.layer.backward(wide, f.dy, f.dx, f.gradients); }) == message);
  CHECK(f.refused([&] { f.layer.backward(wide, f.dy, f.gradients); }) == message);
  CHECK(f.refused([&] { f.layer(f.x.transpose()); }) ==
        "GatedLinearUnit: expected input with 30 features, got 32 (input is 30×32)");
  CHECK(f.refused([&] { f.layer(2 * wide); }) == message);
  CHECK(f.refused([&] { f.layer(wide.row(0)); }) ==
        "GatedLinearUnit: expected input with 30 features, got 31 (input is 1×31; a vector is one "
        "sample)");
  CHECK(f.refused([&] { f.layer(MatrixXf(0, 0)); }) ==
        "GatedLinearUnit: expected input with 30 features, got 0 (input is 0×0)");
}

TEST_CASE("a column vector is one sample, not a batch of one feature", "[layer][errors]") {
  const sluice::GLU<float> layer(1, 1);
  Eigen::VectorXf five = Eigen::VectorXf::Ones(5);
  CHECK(error_of([&] { layer(five); }) ==
        "GatedLinearUnit: expected input with 1 features, got 5 (input is 5×1; a vector is one "
        "sample)");
  const MatrixXf batch = MatrixXf::Ones(5, 1);
  CHECK(error_of([&] { layer.forward(batch, five); }).find("a vector is one sample") != std::string::npos);
}

TEST_CASE("outputs of another shape", "[layer][errors]") {
  Fixture f;
  MatrixXf wrong = MatrixXf::Constant(31, 10, 9.0F);
  const auto is_untouched = [&] { return (wrong.array() == 9.0F).all(); };
  CHECK(f.refused([&] { f.layer.forward(f.x, wrong); }) == "GatedLinearUnit: expected output of 32×10, got 31×10");
  CHECK(f.refused([&] { f.layer.forward(f.x, wrong, f.cache); }) ==
        "GatedLinearUnit: expected output of 32×10, got 31×10");
  CHECK(f.refused([&] { f.layer.forward(f.x, f.y, wrong); }) == "GatedLinearUnit: expected gate of 32×10, got 31×10");
  CHECK(f.refused([&] { f.layer.forward(f.x, wrong, f.y); }) == "GatedLinearUnit: expected output of 32×10, got 31×10");
  CHECK(f.refused([&] { f.layer.forward(f.x, wrong.leftCols(9)); }) ==
        "GatedLinearUnit: expected output of 32×10, got 31×9");
  CHECK(f.refused([&] { f.layer.backward(f.x, wrong, f.cache, f.dx, f.gradients); }) ==
        "GatedLinearUnit: expected output gradient of 32×10, got 31×10");
  CHECK(f.refused([&] { f.layer.backward(f.x, f.dy, f.cache, wrong, f.gradients); }) ==
        "GatedLinearUnit: expected input gradient of 32×30, got 31×10");
  CHECK(f.refused([&] { f.layer.backward(f.x, f.dy, wrong, f.gradients); }) ==
        "GatedLinearUnit: expected input gradient of 32×30, got 31×10");
  CHECK(is_untouched());
  MatrixXf empty;
  CHECK(f.refused([&] { f.layer.forward(f.x, empty, wrong); }) == "GatedLinearUnit: expected gate of 32×10, got 31×10");
  CHECK(empty.size() == 0);
}

TEST_CASE("a cache of another call, and gradients of another layer", "[layer][errors]") {
  Fixture f;
  const Layer::Cache unused;
  CHECK(f.refused([&] { f.layer.backward(f.x, f.dy, unused, f.dx, f.gradients); }) ==
        "GatedLinearUnit: expected a cache of 32 samples with 20 pre-activations, got 0 with 0 "
        "(forward(x, y, cache) fills it)");
  const MatrixXf x = f.x.topRows(4), dy = f.dy.topRows(4);
  CHECK(f.refused([&] { f.layer.backward(x, dy, f.cache, f.gradients); }) ==
        "GatedLinearUnit: expected a cache of 4 samples with 20 pre-activations, got 32 with 20 "
        "(forward(x, y, cache) fills it)");

  const auto message = [&](const Layer& other) {
    Layer::Gradients gradients(other);
    const std::string text = f.refused([&] { f.layer.backward(f.x, f.dy, f.cache, f.dx, gradients); });
    CHECK(text == f.refused([&] { f.layer.backward(f.x, f.dy, f.dx, gradients); }));
    CHECK(text == f.refused([&] { f.layer.backward(f.x, f.dy, f.cache, gradients); }));
    CHECK(gradients.parameters().isZero(0));
    return text;
  };
  CHECK(message(Layer(30, 11)) ==
        "GatedLinearUnit: expected gradients of a layer 30 → 10 with bias, got 30 → 11 with bias");
  CHECK(message(Layer(29, 10)) ==
        "GatedLinearUnit: expected gradients of a layer 30 → 10 with bias, got 29 → 10 with bias");
  CHECK(message(Layer(30, 10, {.bias = false})) ==
        "GatedLinearUnit: expected gradients of a layer 30 → 10 with bias, got 30 → 10 without bias");
}

/// Moves a layer and its gradients away: the new owner works, the old one refuses every call.
template <class AnyLayer>
AnyLayer moved_from(Index input_dim, Index units) {
  test::Random random(6);
  AnyLayer layer(input_dim, units);
  random.fill_parameters(layer);
  const MatrixXf x = random.matrix<MatrixXf>(3, input_dim), dy = random.matrix<MatrixXf>(3, units), want = layer(x);
  MatrixXf y(3, units), dx(3, input_dim);
  typename AnyLayer::Cache cache;
  layer.forward(x, y, cache);
  typename AnyLayer::Gradients gradients(layer);
  AnyLayer moved = std::move(layer);
  CHECK(test::same_bits(moved(x), want));
  typename AnyLayer::Gradients moved_gradients = std::move(gradients);
  const std::string no_gradients = "GatedLinearUnit: expected gradients with parameters, got a moved-from one";
  CHECK(error_of([&] { moved.backward(x, dy, cache, dx, gradients); }) == no_gradients);
  CHECK(error_of([&] { moved.backward(x, dy, dx, gradients); }) == no_gradients);
  layer = std::move(moved);  // there and back
  CHECK(test::same_bits(layer(x), want));
  moved = std::move(layer);
  CHECK(test::same_bits(moved(x), want));

  const std::string message = "GatedLinearUnit: expected a layer with parameters, got a moved-from one";
  CHECK(layer.is_moved_from());
  CHECK(error_of([&] { layer(x); }) == message);
  CHECK(error_of([&] { layer(x, sluice::return_gate); }) == message);
  CHECK(error_of([&] { layer.forward(x, y); }) == message);
  CHECK(error_of([&] { layer.forward(x, y, cache); }) == message);
  CHECK(error_of([&] { layer.forward(MatrixXf(3, 0), y); }) == message);
  CHECK(error_of([&] { layer.backward(x, dy, cache, dx, moved_gradients); }) == message);
  CHECK(error_of([&] { layer.backward(x, dy, cache, moved_gradients); }) == message);
  CHECK(error_of([&] { layer.backward(x, dy, dx, moved_gradients); }) == message);
  CHECK(test::same_bits(y, want));
  const AnyLayer copy = layer;
  CHECK(error_of([&] { copy(x); }) == message);
  return layer;
}

TEST_CASE("a layer that has been moved away has no sizes, and refuses every call", "[layer][errors]") {
  const auto has_no_sizes = [](const auto& layer) {
    return layer.input_dim() == 0 && layer.units() == 0 && layer.parameter_count() == 0 &&
           layer.value_weight().size() == 0 && layer.gate_bias().size() == 0 && layer.parameters().size() == 0;
  };
  CHECK(has_no_sizes(moved_from<Layer>(7, 5)));
  CHECK(has_no_sizes(moved_from<sluice::GLU<float, sluice::Split>>(4, 3)));
  CHECK(moved_from<sluice::GLU<float, sluice::Fused, 4>>(4, 3).units() == 0);
  moved_from<sluice::GLU<float, sluice::Fused, 128, 129>>(128, 129);  // on the heap, its sizes in the type
}

}  // namespace
