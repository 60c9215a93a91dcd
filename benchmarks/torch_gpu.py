#!/usr/bin/env python3
"""PyTorch's side of gpu_vs_torch: the ways in which one would run Pix2Vox on a GPU, timed on request.

A worker: reads one JSON request a line from stdin, answers with one line on stdout, keeps what it
has built (torch.compile takes minutes), and ends when stdin does. See gpu_vs_torch for requests.
"""

import contextlib
import json
import statistics
import sys
import time

import torch

import torch_model
from torch_model import networks

# way: (what it is, precision of products, compiled, as the authors ship it)
WAYS = {
    "shipped": ("f32 as PyTorch's defaults have it, views in a loop, two backward passes, "
                "cudnn.benchmark", "default", False),
    "eager_tf32": ("channels last, TF32, fused Adam, one backward pass", "tf32", False),
    "eager_bf16": ("the same with bf16 autocast", "bf16", False),
    "compiled_tf32": ("torch.compile max-autotune with CUDA graphs, TF32", "tf32", True),
    "compiled_bf16": ("the same with bf16 autocast", "bf16", True),
}


def usable_ways():
    return [way for way, (_, _, compiled) in WAYS.items() if not compiled or hasattr(torch, "compile")]


def set_precision(precision):
    tf32 = precision in ("tf32", "bf16")
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = tf32 or precision == "default"
    torch.backends.cuda.matmul.allow_tf32 = tf32


def autocast(device, precision):
    if precision != "bf16":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def compile_mode(device):
    return "max-autotune" if device.type == "cuda" else "max-autotune-no-cudagraphs"


def adam(model, fused):
    """networks.adam with its two rates, all parameters in one launch."""
    groups = networks.adam(model).param_groups
    groups = [{"params": group["params"], "lr": group["lr"]} for group in groups]
    return torch.optim.Adam(groups, fused=True) if fused else torch.optim.Adam(groups)


def trainer(model, pictures, truth, way):
    """One training step of the published recipe: trunk frozen, its batch norms live."""
    _, precision, compiled = WAYS[way]
    device = pictures.device
    model = model.train()
    if way != "shipped":
        model = torch_model.channels_last(model)
    optimizer = adam(model, fused=way != "shipped" and device.type == "cuda")

    def losses(images, volumes):
        with autocast(device, precision):
            stages = model(images)
        # PyTorch refuses binary_cross_entropy under autocast.
        stages = {name: stage if stage is None else stage.float() for name, stage in stages.items()}
        return [loss for loss in networks.losses(stages, volumes) if loss is not None]

    if compiled:
        losses = torch.compile(losses, mode=compile_mode(device))

    def step():
        optimizer.zero_grad(set_to_none=True)
        values = losses(pictures, truth)
        if way == "shipped" and len(values) == 2:
            values[0].backward(retain_graph=True)
            values[1].backward()
        else:
            sum(values).backward()
        optimizer.step()
        return sum(values)
    return step


def evaluator(model, pictures, way):
    _, precision, compiled = WAYS[way]
    device = pictures.device
    model = model.eval()
    if way == "shipped":
        network = lambda images: last_stage(model(images))  # noqa: E731
    else:
        network = torch_model.Folded(torch_model.channels_last(model), pictures.shape[1], True).eval()
    if compiled:
        import torch._inductor.config as inductor
        inductor.freezing = True
        network = torch.compile(network, mode=compile_mode(device))

    def run():
        with torch.no_grad(), autocast(device, precision):
            return network(pictures)
    return run


def last_stage(stages):
    return stages["merged"] if stages["refined"] is None else stages["refined"]


def time_calls(function, device, repeats):
    """Seconds a call, each by itself, by device events (or the clock on a CPU)."""
    seconds = []
    for _ in range(repeats):
        if device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            function()
            end.record()
            end.synchronize()
            seconds.append(begin.elapsed_time(end) / 1e3)
        else:
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
    return seconds


class Worker:
    def __init__(self):
        self.key = None
        self.function = None

    def answer(self, request):
        device = torch.device(request["device"])
        key = json.dumps([request[name] for name in ("kind", "variant", "way", "batch", "views")])
        if key != self.key:
            self.build(request, device)
            self.key = key
        seconds = time_calls(self.function, device, request["repeats"])
        peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
        return {"seconds": statistics.median(seconds), "all": seconds, "peak_bytes": peak}

    def build(self, request, device):
        self.function = None
        if hasattr(torch, "compiler"):
            torch.compiler.reset()
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        way = request["way"]
        set_precision(WAYS[way][1])
        model = torch_model.make_model(request["variant"], weights="random").to(device)
        pictures, truth = (tensor.to(device) for tensor in torch_model.random_batch(
            request["variant"], request["batch"], request["views"]))
        if request["kind"] == "training":
            self.function = trainer(model, pictures, truth, way)
        else:
            self.function = evaluator(model, pictures, way)
        value = None
        for _ in range(request["warm_up"]):
            value = self.function()
        if not bool(torch.isfinite(value).all()):
            raise RuntimeError(f"{way}: the result is not finite")


def main():
    worker = Worker()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    hello = {"torch": torch.__version__, "ways": usable_ways(), "device": device,
             "descriptions": {way: about for way, (about, _, _) in WAYS.items()}}
    if device == "cuda":
        hello["name"] = torch.cuda.get_device_name()
        hello["cudnn"] = torch.backends.cudnn.version()
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # a way that fails is a result too
            worker.key = worker.function = None
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
