// SPDX-License-Identifier: MIT
//
// The gated layer (SiLU gate, float) against Eigen by hand, oneDNN, OpenBLAS and libtorch: those that CMake found.
//
//   forward    one thread: sluice's layer, pack(layer), and every peer
//   columns    the same with column-major inputs and outputs, Eigen's default, against Eigen by hand in that order
//   training   forward and backward, dx and all gradients: sluice's layer, Eigen by hand, libtorch's autograd
//   storage    pack(layer) with weights in float, bfloat16 and Int8
//   threads    pack(layer) with one thread and with two, beside what two threads reach that do nothing but
//              multiply-adds, or read the weights
//   fixed      sizes in the type, against Eigen's fixed-size product and the dynamic layer
//
//   peers --rounds=15 --points=160x160 --peers=eigen,onednn --slice_ms=2 --cpu=1        JSON lines, for peers.py
//
// Every peer gets its best: weights in the layout it asks for, one thread, kernels for this processor, and where there
// are several ways to call it, all are timed in the warm-up and the fastest is kept. All of them must agree with Eigen
// by hand, relative to the norm, before anything is timed.
//
// A round visits every point, measures the limits there, and runs all contestants of the point one after the other in
// random order, each for a slice of time, after a few calls that are not timed so that it finds the caches as it leaves
// them itself. One thread is timed by its CPU time: a program that takes the core away costs us nothing; several
// threads are timed by the steady clock. Counted are 2·batch·input_dim·2·units operations forward and three times that
// for training, and as weight traffic one pass over the float weights forward, four for training (read twice, their
// gradients read and written).

#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <string_view>

#define EIGEN_USE_THREADS
#include <sluice/layers/gated_linear_unit.hpp>
#include <sluice/layers/packed.hpp>
#include <unsupported/Eigen/CXX11/Tensor>

#include "baselines/eigen_by_hand.hpp"
#include "limits.hpp"
#include "peers/fixed_sizes.hpp"
#include "peers/peer.hpp"

namespace {

using Eigen::Index;
using peers::Floats;
using peers::Problem;
using peers::Results;
using peers::SharedProblem;
using peers::Variant;
using peers::Variants;
using RowMatrix = eigen_by_hand::Matrix<Eigen::RowMajor>;
using MapIn = Eigen::Map<const RowMatrix>;

// --- the problem --------------------------------------------------------------------------------------------------

/// Uniform numbers in ±scale.
Floats uniform(Index count, float scale, std::mt19937& rng) {
  Floats v(static_cast<std::size_t>(count));
  const float unit = 2 * scale / 4294967296.0f;
  for (float& f : v) f = static_cast<float>(rng()) * unit - scale;
  return v;
}

MapIn map(const Floats& v, Index rows, Index columns) { return {v.data(), rows, columns}; }

/// Built once a shape: the largest weigh 360 MB.
template <class T, class Make>
std::shared_ptr<T> shared_by_shape(Index input_dim, Index units, const Make& make) {
  static std::map<std::pair<Index, Index>, std::shared_ptr<T>> all;
  auto& one = all[{input_dim, units}];
  if (!one) one = make();
  return one;
}

std::shared_ptr<peers::Weights> weights_of(Index input_dim, Index units) {
  return shared_by_shape<peers::Weights>(input_dim, units, [=] {
    std::mt19937 rng(1);
    auto w = std::make_shared<peers::Weights>();
    w->input_dim = input_dim;
    w->units = units;
    const float scale = std::sqrt(3.0f / static_cast<float>(input_dim));  // pre-activations of variance 1/3
    w->fused = uniform(input_dim * 2 * units, scale, rng);
    w->bias = uniform(2 * units, 1, rng);
    w->transposed.resize(w->fused.size());
    Eigen::Map<RowMatrix>(w->transposed.data(), 2 * units, input_dim) = map(w->fused, input_dim, 2 * units).transpose();
    return w;
  });
}

SharedProblem make_problem(Index input_dim, Index units, Index batch) {
  std::mt19937 rng(2);
  auto p = std::make_shared<Problem>();
  p->weights = weights_of(input_dim, units);
  p->batch = batch;
  p->x = uniform(batch * input_dim, 1, rng);
  p->dy = uniform(batch * units, 1, rng);
  return p;
}

// --- our contestants, and Eigen -----------------------------------------------------------------------------------

Floats values(const RowMatrix& m) { return {m.data(), m.data() + m.size()}; }

/// The matrices of one point.
template <int Order>
struct MatricesOf {
  eigen_by_hand::Matrix<Order> x, dy, y, dx;
  explicit MatricesOf(const Problem& p)
      : x(map(p.x, p.batch, p.weights->input_dim)),
        dy(map(p.dy, p.batch, p.weights->units)),
        y(p.batch, p.weights->units),
        dx(p.batch, p.weights->input_dim) {}
};
using Matrices = MatricesOf<Eigen::RowMajor>;

/// call() computes into m->y.
template <int Order, class Call>
Variant forward_variant(const char* name, const std::shared_ptr<MatricesOf<Order>>& m, Call call) {
  return {name, peers::repeat(call), [m, call] {
            m->y.setZero();
            call();
            return Results{values(m->y), {}, {}, {}};
          }};
}

using HandWritten = eigen_by_hand::Fused<Eigen::RowMajor>;

template <int Order>
auto hand_written(const peers::Weights& w) {
  using Written = eigen_by_hand::Fused<Order>;
  return shared_by_shape<Written>(w.input_dim, w.units, [&] {
    auto layer = std::make_shared<Written>();
    layer->weight = map(w.fused, w.input_dim, 2 * w.units);
    layer->bias = map(w.bias, 1, 2 * w.units);
    return layer;
  });
}

template <int Order>
Variants eigen(const SharedProblem& p) {
  const auto layer = hand_written<Order>(*p->weights);
  const auto m = std::make_shared<MatricesOf<Order>>(*p);
  const auto cache = std::make_shared<typename eigen_by_hand::Fused<Order>::Cache>(p->batch, p->weights->units);
  return {forward_variant("by hand", m, [=] { layer->forward(m->x, m->y, *cache); })};
}

Variants eigen_training(const SharedProblem& p) {
  const auto layer = hand_written<Eigen::RowMajor>(*p->weights);
  const auto m = std::make_shared<Matrices>(*p);
  const auto cache = std::make_shared<HandWritten::Cache>(p->batch, p->weights->units);
  const auto clear = [=] {
    layer->dweight.setZero(layer->weight.rows(), layer->weight.cols());
    layer->dbias.setZero(layer->bias.size());
  };
  clear();
  const auto call = [=] {
    layer->forward(m->x, m->y, *cache);
    layer->backward(m->x, m->dy, *cache, m->dx);
  };
  return {{"by hand", peers::repeat(call), [=] {
             clear();
             call();
             return Results{values(m->y), values(m->dx), values(layer->dweight), values(layer->dbias)};
           }}};
}

using Layer = sluice::GatedLinearUnit<float, sluice::SiLU>;

std::shared_ptr<Layer> layer_of(const peers::Weights& w) {
  return shared_by_shape<Layer>(w.input_dim, w.units, [&] {
    auto layer = std::make_shared<Layer>(w.input_dim, w.units);
    layer->weight() = map(w.fused, w.input_dim, 2 * w.units);
    layer->bias() = map(w.bias, 1, 2 * w.units);
    return layer;
  });
}

template <int Order = Eigen::RowMajor>
Variants mutable_layer(const SharedProblem& p) {
  const auto layer = layer_of(*p->weights);
  const auto m = std::make_shared<MatricesOf<Order>>(*p);
  return {forward_variant("layer", m, [=] { layer->forward(m->x, m->y); })};
}

Variants layer_training(const SharedProblem& p) {
  const auto layer = layer_of(*p->weights);
  const auto gradients = shared_by_shape<Layer::Gradients>(p->weights->input_dim, p->weights->units,
                                                           [&] { return std::make_shared<Layer::Gradients>(*layer); });
  const auto m = std::make_shared<Matrices>(*p);
  const auto cache = std::make_shared<Layer::Cache>();
  const auto call = [=] {
    layer->forward(m->x, m->y, *cache);
    layer->backward(m->x, m->dy, *cache, m->dx, *gradients);
  };
  return {{"layer", peers::repeat(call), [=] {
             gradients->set_zero();
             call();
             return Results{values(m->y), values(m->dx), values(gradients->weight()), values(gradients->bias())};
           }}};
}

template <class Stored>
auto packed_layer(const peers::Weights& w) {
  using Packed = decltype(sluice::pack<Stored>(std::declval<const Layer&>()));
  return shared_by_shape<Packed>(w.input_dim, w.units,
                                 [&] { return std::make_shared<Packed>(sluice::pack<Stored>(*layer_of(w))); });
}

template <class Stored, int Order = Eigen::RowMajor>
Variants packed(const SharedProblem& p) {
  const auto layer = packed_layer<Stored>(*p->weights);
  const auto m = std::make_shared<MatricesOf<Order>>(*p);
  return {forward_variant("packed", m, [=] { layer->forward(m->x, m->y); })};
}

/// Two threads for the points that ask for them: the caller, which works, too, and one of a pool.
struct Pool {
  Eigen::ThreadPool threads{1};
  Eigen::ThreadPoolDevice device{&threads, 2};
};

std::shared_ptr<Pool> pool() {
  static const auto one = std::make_shared<Pool>();
  return one;
}

Variants packed_threads(const SharedProblem& p) {
  const auto layer = packed_layer<float>(*p->weights);
  const auto m = std::make_shared<Matrices>(*p);
  return {forward_variant("packed", m, [=, two = pool()] { layer->forward(m->x, m->y, two->device); })};
}

/// half(0) and half(1), one after the other or by two threads, of which each goes on by itself: what the machine has to
/// give just then.
template <class Half>
peers::Variant halves(const char* name, const Half& half, bool two_threads) {
  const auto run_half = [half](int i, long times) {
    while (times-- > 0) half(i);
  };
  if (!two_threads) return {name, [=](long times) { run_half(0, times), run_half(1, times); }, {}};
  const auto run_both = [=, two = pool()](long times) {
    Eigen::Barrier barrier(1);
    two->threads.Schedule([&] {
      run_half(1, times);
      barrier.Notify();
    });
    run_half(0, times);
    barrier.Wait();
  };
  return {name, run_both, {}};
}

Variants fma(bool two_threads) {
  const auto half = [](int) {
    const volatile float start = 1;
    benchmark::DoNotOptimize(limits::fma_chains(10000, start, std::make_integer_sequence<int, limits::chains>{}));
  };
  return {halves("fma", half, two_threads)};
}

/// One thread or two that read the weights, by one stream each or by several, whichever is faster.
Variants read(const SharedProblem& p, bool two_threads) {
  const auto by = [&](const char* name, auto read_all) {
    const std::size_t count = p->weights->fused.size() / 32 * 16;  // whole lines
    const auto half = [p, read_all, count](int i) {
      benchmark::DoNotOptimize(read_all(p->weights->fused.data() + static_cast<std::size_t>(i) * count, count));
    };
    return halves(name, half, two_threads);
  };
  return {by("one stream", &limits::read_all<1, 8>), by("eight streams", &limits::read_all<8, 2>)};
}

// --- points -------------------------------------------------------------------------------------------------------

struct Contestant {
  std::string name;
  Variants variants;  // after the warm-up the fastest only
  double tolerance = 1e-5;
  long times = 1;        // calls that fill a slice of time
  double seconds = 0.0;  // of a call, roughly
};

struct Point {
  std::string name;  // question/input_dim x units/batch
  std::string question;
  Index input_dim, units, batch;
  std::vector<Contestant> contestants;  // the first is the reference

  bool training() const { return question == "training"; }
  double weight_bytes() const { return 4.0 * static_cast<double>(input_dim * 2 * units); }
  double weight_traffic() const { return (training() ? 4.0 : 1.0) * weight_bytes(); }
  double flops() const { return (training() ? 3.0 : 1.0) * 2.0 * static_cast<double>(batch * input_dim * 2 * units); }
  double seconds() const {
    using namespace std::chrono;
    if (question != "threads") return limits::cpu_seconds();
    return duration<double>(steady_clock::now().time_since_epoch()).count();
  }
};

/// Which contestants were asked for; ours and the reference always take part.
struct Wanted {
  std::regex points;
  std::vector<std::string> peers;

  bool peer(const std::string& name) const {
    return peers.empty() || std::find(peers.begin(), peers.end(), name) != peers.end();
  }
};

void add_forward(Point& point, const SharedProblem& p, const Wanted& wanted) {
  point.contestants.push_back({"eigen", eigen<Eigen::RowMajor>(p)});
  point.contestants.push_back({"sluice", mutable_layer(p)});
  point.contestants.push_back({"packed", packed<float>(p)});
#ifdef PEERS_HAVE_ONEDNN
  if (wanted.peer("onednn")) point.contestants.push_back({"onednn", peers::onednn(p)});
#endif
#ifdef PEERS_HAVE_OPENBLAS
  if (wanted.peer("openblas")) point.contestants.push_back({"openblas", peers::openblas(p)});
#endif
#ifdef PEERS_HAVE_LIBTORCH
  if (wanted.peer("libtorch")) point.contestants.push_back({"libtorch", peers::libtorch(p)});
#endif
  static_cast<void>(wanted);
}

void add_columns(Point& point, const SharedProblem& p, const Wanted&) {
  point.contestants.push_back({"eigen", eigen<Eigen::ColMajor>(p)});
  point.contestants.push_back({"sluice", mutable_layer<Eigen::ColMajor>(p)});
  point.contestants.push_back({"packed", packed<float, Eigen::ColMajor>(p)});
}

void add_training(Point& point, const SharedProblem& p, const Wanted& wanted) {
  point.contestants.push_back({"eigen", eigen_training(p)});
  point.contestants.push_back({"sluice", layer_training(p)});
#ifdef PEERS_HAVE_LIBTORCH
  if (wanted.peer("libtorch")) point.contestants.push_back({"libtorch", peers::libtorch_training(p)});
#endif
  static_cast<void>(wanted);
}

void add_storage(Point& point, const SharedProblem& p, const Wanted&) {
  point.contestants.push_back({"packed", packed<float>(p)});
  point.contestants.push_back({"packed_bfloat16", packed<Eigen::bfloat16>(p), 1e-2});
  point.contestants.push_back({"packed_int8", packed<sluice::Int8>(p), 2e-2});
}
void add_threads(Point& point, const SharedProblem& p, const Wanted&) {
  point.contestants.push_back({"packed", packed<float>(p), 0.0});  // the same bits
  point.contestants.push_back({"packed_2_threads", packed_threads(p), 0.0});
  point.contestants.push_back({"fma", fma(false)});
  point.contestants.push_back({"fma_2_threads", fma(true)});
  point.contestants.push_back({"read", read(p, false)});
  point.contestants.push_back({"read_2_threads", read(p, true)});
}

void add_fixed(Point& point, const SharedProblem& p, const Wanted&) {
  peers::FixedSizes c = peers::fixed_sizes(*p);
  point.contestants.push_back({"eigen_fixed", std::move(c.eigen)});
  point.contestants.push_back({"sluice_fixed", std::move(c.sluice)});
  point.contestants.push_back({"sluice", std::move(c.dynamic)});
}

struct Shape {
  Index input_dim, units;
  std::vector<Index> batches;
};

struct Question {
  const char* name;
  void (*add)(Point&, const SharedProblem&, const Wanted&);
  std::vector<Shape> shapes;
};

std::vector<Question> questions() {
  std::vector<Question> all;
  all.push_back({"forward",
                 add_forward,
                 {{16, 8, {1, 32, 2048}},
                  {30, 10, {1, 32, 256}},
                  {64, 64, {1, 8, 256}},
                  {64, 256, {1, 64}},
                  {128, 256, {1, 32, 256}},
                  {160, 160, {1, 8, 64, 2048}},
                  {256, 256, {1, 64}},
                  {768, 2048, {1, 8, 256}},
                  {4096, 11008, {1, 16, 128}}}});
  all.push_back({"columns",
                 add_columns,
                 {{16, 8, {1, 32, 2048}},
                  {30, 10, {1, 32, 256}},
                  {64, 64, {1, 8, 256}},
                  {160, 160, {8, 64, 2048}},
                  {256, 256, {64}},
                  {768, 2048, {8, 256}},
                  {4096, 11008, {16}}}});
  all.push_back({"training",
                 add_training,
                 {{16, 8, {32, 2048}},
                  {30, 10, {32, 256}},
                  {64, 64, {1, 32, 256}},
                  {128, 256, {32, 256}},
                  {160, 160, {8, 64, 256}},
                  {256, 256, {64}},
                  {768, 2048, {32, 256}},
                  {4096, 11008, {16}}}});
  all.push_back({"storage", add_storage, {{768, 2048, {1}}, {4096, 11008, {1, 16}}}});
  all.push_back({"threads", add_threads, {{768, 2048, {1, 32, 256}}, {4096, 11008, {1, 16, 128}}}});
  all.push_back({"fixed", add_fixed, {{16, 8, {1, 8, 32}}, {30, 10, {1, 8, 32}}, {64, 64, {1, 8, 32}}}});
  return all;
}

// --- agreement ----------------------------------------------------------------------------------------------------

void compare(const Point& point, const std::string& who, const char* what, const Floats& a, const Floats& b,
             double tolerance) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    error += difference * difference;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  const double relative = std::sqrt(error / std::max(norm, 1e-300));
  if (a.size() == b.size() && relative <= tolerance) return;  // not so for NaN
  std::fprintf(stderr, "peers: %s: %s of %s (%zu numbers) differs from %s's (%zu) by %g relative to its norm\n",
               point.name.c_str(), what, who.c_str(), a.size(), point.contestants.front().name.c_str(), b.size(),
               relative);
  std::exit(1);
}

void check(const Point& point) {
  const Results expected = point.contestants.front().variants.front().results();
  for (const Contestant& c : point.contestants) {
    for (const Variant& v : c.variants) {
      if (&v == &point.contestants.front().variants.front() || !v.results) continue;
      const Results got = v.results();
      const std::string who = c.name + " (" + v.name + ")";
      compare(point, who, "y", got.y, expected.y, c.tolerance);
      compare(point, who, "dx", got.dx, expected.dx, c.tolerance);
      compare(point, who, "dW", got.dw, expected.dw, c.tolerance);
      compare(point, who, "db", got.db, expected.db, c.tolerance);
    }
  }
}

// --- running ------------------------------------------------------------------------------------------------------

/// Where this thread runs: points of one thread on one processor if that was asked for, all others on any.
class Affinity {
#ifdef __linux__
 public:
  explicit Affinity(const std::string& cpu) : is_wanted_(!cpu.empty()) {
    if (!is_wanted_) return;
    pool();  // its threads keep to no processor
    sched_getaffinity(0, sizeof(any_), &any_);
    CPU_ZERO(&one_);
    CPU_SET(static_cast<std::size_t>(std::atoi(cpu.c_str())), &one_);
  }
  void choose(const Point& point) const {
    if (!is_wanted_ || sched_setaffinity(0, sizeof(any_), point.question == "threads" ? &any_ : &one_) == 0) return;
    std::perror("peers: --cpu");
    std::exit(2);
  }

 private:
  bool is_wanted_;
  cpu_set_t any_{}, one_{};
#else
 public:
  explicit Affinity(const std::string& cpu) {
    if (!cpu.empty()) std::fprintf(stderr, "peers: --cpu means nothing here\n");
  }
  void choose(const Point&) const {}
#endif
};

double timed(const Point& point, const Variant& variant, long times) {
  const double begin = point.seconds();
  variant.run(times);
  return point.seconds() - begin;
}

/// Calls that are not timed, before those that are: twice as many, eight at most. An L3 that takes in what L2 drops
/// holds the weights after some calls only, and those of which several contestants read the same after fewer.
long calls_before(const Contestant& c) { return std::min(2 * c.times, 8L); }

/// Finds how many calls fill a slice, and which way to use a library is its fastest.
void warm_up(const Point& point, Contestant& c, double slice_seconds) {
  std::vector<double> best(c.variants.size(), 1e9);
  c.variants.front().run(1);
  for (double seconds = timed(point, c.variants.front(), c.times); seconds < slice_seconds;
       seconds = timed(point, c.variants.front(), c.times)) {
    const double factor = std::clamp(1.1 * slice_seconds / std::max(seconds, 1e-9), 1.5, 10.0);
    c.times = static_cast<long>(std::ceil(static_cast<double>(c.times) * factor));
  }
  const int repeats = c.variants.size() > 1 ? 7 : 1;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::size_t i = 0; i < c.variants.size(); ++i) {
      c.variants[i].run(calls_before(c));
      best[i] = std::min(best[i], timed(point, c.variants[i], c.times));
    }
  }
  const auto fastest = std::min_element(best.begin(), best.end());
  c.seconds = *fastest / static_cast<double>(c.times);
  c.times = std::max(1L, static_cast<long>(std::ceil(slice_seconds / c.seconds)));
  c.variants = {std::move(c.variants[static_cast<std::size_t>(fastest - best.begin())])};
}

std::string quoted(const std::string& text) {
  std::string s(1, '"');
  for (const char c : text) {
    if (c == '"' || c == '\\') s += '\\';
    if (c >= ' ') s += c;
  }
  s += '"';
  return s;
}

void print_machine(const Wanted& wanted) {
  std::string found, missing;
  const auto say = [&](const char* name, const std::string& version) {
    if (!wanted.peer(name)) return;
    std::string& list = version.empty() ? missing : found;
    if (!list.empty()) list += ',';
    list += quoted(name);
    if (!version.empty()) list.append(":").append(quoted(version));
  };
#ifdef PEERS_HAVE_ONEDNN
  say("onednn", peers::onednn_version());
#else
  say("onednn", "");
#endif
#ifdef PEERS_HAVE_OPENBLAS
  say("openblas", peers::openblas_version());
#else
  say("openblas", "");
#endif
#ifdef PEERS_HAVE_LIBTORCH
  say("libtorch", peers::libtorch_version());
#else
  say("libtorch", "");
#endif
  std::printf(
      "{\"kind\":\"machine\",\"compiler\":\"%s\",\"flags\":\"%s\",\"simd\":\"%s\",\"eigen\":\"%d.%d.%d\","
      "\"peers\":{%s},\"missing\":[%s]}\n",
#if defined(__clang__)
      "clang " __clang_version__,
#else
      "GCC " __VERSION__,
#endif
      BENCHMARK_FLAGS, Eigen::SimdInstructionSetsInUse(), EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
      found.c_str(), missing.c_str());
  std::fflush(stdout);
}

void print_point(const Point& p) {
  std::string ways;
  for (const Contestant& c : p.contestants) {
    if (!ways.empty()) ways += ',';
    ways += quoted(c.name).append(":").append(quoted(c.variants.front().name));
  }
  std::printf(
      "{\"kind\":\"point\",\"name\":\"%s\",\"question\":\"%s\",\"input_dim\":%ld,\"units\":%ld,\"batch\":%ld,"
      "\"flops\":%.0f,\"weight_bytes\":%.0f,\"weight_traffic\":%.0f,\"ways\":{%s}}\n",
      p.name.c_str(), p.question.c_str(), static_cast<long>(p.input_dim), static_cast<long>(p.units),
      static_cast<long>(p.batch), p.flops(), p.weight_bytes(), p.weight_traffic(), ways.c_str());
  std::fflush(stdout);
}

void run_round(std::vector<Point>& points, const Affinity& affinity, int round, std::mt19937& rng) {
  double read_bytes = 0, bandwidth = 0;
  for (Point& point : points) {
    affinity.choose(point);
    std::vector<Contestant*> order;
    for (Contestant& c : point.contestants) order.push_back(&c);
    std::shuffle(order.begin(), order.end(), rng);
    if (read_bytes != point.weight_bytes()) {
      read_bytes = point.weight_bytes();
      bandwidth = limits::read_bandwidth(static_cast<std::size_t>(read_bytes));
    }
    std::printf("{\"kind\":\"limits\",\"name\":\"%s\",\"fma_gflops\":%.1f,\"read_gbytes\":%.2f}\n", point.name.c_str(),
                limits::fma_peak() * 1e-9, bandwidth * 1e-9);
    for (const Contestant* const c : order) {
      if (c->seconds < 0.02) c->variants.front().run(calls_before(*c));
      const double seconds = timed(point, c->variants.front(), c->times);
      std::printf("{\"kind\":\"run\",\"round\":%d,\"name\":\"%s\",\"contestant\":\"%s\",\"ns\":%.4g}\n", round,
                  point.name.c_str(), c->name.c_str(), 1e9 * seconds / static_cast<double>(c->times));
    }
  }
  std::printf("{\"kind\":\"round\",\"round\":%d}\n", round);
  std::fflush(stdout);
}

/// The libraries read these when they are loaded, so the program starts itself once more with them. The kernels are
/// named rather than guessed: a library older than the processor may not know it. What the environment says of them
/// counts for nothing: it may be set for another machine.
void set_environment(char** argv) {
#ifdef __linux__
  if (std::getenv("SLUICE_PEERS_STARTED") != nullptr) return;
  setenv("SLUICE_PEERS_STARTED", "1", 1);
  setenv("OMP_NUM_THREADS", "1", 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
#ifdef __AVX512F__
  setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 1);
#else
  unsetenv("OPENBLAS_CORETYPE");
#endif
  for (const char* name :
       {"OPENBLAS_L2_SIZE", "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE",
        "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_VERBOSE", "ONEDNN_VERBOSE", "DNNL_CPU_ISA_HINTS", "ONEDNN_CPU_ISA_HINTS"}) {
    unsetenv(name);
  }
  execv("/proc/self/exe", argv);
  std::perror("peers: execv");
#else
  static_cast<void>(argv);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  set_environment(argv);
  std::map<std::string, std::string> flags = {
      {"rounds", "15"}, {"slice_ms", "2"}, {"points", ""}, {"peers", ""}, {"cpu", ""}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string::npos || !flags.contains(argument.substr(2, equals - 2))) {
      std::fprintf(stderr, "usage: peers [--rounds=N] [--slice_ms=MS] [--points=REGEX] [--peers=NAME,...] [--cpu=N]\n");
      return 2;
    }
    flags[argument.substr(2, equals - 2)] = argument.substr(equals + 1);
  }
  Wanted wanted{std::regex(flags["points"]), {}};
  std::istringstream list(flags["peers"]);
  for (std::string name; std::getline(list, name, ',');) wanted.peers.push_back(name);
  const double slice_seconds = 1e-3 * std::atof(flags["slice_ms"].c_str());

  const Affinity affinity(flags["cpu"]);
  print_machine(wanted);
  std::vector<Point> points;
  for (const Question& question : questions()) {
    for (const Shape& shape : question.shapes) {
      for (const Index batch : shape.batches) {
        const std::string name = std::string(question.name) + '/' + std::to_string(shape.input_dim) + 'x' +
                                 std::to_string(shape.units) + "/b" + std::to_string(batch);
        if (!std::regex_search(name, wanted.points)) continue;
        Point point{name, question.name, shape.input_dim, shape.units, batch, {}};
        question.add(point, make_problem(shape.input_dim, shape.units, batch), wanted);
        check(point);
        affinity.choose(point);
        // The system takes up to a millisecond to give a thread that was woken a processor of its own.
        const double slice = point.question == "threads" ? 10 * slice_seconds : slice_seconds;
        for (Contestant& c : point.contestants) warm_up(point, c, slice);
        print_point(point);
        points.push_back(std::move(point));
      }
    }
  }
  if (points.empty()) {
    std::fprintf(stderr, "peers: no point matches '%s'\n", flags["points"].c_str());
    return 2;
  }
  std::printf("{\"kind\":\"round\",\"round\":-1}\n");
  std::mt19937 rng(3);
  const int rounds = std::atoi(flags["rounds"].c_str());
  for (int round = 0; round < rounds; ++round) run_round(points, affinity, round, rng);
}
