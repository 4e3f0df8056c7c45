#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks at the assembly of the register tiles (include/sluice/projection/tile.hpp): the inner loop of each must keep
its accumulators in vector registers. A loop that stores them to the stack, or reloads them, runs at half the speed.

  tools/check_spills.py                                  every compiler and target there is
  tools/check_spills.py --compilers g++ --targets haswell sse2 --stored float int8

Every tile that the library can call is compiled for a compiler and a target; in its assembly the innermost loop with
multiply-adds is searched for vector instructions with an operand on the stack. Prints a table, and ends with 1 if a
loop spills or was not found, with 77 if there was nothing to compile with. What is known to spill (see `known`) is
marked, and counted apart.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

TARGETS = {
    "avx512": ("x86_64", ["-march=skylake-avx512"]),
    "haswell": ("x86_64", ["-march=haswell"]),
    "sse2": ("x86_64", ["-march=x86-64"]),
    "aarch64": ("aarch64", ["-march=armv8-a"]),
}
COMPILERS = ["g++", "clang++", "aarch64-linux-gnu-g++"]
STORED = {"float": "float", "double": "double", "bfloat16": "Eigen::bfloat16", "half": "Eigen::half",
          "int8": "sluice::Int8"}
PAIRS = [("float", s) for s in ("float", "bfloat16", "half", "int8")] + \
        [("double", s) for s in ("double", "bfloat16", "half", "int8")]

VECTOR = {"x86_64": re.compile(r"%[xyz]mm\d"), "aarch64": re.compile(r"\b[qvds]\d+\b")}
MULTIPLY_ADD = {"x86_64": re.compile(r"v?fn?madd|v?addp[sd]\b"), "aarch64": re.compile(r"fmla|fmadd|fadd")}
BRANCH = {"x86_64": re.compile(r"j\w+\s+(\.L\w+)"),
          "aarch64": re.compile(r"(?:b\.?\w*|cbn?z|tbn?z)\s+(?:.*,\s*)?(\.L\w+)$")}
LABEL = re.compile(r"^(\.L\w+):")

Loop = collections.namedtuple("Loop", "instructions multiply_adds spills")


def known(target, stored, rows, panels):
    """Tiles that have no register left for what widening takes: SSE2 has no instruction for any of the narrow types (a
    half takes five constants), and 28 accumulators on ARM leave one register; with several panels 24 leave too few."""
    narrow = stored not in ("float", "double")
    few_left = rows * panels == 14 or (panels > 1 and rows * panels >= 12)
    return narrow and (target == "sse2" or (target == "aarch64" and few_left))


def machine(compiler):
    """What a compiler compiles for, None where there is no such compiler."""
    if shutil.which(compiler) is None:
        return None
    return subprocess.run([compiler, "-dumpmachine"], capture_output=True, text=True, check=True).stdout.split("-")[0]


def assembly(compiler, flags, eigen, pairs):
    """The tiles of these types as assembly."""
    lines = ["#include <sluice/projection/tile.hpp>"]
    for scalar, stored in pairs:
        lines.append(f"template void sluice::detail::multiply_tile<{scalar}, {STORED[stored]}>"
                     f"(sluice::Index, int, sluice::detail::TileArguments<{scalar}, {STORED[stored]}>&, sluice::Index);")
    command = [compiler, "-std=c++20", "-DNDEBUG", "-fno-asynchronous-unwind-tables", "-w", *flags,
               f"-I{ROOT / 'include'}", "-isystem", eigen, "-S", "-o", "-", "-x", "c++", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def functions(text):
    """Name and lines of each tile: (scalar, stored, rows, panels) -> lines."""
    names = re.findall(r"^(_Z\w*13multiply_tile\w*):", text, re.M)
    readable = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    tiles = {}
    for name, words in zip(names, readable.splitlines()):
        types = re.search(r"multiply_tile<(\w+), ([\w:]+), (\d+), (\d+)>", words)
        if types is None:
            continue  # the function that chooses among them
        body = text.split(f"\n{name}:", 1)[1].split(f"\t.size\t{name},", 1)[0]
        stored = types[2].split("::")[-1].lower()
        tiles[types[1], stored, int(types[3]), int(types[4])] = \
            [line.split("#")[0].split("//")[0].strip() for line in body.splitlines()]
    return tiles


def stack_registers(lines, arch):
    """The registers that point into the stack."""
    if arch == "aarch64":
        found = {"sp"}
        copy = re.compile(r"(?:mov|add|sub)\s+(x\d+),\s*(\w+)")
    else:
        found = {"%rsp"}
        copy = re.compile(r"(?:movq\s+|leaq\s+[-\d]*\()(%r\w+)\)?,\s*(%r\w+)$")
    for line in lines:
        if (m := copy.match(line)) is not None:
            to, of = (m[1], m[2]) if arch == "aarch64" else (m[2], m[1])
            if of in found:
                found.add(to)
    return found


def inner_loop(lines, arch):
    """Of the innermost loops with multiply-adds (a tile has one for each layout of x, of up to four steps a round) the
    one that spills most, or does most; None if there is none."""
    labels, loops = {}, []
    for i, line in enumerate(lines):
        if (m := LABEL.match(line)) is not None:
            labels[m[1]] = i
        elif (m := BRANCH[arch].match(line)) is not None and m[1] in labels:
            loops.append((labels[m[1]], i))
    innermost = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    on_stack = stack_registers(lines, arch)
    address = re.compile(r"\((%\w+)" if arch == "x86_64" else r"\[(\w+)")
    found = []
    for begin, end in innermost:
        body = [line for line in lines[begin:end + 1] if line and not line.startswith(".")]
        adds = sum(1 for line in body if MULTIPLY_ADD[arch].match(line))
        spills = [line for line in body if VECTOR[arch].search(line) and
                  any(register in on_stack for register in address.findall(line))]
        if adds > 0:
            found.append(Loop(len(body), adds, spills))
    most = max((loop.multiply_adds for loop in found), default=0)
    whole_steps = [loop for loop in found if 4 * loop.multiply_adds >= most]
    return max(whole_steps, key=lambda loop: (len(loop.spills), loop.multiply_adds), default=None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compilers", nargs="+", default=COMPILERS)
    parser.add_argument("--targets", nargs="+", default=list(TARGETS), choices=list(TARGETS))
    parser.add_argument("--stored", nargs="+", default=list(STORED), choices=list(STORED))
    parser.add_argument("--optimise", default="-O3", help="-O2 or -O3")
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--verbose", action="store_true", help="show the instructions that spill")
    arguments = parser.parse_args()

    pairs = [pair for pair in PAIRS if pair[1] in arguments.stored]
    jobs = []
    for compiler in arguments.compilers:
        arch = machine(compiler)
        if arch is None:
            print(f"*** SKIPPED {compiler}: not found")
            continue
        for target in arguments.targets:
            if TARGETS[target][0] == arch:
                jobs += [(compiler, target, arch, pair) for pair in pairs]
    if not jobs:
        print("*** SKIPPED: no compiler for any of these targets")
        return 77

    with concurrent.futures.ThreadPoolExecutor(min(len(jobs), len(os.sched_getaffinity(0)))) as pool:
        texts = list(pool.map(lambda job: assembly(job[0], [arguments.optimise, *TARGETS[job[1]][1]], arguments.eigen,
                                                   [job[3]]), jobs))

    faults = excused = 0
    print(f"{'compiler':<22} {'target':<8} {'tile':<22} {'rows × panels':<14} instructions multiply-adds spills")
    for (compiler, target, arch, pair), text in zip(jobs, texts):
        tiles = functions(text)
        if not tiles:
            print(f"{compiler} {target}: no tile found in the assembly")
            faults += 1
        for (scalar, stored, rows, panels), lines in sorted(tiles.items(), key=lambda tile: (tile[0][3], tile[0][2])):
            loop = inner_loop(lines, arch)
            # The loop may be unrolled, but never holds less than one step of the tile.
            lost = loop is None or loop.multiply_adds < 2 * rows * panels
            bad = lost or loop.spills
            excuse = bad and not lost and known(target, stored, rows, panels)
            excused += 1 if excuse else 0
            faults += 1 if bad and not excuse else 0
            figures = "no such loop" if loop is None else \
                f"{loop.instructions:>12} {loop.multiply_adds:>13} {len(loop.spills):>6}"
            print(f"{compiler:<22} {target:<8} {scalar + ' × ' + stored:<22} {f'{rows} × {panels}':<14} {figures}"
                  f"{'  ← too few multiply-adds' if lost else '  ← spills, as known' if excuse else '  ← SPILLS' if bad else ''}")
            if bad and not lost and arguments.verbose:
                print("".join(f"        {line}\n" for line in loop.spills), end="")
    print(f"{'FAILED' if faults else 'ok'}: {faults} tiles spill that should not, {excused} that are known to")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
