#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs build/bench/benchmarks/peers and reports: ./dev bench peers builds it first.

  ./dev bench peers                                              everything, 10 minutes; writes results/peers.{json,md,png}
  ./dev bench peers --only 160x160 --rounds 15 --peers onednn    some points, against some peers; writes nothing

Measuring, medians and paired ratios are those of run.py: at a point all contestants run one after the other within
milliseconds, in random order, and a ratio is the median of the ratios within a round.
"""

import argparse
import collections
import json
import math
import statistics
import sys
import pathlib

import run

DEFAULT_BINARY = run.HERE.parent / "build" / "bench" / "benchmarks" / "peers"
NAMES = {
    "packed": "pack(layer)", "sluice": "layer", "eigen": "Eigen by hand", "onednn": "oneDNN", "openblas": "OpenBLAS",
    "libtorch": "libtorch",
}
PEERS = ["eigen", "onednn", "openblas", "libtorch"]


# --- evaluate -------------------------------------------------------------------------------------


def points_of(data, question):
    return [p for p in data["points"] if p["question"] == question]


def of_limit(point, contestant):
    """Percent of what the roofline allows, paired with the limits of the same round, and which limit that is."""
    shares, reads = [], 0
    for ns, fma, read in zip(point["ns"][contestant], point["fma_gflops"], point["read_gbytes"]):
        compute, memory = point["flops"] / fma, point["weight_traffic"] / read
        shares.append(max(compute, memory) / ns)
        reads += memory > compute
    return 100 * statistics.median(shares), "read" if 2 * reads > len(shares) else "FMA"


def ratios(points, slower, faster):
    """(point, (median, quartile, quartile)) wherever both took part."""
    return [(p, run.ratio(p, slower, faster)) for p in points if slower in p["ns"] and faster in p["ns"]]


def geometric_mean(pairs):
    return math.exp(statistics.fmean(math.log(r[0]) for _, r in pairs))


# --- tables ---------------------------------------------------------------------------------------


def ratio_text(r):
    """Bold where we lose, ≈ where the quartiles lie on both sides of 1."""
    median, low, high = r
    text = f"{median:.2f}"
    if low < 1 < high:
        text = "≈" + text
    return f"**{text}**" if median < 1 else text


def ratio_table(points, ours, others, extra_header, extra):
    """A row a point: extra columns, then how many times as fast ours is; three rows that sum it up."""
    others = [o for o in others if any(o in p["ns"] for p in points)]
    header = ["shape", "batch", *extra_header, *(f"vs {NAMES.get(o, o)}" for o in others)]
    rows = []
    for p in points:
        rows.append([run.shape(p), str(p["batch"]), *extra(p)])
        rows[-1] += [ratio_text(run.ratio(p, o, ours)) if o in p["ns"] else "" for o in others]
    blank = [""] * (1 + len(extra_header))
    pairs = [ratios(points, o, ours) for o in others]
    rows.append(["geometric mean", *blank, *(f"{geometric_mean(q):.2f}" for q in pairs)])
    rows.append(["worst point", *blank, *(f"{min(r[0] for _, r in q):.2f}" for q in pairs)])
    rows.append(["losses", *blank, *(f"{sum(r[0] < 1 for _, r in q)} of {len(q)}" for q in pairs)])
    return run.table(header, rows)


def speed_columns(ours):
    def columns(p):
        percent, limit = of_limit(p, ours)
        return [f"{run.gflops(p, ours):.1f}", f"{percent:.0f} %", limit]

    return ["GFLOP/s", "of the limit", "limit"], columns


def training_columns(p):
    return [f"{run.gflops(p, 'sluice'):.1f}", f"{run.percents(p, 'sluice')[0]:.0f} %"]


def columns_table(points):
    header, columns = speed_columns("packed")
    return run.table(["shape", "batch", *header, "vs Eigen by hand", "layer vs Eigen by hand"], [
        [
            run.shape(p), str(p["batch"]), *columns(p), ratio_text(run.ratio(p, "eigen", "packed")),
            ratio_text(run.ratio(p, "eigen", "sluice")),
        ]
        for p in points
    ])


def storage_table(points):
    header = ["shape", "batch", "float, GB/s", "of read rate", "bfloat16 : float", "Int8 : float"]
    return run.table(header, [
        [
            run.shape(p), str(p["batch"]), f"{run.gbytes(p, 'packed'):.1f}", f"{run.percents(p, 'packed')[1]:.0f} %",
            ratio_text(run.ratio(p, "packed", "packed_bfloat16")), ratio_text(run.ratio(p, "packed", "packed_int8")),
        ]
        for p in points
    ])


def threads_table(points):
    """Beside what two threads reach that do nothing but multiply-adds, or read the weights: that only where reading takes
    at least half of the time, and where it was measured."""
    rows = []
    for p in points:
        reading = ["", "", ""]
        if "read_2_threads" in p["ns"] and (share := run.ratio(p, "read_2_threads", "packed_2_threads")[0]) > 0.5:
            gain = f"{run.ratio(p, 'read', 'read_2_threads')[0]:.2f}" if "read" in p["ns"] else ""
            reading = [gain, f"{run.gbytes(p, 'packed_2_threads'):.1f}", f"{100 * share:.0f} %"]
        rows.append([
            run.shape(p), str(p["batch"]), ratio_text(run.ratio(p, "packed", "packed_2_threads")),
            f"{run.ratio(p, 'fma', 'fma_2_threads')[0]:.2f}", *reading,
        ])
    header = ["shape", "batch", "2 threads : 1", "FMA alone, 2 : 1", "reading alone, 2 : 1", "weights, GB/s",
              "of reading by 2 threads"]
    return run.table(header, rows)


def fixed_table(points):
    header = ["shape", "batch", "ns", "vs Eigen's fixed sizes", "vs dynamic layer", "way"]
    return run.table(header, [
        [
            run.shape(p), str(p["batch"]), f"{statistics.median(p['ns']['sluice_fixed']):.0f}",
            ratio_text(run.ratio(p, "eigen_fixed", "sluice_fixed")), ratio_text(run.ratio(p, "sluice", "sluice_fixed")),
            "Eigen's " + p["ways"]["eigen_fixed"],
        ]
        for p in points
    ])


Goal = collections.namedtuple("Goal", "what least measured verdict")


def goals(data):
    """What the engine is meant to reach, and what this run measured. A miss is in the noise where the upper quartile of
    the rounds reaches the goal at every point that misses it."""
    found = []

    def goal(what, least, measured, unit="", high=0.0):
        verdict = "reached" if measured >= least else "missed" if high < least else "missed, in the noise"
        found.append(Goal(what, f"{least:g}{unit}", f"{measured:.4g}{unit}" if unit else f"{measured:.2f}", verdict))

    def worst_point(what, least, pairs):
        missed = [high for _, (median, _, high) in pairs if median < least]
        goal(f"{what}: worst point", least, min(median for _, (median, _, _) in pairs), high=min(missed, default=0.0))

    forward, training = points_of(data, "forward"), points_of(data, "training")
    for peer, mean, least in (("eigen", 1.8, 1.0), ("onednn", 1.25, 1.0), ("openblas", 1.5, None),
                              ("libtorch", 2.5, None)):
        if pairs := ratios(forward, peer, "packed"):
            goal(f"forward vs {NAMES[peer]}: geometric mean", mean, geometric_mean(pairs))
            if least:
                worst_point(f"forward vs {NAMES[peer]}", least, pairs)
    if pairs := ratios(training, "libtorch", "sluice"):
        goal("forward and backward vs libtorch: geometric mean", 1.5, geometric_mean(pairs))
        worst_point("forward and backward vs libtorch", 1.1, pairs)
    by_name = {p["name"]: p for p in data["points"]}
    for name, least in (("160x160/b64", 90), ("128x256/b256", 90), ("768x2048/b256", 90), ("4096x11008/b128", 85)):
        if p := by_name.get(f"forward/{name}"):
            goal(f"{run.shape(p)}, batch {p['batch']}: of FMA peak", least, run.percents(p, "packed")[0], " %")
    if p := by_name.get("forward/4096x11008/b1"):
        goal("4096→11008, batch 1: of read rate", 95, run.percents(p, "packed")[1], " %")
    if p := by_name.get("storage/4096x11008/b1"):
        goal("4096→11008, batch 1: bfloat16 over float", 1.8, run.ratio(p, "packed", "packed_bfloat16")[0])
        goal("4096→11008, batch 1: Int8 over float", 3.2, run.ratio(p, "packed", "packed_int8")[0])
    if pairs := ratios(points_of(data, "threads"), "packed", "packed_2_threads"):
        worst_point("two threads over one", 1.8, pairs)
    if pairs := ratios(points_of(data, "fixed"), "eigen_fixed", "sluice_fixed"):
        worst_point("sizes in the type vs Eigen's", 1.0, pairs)
        worst_point("sizes in the type vs dynamic layer", 1.0, ratios(points_of(data, "fixed"), "sluice", "sluice_fixed"))
    return found


def goals_table(data):
    rows = [[*goal[:3], f"**{goal.verdict}**" if goal.verdict == "missed" else goal.verdict] for goal in goals(data)]
    return run.table(["what", "at least", "measured", "verdict"], rows)


def ways_text(data):
    """How each peer was called, and at how many points."""
    lines = []
    for peer, version in data["peers"].items():
        ways = collections.Counter(p["ways"][peer] for p in points_of(data, "forward") if peer in p["ways"])
        lines.append(f"- {NAMES[peer]} {version}" + "".join(f"; {way} ({n} points)" for way, n in ways.most_common()))
    if data["missing"]:
        lines.append("- not found here, and left out: " + ", ".join(NAMES[m] for m in data["missing"]))
    return "\n".join(lines)


def report(data, with_goals=True):
    """Goals are those of all points."""
    parts = [
        "# The gated layer against oneDNN, OpenBLAS, libtorch and Eigen by hand",
        f"{run.machine_text(data)}.",
        "Ratios are speeds, the median over rounds of the ratio within a round; above 1 is in favour of sluice. "
        "Losses are **bold**, and ≈ says that the quartiles of the rounds lie on both sides of 1: noise hides who is "
        "faster. The limit of a point is the FMA peak (multiply-adds, every second of which reads an operand from L1) "
        "or the rate at which as many bytes as the weights have can be read, whichever takes longer, both measured in "
        "the same round; a layer may exceed the rate, because it reads in other streams than what measures it. Inputs and "
        "outputs are row-major where nothing else is said.",
        *([data["note"]] if "note" in data else []),
        ways_text(data),
    ]
    forward = points_of(data, "forward")
    for ours in ("packed", "sluice"):
        if forward:
            parts += [f"## Forward, {NAMES[ours]}", ratio_table(forward, ours, PEERS, *speed_columns(ours))]
    if points := points_of(data, "columns"):
        parts += ["## Forward, pack(layer), column-major inputs and outputs", columns_table(points)]
    if points := points_of(data, "training"):
        parts += ["## Forward and backward: dx and all gradients",
                  ratio_table(points, "sluice", ["eigen", "libtorch"], ["GFLOP/s", "of FMA peak"], training_columns)]
    for question, title, table in (
        ("storage", "Weights stored in fewer bits: times as fast as float", storage_table),
        ("threads", "Two threads: times as fast as one", threads_table),
        ("fixed", "Sizes in the type: times as fast", fixed_table),
    ):
        if points := points_of(data, question):
            parts += [f"## {title}", table(points)]
            if question == "threads":
                parts.append("The last three columns stand where reading takes at least half of the time.")
    if with_goals:
        parts += ["## Goals", goals_table(data)]
    return "\n\n".join(parts) + "\n"


# --- picture --------------------------------------------------------------------------------------


def draw(data, path):
    """A roofline a shape: speed over batch, which is the arithmetic intensity, under the measured limits."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    style = {
        "libtorch": ("#c994c7", "v"), "openblas": ("#b8a05a", "D"), "onednn": ("#d9743b", "^"),
        "eigen": ("#74a86b", "s"), "sluice": ("#4f9bcb", "o"), "packed": ("#08306b", "o"),
    }
    points = points_of(data, "forward")
    shapes = list(dict.fromkeys(run.shape(p) for p in points))
    columns = min(3, len(shapes))
    rows = math.ceil(len(shapes) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(12, 1.2 + 2.9 * rows), sharex=True, sharey="row", squeeze=False)
    batches = sorted({p["batch"] for p in points})
    for ax, name in zip(axes.flat, shapes):
        own = [p for p in points if run.shape(p) == name]
        peak = statistics.median(f for p in own for f in p["fma_gflops"])
        read = statistics.median(r for p in own for r in p["read_gbytes"])
        operations_per_byte = own[0]["flops"] / own[0]["weight_traffic"] / own[0]["batch"]
        knee = peak / (read * operations_per_byte)
        ends = [batches[0] / 1.6, max(knee, batches[0] / 1.6), batches[-1] * 1.6]
        roof = [min(peak, read * operations_per_byte * b) for b in ends]
        ax.plot(ends, roof, color="black", linewidth=1, zorder=2)
        ax.fill_between(ends, roof, 1e6, color="#eeeeee", zorder=1)
        for contestant, (colour, marker) in style.items():
            measured = [p for p in own if contestant in p["ns"]]
            ax.plot([p["batch"] for p in measured], [run.gflops(p, contestant) for p in measured], color=colour,
                    marker=marker, markersize=5.5, linewidth=1.2, zorder=3, clip_on=False, label=NAMES[contestant])
        ax.set_title(f"{name}", fontsize=11)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.grid(axis="y", color="#dddddd", zorder=0)
        ax.xaxis.set_major_locator(FixedLocator(batches))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_minor_locator(NullLocator())
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.tick_params(axis="both", length=0)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    for ax in axes.flat[len(shapes):]:
        ax.set_visible(False)
    axes[0][0].set_xlim(batches[0] / 1.6, batches[-1] * 1.6)
    for number, row in enumerate(axes):
        of_row = [p for p in points if run.shape(p) in shapes[number * columns : (number + 1) * columns]]
        speeds = [run.gflops(p, c) for p in of_row for c in p["ns"] if c in style]
        row[0].set_ylim(min(speeds) / 1.4, 1.6 * max(f for p in of_row for f in p["fma_gflops"]))
        row[0].set_ylabel("GFLOP/s", fontsize=11)
    for ax in axes[-1]:
        ax.set_xlabel("batch (operations a byte of weights: half of it)", fontsize=9)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="upper right", ncol=len(labels), frameon=False, fontsize=9,
                  bbox_to_anchor=(0.99, 1 - 0.32 / figure.get_figheight()))
    figure.suptitle("Gated linear unit, forward: how far from the limits of one core", x=0.012, ha="left", fontsize=15,
                    weight="bold")
    figure.text(0.012, 0.012, run.machine_text(data) + "\nShapes are input_dim→units. Grey: beyond the FMA peak and "
                "the rate of reading the weights from wherever they fit, measured in the same rounds.",
                fontsize=8.5, color="#444444", va="bottom")
    figure.tight_layout(rect=(0, 0.045, 1, 1 - 0.3 / figure.get_figheight()))
    figure.savefig(path, dpi=110, metadata={"Software": None})


# --- command line ---------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="Measures sluice against other libraries.")
    parser.add_argument("--rounds", type=int, default=21, help="rounds of all points (default 21)")
    parser.add_argument("--processes", type=int, default=3, help="that share the rounds (default 3)")
    parser.add_argument("--slice-ms", type=float, default=2,
                        help="milliseconds a contestant runs in a round, at least (default 2: the timer of a virtual "
                             "machine interrupts it every millisecond)")
    parser.add_argument("--only", "--filter", dest="filter", default="", metavar="REGEX",
                        help="points such as forward/160x160/b64; writes nothing")
    parser.add_argument("--peers", default="", metavar="NAME,...",
                        help="of eigen, onednn, openblas, libtorch; writes nothing")
    parser.add_argument("--cpu", type=int, help="the processor for all points of one thread")
    parser.add_argument("--binary", type=pathlib.Path, default=DEFAULT_BINARY)
    parser.add_argument("--output", type=pathlib.Path, default=run.RESULTS, metavar="DIRECTORY",
                        help="where the files go (default benchmarks/results)")
    parser.add_argument("--replot", action="store_true", help="table and picture from the JSON of the last run")
    arguments = parser.parse_args()
    arguments.processes = min(arguments.processes, arguments.rounds)
    arguments.flags = [f"--peers={arguments.peers}"]
    if arguments.cpu is not None:
        arguments.flags.append(f"--cpu={arguments.cpu}")
        arguments.cpu = None  # the program sees to it
    unknown = set(filter(None, arguments.peers.split(","))) - set(PEERS)
    if unknown:
        parser.error(f"no peer {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")

    path = arguments.output / "peers.json"
    keep = arguments.replot or not (arguments.filter or arguments.peers)
    if arguments.replot:
        data = json.loads(path.read_text(encoding="utf-8"))
    else:
        if not arguments.binary.exists():
            sys.exit(f"peers.py: no {arguments.binary}; ./dev bench peers builds it")
        data = run.measure(arguments)
    if keep:
        arguments.output.mkdir(parents=True, exist_ok=True)
        if not arguments.replot:
            run.write_json(data, path)
        path.with_suffix(".md").write_text(report(data), encoding="utf-8")
        draw(data, path.with_suffix(".png"))
    print("\n" + report(data, with_goals=keep))
    if keep:
        print(f"written: {arguments.output}/peers.json, .md, .png")


if __name__ == "__main__":
    main()
