// SPDX-License-Identifier: MIT
//
// The counting allocators. With glibc the malloc family itself is replaced, elsewhere the
// allocators of C++; on both sides the memory comes from the system's own.
#include "allocation/count.hpp"

#include "support/catch.hpp"

#include <Eigen/Core>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace {
thread_local long count = 0;
thread_local std::size_t bytes = 0;
thread_local long passing = -1;  // how many allocations still succeed; negative: all

/// Counts one, and whether it succeeds.
bool passes(std::size_t size) {
  ++count;
  bytes += size;
  if (passing > 0) return --passing, true;
  return passing < 0;
}
}  // namespace

long test::allocations() { return count; }
std::size_t test::allocated_bytes() { return bytes; }
void test::let_allocations_pass(long number) { passing = number; }
void test::let_all_allocations_pass() { passing = -1; }

#ifdef __GLIBC__
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept { return passes(size) ? __libc_malloc(size) : nullptr; }
// Never fails: glibc calls it to register destructors of thread_local objects, and aborts without memory.
void* calloc(std::size_t n, std::size_t size) noexcept { return ++count, bytes += n * size, __libc_calloc(n, size); }
void* realloc(void* p, std::size_t size) noexcept { return passes(size) ? __libc_realloc(p, size) : nullptr; }
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return passes(size) ? __libc_memalign(alignment, size) : nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }
int posix_memalign(void** p, std::size_t alignment, std::size_t size) noexcept {
  *p = memalign(alignment, size);
  return *p == nullptr ? ENOMEM : 0;
}
}
#else
void* operator new(std::size_t size) {
  if (void* const p = passes(size) ? std::malloc(size) : nullptr) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto a = static_cast<std::size_t>(alignment);
  if (void* const p = passes(size) ? std::aligned_alloc(a, (size + a - 1) / a * a) : nullptr) return p;
  throw std::bad_alloc();
}
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
#endif

namespace {

TEST_CASE("allocations are counted at all", "[allocation]") {
  CHECK(test::allocations_of([] {
          std::vector<double> v(100);
          volatile double* const memory = v.data();  // volatile: clang would do without the vector
          memory[3] = 1;
        }) > 0);
#ifdef __GLIBC__
  CHECK(test::allocations_of([] {
          Eigen::MatrixXf m(30, 30);
          m(1, 1) = 1;
        }) > 0);
  CHECK(test::allocations_of([] {
          void* const p = ::operator new(256, std::align_val_t(64));
          ::operator delete(p, std::align_val_t(64));
        }) > 0);
#endif
  CHECK(test::allocations_of([] {}) == 0);
}

}  // namespace
