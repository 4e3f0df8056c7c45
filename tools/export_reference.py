#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes tests/data/io/exported.safetensors: a model of differently built gated layers, exported by tools/export_torch.py
# in bfloat16, and prints what the exporter found. tests/io/exported.cpp loads every layer and replays its self-check.
#
#   /usr/bin/python3 tools/export_reference.py
"""A model for the tests of tools/export_torch.py."""

import pathlib

import torch
import torch.nn.functional as F
from torch import nn

import export_torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/io/exported.safetensors"


class Block(nn.Module):
    """Three projections under names that say nothing, a bias on some of them."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(6, 10, bias=True)
        self.b = nn.Linear(10, 6, bias=True)
        self.c = nn.Linear(6, 10, bias=False)

    def forward(self, x):
        return self.b(self.c(x) * F.gelu(self.a(x)))


class GateFirstBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate_up = nn.Linear(6, 20, bias=False)
        self.down = nn.Linear(10, 6, bias=False)

    def forward(self, x):
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.gelu(gate, approximate="tanh") * up)


class Interleaved(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(6, 20)

    def forward(self, x):
        h = self.proj(x)
        gate, up = h[..., ::2], h[..., 1::2]
        return up * gate * torch.sigmoid(1.702 * gate)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
        self.gate_first = GateFirstBlock()
        self.interleaved = Interleaved()
        self.glu = nn.Sequential(nn.Linear(6, 20), nn.GLU())
        self.norm = nn.LayerNorm(10)  # not a gated layer, not a Linear: not exported
        self.head = nn.Linear(10, 3, bias=False)


torch.manual_seed(4)
torch.set_num_threads(1)
export_torch.export(Model(), OUT, dtype=torch.bfloat16)
