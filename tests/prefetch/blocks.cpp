// SPDX-License-Identifier: MIT
//
// What the tiles of a product ask for that packs B a block at a time: the block behind, and nothing else of B.
#include "prefetch/asked.hpp"

#include <sluice/projection/product.hpp>

#include <utility>

namespace {

using sluice::Index;
using sluice::detail::MatrixView;
using sluice::detail::Reading;

#ifdef __GNUC__  // others do not ask

/// Rows of a matrix, the first of which begins with a line.
struct Rows {
  Index count, stride;
  std::vector<float> memory = std::vector<float>(static_cast<std::size_t>(count * stride + 64));

  const float* data() const {
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    return memory.data() + (64 - address % 64) % 64 / sizeof(float);
  }
  MatrixView<const float> view(Index cols) const { return {data(), count, cols, stride, 1}; }

  /// The lines of some rows and columns, (row, line of it).
  using Lines = std::vector<std::pair<Index, Index>>;
  Lines lines(Index from_row, Index to_row, Index from_col, Index to_col) const {
    Lines all;
    for (Index row = from_row; row < to_row; ++row) {
      for (Index line = from_col / 16; line * 16 < to_col; ++line) all.emplace_back(row, line);
    }
    return all;
  }
  /// Those that were asked for, each once, however often it was.
  Lines asked() const {
    const auto begin = reinterpret_cast<std::uintptr_t>(data());
    Lines all;
    for (const auto address : test::asked.nearer) {
      const auto at = static_cast<Index>((address - begin) / sizeof(float));
      if (address >= begin && at < count * stride) all.emplace_back(at / stride, at % stride / 16);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }
};

constexpr Index depth = 600;  // blocks of 256, 256 and 88
constexpr Index samples = 60;

struct Product {
  std::vector<float> a = std::vector<float>(static_cast<std::size_t>(samples * depth));
  std::vector<float> c = std::vector<float>(static_cast<std::size_t>(samples * 2 * 640 + 64));
  sluice::detail::PackingSpace<float> space = sluice::detail::PackingSpace<float>::of_thread(samples, depth, 1280);

  MatrixView<const float> left() const { return {a.data(), samples, depth, depth, 1}; }
  MatrixView<float> target(Index cols, Index from = 0) { return {c.data() + from, samples, cols, 1280, 1}; }
};

/// What a product with so many columns of b asks for.
Rows::Lines asked_for_columns(const Rows& b, Index cols) {
  Product product;
  test::asked = {};
  multiply_weights(product.left(), b.view(cols), product.target(cols), sluice::detail::start_from_zero<float>(),
                   Reading::Packed, product.space, true);
  return b.asked();
}

TEST_CASE("a product asks for the rows of B that it packs next", "[prefetch]") {
  const Rows b{depth, 320};
  CHECK(asked_for_columns(b, 320) ==
        b.lines(256, 512, 0, 320));  // of the 88 rows that are left there are too few for a piece
  CHECK(test::asked.for_l1.empty());
}

TEST_CASE("a product asks for the columns of an upright B that it packs next", "[prefetch]") {
  const Rows b{300, 640};
  Product product;
  test::asked = {};
  multiply(product.left(), b.view(depth).transpose(), product.target(300), sluice::detail::start_from_zero<float>(),
           product.space, true);
  // 88 columns end in the middle of a line, and of what a tile asks for at a step.
  auto lines = b.asked();
  std::erase_if(lines, [](const auto& line) { return line.second >= 38; });
  CHECK(lines == b.lines(0, 300, 256, depth));
  CHECK(test::asked.for_l1.empty());
}

TEST_CASE("a product of two halves asks for both, and for those of the next product", "[prefetch]") {
  const Rows value{depth, 640}, gate{depth, 640};
  const auto asks = [&](Index next) {
    Product product;
    test::asked = {};
    product.space.next_cols = next;
    multiply_halves({product.left()}, {value.view(320), gate.view(320)},
                    {product.target(320), product.target(320, 640)}, sluice::detail::start_from_zero<float>(),
                    Reading::Packed, product.space);
    CHECK(value.asked() == gate.asked());
    return value.asked();
  };
  const auto deeper = value.lines(256, 512, 0, 320);
  CHECK(asks(sluice::detail::PackingSpace<float>::none) == deeper);
  auto want = value.lines(0, 256, 0, 320);  // the same columns again
  want.insert(want.end(), deeper.begin(), deeper.end());
  CHECK(asks(0) == want);
  want = value.lines(0, 256, 320, 640);  // those to the right
  want.insert(want.end(), deeper.begin(), deeper.end());
  std::sort(want.begin(), want.end());
  CHECK(asks(320) == want);
}

TEST_CASE("a product asks for nothing of a B that L2 holds", "[prefetch]") {
  const Rows b{depth, 208};
  CHECK(asked_for_columns(b, 200).empty());
}

#endif

}  // namespace
