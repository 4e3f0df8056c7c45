#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the measured figures into README.md, between <!-- NAME:begin --> and <!-- NAME:end -->.

    tools/update_readme.py                 # picture and benchmark, from benchmarks/results/fused_vs_split.json
    tools/update_readme.py compile-time    # runs benchmarks/compile_time.py
    tools/update_readme.py demo            # runs build/demo/examples/tumours (./dev demo builds it)
    tools/update_readme.py --check         # changes nothing, exit 1 if picture or benchmark are not those of the JSON
"""

import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = "benchmarks/results/fused_vs_split.png"
TABLE = "benchmarks/results/fused_vs_split.md"
ZEN3 = "benchmarks/results/zen3"

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "benchmarks"))
import run  # noqa: E402  benchmarks/run.py: the same medians and ratios as in the report


def results(machine=""):
    path = ROOT / "benchmarks/results" / machine / "fused_vs_split.json"
    return json.loads(path.read_text(encoding="utf-8"))


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


def picture():
    data = results()
    return (f"![How many times as fast: sluice over Eigen by hand, and fused over split]({PICTURE})\n\n"
            f"*Bars above 1× are in sluice's favour, bars below are not. {run.machine_text(data)}.*")


def benchmark():
    data, avx2 = results(), results("zen3")
    points, avx2_points = (run.layer_points(d, layout="row") for d in (data, avx2))
    return "\n\n".join([
        f"{run.machine_text(data)}.",
        f"sluice's fused layer is at least as fast as the fused layer by hand at {count(points, 'forward')} forward, "
        f"and at {count(points, 'backward')} backward.",
        "Speed of sluice (fused) over Eigen by hand (fused); the columns are direction and batch:",
        speed(points, run.EIGEN_FUSED),
        "Speed of fused over split, both sluice:",
        speed(points, run.SLUICE_SPLIT),
        f"GFLOP/s, GB/s, percent of the machine's limits, column-major matrices and every activation: [{TABLE}]({TABLE}).",
        f"That is a Zen 5 with AVX-512. With AVX2, on a Zen 3 ({run.machine_text(avx2)}): at least as fast as the fused "
        f"layer by hand at {count(avx2_points, 'forward')} forward, and at {count(avx2_points, 'backward')} backward "
        f"([tables]({ZEN3}/fused_vs_split.md), [against oneDNN, OpenBLAS and libtorch]({ZEN3}/peers.md)).",
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
    writers = {"picture": picture, "benchmark": benchmark, "compile-time": compile_time, "demo": demo}
    names = [name for name in sys.argv[1:] if name != "--check"]
    if unknown := [name for name in names if name not in writers]:
        sys.exit(f"update_readme.py: no part {unknown[0]!r}; there are: {', '.join(writers)}")
    before = text = README.read_text(encoding="utf-8")
    for name in names or ["picture", "benchmark"]:
        begin, end = f"<!-- {name}:begin -->\n", f"\n<!-- {name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"update_readme.py: README.md needs {begin.strip()} and {end.strip()}, once each")
        text = text[: text.index(begin) + len(begin)] + writers[name]() + text[text.index(end):]
    if "--check" in sys.argv[1:]:
        if text != before:
            sys.exit("README.md shows other figures than benchmarks/results; run tools/update_readme.py")
        print("README.md shows the figures of benchmarks/results")
        return
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
