#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much longer than a product of two Eigen matrices does the quickstart compile?

They are compiled one after the other, again and again, without ccache; the times are the compiler's
CPU time, the result is the median of the ratios of every repetition. The goal is 1.5 at most, against
the product with <Eigen/Core>, which is all that it needs; most programs include <Eigen/Dense>. What
a backward pass adds is shown by examples/training.cpp, what SLUICE_EXTERN_ENGINE saves by the quickstart with it.
"""

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOAL = 1.5
ELSEWHERE = "quickstart, kernels elsewhere"
TWO_MATRICES = """\
#include <Eigen/{header}>
#include <iostream>

int main() {{
  const Eigen::MatrixXf a = Eigen::MatrixXf::Random(32, 30);
  const Eigen::MatrixXf b = Eigen::MatrixXf::Random(30, 20);
  std::cout << a * b << '\\n';
}}
"""


def eigen_directory():
    found = subprocess.run(["pkg-config", "--cflags-only-I", "eigen3"], capture_output=True, text=True)
    return found.stdout.strip().removeprefix("-I") if found.returncode == 0 else "/usr/include/eigen3"


def compile_seconds(compiler, options, source, output):
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    begin = used()
    command = [compiler, *options, "-c", str(source), "-o", str(output)]
    subprocess.run(command, check=True, env={**os.environ, "CCACHE_DISABLE": "1"})
    return used() - begin


def main():
    parser = argparse.ArgumentParser(description="Compile time of the quickstart against one Eigen product.")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--flags", default="-O2", help="besides -std=c++20 (default -O2)")
    arguments = parser.parse_args()
    if shutil.which(arguments.compiler) is None:
        sys.exit(f"compile_time.py: no compiler {arguments.compiler}")

    options = ["-std=c++20", *arguments.flags.split(), f"-I{ROOT / 'include'}", "-isystem", eigen_directory()]
    ours = [ROOT / "examples" / name for name in ("quickstart.cpp", "training.cpp")]
    with tempfile.TemporaryDirectory() as directory:
        sources = {source.name: source for source in ours}
        for header in ("Core", "Dense"):
            sources[header] = pathlib.Path(directory) / f"two_matrices_{header}.cpp"
            sources[header].write_text(TWO_MATRICES.format(header=header), encoding="utf-8")
        engine = pathlib.Path(directory) / "engine_elsewhere.cpp"
        include = "#include <sluice/sluice.hpp>\n"
        engine.write_text(ours[0].read_text(encoding="utf-8").replace(include, include + "SLUICE_EXTERN_ENGINE(float)\n"),
                          encoding="utf-8")
        sources[ELSEWHERE] = engine
        seconds = {name: [] for name in sources}
        output = pathlib.Path(directory) / "output.o"
        for repetition in range(-1, arguments.repetitions):  # the first brings the files into memory
            for name, times in seconds.items():
                time = compile_seconds(arguments.compiler, options, sources[name], output)
                if repetition >= 0:
                    times.append(time)
            if repetition >= 0:
                print(f"{repetition + 1} of {arguments.repetitions}", end="")
                print("".join(f", {name} {times[-1]:.2f} s" for name, times in seconds.items()), flush=True)

    def ratio(name, header):
        return statistics.median(a / b for a, b in zip(seconds[name], seconds[header]))

    print(f"\n{arguments.compiler} {arguments.flags}, medians of {arguments.repetitions}, CPU seconds:")
    for header in ("Core", "Dense"):
        print(f"  {f'two matrices, <Eigen/{header}>':29}  {statistics.median(seconds[header]):5.2f}")
    names = {source.name: f"examples/{source.name}" for source in ours} | {ELSEWHERE: ELSEWHERE}
    for name, text in names.items():
        print(f"  {text:29}  {statistics.median(seconds[name]):5.2f}  "
              f"{ratio(name, 'Core'):.2f} times <Eigen/Core>, {ratio(name, 'Dense'):.2f} times <Eigen/Dense>")
    reached = ratio("quickstart.cpp", "Core") <= GOAL
    print(f"quickstart: {ratio('quickstart.cpp', 'Core'):.2f} times the plain product, goal at most {GOAL}: "
          f"{'reached' if reached else 'MISSED'}")
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
