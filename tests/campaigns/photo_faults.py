#!/usr/bin/env python3
"""Plants faults in made photos and looks whether `pix2vox predict` names them.

  tests/campaigns/photo_faults.py PROGRAM [--count N] [--seed N] [--keep DIR]

Half of N photos are sound: an object of `pix2vox dataset synth` before a plain light wall with a slow change of light,
as a JPEG of 640x480 to 900x900. Each of the others has one fault of one kind, in equal shares. A fault is named if it is
among the findings of that photo's part of --json; a sound photo with any finding that asks for something (that was not
made up for) is a false alarm. Ends with a table by kind. Needs python3-numpy and python3-pil.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image, ImageFilter
except ImportError as error:
    print(f"skipped: needs python3-numpy and python3-pil ({error})")
    sys.exit(77)

KINDS = ["no-plain-background", "dark-background", "tiny", "cut-off", "off-centre", "several-objects", "blurred", "squeezed",
         "orientation", "unknown-kind"]


def wall(rng, width, height, dark=False):
    base = rng.uniform(15, 70) if dark else rng.uniform(205, 240)
    slope = rng.uniform(-12, 12, 2)
    y, x = np.mgrid[0:height, 0:width]
    light = base + slope[0] * x / width + slope[1] * y / height
    tint = rng.uniform(-6, 6, 3)
    return light[..., None] + tint + rng.normal(0, 1.5, (height, width, 1))


def pattern(rng, width, height):
    y, x = np.mgrid[0:height, 0:width]
    image = np.zeros((height, width, 3))
    for c in range(3):
        image[..., c] = rng.uniform(80, 180)
        for _ in range(3):
            a, b = rng.uniform(0.02, 0.2, 2)
            image[..., c] += rng.uniform(15, 40) * np.sin(a * x + b * y + rng.uniform(0, 6))
    return image + rng.normal(0, 10, image.shape)


def blob(rng, side):
    """Something that is no piece of furniture: a cloud of coloured noise."""
    y, x = (np.mgrid[0:side, 0:side] - side / 2) / (side / 2)
    angle = np.arctan2(y, x)
    radius = 0.55 + 0.25 * np.sin(rng.integers(3, 9) * angle + rng.uniform(0, 6)) + 0.1 * np.sin(11 * angle)
    colors = rng.uniform(20, 200, (8, 8, 3)).astype("uint8")
    picture = Image.fromarray(colors).resize((side, side), Image.BICUBIC).convert("RGBA")
    picture.putalpha(Image.fromarray(((x * x + y * y < radius ** 2) * 255).astype("uint8")))
    return picture


def tight(picture):
    return picture.crop(picture.getchannel("A").point(lambda a: 255 if a > 127 else 0).getbbox())


def photo_of(rng, objects, kind):
    width, height = [(640, 480), (800, 600), (900, 900)][rng.integers(3)]
    side = min(width, height)
    thing = tight(blob(rng, 400) if kind == "unknown-kind" else objects[rng.integers(len(objects))])
    if kind == "orientation":
        thing = thing.rotate(int(rng.choice([90, 180, 270])), expand=True)
    span = {"tiny": rng.uniform(0.1, 0.2), "off-centre": rng.uniform(0.35, 0.45),
            "several-objects": rng.uniform(0.4, 0.45)}.get(kind, rng.uniform(0.6, 0.8))
    scale = span * side / max(thing.size)
    thing = thing.resize([max(8, round(scale * s)) for s in thing.size], Image.LANCZOS)
    if kind == "blurred":
        radius = 0.035 * max(thing.size)
        framed = Image.new("RGBA", [s + 2 * round(3 * radius) for s in thing.size])
        framed.paste(thing, (round(3 * radius),) * 2)
        thing = framed.filter(ImageFilter.GaussianBlur(radius))
    w, h = thing.size
    x, y = (width - w) / 2 + rng.uniform(-0.04, 0.04) * width, (height - h) / 2 + rng.uniform(-0.04, 0.04) * height
    if kind == "cut-off":
        x = width - w * rng.uniform(0.6, 0.8)
    if kind == "off-centre":
        x = rng.choice([0.02 * width, 0.98 * width - w])
        y = rng.choice([0.02 * height, 0.98 * height - h])
    ground = pattern if kind == "no-plain-background" else wall
    image = ground(rng, width, height, *([True] if kind == "dark-background" else []))
    photo = Image.fromarray(np.clip(image, 0, 255).astype("uint8"))
    if kind == "several-objects":
        other = tight(objects[rng.integers(len(objects))])
        other = other.resize([max(8, round(span * side * s / max(other.size))) for s in other.size], Image.LANCZOS)
        x = 0.04 * width
        photo.paste(other, (round(0.96 * width - other.width), round((height - other.height) / 2)), other)
    photo.paste(thing, (round(x), round(y)), thing)
    if kind == "squeezed":
        stretch = rng.uniform(2.1, 2.6)
        photo = photo.resize((round(width * stretch), height) if rng.integers(2) else (width, round(height * stretch)),
                             Image.BICUBIC)
    return photo


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="leave the photos here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(options.keep or temporary)
        photos = folder / "photos"
        photos.mkdir(parents=True, exist_ok=True)
        if not (folder / "data/dataset.json").exists():
            subprocess.run([options.program, "dataset", "synth", "--out", folder / "data", "--count", "60", "--views", "3",
                            "--image-size", "400", "--seed", str(options.seed), "--elevation", "15", "40"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        objects = [Image.open(f).convert("RGBA") for f in sorted((folder / "data").rglob("0[0-2].png"))]
        objects = [o for o in objects if (np.asarray(o)[..., 3] > 127).mean() > 0.04]
        rng = np.random.default_rng(options.seed)
        planted = {}
        for i in range(options.count):
            kind = KINDS[(i // 2) % len(KINDS)] if i % 2 else "sound"
            file = photos / f"{i:04}.jpg"
            photo_of(rng, objects, kind).save(file, quality=int(rng.integers(80, 96)))
            planted[file.stem] = kind
        subprocess.run([options.program, "predict", "--each", photos, "--out", folder / "out", "--format", "npy",
                        "--json", folder / "found.json"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = json.loads((folder / "found.json").read_text())["objects"]
    table = {kind: [0, 0] for kind in ["sound", *KINDS]}
    for each in found:
        name = pathlib.Path(each["pictures"][0]).stem
        findings = [f for view in each["views"] for f in view["findings"]]
        kind = planted[name]
        table[kind][0] += 1
        if kind == "sound":
            alarms = [f["fault"] for f in findings if not f["mended"]]
            table[kind][1] += bool(alarms)
            if alarms:
                print(f"false alarm: {name}: {', '.join(alarms)}")
        else:
            table[kind][1] += any(f["fault"] == kind for f in findings)
    print("| planted | photos | named |\n|---|---|---|")
    for kind in KINDS:
        print(f"| {kind} | {table[kind][0]} | {table[kind][1]} |")
    photos, named = (sum(table[kind][k] for kind in KINDS) for k in (0, 1))
    sound, alarms = table["sound"]
    print(f"named: {named} of {photos} ({100 * named / photos:.1f}%); false alarms: {alarms} of {sound} "
          f"({100 * alarms / sound:.1f}%)")


main()
