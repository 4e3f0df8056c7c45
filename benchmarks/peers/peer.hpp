// SPDX-License-Identifier: MIT
//
// What peers.cpp asks of a library that it is compared with, in types of the language alone: every library has a
// translation unit of its own, with its own compiler flags, and none sees another's headers.
//
//   y = value ⊙ gate·σ(gate),   [value | gate] = x·W + b      x (batch × input_dim), y (batch × units)
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace peers {

/// Memory that begins with a cache line, as that of our layers does, and with AVX-512 that of Eigen's matrices. (What
/// malloc gives begins 16 bytes behind one as a rule: every access of AVX-512 then takes parts of two lines, and
/// OpenBLAS's sgemm up to twice the time with one sample.)
template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), line)); }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, line); }
  friend bool operator==(const LineAllocator&, const LineAllocator&) { return true; }
  friend bool operator!=(const LineAllocator&, const LineAllocator&) { return false; }
};
using Floats = std::vector<float, LineAllocator<float>>;

/// The parameters of one shape, owned by peers.cpp and shared by all who don't pack them into a format of their own.
struct Weights {
  long input_dim, units;
  Floats fused;       // (input_dim × 2·units), row-major, [value | gate]
  Floats transposed;  // (2·units × input_dim), row-major: torch's layout
  Floats bias;        // 2·units
};

/// One point: the weights, and samples for one batch.
struct Problem {
  std::shared_ptr<const Weights> weights;
  long batch;
  Floats x;   // (batch × input_dim), row-major
  Floats dy;  // (batch × units), row-major; for training
};
using SharedProblem = std::shared_ptr<const Problem>;

/// Row-major. Forward fills y only; dw is (input_dim × 2·units).
struct Results {
  Floats y, dx, dw, db;
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
