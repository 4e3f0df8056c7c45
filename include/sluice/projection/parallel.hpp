// SPDX-License-Identifier: MIT
//
// Work shared out among the threads of a pool: Eigen::ThreadPoolDevice, or anything with numThreads() and
// getPool()->Schedule(task), and where the pool knows its own threads, getPool()->CurrentThreadId(), negative for all
// others. The library starts no threads of its own. The calling thread works, too.
#pragma once

#include <sluice/core/config.hpp>
#include <sluice/core/matrix_view.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <latch>
#include <limits>
#include <thread>

SLUICE_NAMESPACE_BEGIN

namespace detail {

template <class Device>
concept ThreadPool = requires(const Device& device, void (*task)()) {
  { device.numThreads() } -> std::convertible_to<int>;
  device.getPool()->Schedule(task);
};

/// Which of the pool's threads this one is, from 0 on; −1 for all others, and where the pool does not know.
template <ThreadPool Device>
Index thread_of_pool(const Device& device) {
  if constexpr (requires { device.getPool()->CurrentThreadId() >= 0; }) {
    return device.getPool()->CurrentThreadId();
  } else {
    return -1;
  }
}

/// The threads that parallel_for works on: one where a task of the pool calls it. Such tasks could all come to wait for
/// one another.
template <ThreadPool Device>
Index threads_for(const Device& device, Index count) {
  if (thread_of_pool(device) >= 0) return std::min<Index>(1, count);
  return std::min<Index>(std::max<Index>(device.numThreads(), 1), count);
}

/// What is left of a thread's share of [0, count): the thread takes from the front, whoever helps it from the back.
class Share {
 public:
  static constexpr Index most = std::numeric_limits<std::int32_t>::max();  // of count

  void set(Index begin, Index end) { left_ = join(begin, end); }
  /// Half of what is left, or the last one; false where nothing is.
  bool take(bool from_front, Index& begin, Index& end) {
    for (std::uint64_t left = left_;;) {
      const auto first = static_cast<Index>(left >> 32), last = static_cast<Index>(left & 0xffffffffU);
      if (first == last) return false;
      const Index size = std::max<Index>((last - first) / 2, 1);
      begin = from_front ? first : last - size;
      end = begin + size;
      if (left_.compare_exchange_weak(left, from_front ? join(end, last) : join(first, begin))) return true;
    }
  }

 private:
  static std::uint64_t join(Index first, Index last) {
    return static_cast<std::uint64_t>(first) << 32 | static_cast<std::uint64_t>(last);
  }
  std::atomic<std::uint64_t> left_;
};

/// Calls work(begin, end, thread) for ranges that together are [0, count), on threads 0 ≤ thread < threads_for(device,
/// count), each of which works on one range at a time, and returns when all is done. What a range throws is thrown
/// here, once all have ended. The caller waits for the pool: where the pool does not know its own threads (as Eigen's
/// does), it must not be a task of that pool.
template <ThreadPool Device, class Work>
void parallel_for(const Device& device, Index count, const Work& work) {
  const Index threads = threads_for(device, count);
  if (threads <= 1) {
    if (count > 0) work(Index(0), count, Index(0));
    return;
  }
  // Each thread begins with a share of its own, the same at every call if the pool knows its threads (a task may run on
  // any): what of it stays in its caches it need not read again. It takes half of what is left of it, again and again,
  // and then helps others, so that one that was kept waiting does not keep all others waiting, and all end together: a
  // helper that has nothing to do soon sleeps, and takes longer to wake than a small layer takes.
  struct Shared {
    const Device& device;
    const Work& work;
    Index count, unit;  // unit: of what shares count
    Index shares_used;
    std::latch helpers;
    std::array<Share, 64> shares;  // of more threads several begin with the same one
#if SLUICE_HAS_EXCEPTIONS
    std::atomic_flag failed{};
    std::exception_ptr error{};
#endif
    void run(Index thread, Index home) {
      for (Index i = 0; i < shares_used; ++i) {
        Share& share = shares[static_cast<std::size_t>((home + i) % shares_used)];
        for (Index begin, end; share.take(i == 0, begin, end);) {
          begin *= unit;
          end = std::min(end * unit, count);
#if SLUICE_HAS_EXCEPTIONS
          try {
            work(begin, end, thread);
          } catch (...) {
            if (!failed.test_and_set()) error = std::current_exception();
          }
#else
          work(begin, end, thread);
#endif
        }
      }
    }
  };
  Shared shared{
      device, work, count, divide_up(count, Share::most), std::min<Index>(threads, 64), std::latch(threads - 1), {}};
  const Index units = divide_up(count, shared.unit), even = units / shared.shares_used;
  for (Index s = 0, begin = 0; s < shared.shares_used; ++s) {
    const Index end = begin + even + (s >= shared.shares_used - units % shared.shares_used);
    shared.shares[static_cast<std::size_t>(s)].set(begin, end);
    begin = end;
  }
  const auto schedule = [&](Index thread) {
    // Two words, which std::function holds in place.
    device.getPool()->Schedule([&shared, thread] {
      const Index own = thread_of_pool(shared.device);
      shared.run(thread, own < 0 ? thread : own + 1);
      shared.helpers.count_down();
    });
  };
  for (Index t = 1; t < threads; ++t) {
#if SLUICE_HAS_EXCEPTIONS
    try {
      schedule(t);
    } catch (...) {
      // A pool without memory for more tasks: those that it has taken refer to `shared`. Go on with them.
      shared.helpers.count_down(threads - t);
      break;
    }
#else
    schedule(t);
#endif
  }
  shared.run(0, 0);
  // What is left are ranges that others have begun: often less time than it takes to sleep and to be woken.
  for (int i = 0; i < 200 && !shared.helpers.try_wait(); ++i) std::this_thread::yield();
  shared.helpers.wait();
#if SLUICE_HAS_EXCEPTIONS
  if (shared.error) std::rethrow_exception(shared.error);
#endif
}

}  // namespace detail

SLUICE_NAMESPACE_END
