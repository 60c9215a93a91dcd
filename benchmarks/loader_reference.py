#!/usr/bin/env python3
"""Pix2Vox's preprocessing and augmentation as one writes them with OpenCV and NumPy, timed on one core.

    benchmarks/loader_reference.py DATA [--images 1000] [--rounds 5] [--json]

DATA has the 3D-R2N2 layout; pictures are taken from the training split, an object at a time, like
in loader.cpp, whose counterpart this is. Images per second of processor time, medians of the rounds;
"cold" reads, decodes and transforms. Needs python3-opencv and python3-numpy.
"""
import argparse
import json
import statistics
import time
from pathlib import Path

import cv2
import numpy as np

CROP, SIZE = 128, 224
EIGENVALUES = np.array([0.2175, 0.0188, 0.0045], np.float32)
EIGENVECTORS = np.array([[-0.5675, 0.7192, 0.4009],
                         [-0.5808, -0.0045, -0.8140],
                         [-0.5836, -0.6948, 0.4203]], np.float32)
GREY = np.array([0.114, 0.587, 0.299], np.float32)  # of B, G, R


def find(data, kind):
    folders = sorted(path for path in data.iterdir() if path.name.startswith(kind))
    if not folders:
        raise SystemExit(f"{data}: no folder {kind}*")
    return folders[0]


def picture_files(data, count):
    renderings = find(data, "ShapeNetRendering")
    folders = [renderings / category["taxonomy_id"] / name / "rendering"
               for category in json.loads((data / "dataset.json").read_text())
               for name in category.get("train", [])]
    views = [sorted(folder.glob("*.png")) for folder in folders]
    return [views[i % len(views)][i // len(views) % len(views[i % len(views)])]
            for i in range(count)]


def read(file):
    return cv2.imread(str(file), cv2.IMREAD_UNCHANGED)


def crop_and_resize(picture):
    image = picture.astype(np.float32) / 255
    height, width = image.shape[:2]
    if height > CROP and width > CROP:
        top, left = (height - CROP) // 2, (width - CROP) // 2
        image = image[top:top + CROP, left:left + CROP]
    return cv2.resize(image, (SIZE, SIZE))


def put_background(image, colour):
    if image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    if image.shape[2] == 4:
        return np.where(image[..., 3:] == 0, np.float32(colour) / np.float32(255), image[..., :3])
    return image


def jitter(image, rng):
    steps = ["brightness", "contrast", "saturation"]
    factors = {step: np.float32(rng.uniform(0.6, 1.4)) for step in steps}
    for step in rng.permutation(steps):
        if step == "brightness":
            other = np.float32(0)
        else:
            grey = image @ GREY
            other = grey.mean() if step == "contrast" else grey[..., None]
        image = factors[step] * image + (1 - factors[step]) * other
    return image


def normalize(image):
    return (image - np.float32(0.5)) / np.float32(0.5)


def transform_test(picture):
    return normalize(put_background(crop_and_resize(picture), (240, 240, 240)))


def transform_training(picture, rng):
    image = put_background(crop_and_resize(picture), rng.integers(225, 256, 3))
    image = jitter(image, rng)
    weights = rng.normal(0, 0.1, 3).astype(np.float32)
    image = normalize(image + (EIGENVECTORS @ (EIGENVALUES * weights))[::-1])
    if rng.random() < 0.5:
        image = image[:, ::-1]
    return np.ascontiguousarray(image[..., rng.permutation(3)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    cv2.setNumThreads(1)
    files = picture_files(options.data, options.images)
    pictures = [read(file) for file in files]
    rng = np.random.default_rng(1)
    stages = {
        "read and decode": lambda i: read(files[i]),
        "transform, test": lambda i: transform_test(pictures[i]),
        "transform, training": lambda i: transform_training(pictures[i], rng),
        "cold, test": lambda i: transform_test(read(files[i])),
        "cold, training": lambda i: transform_training(read(files[i]), rng),
    }
    rates = {}
    for name, run in stages.items():
        seconds = []
        for _ in range(options.rounds):
            start = time.process_time()
            for i in range(len(files)):
                run(i)
            seconds.append(time.process_time() - start)
        rates[name] = round(len(files) / statistics.median(seconds), 1)

    if options.json:
        print(json.dumps(rates))
        return
    print(f"{'stage':<22} {'images/s':>10} {'us':>10}")
    for name, rate in rates.items():
        print(f"{name:<22} {rate:10.0f} {1e6 / rate:10.1f}")


if __name__ == "__main__":
    main()
