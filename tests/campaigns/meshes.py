#!/usr/bin/env python3
"""Meshes of many volumes, looked at by independent programs.

  tests/campaigns/meshes.py --program build/release/bin/pix2vox [--random N] [VOLUME.npy ...]

For random volumes of several densities, checkerboards and the given predictions: `pix2vox mesh` as blocks and smooth,
STL, OBJ, PLY and GLB. trimesh (pip install trimesh) must read each, with vertices merged, as watertight, consistently
wound and of positive volume, and find no edge with other than two faces; admesh must find nothing to repair. Ends with
the number of files and of faults, and exits with 1 if there are any.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import trimesh

ADMESH_ZEROS = [
    "Facets with 1 disconnected edge", "Facets with 2 disconnected edges", "Facets with 3 disconnected edges",
    "Total disconnected facets", "Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed",
    "Backwards edges", "Normals fixed",
]


def volumes(count):
    rng = np.random.default_rng(1)
    for i in range(count):
        n = int(rng.integers(2, 13))
        kind = i % 4
        if kind == 0:
            grid = rng.random((n, n, n))
        elif kind == 1:
            grid = (rng.random((n, n, n)) < rng.random()).astype(np.float64)
        elif kind == 2:
            grid = (np.indices((n, n, n)).sum(0) % 2).astype(np.float64)
        else:
            grid = rng.random((n + 2,) * 3)
            for axis in range(3):
                grid = (grid + np.roll(grid, 1, axis)) / 2
        yield f"random{i}", grid.astype(np.float32)


def trimesh_faults(file):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        mesh = trimesh.load(file, force="mesh", process=True)
        mesh.merge_vertices()
    faults = [f"warning: {w.message}" for w in told]
    uses = np.unique(np.sort(mesh.edges, axis=1), axis=0, return_counts=True)[1]
    if (uses == 1).any():
        faults.append(f"{(uses == 1).sum()} boundary edges")
    if (uses > 2).any():
        faults.append(f"{(uses > 2).sum()} non-manifold edges")
    if not mesh.is_watertight or not mesh.is_winding_consistent:
        faults.append("not watertight, or winding not consistent")
    if mesh.volume <= 0:
        faults.append(f"volume {mesh.volume}")
    return faults


def admesh_faults(file):
    done = subprocess.run(["admesh", file], capture_output=True, text=True, check=False)
    faults = [] if done.returncode == 0 else [f"admesh exits with {done.returncode}"]
    for name in ADMESH_ZEROS:
        found = re.search(rf"{re.escape(name)}\s*:\s*(\d+)", done.stdout)
        if not found or int(found.group(1)):
            faults.append(f"admesh: {name} {found.group(1) if found else 'not told'}")
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/bin/pix2vox")
    parser.add_argument("--random", type=int, default=1000)
    parser.add_argument("predictions", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    if not shutil.which("admesh"):
        sys.exit("meshes.py: admesh is missing: scripts/install-packages test")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = []
        for name, grid in volumes(args.random):
            if grid.max() >= 0.5:
                np.save(folder / f"{name}.npy", grid)
                names.append(folder / f"{name}.npy")
        names += args.predictions
        files = faulty = 0
        for surface in ("blocks", "smooth"):
            out = folder / surface
            for start in range(0, len(names), 200):
                subprocess.run(
                    [args.program, "mesh", *names[start : start + 200], "--surface", surface, "--out", out, "--format",
                     "stl,obj,ply,glb", "--strict"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for file in sorted(out.iterdir()):
                files += 1
                faults = trimesh_faults(file) + (admesh_faults(file) if file.suffix == ".stl" else [])
                faulty += bool(faults)
                if faults:
                    print(f"{surface}/{file.name}: {'; '.join(faults)}")
    print(f"{len(names)} volumes, {files} files, {faulty} with faults (trimesh {trimesh.__version__}, admesh)")
    sys.exit(bool(faulty))


if __name__ == "__main__":
    main()
