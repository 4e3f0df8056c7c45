#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes examples/data/llama_block.safetensors: the feed-forward block of a small Llama, random, in bfloat16 and under
# Hugging Face's names, with inputs and what PyTorch computes from them in float64:
#
#   y = down_proj(silu(gate_proj(x)) * up_proj(x))
#
#   /usr/bin/python3 tools/llama_block_reference.py
"""Weights and reference for examples/llama_block."""

import pathlib

import torch
import torch.nn.functional as F

from export_torch import write_safetensors

OUT = pathlib.Path(__file__).resolve().parent.parent / "examples/data/llama_block.safetensors"
DIM, HIDDEN, TOKENS = 64, 172, 16

torch.manual_seed(1)
prefix = "model.layers.0.mlp"
weights = {
    f"{prefix}.gate_proj.weight": torch.randn(HIDDEN, DIM) / DIM**0.5,
    f"{prefix}.up_proj.weight": torch.randn(HIDDEN, DIM) / DIM**0.5,
    f"{prefix}.down_proj.weight": torch.randn(DIM, HIDDEN) / HIDDEN**0.5,
}
weights = {name: weight.to(torch.bfloat16) for name, weight in weights.items()}
gate, up, down = (weights[f"{prefix}.{name}_proj.weight"].double() for name in ("gate", "up", "down"))
x = torch.randn(TOKENS, DIM)
y = F.linear(F.silu(F.linear(x.double(), gate)) * F.linear(x.double(), up), down)
write_safetensors(OUT, {**weights, "torch.x": x, "torch.y": y.float()}, {"torch": torch.__version__})
