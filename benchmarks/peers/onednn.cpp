// SPDX-License-Identifier: MIT
//
// oneDNN 2.6: weights prepacked in whatever format the primitive asks for (format_tag::any). Two ways, and the faster
// one counts:
//
//   two matmuls          gate = swish(x·W₂ + b₂), then y = (x·W₁ + b₁) ⊙ gate: eltwise and binary as post-ops
//   one matmul and pass  h = x·W, then one vectorised pass for bias and gating, as for OpenBLAS
//
// Primitives are executed by the C interface with ready-made arguments: the C++ one builds a vector in every call.

#include <dnnl.hpp>
#include <map>

#include "peer.hpp"
#include "silu_multiply.hpp"

namespace peers {
namespace {

using dnnl::memory;

dnnl::engine& engine() {
  static dnnl::engine e(dnnl::engine::kind::cpu, 0);
  return e;
}
dnnl::stream& stream() {
  static dnnl::stream s(engine());
  return s;
}

memory::desc row_major(long rows, long columns) {
  return {{rows, columns}, memory::data_type::f32, memory::format_tag::ab};
}
float* data(const Floats& v) { return const_cast<float*>(v.data()); }  // oneDNN knows no const

/// Columns [first, first + columns) of the weights in the format that a primitive asked for; points share them.
memory packed(const Weights& w, long first, long columns, const memory::desc& format) {
  static std::map<std::pair<const Weights*, std::pair<long, long>>, std::vector<memory>> all;
  auto& kept = all[{&w, {first, columns}}];
  for (const memory& m : kept) {
    if (m.get_desc() == format) return m;
  }
  const memory::desc plain({w.input_dim, columns}, memory::data_type::f32, {2 * w.units, 1});
  memory from(plain, engine(), data(w.fused) + first);
  memory to(format, engine());
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  kept.push_back(to);
  return to;
}

/// One matmul with everything it needs.
class Product {
 public:
  /// to = post_ops(x·W[:, first…] + bias); other is the operand of a binary post-op.
  Product(const Problem& p, long first, long columns, bool with_bias, Floats& to, const dnnl::post_ops& post_ops,
          Floats* other) {
    const Weights& w = *p.weights;
    const memory::desc x(row_major(p.batch, w.input_dim)), y(row_major(p.batch, columns)), bias(row_major(1, columns));
    const memory::desc any({w.input_dim, columns}, memory::data_type::f32, memory::format_tag::any);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(post_ops);
    const auto description = with_bias ? dnnl::matmul::desc(x, any, bias, y) : dnnl::matmul::desc(x, any, y);
    const dnnl::matmul::primitive_desc chosen(description, attributes, engine());
    primitive_ = dnnl::matmul(chosen);
    implementation_ = chosen.impl_info_str();
    add(DNNL_ARG_SRC, memory(x, engine(), data(p.x)));
    add(DNNL_ARG_WEIGHTS, packed(w, first, columns, chosen.weights_desc()));
    if (with_bias) add(DNNL_ARG_BIAS, memory(bias, engine(), data(w.bias) + first));
    add(DNNL_ARG_DST, memory(y, engine(), to.data()));
    if (other != nullptr) add(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, memory(y, engine(), other->data()));
  }
  void operator()() const {
    const auto status = dnnl_primitive_execute(primitive_.get(), stream().get(), static_cast<int>(arguments_.size()),
                                               arguments_.data());
    dnnl::error::wrap_c_api(status, "matmul");
  }
  const std::string& implementation() const { return implementation_; }

 private:
  void add(int argument, memory m) {
    arguments_.push_back({argument, m.get()});
    memories_.push_back(std::move(m));
  }

  dnnl::primitive primitive_;
  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
  std::string implementation_;
};

struct Buffers {
  Floats h, y;
};

template <class Call>
Variant variant(const std::string& name, const std::shared_ptr<Buffers>& buffers, Call call) {
  return {name, repeat(call), [call, buffers]() {
            call();
            return Results{buffers->y, {}, {}, {}};
          }};
}

Variant two_matmuls(const SharedProblem& problem, const std::shared_ptr<Buffers>& buffers) {
  const long units = problem->weights->units;
  dnnl::post_ops swish, multiply;
  swish.append_eltwise(1.0f, dnnl::algorithm::eltwise_swish, 1.0f, 0.0f);
  multiply.append_binary(dnnl::algorithm::binary_mul, row_major(problem->batch, units));
  const auto gate = std::make_shared<Product>(*problem, units, units, true, buffers->h, swish, nullptr);
  const auto value = std::make_shared<Product>(*problem, 0, units, true, buffers->y, multiply, &buffers->h);
  return variant("two matmuls, " + value->implementation(), buffers, [problem, gate, value] {
    (*gate)();
    (*value)();
  });
}

Variant one_matmul(const SharedProblem& problem, const std::shared_ptr<Buffers>& buffers) {
  const long units = problem->weights->units;
  const auto product = std::make_shared<Product>(*problem, 0, 2 * units, false, buffers->h, dnnl::post_ops(), nullptr);
  return variant("one matmul and a pass, " + product->implementation(), buffers, [problem, buffers, product, units] {
    (*product)();
    silu_multiply(problem->batch, units, buffers->h.data(), problem->weights->bias.data(), buffers->y.data());
  });
}

}  // namespace

Variants onednn(const SharedProblem& problem) {
  const auto buffers = std::make_shared<Buffers>();
  buffers->h.resize(static_cast<std::size_t>(problem->batch * 2 * problem->weights->units));
  buffers->y.resize(static_cast<std::size_t>(problem->batch * problem->weights->units));
  return {two_matmuls(problem, buffers), one_matmul(problem, buffers)};
}

std::string onednn_version() {
  const dnnl_version_t& v = *dnnl::version();
  return std::to_string(v.major) + '.' + std::to_string(v.minor) + '.' + std::to_string(v.patch);
}

}  // namespace peers
