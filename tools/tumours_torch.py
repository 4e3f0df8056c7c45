#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Trains the networks of examples/tumours.cpp with PyTorch, from the same first weights and with the samples in the same
# order, and holds the losses of every epoch side by side.
#
#   build/demo/examples/tumours --epochs 10 --export run.txt
#   /usr/bin/python3 tools/tumours_torch.py run.txt
#   /usr/bin/python3 tools/tumours_torch.py run.txt --write tests/data/tumours_torch.txt    # for the parity test
#
# Nothing is random here: run.txt says which samples, which weights, which order. The features are read from the data
# and standardised by this script; network, loss, gradient and Adam are PyTorch's own.
"""The demo's training runs, repeated with PyTorch."""

import argparse
import csv
import pathlib
import sys

import torch
import torch.nn.functional as F

import array_file

DATA = pathlib.Path(__file__).resolve().parent.parent / "examples" / "data" / "breast_cancer.csv"
GATES = {"GLU": torch.sigmoid, "SwiGLU": F.silu, "GeGLU": F.gelu, "ReGLU": F.relu, "Bilinear": lambda gate: gate}
PARAMETERS = ("value_weight", "gate_weight", "value_bias", "gate_bias", "head_weight", "head_bias")
BATCH = 32
LEARNING_RATE = 0.003


def tensor(array, kind=torch.float64):
    extents, numbers = array
    return torch.tensor(numbers, dtype=kind).reshape(extents)


def training_part(rows):
    """Standardised features and 1 for malignant, of the given rows, in float64."""
    with open(DATA, encoding="ascii") as file:
        table = [[float(field) for field in line] for line in list(csv.reader(file))[1:]]
    samples = torch.tensor(table, dtype=torch.float64)[rows]
    features = samples[:, :-1]
    features = (features - features.mean(dim=0)) / features.std(dim=0, unbiased=False)
    return features, 1 - samples[:, -1:]


def train(gate, run, x, t, kind):
    """The mean loss of every epoch."""
    x, t = x.to(kind), t.to(kind)
    p = {name: tensor(run[name], kind).requires_grad_() for name in PARAMETERS}
    adam = torch.optim.Adam(p.values(), lr=LEARNING_RATE)
    losses = []
    for order in tensor(run["order"]).long():
        total = 0.0
        for rows in order.split(BATCH):
            hidden = (x[rows] @ p["value_weight"] + p["value_bias"]) * gate(x[rows] @ p["gate_weight"] + p["gate_bias"])
            logits = hidden @ p["head_weight"] + p["head_bias"]
            loss = F.binary_cross_entropy_with_logits(logits, t[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item() * len(rows)
        losses.append(total / len(order))
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="what `tumours --export` wrote")
    parser.add_argument("--write", metavar="FILE", help="write weights, order and PyTorch's losses as the test's reference")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    run = array_file.read(arguments.run)
    x, t = training_part(tensor(run["train_rows"]).long())
    reference = {name: tensor(run[name]) for name in ("train_rows", *PARAMETERS, "order")}

    print(f"PyTorch {torch.__version__}, float64\n\nvariant   epoch   loss, sluice         loss, PyTorch        relative difference")
    worst = 0.0
    for variant, gate in GATES.items():
        ours = run["loss." + variant][1]
        theirs = train(gate, run, x, t, torch.float64)
        for epoch, (mine, other) in enumerate(zip(ours, theirs), start=1):
            difference = abs(mine - other) / other
            worst = max(worst, difference)
            print(f"{variant:<9} {epoch:>5}   {mine:.15f}    {other:.15f}    {difference:.1e}")
        reference["loss64." + variant] = torch.tensor(theirs, dtype=torch.float64)
        reference["loss32." + variant] = torch.tensor(train(gate, run, x, t, torch.float32), dtype=torch.float64)

    if arguments.write:
        array_file.write(arguments.write, f"""
The training runs of examples/tumours.cpp by PyTorch {torch.__version__}; written by tools/tumours_torch.py.
train_rows, order (epochs x samples) and the first weights are the demo's own; loss64 (float64) and loss32 (float32)
are PyTorch's mean losses of each epoch.""", reference)
    agree = worst < 1e-10
    print(f"\nlargest relative difference {worst:.1e}: " + ("the losses agree to rounding" if agree else "the losses do NOT agree"))
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
