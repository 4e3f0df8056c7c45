// SPDX-License-Identifier: MIT
//
// What every header of the library shares: the namespace and a few portability macros.
//
// The library lives in an inline namespace whose name carries the library's version, Eigen's series and Eigen's
// alignment. Objects that hold Eigen data have another layout when two translation units are compiled with different
// vector flags; under this name such a pair fails at link time instead of corrupting the heap
// (https://eigen.tuxfamily.org/dox/group__TopicStructHavingEigenMembers.html).
#pragma once

#include <sluice/version.hpp>

#include <Eigen/Core>

#include <type_traits>
#include <utility>

#define SLUICE_DETAIL_JOIN_(a, b, c, d, e) v##a##_##b##_eigen##c##_##d##_align##e
#define SLUICE_DETAIL_JOIN(a, b, c, d, e) SLUICE_DETAIL_JOIN_(a, b, c, d, e)

// Eigen's series: 3_4 for Eigen 3.4, 3_5 for Eigen 5 (which keeps its "world" at 3).
#define SLUICE_ABI_NAMESPACE                                                                       \
  SLUICE_DETAIL_JOIN(SLUICE_VERSION_MAJOR, SLUICE_VERSION_MINOR, EIGEN_WORLD_VERSION,              \
                     EIGEN_MAJOR_VERSION, EIGEN_MAX_ALIGN_BYTES)

#define SLUICE_NAMESPACE_BEGIN                                                                     \
  namespace sluice {                                                                               \
  inline namespace SLUICE_ABI_NAMESPACE {
#define SLUICE_NAMESPACE_END                                                                       \
  }                                                                                                \
  }

// Small functions that carry packets in registers must disappear into their caller.
#if defined(_MSC_VER) && !defined(__clang__)
#define SLUICE_ALWAYS_INLINE __forceinline
#define SLUICE_NEVER_INLINE __declspec(noinline)
#define SLUICE_LAMBDA_INLINE
#else
#define SLUICE_ALWAYS_INLINE inline __attribute__((always_inline))
#define SLUICE_NEVER_INLINE __attribute__((noinline))
#define SLUICE_LAMBDA_INLINE __attribute__((always_inline))
#endif

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define SLUICE_HAS_EXCEPTIONS 1
#else
#define SLUICE_HAS_EXCEPTIONS 0
#endif

SLUICE_NAMESPACE_BEGIN

using Eigen::Dynamic;
using Eigen::Index;

namespace detail {

/// body(0), body(1), … body(Count − 1), each index a compile-time constant: a loop that is unrolled for certain, so that an
/// array that it walks over can live in registers.
template <int Count, class Body>
SLUICE_ALWAYS_INLINE void unrolled(const Body& body) {
  [&]<int... I>(std::integer_sequence<int, I...>) SLUICE_LAMBDA_INLINE {
    (body(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, Count>{});
}

}  // namespace detail

SLUICE_NAMESPACE_END
