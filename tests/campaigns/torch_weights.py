#!/usr/bin/env python3
"""Whole networks with random weights, saved by PyTorch and run by pix2vox: do both say the same?

  tests/campaigns/torch_weights.py [--pix2vox build/release/bin/pix2vox] [--variants A,F]

For Pix2Vox-A and -F, in both forms of PyTorch's files, with the "module." prefixes, NumPy scalars and
solver states of the published ones: `pix2vox predict` on a picture whose preprocessed form is among the
golden numbers, compared with PyTorch's volume. Also the way back: `pix2vox convert` to .pth and
.safetensors, which PyTorch (weights_only where it has that) must load with equal bits. Prints the
greatest differences; exit code 1 if one is over 1e-4.

Needs PyTorch and NumPy (scripts/install-packages benchmark).
"""
import argparse
import collections
import inspect
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "golden"))
import networks  # noqa: E402

PARTS = ("encoder", "decoder", "merger", "refiner")


def random_model(variant):
    """Weights of PyTorch's default initialisation, running statistics of some data."""
    torch.manual_seed(7)
    model = networks.Pix2Vox(getattr(networks, variant))
    model.train()
    edge = getattr(networks, variant).picture
    with torch.no_grad():
        for _ in range(2):
            model(torch.rand(2, 2, 3, edge, edge) * 2 - 1)
    return model.eval()


def published(model):
    """The dictionary that the published training saves."""
    content = {"epoch_idx": 9, "best_iou": numpy.float64(0.5), "best_epoch": numpy.int64(3)}
    for part in PARTS:
        module = getattr(model, part, None)
        if module is None:
            continue
        state = collections.OrderedDict(("module." + k, v) for k, v in module.state_dict().items())
        content[part + "_state_dict"] = state
    content["decoder_solver_state_dict"] = torch.optim.Adam(model.decoder.parameters()).state_dict()
    return content


def load(path):
    safe = {"weights_only": True} if "weights_only" in inspect.signature(torch.load).parameters else {}
    return torch.load(path, **safe)


def run(program, *arguments):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: exit code {result.returncode}\n{result.stderr}")


def compare(program, variant, folder):
    model = random_model(variant)
    picture = torch.from_numpy(numpy.load(ROOT / "tests/golden/pictures/preprocessed.npz")["picture_137"])
    with torch.no_grad():
        stages = model(picture[None, None])
    expected = stages["refined"] if stages.get("refined") is not None else stages["merged"]
    worst = 0.0
    for form, zipped in (("zip", True), ("legacy", False)):
        weights = folder / f"{variant}-{form}.pth"
        torch.save(published(model), weights, _use_new_zipfile_serialization=zipped)
        out = folder / form
        run(program, "predict", ROOT / "tests/golden/pictures/picture_137.png", "--weights", weights, "--out", out, "--format", "npy")
        found = numpy.load(out / "picture_137.npy")
        difference = float(numpy.abs(found - expected[0].numpy()).max())
        print(f"{variant} {form:6} greatest difference of a probability {difference:.2e}", flush=True)
        worst = max(worst, difference)
    back = folder / f"{variant}-back.pth"
    run(program, "convert", weights, back)
    loaded = load(back)
    count = 0
    for part in PARTS:
        module = getattr(model, part, None)
        for name, tensor in module.state_dict().items() if module is not None else ():
            if not torch.equal(loaded[part + "_state_dict"][name], tensor):
                sys.exit(f"{variant}: {part}.{name} differs after the way there and back")
            count += 1
    print(f"{variant} convert: {count} tensors equal in PyTorch, {torch.__version__}", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pix2vox", default=str(ROOT / "build/release/bin/pix2vox"))
    parser.add_argument("--variants", default="A,F")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        worst = max(compare(options.pix2vox, v, pathlib.Path(folder)) for v in options.variants.split(","))
    return 1 if worst > 1e-4 else 0


if __name__ == "__main__":
    sys.exit(main())
