#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes tests/data/io/npy: small arrays, as NumPy itself stores them. Element (i, j) of a matrix is 10·i + j + 0.5.
#
#   /usr/bin/python3 tools/npy_reference.py        # needs NumPy
"""NumPy's own files for the tests of sluice/io/npy.hpp."""

import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/io/npy"
MATRIX = 10.0 * np.arange(3)[:, None] + np.arange(5)[None, :] + 0.5

OUT.mkdir(parents=True, exist_ok=True)
for kind in ("f2", "f4", "f8"):
    np.save(OUT / f"c_{kind}.npy", np.ascontiguousarray(MATRIX.astype(f"<{kind}")))
    np.save(OUT / f"fortran_{kind}.npy", np.asfortranarray(MATRIX.astype(f"<{kind}")))
for version in (1, 2, 3):
    with open(OUT / f"version_{version}.npy", "wb") as file:
        np.lib.format.write_array(file, MATRIX.astype("<f4"), version=(version, 0))
np.save(OUT / "vector.npy", MATRIX[1].astype("<f4"))
np.save(OUT / "scalar.npy", np.array(0.1))
np.save(OUT / "empty.npy", np.zeros((0, 7), "<f4"))
np.save(OUT / "cube.npy", np.zeros((2, 1, 1), "<f4"))
