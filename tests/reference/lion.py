"""Twenty steps of Lion over a few parameters with gradients that are given, as fixtures/lion.safetensors.

A file of `initial.<name>`, `gradient.<name>` [20, ...], `learning_rate` [20], `gradient_norm` [20] before clipping, and
`final.<name>` and `momentum.<name>` after the last step. By lion-pytorch: betas 0.9 and 0.99, weight decay 0.1, decoupled;
gradients clipped to a global norm of 1, a learning rate of its own for each step. Computed in float64; the greatest difference
of float32 is printed. Gradients are given rather than a model's: a sign is nothing but its number's last bit where that number
is about zero, and a model trained in another order of sums would differ there and nowhere else.
Run: python tests/reference/lion.py
"""

import math

import torch
from importlib.metadata import version
from lion_pytorch import Lion

from models import normal, stored, write

STEPS = 20
# Among them an axis of 1, and vectors short enough to be updated end to end.
SHAPES = {"matrix": (5, 7), "kernel": (4, 3, 1, 1), "bias": (7,), "scale": (3,)}


def given():
    tensors = {f"initial.{name}": normal(f"lion {name}", *shape) for name, shape in SHAPES.items()}
    for name, shape in SHAPES.items():
        tensors[f"gradient.{name}"] = normal(f"lion gradient {name}", STEPS, *shape)
    # A weight that has no gradient yet only decays: the sign of zero is zero.
    tensors["gradient.scale"][:5, 1] = 0
    rates = [1e-3 * (1 + math.cos(math.pi * step / STEPS)) / 2 for step in range(STEPS)]
    return tensors | {"learning_rate": torch.tensor(rates, dtype=torch.float64)}


def train(dtype):
    tensors = {key: value.to(dtype) for key, value in given().items()}
    weights = {name: tensors[f"initial.{name}"].clone().requires_grad_() for name in SHAPES}
    optimizer = Lion(weights.values(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    norms = []
    for step in range(STEPS):
        for name, weight in weights.items():
            weight.grad = tensors[f"gradient.{name}"][step].clone()
        norms.append(torch.nn.utils.clip_grad_norm_(weights.values(), 1.0))
        optimizer.param_groups[0]["lr"] = tensors["learning_rate"][step].item()
        optimizer.step()
    result = {f"final.{name}": weight.detach() for name, weight in weights.items()}
    result |= {f"momentum.{name}": optimizer.state[weight]["exp_avg"] for name, weight in weights.items()}
    return result | {"gradient_norm": torch.stack(norms)}


def main():
    exact, rounded = train(torch.float64), train(torch.float32)
    metadata = {"script": "tests/reference/lion.py", "lion-pytorch": version("lion-pytorch")}
    write("lion", {key: stored(value) for key, value in {**given(), **exact}.items()}, metadata)
    worst = max((exact[key] - rounded[key]).abs().max().item() for key in exact)
    print(f"  float32 differs by {worst:.1e}")


if __name__ == "__main__":
    main()
