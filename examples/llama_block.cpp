// SPDX-License-Identifier: MIT
//
// The feed-forward block of a Llama, out of a safetensors file in Hugging Face's names, plain and packed:
//
//   y = down_proj( SiLU(gate_proj(x)) ⊙ up_proj(x) )        x, y (tokens × 64), hidden 172
//
// The file (tools/llama_block_reference.py) holds bfloat16 weights, 16 tokens, and what PyTorch computes from them. The
// program prints how far each variant is from that, and how many tokens it does in a second, one at a time and all at
// once; it fails where the difference is more than the weights' type explains.
//
//   build/demo/examples/llama_block [FILE]       (examples/data/llama_block.safetensors)
#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace {

using Matrix = sluice::io::RowMajorMatrix<float>;
using Block = sluice::GatedFeedForward<float, sluice::SiLU>;

/// Tokens a second, from a twentieth of a second of calls.
template <class Layer>
double tokens_per_second(const Layer& layer, const Matrix& x, Matrix& y) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double seconds = 0, tokens = 0;
  do {
    for (int i = 0; i < 20; ++i) layer.forward(x, y);
    tokens += 20.0 * static_cast<double>(x.rows());
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (seconds < 0.05);
  return tokens / seconds;
}

/// Prints a line; whether the layer is as near to PyTorch as it has to be.
template <class Layer>
bool report(const char* name, const Layer& layer, const Matrix& x, const Matrix& want, double allowed) {
  Matrix y;
  layer.forward(x, y);
  const double difference = static_cast<double>((y - want).cwiseAbs().maxCoeff() / want.cwiseAbs().maxCoeff());
  const Matrix token = x.topRows(1);
  Matrix token_y;
  std::printf("  %-22s %10.1e %14.0f %14.0f%s\n", name, difference, tokens_per_second(layer, token, token_y),
              tokens_per_second(layer, x, y), difference <= allowed ? "" : "   NOT PyTorch's output");
  return difference <= allowed;
}

int run(const std::string& path) {
  const auto file = sluice::io::Safetensors::open(path);
  const sluice::io::HfLlama names("model.layers.0.mlp");
  const Matrix x = file.matrix<float>("torch.x"), want = file.matrix<float>("torch.y");
  const auto hidden = file.shape("model.layers.0.mlp.gate_proj.weight")[0];

  Block block(x.cols(), hidden);
  sluice::io::load(block, file, names);

  std::printf("%td tokens, %td -> %td -> %td; the difference is relative to the largest output\n\n", x.rows(), x.cols(),
              hidden, x.cols());
  std::printf("  %-22s %10s %14s %14s\n", "", "difference", "tokens/s, 1", "tokens/s, all");
  bool good = report("plain, float", block, x, want, 1e-5);
  good &= report("packed, float", sluice::pack(block), x, want, 1e-5);
  // The weights are bfloat16 in the file: as bfloat16 they lose nothing, and need no float copy on the way.
  good &= report("packed, bfloat16", sluice::io::pack<Block, Eigen::bfloat16>(file, names, x.cols(), hidden), x, want,
                 1e-5);
  good &= report("packed, Int8", sluice::pack<sluice::Int8>(block), x, want, 2e-2);
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "examples/data/llama_block.safetensors");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "llama_block: %s\n", error.what());
    return 2;
  }
}
