#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes include/sluice/core/math_coefficients.hpp: polynomial coefficients and split constants of core/math.hpp.

Needs mpmath (Debian: python3-mpmath). Each polynomial has the smallest largest relative error (Remez exchange with 60
digits). The worst relative error of the rounded coefficients is printed and stands in the header beside each table.

    tools/math_coefficients.py            # write the header
    tools/math_coefficients.py --check    # compare with the header in the tree, exit 1 if they differ
"""

import pathlib
import struct
import sys

from mpmath import mp, mpf, cos, diff, erfc, exp, expm1, findroot, floor, lambertw, log, lu_solve, matrix, pi, sqrt

mp.dps = 60
HEADER = pathlib.Path(__file__).resolve().parent.parent / "include/sluice/core/math_coefficients.hpp"


def to_float(x):
    """The nearest float, from the nearest double: the double rounding does not matter for a coefficient."""
    return struct.unpack("f", struct.pack("f", float(x)))[0]


ROUND = {"float": to_float, "double": float}
DIGITS = {"float": 24, "double": 53}


def literal(x, scalar):
    text = "%.9g" % x if scalar == "float" else "%.17g" % x
    if not any(c in text for c in ".e"):
        text += ".0"
    return text + ("f" if scalar == "float" else "")


def head(x, bits):
    """x cut to its first bits, so that products with small integers are exact."""
    scale = mpf(2) ** (bits - 1 - int(floor(log(abs(x), 2))))
    return floor(abs(x) * scale) / scale * (1 if x > 0 else -1)


def split(x, scalar):
    """x as an unevaluated sum of two scalars."""
    hi = ROUND[scalar](x)
    return hi, ROUND[scalar](x - mpf(hi))


def minimax(f, weight, low, high, degree, rounds=8, samples=601):
    """Monomial coefficients, lowest first, of the polynomial p that makes the largest weight·|p - f| smallest (Remez)."""
    n = degree + 2
    middle, half = (low + high) / 2, (high - low) / 2
    grid = [middle - half * cos(pi * i / samples) for i in range(samples + 1)]
    values, weights = [f(x) for x in grid], [weight(x) for x in grid]
    picks = [round(samples * i / (n - 1)) for i in range(n)]
    for _ in range(rounds):
        system, right = matrix(n, n), matrix(n, 1)
        for row, i in enumerate(picks):
            for k in range(n - 1):
                system[row, k] = grid[i] ** k
            system[row, n - 1] = (-1) ** row / weights[i]
            right[row] = values[i]
        solution = lu_solve(system, right)
        poly = [solution[k] for k in range(n - 1)]
        errors = [weights[i] * (evaluate(poly, x) - values[i]) for i, x in enumerate(grid)]
        # One pick in each stretch of equal sign; a smallest stretch at an end goes when there are too many.
        picks = [0]
        for i, e in enumerate(errors):
            if (e > 0) == (errors[picks[-1]] > 0):
                if abs(e) > abs(errors[picks[-1]]):
                    picks[-1] = i
            else:
                picks.append(i)
        while len(picks) > n:
            picks.pop(0 if abs(errors[picks[0]]) < abs(errors[picks[-1]]) else -1)
        if len(picks) < n:
            raise ArithmeticError("the error curve has too few extrema: more samples are needed")
    return poly


def evaluate(poly, x):
    y = mpf(0)
    for c in reversed(poly):
        y = y * x + mpf(c)
    return y


def worst(f, g, low, high, samples=400):
    """Largest relative difference of g from f."""
    points = [low + (high - low) * mpf(i) / samples + mpf(10) ** -12 for i in range(samples)]
    return max(abs(g(x) / f(x) - 1) for x in points)


lines = []


def emit(text=""):
    lines.append(text)


def table(name, scalar, poly, note):
    body = ", ".join(literal(c, scalar) for c in poly)
    for part in note.split("; "):
        emit(f"  // {part}")
    emit(f"  static constexpr {scalar} {name}[] = {{")
    row = "     "
    for item in body.split(", "):
        if len(row) + len(item) + 2 > 98:
            emit(row)
            row = "     "
        row += " " + item + ","
    emit(row[:-1] + "};")


def constant(name, scalar, value, note=""):
    line = f"  static constexpr {scalar} {name} = {literal(value, scalar)};"
    if note and len(line) + len(note) > 95:
        emit(f"  // {note}")
        note = ""
    emit(line + (f"  // {note}" if note else ""))


def constant2(name, scalar, value, note):
    hi, lo = split(value, scalar)
    constant(name + "_hi", scalar, hi, note)
    constant(name + "_lo", scalar, lo)


def mills(t):
    """Phi(-t) exp(t^2/2)."""
    return erfc(t / sqrt(mpf(2))) / 2 * exp(t * t / 2)


GELU_ROOT = findroot(lambda t: mills(t) - t / sqrt(2 * pi), mpf("0.7518"))
SILU_ROOT = -1 - lambertw(exp(mpf(-1))).real
TANH_A = 2 * sqrt(2 / pi)
TANH_B = TANH_A * mpf("0.044715")


def gelu_tanh_bracket(x):
    v = x * (TANH_A + TANH_B * x * x)
    return 1 + exp(v) + x * (TANH_A + 3 * TANH_B * x * x)


GELU_TANH_ROOT = findroot(gelu_tanh_bracket, mpf("-0.75"))


def gelu_slope(t):
    """(mills(t) - t / sqrt(2 pi)) / (t0 - t), by its limit close to t0."""
    d = GELU_ROOT - t
    if abs(d) < mpf(10) ** -25:
        return -diff(lambda u: mills(u) - u / sqrt(2 * pi), GELU_ROOT)
    return (mills(t) - t / sqrt(2 * pi)) / d


def coefficients(scalar, step_degrees, log_degree, gelu_degree, slope_degree, pivot, gelu_end, integer_bits):
    rnd = ROUND[scalar]
    bias = 127 if scalar == "float" else 1023
    mantissa = DIGITS[scalar] - 1
    ln2 = log(mpf(2))
    unit = mpf(2) ** -DIGITS[scalar]

    def report(what, error):
        print(f"{scalar:6} {what:12} {float(error / unit / 2):.4f} ulp")
        return f"{float(error):.1e}"

    def steps(count, degree, bits):
        """e^y in steps of ln 4 / count."""
        name = f"ExponentialSteps<{scalar}, {count}>"
        emit("template <>")
        emit(f"struct {name} {{")
        constant("inverse_step", scalar, rnd(count / (2 * ln2)))
        before = (count - 1) // 2  # steps from the first factor to 1
        constant("round_to_integer", scalar, 1.5 * 2.0**mantissa + count * bias + before)
        step_hi = head(2 * ln2 / count, DIGITS[scalar] - bits)
        constant("step_hi", scalar, rnd(step_hi), f"the last {bits} bits are zero: i step_hi is exact")
        constant("step_lo", scalar, rnd(2 * ln2 / count - step_hi))
        f = lambda r: mpf(1) / 2 if r == 0 else (expm1(r) / r - 1) / r
        edge = ln2 / count * (1 + mpf(2) ** -14)
        what = lambda r: expm1(r) if count == 1 else exp(r)
        q = [rnd(c) for c in minimax(f, lambda r: r * r / abs(what(r)) if r else 0, -edge, edge, degree)]
        error = worst(what, lambda r: what(r) - expm1(r) + r + r * r * evaluate(q, r), -edge, edge)
        of = "r + r^2 p(r)" if count == 1 else "1 + r + r^2 p(r)"
        half = f"ln 2 / {count}" if count > 1 else "ln 2"
        table("exp", scalar, q, f"p(r) = (expm1(r) / r - 1) / r, |r| <= {half}; relative error of {of}: " + report(f"exp {count}", error))
        if count > 1:
            steps_of_factors = range(-before, count - before)
            factors = [rnd(mpf(4) ** (-mpf(j) / count)) * mpf(2) ** bias for j in steps_of_factors]
            table("biased_factors", scalar, factors, f"2^{bias} 4^(-j/{count}), j = {-before}, ..., {count // 2}")
        emit("};")
        emit()

    for count, degree in step_degrees.items():
        steps(count, degree, integer_bits + count.bit_length() - 1)

    emit("template <>")
    emit(f"struct Coefficients<{scalar}> {{")
    constant("largest_exponent", scalar, rnd(2 * bias * ln2), "here k is the bias, and 2^-k comes out as zero")

    f = lambda z: 1 if z == 0 else log((1 + sqrt(z)) / (1 - sqrt(z))) / (2 * sqrt(z))
    g = lambda z: (f(z) - 1) / z
    p = [rnd(c) for c in minimax(g, lambda z: z / f(z), mpf(10) ** -6, mpf(1) / 9, log_degree)]
    error = worst(f, lambda z: 1 + z * evaluate(p, z), mpf(0), mpf(1) / 9)
    table("atanh", scalar, p, "(atanh(q) / q - 1) / z, z = q^2 <= 1/9; relative error of 1 + z p(z): " + report("atanh", error))

    pivot = mpf(pivot)
    t_of = lambda s: pivot * (1 + s) / (1 - s)
    s_end = (gelu_end - pivot) / (gelu_end + pivot)
    f = lambda s: mills(t_of(s)) * (t_of(s) + pivot)
    p = [rnd(c) for c in minimax(f, lambda s: 1 / f(s), mpf(-1), s_end, gelu_degree)]
    error = worst(f, lambda s: evaluate(p, s), mpf(-1), s_end)
    constant("gelu_pivot", scalar, rnd(pivot))
    constant("gelu_end", scalar, rnd(sqrt(4 * bias * ln2)), "exp(-t^2 / 2) is far below the subnormal numbers, 2^k comes out as zero")
    table("gelu_tail", scalar, p, "Phi(-t) exp(t^2/2) (t + pivot), s = (t - pivot) / (t + pivot); relative error: " + report("gelu_tail", error))
    f = lambda s: gelu_slope(t_of(s))
    p = [rnd(c) for c in minimax(f, lambda s: 1 / f(s), mpf(-1), s_end, slope_degree)]
    error = worst(f, lambda s: evaluate(p, s), mpf(-1), s_end)
    table("gelu_slope", scalar, p, "(Phi(-t) exp(t^2/2) - t / sqrt(2 pi)) / (t0 - t), same s; relative error: " + report("gelu_slope", error))
    constant2("gelu_root", scalar, GELU_ROOT, "t0: GELU'(-t0) = 0")

    constant2("silu_root", scalar, SILU_ROOT, "x0: SiLU'(x0) = 0, 1 + x0 + e^x0 = 0")
    constant("silu_root_exp", scalar, rnd(exp(SILU_ROOT)), "e^x0")
    constant2("quick_gelu_beta", scalar, mpf("1.702"), "1.702")
    constant2("gelu_tanh_a", scalar, TANH_A, "a = 2 sqrt(2 / pi)")
    constant2("gelu_tanh_b", scalar, TANH_B, "b = 0.044715 a")
    constant("gelu_tanh_3b", scalar, rnd(3 * TANH_B))
    constant2("gelu_tanh_root", scalar, GELU_TANH_ROOT, "x0: GELUTanh'(x0) = 0")
    v0 = GELU_TANH_ROOT * (TANH_A + TANH_B * GELU_TANH_ROOT**2)
    constant("gelu_tanh_root_exp", scalar, rnd(exp(v0)), "e^(a x0 + b x0^3)")

    # The arguments at which the exponent of the two factors reaches its end (negative side) and at which the
    # exponential no longer changes the result (positive side).
    positive = mpf(30 if scalar == "float" else 60)
    solve = lambda v: findroot(lambda x: x * (TANH_A + TANH_B * x * x) - v, mpf(10))
    constant("negligible", scalar, rnd(positive), "1 + e^-this rounds to 1, with a margin")
    constant("tanh_end", scalar, rnd(mpf(20 if scalar == "float" else 40)), "tanh(x) rounds to 1 for 2x beyond this")
    constant("gelu_tanh_end", scalar, rnd(solve(2 * bias * ln2)), "a x + b x^3 = largest_exponent")
    emit("};")
    emit()


def main():
    emit("// SPDX-License-Identifier: MIT")
    emit("//")
    emit("// Polynomial coefficients (lowest first) and constants of core/math.hpp. `_hi` and `_lo` are two")
    emit("// parts of one constant: their sum carries twice the digits.")
    emit("//")
    emit("// Written by tools/math_coefficients.py: change them there.")
    emit("// clang-format off")
    emit("#pragma once")
    emit()
    emit("#include <sluice/core/config.hpp>")
    emit()
    emit("SLUICE_NAMESPACE_BEGIN")
    emit()
    emit("namespace math {")
    emit()
    emit("template <class Scalar>")
    emit("struct Coefficients;")
    emit()
    emit("// e^y = 4^k 4^(j/N) e^r with i = N k + j = round(y / step), step = ln 4 / N, -N/2 < j <= N/2, |r| <= step / 2.")
    emit("// Adding `round_to_integer` rounds to an integer and leaves N (k + bias) + the index of j in the lowest bits.")
    emit("template <class Scalar, int N>")
    emit("struct ExponentialSteps;")
    emit()
    coefficients("float", {1: 6, 8: 2, 16: 1}, 3, 9, 9, 3.5, mpf("14.8"), 8)
    coefficients("double", {1: 11, 8: 6}, 10, 21, 21, 5, mpf(40), 11)
    emit("}  // namespace math")
    emit()
    emit("SLUICE_NAMESPACE_END")
    text = "\n".join(lines) + "\n"
    if "--check" in sys.argv:
        same = HEADER.exists() and HEADER.read_text() == text
        print("up to date" if same else "math_coefficients.hpp differs from what this script writes")
        sys.exit(0 if same else 1)
    HEADER.write_text(text)


if __name__ == "__main__":
    main()
