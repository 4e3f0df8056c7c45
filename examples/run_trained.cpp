// SPDX-License-Identifier: MIT
//
// A classifier that was trained in PyTorch, run in C++: handwritten digits, 8 × 8 pixels, by a gated layer and a dense
// one.
//
//   h = (x·W₁ + b₁) ⊙ SiLU(x·W₂ + b₂)       (540 × 32) from (540 × 64)
//   logits = h·W₃ + b₃                       (540 × 10)
//
// tools/train_digits.py trained it and exported it with tools/export_torch.py, and left PyTorch's own logits in the
// file. The program says how many of its answers are another digit than PyTorch's, and fails if one is.
//
//   build/demo/examples/run_trained [DIRECTORY]      (examples/data)
#include <sluice/io/npy.hpp>
#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

Eigen::Index largest(const Eigen::MatrixXf& logits, Eigen::Index row) {
  Eigen::Index column = 0;
  logits.row(row).maxCoeff(&column);
  return column;
}

int run(const std::string& directory) {
  const auto file = sluice::io::Safetensors::open(directory + "/digits.safetensors");
  const Eigen::MatrixXf x = sluice::io::Npy::open(directory + "/digits_test_x.npy").matrix<float>() / 16;
  const Eigen::VectorXf y = sluice::io::Npy::open(directory + "/digits_test_y.npy").matrix<float>().transpose();
  const Eigen::MatrixXf torch_logits = file.matrix<float>("torch.logits");

  // What the export said: names below a prefix, and a self-check for each layer, which is replayed before it is used.
  sluice::SwiGLU<float> gated(64, 32);
  sluice::Dense<float> head(32, 10);
  sluice::io::load(gated, file, sluice::io::Native("gated"), {.self_check = true});
  sluice::io::load(head, file, sluice::io::Native("head"), {.self_check = true});

  const Eigen::MatrixXf logits = head(gated(x));

  int right = 0, torch_right = 0, different = 0;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const Eigen::Index ours = largest(logits, i), theirs = largest(torch_logits, i);
    const auto truth = static_cast<Eigen::Index>(y(i));
    right += ours == truth;
    torch_right += theirs == truth;
    different += ours != theirs;
  }
  const auto samples = static_cast<int>(x.rows());
  std::printf("sluice    %d of %d digits right, %.2f %%\n", right, samples, 100.0 * right / samples);
  std::printf("PyTorch   %d of %d digits right, %.2f %%\n", torch_right, samples, 100.0 * torch_right / samples);
  std::printf("answers that differ: %d; logits differ by at most %.1e of the largest\n", different,
              static_cast<double>((logits - torch_logits).cwiseAbs().maxCoeff() / torch_logits.cwiseAbs().maxCoeff()));
  return different == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "examples/data");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "run_trained: %s\n", error.what());
    return 2;
  }
}
