// SPDX-License-Identifier: MIT
//
// One sample at a time, as an audio plug-in works: a WaveNet-style gated layer, tanh(v) ⊙ σ(g),
// looks at the last 16 samples of a plucked string and gives 8 features, which are mixed to one
// sample. The sizes are in the type, so all weights lie inside the object. Prints how long the
// samples took, and proves that none of them allocated: malloc itself is counted.
//
//   realtime [--samples N]        200000 by default: about four seconds of sound at 48 kHz
#include <sluice/sluice.hpp>

#include <sluice/activations/tanh.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <string_view>
#include <vector>

// --- every allocation is counted ---------------------------------------------------------------

static long allocations = 0;

#ifdef __GLIBC__  // malloc and its family, which operator new and Eigen call
static constexpr bool eigen_is_counted = true;
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t size) noexcept { return ++allocations, __libc_malloc(size); }
void* calloc(std::size_t n, std::size_t size) noexcept { return ++allocations, __libc_calloc(n, size); }
void* realloc(void* p, std::size_t size) noexcept { return ++allocations, __libc_realloc(p, size); }
void* memalign(std::size_t a, std::size_t size) noexcept { return ++allocations, __libc_memalign(a, size); }
void* aligned_alloc(std::size_t a, std::size_t size) noexcept { return ++allocations, __libc_memalign(a, size); }
int posix_memalign(void** p, std::size_t a, std::size_t size) noexcept {
  return ++allocations, (*p = __libc_memalign(a, size)) == nullptr;
}
}
#else  // elsewhere operator new will have to do: the library calls it, Eigen's matrices do not
static constexpr bool eigen_is_counted = false;
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
#endif

// --- the sound: a string that is plucked twice a second (Karplus and Strong 1983) ----------------

class String {
 public:
  float next(std::mt19937& rng) {
    if (time_++ % 24000 == 0) {
      for (float& x : loop_) x = static_cast<float>(rng()) / 4294967296.0F - 0.5F;
    }
    float& now = loop_[at_];
    at_ = (at_ + 1) % loop_.size();
    return now = 0.498F * (now + loop_[at_]);  // a little softer every time round
  }

 private:
  std::array<float, 218> loop_{};  // 48000 / 218 = 220 Hz
  std::size_t at_ = 0;
  long time_ = 0;
};

// --- the plug-in ---------------------------------------------------------------------------------

constexpr int window = 16;
constexpr int channels = 8;

class Effect {
 public:
  explicit Effect(std::mt19937& rng) {
    sluice::initialize(layer_, sluice::GlorotUniform{}, rng);
    mix_.setConstant(1.0F / channels);
  }
  // All of it in fixed-size objects: a vector of samples in, a vector of features out.
  float process(float sample) noexcept {
    for (int i = 0; i + 1 < window; ++i) recent_(i) = recent_(i + 1);
    recent_(window - 1) = sample;
    layer_.forward(recent_, features_);
    return mix_.dot(features_);
  }
  float process_in_batch(const Eigen::RowVectorXf& samples, Eigen::Index last) const {
    const Eigen::MatrixXf rows = samples.segment(last + 1 - window, window);
    return mix_.dot(layer_(rows).row(0));
  }

 private:
  using WaveNet = sluice::Gating<sluice::Sigmoid, sluice::Tanh>;
  sluice::GatedLinearUnit<float, WaveNet, sluice::Fused, window, channels> layer_;
  Eigen::Matrix<float, 1, window> recent_ = Eigen::Matrix<float, 1, window>::Zero();
  Eigen::Matrix<float, 1, channels> features_, mix_;
};

int main(int argc, char** argv) {
  long samples = 200000;
  const bool asks = argc == 3 && std::string_view(argv[1]) == "--samples";
  if (asks) samples = std::strtol(argv[2], nullptr, 10);
  if ((argc > 1 && !asks) || samples < 1000) {
    std::fprintf(stderr, "usage: realtime [--samples N], N at least 1000\n");
    return 2;
  }

  allocations = 0;
  Eigen::RowVectorXf input(samples), output(samples);
  std::vector<long> latency(static_cast<std::size_t>(samples));
  const bool counter_counts = allocations >= (eigen_is_counted ? 3 : 1);  // these three, or the last one

  using Clock = std::chrono::steady_clock;
  const auto nanoseconds = [](Clock::duration d) {
    return static_cast<long>(std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
  };
  for (long& l : latency) {
    const auto begin = Clock::now();
    l = nanoseconds(Clock::now() - begin);
  }
  std::nth_element(latency.begin(), latency.begin() + samples / 2, latency.end());
  const long reading_the_clock = latency[static_cast<std::size_t>(samples / 2)];

  // From here on nothing allocates: not the layer, not its first call, no sample. (With sizes that
  // are known at run time only, the layer and the first call of a size do.)
  allocations = 0;
  std::mt19937 rng(48000);
  Effect effect(rng);
  String string;
  for (long i = 0; i < samples; ++i) {
    input(i) = string.next(rng);
    const auto begin = Clock::now();
    output(i) = effect.process(input(i));
    latency[static_cast<std::size_t>(i)] = nanoseconds(Clock::now() - begin);
  }
  const long allocated = allocations;

  std::sort(latency.begin(), latency.end());
  const auto percentile = [&](double p) {
    return latency[static_cast<std::size_t>(p * static_cast<double>(samples - 1))];
  };
  std::printf("%ld samples, 16 -> 8 channels, float, sizes in the type (%zu bytes)\n", samples, sizeof(Effect));
  std::printf("latency of a sample in ns (%ld of them are the clock's own):\n", reading_the_clock);
  std::printf("  %8s %8s %8s %8s %8s\n", "p50", "p90", "p99", "p99.9", "max");
  std::printf("  %8ld %8ld %8ld %8ld %8ld\n", percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999),
              latency.back());
  std::printf("  at 48 kHz there are 20833 ns for each; the maximum has other programs' time in it\n");
  std::printf("allocations by the layer and the %ld samples: %ld\n", samples, allocated);

  // The sound is right: the same samples as rows of matrices give the same output.
  float error = 0;
  for (long i = window; i < samples; i += 97) {
    error = std::max(error, std::abs(output(i) - effect.process_in_batch(input, i)));
  }
  const bool works = counter_counts && allocated == 0 && error < 1e-5F && output.cwiseAbs().maxCoeff() > 0.01F;
  std::printf("largest difference from the same windows as matrices: %.1e\n", static_cast<double>(error));
  std::puts(works ? "realtime: OK, no sample allocated" : "realtime: FAILED");
  return works ? 0 : 1;
}
