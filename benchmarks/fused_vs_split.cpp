// SPDX-License-Identifier: MIT
//
// One matmul with 2·units columns, or two with units each? And is either worth a library?
//
// Four contestants compute the same gated layer (SiLU gate, float, one thread): sluice's Fused and
// Split, and Eigen by hand, fused and split. A point is one shape, batch and direction; backward is
// the call with a cache and gives dx and all gradients. Before anything is timed, the contestants
// of a point must agree with each other.
//
//   fused_vs_split                   an ordinary Google Benchmark program with all its flags
//   fused_vs_split --rounds=N        one JSON object a line, for run.py: every round visits every
//   point, and at a point all
//                                    contestants one after the other in random order, so that round
//                                    i of one contestant was measured within milliseconds of round
//                                    i of the others
//
// Counted are 2·batch·input_dim·2·units floating-point operations forward and twice that backward
// (dx and dW; the gating is not counted), and as weight traffic one pass over the weights forward,
// three backward (weights read, gradients read and written). The limits are measured in the same
// run: multiply-adds fed from L1, and reading as many bytes as the weights have.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <benchmark/benchmark.h>
#include <sluice/activations/elu.hpp>
#include <sluice/activations/hard_sigmoid.hpp>
#include <sluice/activations/leaky_relu.hpp>
#include <sluice/activations/quick_gelu.hpp>
#include <sluice/activations/softplus.hpp>
#include <sluice/activations/squared_relu.hpp>
#include <sluice/activations/swish.hpp>
#include <sluice/activations/tanh.hpp>
#include <sluice/sluice.hpp>

#include "baselines/eigen_by_hand.hpp"
#include "limits.hpp"

namespace {

using Eigen::Index;
using eigen_by_hand::Matrix;
using RowMatrix = Matrix<Eigen::RowMajor>;

// --- the problem: one set of weights a shape, one set of samples a point
// ----------------------------------------------

struct Weights {
  RowMatrix value, gate;  // (input_dim × units)
  Eigen::RowVectorXf value_bias, gate_bias;
};

/// Uniform numbers in ±scale.
void fill(float* data, Index count, float scale, std::mt19937& rng) {
  const float unit = 2 * scale / 4294967296.0f;
  for (Index i = 0; i < count; ++i) data[i] = static_cast<float>(rng()) * unit - scale;
}

Weights make_weights(Index input_dim, Index units) {
  std::mt19937 rng(1);
  Weights w;
  w.value.resize(input_dim, units);
  w.gate.resize(input_dim, units);
  w.value_bias.resize(units);
  w.gate_bias.resize(units);
  const float scale = std::sqrt(3.0f / static_cast<float>(input_dim));  // pre-activations of variance 1/3
  fill(w.value.data(), w.value.size(), scale, rng);
  fill(w.gate.data(), w.gate.size(), scale, rng);
  fill(w.value_bias.data(), units, 1, rng);
  fill(w.gate_bias.data(), units, 1, rng);
  return w;
}

/// What the contestants of a point share: the samples and the gradient that comes back from the
/// layer above.
template <int Order>
struct Samples {
  Matrix<Order> x, dy;
  Samples(Index batch, Index input_dim, Index units) : x(batch, input_dim), dy(batch, units) {
    std::mt19937 rng(2);
    fill(x.data(), x.size(), 1, rng);
    fill(dy.data(), dy.size(), 1, rng);
  }
};

// --- the contestants: a layer (weights and gradients), and what it needs for a batch
// ------------------------------------

template <int Order_, class Projection, class Activation = sluice::SiLU>
struct Sluice {
  static constexpr int Order = Order_;
  using Layer = sluice::GatedLinearUnit<float, Activation, Projection>;
  struct Buffers {
    typename Layer::Cache cache;
    Buffers(Index /*batch*/, Index /*units*/) {}
  };

  Layer layer;
  typename Layer::Gradients gradients;

  explicit Sluice(const Weights& w) : layer(w.value.rows(), w.value.cols()), gradients(layer) {
    layer.value_weight() = w.value;
    layer.gate_weight() = w.gate;
    layer.value_bias() = w.value_bias;
    layer.gate_bias() = w.gate_bias;
  }
  void forward(const Matrix<Order>& x, Matrix<Order>& y, Buffers&) const { layer.forward(x, y); }
  void prepare_backward(const Matrix<Order>& x, Matrix<Order>& y, Buffers& b) const { layer.forward(x, y, b.cache); }
  void backward(const Matrix<Order>& x, const Matrix<Order>& dy, Buffers& b, Matrix<Order>& dx) {
    layer.backward(x, dy, b.cache, dx, gradients);
  }
  void zero_gradients() { gradients.set_zero(); }
  Weights copy_of_gradients() const {
    return {gradients.value_weight(), gradients.gate_weight(), gradients.value_bias(), gradients.gate_bias()};
  }
};

template <int Order_>
struct EigenFused : eigen_by_hand::Fused<Order_> {
  static constexpr int Order = Order_;
  using Buffers = typename eigen_by_hand::Fused<Order>::Cache;

  explicit EigenFused(const Weights& w) {
    this->weight.resize(w.value.rows(), 2 * w.value.cols());
    this->weight << w.value, w.gate;
    this->bias.resize(2 * w.value.cols());
    this->bias << w.value_bias, w.gate_bias;
    zero_gradients();
  }
  void prepare_backward(const Matrix<Order>& x, Matrix<Order>& y, Buffers& b) const { this->forward(x, y, b); }
  void zero_gradients() {
    this->dweight.setZero(this->weight.rows(), this->weight.cols());
    this->dbias.setZero(this->bias.size());
  }
  Weights copy_of_gradients() const {
    const Index units = this->bias.size() / 2;
    return {this->dweight.leftCols(units), this->dweight.rightCols(units), this->dbias.head(units),
            this->dbias.tail(units)};
  }
};

template <int Order_>
struct EigenSplit : eigen_by_hand::Split<Order_> {
  static constexpr int Order = Order_;
  using Buffers = typename eigen_by_hand::Split<Order>::Cache;

  explicit EigenSplit(const Weights& w) {
    this->value_weight = w.value;
    this->gate_weight = w.gate;
    this->value_bias = w.value_bias;
    this->gate_bias = w.gate_bias;
    zero_gradients();
  }
  void prepare_backward(const Matrix<Order>& x, Matrix<Order>& y, Buffers& b) const { this->forward(x, y, b); }
  void zero_gradients() {
    this->dvalue_weight.setZero(this->value_weight.rows(), this->value_weight.cols());
    this->dgate_weight.setZero(this->gate_weight.rows(), this->gate_weight.cols());
    this->dvalue_bias.setZero(this->value_bias.size());
    this->dgate_bias.setZero(this->gate_bias.size());
  }
  Weights copy_of_gradients() const {
    return {this->dvalue_weight, this->dgate_weight, this->dvalue_bias, this->dgate_bias};
  }
};

// --- points
// ---------------------------------------------------------------------------------------------------------

enum class Direction { Forward, Backward };

struct Contestant {
  std::string name;
  std::function<void(benchmark::State&)> run;
  std::int64_t iterations = 0;  // fill a slice of time; found in the warm-up round
};

struct Point {
  std::string name;  // question/layout/input_dim x units/batch
  const char* question;
  const char* layout;
  Index input_dim, units, batch;
  std::vector<Contestant> contestants;
  std::function<void()> check;  // exits if the contestants disagree

  bool forward_only() const { return std::string_view(question) != "backward"; }
  double flops() const {
    return (forward_only() ? 1.0 : 2.0) * 2.0 * static_cast<double>(batch * input_dim * 2 * units);
  }
  double weight_bytes() const { return 4.0 * static_cast<double>(input_dim * 2 * units); }
  double weight_traffic() const { return (forward_only() ? 1.0 : 3.0) * weight_bytes(); }
};

/// Layers are built once a shape and shared by its points: the largest weigh 700 MB with their
/// gradients.
template <class Layer>
std::shared_ptr<Layer> layer_of(Index input_dim, Index units) {
  static std::map<std::pair<Index, Index>, std::shared_ptr<Layer>> layers;
  auto& layer = layers[{input_dim, units}];
  if (!layer) layer = std::make_shared<Layer>(make_weights(input_dim, units));
  return layer;
}

template <class Layer>
struct Setup {
  static constexpr int Order = Layer::Order;
  std::shared_ptr<Layer> layer;
  std::shared_ptr<const Samples<Order>> samples;
  typename Layer::Buffers buffers;
  Matrix<Order> y, dx;

  Setup(const Point& p, std::shared_ptr<const Samples<Order>> s)
      : layer(layer_of<Layer>(p.input_dim, p.units)),
        samples(std::move(s)),
        buffers(p.batch, p.units),
        y(p.batch, p.units),
        dx(p.batch, p.input_dim) {
    layer->prepare_backward(samples->x, y, buffers);
  }
  void forward(benchmark::State& state) {
    benchmark::DoNotOptimize(y.data());
    for (auto _ : state) {
      layer->forward(samples->x, y, buffers);
      benchmark::ClobberMemory();
    }
  }
  void backward(benchmark::State& state) {
    benchmark::DoNotOptimize(dx.data());
    for (auto _ : state) {
      layer->backward(samples->x, samples->dy, buffers, dx);
      benchmark::ClobberMemory();
    }
  }
};

struct Results {
  RowMatrix y, dx;
  Weights gradients;
};

template <class Layer>
Results results_of(Setup<Layer>& s, bool with_gradients) {
  Results r;
  s.y.setZero();
  s.layer->forward(s.samples->x, s.y, s.buffers);
  r.y = s.y;
  if (!with_gradients) return r;
  s.dx.setZero();
  s.layer->prepare_backward(s.samples->x, s.y, s.buffers);
  s.layer->zero_gradients();
  s.layer->backward(s.samples->x, s.samples->dy, s.buffers, s.dx);
  r.dx = s.dx;
  r.gradients = s.layer->copy_of_gradients();
  return r;
}

void compare(const Point& point, const std::string& name, const char* what, const RowMatrix& a, const RowMatrix& b) {
  constexpr float tolerance = 1e-5f;
  const float error = (a - b).norm() / b.norm();
  if (error <= tolerance) return;  // not so for NaN
  std::fprintf(stderr,
               "fused_vs_split: %s: %s of %s differs from %s's by %g relative to its norm; nothing "
               "was timed\n",
               point.name.c_str(), what, name.c_str(), point.contestants.front().name.c_str(),
               static_cast<double>(error));
  std::exit(1);
}

void compare(const Point& point, const std::string& name, const Results& a, const Results& b) {
  compare(point, name, "y", a.y, b.y);
  if (b.dx.size() == 0) return;
  compare(point, name, "dx", a.dx, b.dx);
  compare(point, name, "dW (value)", a.gradients.value, b.gradients.value);
  compare(point, name, "dW (gate)", a.gradients.gate, b.gradients.gate);
  compare(point, name, "db (value)", a.gradients.value_bias, b.gradients.value_bias);
  compare(point, name, "db (gate)", a.gradients.gate_bias, b.gradients.gate_bias);
}

std::string point_name(const char* question, const char* layout, Index input_dim, Index units, Index batch) {
  return std::string(question) + '/' + layout + '/' + std::to_string(input_dim) + "x" + std::to_string(units) + "/b" +
         std::to_string(batch);
}

template <int Order>
Point make_point(Direction direction, Index input_dim, Index units, Index batch) {
  const bool backward = direction == Direction::Backward;
  Point point{};
  point.question = backward ? "backward" : "forward";
  point.layout = Order == Eigen::RowMajor ? "row" : "col";
  point.input_dim = input_dim;
  point.units = units;
  point.batch = batch;
  point.name = point_name(point.question, point.layout, input_dim, units, batch);

  const auto samples = std::make_shared<const Samples<Order>>(batch, input_dim, units);
  std::vector<std::function<Results()>> results;
  const auto add = [&]<class Layer>(const char* name, std::type_identity<Layer>) {
    const auto setup = std::make_shared<Setup<Layer>>(point, samples);
    point.contestants.push_back({name, [setup, backward](benchmark::State& state) {
                                   backward ? setup->backward(state) : setup->forward(state);
                                 }});
    results.push_back([setup, backward] { return results_of(*setup, backward); });
  };
  add("eigen_fused", std::type_identity<EigenFused<Order>>{});
  add("eigen_split", std::type_identity<EigenSplit<Order>>{});
  add("sluice_fused", std::type_identity<Sluice<Order, sluice::Fused>>{});
  add("sluice_split", std::type_identity<Sluice<Order, sluice::Split>>{});

  point.check = [results, header = point] {
    const Results expected = results[0]();
    for (std::size_t i = 1; i < results.size(); ++i) {
      compare(header, header.contestants[i].name, results[i](), expected);
    }
  };
  return point;
}

/// Every activation on the same layer: here they are the contestants.
template <class... Activations>
Point make_activations_point(Index input_dim, Index units, Index batch) {
  constexpr int Order = Eigen::RowMajor;
  Point point{};
  point.question = "activation";
  point.layout = "row";
  point.input_dim = input_dim;
  point.units = units;
  point.batch = batch;
  point.name = point_name(point.question, point.layout, input_dim, units, batch);
  const auto samples = std::make_shared<const Samples<Order>>(batch, input_dim, units);
  const auto add = [&]<class Activation>(std::type_identity<Activation>) {
    const auto setup = std::make_shared<Setup<Sluice<Order, sluice::Fused, Activation>>>(point, samples);
    point.contestants.push_back(
        {std::string(Activation::name), [setup](benchmark::State& state) { setup->forward(state); }});
  };
  (add(std::type_identity<Activations>{}), ...);
  point.check = [] {};
  return point;
}

/// The points whose names the filter finds. Building them allocates, so the others are never built.
std::vector<Point> make_points(const std::string& filter) {
  struct Shape {
    Index input_dim, units;
    std::vector<Index> batches;
  };
  const std::vector<Shape> shapes = {
      {16, 8, {1, 8, 32, 256}},    {30, 10, {1, 8, 32, 256}},   {64, 64, {1, 8, 32, 256}}, {128, 256, {1, 8, 32, 256}},
      {160, 160, {1, 8, 32, 256}}, {256, 256, {1, 8, 32, 256}}, {768, 2048, {1, 8, 32}},   {4096, 11008, {1, 8}},
  };
  const std::vector<Shape> column_major_shapes = {{64, 64, {32}}, {256, 256, {32}}};

  const std::regex wanted(filter);
  std::vector<Point> points;
  const auto add = [&]<int Order>(std::integral_constant<int, Order>, const std::vector<Shape>& list) {
    for (const Shape& shape : list) {
      for (const Index batch : shape.batches) {
        for (const Direction direction : {Direction::Forward, Direction::Backward}) {
          const std::string name =
              point_name(direction == Direction::Forward ? "forward" : "backward",
                         Order == Eigen::RowMajor ? "row" : "col", shape.input_dim, shape.units, batch);
          if (std::regex_search(name, wanted)) {
            points.push_back(make_point<Order>(direction, shape.input_dim, shape.units, batch));
          }
        }
      }
    }
  };
  add(std::integral_constant<int, Eigen::RowMajor>{}, shapes);
  add(std::integral_constant<int, Eigen::ColMajor>{}, column_major_shapes);
  if (std::regex_search(point_name("activation", "row", 160, 160, 32), wanted)) {
    using namespace sluice;
    points.push_back(
        make_activations_point<Identity, ReLU, SquaredReLU, LeakyReLU, HardSigmoid, Sigmoid, Tanh, SiLU, Swish,
                               QuickGELU, GELUTanh, GELU, ELU, Softplus, ClampedSiLU>(160, 160, 32));
  }
  return points;
}

// --- running
// ----------------------------------------------------------------------------------------------------------

/// Keeps the last run instead of printing it.
class Recorder : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    if (!runs.empty()) last_ = runs.back();
  }
  std::int64_t iterations() const { return last_.iterations; }
  /// A thread's CPU time: other programs that want the same core then cost us less than the
  /// measurement.
  double nanoseconds() const { return last_.cpu_accumulated_time / static_cast<double>(last_.iterations) * 1e9; }

 private:
  Run last_;
};

/// One slice of one contestant.
void measure(const Point& point, Contestant& contestant, double slice_seconds, Recorder& recorder) {
  benchmark::ClearRegisteredBenchmarks();
  auto* const registered = benchmark::RegisterBenchmark((point.name + '/' + contestant.name).c_str(), contestant.run);
  if (contestant.iterations > 0) {
    registered->Iterations(contestant.iterations);
  } else {
    registered->MinTime(slice_seconds);
  }
  benchmark::RunSpecifiedBenchmarks(&recorder, "all");
  contestant.iterations = recorder.iterations();
}

void run_rounds(std::vector<Point>& points, int rounds, double slice_seconds) {
  std::printf(
      "{\"kind\":\"machine\",\"compiler\":\"%s\",\"flags\":\"%s\",\"simd\":\"%s\",\"eigen\":\"%d.%"
      "d.%d\",\"rounds\":%d}\n",
#if defined(__clang__)
      "clang " __clang_version__,
#else
      "GCC " __VERSION__,
#endif
      BENCHMARK_FLAGS, Eigen::SimdInstructionSetsInUse(), EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
      rounds);
  for (const Point& p : points) {
    std::printf(
        "{\"kind\":\"point\",\"name\":\"%s\",\"question\":\"%s\",\"layout\":\"%s\",\"input_dim\":%"
        "ld,\"units\":%ld,"
        "\"batch\":%ld,\"flops\":%.0f,\"weight_bytes\":%.0f,\"weight_traffic\":%.0f}\n",
        p.name.c_str(), p.question, p.layout, static_cast<long>(p.input_dim), static_cast<long>(p.units),
        static_cast<long>(p.batch), p.flops(), p.weight_bytes(), p.weight_traffic());
  }
  std::fflush(stdout);

  Recorder recorder;
  std::mt19937 rng(3);
  for (int round = -1; round < rounds; ++round) {  // round -1 warms up and finds the numbers of iterations
    double read_bytes = 0, bandwidth = 0;
    for (Point& point : points) {
      std::vector<Contestant*> order;
      for (Contestant& c : point.contestants) order.push_back(&c);
      std::shuffle(order.begin(), order.end(), rng);
      if (round >= 0) {
        if (read_bytes != point.weight_bytes()) {
          read_bytes = point.weight_bytes();
          bandwidth = limits::read_bandwidth(static_cast<std::size_t>(read_bytes));
        }
        std::printf("{\"kind\":\"limits\",\"name\":\"%s\",\"fma_gflops\":%.1f,\"read_gbytes\":%.2f}\n",
                    point.name.c_str(), limits::fma_peak() * 1e-9, bandwidth * 1e-9);
      }
      for (Contestant* const contestant : order) {
        measure(point, *contestant, slice_seconds, recorder);
        if (round < 0) continue;
        std::printf("{\"kind\":\"run\",\"round\":%d,\"name\":\"%s\",\"contestant\":\"%s\",\"ns\":%.4g}\n", round,
                    point.name.c_str(), contestant->name.c_str(), recorder.nanoseconds());
      }
    }
    std::printf("{\"kind\":\"round\",\"round\":%d}\n", round);
    std::fflush(stdout);
  }
}

/// All points as ordinary benchmarks, in Google Benchmark's own format.
void run_ordinary(const std::vector<Point>& points) {
  const double peak = limits::fma_peak();
  for (const Point& point : points) {
    const double bandwidth = limits::read_bandwidth(static_cast<std::size_t>(point.weight_bytes()));
    for (const Contestant& contestant : point.contestants) {
      const auto run = [=, flops = point.flops(), bytes = point.weight_traffic(),
                        body = contestant.run](benchmark::State& state) {
        const double begin = limits::cpu_seconds();
        body(state);
        const double calls = static_cast<double>(state.iterations()) / (limits::cpu_seconds() - begin);
        state.counters["GFLOP/s"] = 1e-9 * flops * calls;
        state.counters["GB/s"] = 1e-9 * bytes * calls;
        state.counters["%fma"] = 100 * flops * calls / peak;
        state.counters["%read"] = 100 * bytes * calls / bandwidth;
      };
      benchmark::RegisterBenchmark((point.name + '/' + contestant.name).c_str(), run);
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}

/// Takes --name=value out of the arguments.
std::string take_flag(int& argc, char** argv, std::string_view name, std::string value) {
  const std::string prefix = "--" + std::string(name) + "=";
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(prefix)) {
      value = argument.substr(prefix.size());
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = std::atoi(take_flag(argc, argv, "rounds", "0").c_str());
  const double slice_seconds = 1e-3 * std::atof(take_flag(argc, argv, "slice_ms", "4").c_str());
  const std::string filter = take_flag(argc, argv, "points", "");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;

  std::vector<Point> points = make_points(filter);
  if (points.empty()) {
    std::fprintf(stderr, "fused_vs_split: no point matches '%s'\n", filter.c_str());
    return 2;
  }
  for (const Point& point : points) point.check();
  if (rounds > 0) {
    run_rounds(points, rounds, slice_seconds);
  } else {
    run_ordinary(points);
  }
  benchmark::Shutdown();
}
