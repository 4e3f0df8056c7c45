// SPDX-License-Identifier: MIT
//
// Pools for tests, and the device that a layer wants of one.
#pragma once

#include <functional>

namespace test {

/// What layers take in place of Eigen::ThreadPoolDevice.
template <class Pool>
class DeviceOf {
 public:
  explicit DeviceOf(Pool* pool, int threads = 3) : pool_(pool), threads_(threads) {}

  int numThreads() const { return threads_; }
  Pool* getPool() const { return pool_; }

 private:
  Pool* pool_;
  int threads_;
};

/// Its tasks run at once on the calling thread, where allocations are counted, and can be made to fail. Taking a task
/// costs nothing where std::function holds two words in place, as all of them do.
struct InlinePool {
  void Schedule(std::function<void()> task) { task(); }
};

}  // namespace test
