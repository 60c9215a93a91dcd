"""Pix2Vox in PyTorch, written from a description of the method, for golden numbers and comparisons.

Channels first, views in a loop, the state-dict names of the published networks. A Size says how
large everything is; A and F are the published ones.
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Size:
    """Trunk: channels of a conv or "pool". Encoder: (channels, kernel, pool or 0) a layer.

    bottom: channels of the 2x2x2 volume that the decoder starts from. The decoder and the refiner
    double and halve; the last decoder width is that of the raw features.
    """
    picture: int
    trunk: tuple
    encoder: tuple
    bottom: int
    decoder: tuple
    merger: tuple
    refiner: tuple  # widths of layer1..3 and of the hidden linear layer; empty: no refiner


VGG = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512)
A = Size(picture=224, trunk=VGG, encoder=((512, 3, 0), (512, 3, 3), (256, 1, 0)), bottom=2048,
         decoder=(512, 128, 32, 8), merger=(16, 8, 4, 2, 1), refiner=(32, 64, 128, 2048))
F = Size(picture=224, trunk=VGG, encoder=((512, 1, 0), (256, 3, 4), (128, 3, 0)), bottom=256,
         decoder=(128, 64, 32, 8), merger=(16, 8, 4, 2, 1), refiner=())
# Everything that A has, but narrow: tests/support/golden_model.cpp states the same sizes.
SMALL = Size(picture=96, trunk=(4, 4, "pool", 5, 5, "pool", 6, 6, 6, "pool", 7),
             encoder=((6, 3, 0), (5, 3, 2), (4, 1, 0)), bottom=8, decoder=(6, 5, 4, 3),
             merger=(5, 4, 3, 2, 1), refiner=(3, 4, 5, 7))


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        trunk, channels = [], 3
        for width in size.trunk:
            if width == "pool":
                trunk.append(nn.MaxPool2d(2))
            else:
                trunk += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
        self.vgg = nn.Sequential(*trunk)
        self.layers = []
        for number, (width, kernel, pool) in enumerate(size.encoder, 1):
            layer = [nn.Conv2d(channels, width, kernel), nn.BatchNorm2d(width), nn.ELU()]
            layer += [nn.MaxPool2d(pool)] if pool else []
            self.layers.append(f"layer{number}")
            self.add_module(self.layers[-1], nn.Sequential(*layer))
            channels = width

    def forward(self, picture):
        x = self.vgg(picture)
        for name in self.layers:
            x = getattr(self, name)(x)
        return x


class Decoder(nn.Module):
    """Gives the raw features (last width and the coarse volume) and the coarse volume of one view."""

    def __init__(self, size):
        super().__init__()
        self.bottom = size.bottom
        channels = size.bottom
        self.layers = []
        for number, width in enumerate(size.decoder, 1):
            self.layers.append(f"layer{number}")
            self.add_module(self.layers[-1], nn.Sequential(
                nn.ConvTranspose3d(channels, width, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm3d(width), nn.ReLU()))
            channels = width
        self.last = f"layer{len(size.decoder) + 1}"
        self.add_module(self.last, nn.Sequential(nn.ConvTranspose3d(channels, 1, 1, bias=False),
                                                 nn.Sigmoid()))

    def forward(self, feature_map):
        x = feature_map.reshape(-1, self.bottom, 2, 2, 2)
        for name in self.layers:
            x = getattr(self, name)(x)
        coarse = getattr(self, self.last)(x)
        return torch.cat((x, coarse), 1), coarse.squeeze(1)


class Merger(nn.Module):
    def __init__(self, size):
        super().__init__()
        channels = size.decoder[-1] + 1
        self.layers = []
        for number, width in enumerate(size.merger, 1):
            self.layers.append(f"layer{number}")
            self.add_module(self.layers[-1], nn.Sequential(
                nn.Conv3d(channels, width, 3, padding=1), nn.BatchNorm3d(width), nn.LeakyReLU(0.2)))
            channels = width

    def score(self, raw):
        for name in self.layers:
            raw = getattr(self, name)(raw)
        return raw.squeeze(1)

    def forward(self, raw_features, coarse_volumes):
        weights = torch.softmax(torch.stack([self.score(raw) for raw in raw_features]), 0)
        return (weights * torch.stack(coarse_volumes)).sum(0).clamp(0, 1)


class Refiner(nn.Module):
    def __init__(self, size):
        super().__init__()
        w1, w2, w3, hidden = size.refiner

        def down(cin, cout):
            return nn.Sequential(nn.Conv3d(cin, cout, 4, padding=2), nn.BatchNorm3d(cout),
                                 nn.LeakyReLU(0.2), nn.MaxPool3d(2))

        def up(cin, cout):
            return nn.Sequential(nn.ConvTranspose3d(cin, cout, 4, stride=2, padding=1, bias=False),
                                 nn.BatchNorm3d(cout), nn.ReLU())

        self.layer1, self.layer2, self.layer3 = down(1, w1), down(w1, w2), down(w2, w3)
        flat = w3 * 64
        self.layer4 = nn.Sequential(nn.Linear(flat, hidden), nn.ReLU())
        self.layer5 = nn.Sequential(nn.Linear(hidden, flat), nn.ReLU())
        self.layer6, self.layer7 = up(w3, w2), up(w2, w1)
        self.layer8 = nn.Sequential(
            nn.ConvTranspose3d(w1, 1, 4, stride=2, padding=1, bias=False), nn.Sigmoid())

    def forward(self, volume):
        x32 = volume.unsqueeze(1)
        x16 = self.layer1(x32)
        x8 = self.layer2(x16)
        x4 = self.layer3(x8)
        r4 = x4 + self.layer5(self.layer4(x4.flatten(1))).reshape(x4.shape)
        r8 = x8 + self.layer6(r4)
        r16 = x16 + self.layer7(r8)
        return ((x32 + self.layer8(r16)) * 0.5).squeeze(1)


class Pix2Vox(nn.Module):
    """pictures [B,V,3,h,w] -> every stage by name; "refined" is None without a refiner."""

    def __init__(self, size):
        super().__init__()
        self.encoder = Encoder(size)
        self.decoder = Decoder(size)
        self.merger = Merger(size)
        self.refiner = Refiner(size) if size.refiner else None

    def forward(self, pictures):
        encoded = [self.encoder(view) for view in pictures.unbind(1)]
        decoded = [self.decoder(features) for features in encoded]
        raw, coarse = [list(part) for part in zip(*decoded)]
        merged = self.merger(raw, coarse)
        return {
            "encoder": torch.stack(encoded, 1),
            "raw features": torch.stack(raw, 1),
            "coarse": torch.stack(coarse, 1),
            "merged": merged,
            "refined": self.refiner(merged) if self.refiner else None,
        }

    def freeze_trunk(self):
        """No gradients for the trunk; its batch norms still use and updating batch statistics."""
        for parameter in self.encoder.vgg.parameters():
            parameter.requires_grad_(False)


def losses(stages, truth):
    """[merged, refined]: 10 * mean binary cross-entropy each; None without a refiner."""
    return [None if stages[name] is None
            else 10 * nn.functional.binary_cross_entropy(stages[name], truth)
            for name in ("merged", "refined")]


def adam(model, learning_rate=1e-3, merger_learning_rate=1e-4):
    merger = set(model.merger.parameters())
    others = [p for p in model.parameters() if p.requires_grad and p not in merger]
    return torch.optim.Adam([{"params": others, "lr": learning_rate},
                             {"params": list(merger), "lr": merger_learning_rate}])
