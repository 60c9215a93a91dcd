"""Golden numbers of whole models.

    python3 tools/golden/model.py make SMALL tests/golden/small.json
    python3 tools/golden/model.py make PPSMALLA tests/golden/ppsmall_a.json
    python3 tools/golden/model.py check F tests/golden/reference/numbers.json

`make` writes what a network of networks.py gives; `check` prints how far it is from stored numbers
(the largest relative difference of each part), which shows that networks.py states the published
networks. A takes some ten minutes and 6 GB.
"""

import json
import math
import sys

import torch

import networks
from formula import figures, fill_state, u, uniform

torch.set_default_dtype(torch.float64)

NOISE = 1e-12  # gradients with a smaller norm are rounding noise


def make_model(size, training):
    model = networks.Pix2Vox(size)
    with torch.no_grad():
        weights = fill_state(model.state_dict())
    model.freeze_trunk()
    return model.train(training), weights


def batch(size, batch_size, views, n_vox=32):
    pictures = uniform(1000, (batch_size, views, 3, size.picture, size.picture))
    occupied = torch.from_numpy(u(1001, batch_size * n_vox**3) < 0.1).double()
    return pictures, occupied.reshape(batch_size, n_vox, n_vox, n_vox)


def items(values):
    return [None if value is None else value.item() for value in values]


def evaluate(size, views):
    model, _ = make_model(size, training=False)
    with torch.no_grad():
        stages = model(batch(size, 1, views)[0])
    return {name: figures(stage) for name, stage in stages.items() if stage is not None}


def train_once(size, views):
    model, _ = make_model(size, training=True)
    pictures, truth = batch(size, 2, views)
    merged, refined = networks.losses(model(pictures), truth)
    (merged if refined is None else merged + refined).backward()
    return {
        "merged loss": merged.item(),
        "refined loss": None if refined is None else refined.item(),
        "gradients": {name: figures(p.grad) for name, p in model.named_parameters()
                      if p.grad is not None},
        "buffers after": {name: b.item() if b.dim() == 0 else figures(b)
                          for name, b in model.named_buffers()},
    }


def ten_steps(size, views):
    model, _ = make_model(size, training=True)
    pictures, truth = batch(size, 2, views)
    optimizer = networks.adam(model)
    history = []
    for _ in range(10):
        optimizer.zero_grad()
        values = networks.losses(model(pictures), truth)
        sum(value for value in values if value is not None).backward()
        optimizer.step()
        history.append(items(values))
    return history


def numbers(size, ten_steps_views):
    """In the layout of tests/golden/reference/numbers.json."""
    result = {"weights [index, first, last value]": make_model(size, training=True)[1]}
    for views in (1, 3):
        result[f"eval, batch 1, {views} views"] = evaluate(size, views)
        result[f"training step, batch 2, {views} views"] = train_once(size, views)
    for views in ten_steps_views:
        name = f"ten Adam steps on one batch of 2, {views} view{'s' if views > 1 else ''}"
        result[f"{name}: [merged, refined] loss before each step"] = ten_steps(size, views)
    return result


def figure_difference(ours, reference):
    """The largest error of the five figures, relative to the size of each in a tensor of this norm."""
    if ours["n"] != reference["n"]:
        return math.inf
    element = reference["l2"] / math.sqrt(reference["n"])
    scales = [reference["l2"], reference["l2"] * math.sqrt(reference["n"])]
    pairs = [(ours[key], reference[key]) for key in ("l2", "sum")]
    pairs += zip([*ours["first"], ours["last"]], [*reference["first"], reference["last"]])
    scales += [max(element, abs(b)) for _, b in pairs[2:]]
    return max(abs(a - b) / scale if a != b else 0 for (a, b), scale in zip(pairs, scales))


def difference(ours, reference):
    """The largest relative difference anywhere in two results of the same form."""
    if isinstance(reference, dict) and "l2" in reference:
        return figure_difference(ours, reference)
    if isinstance(reference, dict):
        if ours.keys() != reference.keys():
            return math.inf
        return max(difference(ours[key], reference[key]) for key in reference)
    if isinstance(reference, list):
        return max(map(difference, ours, reference), default=0)
    return 0 if ours == reference else abs(ours - reference) / abs(reference)


def take_noise(gradients, expected):
    """Removes the gradients that are truly 0, and returns the largest of their norms.

    Shifting what goes into a batch norm changes nothing, so the biases before it have gradient 0;
    what is stored of them is rounding noise, many orders below any real gradient.
    """
    noise = [name for name in expected if expected[name]["l2"] < NOISE]
    return max((gradients.pop(name)["l2"] for name in noise), default=0)


def compare(ours, reference):
    for part, expected in reference.items():
        if isinstance(expected, dict) and "gradients" in expected:
            found = dict(ours[part]["gradients"])
            noise = take_noise(found, expected["gradients"])
            real = {name: expected["gradients"][name] for name in found}
            print(f"{part}: gradients {difference(found, real):.1e}; those of 0 reach {noise:.1e}")
            rest = [{key: value for key, value in result.items() if key != "gradients"}
                    for result in (ours[part], expected)]
            print(f"{part}: losses and buffers {difference(*rest):.1e}")
        else:
            print(f"{part}: {difference(ours[part], expected):.1e}")


def main(verb, name, path):
    size = getattr(networks, name)
    if verb == "make":
        with open(path, "w") as file:
            json.dump({"torch": torch.__version__, name: numbers(size, ten_steps_views=(1, 3))}, file,
                      separators=(",", ":"))
            file.write("\n")
    elif verb == "check":
        with open(path) as file:
            compare(numbers(size, ten_steps_views=(1,)), json.load(file)[name])


if __name__ == "__main__":
    main(*sys.argv[1:])
