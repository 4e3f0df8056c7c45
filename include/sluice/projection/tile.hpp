// SPDX-License-Identifier: MIT
//
// The register tile: C = S + A·B for a few rows and a few panels of columns. A panel is two packets wide:
//
//   C[r, 0..P)  = S₀[r, 0..P) + Σₖ A[r, k] · B₀[k, 0..P)      r < Rows, P = packet size
//   C[r, P..2P) = S₁[r, 0..P) + Σₖ A[r, k] · B₁[k, 0..P)
//
// S is where the sums start: the bias, zero, or C itself. The two packets come from two pointers. For a gated
// projection they are the value and the gate columns of the same units, for an ordinary product two neighbours. Where
// the columns would fill at most half of them, both share one packet, and each row takes half the multiply-adds.
//
// A is read where it lies, one scalar at a time, whatever its strides. B may be stored in a narrower type: its packets
// are widened on the way into the registers, and 8-bit weights get the scale of their column at the end.
//
// Rows × Panels is as large as the register file allows: 2·Rows·Panels accumulators, the packets of B, one broadcast of
// A. Many rows take one panel; for fewer rows than a chain of multiply-adds needs to hide its latency there are tiles
// of two to eight panels. Each tile is a function of its own that is never inlined: inlined into something larger,
// GCC 12 spills the accumulators of many rows. (multiply_row inlines those of one row.)
//
// The processor's own prefetching stops at the end of a page, every 32 steps of a packed panel of floats, and one
// stream does not keep the memory busy. So a tile asks for what comes from main memory: for its own panels a page
// ahead, for a share of a later one (in several streams), or for what is packed next. One row has no time to, and the
// processor follows its few streams; only of weights in fewer bits, which take more time for fewer bytes, it asks for
// what it needs soon (Panels::row_prefetch).
//
// Every element of C is one chain of fused multiply-adds in the order of k, whatever the tile, the packing or the
// batch: a sample gives the same bits alone and in a batch.
#pragma once

#include <sluice/core/opaque.hpp>
#include <sluice/core/shuffle.hpp>
#include <sluice/core/simd.hpp>
#include <sluice/core/widen.hpp>
#include <sluice/projection/tile_arguments.hpp>
#include <sluice/projection/tile_cursors.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace detail {

/// The two halves of each packet, row after row, to c0 and c1. Whole packets wherever that is possible: what reads them
/// soon needn't wait for two stores. c1 may lie right behind c0's half: what is too much is overwritten.
template <int Rows, class Packet, class Scalar>
SLUICE_ALWAYS_INLINE void store_shared(const Packet (&c)[Rows], Scalar* c0, Scalar* c1, Index row_stride) {
  constexpr Index packet = simd::packet_size<Scalar>;
  int row = 0;
  if (Rows > 1 && row_stride == packet / 2) {
    SLUICE_UNROLL
    for (; row + 1 < Rows; row += 2) {
      simd::store(c1 + row * row_stride, simd::join_halves<1>(c[row], c[row + 1]));
      simd::store(c0 + row * row_stride, simd::join_halves<0>(c[row], c[row + 1]));
    }
  } else {
    SLUICE_UNROLL
    for (; row + 1 < Rows; ++row) {
      simd::store_half(c0 + row * row_stride, c[row]);
      simd::store_half(c1 + row * row_stride, simd::join_halves<1>(c[row], c[row]));
    }
  }
  if (row < Rows) {
    simd::store(c1 + row * row_stride, simd::join_halves<1>(c[row], c[row]));
    simd::store(c0 + row * row_stride, c[row]);
  }
}

/// The tile itself: finish(C₀, C₁), arrays of Rows × Panels packets. Panels is `half_panel` where the columns fit half
/// a packet: value and gate then share one, in C₀.
template <class Scalar, class Stored, int Rows, int Panels, class Finish>
SLUICE_ALWAYS_INLINE void run_tile(const TileArguments<Scalar, Stored>& t, const Finish& finish) {
  using Packet = simd::Packet<Scalar>;
  constexpr Index packet = simd::packet_size<Scalar>;
  constexpr bool scaled = simd::has_scale<Stored>;
  constexpr bool shared = Panels == half_panel;
  constexpr int panels = std::max(Panels, 1);
  const auto load_start = [&](const Scalar* p0, const Scalar* p1, Packet& s0, Packet& s1) SLUICE_LAMBDA_INLINE {
    s0 = simd::load(p0);
    s1 = simd::load(p1);
    if constexpr (shared) {
      if (p1 - p0 != packet / 2) s0 = simd::join_halves<0>(s0, s1);
    }
  };
  Packet acc0[Rows * panels], acc1[Rows * panels];
  SLUICE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    SLUICE_UNROLL
    for (int p = 0; p < panels; ++p) {
      const int i = r * panels + p;
      const Index offset = r * t.start_row_stride + p * t.start_panel_stride;
      acc0[i] = acc1[i] = Packet(0);
      if constexpr (!scaled) load_start(t.start0 + offset, t.start1 + offset, acc0[i], acc1[i]);
    }
  }
  const auto multiply = [&](auto columns_of_b, auto layout_of_a, auto asks_for_more) SLUICE_LAMBDA_INLINE {
    using Loop = TileLoop<Scalar, Rows, Panels, decltype(columns_of_b)::value, decltype(layout_of_a)::value>;
    constexpr bool asks = asks_for_more;
    constexpr int steps = Loop::steps;
    // Every third row is an operand in memory of its multiply-adds. More would ask for more loads than there are
    // multiply-adds.
    constexpr bool operands = Rows > 1 && Loop::layout != Layout::Strided && simd::has_broadcast_operands<Scalar>;
    RowsOfA<Scalar, Loop> a(t.a, t.a_row_stride, t.a_depth_stride);
    PanelsOfB<Scalar, Stored, Loop> b(t);
    LinesAhead<Scalar, Stored, Loop> ahead(t);
    const auto step = [&](int i) SLUICE_LAMBDA_INLINE {
      if constexpr (Rows > 1 && steps > 1) {
        a.forget_strides();
        b.depth.forget();
        if constexpr (asks) ahead.depth.forget();
      }
      // One panel after the other: while B is widened, few of its packets are in registers.
      SLUICE_UNROLL
      for (int p = 0; p < panels; ++p) {
        if constexpr (panels > 1 && 2 * Rows * panels + Rows + 3 > simd::register_count) a.forget_scalars();
        Packet p0 = simd::load_as<Scalar>(b.first(i, p));
        Packet p1 = simd::load_as<Scalar>(b.second(i, p));
        if constexpr (shared && Loop::columns == Columns::Apart) p0 = simd::join_halves<0>(p0, p1);
        if constexpr (Rows > 1 && steps == 1) {  // GCC would load them anew for each row
          p0 = simd::in_register(p0);
          if constexpr (!shared) p1 = simd::in_register(p1);
        }
        SLUICE_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const auto add = [&](const auto& x) SLUICE_LAMBDA_INLINE {
            const int c = r * panels + p;
            if constexpr (Rows > 1 && steps > 1) {
              simd::accumulate(acc0[c], x, p0);
              if constexpr (!shared) simd::accumulate(acc1[c], x, p1);
            } else {
              acc0[c] = simd::fma(x, p0, acc0[c]);
              if constexpr (!shared) acc1[c] = simd::fma(x, p1, acc1[c]);
            }
          };
          const Scalar* const x = a.at(i, r);
          if constexpr (operands) {
            r % 3 == 0 ? add(*x) : add(Packet(*x));
          } else {
            add(Packet(*x));
          }
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
          asm volatile("" ::: "memory");  // GCC would load all of A first, and spill accumulators to have room for it
#endif
        }
      }
      if constexpr (asks && Loop::columns == Columns::Packed) {
        ahead.ask_ahead_of(b, i, t.prefetch);
      } else if constexpr (asks) {
        ahead.ask(i);
      }
    };
    const auto advance = [&](int by) SLUICE_LAMBDA_INLINE {
      b.advance(by);
      a.advance(by);
      if constexpr (asks) ahead.advance(by);
    };
    // By shifts: of divisions by constants GCC 12 makes one by a variable.
    for (Index rounds = t.depth >> std::countr_zero(unsigned{steps}); rounds > 0; --rounds, advance(steps)) {
      SLUICE_UNROLL
      for (int i = 0; i < steps; ++i) step(i);
    }
    for (Index left = t.depth & (steps - 1); left > 0; --left, advance(1)) step(0);
  };
  using std::integral_constant;
  constexpr bool one_row = Rows == 1 && simd::has_fused_multiply_add;
  constexpr bool may_be_adjacent = shared || panels > 1;  // and if not, is compiled once
  constexpr integral_constant<Columns, may_be_adjacent ? Columns::Adjacent : Columns::Apart> adjacent;
  constexpr integral_constant<Columns, Columns::Apart> apart;
  const bool are_adjacent = t.b1 - t.b0 == (shared ? packet / 2 : packet);
  const auto multiply_as = [&](auto layout, auto asks) SLUICE_LAMBDA_INLINE {
    if (may_be_adjacent && are_adjacent) {
      multiply(adjacent, layout, asks);
    } else {
      multiply(apart, layout, asks);
    }
  };
  constexpr integral_constant<Layout, Layout::Strided> strided;
  if constexpr (knows_layout<Scalar>(Rows, Panels)) {
    constexpr integral_constant<Layout, Layout::ContiguousDepth> contiguous_depth;
    constexpr integral_constant<Layout, Layout::ContiguousRows> contiguous_rows;
    const bool asks = t.prefetch_step != 0;
    if constexpr (shared) {
      if (t.a_depth_stride == 1 && are_adjacent) {
        asks ? multiply(adjacent, contiguous_depth, std::true_type{})
             : multiply(adjacent, contiguous_depth, std::false_type{});
      } else {
        multiply_as(strided, std::true_type{});
      }
    } else if (t.a_depth_stride == 1) {
      asks ? multiply_as(contiguous_depth, std::true_type{}) : multiply_as(contiguous_depth, std::false_type{});
    } else if (t.a_row_stride == 1) {
      asks ? multiply_as(contiguous_rows, std::true_type{}) : multiply_as(contiguous_rows, std::false_type{});
    } else {
      multiply_as(strided, std::true_type{});
    }
  } else if (one_row && are_adjacent && (shared || t.b_depth_stride == 2 * packet) && t.a_depth_stride == 1) {
    if constexpr (one_row) {
      constexpr integral_constant<Columns, shared ? Columns::Adjacent : Columns::Packed> columns;
      constexpr integral_constant<Layout, Layout::ContiguousDepth> contiguous_depth;
      constexpr bool may_ask = !shared && sizeof(Stored) < sizeof(Scalar);
      if (may_ask && t.prefetch != 0) {
        multiply(columns, contiguous_depth, std::bool_constant<may_ask>{});
      } else {
        multiply(columns, contiguous_depth, std::false_type{});
      }
    }
  } else {
    multiply_as(strided, std::bool_constant<(Rows > 1)>{});
  }
  if constexpr (scaled) {
    SLUICE_UNROLL
    for (int p = 0; p < panels; ++p) {
      const Index offset = p * t.start_panel_stride;
      Packet start0, start1, scale0, scale1;
      load_start(t.start0 + offset, t.start1 + offset, start0, start1);
      load_start(t.scale0 + offset, t.scale1 + offset, scale0, scale1);
      SLUICE_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const int i = r * panels + p;
        acc0[i] = simd::fma(acc0[i], scale0, start0);
        if constexpr (!shared) acc1[i] = simd::fma(acc1[i], scale1, start1);
      }
    }
  }
  finish(acc0, acc1);
}
template <class Scalar, class Stored, int Rows, int Panels>
SLUICE_NEVER_INLINE void multiply_tile(TileArguments<Scalar, Stored>& t, Index tiles) {
  for (;; t.advance()) {
    run_tile<Scalar, Stored, Rows, Panels>(t, [&](const auto& acc0, const auto& acc1) SLUICE_LAMBDA_INLINE {
      if constexpr (Panels == half_panel) {
        store_shared<Rows>(acc0, t.c0, t.c1, t.c_row_stride);
      } else {
        // Row after row: where rows lie closer than a packet is wide, the next one overwrites what was too much. (Named
        // here, because a store of a packet might change t, for all the compiler knows.)
        Scalar* c0 = t.c0;
        Scalar* c1 = t.c1;
        const Index row_stride = t.c_row_stride, panel_stride = t.c_panel_stride;
        SLUICE_UNROLL
        for (int r = 0; r < Rows; ++r, c0 += row_stride, c1 += row_stride) {
          SLUICE_UNROLL
          for (int p = 0; p < Panels; ++p) {
            simd::store(c0 + p * panel_stride, acc0[r * Panels + p]);
            simd::store(c1 + p * panel_stride, acc1[r * Panels + p]);
          }
        }
      }
    });
    if (--tiles == 0) return;
  }
}

/// The tiles of so many panels, one for each number of rows that there is room for, from one on.
template <class Scalar, class Stored, int Panels>
inline constexpr auto tiles_of_panels = []<int... I>(std::integer_sequence<int, I...>) {
  return std::array<void (*)(TileArguments<Scalar, Stored>&, Index), sizeof...(I)>{
      &multiply_tile<Scalar, Stored, I + 1, Panels>...};
}
(std::make_integer_sequence<int, Panels == half_panel ? max_half_panel_rows : max_tile_rows / std::max(Panels, 1)>{});

/// So many tiles after each other (see advance), each of `rows` rows, 1 ≤ rows ≤ max_tile_rows, and a power of two of
/// panels, no more than most_panels[rows]; or one half_panel of up to max_half_panel_rows. In one call, because to
/// begin and to end takes as long as several steps. tiles ≥ 1; the arguments become those of the last one.
template <class Scalar, class Stored>
void multiply_tile(Index rows, int panels, TileArguments<Scalar, Stored>& arguments, Index tiles = 1) {
  const auto row = static_cast<std::size_t>(rows - 1);
  if constexpr (has_half_panels<Scalar>) {
    if (panels == half_panel) return tiles_of_panels<Scalar, Stored, half_panel>[row](arguments, tiles);
  }
  if (panels == 1) return tiles_of_panels<Scalar, Stored, 1>[row](arguments, tiles);
  if constexpr (most_panels[1] >= 2) {
    if (panels == 2) return tiles_of_panels<Scalar, Stored, 2>[row](arguments, tiles);
  }
  if constexpr (most_panels[1] >= 4) {
    if (panels == 4) return tiles_of_panels<Scalar, Stored, 4>[row](arguments, tiles);
  }
  if constexpr (most_panels[1] >= 8) tiles_of_panels<Scalar, Stored, 8>[row](arguments, tiles);
}

}  // namespace detail

SLUICE_NAMESPACE_END
