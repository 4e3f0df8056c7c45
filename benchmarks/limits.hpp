// SPDX-License-Identifier: MIT
//
// What this core can do, measured in the same run as what is held against it.
//
//   fma_peak()             operations a second of fused multiply-adds, every second of which has an operand in L1
//   read_bandwidth(bytes)  bytes a second of reading so many bytes over and over, from whichever
//                          cache holds them
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <utility>

#include <benchmark/benchmark.h>
#include <sluice/core/simd.hpp>

namespace limits {

/// The calling thread's CPU time, as Google Benchmark measures it.
inline double cpu_seconds() {
  std::timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// How often a second `work` can be done: the mean of two milliseconds or more; shorter tries warm up. A mean, as the
/// figures of contestants are: what a machine takes for itself from every program counts on both sides. (The timer of
/// some virtual machines takes 4 to 8 % of the time, in pieces of 50 µs, which the best of a few short pieces would
/// hide.)
template <class Work>
double rate_of(const Work& work) {
  for (double times = 1;; times *= 2) {
    const double begin = cpu_seconds();
    for (double i = 0; i < times; ++i) work();
    const double seconds = cpu_seconds() - begin;
    if (seconds >= 2e-3) return times / seconds;
  }
}

using Packet = sluice::simd::Packet<float>;

/// Independent chains: more than latency × ports (4 × 2) asks for, and few enough to stay in
/// registers.
inline constexpr int chains = sluice::simd::register_count >= 32 ? 24 : 12;

/// Multiply-adds, every second of which reads an operand from L1, as those of a product must. (Of registers alone they
/// draw less power: a processor that lowers its clock for such work then runs them at one clock or the other, by turns,
/// here at 140 or 159 GFLOP/s. With the loads it is always the clock of real work.)
template <int... I>
[[gnu::noinline]] float fma_chains(std::int64_t count, float start, std::integer_sequence<int, I...>) {
  constexpr std::size_t size = Packet::size;
  Packet sums[sizeof...(I)] = {Packet(start + static_cast<float>(I))...};
  alignas(Packet) float added[sizeof...(I) * size];
  for (std::size_t i = 0; i < sizeof...(I) * size; ++i) added[i] = start + 0.01f * static_cast<float>(i);
  const Packet a(-0.9999f * start), b(start);
  for (std::int64_t i = 0; i < count; ++i) {
    const float* from = added;
    asm volatile("" : "+r"(from));  // what is read is not known, so it is read each time
    ((sums[I] = sluice::simd::fma(sums[I], a, I % 2 == 0 ? sluice::simd::load(from + I * Packet::size) : b)), ...);
  }
  Packet total(0.0f);
  ((total = total + sums[I]), ...);
  return sluice::simd::sum(total);
}

inline double fma_peak() {
  constexpr std::int64_t count = 10000;
  const volatile float start = 1;  // unknown to the compiler
  const double rate =
      rate_of([&] { benchmark::DoNotOptimize(fma_chains(count, start, std::make_integer_sequence<int, chains>{})); });
  return 2.0 * chains * Packet::size * static_cast<double>(count) * rate;
}

/// The sum of count floats, read by several streams at once; `loads` packets of each in a row.
template <std::size_t Streams, std::size_t Loads>
[[gnu::noinline]] float read_all(const float* data, std::size_t count) {
  constexpr auto size = static_cast<std::size_t>(Packet::size);
  const std::size_t length = count / Streams / (Loads * size) * (Loads * size);  // of a stream
  Packet sums[Streams * Loads];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < Streams * Loads; ++i) sums[i] = Packet(0.0f);
  for (std::size_t i = 0; i < length; i += Loads * size) {
#pragma GCC unroll 16
    for (std::size_t j = 0; j < Streams * Loads; ++j) {
      sums[j] = sums[j] + sluice::simd::load(data + j / Loads * length + i + j % Loads * size);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < Streams * Loads; ++i) sums[0] = sums[0] + sums[i];
  return sluice::simd::sum(sums[0]);
}

inline double read_bandwidth(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 16384);  // less than that is all start and end
  static Eigen::ArrayXf data;
  const std::size_t count = bytes / sizeof(float);
  if (static_cast<std::size_t>(data.size()) < count) data.setOnes(static_cast<Eigen::Index>(count));
  const std::size_t passes = std::max<std::size_t>(1, (std::size_t{1} << 20) / bytes);
  benchmark::DoNotOptimize(data.data());
  double best = 0;
  // One stream suits the inner caches; several at once keep more of memory's lines on their way.
  for (const auto read : {&read_all<1, 8>, &read_all<8, 2>}) {
    const double rate = rate_of([&] {
      for (std::size_t p = 0; p < passes; ++p) {
        benchmark::DoNotOptimize(read(data.data(), count));
        benchmark::ClobberMemory();
      }
    });
    best = std::max(best, rate);
  }
  return static_cast<double>(bytes * passes) * best;
}

}  // namespace limits
