// SPDX-License-Identifier: MIT
//
// Writes one training run of examples/tumours.cpp down, for tools/tumours_torch.py to repeat with
// PyTorch: which samples, the first weights, the order of every epoch, and the mean loss of every
// epoch and variant in double precision. Text: "name rank extents…" on one line, the numbers of the
// array (last axis fastest) on the next.
#pragma once

#include "tumour_data.hpp"
#include "tumour_network.hpp"
#include "tumour_options.hpp"

#include <Eigen/Core>

#include <fstream>
#include <iomanip>
#include <stdexcept>
#include <string>
#include <vector>

namespace tumours {

class ArrayFile {
 public:
  explicit ArrayFile(const std::string& name) : name_(name), stream_(name) { stream_ << std::setprecision(17); }
  template <class Numbers>
  void write(const std::string& name, const std::vector<Index>& extents, const Numbers& numbers) {
    stream_ << name << ' ' << extents.size();
    for (const Index extent : extents) stream_ << ' ' << extent;
    stream_ << '\n';
    const char* separator = "";
    for (const auto& number : numbers) {
      stream_ << separator << number;
      separator = " ";
    }
    stream_ << '\n';
  }
  template <class Derived>
  void write(const std::string& name, const Eigen::MatrixBase<Derived>& matrix) {
    const Matrix numbers = matrix;
    write(name, {numbers.rows(), numbers.cols()}, std::vector<double>(numbers.data(), numbers.data() + numbers.size()));
  }
  void close() {
    stream_.close();
    if (!stream_) throw std::runtime_error(name_ + ": cannot be written");
  }

 private:
  std::string name_;
  std::ofstream stream_;
};

/// Mean loss of each epoch.
template <class Layer>
std::vector<double> losses(Network<Layer>& network, const Samples& train, Orders orders, int epochs) {
  using Batch = typename Network<Layer>::Batch;
  const Batch x = train.features.template cast<typename Layer::Scalar>();
  const Batch t = train.malignant.template cast<typename Layer::Scalar>();
  std::vector<double> result;
  for (int epoch = 0; epoch < epochs; ++epoch) result.push_back(network.learn_epoch(x, t, orders.next()));
  return result;
}

template <class Layer>
void export_losses(ArrayFile& file, const std::string& variant, const Options& options, const Samples& train) {
  Network<Layer> network;
  initialize(network, options.seed);
  file.write("loss." + variant, {options.epochs},
             losses(network, train, Orders(train.size(), options.seed), options.epochs));
}

inline void export_run(const Options& options, const Split& split, const Samples& train) {
  ArrayFile file(options.export_file);
  file.write("train_rows", {train.size()}, split.train);

  Network<sluice::GLU<double>> network;  // the first weights are every variant's
  initialize(network, options.seed);
  file.write("value_weight", network.gated.value_weight());
  file.write("gate_weight", network.gated.gate_weight());
  file.write("value_bias", network.gated.value_bias());
  file.write("gate_bias", network.gated.gate_bias());
  file.write("head_weight", network.head.weight());
  file.write("head_bias", network.head.bias());

  Orders orders(train.size(), options.seed);
  std::vector<Index> shown;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    const auto& order = orders.next();
    shown.insert(shown.end(), order.begin(), order.end());
  }
  file.write("order", {options.epochs, train.size()}, shown);

  export_losses<sluice::GLU<double>>(file, "GLU", options, train);
  export_losses<sluice::SwiGLU<double>>(file, "SwiGLU", options, train);
  export_losses<sluice::GeGLU<double>>(file, "GeGLU", options, train);
  export_losses<sluice::ReGLU<double>>(file, "ReGLU", options, train);
  export_losses<sluice::Bilinear<double>>(file, "Bilinear", options, train);
  file.close();
  std::printf("%s: written\n", options.export_file.c_str());
}

}  // namespace tumours
