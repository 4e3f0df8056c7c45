#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs build/bench/benchmarks/fused_vs_split and reports: ./dev bench builds it first.

Every figure is a median over rounds, and every ratio is the median of the ratios within a round: at a
point (a shape, batch and direction) all contestants run one after the other within milliseconds, in
random order, so that what disturbs the machine disturbs them alike. Times are the thread's CPU time.

Writes results/fused_vs_split.{json,md,png} next to this file, or where --output says. With --quick or --filter it
only prints.
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


# Families and models of processors whose names say little: virtual machines call all of these the same.
GENERATIONS = {
    "Zen 3": (25, [*range(0x00, 0x10), *range(0x20, 0x60)]),
    "Zen 4": (25, [*range(0x10, 0x20), *range(0x60, 0xB0)]),
    "Zen 5": (26, [*range(0x00, 0x50), *range(0x60, 0x80)]),
    "Ice Lake": (6, [106, 108]),
    "Sapphire Rapids": (6, [143]),
    "Emerald Rapids": (6, [207]),
    "Granite Rapids": (6, [173, 174]),
}


def cpu_model():
    """'AMD EPYC (Zen 5)'"""
    lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    family, model = int(said.get("cpu family", 0)), int(said.get("model", 0))
    names = [name for name, (of, models) in GENERATIONS.items() if family == of and model in models]
    return said.get("model name", "unknown processor") + (f" ({names[0]})" if names else "")


def commit():
    """Of the headers that are measured, '+' where they have been changed since; '' outside of a clone or without git."""
    def git(*arguments):
        try:
            ran = subprocess.run(["git", "-C", str(HERE), *arguments], capture_output=True, text=True)
        except OSError:
            return ""
        return ran.stdout.strip() if ran.returncode == 0 else ""

    return git("rev-parse", "--short=7", "HEAD") + ("+" if git("status", "--porcelain", "../include") else "")


def rounds_of_processes(rounds, processes):
    """Shares the rounds out: 31 among 3 is 11, 10, 10."""
    return [rounds // processes + (i < rounds % processes) for i in range(processes)]


def run_process(arguments, rounds, progress):
    """Runs the benchmark program once and yields its records, showing how far it is."""
    command = [
        str(arguments.binary),
        f"--rounds={rounds}",
        f"--slice_ms={arguments.slice_ms}",
        f"--points={arguments.filter}",
        *arguments.flags,
    ]
    if arguments.cpu is not None:
        command = ["taskset", "-c", str(arguments.cpu)] + command
    progress("building layers, comparing the contestants' results")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            record = json.loads(line)
            if record["kind"] == "round":
                done = record["round"] + 1
                progress(f"round {done} of {rounds}" if done else "all contestants agree; warmed up")
            else:
                yield record
    if process.returncode != 0:
        sys.exit(f"run.py: {arguments.binary.name} failed with code {process.returncode}")


def measure(arguments):
    """Everything that a JSON file in results/ holds.

    Several processes share the rounds: where the allocator happens to put a matrix can make a point
    faster or slower for as long as a process lives.
    """
    begin = time.monotonic()
    data = {"date": datetime.date.today().isoformat(), "cpu": cpu_model(), "commit": commit(), "points": []}
    points = {}
    shares = rounds_of_processes(arguments.rounds, arguments.processes)
    for number, rounds in enumerate(shares, start=1):

        def progress(what):
            print(f"{time.monotonic() - begin:4.0f} s  process {number} of {len(shares)}: {what}", flush=True)

        for record in run_process(arguments, rounds, progress):
            kind = record.pop("kind")
            if kind == "machine":
                data.update(record)
                continue
            name = record["name"]
            if kind == "point":
                if name not in points:
                    points[name] = {**record, "fma_gflops": [], "read_gbytes": [], "ns": {}}
                    data["points"].append(points[name])
            elif kind == "limits":
                points[name]["fma_gflops"].append(record["fma_gflops"])
                points[name]["read_gbytes"].append(record["read_gbytes"])
            elif kind == "run":
                points[name]["ns"].setdefault(record["contestant"], []).append(record["ns"])
    data["rounds"] = sum(shares)
    data["processes"] = len(shares)
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


def shape(point):
    return f"{point['input_dim']}→{point['units']}"


def layer_points(data, question=None, layout=None):
    """The points where sluice and Eigen by hand meet."""
    return [
        p
        for p in data["points"]
        if p["question"] in ("forward", "backward")
        and question in (None, p["question"])
        and layout in (None, p["layout"])
    ]


# --- tables ---------------------------------------------------------------------------------------

HEADER = [
    "shape", "batch", "direction", "GFLOP/s", "GB/s", "of FMA peak", "of read rate",
    "fused : split", "vs by hand, fused", "vs by hand, split", "by hand, fused : split",
]


def table(header, rows):
    """A Markdown table that reads as well without Markdown; text columns end where numbers begin."""
    rows = [header] + list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    text = {"shape", "direction", "activation", "limit", "way", "what", "verdict"}

    def line(cells):
        padded = [
            c.ljust(w) if h in text else c.rjust(w) for c, w, h in zip(cells, widths, header)
        ]
        return "| " + " | ".join(padded) + " |"

    rule = "|".join("-" * (w + 2) if h in text else "-" * (w + 1) + ":" for h, w in zip(header, widths))
    return "\n".join([line(rows[0]), f"|{rule}|"] + [line(row) for row in rows[1:]])


def layer_table(points):
    rows = []
    for p in points:
        fma, read = percents(p, SLUICE_FUSED)
        rows.append([
            shape(p),
            str(p["batch"]),
            p["question"],
            f"{gflops(p, SLUICE_FUSED):.1f}",
            f"{gbytes(p, SLUICE_FUSED):.1f}",
            f"{fma:.0f} %",
            f"{read:.0f} %",
            f"{ratio(p, SLUICE_SPLIT, SLUICE_FUSED)[0]:.2f}",
            f"{ratio(p, EIGEN_FUSED, SLUICE_FUSED)[0]:.2f}",
            f"{ratio(p, EIGEN_SPLIT, SLUICE_FUSED)[0]:.2f}",
            f"{ratio(p, EIGEN_SPLIT, EIGEN_FUSED)[0]:.2f}",
        ])
    return table(HEADER, rows)


def activation_table(point):
    rows = []
    elements = point["batch"] * point["units"]
    for name, ns in point["ns"].items():
        extra = statistics.median(a - b for a, b in zip(ns, point["ns"]["identity"])) / elements
        rows.append([
            name,
            f"{gflops(point, name):.1f}",
            f"{ratio(point, name, 'identity')[0]:.2f}",
            f"{extra:.2f}",
        ])
    rows.sort(key=lambda row: float(row[2]))
    return table(["activation", "GFLOP/s", "time, identity = 1", "more ns per gate value"], rows)


def verdict(data):
    """Not slower means: a median paired ratio of at least 1 at every point."""
    points = layer_points(data)
    ratios = [(p, ratio(p, EIGEN_FUSED, SLUICE_FUSED)) for p in points]
    losers = sorted(((r, p) for p, r in ratios if r[0] < 1), key=lambda loser: loser[0][0])
    if not losers:
        return f"sluice (fused) is not slower than the hand-written fused baseline at any of {len(points)} points."
    lines = [
        f"sluice (fused) is slower than the hand-written fused baseline at {len(losers)} of {len(points)} points;",
        "times as fast, and quartiles of the rounds:",
        "",
    ]
    for (median, low, high), p in losers:
        lines.append(f"- {p['name']}: {median:.3f} ({low:.3f} to {high:.3f})")
    return "\n".join(lines)


def machine_text(data):
    return (
        f"{data['cpu']}, one core; {data['compiler']} {data['flags']}, Eigen {data['eigen']}; "
        f"float, SiLU gate; medians of {data['rounds']} interleaved rounds in {data['processes']} processes, "
        f"{data['date']}" + (f", commit {data['commit']}" if data.get("commit") else "")
    )


def report(data):
    """The Markdown report."""
    parts = [
        "# Fused against split, and against Eigen by hand",
        f"{machine_text(data)}.",
        "GFLOP/s, GB/s of weight traffic and percentages are those of sluice's fused layer; 100 % is what "
        "the same run measured for multiply-adds, every second of which reads an operand from L1, and for reading as "
        "many bytes as the weights have. "
        "Ratios are speeds, above 1 is in favour of the first named; `vs` is sluice's fused layer. "
        "Backward computes dx and all gradients from a cache.",
    ]
    for question, layout, title in (
        ("forward", "row", "Forward, row-major matrices"),
        ("backward", "row", "Backward, row-major matrices"),
        (None, "col", "Column-major matrices"),
    ):
        points = layer_points(data, question, layout)
        if points:
            parts += [f"## {title}", layer_table(points)]
    for point in data["points"]:
        if point["question"] == "activation":
            parts += [f"## Activations, {shape(point)}, batch {point['batch']}, forward", activation_table(point)]
    if layer_points(data):
        parts += ["## Verdict", verdict(data)]
    return "\n\n".join(parts) + "\n"


# --- files ----------------------------------------------------------------------------------------


def write_json(data, path):
    """One line a point: compact, and a change of one point is a change of one line."""
    head = {key: value for key, value in data.items() if key != "points"}
    lines = [json.dumps(point, separators=(",", ":"), ensure_ascii=False) for point in data["points"]]
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "points": [\n' + ",\n".join(lines) + "\n]}\n"
    path.write_text(text, encoding="utf-8")


def draw(data, path):
    """Bars from 1, upwards where sluice's fused layer is the faster one; whiskers are quartiles."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    questions = [("forward", "forward"), ("backward", "backward: dx and gradients")]
    comparisons = [
        (EIGEN_FUSED, "sluice over Eigen by hand\n(both fused)"),
        (SLUICE_SPLIT, "fused over split\n(both sluice)"),
    ]
    colours = {1: "#9ecae1", 8: "#4f9bcb", 32: "#1c6aaf", 256: "#08306b"}
    figure, axes = plt.subplots(2, 2, figsize=(12, 7), sharex=True, sharey="row")
    for row, (slower, title) in enumerate(comparisons):
        extremes = [1 / 1.2, 1.2]
        for column, (question, heading) in enumerate(questions):
            ax = axes[row][column]
            points = layer_points(data, question, "row")
            shapes = list(dict.fromkeys(shape(p) for p in points))
            for p in points:
                batches = [q["batch"] for q in points if shape(q) == shape(p)]
                width = 0.2
                x = shapes.index(shape(p)) + (batches.index(p["batch"]) - (len(batches) - 1) / 2) * width
                median, low, high = ratio(p, slower, SLUICE_FUSED)
                extremes += [low, high]
                ax.bar(x, median - 1, width * 0.92, bottom=1, color=colours[p["batch"]], zorder=2)
                ax.plot([x, x], [low, high], color="#444444", linewidth=0.8, zorder=3)
            ax.set_yscale("log")
            ax.axhline(1, color="black", linewidth=1, zorder=4)
            ax.yaxis.set_minor_locator(NullLocator())
            ax.grid(axis="y", color="#dddddd", zorder=0)
            ax.set_xticks(range(len(shapes)), shapes, rotation=20)
            ax.tick_params(axis="x", length=0)
            for side in ("top", "right", "bottom"):
                ax.spines[side].set_visible(False)
            if row == 0:
                ax.set_title(heading, fontsize=12)
            if column == 0:
                ax.set_ylabel(title, fontsize=11)
        ticks = [t for t in (0.25, 0.33, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20)]
        low, high = min(extremes) / 1.03, max(extremes) * 1.03
        spacing = math.log(high / low) / 9
        kept = [1]
        for t in sorted(ticks, key=lambda t: abs(math.log(t))):
            if low <= t <= high and all(abs(math.log(t / k)) >= spacing for k in kept):
                kept.append(t)
        axes[row][0].set_ylim(low, high)
        for ax in axes[row]:
            ax.yaxis.set_major_locator(FixedLocator(sorted(kept)))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}×"))
    handles = [plt.Rectangle((0, 0), 1, 1, color=c) for c in colours.values()]
    figure.legend(handles, [f"batch {b}" for b in colours], loc="upper right", ncol=4, frameon=False,
                  bbox_to_anchor=(0.985, 0.965))
    figure.suptitle("Gated linear unit: how many times as fast", x=0.012, ha="left", fontsize=15, weight="bold")
    figure.text(0.012, 0.012, machine_text(data) + "\nShapes are input_dim→units. Whiskers: quartiles of the ratios "
                "of single rounds.", fontsize=8.5, color="#444444", va="bottom")
    figure.tight_layout(rect=(0, 0.045, 1, 0.975))
    figure.savefig(path, dpi=110, metadata={"Software": None})


# --- command line ---------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="Measures sluice against Eigen by hand, fused against split.")
    parser.add_argument("--rounds", type=int, help="rounds of all points (default 24, with --quick 3)")
    parser.add_argument("--processes", type=int, help="that share the rounds (default 3, with --quick 1)")
    parser.add_argument("--slice-ms", type=float, help="milliseconds a contestant runs in a round (default 4)")
    parser.add_argument("--quick", action="store_true", help="a smoke test without the largest shape; writes nothing")
    parser.add_argument("--only", "--filter", dest="filter", default="", metavar="REGEX",
                        help="points such as backward/row/64x64/b32; writes nothing")
    parser.add_argument("--cpu", type=int, help="run on this core only (taskset)")
    parser.add_argument("--binary", type=pathlib.Path, default=DEFAULT_BINARY)
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS, metavar="DIRECTORY",
                        help="where the files go (default benchmarks/results)")
    parser.add_argument("--replot", action="store_true", help="table and picture from the JSON of the last run")
    parser.set_defaults(flags=[])  # of the program, beyond those that every one of them has
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 24)
    arguments.processes = min(arguments.processes or (1 if arguments.quick else 3), arguments.rounds)
    arguments.slice_ms = arguments.slice_ms or (1 if arguments.quick else 4)

    keep = arguments.replot or not (arguments.quick or arguments.filter)
    if arguments.quick and not arguments.filter:
        arguments.filter = "^((?!11008).)*$"

    path = arguments.output / "fused_vs_split.json"
    if arguments.replot:
        data = json.loads(path.read_text(encoding="utf-8"))
    else:
        if not arguments.binary.exists():
            sys.exit(f"run.py: no {arguments.binary}; ./dev bench builds it")
        data = measure(arguments)
    if keep:
        arguments.output.mkdir(parents=True, exist_ok=True)
        if not arguments.replot:
            write_json(data, path)
        path.with_suffix(".md").write_text(report(data), encoding="utf-8")
        draw(data, path.with_suffix(".png"))
    print("\n" + report(data))
    if keep:
        print(f"written: {arguments.output}/fused_vs_split.json, .md, .png")


if __name__ == "__main__":
    main()
