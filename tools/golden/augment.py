#!/usr/bin/env python3
"""Golden numbers of the training augmentation, computed plainly with OpenCV and NumPy.

Writes tests/golden/augment.json (the random draws of each case) and tests/golden/augment.npz (every
41st pixel of each result, f32 [n,3] in the order B, G, R). Needs python3-opencv and python3-numpy.

    python3 tools/golden/augment.py
"""
import json
from pathlib import Path

import cv2
import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"
PIXEL_STEP = 41

EIGENVALUES = np.array([0.2175, 0.0188, 0.0045])
EIGENVECTORS = np.array([[-0.5675, 0.7192, 0.4009],
                         [-0.5808, -0.0045, -0.8140],
                         [-0.5836, -0.6948, 0.4203]])


def draw(rng):
    """The random numbers of one object with one view."""
    return {
        "background": rng.integers(225, 256, 3).tolist(),
        "brightness": rng.uniform(0.6, 1.4),
        "contrast": rng.uniform(0.6, 1.4),
        "saturation": rng.uniform(0.6, 1.4),
        "order": rng.permutation(["brightness", "contrast", "saturation"]).tolist(),
        "noise": rng.normal(0, 0.1, 3).tolist(),
        "channels": rng.permutation(3).tolist(),
        "flip": bool(rng.integers(2)),
        "box_scale": rng.uniform(0.8, 1.2),
        "box_edges": rng.uniform(0.4, 0.6, 4).tolist(),
    }


def crop_box(image, box, draw):
    height, width = image.shape[:2]
    left, top, right, bottom = np.array(box) * [width, height, width, height]
    side = max(right - left, bottom - top) * draw["box_scale"]
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    edges = draw["box_edges"]
    x0, x1 = int(middle_x - side * edges[0]), int(middle_x + side * edges[1])
    y0, y1 = int(middle_y - side * edges[2]), int(middle_y + side * edges[3])
    inside = image[max(y0, 0):min(y1, height - 1) + 1, max(x0, 0):min(x1, width - 1) + 1]
    padding = ((max(-y0, 0), max(y1 - height + 1, 0)), (max(-x0, 0), max(x1 - width + 1, 0)))
    return np.pad(inside, padding + ((0, 0),) * (image.ndim - 2), mode="edge")


def crop_centre(image, crop):
    height, width = image.shape[:2]
    if height <= crop or width <= crop:
        return image
    x0, y0 = (width - crop) // 2, (height - crop) // 2
    return image[y0:y0 + crop, x0:x0 + crop]


def jitter(image, draw):
    for step in draw["order"]:
        factor = draw[step]
        grey = image @ np.array([0.114, 0.587, 0.299])
        if step == "brightness":
            other = 0.0
        elif step == "contrast":
            other = grey.mean()
        else:
            other = grey[..., None]
        image = factor * image + (1 - factor) * other
    return image


def augment(case):
    image = cv2.imread(str(GOLDEN / "pictures" / case["picture"]), cv2.IMREAD_UNCHANGED)
    image = image.astype(np.float32) / 255
    draw = case["draw"]
    image = crop_box(image, case["box"], draw) if "box" in case else crop_centre(image, case["crop"])
    image = cv2.resize(image, (case["size"], case["size"]))
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    image = image.astype(np.float64)
    if image.shape[2] == 4:
        empty = image[..., 3:] == 0
        image = np.where(empty, np.array(draw["background"]) / 255, image[..., :3])
    image = jitter(image, draw)
    noise_rgb = (EIGENVECTORS * EIGENVALUES * np.array(draw["noise"])).sum(axis=1)
    image = image + noise_rgb[::-1]
    image = (image - 0.5) / 0.5
    if draw["flip"]:
        image = image[:, ::-1]
    return image[..., draw["channels"]].astype(np.float32)


def main():
    rng = np.random.default_rng(20190909)
    cases = []
    for name, picture, size, box in [
        ("rgba_128", "picture_128.png", 224, None),
        ("rgba_137", "picture_137.png", 224, None),
        ("rgba_137_again", "picture_137.png", 224, None),
        ("rgba_137_small", "picture_137.png", 64, None),
        ("rgb", "picture_201x160_rgb.png", 224, None),
        ("rgb_box", "picture_201x160_rgb.png", 224, [0.1, 0.2, 0.8, 0.95]),
        ("rgb_edge_box", "picture_201x160_rgb.png", 224, [0.55, 0.05, 1.0, 0.7]),
        ("rgb_corner_box", "picture_201x160_rgb.png", 32, [0.0, 0.0, 0.2, 1.0]),
        ("grey", "picture_90x70_grey.png", 224, None),
    ]:
        case = {"name": name, "picture": picture, "crop": 128, "size": size, "draw": draw(rng)}
        if box:
            case["box"] = box
        cases.append(case)

    grey = cv2.imread(str(GOLDEN / "pictures" / "picture_201x160_rgb.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(GOLDEN / "pictures" / "picture_90x70_grey.png"), cv2.resize(grey, (90, 70)))

    results = {case["name"]: augment(case).reshape(-1, 3)[::PIXEL_STEP] for case in cases}
    np.savez_compressed(GOLDEN / "augment.npz", **results)
    document = {"pixel_step": PIXEL_STEP, "cases": cases}
    (GOLDEN / "augment.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
