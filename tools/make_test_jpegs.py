#!/usr/bin/env python3
"""Makes the JPEG files of tests/voxels/data: one of each kind that pictures come in.

Needs Pillow, NumPy and OpenCV. All show the gradient of tests/voxels/test_jpeg.cpp, 45x30 pixels.
"""
import pathlib
import sys

import cv2
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 45, 30


def gradient():
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] / np.array([HEIGHT, WIDTH])[:, None, None]
    return np.stack([40 + 180 * u, 220 - 170 * v, 60 + 120 * u * v], axis=-1).astype(np.uint8)


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "tests" / "voxels" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    pixels = gradient()
    options = {"quality": 95, "subsampling": 0}
    Image.fromarray(pixels[..., 0]).save(folder / "grey.jpg", quality=95)
    Image.fromarray(pixels).save(folder / "baseline.jpg", **options)
    Image.fromarray(pixels).save(folder / "progressive.jpg", progressive=True, **options)
    Image.fromarray(pixels).convert("CMYK").save(folder / "cmyk.jpg", **options)
    restart = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_RST_INTERVAL, 2]
    if not cv2.imwrite(str(folder / "restart.jpg"), pixels[..., ::-1], restart):
        sys.exit("cannot write restart.jpg")


if __name__ == "__main__":
    main()
