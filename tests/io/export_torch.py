#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# tools/export_torch.py: what it refuses to guess, and how it loads and writes files. tests/io/exported.cpp has the rest.
# Exits with 77 where there is no PyTorch.
"""Tests of tools/export_torch.py."""

import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

try:
    import torch
except ImportError:
    sys.exit(77)
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True
import export_torch


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.gate, self.down = nn.Linear(6, 10), nn.Linear(6, 10), nn.Linear(10, 6)

    def forward(self, x):
        return self.down(self.up(x) * torch.relu(self.gate(x)))


class ExportTorch(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(5)
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "file")

    def export(self, model):
        return export_torch.export(model, self.path, quiet=True)

    def refused(self, model, message):
        with self.assertRaisesRegex(ValueError, message):
            self.export(model)
        self.assertEqual(os.listdir(self.directory.name), [])

    def test_zeros_say_nothing_about_the_gate(self):
        model = nn.Sequential(nn.Sequential(nn.Linear(6, 20), nn.GLU()))
        self.assertIn("sluice::GLU<float>(6, 10)", self.export(model)["0"])
        os.unlink(self.path)
        nn.init.zeros_(model[0][0].weight)
        nn.init.zeros_(model[0][0].bias)
        self.refused(model, "^0: its outputs are all zeros, so which half is the gate cannot be found out")

    def test_nor_does_a_constant(self):
        block = Block()
        self.assertIn("sluice::ReLU>(6, 10", self.export(block)[""])
        os.unlink(self.path)
        nn.init.zeros_(block.down.weight)
        self.refused(block, "^the model: its outputs are constant, so")

    def test_zeros_elsewhere_are_exported(self):
        model = nn.Sequential(nn.Linear(6, 5))
        nn.init.zeros_(model[0].weight)
        self.assertIn("sluice::Dense<float>(6, 5)", self.export(model)["0"])

    def test_loads_a_whole_module(self):
        saved = os.path.join(self.directory.name, "model.pt")
        torch.save(nn.Sequential(nn.Linear(6, 20), nn.GLU()), saved)
        with mock.patch.object(sys, "argv", ["export_torch.py", saved, self.path]), mock.patch("builtins.print"):
            export_torch.main()
        self.assertTrue(os.path.exists(self.path))

    def test_says_so_where_torch_wants_to_hear_it(self):
        calls = []

        def old_load(f, map_location=None, **pickle_load_args):
            calls.append(pickle_load_args)
            return nn.Linear(3, 2)

        def new_load(f, map_location=None, *, weights_only=None, **pickle_load_args):
            calls.append(weights_only)
            return nn.Linear(3, 2)

        for load in old_load, new_load:
            with mock.patch.object(torch, "load", load), mock.patch("builtins.print"), \
                    mock.patch.object(sys, "argv", ["export_torch.py", "model.pt", self.path]):
                export_torch.main()
        self.assertEqual(calls, [{}, False])

    def test_the_longest_name(self):
        path = os.path.join(self.directory.name, "f" * 255)
        export_torch.write_safetensors(path, {"x": torch.ones(3)})
        self.assertEqual(os.listdir(self.directory.name), ["f" * 255])


if __name__ == "__main__":
    unittest.main()
