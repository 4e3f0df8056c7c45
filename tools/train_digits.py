#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Trains the classifier of examples/run_trained.cpp with PyTorch on scikit-learn's handwritten digits, and writes
#
#   examples/data/digits.safetensors      its layers, by tools/export_torch.py, and PyTorch's logits for the test set
#   examples/data/digits_test_x.npy       the test set: 540 images of 8 × 8 pixels, 0 … 16
#   examples/data/digits_test_y.npy       their digits
#
#   apt-get install python3-torch python3-sklearn      # Debian 12
#   /usr/bin/python3 tools/train_digits.py
"""A gated classifier for handwritten digits."""

import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import export_torch

DATA = pathlib.Path(__file__).resolve().parent.parent / "examples" / "data"


class SwiGLU(nn.Module):
    def __init__(self, input_dim, units):
        super().__init__()
        self.up = nn.Linear(input_dim, units)
        self.gate = nn.Linear(input_dim, units)

    def forward(self, x):
        return self.up(x) * F.silu(self.gate(x))


def main():
    torch.manual_seed(7)
    torch.set_num_threads(1)
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=540, random_state=7, stratify=digits.target)
    x, y = torch.tensor(train_x / 16, dtype=torch.float32), torch.tensor(train_y)
    model = nn.Sequential()
    model.add_module("gated", SwiGLU(64, 32))
    model.add_module("head", nn.Linear(32, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
    for _ in range(150):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        logits = model(torch.tensor(test_x / 16, dtype=torch.float32))
    print(f"training loss {loss.item():.4f}, test accuracy {(logits.argmax(1).numpy() == test_y).mean():.4f}")

    np.save(DATA / "digits_test_x.npy", test_x.astype("<f2"))  # whole numbers up to 16: exact
    np.save(DATA / "digits_test_y.npy", test_y.astype("<f2"))
    export_torch.export(model, DATA / "digits.safetensors", extra={"torch.logits": logits})


if __name__ == "__main__":
    main()
