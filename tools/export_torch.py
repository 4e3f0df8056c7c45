#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes the gated layers of a PyTorch model into a safetensors file that sluice::io::load() reads with the Native
# mapping. Needs torch and nothing else; copy this one file to where your model is.
#
#   import export_torch
#   export_torch.export(model, "model.safetensors")
#
# prints what it found, as the C++ that loads it:
#
#   block.mlp  sluice::GatedFeedForward<float, sluice::SiLU>(64, 172)  sluice::io::Native("block.mlp")
#
# Which half is the gate is not guessed from names or shapes: a module with one, two or three nn.Linear children is a
# gated layer if its own forward() computes what some assignment of the children to value, gate and output, some gate
# order and some activation computes. The inputs and outputs of that comparison go into the file as its self-check.
# nn.Linear modules outside of gated layers are written as Dense layers.
#
# As a script, for a whole module saved with torch.save(model, "model.pt"):
#
#   python3 export_torch.py model.pt model.safetensors
#
# (which runs whatever code such a file holds: only for files that you trust).
"""PyTorch's gated layers, exported for sluice."""

import copy
import ctypes
import inspect
import itertools
import json
import os
import struct
import sys

import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {
    "Sigmoid": torch.sigmoid,
    "SiLU": F.silu,
    "GELU": F.gelu,
    "GELUTanh": lambda x: F.gelu(x, approximate="tanh"),
    "QuickGELU": lambda x: x * torch.sigmoid(1.702 * x),
    "ReLU": F.relu,
    "Tanh": torch.tanh,
    "Softplus": F.softplus,
    "Identity": lambda x: x,
}
ALIASES = {"Sigmoid": "GLU", "SiLU": "SwiGLU", "GELU": "GeGLU", "GELUTanh": "GeGLUTanh", "ReLU": "ReGLU",
           "Identity": "Bilinear"}
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
          torch.bool: "BOOL"}
SAMPLES = 8


def write_safetensors(path, tensors, metadata=None):
    """tensors: name -> torch tensor, a state_dict() for instance. Written beside `path` and renamed, so that no half file
    is ever there."""
    if sys.byteorder != "little":
        raise RuntimeError("write_safetensors: the format is little endian, this machine is not")
    header = {"__metadata__": metadata} if metadata else {}
    in_order = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    begin = 0
    for name, tensor in in_order:
        if tensor.dtype not in DTYPES:
            raise TypeError(f"write_safetensors: {name} is of {tensor.dtype}, which is not written")
        end = begin + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = os.path.join(os.path.dirname(path), f".sluice-{os.getpid()}.tmp")  # short, whatever the name of the file
    try:
        with open(temporary, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for _, tensor in in_order:  # one at a time, as bytes: a checkpoint may be most of the memory there is
                tensor = tensor.detach().cpu().contiguous()
                if tensor.numel():
                    file.write((ctypes.c_char * (tensor.numel() * tensor.element_size())).from_address(tensor.data_ptr()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


class Projection:
    """Weight (input_dim × units) and bias or None."""

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def __call__(self, x):
        return x @ self.weight if self.bias is None else x @ self.weight + self.bias

    @staticmethod
    def of(linear):
        return Projection(linear.weight.t(), linear.bias)


def halves(linear):
    """The ways to cut a fused nn.Linear into value and gate."""
    weight, bias = linear.weight, linear.bias
    if weight.shape[0] % 2:
        return
    n = weight.shape[0] // 2
    for value, gate in ((slice(0, n), slice(n, None)), (slice(n, None), slice(0, n)),
                        (slice(1, None, 2), slice(0, None, 2)), (slice(0, None, 2), slice(1, None, 2))):
        cut = [Projection(weight[half].t(), None if bias is None else bias[half]) for half in (value, gate)]
        yield cut[0], cut[1]


def assignments(linears):
    """All (value, gate, output or None) that some nn.Linear modules could be."""
    for count, has_output in ((1, False), (2, True), (2, False), (3, True)):
        if count != len(linears):
            continue
        for order in itertools.permutations(linears):
            output = Projection.of(order[-1]) if has_output else None
            rest = order[:-1] if has_output else order
            pairs = halves(rest[0]) if len(rest) == 1 else [(Projection.of(rest[0]), Projection.of(rest[1]))]
            for value, gate in pairs:
                fits = value.weight.shape == gate.weight.shape
                if fits and (output is None or output.weight.shape[0] == value.weight.shape[1]):
                    yield value, gate, output


def inputs_for(linears, generator):
    """Inputs that bring the pre-activations to the range where activations differ: a standard deviation of two."""
    x = torch.randn(SAMPLES, linears[0].in_features, generator=generator, dtype=torch.float64)
    spread = (x @ linears[0].weight.t()).std()
    return (x * (2 / spread) if torch.isfinite(spread) and spread > 0 else x).float().double()


def explain(prefix, module, generator):
    """(activation, value, gate, output, x, y) if the module's forward() is a gated layer, else None. A ValueError where it
    may be one, but has outputs that any assignment would explain."""
    linears = [child for child in module.children() if isinstance(child, nn.Linear)]
    trainable = sum(parameter.numel() for parameter in module.parameters())
    if not 1 <= len(linears) <= 3 or trainable != sum(p.numel() for l in linears for p in l.parameters()):
        return None
    for x in (inputs_for([linear], generator) for linear in linears):
        try:
            y = module(x)
        except (RuntimeError, TypeError, ValueError, IndexError):
            continue
        if not isinstance(y, torch.Tensor) or y.dim() != 2 or not torch.isfinite(y).all():
            continue
        for value, gate, output in assignments(linears):
            if value.weight.shape[0] != x.shape[1]:
                continue
            for name, activation in ACTIVATIONS.items():
                got = value(x) * activation(gate(x))
                got = got if output is None else output(got)
                if got.shape != y.shape or (got - y).abs().max() > 1e-12 * y.abs().max():
                    continue
                if (y == y[0]).all():
                    raise ValueError(f"{prefix or 'the model'}: its outputs are {'all zeros' if (y == 0).all() else 'constant'}"
                                     ", so which half is the gate cannot be found out; export it once it is trained")
                return name, value, gate, output, x, y
    return None


def cpp(activation, value, gate, output):
    """The layer's type and constructor arguments."""
    projections = [value, gate] if output is None else [value, gate, output]
    arguments = f"({value.weight.shape[0]}, {value.weight.shape[1]}"
    with_bias = any(p.bias is not None for p in projections)
    if output is None:
        alias = ALIASES.get(activation)
        layer = f"sluice::{alias}<float>" if alias else f"sluice::GatedLinearUnit<float, sluice::{activation}>"
        return layer + arguments + (")" if with_bias else ", {.bias = false})")
    return f"sluice::GatedFeedForward<float, sluice::{activation}>" + arguments + (", {.bias = true})" if with_bias else ")")


def export(model, path, dtype=torch.float32, seed=0, quiet=False, extra=None):
    """Writes all gated layers and all other nn.Linear modules of a model, which stays as it is, and further tensors
    (extra: name -> tensor). Returns what was found: name -> C++."""
    model = copy.deepcopy(model).cpu().eval().to(dtype).double()  # the numbers that will be in the file, exactly
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    tensors, metadata, found, done = {}, {}, {}, set()  # done: ids of modules that need not be looked at again

    def add(prefix, part, projection):
        at = ".".join(filter(None, (prefix, part)))
        at = at + "." if at else ""
        tensors[at + "weight"] = projection.weight.to(dtype)
        if projection.bias is not None:
            tensors[at + "bias"] = projection.bias.to(dtype)

    def finish(prefix, code, x, y, projections):
        at = prefix + "." if prefix else ""
        tensors[at + "self_check.input"] = x.float()
        tensors[at + "self_check.output"] = y.float()
        zero = ", sluice::io::MissingBias::Zero" if len({p.bias is None for p in projections}) == 2 else ""
        found[prefix] = f'{code}  sluice::io::Native("{prefix}"{zero})'
        metadata[at + "sluice"] = found[prefix]

    for prefix, module in model.named_modules():
        explained = explain(prefix, module, generator)
        if explained is None:
            continue
        activation, value, gate, output, x, y = explained
        parts = {"value": value, "gate": gate, **({} if output is None else {"output": output})}
        for part, projection in parts.items():
            add(prefix, part, projection)
        done.update(id(child) for child in module.children())
        finish(prefix, cpp(activation, value, gate, output), x, y, parts.values())
    for prefix, module in model.named_modules():
        if isinstance(module, nn.Linear) and id(module) not in done:
            done.add(id(module))
            x = inputs_for([module], generator)
            add(prefix, "", Projection.of(module))
            bias = "" if module.bias is not None else ", {.bias = false}"
            finish(prefix, f"sluice::Dense<float>({module.in_features}, {module.out_features}{bias})", x, module(x), [])

    if not found:
        raise ValueError("no gated layer and no nn.Linear in this model")
    write_safetensors(path, {**tensors, **(extra or {})}, metadata)
    if not quiet:
        width = max(len(name) for name in found)
        for name, code in found.items():
            print(f"{name:<{width}}  {code}")
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__ + "\nusage: export_torch.py MODEL.pt OUT.safetensors")
    # A module is more than weights, which are all that PyTorch loads from 2.6 on unless told otherwise; old versions cannot
    # be told.
    whole = {"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters else {}
    model = torch.load(sys.argv[1], map_location="cpu", **whole)
    if not isinstance(model, nn.Module):
        sys.exit("expected a whole module, saved with torch.save(model, path); from a state_dict the computation is not known")
    export(model, sys.argv[2])


if __name__ == "__main__":
    main()
