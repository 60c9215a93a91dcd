"""Golden numbers of every layer: python3 tools/golden/layers.py tests/golden/layers.json

Each case names a function of layers/, its options, its inputs by their number in the formula of
formula.py, and stores what PyTorch computes in f64: the result, and the gradient of
sum(cotangent * result) with respect to every input. Everything is in PyTorch's element order.
"""

import itertools
import json
import sys

import torch
import torch.nn.functional as F

from formula import uniform

torch.set_default_dtype(torch.float64)
tensor_numbers = itertools.count()

ACTIVATIONS = {
    "identity": lambda x, alpha: x,
    "relu": lambda x, alpha: F.relu(x),
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "sigmoid": lambda x, alpha: torch.sigmoid(x),
}


def spec(*shape, **formula):
    """An input: its shape and its place in the formula. A new number each time."""
    return {"shape": list(shape), "t": next(tensor_numbers), **formula}


def values_of(description):
    formula = {key: value for key, value in description.items() if key != "gradient"}
    return uniform(formula.pop("t"), formula.pop("shape"), **formula)


def activate(y, options):
    return ACTIVATIONS[options.get("activation", "identity")](y, options.get("alpha", 0))


def convolution(inputs, options):
    function = F.conv2d if inputs["x"].dim() == 4 else F.conv3d
    y = function(inputs["x"], inputs["weight"], inputs.get("bias"), options["stride"], options["padding"])
    return activate(y, options)


def transposed_convolution(inputs, options):
    function = F.conv_transpose2d if inputs["x"].dim() == 4 else F.conv_transpose3d
    y = function(inputs["x"], inputs["weight"], inputs.get("bias"), options["stride"], options["padding"])
    return activate(y, options)


def batch_norm(inputs, options):
    """One call per group, as a loop over views does; the running statistics change in place."""
    parts = [
        F.batch_norm(part, inputs["running_mean"], inputs["running_var"], inputs["weight"],
                     inputs["bias"], options["training"], options["momentum"], options["eps"])
        for part in inputs["x"].chunk(options["groups"])
    ]
    return activate(torch.cat(parts), options)


def max_pool(inputs, options):
    function = F.max_pool2d if inputs["x"].dim() == 4 else F.max_pool3d
    return function(inputs["x"], options["kernel_size"], options["stride"])


def focal_loss(p, t, gamma):
    """Lin et al., ICCV 2017, without alpha; binary_cross_entropy takes its terms apart."""
    full = F.binary_cross_entropy(p, torch.ones_like(p), reduction="none")
    empty = F.binary_cross_entropy(p, torch.zeros_like(p), reduction="none")
    return (t * (1 - p) ** gamma * full + (1 - t) * p ** gamma * empty).mean()


def dice_loss(p, t, smoothing):
    p, t = p.flatten(1), t.flatten(1)
    return (1 - (2 * (p * t).sum(1) + smoothing) / ((p + t).sum(1) + smoothing)).mean()


FUNCTIONS = {
    "conv": convolution,
    "conv_transpose": transposed_convolution,
    "batch_norm": batch_norm,
    "activation": lambda inputs, options: activate(inputs["x"], options),
    "max_pool": max_pool,
    "linear": lambda inputs, options: activate(
        F.linear(inputs["x"], inputs["weight"], inputs.get("bias")), options),
    "softmax_over_views": lambda inputs, options: torch.softmax(inputs["x"], 0),
    "weighted_sum_over_views": lambda inputs, options: (inputs["weights"] * inputs["x"]).sum(0),
    "clamp": lambda inputs, options: inputs["x"].clamp(options["low"], options["high"]),
    "concat_channels": lambda inputs, options: torch.cat((inputs["a"], inputs["b"]), 1),
    "binary_cross_entropy": lambda inputs, options: F.binary_cross_entropy(
        inputs["probability"], inputs["target"]).reshape(1),
    "focal_loss": lambda inputs, options: focal_loss(
        inputs["probability"], inputs["target"], options["gamma"]).reshape(1),
    "dice_loss": lambda inputs, options: dice_loss(
        inputs["probability"], inputs["target"], options["smoothing"]).reshape(1),
}


def golden(name, function, inputs, **options):
    """One case. Inputs marked gradient=False are constants or buffers; buffers' new values are kept."""
    tensors = {key: values_of(description) for key, description in inputs.items()}
    wanted = [key for key, description in inputs.items() if description.get("gradient", True)]
    for key in wanted:
        tensors[key].requires_grad_()
    output = FUNCTIONS[function](tensors, options)
    cotangent = spec(*output.shape)
    (values_of(cotangent) * output).sum().backward()
    case = {
        "name": name,
        "function": function,
        "options": options,
        "inputs": inputs,
        "cotangent": cotangent,
        "output": output.flatten().tolist(),
        "gradients": {key: tensors[key].grad.flatten().tolist() for key in wanted},
    }
    if function == "batch_norm":
        case["buffers"] = {key: tensors[key].tolist() for key in ("running_mean", "running_var")}
    return case


def convolution_cases():
    # name, extents, batch, Cin, Cout, kernel, stride, padding, bias, activation
    rows = [
        ("3x3 padded", (5, 6), 2, 3, 4, (3, 3), 1, 1, True, {}),
        ("3x3 unpadded", (5, 4), 1, 2, 3, (3, 3), 1, 0, True, {}),
        ("1x1", (3, 4), 2, 5, 3, (1, 1), 1, 0, False, {}),
        ("stride 2, extents not divisible", (6, 7), 2, 2, 3, (3, 3), 2, 1, True, {}),
        ("uneven kernel, stride and padding", (7, 5), 1, 3, 2, (4, 2), (3, 1), (2, 0), False, {}),
        ("with elu", (4, 4), 2, 2, 3, (3, 3), 1, 1, True, {"activation": "elu", "alpha": 1.0}),
        ("3x3x3 padded", (3, 4, 5), 2, 3, 2, (3, 3, 3), 1, 1, True, {}),
        ("4x4x4 padded by 2", (4, 3, 5), 1, 2, 3, (4, 4, 4), 1, 2, True, {}),
        ("stride 2", (5, 4, 6), 1, 2, 2, (3, 3, 3), 2, 1, False, {}),
        ("uneven", (4, 5, 3), 2, 1, 2, (1, 3, 2), (1, 2, 1), (0, 1, 1), True, {}),
        ("with leaky relu", (3, 3, 3), 1, 2, 2, (3, 3, 3), 1, 1, True,
         {"activation": "leaky_relu", "alpha": 0.2}),
    ]
    for label, extents, batch, cin, cout, kernel, stride, padding, bias, activation in rows:
        rank = len(extents)
        inputs = {"x": spec(batch, cin, *extents), "weight": spec(cout, cin, *kernel)}
        if bias:
            inputs["bias"] = spec(cout)
        yield golden(f"conv{rank}d, {label}", "conv", inputs, stride=per_axis(stride, rank),
                     padding=per_axis(padding, rank), **activation)


def transposed_convolution_cases():
    rows = [
        ("4x4, stride 2, padding 1", (3, 4), 2, 3, 2, (4, 4), 2, 1, False, {}),
        ("3x3, stride 1", (4, 3), 1, 2, 3, (3, 3), 1, 1, True, {}),
        ("uneven", (3, 4), 2, 2, 2, (3, 2), (2, 3), (0, 1), True, {}),
        ("4x4x4, stride 2, padding 1", (2, 3, 2), 2, 4, 3, (4, 4, 4), 2, 1, False, {}),
        ("1x1x1 with sigmoid", (3, 2, 3), 2, 4, 1, (1, 1, 1), 1, 0, False, {"activation": "sigmoid"}),
        ("stride 3 leaves gaps", (2, 2, 3), 1, 2, 2, (2, 2, 2), 3, 0, True, {}),
        ("uneven with relu", (3, 2, 3), 1, 2, 3, (2, 4, 3), (1, 2, 2), (0, 1, 1), True,
         {"activation": "relu"}),
    ]
    for label, extents, batch, cin, cout, kernel, stride, padding, bias, activation in rows:
        rank = len(extents)
        inputs = {"x": spec(batch, cin, *extents), "weight": spec(cin, cout, *kernel)}
        if bias:
            inputs["bias"] = spec(cout)
        yield golden(f"conv_transpose{rank}d, {label}", "conv_transpose", inputs,
                     stride=per_axis(stride, rank), padding=per_axis(padding, rank), **activation)


def per_axis(value, rank):
    return [value] * rank if isinstance(value, int) else list(value)


def batch_norm_cases():
    # name, x, groups, training, momentum, eps, activation
    rows = [
        ("2d, training", (4, 3, 3, 5), 1, True, 0.1, 1e-5, {}),
        ("2d, evaluation", (2, 3, 3, 4), 1, False, 0.1, 1e-5, {}),
        ("2d, training, 3 groups", (6, 4, 3, 3), 3, True, 0.1, 1e-5, {}),
        ("2d, training, relu", (3, 5, 4, 3), 1, True, 0.1, 1e-5, {"activation": "relu"}),
        ("2d, training, elu, 2 groups", (4, 3, 3, 3), 2, True, 0.1, 1e-5,
         {"activation": "elu", "alpha": 1.0}),
        ("2d, evaluation, elu", (2, 3, 3, 3), 1, False, 0.1, 1e-5, {"activation": "elu", "alpha": 1.0}),
        ("3d, training", (2, 3, 3, 2, 4), 1, True, 0.1, 1e-5, {}),
        ("3d, evaluation, 2 groups", (4, 2, 2, 3, 2), 2, False, 0.1, 1e-5, {}),
        ("3d, training, leaky relu, 3 groups", (3, 2, 3, 3, 2), 3, True, 0.1, 1e-5,
         {"activation": "leaky_relu", "alpha": 0.2}),
        ("3d, training, other momentum and eps", (2, 3, 2, 3, 3), 2, True, 0.3, 1e-2, {}),
    ]
    for label, shape, groups, training, momentum, eps, activation in rows:
        channels = shape[1]
        inputs = {
            "x": spec(*shape, scale=2.0, offset=0.7),
            "weight": spec(channels, scale=0.5, offset=1.0),
            "bias": spec(channels, scale=0.4),
            "running_mean": spec(channels, scale=0.3, gradient=False),
            "running_var": spec(channels, scale=0.5, offset=1.0, gradient=False),
        }
        yield golden(f"batch_norm {label}", "batch_norm", inputs, groups=groups, training=training,
                     momentum=momentum, eps=eps, **activation)


def elementwise_cases():
    for kind, alpha in [("relu", 0.0), ("leaky_relu", 0.2), ("elu", 1.0), ("elu", 0.7), ("sigmoid", 0.0)]:
        yield golden(f"{kind}, alpha {alpha}", "activation", {"x": spec(3, 40, scale=6.0)},
                     activation=kind, alpha=alpha)
        # With 8 steps about every eighth number is exactly 0, where all but sigmoid have their kink.
        yield golden(f"{kind}, alpha {alpha}, at 0", "activation", {"x": spec(40, steps=8)},
                     activation=kind, alpha=alpha)
    yield golden("clamp", "clamp", {"x": spec(60, scale=1.5, offset=0.5)}, low=0.0, high=1.0)
    yield golden("clamp, on its bounds", "clamp", {"x": spec(40, steps=4, offset=0.5)}, low=0.0, high=1.0)
    yield golden("concat_channels 2d", "concat_channels", {"a": spec(2, 3, 3, 2), "b": spec(2, 1, 3, 2)})
    yield golden("concat_channels 3d", "concat_channels",
                 {"a": spec(2, 4, 2, 3, 2), "b": spec(2, 5, 2, 3, 2)})


def pooling_cases():
    rows = [
        ("2d, 2x2", (2, 3, 6, 4), [2, 2], [2, 2], {}),
        ("2d, 3x3, leftover dropped", (1, 2, 8, 7), [3, 3], [3, 3], {}),
        ("2d, windows overlap", (2, 2, 7, 6), [3, 2], [2, 1], {}),
        ("2d, ties", (2, 3, 6, 6), [3, 3], [3, 3], {"steps": 3}),
        ("3d, 2x2x2, leftover dropped", (2, 2, 5, 4, 3), [2, 2, 2], [2, 2, 2], {}),
        ("3d, windows overlap, ties", (1, 2, 4, 5, 5), [2, 3, 2], [1, 2, 1], {"steps": 4}),
    ]
    for label, shape, kernel, stride, formula in rows:
        yield golden(f"max_pool {label}", "max_pool", {"x": spec(*shape, **formula)},
                     kernel_size=kernel, stride=stride)


def remaining_cases():
    linear = {"x": spec(3, 7), "weight": spec(5, 7), "bias": spec(5)}
    yield golden("linear", "linear", linear)
    yield golden("linear without bias", "linear", {"x": spec(2, 4), "weight": spec(6, 4)})
    yield golden("linear with relu", "linear", {"x": spec(4, 6), "weight": spec(3, 6), "bias": spec(3)},
                 activation="relu")
    for views in (1, 2, 5):
        yield golden(f"softmax_over_views, {views}", "softmax_over_views",
                     {"x": spec(views, 12, scale=3.0)})
        yield golden(f"weighted_sum_over_views, {views}", "weighted_sum_over_views",
                     {"weights": spec(views, 12), "x": spec(views, 12)})
    # Far apart and large: a softmax that does not subtract the maximum overflows here.
    yield golden("softmax_over_views, large", "softmax_over_views", {"x": spec(4, 10, scale=900.0)})
    yield golden("binary_cross_entropy", "binary_cross_entropy", {
        "probability": spec(2, 30, scale=0.49, offset=0.5),
        "target": spec(2, 30, steps=2, gradient=False, scale=1.0, offset=1.0)})
    # Probabilities of exactly 0 and 1 meet both targets: the log is clamped, the gradient bounded.
    for extreme, scale in ((0, 0.5), (1, -0.5)):
        yield golden(f"binary_cross_entropy, probability {extreme}", "binary_cross_entropy", {
            "probability": spec(40, steps=4, scale=scale, offset=0.5),
            "target": spec(40, steps=2, gradient=False, scale=1.0, offset=1.0)})
    yield golden("binary_cross_entropy, soft target", "binary_cross_entropy", {
        "probability": spec(30, scale=0.49, offset=0.5),
        "target": spec(30, gradient=False, scale=0.5, offset=0.5)})


def loss_cases():
    """Behind all others, which keep their numbers."""
    for gamma in (1.0, 2.0, 3.5):
        yield golden(f"focal_loss, gamma {gamma}", "focal_loss", {
            "probability": spec(2, 30, scale=0.49, offset=0.5),
            "target": spec(2, 30, steps=2, gradient=False, scale=1.0, offset=1.0)}, gamma=gamma)
    for smoothing in (1.0, 0.25):
        yield golden(f"dice_loss, smoothing {smoothing}", "dice_loss", {
            "probability": spec(3, 4, 5, scale=0.49, offset=0.5),
            "target": spec(3, 4, 5, steps=2, gradient=False, scale=1.0, offset=1.0)},
            smoothing=smoothing)


def optimizer_case(name, make, options, steps=6, milestones=None):
    """Parameters of the formula, a new gradient of the formula each step; their values after each."""
    parameters = [spec(3, 4), spec(5)]
    gradients = [[spec(3, 4), spec(5, scale=1e-3)] for _ in range(steps)]
    tensors = [values_of(p).requires_grad_() for p in parameters]
    optimizer = make(tensors, **options)
    schedule = None
    if milestones:
        schedule = torch.optim.lr_scheduler.MultiStepLR(
            optimizer, milestones["epochs"], gamma=milestones["gamma"])
    rates, values = [], []
    for step in gradients:
        for tensor, gradient in zip(tensors, step):
            tensor.grad = values_of(gradient)
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule:
            schedule.step()
        values.append([tensor.detach().flatten().tolist() for tensor in tensors])
    return {"name": name, "optimizer": make.__name__, "options": options, "milestones": milestones,
            "parameters": parameters, "gradients": gradients, "learning_rates": rates, "values": values}


def optimizer_cases():
    yield optimizer_case("adam", torch.optim.Adam, {"lr": 1e-3})
    yield optimizer_case("adam, other betas", torch.optim.Adam,
                         {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-6})
    yield optimizer_case("adam, milestones", torch.optim.Adam, {"lr": 1e-2},
                         milestones={"epochs": [2, 4], "gamma": 0.5})
    yield optimizer_case("sgd", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9})
    yield optimizer_case("sgd without momentum", torch.optim.SGD, {"lr": 0.1, "momentum": 0.0})
    yield optimizer_case("sgd, milestones", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9},
                         milestones={"epochs": [3], "gamma": 0.5})


def decay_cases():
    yield optimizer_case("adam, decoupled weight decay", torch.optim.AdamW,
                         {"lr": 0.02, "weight_decay": 0.1})


def main(path):
    cases = [*convolution_cases(), *transposed_convolution_cases(), *batch_norm_cases(),
             *elementwise_cases(), *pooling_cases(), *remaining_cases()]
    optimizers = list(optimizer_cases())
    cases += loss_cases()
    optimizers += decay_cases()
    with open(path, "w") as file:
        json.dump({"torch": torch.__version__, "layers": cases, "optimizers": optimizers},
                  file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
