#!/usr/bin/env python3
"""Makes the pictures of tests/voxels/data that are neither PNG nor JPEG, all of the gradient of tests/voxels/test_jpeg.cpp.

    tools/make_test_pictures.py            needs python3-pil, python3-numpy, and heif-enc of libheif-examples
"""
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "voxels" / "data"
WIDTH, HEIGHT = 45, 30


def main():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    u, v = x / WIDTH, y / HEIGHT
    colors = numpy.stack([40 + 180 * u, 220 - 170 * v, 60 + 120 * u * v], 2).astype(numpy.uint8)
    picture = Image.fromarray(colors)
    picture.save(FOLDER / "lossless.webp", lossless=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(numpy.ascontiguousarray(numpy.rot90(colors))).save(FOLDER / "rotated.webp", lossless=True, exif=exif)
    alpha = numpy.where(x > 20, 255, 0).astype(numpy.uint8)
    Image.fromarray(numpy.dstack([colors, alpha])).save(FOLDER / "alpha.webp", quality=95)
    picture.quantize(200).save(FOLDER / "picture.gif")
    picture.save(FOLDER / "picture.bmp")
    picture.save(FOLDER / "picture.tga", compression="tga_rle")
    picture.save(FOLDER / "picture.ppm")
    with tempfile.TemporaryDirectory() as folder:
        png = pathlib.Path(folder) / "picture.png"
        picture.save(png)
        subprocess.run(["heif-enc", "-q", "95", "-o", FOLDER / "picture.heic", png], check=True)
        subprocess.run(["heif-enc", "-A", "-q", "95", "-o", FOLDER / "picture.avif", png], check=True)


if __name__ == "__main__":
    main()
