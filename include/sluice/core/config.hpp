// SPDX-License-Identifier: MIT
//
// What every header of the library shares: the namespace and a few portability macros.
//
// The library lives in an inline namespace whose name carries the library's version, Eigen's series, Eigen's alignment
// and the width of its packets. Objects that hold Eigen data have another layout, and functions another meaning, when
// two translation units are compiled with different vector flags; under this name such a pair fails at link time
// instead of corrupting the heap, also where EIGEN_MAX_ALIGN_BYTES is forced to one value
// (https://eigen.tuxfamily.org/dox/group__TopicStructHavingEigenMembers.html).
#pragma once

#include <sluice/version.hpp>

#include <Eigen/Core>

// Width of the widest packet, in bits.
#if defined(EIGEN_VECTORIZE_SVE)
#define SLUICE_DETAIL_PACKET EIGEN_ARM64_SVE_VECTOR_LENGTH
#elif defined(EIGEN_VECTORIZE_AVX512)
#define SLUICE_DETAIL_PACKET 512
#elif defined(EIGEN_VECTORIZE_AVX)
#define SLUICE_DETAIL_PACKET 256
#elif defined(EIGEN_VECTORIZE)
#define SLUICE_DETAIL_PACKET 128
#else
#define SLUICE_DETAIL_PACKET 0
#endif

#define SLUICE_DETAIL_JOIN_(a, b, c, d, e, f) v##a##_##b##_eigen##c##_##d##_align##e##_packet##f
#define SLUICE_DETAIL_JOIN(a, b, c, d, e, f) SLUICE_DETAIL_JOIN_(a, b, c, d, e, f)

// Eigen's series: 3_4 for Eigen 3.4, 3_5 for Eigen 5 (which keeps its "world" at 3).
#define SLUICE_ABI_NAMESPACE                                                                               \
  SLUICE_DETAIL_JOIN(SLUICE_VERSION_MAJOR, SLUICE_VERSION_MINOR, EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, \
                     EIGEN_MAX_ALIGN_BYTES, SLUICE_DETAIL_PACKET)

// GCC 12 warns of uninitialized variables in its own AVX-512 intrinsics, falsely (https://gcc.gnu.org/PR105593),
// wherever they are inlined: dozens of times in a small program. What is inlined into this namespace it keeps to
// itself.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13 && defined(__AVX512F__)
#define SLUICE_DIAGNOSTICS_BEGIN                                                       \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wuninitialized\"") \
      _Pragma("GCC diagnostic ignored \"-Wmaybe-uninitialized\"")
#define SLUICE_DIAGNOSTICS_END _Pragma("GCC diagnostic pop")
#else
#define SLUICE_DIAGNOSTICS_BEGIN
#define SLUICE_DIAGNOSTICS_END
#endif

#define SLUICE_NAMESPACE_BEGIN \
  SLUICE_DIAGNOSTICS_BEGIN     \
  namespace sluice {           \
  inline namespace SLUICE_ABI_NAMESPACE {
#define SLUICE_NAMESPACE_END \
  }                          \
  }                          \
  SLUICE_DIAGNOSTICS_END

// Small functions that carry packets in registers must disappear into their caller. Cold ones (errors, texts) run once
// if at all: they stay out of the way and are compiled for size, which takes less time.
#if defined(_MSC_VER) && !defined(__clang__)
#define SLUICE_ALWAYS_INLINE __forceinline
#define SLUICE_NEVER_INLINE __declspec(noinline)
#define SLUICE_COLD __declspec(noinline)
#define SLUICE_LAMBDA_INLINE
#else
#define SLUICE_ALWAYS_INLINE inline __attribute__((always_inline))
#define SLUICE_NEVER_INLINE __attribute__((noinline))
#define SLUICE_COLD __attribute__((noinline, cold))
#define SLUICE_LAMBDA_INLINE __attribute__((always_inline))
#endif

// In front of a loop of constant length over an array of packets: only when it is unrolled can the array live in
// registers, and GCC 12 at -O2 does not unroll it unasked.
#if defined(__clang__)
#define SLUICE_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define SLUICE_UNROLL _Pragma("GCC unroll 64")
#else
#define SLUICE_UNROLL
#endif

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define SLUICE_HAS_EXCEPTIONS 1
#else
#define SLUICE_HAS_EXCEPTIONS 0
#endif

SLUICE_NAMESPACE_BEGIN

using Eigen::Dynamic;
using Eigen::Index;

SLUICE_NAMESPACE_END
