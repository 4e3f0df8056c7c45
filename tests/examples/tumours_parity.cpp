// SPDX-License-Identifier: MIT
//
// The demo's training, loss by loss as PyTorch's, and from the split, weights and order that the
// demo makes itself.
#include "support/matchers.hpp"
#include "support/torch_tumours.hpp"

TEST_CASE("The demo's losses are PyTorch's, in double", "[examples][torch]") { test::check_all_losses<double>(1e-12); }

TEST_CASE("The demo makes the split, weights and order that PyTorch was given", "[examples][torch]") {
  const test::ArrayFile& file = test::torch_tumours_file();
  std::mt19937_64 generator(1);
  const tumours::Split split = tumours::stratified_split(test::all_tumours(), 0.3, generator);
  CHECK(split.train == test::indices(file["train_rows"]));

  tumours::Network<sluice::GLU<double>> network;
  tumours::initialize(network, 1);
  CHECK(test::relative_error(network.gated.value_weight(), file["value_weight"].matrix()) < 1e-14);
  CHECK(test::relative_error(network.gated.gate_weight(), file["gate_weight"].matrix()) < 1e-14);
  CHECK(test::relative_error(network.head.weight(), file["head_weight"].matrix()) < 1e-14);

  const auto train_size = static_cast<Eigen::Index>(split.train.size());
  tumours::Orders orders(train_size, 1);
  std::vector<Eigen::Index> shown;
  while (shown.size() < file["order"].numbers.size()) {
    const auto& order = orders.next();
    shown.insert(shown.end(), order.begin(), order.end());
  }
  CHECK(shown == test::indices(file["order"]));
}
