// SPDX-License-Identifier: MIT
//
// The part of the engine that is the same for all layers is compiled once, in engine.cpp: it would take a third of the
// time of each test file. Included by whatever a test of a layer needs anyway.
#pragma once

#include <sluice/projection/blocks.hpp>
#include <sluice/projection/product.hpp>
#include <sluice/projection/tile.hpp>

#include <Eigen/Core>

#include <initializer_list>

#define SLUICE_TEST_ENGINE(KEYWORD, S)                                                                                 \
  KEYWORD template void multiply_tile(Index, int, TileArguments<S, S>&, Index);                                        \
  KEYWORD template void multiply(const MatrixView<const S>&, const MatrixView<const S>&, const MatrixView<S>&,         \
                                 const SumsStart<S>&, const PackingSpace<S>&, bool);                                   \
  KEYWORD template void multiply_weights(const MatrixView<const S>&, const MatrixView<const S>&, const MatrixView<S>&, \
                                         const SumsStart<S>&, Reading, const PackingSpace<S>&, bool);                  \
  KEYWORD template void multiply_halves(const MatrixView<const S>&, const Halves<const S>&, const Halves<S>&,          \
                                        const SumsStart<S>&, Reading, const PackingSpace<S>&);                         \
  KEYWORD template void add_product(const MatrixView<const S>&, const MatrixView<const S>&, const MatrixView<S>&);     \
  KEYWORD template PackingSpace<S> add_product_memory(Index, Index, Index);                                            \
  KEYWORD template void write_products(std::initializer_list<TransposedProduct<S>>, const MatrixView<S>&);             \
  KEYWORD template void write_products_memory(const MatrixView<S>&, Index);
#define SLUICE_TEST_ENGINES(KEYWORD)                                                              \
  SLUICE_TEST_ENGINE(KEYWORD, float)                                                              \
  SLUICE_TEST_ENGINE(KEYWORD, double)                                                             \
  KEYWORD template void multiply_tile(Index, int, TileArguments<float, Eigen::bfloat16>&, Index); \
  KEYWORD template void multiply_tile(Index, int, TileArguments<float, Eigen::half>&, Index);     \
  KEYWORD template void multiply_tile(Index, int, TileArguments<float, Int8>&, Index);

SLUICE_NAMESPACE_BEGIN
namespace detail {
SLUICE_TEST_ENGINES(extern)
}
SLUICE_NAMESPACE_END
