# SPDX-License-Identifier: MIT
#
# Named arrays as text, for the reference files in tests/data (tests/support/array_file.hpp reads them):
#
#   # lines of comment
#   name rank extent0 extent1 ...
#   the numbers, last axis fastest, each with the digits that bring back the same double
"""Reading and writing named arrays as text."""


def write(path, comment, arrays):
    """arrays: name -> anything with a shape and flat numbers (torch tensors, on the CPU)."""
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for line in comment.strip().splitlines():
            file.write(f"# {line}".rstrip() + "\n")
        for name, array in arrays.items():
            extents = " ".join(str(extent) for extent in array.shape)
            numbers = " ".join(_text(number) for number in array.reshape(-1).tolist())
            file.write(f"{name} {array.dim()} {extents}".rstrip() + "\n" + numbers + "\n")


def read(path):
    """name -> (extents, list of numbers)"""
    with open(path, encoding="ascii") as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    arrays = {}
    for header, numbers in zip(lines[::2], lines[1::2]):
        name, rank, *extents = header.split()
        extents = [int(extent) for extent in extents]
        values = [float(number) for number in numbers.split()]
        size = 1
        for extent in extents:
            size *= extent
        if int(rank) != len(extents) or size != len(values):
            raise SystemExit(f"{path}: {name}: expected {size} numbers, got {len(values)}")
        arrays[name] = (extents, values)
    return arrays


def _text(number):
    text = repr(number)
    return text[:-2] if text.endswith(".0") else text
