#!/usr/bin/env python3
"""The measures of `pix2vox test` in plain NumPy, with PyMCubes for the surfaces: what they are compared with.

  tools/golden/measures.py PREDICTION.npy TRUTH.npy [--threshold T] [--points N] [--seed N] [--key N]
  tools/golden/measures.py --golden          the numbers of tests/pix2vox/test_measures.cpp
  tools/golden/measures.py --many N          means over N made-up objects, and seconds

Needs numpy, scipy and PyMCubes (pip install numpy scipy PyMCubes).
"""
import argparse
import json
import time

import mcubes
import numpy as np
from scipy.spatial import cKDTree

DISTANCES = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
SURFACE_POINTS = 0x5F5C07E
U64 = (1 << 64) - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & U64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & U64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & U64
    return x ^ (x >> 31)


def uniform(seed, keys, count):
    """tensor/rng.h: Philox4x32-10, two words a number."""
    stream = 0
    for key in keys:
        stream = mix(stream ^ mix(key))
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    x = [blocks & low, blocks >> np.uint64(32), np.full_like(blocks, stream & 0xFFFFFFFF), np.full_like(blocks, stream >> 32)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * x[0], np.uint64(0xCD9E8D57) * x[2]
        x = [(b >> np.uint64(32)) ^ x[1] ^ np.uint64(k[0]), b & low, (a >> np.uint64(32)) ^ x[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    words = np.stack(x, 1).reshape(-1, 2)
    return (((words[:, 0] << np.uint64(32)) | words[:, 1]) >> np.uint64(11)).astype(np.float64)[:count] * 2.0**-53


def surface(occupied):
    vertices, triangles = mcubes.marching_cubes(np.pad(occupied.astype(np.float64), 1), 0)
    return vertices / (len(occupied) + 1), triangles.astype(np.int64)


def sample(vertices, triangles, points, draws):
    corners = vertices[triangles]
    edges = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = np.linalg.norm(np.cross(*edges), axis=1) / 2
    keep = areas > 0
    corners, edges, areas = corners[keep], [e[keep] for e in edges], areas[keep]
    up_to = np.cumsum(areas)
    which, u, v = draws.reshape(points, 3).T
    i = np.minimum(np.searchsorted(up_to, which * up_to[-1], side="right"), len(areas) - 1)
    other = u + v > 1
    u, v = np.where(other, 1 - u, u), np.where(other, 1 - v, v)
    return corners[i, 0] + u[:, None] * edges[0][i] + v[:, None] * edges[1][i]


def shape_distance(prediction, threshold, truth, key, points, seed):
    meshes = [surface(truth >= 0.5), surface(prediction >= np.float64(threshold))]
    if not all(len(m[1]) for m in meshes):
        return {"fscore": [float(not any(len(m[1]) for m in meshes))] * len(DISTANCES)}
    clouds = [
        sample(*mesh, points, uniform(seed, [SURFACE_POINTS, key, side], 3 * points)) for side, mesh in enumerate(meshes)
    ]
    to_truth = cKDTree(clouds[0]).query(clouds[1])[0]
    to_prediction = cKDTree(clouds[1]).query(clouds[0])[0]
    fscore = []
    for d in DISTANCES:
        p, r = (to_truth < d).mean(), (to_prediction < d).mean()
        fscore.append(2 * p * r / (p + r) if p + r > 0 else 0.0)
    return {"fscore": fscore, "chamfer": to_truth.mean() + to_prediction.mean()}


def iou(prediction, threshold, truth):
    p, t = prediction >= threshold, truth >= 0.5
    return (p & t).sum() / (p | t).sum() if (p | t).any() else 1.0


def pix3d_normalized(grid):
    if len(grid) > 100:
        n = len(grid) // 4
        grid = grid[: 4 * n, : 4 * n, : 4 * n].reshape(n, 4, n, 4, n, 4).max((1, 3, 5))
    found = np.argwhere(grid >= 0.1)
    if not len(found):
        return np.zeros((32, 32, 32))
    low, high = found.min(0), found.max(0) + 1
    box = grid[tuple(slice(a, b) for a, b in zip(low, high))]
    side = max(box.shape)
    before = [(side - s) // 2 for s in box.shape]
    box = np.pad(box, [(b, side - s - b) for b, s in zip(before, box.shape)]).astype(np.float64)
    for axis in range(3):
        place = np.linspace(0, side - 1, 32)
        i = np.minimum(place.astype(int), max(side - 2, 0))
        j = np.minimum(i + 1, side - 1)
        share = (place - i).reshape([-1 if a == axis else 1 for a in range(3)])
        box = box.take(i, axis) * (1 - share) + box.take(j, axis) * share
    return box


def pix3d_iou(prediction, truth):
    p, t = pix3d_normalized(prediction), pix3d_normalized(truth)
    result = []
    for threshold in np.arange(1, 50) / 100:
        a, b = p > threshold, t > threshold
        result.append((a & b).sum() / (a | b).sum() if (a | b).any() else 0.0)
    return result


def expected_error(prediction, truth, bins=20):
    place = np.clip((prediction.astype(np.float32) * np.float32(bins)).astype(int), 0, bins - 1).ravel()
    count = np.bincount(place, minlength=bins)
    p = np.bincount(place, prediction.ravel().astype(np.float64), bins)
    t = np.bincount(place, (truth.ravel() >= 0.5).astype(np.float64), bins)
    return np.abs(p - t).sum() / count.sum()


def ball(n, x0, y0, z0, radius):
    x, y, z = np.indices((n, n, n)).astype(np.float64)
    d = np.sqrt((x - x0) * (x - x0) + (y - y0) * (y - y0) + (z - z0) * (z - z0))
    return np.clip(0.5 + (radius - d) / 3, 0, 1).astype(np.float32)


def measures(prediction, truth, threshold, key, points, seed):
    return {
        "iou": float(iou(prediction, threshold, truth)),
        **shape_distance(prediction, threshold, truth, key, points, seed),
        "pix3d_iou_at_0.3": float(pix3d_iou(prediction, truth)[29]),
        "expected_error": float(expected_error(prediction, truth)),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*")
    parser.add_argument("--threshold", type=float, default=0.3)
    parser.add_argument("--points", type=int, default=8192)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--key", type=int, default=0)
    parser.add_argument("--golden", action="store_true")
    parser.add_argument("--many", type=int)
    args = parser.parse_args()
    if args.golden:
        prediction, truth = ball(32, 15.2, 14.1, 16.7, 9.4), ball(32, 16, 16, 16, 10.3)
        print(json.dumps(measures(prediction, truth, 0.3, 5, 8192, 1)))
    elif args.many:
        start, total = time.perf_counter(), 0
        for i in range(args.many):
            prediction, truth = ball(32, 15 + i % 3, 14, 16, 6 + i % 5), ball(32, 16, 16, 16, 10.3)
            total += shape_distance(prediction, 0.3, truth, i, args.points, args.seed)["fscore"][1]
        print(f"F@1% {total / args.many:.6f}, {time.perf_counter() - start:.1f} s")
    else:
        prediction, truth = (np.load(f) for f in args.files)
        print(json.dumps(measures(prediction, truth, args.threshold, args.key, args.points, args.seed)))


if __name__ == "__main__":
    main()
