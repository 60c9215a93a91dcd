"""The number formula that golden tests share with tests/support/golden.h.

u(t, i) is a number in [0, 1) made from two integers, the tensor's number t and the element's flat
index i in PyTorch's order. Both sides compute it, so golden files need not store inputs.
"""

import math

import numpy as np
import torch

PROBE = 2000  # the number of the probe's weights in the formula


def u(t, count, begin=0):
    """u(t, begin), ..., u(t, begin + count - 1) as float64; exact, since each is a 32-bit fraction."""
    i = np.arange(begin, begin + count, dtype=np.uint64)
    x = ((i + 1) * 2654435761 + (t + 1) * 2246822519).astype(np.uint32)
    x ^= x >> np.uint32(15)
    x *= np.uint32(2246822519)
    x ^= x >> np.uint32(13)
    x *= np.uint32(3266489917)
    x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2.0**32


def uniform(t, shape, scale=1.0, offset=0.0, steps=0):
    """offset + scale * (2u - 1); with steps > 0, u is first rounded down to a multiple of 1/steps."""
    values = u(t, math.prod(shape))
    if steps:
        values = np.floor(values * steps) / steps
    return torch.from_numpy(offset + scale * (2 * values - 1)).reshape(shape)


def fill_state(state):
    """Overwrites a state dict in place with the weights of the formula.

    Tensors are numbered in order, leaving out num_batches_tracked. The rule of each follows from
    its rank and name. Returns {name: [t, first value, last value]}.
    """
    numbered = {}
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    for t, name in enumerate(names):
        tensor = state[name]
        flat = tensor.view(-1)
        fan = math.prod(tensor.shape[1:])
        for begin in range(0, flat.numel(), 1 << 20):
            values = u(t, min(1 << 20, flat.numel() - begin), begin)
            if tensor.dim() > 1:
                values = (2 * values - 1) * math.sqrt(3) * math.sqrt(2 / fan)
            elif name.endswith("running_mean"):
                values = (2 * values - 1) * 0.3
            elif name.endswith(("running_var", "weight")):
                values = 0.5 + values
            else:
                values = (2 * values - 1) * 0.2
            flat[begin : begin + len(values)] = torch.from_numpy(values)
        numbered[name] = [t, flat[0].item(), flat[-1].item()]
    return numbered


def figures(tensor):
    """What is kept of a large tensor: size, L2 norm, sum, first four and last value, and a sum with
    random weights ("probe"), which tells the right elements in a wrong order."""
    flat = tensor.detach().reshape(-1)
    return {
        "n": flat.numel(),
        "l2": flat.norm().item(),
        "sum": flat.sum().item(),
        "first": flat[:4].tolist(),
        "last": flat[-1].item(),
        "probe": (flat * uniform(PROBE, flat.shape)).sum().item(),
    }
