// SPDX-License-Identifier: MIT
//
// Trains the demo's networks (examples/tumours.cpp) as tests/data/tumours_torch.txt says that
// PyTorch has trained them: the same samples, first weights and order. Compared is the mean loss of
// every epoch.
#pragma once

#include "../../examples/support/tumour_network.hpp"
#include "support/array_file.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace test {

inline const ArrayFile& torch_tumours_file() {
  static const ArrayFile file("tumours_torch.txt");
  return file;
}

inline std::vector<Index> indices(const Array& array) {
  std::vector<Index> result;
  for (const double number : array.numbers) result.push_back(static_cast<Index>(number));
  return result;
}

inline const tumours::Samples& all_tumours() {
  static const tumours::Samples samples = tumours::read_samples(data_path("../../examples/data/breast_cancer.csv"));
  return samples;
}

inline tumours::Samples training_part() {
  tumours::Samples train = all_tumours().pick(indices(torch_tumours_file()["train_rows"]));
  tumours::Samples nothing = train;
  tumours::standardise(train, nothing);
  return train;
}

template <class Layer>
void check_losses(const std::string& variant, double tolerance) {
  using Scalar = typename Layer::Scalar;
  using Batch = typename tumours::Network<Layer>::Batch;
  const ArrayFile& file = torch_tumours_file();
  const tumours::Samples train = training_part();

  tumours::Network<Layer> network;
  network.gated.value_weight() = file["value_weight"].matrix().cast<Scalar>();
  network.gated.gate_weight() = file["gate_weight"].matrix().cast<Scalar>();
  network.gated.value_bias() = file["value_bias"].matrix().cast<Scalar>();
  network.gated.gate_bias() = file["gate_bias"].matrix().cast<Scalar>();
  network.head.weight() = file["head_weight"].matrix().cast<Scalar>();
  network.head.bias() = file["head_bias"].matrix().cast<Scalar>();

  const Batch x = train.features.template cast<Scalar>();
  const Batch t = train.malignant.template cast<Scalar>();
  const std::vector<Index> order = indices(file["order"]);
  const Array& losses = file[(std::is_same_v<Scalar, float> ? "loss32." : "loss64.") + variant];
  REQUIRE(losses.numbers.size() >= 3);
  for (std::size_t epoch = 0; epoch < losses.numbers.size(); ++epoch) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(epoch) * train.size();
    const double loss = network.learn_epoch(x, t, {begin, begin + train.size()});
    INFO(variant << ", epoch " << epoch + 1 << ": " << loss << ", PyTorch: " << losses.numbers[epoch]);
    CHECK(std::abs(loss - losses.numbers[epoch]) <= tolerance * losses.numbers[epoch]);
  }
}

template <class Scalar>
void check_all_losses(double tolerance) {
  check_losses<sluice::GLU<Scalar>>("GLU", tolerance);
  check_losses<sluice::SwiGLU<Scalar>>("SwiGLU", tolerance);
  check_losses<sluice::GeGLU<Scalar>>("GeGLU", tolerance);
  check_losses<sluice::ReGLU<Scalar>>("ReGLU", tolerance);
  check_losses<sluice::Bilinear<Scalar>>("Bilinear", tolerance);
}

}  // namespace test
