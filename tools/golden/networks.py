"""Pix2Vox and Pix2Vox++ in PyTorch, written from a description of the method, for golden numbers and comparisons.

Channels first, views in a loop, the state-dict names of the published networks. A Size says how
large everything is; A, F, PPA and PPF (Pix2Vox++/A and /F) are the published ones.
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Size:
    """Trunk: channels of a conv or "pool". Encoder: (channels, kernel, pool or 0) a layer.

    With blocks, the network is a Pix2Vox++: blocks is "basic" or "bottleneck" and how many of them
    layer1 and layer2 of a ResNet have, trunk the channels of its first convolution and the widths of
    layer1 and layer2; the encoder is padded and has ReLU, and the merger's last layer but one reads
    the results of all before it.

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
    blocks: tuple = ()


VGG = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512)
A = Size(picture=224, trunk=VGG, encoder=((512, 3, 0), (512, 3, 3), (256, 1, 0)), bottom=2048,
         decoder=(512, 128, 32, 8), merger=(16, 8, 4, 2, 1), refiner=(32, 64, 128, 2048))
F = Size(picture=224, trunk=VGG, encoder=((512, 1, 0), (256, 3, 4), (128, 3, 0)), bottom=256,
         decoder=(128, 64, 32, 8), merger=(16, 8, 4, 2, 1), refiner=())
PPA = Size(picture=224, trunk=(64, 64, 128), blocks=("bottleneck", 3, 4),
           encoder=((512, 3, 0), (256, 3, 2), (256, 3, 2)), bottom=1568, decoder=(512, 128, 32, 8),
           merger=(9, 9, 9, 9, 9, 1), refiner=(32, 64, 128, 2048))
PPF = Size(picture=224, trunk=(64, 64, 128), blocks=("basic", 2, 2),
           encoder=((128, 3, 0), (64, 3, 2), (64, 3, 2)), bottom=392, decoder=(128, 64, 32, 8),
           merger=(9, 9, 9, 9, 9, 1), refiner=())
# Everything that A has, but narrow: tests/support/golden_model.cpp states the same sizes.
SMALL = Size(picture=96, trunk=(4, 4, "pool", 5, 5, "pool", 6, 6, 6, "pool", 7),
             encoder=((6, 3, 0), (5, 3, 2), (4, 1, 0)), bottom=8, decoder=(6, 5, 4, 3),
             merger=(5, 4, 3, 2, 1), refiner=(3, 4, 5, 7))
# The same of ++/A and ++/F; pictures of 72 make odd maps (9x9) after the trunk.
PPSMALLA = Size(picture=72, trunk=(5, 3, 4), blocks=("bottleneck", 3, 4),
                encoder=((6, 3, 0), (5, 3, 2), (8, 3, 2)), bottom=4, decoder=(6, 5, 4, 3),
                merger=(4, 3, 5, 2, 3, 1), refiner=(3, 4, 5, 7))
PPSMALLF = Size(picture=72, trunk=(5, 6, 7), blocks=("basic", 2, 2),
                encoder=((6, 3, 0), (5, 3, 2), (8, 3, 2)), bottom=4, decoder=(6, 5, 4, 3),
                merger=(4, 3, 5, 2, 3, 1), refiner=())


def make_vgg(widths):
    trunk, channels = [], 3
    for width in widths:
        if width == "pool":
            trunk.append(nn.MaxPool2d(2))
        else:
            trunk += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
    return nn.Sequential(*trunk), channels


class Residual(nn.Module):
    """A block of ResNet with torchvision's names; kernels and widths of its convolutions in turn."""

    def __init__(self, channels, kernels, widths, strides):
        super().__init__()
        inner = channels
        self.convolutions = len(kernels)
        for number, (kernel, width, stride) in enumerate(zip(kernels, widths, strides), 1):
            self.add_module(f"conv{number}", nn.Conv2d(inner, width, kernel, stride=stride,
                                                       padding=kernel // 2, bias=False))
            self.add_module(f"bn{number}", nn.BatchNorm2d(width))
            inner = width
        stride = max(strides)
        self.downsample = None
        if inner != channels or stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(channels, inner, 1, stride=stride, bias=False),
                                            nn.BatchNorm2d(inner))

    def forward(self, x):
        y = x
        for number in range(1, self.convolutions + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            if number < self.convolutions:
                y = torch.relu(y)
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def make_resnet(widths, blocks):
    kind, *counts = blocks
    channels, *widths = widths
    trunk = [nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(channels),
             nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    for stage, (width, count) in enumerate(zip(widths, counts)):
        layer = []
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            if kind == "basic":
                layer.append(Residual(channels, (3, 3), (width, width), (stride, 1)))
                channels = width
            else:
                layer.append(Residual(channels, (1, 3, 1), (width, width, 4 * width), (1, stride, 1)))
                channels = 4 * width
        trunk.append(nn.Sequential(*layer))
    return nn.Sequential(*trunk), channels


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.trunk = "resnet" if size.blocks else "vgg"
        trunk, channels = (make_resnet(size.trunk, size.blocks) if size.blocks
                           else make_vgg(size.trunk))
        self.add_module(self.trunk, trunk)
        self.layers = []
        for number, (width, kernel, pool) in enumerate(size.encoder, 1):
            layer = [nn.Conv2d(channels, width, kernel, padding=kernel // 2 if size.blocks else 0),
                     nn.BatchNorm2d(width), nn.ReLU() if size.blocks else nn.ELU()]
            layer += [nn.MaxPool2d(pool)] if pool else []
            self.layers.append(f"layer{number}")
            self.add_module(self.layers[-1], nn.Sequential(*layer))
            channels = width

    def forward(self, picture):
        x = getattr(self, self.trunk)(picture)
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
        self.joined = len(size.merger) - 1 if size.blocks else None  # this layer reads all before it
        for number, width in enumerate(size.merger, 1):
            if number == self.joined:
                channels = sum(size.merger[:number - 1])
            self.layers.append(f"layer{number}")
            self.add_module(self.layers[-1], nn.Sequential(
                nn.Conv3d(channels, width, 3, padding=1), nn.BatchNorm3d(width), nn.LeakyReLU(0.2)))
            channels = width

    def score(self, raw):
        maps = [raw]
        for number, name in enumerate(self.layers, 1):
            x = torch.cat(maps[1:], 1) if number == self.joined else maps[-1]
            maps.append(getattr(self, name)(x))
        return maps[-1].squeeze(1)

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
        """VGG: no gradients; its batch norms still use and update batch statistics. A ResNet learns."""
        if self.encoder.trunk == "vgg":
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
