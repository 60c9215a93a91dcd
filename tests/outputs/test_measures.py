#!/usr/bin/env python3
"""What `pix2vox test` measures, beside a plain NumPy implementation on the same arrays:
test_measures.py PROGRAM WEIGHTS DATASET FOLDER

The probabilities are those that `pix2vox predict` writes, the truths are the data set's own files. F-score and Chamfer
distance are compared with PyMCubes and SciPy in tests/pix2vox/test_measures.cpp.
"""
import csv
import json
import pathlib
import subprocess
import sys

from browser import Checks, skip

try:
    import numpy as np
except ImportError:
    skip("needs NumPy (python3-numpy)")

program, weights = sys.argv[1:3]
dataset, folder = map(pathlib.Path, sys.argv[3:5])


def run(*words):
    subprocess.run([program, *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read_binvox(file):
    header, _, data = file.read_bytes().partition(b"data\n")
    n = int(header.split(b"dim ")[1].split()[0])
    runs = np.frombuffer(data, np.uint8)
    # The file has y fastest, then z, then x.
    return np.repeat(runs[::2], runs[1::2]).reshape(n, n, n).transpose(0, 2, 1).astype(bool)


def expected_error(probability, truth, bins=20):
    place = np.minimum((probability * bins).astype(int), bins - 1)
    return sum(abs(probability[place == b].mean() - truth[place == b].mean()) * (place == b).mean()
               for b in np.unique(place))


check = Checks()
run("test", "--cfg", "configs/Pix2Vox-mini.yaml", "--weights", weights, "--data", dataset, "--no-baselines",
    "--no-fscore", "--json", folder / "test.json", "--csv", folder / "test.csv")
told = json.loads((folder / "test.json").read_text())
objects = list(csv.DictReader((folder / "test.csv").open()))
check(len(objects) >= 2, "at least two objects")
probabilities, truths, shares = [], [], []
for row in objects:
    out = folder / row["object"]
    name = pathlib.Path(row["category_id"]) / row["object"]
    run("predict", dataset / "ShapeNetRendering" / name / "rendering/00.png", "--weights", weights, "--background",
        "none", "--crop", "never", "--min-alpha", "0", "--format", "npy", "--out", out)
    probability = np.load(next(out.glob("*.npy"))).astype(np.float64)
    truth = read_binvox(dataset / "ShapeNetVox32" / name / "model.binvox")
    check(int(row["true_voxels"]) == truth.sum(), f"{name}: the true voxels")
    for threshold in (0.2, 0.3, 0.4, 0.5):
        ours = probability >= threshold
        iou, theirs = (ours & truth).sum() / (ours | truth).sum(), float(row[f"iou_at_{threshold}"])
        check(abs(iou - theirs) <= 1e-3, f"{name}: IoU at {threshold} is {theirs}, in NumPy {iou}")
        shares.append(iou)
    probabilities.append(probability.ravel())
    truths.append(truth.ravel())
probability, truth = np.concatenate(probabilities), np.concatenate(truths)
check(min(shares) > 0, "shapes that overlap")
bins = told["calibration"]["bins"]
error = sum(each["voxels"] * abs(each["mean_probability"] - each["share_occupied"]) for each in bins) / truth.size
check(sum(each["voxels"] for each in bins) == truth.size, "every voxel is in a bin")
check(abs(error - expected_error(probability, truth)) <= 1e-3,
      f"expected error of calibration {error}, in NumPy {expected_error(probability, truth)}")
check.finish()
