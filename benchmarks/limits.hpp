// SPDX-License-Identifier: MIT
//
// What this core can do at best, measured in the same run as what is held against it:
//
//   fma_peak()              floating-point operations a second of fused multiply-adds that touch registers only
//   read_bandwidth(bytes)   bytes a second of reading so many bytes again and again, from whichever cache holds them
#pragma once

#include <benchmark/benchmark.h>
#include <sluice/core/simd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <map>
#include <utility>
#include <vector>

namespace limits {

/// The calling thread's CPU time, as Google Benchmark measures it.
inline double cpu_seconds() {
  std::timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

using Packet = sluice::simd::Packet<float>;

/// Independent chains: more than latency × ports (4 × 2) asks for, and few enough to stay in registers.
inline constexpr int chains = sluice::simd::register_count >= 32 ? 24 : 12;

template <int... I>
[[gnu::noinline]] float fma_chains(std::int64_t count, float start, std::integer_sequence<int, I...>) {
  Packet sums[sizeof...(I)] = {Packet(start + static_cast<float>(I))...};
  const Packet a(0.5f * start), b(start);
  for (std::int64_t i = 0; i < count; ++i) ((sums[I] = sluice::simd::fma(sums[I], a, b)), ...);
  Packet total(0.0f);
  ((total = total + sums[I]), ...);
  return sluice::simd::sum(total);
}

inline double fma_peak() {
  constexpr std::int64_t count = 40000;
  float start = 1;
  benchmark::DoNotOptimize(start);
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const double begin = cpu_seconds();
    benchmark::DoNotOptimize(fma_chains(count, start, std::make_integer_sequence<int, chains>{}));
    best = std::min(best, cpu_seconds() - begin);
  }
  return 2.0 * chains * Packet::size * static_cast<double>(count) / best;
}

/// The sum of count floats, count a multiple of 16 packets.
[[gnu::noinline]] inline float read_all(const float* data, std::size_t count) {
  constexpr std::size_t unroll = 8;
  constexpr auto size = static_cast<std::size_t>(Packet::size);
  Packet sums[unroll];
  for (Packet& s : sums) s = Packet(0.0f);
  for (std::size_t i = 0; i + unroll * size <= count; i += unroll * size) {
    for (std::size_t j = 0; j < unroll; ++j) sums[j] = sums[j] + sluice::simd::load(data + i + j * size);
  }
  for (std::size_t j = 1; j < unroll; ++j) sums[0] = sums[0] + sums[j];
  return sluice::simd::sum(sums[0]);
}

inline double read_bandwidth(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 16384);  // less than that is all start and end
  static std::vector<float> data;
  if (data.size() * sizeof(float) < bytes) data.assign(bytes / sizeof(float), 1.0f);
  const std::size_t passes = std::max<std::size_t>(1, (std::size_t{32} << 20) / 8 / bytes);
  benchmark::DoNotOptimize(data.data());
  double best = 1e9;
  const int repeats = bytes > (std::size_t{64} << 20) ? 1 : 5;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double begin = cpu_seconds();
    for (std::size_t p = 0; p < passes; ++p) {
      benchmark::DoNotOptimize(read_all(data.data(), bytes / sizeof(float)));
      benchmark::ClobberMemory();
    }
    best = std::min(best, cpu_seconds() - begin);
  }
  return static_cast<double>(bytes * passes) / best;
}

}  // namespace limits
