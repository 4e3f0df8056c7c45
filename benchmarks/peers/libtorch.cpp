// SPDX-License-Identifier: MIT
//
// libtorch: F.linear, chunk, silu, mul, as a PyTorch user writes it; forward also into preallocated tensors, and the
// faster one counts. Inference mode, one thread. Training: the same under autograd, with all gradients asked for.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include "peer.hpp"

namespace peers {
namespace {

at::Tensor tensor(const Floats& v, at::IntArrayRef sizes) {
  return at::from_blob(const_cast<float*>(v.data()), sizes, at::kFloat);
}
Floats copy(const at::Tensor& t) {
  const at::Tensor c = t.contiguous();
  return {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()};
}

struct Tensors {
  SharedProblem problem;
  at::Tensor x, dy, weight, bias, h, activated, y;

  explicit Tensors(const SharedProblem& p) : problem(p) {
    const Weights& w = *p->weights;
    x = tensor(p->x, {p->batch, w.input_dim});
    dy = tensor(p->dy, {p->batch, w.units});
    weight = tensor(w.transposed, {2 * w.units, w.input_dim});
    bias = tensor(w.bias, {2 * w.units});
    h = at::empty({p->batch, 2 * w.units});
    activated = at::empty({p->batch, w.units});
    y = at::empty({p->batch, w.units});
  }
};

at::Tensor gated(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto halves = at::linear(x, weight, bias).chunk(2, -1);
  return at::silu(halves[1]) * halves[0];
}

}  // namespace

Variants libtorch(const SharedProblem& problem) {
  at::set_num_threads(1);
  const auto plain = [t = std::make_shared<Tensors>(problem)] {
    const c10::InferenceMode guard;
    t->y = gated(t->x, t->weight, t->bias);
    return t;
  };
  const auto preallocated = [t = std::make_shared<Tensors>(problem)] {
    const c10::InferenceMode guard;
    at::addmm_out(t->h, t->bias, t->x, t->weight.t());
    const auto halves = t->h.chunk(2, -1);
    at::silu_out(t->activated, halves[1]);
    at::mul_out(t->y, t->activated, halves[0]);
    return t;
  };
  const auto variant = [](const char* name, const auto& call) {
    return Variant{name, repeat(call), [call] { return Results{copy(call()->y), {}, {}, {}}; }};
  };
  return {variant("linear, chunk, silu, mul", plain), variant("addmm_out, silu_out, mul_out", preallocated)};
}

Variants libtorch_training(const SharedProblem& problem) {
  at::set_num_threads(1);
  const auto t = std::make_shared<Tensors>(problem);
  for (at::Tensor* leaf : {&t->x, &t->weight, &t->bias}) leaf->set_requires_grad(true);
  const auto gradients = [](Tensors& s) {
    s.y = gated(s.x, s.weight, s.bias);
    return torch::autograd::grad({s.y}, {s.x, s.weight, s.bias}, {s.dy});
  };
  return {{"autograd", repeat([t, gradients] { gradients(*t); }), [t, gradients] {
             const auto g = gradients(*t);
             return Results{copy(t->y.detach()), copy(g[0]), copy(g[1].t()), copy(g[2])};
           }}};
}

std::string libtorch_version() {
  at::set_num_threads(1);
  return TORCH_VERSION;
}

}  // namespace peers
