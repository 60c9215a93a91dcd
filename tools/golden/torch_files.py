#!/usr/bin/env python3
"""Writes the PyTorch files that tests/io reads: small, and of every form that readers meet.

  tools/golden/torch_files.py OUT     OUT is tests/golden/torch

Needs PyTorch (1.13 or newer) and NumPy. Beside each file NAME.pth goes NAME.json: the tensors that a
reader must find, with their shapes and values, in order.
"""
import collections
import json
import pathlib
import sys

import numpy
import torch


def describe(out, name, tensors):
    text = {key: {"shape": list(value.shape), "values": value.double().flatten().tolist()} for key, value in tensors.items()}
    (out / f"{name}.json").write_text(json.dumps(text, indent=1) + "\n")


def save(out, name, content, expected, **options):
    torch.save(content, out / f"{name}.pth", **options)
    describe(out, name, expected)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    plain = collections.OrderedDict(
        [("a.weight", torch.randn(2, 3, 1, 2)), ("a.bias", torch.randn(3)), ("n.num_batches_tracked", torch.tensor(7))]
    )
    save(out, "plain", plain, plain)
    save(out, "legacy", plain, plain, _use_new_zipfile_serialization=False)

    types = collections.OrderedDict(
        (name, torch.tensor([0.0, 1.0, -1.5, 1024.0, 0.1]).to(dtype))
        for name, dtype in (("f64", torch.float64), ("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16))
    )
    types["f16_small"] = torch.tensor([6e-8, -3e-6, 65504.0], dtype=torch.float16)
    for name, dtype in (("i64", torch.int64), ("i32", torch.int32), ("i16", torch.int16), ("i8", torch.int8)):
        types[name] = torch.tensor([0, 1, -2, 100], dtype=dtype)
    types["u8"] = torch.tensor([0, 1, 255], dtype=torch.uint8)
    types["bool"] = torch.tensor([True, False])
    save(out, "types", types, types)
    save(out, "types_legacy", types, types, _use_new_zipfile_serialization=False)

    whole = torch.arange(24.0)
    views = collections.OrderedDict(
        [
            ("slice", whole[5:9]),
            ("transposed", whole.reshape(4, 6).t()),
            ("strided", whole.reshape(2, 3, 4)[:, 1:, ::2]),
            ("tied", whole),
            ("scalar", torch.tensor(2.5)),
            ("empty", torch.zeros(0, 3)),
        ]
    )
    save(out, "views", views, views)
    save(out, "views_legacy", views, views, _use_new_zipfile_serialization=False)

    # As the published Pix2Vox files: module. prefixes, NumPy scalars, solver states.
    layer = torch.nn.Linear(2, 2)
    solver = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    solver.step()
    state = collections.OrderedDict(("module." + key, value.detach()) for key, value in layer.state_dict().items())
    published = {
        "epoch_idx": 3,
        "best_iou": numpy.float64(0.25),
        "best_epoch": numpy.int64(2),
        "encoder_state_dict": state,
        "encoder_solver_state_dict": solver.state_dict(),
    }
    expected = {"encoder_state_dict." + key: value for key, value in state.items()}
    save(out, "published", published, expected)
    save(out, "published_legacy", published, expected, _use_new_zipfile_serialization=False)
    parameters = collections.OrderedDict(layer.named_parameters())
    save(out, "parameters", parameters, {key: value.detach() for key, value in parameters.items()})


main()
