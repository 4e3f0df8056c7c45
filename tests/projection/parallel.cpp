// SPDX-License-Identifier: MIT
//
// parallel_for: every index once, whatever the pool does; what a range throws reaches the caller, once all have ended.
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <sluice/projection/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using sluice::Index;
using sluice::detail::parallel_for;

/// Runs every task on a thread of its own, at once, or after the caller has done what it could; or has no memory for
/// more than a few tasks.
class Pool {
 public:
  enum class Kind { Threads, Inline, Late };
  Pool(Kind kind, int room) : kind_(kind), room_(room) {}
  ~Pool() {
    for (std::thread& thread : threads_) thread.join();
  }

  void Schedule(std::function<void()> task) {
    if (scheduled_ == room_) throw std::bad_alloc();
    ++scheduled_;
    if (kind_ == Kind::Inline) return task();
    threads_.emplace_back([task = std::move(task), late = kind_ == Kind::Late] {
      if (late) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      task();
    });
  }
  int scheduled() const { return scheduled_; }

 private:
  Kind kind_;
  int room_, scheduled_ = 0;
  std::vector<std::thread> threads_;
};

/// How often each index was worked on.
template <class AnyDevice>
std::vector<int> visits(const AnyDevice& device, Index count) {
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
  parallel_for(device, count, [&](Index begin, Index end, Index /*thread*/) {
    for (Index i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
  });
  return {seen.begin(), seen.end()};
}

TEST_CASE("parallel_for: every index once", "[projection]") {
  for (const auto kind : {Pool::Kind::Threads, Pool::Kind::Inline, Pool::Kind::Late}) {
    for (const int threads : {-1, 0, 1, 2, 3, 5, 70}) {
      for (const Index count : {0, 1, 2, 3, 7, 8, 19, 1000}) {
        CAPTURE(static_cast<int>(kind), threads, count);
        Pool pool(kind, 100);
        CHECK(visits(test::DeviceOf(&pool, threads), count) == std::vector<int>(static_cast<std::size_t>(count), 1));
        CHECK(pool.scheduled() == std::max<Index>(std::min<Index>(threads, count) - 1, 0));
      }
    }
  }
}

TEST_CASE("parallel_for: a thread begins with its share and then helps others from the end of theirs", "[projection]") {
  struct Range {
    Index begin, end, thread;
    bool operator==(const Range&) const = default;
  };
  Pool pool(Pool::Kind::Inline, 100);  // thread 1 does it all
  std::vector<Range> ranges;
  parallel_for(test::DeviceOf(&pool, 3), 40, [&](Index begin, Index end, Index thread) {
    ranges.push_back({begin, end, thread});
  });
  const std::vector<Range> own = {{13, 19, 1}, {19, 22, 1}, {22, 24, 1}, {24, 25, 1}, {25, 26, 1}};
  const std::vector<Range> next = {{33, 40, 1}, {30, 33, 1}, {28, 30, 1}, {27, 28, 1}, {26, 27, 1}};
  const std::vector<Range> last = {{7, 13, 1}, {4, 7, 1}, {2, 4, 1}, {1, 2, 1}, {0, 1, 1}};
  std::vector<Range> expected = own;
  expected.insert(expected.end(), next.begin(), next.end());
  expected.insert(expected.end(), last.begin(), last.end());
  CHECK(ranges == expected);
}

TEST_CASE("parallel_for: a thread that the pool knows has the same share whichever task it runs", "[projection]") {
  struct KnowingPool {
    int running = -1;
    void Schedule(const std::function<void()>& task) {
      running = 2;  // the last of three runs them all
      task();
      running = -1;
    }
    int CurrentThreadId() const { return running; }
  };
  KnowingPool pool;
  std::vector<Index> begins;
  parallel_for(test::DeviceOf(&pool, 4), 40, [&](Index begin, Index, Index) { begins.push_back(begin); });
  REQUIRE(!begins.empty());
  CHECK(begins.front() == 30);  // the caller has the first ten
}

TEST_CASE("parallel_for: more than fits the numbers of a share", "[projection]") {
  constexpr Index count = 3 * (Index(1) << 33) + 5;
  for (const auto kind : {Pool::Kind::Threads, Pool::Kind::Inline, Pool::Kind::Late}) {
    CAPTURE(static_cast<int>(kind));
    Pool pool(kind, 100);
    std::mutex mutex;
    std::vector<std::pair<Index, Index>> ranges;
    parallel_for(test::DeviceOf(&pool, 3), count, [&](Index begin, Index end, Index /*thread*/) {
      const std::lock_guard lock(mutex);
      ranges.emplace_back(begin, end);
    });
    std::ranges::sort(ranges);
    Index reached = 0;
    for (const auto& [begin, end] : ranges) {
      CHECK(begin == reached);
      CHECK(end > begin);
      reached = end;
    }
    CHECK(reached == count);
  }
}

TEST_CASE("parallel_for: a thread works on one range at a time, under a number of its own", "[projection]") {
  for (const auto kind : {Pool::Kind::Threads, Pool::Kind::Inline, Pool::Kind::Late}) {
    for (const int threads : {1, 2, 5}) {
      CAPTURE(static_cast<int>(kind), threads);
      Pool pool(kind, 100);
      const test::DeviceOf device(&pool, threads);
      CHECK(sluice::detail::threads_for(device, 1000) == threads);
      CHECK(sluice::detail::threads_for(device, 1) == 1);
      std::vector<std::atomic<int>> busy(static_cast<std::size_t>(threads));
      std::atomic<int> clashes{0};
      parallel_for(device, 1000, [&](Index /*begin*/, Index /*end*/, Index thread) {
        if (thread < 0 || thread >= threads) return void(++clashes);
        auto& mine = busy[static_cast<std::size_t>(thread)];
        if (mine.fetch_add(1) != 0) ++clashes;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        --mine;
      });
      CHECK(clashes == 0);
    }
  }
}

TEST_CASE("parallel_for: what a range throws reaches the caller once all have ended", "[projection]") {
  for (const auto kind : {Pool::Kind::Threads, Pool::Kind::Inline, Pool::Kind::Late}) {
    for (const int threads : {1, 2, 3}) {
      CAPTURE(static_cast<int>(kind), threads);
      Pool pool(kind, 100);
      std::atomic<Index> done{0};
      std::string message;
      try {
        parallel_for(test::DeviceOf(&pool, threads), 50, [&](Index begin, Index end, Index /*thread*/) {
          done += end - begin;
          if (begin <= 20) throw std::runtime_error("from a range");
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK(message == "from a range");
      CHECK(done == 50);
    }
  }
}

TEST_CASE("parallel_for: a pool that takes no more tasks does not stop the work", "[projection]") {
  for (const int room : {0, 1, 2}) {
    CAPTURE(room);
    Pool pool(Pool::Kind::Late, room);
    CHECK(visits(test::DeviceOf(&pool, 4), 37) == std::vector<int>(37, 1));
    CHECK(pool.scheduled() == room);
  }
}

}  // namespace
