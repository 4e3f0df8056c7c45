#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes tests/data/io/mappings.safetensors: the tensors of one gated layer or block of each framework, under that
# framework's own names and in its own layout, with inputs and the outputs that its own computation gives.
#
#   apt-get install python3-torch      # Debian 12: 1.13
#   /usr/bin/python3 tools/mapping_reference.py
#
# The modules below compute what the named sources compute, in the same order of operations; weights are float32 (Phi-3:
# bfloat16, T5: float16), outputs are computed in float64 from exactly these weights. All sizes differ.
"""PyTorch references for the mappings of sluice::io."""

import pathlib

import torch
import torch.nn.functional as F

from export_torch import write_safetensors

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/io/mappings.safetensors"
DIM, HIDDEN, SAMPLES, EXPERTS = 6, 10, 4, 3

torch.manual_seed(20250101)
torch.set_num_threads(1)
tensors = {}


def parameter(name, *shape, dtype=torch.float32):
    """A new tensor of the file; returns its numbers in float64."""
    tensors[name] = (torch.randn(*shape) * 0.7).to(dtype)
    return tensors[name].double()


def reference(prefix, x, y, hidden=None):
    tensors[f"reference.{prefix}.x"] = x
    tensors[f"reference.{prefix}.y"] = y
    if hidden is not None:
        tensors[f"reference.{prefix}.hidden"] = hidden


def inputs():
    return torch.randn(SAMPLES, DIM).double()


def torch_glu():  # nn.Linear(DIM, 2 * HIDDEN), then F.glu
    x = inputs()
    linear = F.linear(x, parameter("net.0.weight", 2 * HIDDEN, DIM), parameter("net.0.bias", 2 * HIDDEN))
    reference("torch", x, F.glu(linear, dim=-1))


def pytorch_forecasting():  # temporal_fusion_transformer/sub_modules.py, GatedLinearUnit
    x = inputs()
    fc = F.linear(x, parameter("grn.glu.fc.weight", 2 * HIDDEN, DIM), parameter("grn.glu.fc.bias", 2 * HIDDEN))
    reference("forecasting", x, F.glu(fc, dim=-1))


def diffusers():  # models/activations.py, GEGLU
    x = inputs()
    prefix = "transformer_blocks.0.ff.net.0"
    proj = F.linear(x, parameter(f"{prefix}.proj.weight", 2 * HIDDEN, DIM), parameter(f"{prefix}.proj.bias", 2 * HIDDEN))
    states, gate = proj.chunk(2, dim=-1)
    reference("diffusers", x, states * F.gelu(gate))


def keras():  # KMR's GatedLinearUnit: kernels are in × out
    x = inputs()
    linear = x @ parameter("glu.linear.kernel", DIM, HIDDEN) + parameter("glu.linear.bias", HIDDEN)
    sigmoid = x @ parameter("glu.sigmoid.kernel", DIM, HIDDEN) + parameter("glu.sigmoid.bias", HIDDEN)
    reference("keras", x, linear * torch.sigmoid(sigmoid))


def llama(prefix, name, activation):  # modeling_llama.py, modeling_gemma.py: down(act(gate(x)) * up(x))
    x = inputs()
    gate = F.linear(x, parameter(f"{prefix}.gate_proj.weight", HIDDEN, DIM))
    up = F.linear(x, parameter(f"{prefix}.up_proj.weight", HIDDEN, DIM))
    hidden = activation(gate) * up
    reference(name, x, F.linear(hidden, parameter(f"{prefix}.down_proj.weight", DIM, HIDDEN)), hidden)


def phi3():  # modeling_phi3.py
    x = inputs()
    prefix = "model.layers.2.mlp"
    fused = F.linear(x, parameter(f"{prefix}.gate_up_proj.weight", 2 * HIDDEN, DIM, dtype=torch.bfloat16))
    gate, up = fused.chunk(2, dim=-1)
    hidden = up * F.silu(gate)
    down = parameter(f"{prefix}.down_proj.weight", DIM, HIDDEN, dtype=torch.bfloat16)
    reference("phi3", x, F.linear(hidden, down), hidden)


def t5():  # modeling_t5.py, T5DenseGatedActDense with gelu_new
    x = inputs()
    prefix = "encoder.block.0.layer.1.DenseReluDense"
    gelu = F.gelu(F.linear(x, parameter(f"{prefix}.wi_0.weight", HIDDEN, DIM, dtype=torch.float16)), approximate="tanh")
    linear = F.linear(x, parameter(f"{prefix}.wi_1.weight", HIDDEN, DIM, dtype=torch.float16))
    hidden = gelu * linear
    reference("t5", x, F.linear(hidden, parameter(f"{prefix}.wo.weight", DIM, HIDDEN, dtype=torch.float16)), hidden)


def gpt_oss():  # modeling_gpt_oss.py, GptOssExperts: alpha 1.702, limit 7
    x = 4 * inputs()
    prefix = "model.layers.3.mlp.experts"
    weight = parameter(f"{prefix}.gate_up_proj", EXPERTS, DIM, 2 * HIDDEN)
    bias = parameter(f"{prefix}.gate_up_proj_bias", EXPERTS, 2 * HIDDEN)
    down = parameter(f"{prefix}.down_proj", EXPERTS, HIDDEN, DIM)
    down_bias = parameter(f"{prefix}.down_proj_bias", EXPERTS, DIM)
    for expert in range(EXPERTS):
        gate_up = x @ weight[expert] + bias[expert]
        gate, up = gate_up[..., ::2], gate_up[..., 1::2]
        gate = gate.clamp(min=None, max=7.0)
        up = up.clamp(min=-7.0, max=7.0)
        hidden = (up + 1) * (gate * torch.sigmoid(gate * 1.702))
        reference(f"gpt_oss.{expert}", x, hidden @ down[expert] + down_bias[expert], hidden)


def native():  # ours: what the views are called, in × out
    x = inputs()
    value = x @ parameter("ours.value.weight", DIM, HIDDEN) + parameter("ours.value.bias", HIDDEN)
    gate = x @ parameter("ours.gate.weight", DIM, HIDDEN) + parameter("ours.gate.bias", HIDDEN)
    hidden = value * torch.sigmoid(gate)
    output = hidden @ parameter("ours.output.weight", HIDDEN, DIM) + parameter("ours.output.bias", DIM)
    reference("native", x, output, hidden)


def linear():  # nn.Linear
    x = inputs()
    reference("linear", x, F.linear(x, parameter("head.weight", HIDDEN, DIM), parameter("head.bias", HIDDEN)))


torch_glu()
pytorch_forecasting()
diffusers()
keras()
llama("model.layers.0.mlp", "llama", F.silu)
llama("model.layers.1.mlp", "gemma", lambda gate: F.gelu(gate, approximate="tanh"))
phi3()
t5()
gpt_oss()
native()
linear()
write_safetensors(OUT, tensors, {"torch": torch.__version__, "generator": "tools/mapping_reference.py"})
