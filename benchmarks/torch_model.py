"""Pix2Vox in PyTorch as one would run it: the best that PyTorch can do, for comparison.

The networks are those of tools/golden/networks.py, which are tested against the published code. Here
are the ways to run them. A way changes speed, never the numbers.

    evaluator(model, pictures, way)          -> a function without arguments that returns the volume
    trainer(model, pictures, truth, way)     -> one that does a training step, returns the losses

pictures [B,V,3,224,224], truth [B,32,32,32]; device and dtype are the tensors'.
"""

import os
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "golden"))
import formula  # noqa: E402
import networks  # noqa: E402

EVALUATION_WAYS = {
    "published": "eager, a loop over the views",
    "eager": "eager, views folded into the batch",
    "channels_last": "the same with every tensor channels last",
    "frozen": "TorchScript, frozen and optimised for inference: batch norms folded, oneDNN layouts",
    "frozen_channels_last": "the same, channels last",
    "compiled": "torch.compile with frozen weights",
}
TRAINING_WAYS = {
    "published": "eager, two backward passes",
    "eager": "eager, one backward pass over the sum",
    "channels_last": "the same with every tensor channels last",
    "compiled": "the same, through torch.compile",
}


def narrow_vectors():
    """Whether this process was told to do without AVX-512: torch.compile has a setting of its own."""
    return os.environ.get("ATEN_CPU_CAPABILITY") == "avx2"


def usable(ways):
    """The ways that this version of PyTorch has."""
    return [way for way in ways if way != "compiled" or hasattr(torch, "compile")]


def make_model(variant, weights="formula"):
    """A, F, PPA or PPF in f32 on the CPU, a VGG trunk frozen. weights: formula (tools/golden/formula.py), or random."""
    model = networks.Pix2Vox(getattr(networks, variant))
    if weights == "formula":
        with torch.no_grad():
            formula.fill_state(model.state_dict())
    model.freeze_trunk()
    return model


def formula_batch(variant, batch, views):
    """Pictures and truth of the formula."""
    edge = getattr(networks, variant).picture
    pictures = formula.uniform(1000, (batch, views, 3, edge, edge))
    occupied = formula.u(1001, batch * 32**3) < 0.1
    return pictures.float(), torch.from_numpy(occupied).float().reshape(batch, 32, 32, 32)


def random_batch(variant, batch, views):
    generator = torch.Generator().manual_seed(0)
    edge = getattr(networks, variant).picture
    pictures = torch.rand((batch, views, 3, edge, edge), generator=generator) * 2 - 1
    return pictures, (torch.rand((batch, 32, 32, 32), generator=generator) < 0.1).float()


def channels_last(model):
    """Parameters and, through them, feature maps channels last."""
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
            elif parameter.dim() == 5:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
    return model


class Folded(torch.nn.Module):
    """For evaluation: views as one batch. (Training needs the loop: each view has its statistics.)"""

    def __init__(self, model, views, last):
        super().__init__()
        self.model = model
        self.views = views
        self.last = last

    def forward(self, pictures):
        folded = pictures.flatten(0, 1)
        if self.last:
            folded = folded.contiguous(memory_format=torch.channels_last)
        raw, coarse = self.model.decoder(self.model.encoder(folded))
        scores = self.model.merger.score(raw)
        grouped = (-1, self.views) + tuple(coarse.shape[1:])
        weights = torch.softmax(scores.reshape(grouped), 1)
        merged = (weights * coarse.reshape(grouped)).sum(1).clamp(0, 1)
        return self.model.refiner(merged) if self.model.refiner else merged


def evaluator(model, pictures, way):
    """Measure in torch.inference_mode() or no_grad(); the function sets no_grad itself."""
    model = model.eval()
    last = way.endswith("channels_last")
    if last:
        model = channels_last(model)
    if way == "published":
        def run():
            with torch.no_grad():
                stages = model(pictures)
                return stages["merged"] if stages["refined"] is None else stages["refined"]
        return run

    network = Folded(model, pictures.shape[1], last).eval()
    with torch.no_grad():
        if way.startswith("frozen"):
            network = torch.jit.trace(network, pictures, check_trace=False)
            network = torch.jit.optimize_for_inference(torch.jit.freeze(network))
        elif way == "compiled":
            import torch._inductor.config as inductor
            inductor.freezing = True
            if narrow_vectors():
                inductor.cpp.simdlen = 256
            network = torch.compile(network, mode="max-autotune-no-cudagraphs"
                                    if pictures.device.type == "cpu" else "max-autotune")

    def run():
        with torch.no_grad():
            return network(pictures)
    return run


def trainer(model, pictures, truth, way, autocast=None):
    """The published recipe: Adam, both losses, frozen trunk with live batch norms.

    autocast: a dtype for mixed precision, such as torch.bfloat16.
    """
    model = model.train()
    if way == "channels_last":
        model = channels_last(model)
        pictures = torch.stack([view.contiguous(memory_format=torch.channels_last)
                                for view in pictures.unbind(1)], 1)
    optimizer = networks.adam(model)
    forward = torch.compile(model) if way == "compiled" else model

    def run():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(pictures.device.type, dtype=autocast or torch.bfloat16,
                            enabled=autocast is not None):
            stages = forward(pictures)
        stages = {name: None if stage is None else stage.float() for name, stage in stages.items()}
        values = [loss for loss in networks.losses(stages, truth) if loss is not None]
        if way == "published" and len(values) == 2:
            values[0].backward(retain_graph=True)
            values[1].backward()
        else:
            sum(values).backward()
        optimizer.step()
        return values
    return run
