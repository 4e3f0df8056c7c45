// SPDX-License-Identifier: MIT
//
// The engine compiled once. Everything but the gating and the way of a single sample is the same for all layers of a
// scalar whose sizes are not in the type, and each file that calls forward() compiles it anew: most of its time. A
// program of several files can leave it to one:
//
//   // in a header that all of these files include
//   #include <sluice/sluice.hpp>
//   SLUICE_EXTERN_ENGINE(float)                       // layers of float, and what pack() makes of them
//   SLUICE_EXTERN_PACKED_ENGINE(float, sluice::Int8)  // weights packed as something else
//
//   // in one file, which includes that header
//   SLUICE_ENGINE(float)
//   SLUICE_PACKED_ENGINE(float, sluice::Int8)
//
// outside of all namespaces, and with the same flags in all files: they run what that one was compiled for. (Another
// width of packets does not link.) Without these lines nothing changes. Results are the same.
#pragma once

#include <sluice/projection/blocks.hpp>
#include <sluice/projection/dense_projection.hpp>
#include <sluice/projection/gated_projection.hpp>
#include <sluice/projection/multiply_packed.hpp>
#include <sluice/projection/parameters.hpp>
#include <sluice/projection/product.hpp>
#include <sluice/projection/sink.hpp>
#include <sluice/projection/tile.hpp>
#include <sluice/projection/upright.hpp>

#include <initializer_list>

/// For weights stored as another type than the layer's scalar.
#define SLUICE_PACKED_ENGINE_AS(KEYWORD, S, STORED)                                                                    \
  SLUICE_NAMESPACE_BEGIN                                                                                               \
  namespace detail {                                                                                                   \
  KEYWORD template void multiply_tile(Index, int, TileArguments<S, STORED>&, Index);                                   \
  KEYWORD template void multiply_packed<true>(const MatrixView<const S>&, const PackedWeights<S, STORED>&,             \
                                              const Sink<S>&);                                                         \
  KEYWORD template void multiply_packed<false>(const MatrixView<const S>&, const PackedWeights<S, STORED>&,            \
                                               const Sink<S>&);                                                        \
  KEYWORD template void multiply_part(const MatrixView<const S>&, const Panels<S, STORED>&, const Sink<S>&, bool, S*); \
  }                                                                                                                    \
  SLUICE_NAMESPACE_END
#define SLUICE_ENGINE_AS(KEYWORD, S)                                                                                   \
  SLUICE_PACKED_ENGINE_AS(KEYWORD, S, S)                                                                               \
  SLUICE_NAMESPACE_BEGIN                                                                                               \
  namespace detail {                                                                                                   \
  KEYWORD template Index multiply_upright(const MatrixView<const S>&, const Panels<S, S>&, const Sink<S>&);            \
  KEYWORD template void gated_forward_rows<Fused>(const MatrixView<const S>&, const GatedParameters<S, Fused>&,        \
                                                  const Sink<S>&);                                                     \
  KEYWORD template void gated_forward_rows<Split>(const MatrixView<const S>&, const GatedParameters<S, Split>&,        \
                                                  const Sink<S>&);                                                     \
  KEYWORD template void dense_forward_rows(const MatrixView<const S>&, const DenseViews<const S>&, const Sink<S>&);    \
  KEYWORD template void multiply(const MatrixView<const S>&, const MatrixView<const S>&, const MatrixView<S>&,         \
                                 const SumsStart<S>&, const PackingSpace<S>&, bool);                                   \
  KEYWORD template void multiply_weights(const MatrixView<const S>&, const MatrixView<const S>&, const MatrixView<S>&, \
                                         const SumsStart<S>&, Reading, const PackingSpace<S>&, bool);                  \
  KEYWORD template void multiply_halves(const MatrixView<const S>&, const Halves<const S>&, const Halves<S>&,          \
                                        const SumsStart<S>&, Reading, const PackingSpace<S>&);                         \
  KEYWORD template void add_product(const MatrixView<const S>&, const MatrixView<const S>&, const MatrixView<S>&);     \
  KEYWORD template PackingSpace<S> add_product_memory(Index, Index, Index);                                            \
  KEYWORD template void write_products(std::initializer_list<TransposedProduct<S>>, const MatrixView<S>&);             \
  KEYWORD template void write_products_memory(const MatrixView<S>&, Index);                                            \
  }                                                                                                                    \
  SLUICE_NAMESPACE_END

#define SLUICE_ENGINE(S) SLUICE_ENGINE_AS(, S)
#define SLUICE_EXTERN_ENGINE(S) SLUICE_ENGINE_AS(extern, S)
#define SLUICE_PACKED_ENGINE(S, STORED) SLUICE_PACKED_ENGINE_AS(, S, STORED)
#define SLUICE_EXTERN_PACKED_ENGINE(S, STORED) SLUICE_PACKED_ENGINE_AS(extern, S, STORED)
