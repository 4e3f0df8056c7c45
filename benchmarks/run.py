#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs build/bench/benchmarks/fused_vs_split and reports: ./dev bench builds it first.

Every figure is a median over rounds that one process measured, and every ratio is the median of the
ratios within a round: at a point (a shape, batch and direction) all contestants run one after the other
within milliseconds, in random order, so that what disturbs the machine disturbs them alike.
Times are the thread's CPU time.

Writes results/fused_vs_split.{json,md,png} next to this file. With --quick or --filter it only prints.
"""

import argparse
import datetime
import json
import math
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"
DEFAULT_BINARY = HERE.parent / "build" / "bench" / "benchmarks" / "fused_vs_split"
EIGEN_FUSED, EIGEN_SPLIT = "eigen_fused", "eigen_split"
SLUICE_FUSED, SLUICE_SPLIT = "sluice_fused", "sluice_split"


# --- measure --------------------------------------------------------------------------------------


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def measure(arguments):
    """Runs the benchmark program and returns what results/fused_vs_split.json holds."""
    command = [
        str(arguments.binary),
        f"--rounds={arguments.rounds}",
        f"--slice_ms={arguments.slice_ms}",
        f"--points={arguments.filter}",
    ]
    if arguments.cpu is not None:
        command = ["taskset", "-c", str(arguments.cpu)] + command
    begin = time.monotonic()
    print(f"{arguments.binary.name}: building layers and comparing the contestants' results ...", flush=True)
    data = {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_model(),
        "points": [],
    }
    points = {}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        record = json.loads(line)
        kind = record.pop("kind")
        if kind == "machine":
            data.update(record)
        elif kind == "point":
            points[record["name"]] = record
            record.update(fma_gflops=[], read_gbytes=[], ns={})
            data["points"].append(record)
        elif kind == "limits":
            point = points[record["name"]]
            point["fma_gflops"].append(record["fma_gflops"])
            point["read_gbytes"].append(record["read_gbytes"])
        elif kind == "run":
            points[record["name"]]["ns"].setdefault(record["contestant"], []).append(record["ns"])
        elif kind == "round":
            done, elapsed = record["round"] + 1, time.monotonic() - begin
            what = f"round {done} of {arguments.rounds}" if done else "all contestants agree; warm-up done"
            end = "\r" if sys.stdout.isatty() and done < arguments.rounds else "\n"
            print(f"{what}, {elapsed:.0f} s   ", end=end, flush=True)
    if process.wait() != 0:
        sys.exit(f"run.py: {arguments.binary.name} failed with code {process.returncode}")
    return data


# --- evaluate -------------------------------------------------------------------------------------


def ratio(point, slower, faster):
    """How many times as fast `faster` is: the median of the ratios of every round, and their quartiles."""
    ratios = [a / b for a, b in zip(point["ns"][slower], point["ns"][faster])]
    if len(ratios) < 2:
        return ratios[0], ratios[0], ratios[0]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return median, low, high


def gflops(point, contestant):
    return point["flops"] / statistics.median(point["ns"][contestant])


def gbytes(point, contestant):
    return point["weight_traffic"] / statistics.median(point["ns"][contestant])


def percents(point, contestant):
    """Percent of the FMA peak and of the read bandwidth, each paired with the limit of its round."""
    ns = point["ns"][contestant]
    fma = statistics.median(point["flops"] / t / peak for t, peak in zip(ns, point["fma_gflops"]))
    read = statistics.median(point["weight_traffic"] / t / peak for t, peak in zip(ns, point["read_gbytes"]))
    return 100 * fma, 100 * read


def label(point):
    return f"{point['input_dim']}→{point['units']}"


def measured(data, question, layout="row"):
    return [p for p in data["points"] if p["question"] == question and p["layout"] == layout]


def report_rows(points):
    for p in points:
        fma, read = percents(p, SLUICE_FUSED)
        yield [
            label(p) + (" (column-major)" if p["layout"] == "col" else ""),
            str(p["batch"]),
            p["question"],
            f"{gflops(p, SLUICE_FUSED):.1f}",
            f"{gbytes(p, SLUICE_FUSED):.1f}",
            f"{fma:.0f} %",
            f"{read:.0f} %",
            f"{ratio(p, SLUICE_SPLIT, SLUICE_FUSED)[0]:.2f}",
            f"{ratio(p, EIGEN_SPLIT, EIGEN_FUSED)[0]:.2f}",
            f"{ratio(p, EIGEN_FUSED, SLUICE_FUSED)[0]:.2f}",
            f"{ratio(p, EIGEN_SPLIT, SLUICE_SPLIT)[0]:.2f}",
        ]


def markdown_table(header, rows):
    rows = [header] + list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]

    def line(cells):
        return "| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths))) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule] + [line(r) for r in rows[1:]])


def layer_points(data):
    return [p for p in data["points"] if SLUICE_FUSED in p["ns"]]


def verdict(data):
    """Not slower is a median paired ratio of at least 1 at every point."""
    points = layer_points(data)
    losers = [(p, ratio(p, EIGEN_FUSED, SLUICE_FUSED)) for p in points]
    losers = [(p, r) for p, r in losers if r[0] < 1]
    if not losers:
        return f"sluice (fused) is not slower than the hand-written fused baseline at any of {len(points)} points."
    lines = [f"sluice (fused) is slower than the hand-written fused baseline at {len(losers)} of {len(points)} points:"]
    for p, (median, low, high) in sorted(losers, key=lambda loser: loser[1][0]):
        lines.append(f"  {p['name']}: {median:.3f} times as fast (quartiles {low:.3f} to {high:.3f})")
    return "\n".join(lines)


HEADER = ["shape", "batch", "direction", "GFLOP/s", "GB/s", "of FMA peak", "of read rate",
          "fused : split", "by hand, fused : split", "sluice : by hand, fused", "sluice : by hand, split"]


def report(data):
    parts = [markdown_table(HEADER, report_rows(layer_points(data)))] if layer_points(data) else []
    return "\n\n".join(parts)


# --- command line ---------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="Measures sluice against Eigen by hand, fused against split.")
    parser.add_argument("--rounds", type=int, help="rounds of all points (default 31, with --quick 3)")
    parser.add_argument("--slice-ms", type=float, help="milliseconds a contestant runs in a round (default 4)")
    parser.add_argument("--quick", action="store_true", help="a smoke test; writes nothing")
    parser.add_argument("--filter", default="", metavar="REGEX",
                        help="only points such as backward/row/64x64/b32; writes nothing")
    parser.add_argument("--cpu", type=int, help="run on this core only (taskset)")
    parser.add_argument("--binary", type=pathlib.Path, default=DEFAULT_BINARY)
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 31)
    arguments.slice_ms = arguments.slice_ms or (2 if arguments.quick else 4)

    data = measure(arguments)
    print(report(data))
    print(verdict(data))


if __name__ == "__main__":
    main()
