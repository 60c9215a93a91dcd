#!/usr/bin/env python3
"""Reads the event files of a run without any of TensorBoard's libraries: test_events.py RUN

Checks every checksum, that the scalars are those of metrics.csv, that pictures are PNGs, and that meshes
are closed and inside the unit cube. Where the package `tensorboard` is installed, it reads them, too.
"""
import csv
import pathlib
import struct
import sys
from collections import Counter, defaultdict

from browser import Checks

check = Checks()
run = pathlib.Path(sys.argv[1])


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def fast_crc32c(data, table=[]):
    if not table:
        for i in range(256):
            c = i
            for _ in range(8):
                c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
            table.append(c)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def unmasked(masked):
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, length_crc = struct.unpack_from("<QI", data, at)
        check(unmasked(length_crc) == crc32c(data[at:at + 8]), "checksum of a length")
        record = data[at + 12:at + 12 + length]
        (record_crc,) = struct.unpack_from("<I", data, at + 12 + length)
        check(len(record) == length and unmasked(record_crc) == fast_crc32c(record), "checksum of a record")
        yield record
        at += 12 + length + 4


def fields(message):
    """Protocol buffer to {field: [values]}: numbers for kinds 0, 1, 5, bytes for kind 2."""
    result, at = defaultdict(list), 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        elif kind == 1:
            (value,) = struct.unpack_from("<d", message, at)
            at += 8
        elif kind == 5:
            (value,) = struct.unpack_from("<f", message, at)
            at += 4
        else:
            length = varint()
            value = message[at:at + length]
            at += length
            assert len(value) == length
        result[key >> 3].append(value)
    return result


def shape_of(tensor):
    return [fields(dim)[1][0] for dim in fields(tensor[2][0])[2]]


files = sorted((run / "tensorboard").glob("events.out.tfevents.*"))
check(files, "there are event files")
scalars, texts, pictures, meshes = {}, {}, {}, {}
for file in files:
    events = [fields(record) for record in records(file.read_bytes())]
    check(events[0][3] == [b"brain.Event:2"], "the first event tells the version")
    for event in events[1:]:
        step = event[2][0] if event[2] else 0
        for value in fields(event[5][0])[1]:
            value = fields(value)
            tag = value[1][0].decode()
            plugin = fields(fields(value[9][0])[1][0])[1][0] if value[9] else b""
            if value[2]:
                scalars[tag, step] = value[2][0]
            elif value[4]:
                pictures[tag, step] = fields(value[4][0])
            elif plugin == b"text":
                texts[tag] = fields(value[8][0])[8][0].decode()
            elif plugin == b"mesh":
                content = fields(fields(fields(value[9][0])[1][0])[2][0])
                meshes.setdefault((content[2][0].decode(), step), {})[content[3][0]] = fields(value[8][0])
                check(tag == content[2][0].decode() + {1: "_VERTEX", 2: "_FACE"}[content[3][0]], f"the tag {tag}")

with open(run / "metrics.csv", newline="") as table:
    rows = list(csv.DictReader(table))
names = {"loss_merged": "loss/training_merged", "mean_iou": "iou/mean", "iou_at_0.3": "iou/at_0.3",
         "validation_loss_merged": "loss/validation_merged", "learning_rate_encoder": "learning_rate/encoder",
         "data_wait_share": "speed/data_wait_share"}
for row in rows:
    for column, tag in names.items():
        want, got = float(row[column]), scalars.get((tag, int(row["epoch"])))
        check(got is not None and abs(got - want) <= 1e-4 * max(1, abs(want)), f"{tag} in epoch {row['epoch']}: {got}, {want}")
check(any(tag.startswith("iou_by_category/") for tag, _ in scalars), "IoU by category")
check("| train.epochs |" in texts.get("configuration", ""), "the configuration")
check(pictures, "there are pictures")
for picture in pictures.values():
    width, height = struct.unpack_from(">II", picture[4][0], 16)
    check(picture[4][0].startswith(b"\x89PNG") and [height, width] == [picture[1][0], picture[2][0]], "a PNG of its size")
check(meshes, "there are meshes")
for parts in meshes.values():
    corners, faces = parts[1], parts[2]
    n_corners, n_faces = shape_of(corners), shape_of(faces)
    check(n_corners[::2] == [1, 3] and n_faces[::2] == [1, 3], "shapes [1,N,3]")
    points = struct.unpack(f"<{3 * n_corners[1]}f", corners[4][0])
    indices = struct.unpack(f"<{3 * n_faces[1]}i", faces[4][0])
    check(corners[1] == [1] and faces[1] == [3], "float corners, int32 faces")
    check(min(points) >= 0 and max(points) <= 1 and max(indices) < n_corners[1], "inside the cube")
    edges = Counter()
    for i in range(0, len(indices), 3):
        a, b, c = indices[i:i + 3]
        edges.update([(a, b), (b, c), (c, a)])
    check(all(edges[b, a] == count for (a, b), count in edges.items()), "a closed surface")

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("the package tensorboard is not installed: read by our own reader alone")
else:
    accumulator = EventAccumulator(str(run / "tensorboard"))
    accumulator.Reload()
    tags = accumulator.Tags()
    check("iou/mean" in tags["scalars"] + tags["tensors"], "tensorboard sees scalars")
    check(accumulator.PluginTagToContent("mesh"), "tensorboard sees meshes")
    check(tags["images"] or accumulator.PluginTagToContent("images"), "tensorboard sees pictures")
check.finish()
