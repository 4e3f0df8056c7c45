// SPDX-License-Identifier: MIT
//
// Outputs whose columns are contiguous: the bits that contiguous rows get, whatever the sizes and the strides of x, and
// nothing beside the output is written. The sums alone also against a naive product in double.
#define EIGEN_USE_THREADS
#include "layers/packed_trial.hpp"
#include "support/sink.hpp"
#include "support/strided.hpp"

#include <sluice/projection/multiply_packed.hpp>
#include <sluice/projection/upright.hpp>
#include <unsupported/Eigen/CXX11/Tensor>

#include <vector>

namespace {

using sluice::detail::MatrixView;
using sluice::detail::PackedWeights;
using sluice::detail::PreActivationBlock;
using sluice::detail::upright_samples;
using test::Arrangement;
using test::ColMatrix;
using test::Index;
using test::RowMatrix;

/// Puts the sums of blocks together, (units × samples).
template <class Scalar>
struct Collect {
  RowMatrix<Scalar>& value;
  RowMatrix<Scalar>& gate;

  void operator()(const PreActivationBlock<Scalar>& block) const {
    const auto put = [&](const Scalar* from, RowMatrix<Scalar>& to) {
      if (from == nullptr) return;
      to.block(block.row, block.col, block.rows, block.cols) =
          Eigen::Map<const RowMatrix<Scalar>, 0, Eigen::OuterStride<>>(from, block.rows, block.cols,
                                                                       Eigen::OuterStride<>(block.row_stride));
    };
    put(block.value, value);
    put(block.gate, gate);
  }
};

template <class Scalar>
void check_sums(bool paired) {
  test::Random random(81);
  constexpr Index packet = sluice::simd::packet_size<Scalar>;
  for (const Index depth : {1, 5, 16, 100}) {
    for (const Index units : {Index(1), packet / 2 + 1, packet, packet + 3, 3 * packet + 1}) {
      const auto w = random.matrix<RowMatrix<Scalar>>(depth, 2 * units);
      const auto bias = random.matrix<RowMatrix<Scalar>>(1, 2 * units);
      PackedWeights<Scalar, Scalar> weights("test", depth, units, paired);
      for (const int half : {0, 1}) {
        if (half == 1 && !paired) continue;
        weights.template set_columns<Scalar>(half, 0, {w.data() + half * units, depth, units, 2 * units, 1});
        weights.set_bias(half, 0, bias.data() + half * units, units);
      }
      for (const Index samples : {Index(1), upright_samples<Scalar> - 1, 3 * upright_samples<Scalar> + 5}) {
        CAPTURE(depth, units, samples, paired);
        const auto x = random.matrix<ColMatrix<Scalar>>(samples, depth);
        RowMatrix<Scalar> value = RowMatrix<Scalar>::Constant(units, samples, Scalar(99)), gate = value;
        const Collect<Scalar> collect{value, gate};
        sluice::detail::multiply_samples<Scalar>({x.data(), samples, depth, 1, samples}, weights.view(),
                                                 test::sink_to<Scalar>(collect));
        const Eigen::MatrixXd sums =
            (x.template cast<double>() * w.template cast<double>()).rowwise() + bias.row(0).template cast<double>();
        const double bound = 4 * static_cast<double>(depth + 1) * Eigen::NumTraits<Scalar>::epsilon();
        CHECK((sums.leftCols(units).transpose() - value.template cast<double>()).cwiseAbs().maxCoeff() <= bound);
        if (paired) {
          CHECK((sums.rightCols(units).transpose() - gate.template cast<double>()).cwiseAbs().maxCoeff() <= bound);
        } else {
          CHECK((gate.array() == Scalar(99)).all());
        }
      }
    }
  }
}

TEST_CASE("sums of samples side by side", "[projection]") {
  for (const bool paired : {true, false}) {
    check_sums<float>(paired);
    check_sums<double>(paired);
  }
}

/// Counts the sums that come upright, and those that come by rows.
struct Counts {
  mutable Index upright = 0, by_rows = 0;
};
struct Count {
  static constexpr bool takes_pairs = true, takes_packets = false;
  static constexpr Index units = 19;  // as many as there are samples in no case

  static sluice::detail::Sink<float> sink(const Counts& counts, const sluice::detail::Targets<float>& to) {
    return {&counts, &finish, to};
  }
  static void finish(const void* of, const PreActivationBlock<float>& block, const sluice::detail::Targets<float>& to) {
    const Counts& counts = *static_cast<const Counts*>(of);
    (to.y.rows == units ? counts.upright : counts.by_rows) += block.rows * block.cols;
  }
};

TEST_CASE("which samples are multiplied upright", "[projection]") {
  constexpr Index tile = upright_samples<float>, units = Count::units;
  Eigen::ThreadPool pool(2);
  const Eigen::ThreadPoolDevice device(&pool, 1);  // the caller alone: counting is not for threads
  const auto count = [&](Index samples, Index depth, bool stands, auto stored, const auto& on) {
    const PackedWeights<float, decltype(stored)> weights("test", depth, units, true);
    const ColMatrix<float> x = ColMatrix<float>::Zero(samples, depth);
    std::vector<float> nothing(static_cast<std::size_t>(samples * units));
    const MatrixView<float> y{nothing.data(), samples, units, stands ? 1 : units, stands ? samples : 1};
    const Counts counts;
    sluice::detail::finish_packed<Count>(on, MatrixView<const float>{x.data(), samples, depth, 1, samples}, weights,
                                         counts, sluice::detail::Targets<float>{y, {}, {}});
    REQUIRE(samples != units);
    CHECK(counts.upright + counts.by_rows == samples * units);
    return counts.upright / units;
  };
  const auto check = [&](const auto& on) {
    for (const Index samples : {tile, 3 * tile, 3 * tile + tile / 4 * 3, 4 * tile - 1}) {
      CHECK(count(samples, 16, true, 0.0F, on) == samples);
    }
    CHECK(count(3 * tile + 1, 16, true, 0.0F, on) == 3 * tile);
    CHECK(count(tile + tile / 2, 16, true, 0.0F, on) == tile);
    CHECK(count(tile - 1, 16, true, 0.0F, on) == 0);
    CHECK(count(3 * tile, 16, false, 0.0F, on) == 0);
    CHECK(count(3 * tile, 256, true, 0.0F, on) == 3 * tile);
    CHECK(count(3 * tile, 257, true, 0.0F, on) == 0);
    CHECK(count(3 * tile, 16, true, Eigen::bfloat16(), on) == 0);
  };
  check(sluice::detail::OneThread{});
  check(device);
}

TEST_CASE("columns that fall into few sets of L1", "[projection]") {
  using sluice::detail::columns_collide;
  for (const Index stride : {1024, 2048, 512 * 3, -1024}) {
    CAPTURE(stride);
    CHECK(columns_collide<float>(160, stride));
  }
  if (sluice::detail::packets_fill_lines<float>) {  // of narrower ones as many stay there
    for (const Index stride : {1025, 1023, 4096 + 2}) {
      CAPTURE(stride);
      CHECK(columns_collide<float>(160, stride));
    }
  }
  for (const Index stride : {2000, 160, 100, 1000, -2000}) {
    CAPTURE(stride);
    CHECK_FALSE(columns_collide<float>(160, stride));
  }
  CHECK_FALSE(columns_collide<float>(8, 1024));
}

template <class T>
void check_columns(const T& layer, Index rows, Arrangement of_x, Arrangement of_y, test::Random& random) {
  using Scalar = typename T::Scalar;
  CAPTURE(layer.input_dim(), layer.units(), rows, static_cast<int>(of_x), static_cast<int>(of_y));
  test::Strided<Scalar> x(rows, layer.input_dim(), of_x), y(rows, layer.units(), of_y), gate = y;
  random.fill(x.map());
  RowMatrix<Scalar> want, want_gate;
  layer.forward(x.map(), want);
  layer.forward(x.map(), y.map());
  CHECK(test::same_bits(RowMatrix<Scalar>(y.map()), want));
  CHECK(y.untouched());
  if constexpr (requires { layer(x.map(), sluice::return_gate); }) {
    layer.forward(x.map(), want, want_gate);
    layer.forward(x.map(), y.map(), gate.map());
    CHECK(test::same_bits(RowMatrix<Scalar>(y.map()), want));
    CHECK(test::same_bits(RowMatrix<Scalar>(gate.map()), want_gate));
    CHECK(y.untouched());
    CHECK(gate.untouched());
    // One of the two has contiguous rows.
    layer.forward(x.map(), want, gate.map());
    CHECK(test::same_bits(RowMatrix<Scalar>(gate.map()), want_gate));
  }
}

template <class Layer>
void check_layer(Layer layer) {
  test::Random random(82);
  test::fill_layer(random, layer);
  const auto packed = sluice::pack(layer);
  constexpr Index samples = upright_samples<typename Layer::Scalar>;
  for (const Index rows : {samples - 1, samples, samples + 1, 2 * samples - 1, Index(67), 5 * samples}) {
    for (const Arrangement of_x : test::all_arrangements) {
      for (const Arrangement of_y : {Arrangement::Cols, Arrangement::PaddedCols}) {
        check_columns(layer, rows, of_x, of_y, random);
        check_columns(packed, rows, of_x, of_y, random);
      }
    }
  }
  check_columns(packed, 1024, Arrangement::Cols, Arrangement::Cols, random);  // columns of x that collide
}

TEST_CASE("columns get the bits that rows get", "[projection][packed]") {
  check_layer(sluice::SwiGLU<float>(16, 8));
  check_layer(sluice::GatedLinearUnit<float, sluice::GELU, sluice::Split>(30, 41));
  check_layer(sluice::GatedLinearUnit<double, sluice::ReLU>(7, 1));
  check_layer(sluice::GatedLinearUnit<double, sluice::Sigmoid, sluice::Split>(33, 19));
  check_layer(sluice::SwiGLU<float>(1, 3));
  check_layer(sluice::Dense<float, sluice::SiLU>(20, 37));
  check_layer(sluice::Dense<double>(20, 5));
}

TEST_CASE("columns get the bits that rows get: deep and large layers", "[projection][packed]") {
  check_layer(sluice::SwiGLU<float>(256, 20));  // as deep as samples lie side by side
  check_layer(sluice::SwiGLU<float>(257, 20));
  check_layer(sluice::SwiGLU<float>(200, 700));  // weights beyond L2
}

TEST_CASE("columns get the bits that rows get: sizes in the type, fewer bits, several threads",
          "[projection][packed]") {
  test::Random random(83);
  sluice::GatedLinearUnit<float, sluice::SiLU, sluice::Fused, 12, 10> fixed;
  random.fill_parameters(fixed);
  check_columns(fixed, 70, Arrangement::Cols, Arrangement::PaddedCols, random);
  sluice::SwiGLU<float> layer(24, 50);
  random.fill_parameters(layer);
  check_columns(sluice::pack<Eigen::bfloat16>(layer), 70, Arrangement::Cols, Arrangement::Cols, random);
  check_columns(sluice::pack<sluice::Int8>(layer), 70, Arrangement::Cols, Arrangement::Cols, random);
  const auto packed = sluice::pack(layer);
  Eigen::ThreadPool pool(2);
  const Eigen::ThreadPoolDevice device(&pool, 3);
  for (const Index rows : {33, 64, 500}) {  // panels are shared out, and rows
    const auto x = random.matrix<ColMatrix<float>>(rows, 24);
    RowMatrix<float> want, want_gate;
    packed.forward(x, want, want_gate);
    test::Strided<float> y(rows, 50, Arrangement::PaddedCols), gate = y;
    packed.forward(x, y.map(), device);
    CHECK(test::same_bits(RowMatrix<float>(y.map()), want));
    packed.forward(x, y.map(), gate.map(), device);
    CHECK(test::same_bits(RowMatrix<float>(y.map()), want));
    CHECK(test::same_bits(RowMatrix<float>(gate.map()), want_gate));
    CHECK(y.untouched());
    CHECK(gate.untouched());
  }
}

}  // namespace
