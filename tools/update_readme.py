#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the measured figures into the documents, between <!-- NAME:begin --> and <!-- NAME:end -->.

    tools/update_readme.py                 # what stands in benchmarks/results: picture, benchmark and goals
    tools/update_readme.py compile-time    # runs benchmarks/compile_time.py
    tools/update_readme.py demo            # runs build/demo/examples/tumours (./dev demo builds it)
    tools/update_readme.py --check         # changes nothing, exit 1 if a document shows other figures than the results

Goals are in docs/performance.md, all others in README.md.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PERFORMANCE = ROOT / "docs/performance.md"
RESULTS = "benchmarks/results"
PICTURED = "xeon/"  # the first that was measured with memory of whole lines for all
MACHINES = {"Zen 5, AVX-512": "zen5/", "Xeon, AVX-512": "xeon/", "Zen 4, AVX-512": "zen4/", "Zen 3, AVX2": "zen3/"}

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "benchmarks"))
import peers  # noqa: E402  benchmarks/peers.py and run.py: the same medians and ratios as in the reports
import run  # noqa: E402


def results(name, machine=""):
    return json.loads((ROOT / RESULTS / machine / f"{name}.json").read_text(encoding="utf-8"))


def machines_table(first, rows):
    """A column a machine."""
    return [f"| {' | '.join([*first, *MACHINES])} |", "|---|" + "---:|" * (len(first) - 1 + len(MACHINES)),
            *(f"| {' | '.join(row)} |" for row in rows)]


def speed(points, slower):
    """A row a shape, a column a direction and batch: how many times as fast sluice's fused layer is."""
    columns = [(d, b) for d in ("forward", "backward") for b in (1, 8, 32, 256)]
    lines = ["| shape | " + " | ".join(f"{d} {b}" for d, b in columns) + " |", "|---|" + "---:|" * len(columns)]
    for shape in dict.fromkeys(run.shape(p) for p in points):
        cells = []
        for direction, batch in columns:
            here = [p for p in points if (run.shape(p), p["question"], p["batch"]) == (shape, direction, batch)]
            cells.append(f"{run.ratio(here[0], slower, run.SLUICE_FUSED)[0]:.2f}" if here else "")
        lines.append(f"| {shape} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def count(points, question):
    """'21 of 29 points (0.88 to 2.65 times its speed, median 1.24)'"""
    ratios = sorted(run.ratio(p, run.EIGEN_FUSED, run.SLUICE_FUSED)[0] for p in points if p["question"] == question)
    return (f"{sum(r >= 1 for r in ratios)} of {len(ratios)} points ({ratios[0]:.2f} to {ratios[-1]:.2f} times its speed, "
            f"median {ratios[len(ratios) // 2]:.2f})")


def peer_ratios(data):
    """How many times as fast as each peer: all pairs of a point and its ratio."""
    forward, training = peers.points_of(data, "forward"), peers.points_of(data, "training")
    pairs = {peers.NAMES[peer]: peers.ratios(forward, peer, "packed") for peer in peers.PEERS}
    pairs["libtorch, forward and backward"] = peers.ratios(training, "libtorch", "sluice")
    return pairs


def picture():
    data = results("peers", PICTURED)
    pairs = peer_ratios(data)
    means = [f"{peers.geometric_mean(pairs[name]):.2f} times {name}" for name in map(peers.NAMES.get, peers.PEERS)]
    worst = min(r[0] for name in map(peers.NAMES.get, peers.PEERS) for _, r in pairs[name])
    return (f"![GFLOP/s over batch, for nine shapes: pack(layer), the layer, and four others]({RESULTS}/{PICTURED}peers.png)\n\n"
            f"*One core, forward; up is better, and grey is beyond what the core can multiply or read. Speed of "
            f"`pack(layer)`, geometric means of {len(pairs['Eigen by hand'])} points: {', '.join(means)}; {worst:.2f} "
            f"times at the worst point. {run.machine_text(data)}.*")


def peers_table():
    data = [results("peers", machine) for machine in MACHINES.values()]
    columns = [peer_ratios(d) for d in data]
    rows = []
    for name in columns[0]:
        if not all(c[name] for c in columns):
            sys.exit(f"update_readme.py: a table of benchmarks/results has no {name}")
        hindered = name in ("OpenBLAS", "libtorch", "libtorch, forward and backward")
        rows.append([name, *(f"{peers.geometric_mean(c[name]):.2f} ({min(r[0] for _, r in c[name]):.2f})"
                             f"{' ¹' if hindered and 'note' in d else ''}" for c, d in zip(columns, data))])
    rows.append(["all points", *(f"[table]({RESULTS}/{machine}peers.md)" for machine in MACHINES.values())])
    return "\n".join(machines_table(["`pack(layer)` vs"], rows))


def goals():
    marks = {"reached": "{}", "missed": "**{}**", "missed, in the noise": "≈{}"}
    data = [results("peers", machine) for machine in MACHINES.values()]
    columns = [peers.goals(d) for d in data]
    by_name = [{g.what: g for g in c} for c in columns]
    rows = []
    for what, least in dict.fromkeys((g.what, g.least) for c in columns for g in c):
        cells = []
        for of_machine, d in zip(by_name, data):
            mark = " ¹" if "note" in d and ("OpenBLAS" in what or "libtorch" in what) else ""
            cells.append(marks[of_machine[what].verdict].format(of_machine[what].measured) + mark
                         if what in of_machine else "")
        rows.append([what, least, *cells])
    reached = [f"{sum(g.verdict == 'reached' for g in c)} of {len(c)}" for c in columns]
    tables = [f"[table](../{RESULTS}/{machine}peers.md)" for machine in MACHINES.values()]
    rows += [["reached", "", *reached], ["measured", "", *(d["date"] for d in data)],
             ["all points", "", *tables]]
    return "\n".join(machines_table(["what", "at least"], rows))


def benchmark():
    data = results("fused_vs_split", "zen5/")
    points = run.layer_points(data, layout="row")
    return "\n\n".join([
        "How many times as fast as others, one core: geometric means of all points (and the worst one), forward, and "
        "for a training step of the layer itself:",
        peers_table(),
        "¹ Measured before the memory that OpenBLAS and libtorch are given began with a cache line, as ours does: the "
        "means are a few percent too high, single points with one sample up to two times.",
        f"![How many times as fast: sluice over Eigen by hand, and fused over split]({RESULTS}/zen5/fused_vs_split.png)",
        f"The mutable layer against Eigen by hand ({run.machine_text(data)}): at least as fast as the fused layer by hand "
        f"at {count(points, 'forward')} forward, and at {count(points, 'backward')} backward.",
        "Speed of sluice (fused) over Eigen by hand (fused); the columns are direction and batch:",
        speed(points, run.EIGEN_FUSED),
        "Speed of fused over split, both sluice:",
        speed(points, run.SLUICE_SPLIT),
        f"GFLOP/s, GB/s, percent of the machine's limits, column-major matrices and every activation: "
        f"[{RESULTS}/zen5/fused_vs_split.md]({RESULTS}/zen5/fused_vs_split.md); with AVX2: [zen3]({RESULTS}/zen3/fused_vs_split.md).",
    ])


def compile_time():
    command = [sys.executable, str(ROOT / "benchmarks/compile_time.py"), "--repetitions", "11"]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode not in (0, 1) or "medians of" not in ran.stdout:
        sys.exit(f"update_readme.py: compile_time.py failed\n{ran.stdout}{ran.stderr}")
    load = f"{run.cpu_model()}, load {os.getloadavg()[1]:.1f} on {os.cpu_count()} processors."
    return "```text\n" + ran.stdout[ran.stdout.rindex("\n\n"):].strip() + f"\n```\n\n{load}"


def demo():
    program = ROOT / "build/demo/examples/tumours"
    if not program.exists():
        sys.exit("update_readme.py: no build/demo/examples/tumours; ./dev demo builds it")
    output = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    table = re.search(r"^  variant .*?\n\n", output, re.DOTALL | re.MULTILINE).group()
    return "```text\n" + table.rstrip() + f"\n```\n\nTimes: {run.cpu_model()}, one core, no `-march`."


def main():
    writers = {
        "picture": (README, picture), "benchmark": (README, benchmark), "goals": (PERFORMANCE, goals),
        "compile-time": (README, compile_time), "demo": (README, demo),
    }
    names = [name for name in sys.argv[1:] if name != "--check"]
    if unknown := [name for name in names if name not in writers]:
        sys.exit(f"update_readme.py: no part {unknown[0]!r}; there are: {', '.join(writers)}")
    before = {path: path.read_text(encoding="utf-8") for path in (README, PERFORMANCE)}
    after = dict(before)
    for name in names or ["picture", "benchmark", "goals"]:
        path, write = writers[name]
        begin, end = f"<!-- {name}:begin -->\n", f"\n<!-- {name}:end -->"
        text = after[path]
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"update_readme.py: {path.name} needs {begin.strip()} and {end.strip()}, once each")
        after[path] = text[: text.index(begin) + len(begin)] + write() + text[text.index(end):]
    if "--check" in sys.argv[1:]:
        if other := [path.name for path in before if after[path] != before[path]]:
            sys.exit(f"{', '.join(other)}: other figures than in benchmarks/results; run tools/update_readme.py")
        print("README.md and docs/performance.md show the figures of benchmarks/results")
        return
    for path, text in after.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
