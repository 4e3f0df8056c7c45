// SPDX-License-Identifier: MIT
//
// What peers.cpp asks of a library that it is compared with, in types of the language alone: every library has a
// translation unit of its own, with its own compiler flags, and none sees another's headers.
//
//   y = value ⊙ gate·σ(gate),   [value | gate] = x·W + b      x (batch × input_dim), y (batch × units)
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace peers {

/// The parameters of one shape, owned by peers.cpp and shared by all who don't pack them into a format of their own.
struct Weights {
  long input_dim, units;
  std::vector<float> fused;       // (input_dim × 2·units), row-major, [value | gate]
  std::vector<float> transposed;  // (2·units × input_dim), row-major: torch's layout
  std::vector<float> bias;        // 2·units
};

/// One point: the weights, and samples for one batch.
struct Problem {
  std::shared_ptr<const Weights> weights;
  long batch;
  std::vector<float> x;   // (batch × input_dim), row-major
  std::vector<float> dy;  // (batch × units), row-major; for training
};
using SharedProblem = std::shared_ptr<const Problem>;

/// Row-major. Forward fills y only; dw is (input_dim × 2·units).
struct Results {
  std::vector<float> y, dx, dw, db;
};

/// One way to use a library. Whoever knows several returns them all, and the fastest is kept.
struct Variant {
  std::string name;
  std::function<void(long times)> run;
  std::function<Results()> results;  // those of a call; empty where there is nothing to compare
};
using Variants = std::vector<Variant>;

/// The loop around a call lies in the contestant's translation unit, so that a short call pays for nothing but itself.
template <class Call>
std::function<void(long)> repeat(Call call) {
  return [call = std::move(call)](long times) mutable {
    for (long i = 0; i < times; ++i) {
      call();
      asm volatile("" ::: "memory");
    }
  };
}

/// Each is defined where CMake found the library.
Variants openblas(const SharedProblem& problem);
Variants onednn(const SharedProblem& problem);
Variants libtorch(const SharedProblem& problem);
Variants libtorch_training(const SharedProblem& problem);

/// Version and what the library chose for this processor. Also tells it to use one thread.
std::string openblas_version();
std::string onednn_version();
std::string libtorch_version();

}  // namespace peers
