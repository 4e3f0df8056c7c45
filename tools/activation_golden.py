#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/activations/golden.inc: activations and derivatives in double, from the definitions with 80 digits.

The points are the ones where a wider floating-point type is not wide enough to judge a double: tails down to the
subnormal numbers, and the roots of the derivatives with their nearest neighbours. Needs mpmath (python3-mpmath).
"""

import math
import pathlib
import random

from mpmath import mp, mpf, erfc, exp, expm1, log1p, nstr, pi, sqrt, tanh

mp.dps = 80
OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/activations/golden.inc"


def sigmoid(x):
    return 1 / (1 + exp(-x))


def swish(beta):
    return (
        lambda x: x * sigmoid(beta * x),
        lambda x: sigmoid(beta * x) * (1 + beta * x * sigmoid(-beta * x)),
    )


def gelu_tanh_slope(x):
    u = sqrt(2 / pi) * (x + mpf("0.044715") * x**3)
    du = sqrt(2 / pi) * (1 + 3 * mpf("0.044715") * x**2)
    # 1 + tanh(u) = 2 σ(2u) and 1 - tanh(u)² = 4 σ(2u) σ(-2u)
    return sigmoid(2 * u) + 2 * x * sigmoid(2 * u) * sigmoid(-2 * u) * du


def gelu_tanh(x):
    return x * sigmoid(2 * sqrt(2 / pi) * (x + mpf("0.044715") * x**3))


def phi(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


# name, value, derivative, start of the tail, end of the tail, root of the derivative
FUNCTIONS = [
    ("Sigmoid{}", sigmoid, lambda x: sigmoid(x) * sigmoid(-x), -5, -745, None),
    ("Tanh{}", tanh, lambda x: 4 * sigmoid(2 * x) * sigmoid(-2 * x), -5, -372, 0.0),
    ("SiLU{}", *swish(mpf(1)), -5, -751, -1.2784645427610738),
    ("Swish{0.75}", *swish(mpf(0.75)), -5, -1002, -1.7046193903480984),
    ("QuickGELU{}", *swish(mpf("1.702")), -5, -441, -0.75115425544129),
    ("GELU{}", lambda x: x * cdf(x), lambda x: cdf(x) + x * phi(x), -3, -38.6, -0.7517915246935645),
    ("GELUTanh{}", gelu_tanh, gelu_tanh_slope, -3, -21.6, -0.7524614220710163),
    ("Softplus{}", lambda x: log1p(exp(x)), sigmoid, -5, -745, None),
    ("ELU{}", lambda x: expm1(x) if x < 0 else x, lambda x: exp(x) if x <= 0 else mpf(1), -5, -745, 0.0),
]


def points(start, end, root):
    random.seed(7)
    xs = [random.uniform(end, start) for _ in range(40)] + [random.uniform(start, 8) for _ in range(20)]
    xs += [end + abs(end) * s for s in (0, 1e-4, 1e-3, 1e-2, 0.03)]
    if root is not None:
        low = high = root
        xs.append(root)
        for _ in range(6):
            low, high = math.nextafter(low, -9), math.nextafter(high, 9)
            xs += [low, high]
        for k in range(2, 50, 3):
            xs += [root + 2.0**-k, root - 2.0**-k]
    return sorted(xs)


def main():
    rows = ["// Written by tools/activation_golden.py: activation, x, value, derivative."]
    for name, value, derivative, start, end, root in FUNCTIONS:
        for x in points(start, end, root):
            v, d = value(mpf(x)), derivative(mpf(x))
            rows.append(f"GOLDEN({name}, {x!r}, {nstr(v, 24)}L, {nstr(d, 24)}L)")
    OUT.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
