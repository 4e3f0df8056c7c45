#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes what PyTorch computes into tests/data/torch_layer.txt, torch_glu.txt and torch_feed_forward.txt, for the parity
# tests.
#
#   apt-get install python3-torch      # Debian 12: 1.13
#   /usr/bin/python3 tools/torch_reference.py
#
# Everything is computed in float64 by torch's own operators and autograd. Inputs and parameters are multiples of 1/32,
# which float and double both hold exactly, so one file serves both.
"""PyTorch references for the parity tests."""

import pathlib
import random

import torch
import torch.nn.functional as F

import array_file

DATA = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data"

# The gates, and the value's activation where it has one.
GATES = {
    "glu": torch.sigmoid,
    "swiglu": F.silu,
    "geglu": F.gelu,
    "geglu_tanh": lambda g: F.gelu(g, approximate="tanh"),
    "reglu": F.relu,
    "bilinear": lambda g: g,
    "wavenet": torch.sigmoid,
    "clamped_swiglu": None,
    "hard_sigmoid": lambda g: F.relu6(g + 3) / 6,  # F.hardsigmoid's own backward takes 1/6 from float
    "tanh": torch.tanh,
    "squared_relu": lambda g: F.relu(g).square(),
    "leaky_relu": lambda g: F.leaky_relu(g, 0.01),
    "elu": F.elu,
    "quick_gelu": lambda g: g * torch.sigmoid(1.702 * g),
    "softplus": lambda g: F.softplus(g, beta=1, threshold=1e9),  # no jump to the identity above 20
    "swish": lambda g: g * torch.sigmoid(1.5 * g),  # beta = 1.5
}
WIDE = {"glu", "swiglu", "geglu", "geglu_tanh", "reglu", "bilinear", "wavenet", "clamped_swiglu"}
WITHOUT_BIAS = {"glu", "swiglu", "clamped_swiglu"}

# Where a formula bends: no pre-activation may come near, or rounding would choose the branch of the derivative.
KINKS = {"reglu": (0.0,), "leaky_relu": (0.0,), "hard_sigmoid": (3.0, -3.0), "clamped_swiglu": (7.0, -7.0)}


def halves(name, value, gate):
    """The output and the activated gate."""
    if name == "clamped_swiglu":  # gpt-oss: alpha 1.702, limit 7, offset 1
        gate = gate.clamp(max=7.0)
        value = value.clamp(min=-7.0, max=7.0)
        gate = gate * torch.sigmoid(1.702 * gate)
        return (value + 1) * gate, gate
    gate = GATES[name](gate)
    if name == "wavenet":
        value = torch.tanh(value)
    return value * gate, gate


def dyadic(generator, *shape, largest=1.0):
    """Random multiples of 1/32 between -largest and largest."""
    bound = int(largest * 32)
    size = 1
    for extent in shape:
        size *= extent
    numbers = [generator.randint(-bound, bound) / 32 for _ in range(size)]
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)


def layer_case(arrays, name, bias, x, weights, dy):
    """Runs one variant on 2-D, 3-D and 4-D input, which must agree, and notes values and gradients."""
    units = weights["value_weight"].shape[1]
    prefix = name if bias else name + ".no_bias"
    notes = None
    for shape in ((12,), (4, 3), (2, 3, 2)):
        leaves = {key: tensor.clone().requires_grad_() for key, tensor in weights.items() if bias or "weight" in key}
        inputs = x.reshape(*shape, x.shape[1]).clone().requires_grad_()
        value = inputs @ leaves["value_weight"]
        gate = inputs @ leaves["gate_weight"]
        if bias:
            value = value + leaves["value_bias"]
            gate = gate + leaves["gate_bias"]
        both = torch.cat([value, gate]).detach()
        distance = min(((both - kink).abs().min().item() for kink in KINKS.get(name, ())), default=1.0)
        assert distance > 1e-4, f"{prefix}: a pre-activation lies {distance} from a kink; take another seed"
        assert (both > 7).any() and (both < -7).any() and (both.abs() < 3).any(), "every branch must be met"

        y, activated = halves(name, value, gate)
        y.backward(dy.reshape(*shape, units))
        result = {"y": y.detach().reshape(12, units), "gate": activated.detach().reshape(12, units),
                  "dx": inputs.grad.reshape(12, x.shape[1])}
        result.update({"d" + key: leaf.grad for key, leaf in leaves.items()})
        if notes is not None:
            for key, tensor in result.items():
                assert torch.allclose(tensor, notes[key], rtol=1e-13, atol=1e-13), f"{prefix}: {key} depends on the rank"
        notes = notes or result
    arrays.update({f"{prefix}.{key}": tensor for key, tensor in notes.items()})


def layers():
    """(12 x 7) -> 19 for the variants with a name of their own, -> 9 for the other gates."""
    generator = random.Random(5)
    arrays = {}
    for size, units in (("wide", 19), ("narrow", 9)):
        x = dyadic(generator, 12, 7, largest=3)
        weights = {"value_weight": dyadic(generator, 7, units, largest=1.5), "gate_weight": dyadic(generator, 7, units, largest=1.75),
                   "value_bias": dyadic(generator, units), "gate_bias": dyadic(generator, units)}
        dy = dyadic(generator, 12, units, largest=2)
        # Sums of multiples of 1/1024 may hit a kink exactly; with odd multiples of 1/2048 as biases they can not.
        for key in ("value_bias", "gate_bias"):
            weights[key] = weights[key] + 1 / 2048
        arrays.update({f"{size}.x": x, f"{size}.dy": dy})
        arrays.update({f"{size}.{key}": tensor for key, tensor in weights.items()})
        for name in GATES:
            if (name in WIDE) == (size == "wide"):
                layer_case(arrays, name, True, x, weights, dy)
                if name in WITHOUT_BIAS:
                    layer_case(arrays, name, False, x, weights, dy)
    array_file.write(DATA / "torch_layer.txt", f"""
Gated layers by PyTorch {torch.__version__} in float64; written by tools/torch_reference.py.
SIZE.x, SIZE.dy, SIZE.value_weight (input_dim x units) ...: what goes in; SIZE is wide or narrow.
VARIANT[.no_bias].y, .gate (activated), .dx, .dvalue_weight, ...: what comes out.""", arrays)


def glu():
    """F.glu on every axis of 2-D to 4-D tensors; other gates and orders on every axis of a 3-D one."""
    generator = random.Random(3)
    arrays = {}
    for shape in ((6, 10), (4, 6, 10), (2, 6, 4, 10)):
        rank = len(shape)
        h = dyadic(generator, *shape, largest=4)
        arrays[f"h{rank}"] = h
        for axis in range(rank):
            half = [extent // (2 if i == axis else 1) for i, extent in enumerate(shape)]
            dy = dyadic(generator, *half, largest=2)
            arrays[f"dy{rank}.axis{axis}"] = dy

            def note(name, operation):
                leaf = h.clone().requires_grad_()
                y = operation(leaf)
                y.backward(dy)
                arrays[f"{name}.y"] = y.detach()
                arrays[f"{name}.dh"] = leaf.grad

            note(f"glu{rank}.axis{axis}", lambda leaf: F.glu(leaf, dim=axis))
            below = F.glu(h, dim=axis - rank)
            assert torch.equal(below, arrays[f"glu{rank}.axis{axis}.y"])

            if rank == 3:
                def gate_first(leaf):
                    gate, value = leaf.chunk(2, dim=axis)
                    return value * F.silu(gate)

                def interleaved(leaf):  # gpt-oss: gate = h[..., ::2], up = h[..., 1::2]
                    even = torch.arange(0, shape[axis], 2)
                    return leaf.index_select(axis, even + 1) * F.silu(leaf.index_select(axis, even))

                note(f"silu_gate_first.axis{axis}", gate_first)
                note(f"silu_interleaved.axis{axis}", interleaved)
    array_file.write(DATA / "torch_glu.txt", f"""
torch.nn.functional.glu by PyTorch {torch.__version__} in float64; written by tools/torch_reference.py.
hR: the input of rank R; dyR.axisA: the gradient of the output; gluR.axisA.y, .dh: output and gradient.
silu_gate_first, silu_interleaved: the same halves in other orders, with a SiLU gate, on h3.""", arrays)


def feed_forward():
    """The feed-forward block of nn.Linear modules, as Llama (SiLU), Gemma (tanh GELU) and T5 (ReLU here) build it."""
    generator = random.Random(11)
    samples, dim, hidden = 10, 6, 13
    shapes = {"gate_proj": (hidden, dim), "up_proj": (hidden, dim), "down_proj": (dim, hidden)}
    x = dyadic(generator, samples, dim, largest=3)
    dy = dyadic(generator, samples, dim, largest=2)
    weights = {f"{name}.weight": dyadic(generator, *shape) for name, shape in shapes.items()}
    # Odd multiples of 1/2048: no gate of ReLU can hit the kink.
    biases = {f"{name}.bias": dyadic(generator, shape[0]) + 1 / 2048 for name, shape in shapes.items()}
    arrays = {"x": x, "dy": dy, **weights, **biases}
    for name in ("swiglu", "geglu_tanh", "reglu"):
        for bias in (True, False) if name == "swiglu" else (True,):
            linears = torch.nn.ModuleDict({key: torch.nn.Linear(shape[1], shape[0], bias=bias, dtype=torch.float64)
                                           for key, shape in shapes.items()})
            linears.load_state_dict({**weights, **(biases if bias else {})})
            inputs = x.clone().requires_grad_()
            gate = linears["gate_proj"](inputs)
            assert gate.abs().min() > 1e-4, f"{name}: a gate lies at the kink; take another seed"
            y = linears["down_proj"](GATES[name](gate) * linears["up_proj"](inputs))
            y.backward(dy)
            prefix = name if bias else name + ".no_bias"
            arrays.update({f"{prefix}.y": y.detach(), f"{prefix}.dx": inputs.grad})
            arrays.update({f"{prefix}.d{key}": parameter.grad for key, parameter in linears.named_parameters()})
    array_file.write(DATA / "torch_feed_forward.txt", f"""
Gated feed-forward blocks of nn.Linear by PyTorch {torch.__version__} in float64; written by tools/torch_reference.py.
y = down_proj(gate(gate_proj(x)) * up_proj(x)). Weights lie as nn.Linear has them, (out x in).
x, dy, NAME_proj.weight, .bias: what goes in.
VARIANT[.no_bias].y, .dx, .dNAME_proj.weight, .dNAME_proj.bias: what comes out.""", arrays)


if __name__ == "__main__":
    torch.set_num_threads(1)
    layers()
    glu()
    feed_forward()
    for written in ("torch_layer.txt", "torch_glu.txt", "torch_feed_forward.txt"):
        print(f"{DATA / written}: {(DATA / written).stat().st_size} bytes")
