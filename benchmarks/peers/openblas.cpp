// SPDX-License-Identifier: MIT
//
// OpenBLAS: one sgemm with 2·units columns, then one vectorised pass for bias and gating. The weights lie as in the
// layer or transposed, and a batch of one may be an sgemv: whichever is fastest.

#include <cblas.h>

#include "peer.hpp"
#include "silu_multiply.hpp"

namespace peers {
namespace {

template <class Product>
Variant variant(const char* name, const SharedProblem& problem, Product product) {
  const Weights& w = *problem->weights;
  struct Buffers {
    Floats h, y;
  };
  const auto buffers = std::make_shared<Buffers>();
  buffers->h.resize(static_cast<std::size_t>(problem->batch * 2 * w.units));
  buffers->y.resize(static_cast<std::size_t>(problem->batch * w.units));
  const auto call = [problem, buffers, product] {
    const Weights& weights = *problem->weights;
    product(*problem, buffers->h.data());
    silu_multiply(problem->batch, weights.units, buffers->h.data(), weights.bias.data(), buffers->y.data());
  };
  return {name, repeat(call), [call, buffers] {
            call();
            return Results{buffers->y, {}, {}, {}};
          }};
}

int integer(long n) { return static_cast<int>(n); }

}  // namespace

Variants openblas(const SharedProblem& problem) {
  Variants variants;
  variants.push_back(variant("sgemm", problem, [](const Problem& p, float* h) {
    const int m = integer(p.batch), n = integer(2 * p.weights->units), k = integer(p.weights->input_dim);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, p.x.data(), k, p.weights->fused.data(), n,
                0.0f, h, n);
  }));
  variants.push_back(variant("sgemm, W transposed", problem, [](const Problem& p, float* h) {
    const int m = integer(p.batch), n = integer(2 * p.weights->units), k = integer(p.weights->input_dim);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, p.x.data(), k, p.weights->transposed.data(), k,
                0.0f, h, n);
  }));
  if (problem->batch == 1) {
    variants.push_back(variant("sgemv", problem, [](const Problem& p, float* h) {
      const int n = integer(2 * p.weights->units), k = integer(p.weights->input_dim);
      cblas_sgemv(CblasRowMajor, CblasTrans, k, n, 1.0f, p.weights->fused.data(), n, p.x.data(), 1, 0.0f, h, 1);
    }));
    variants.push_back(variant("sgemv, W transposed", problem, [](const Problem& p, float* h) {
      const int n = integer(2 * p.weights->units), k = integer(p.weights->input_dim);
      cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1.0f, p.weights->transposed.data(), k, p.x.data(), 1, 0.0f, h, 1);
    }));
  }
  return variants;
}

std::string openblas_version() {
  openblas_set_num_threads(1);
  return std::string(openblas_get_config()) + ", kernels " + openblas_get_corename();
}

}  // namespace peers
