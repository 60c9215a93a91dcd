"""The shortest way to a first prediction with PyTorch: torch_predict.py A weights.pth out.npy

The picture needs no decoding and no preprocessing, which is in PyTorch's favour.
"""

import sys

import numpy
import torch
import torch_model


def main(variant, weights, out, threads):
    torch.set_num_threads(int(threads))
    model = torch_model.networks.Pix2Vox(getattr(torch_model.networks, variant))
    model.load_state_dict(torch.load(weights))
    pictures, _ = torch_model.random_batch(variant, 1, 1)
    volume = torch_model.evaluator(model, pictures, "published")()
    numpy.save(out, volume[0].numpy())
    print(out, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
