"""Runs others' Pix2Vox for benchmarks/vs_others: reads commands, answers with JSON, a line each.

A way is one of PyTorch's (torch_model.py) or an engine's name (rival_engines.py).

    {"do": "open", "kind": "inference", "variant": "A", "batch": 1, "views": 1, "way": "frozen",
     "threads": 2, "warm_up": 2}
    {"do": "run", "repeats": 5}                 -> {"ms": [...]}
    {"do": "memory"}                            -> {"peak_rss": bytes}
    {"do": "numbers", "kind": ..., "steps": 3, "volume": FILE}  -> {"difference": ..} or {"losses": ..}
    {"do": "save", "variant": "F", "file": FILE}
"""

import json
import resource
import sys
import time

import rival_engines
import torch
import torch_model


def versions(run):
    if hasattr(run, "info"):
        return run.info
    info = torch.__config__.show()
    onednn = [line.strip("- ").strip() for line in info.splitlines() if "DNN v" in line or "oneDNN" in line]
    return {"version": torch.__version__, "threads": torch.get_num_threads(),
            "onednn": onednn[0] if onednn else None, "instructions": capability()}


def capability():
    backend = getattr(torch.backends, "cpu", None)
    return backend.get_cpu_capability() if backend else None


def opened(command, weights="random"):
    """The function to time, and the model that it runs."""
    torch.manual_seed(0)
    model = torch_model.make_model(command["variant"], weights)
    batch = torch_model.formula_batch if weights == "formula" else torch_model.random_batch
    pictures, truth = batch(command["variant"], command["batch"], command["views"])
    if command["way"] in rival_engines.WAYS:
        network = torch_model.Folded(model.eval(), command["views"], last=False).eval()
        return rival_engines.evaluator(network, pictures, command["way"], command["threads"])
    if command["kind"] == "inference":
        return torch_model.evaluator(model, pictures, command["way"])
    return torch_model.trainer(model, pictures, truth, command["way"])


def numbers(command):
    """How far PyTorch's volume is from ours, or the losses of the first steps."""
    run = opened(command, "formula")
    if command["kind"] == "inference":
        ours = torch.from_file(command["volume"], size=command["batch"] * 32**3)
        return {"difference": (run().reshape(-1) - ours).abs().max().item()}
    return {"losses": [[loss.item() for loss in run()] for _ in range(command["steps"])]}


def timed(run, repeats):
    milliseconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return milliseconds


def main():
    run = None
    for line in sys.stdin:
        command = json.loads(line)
        answer = {}
        try:
            if command["do"] == "open":
                torch.set_num_threads(command["threads"])
                run = opened(command)
                for _ in range(command["warm_up"]):
                    run()
                answer = versions(run)
            elif command["do"] == "run":
                answer = {"ms": timed(run, command["repeats"])}
            elif command["do"] == "memory":
                answer = {"peak_rss": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
            elif command["do"] == "numbers":
                torch.set_num_threads(command["threads"])
                answer = numbers(command)
            elif command["do"] == "save":
                torch.save(torch_model.make_model(command["variant"], "random").state_dict(),
                           command["file"])
        except Exception as error:  # a way may not work with this version: say so and continue
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
