"""Twenty steps of Adafactor, Prodigy and AdamW with 8-bit moments over a few parameters with gradients that are given, as
fixtures/optimizer-<name>.safetensors.

A file of `initial.<name>`, `gradient-a.<name>`, `gradient-b.<name>`, `mix` [20, 2], `learning_rate` [20], `gradient_norm` [20]
before clipping, and after the last step `final.<name>` and what the optimizer keeps: `<kind>.<name>`. The gradient of a step is
mix[0] a + mix[1] b, which keeps the files small; it is clipped to a global norm of 1. The metadata hold the settings as run files
name them. Adafactor is transformers', with and without relative steps, Prodigy prodigyopt's; both in float64. AdamW with
8-bit moments is the formula of Dettmers et al. 2021, written out below: PyTorch's AdamW whose moments are kept in blocks of 256
numbers, each divided by the greatest of its block and rounded to the nearest of a dynamic map. Parameters of fewer than 4,096
numbers keep theirs whole. The greatest difference of float32 is printed where a program can be run in it.
Run: python tests/reference/optimizers.py
"""

import json
import math
from importlib.metadata import version

import torch
from prodigyopt import Prodigy
from transformers.optimization import Adafactor

from models import normal, stored, write

STEPS = 20
SHAPES = {"matrix": (5, 7), "kernel": (6, 4, 3, 3), "pixel": (4, 3, 1, 1), "bias": (7,), "scale": (3,)}
# More than 4,096 numbers and no multiple of 256, and a kernel of so many.
LARGE = {"matrix": (66, 63), "kernel": (24, 20, 3, 3), "small": (5, 7), "bias": (7,)}


def given(shapes, rate):
    tensors = {}
    for name, shape in shapes.items():
        tensors[f"initial.{name}"] = normal(f"optimizer {name}", *shape)
        for part in "ab":
            tensors[f"gradient-{part}.{name}"] = normal(f"optimizer gradient {part} {name}", *shape)
    steps = torch.arange(STEPS, dtype=torch.float64)
    tensors["mix"] = torch.stack([torch.cos(steps / 3), torch.sin(steps / 2) + 0.2], 1)
    tensors["learning_rate"] = rate * (1 + torch.cos(math.pi * steps / STEPS)) / 2
    # As float32 has them, which is what is stored.
    return {key: value.to(torch.float32).to(torch.float64) for key, value in tensors.items()}


def train(tensors, dtype, make, kept, has_rate=True):
    names = [key.removeprefix("initial.") for key in tensors if key.startswith("initial.")]
    tensors = {key: value.to(dtype) for key, value in tensors.items()}
    weights = {name: tensors[f"initial.{name}"].clone().requires_grad_() for name in names}
    optimizer = make(list(weights.values()))
    norms = []
    for step in range(STEPS):
        a, b = tensors["mix"][step]
        for name, weight in weights.items():
            weight.grad = a * tensors[f"gradient-a.{name}"] + b * tensors[f"gradient-b.{name}"]
        norms.append(torch.nn.utils.clip_grad_norm_(weights.values(), 1.0))
        if has_rate:
            optimizer.param_groups[0]["lr"] = tensors["learning_rate"][step].item()
        optimizer.step()
    result = {f"final.{name}": weight.detach() for name, weight in weights.items()}
    for name, weight in weights.items():
        result |= {f"{kind}.{name}": value for kind, value in kept(optimizer, weight).items()}
    return result | {"gradient_norm": torch.stack(norms)}


def dynamic_map(signed):
    """The authors' create_dynamic_map, with 7 exponent bits and 8 in all."""
    data = [0.0, 1.0]
    for i in range(7):
        items = 2 ** (i if signed else i + 1)
        boundaries = torch.linspace(0.1, 1, items + 1, dtype=torch.float64)
        means = 10 ** (i - 6) * (boundaries[:-1] + boundaries[1:]) / 2
        data += means.tolist() + ((-means).tolist() if signed else [])
    return torch.tensor(sorted(data), dtype=torch.float64)


def quantized(values, signed):
    """Codes in the values' shape, the greatest of each block, and the numbers that the two stand for."""
    numbers = dynamic_map(signed)
    flat = torch.nn.functional.pad(values.flatten(), (0, -values.numel() % 256)).view(-1, 256)
    greatest = flat.abs().amax(1, keepdim=True)
    shares = flat / greatest.clamp(min=1e-37)
    codes = torch.stack([(share[:, None] - numbers).abs().argmin(1) for share in shares])
    numbers = (numbers[codes] * greatest).flatten()[: values.numel()].view_as(values)
    return codes.flatten()[: values.numel()].view_as(values), greatest.flatten(), numbers


class AdamW8bit(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 1e-3})

    @torch.no_grad()
    def step(self):
        (group,) = self.param_groups
        rate = group["lr"]
        for weight in group["params"]:
            state = self.state[weight]
            t = state["step"] = state.get("step", 0) + 1
            first = 0.9 * state.get("first", 0) + 0.1 * weight.grad
            second = 0.999 * state.get("second", 0) + 0.001 * weight.grad**2
            weight.mul_(1 - rate * 0.01)
            weight -= rate * (first / (1 - 0.9**t)) / ((second / (1 - 0.999**t)).sqrt() + 1e-8)
            state["first"], state["second"] = first, second
            if weight.numel() >= 4096:
                state["first codes"], _, state["first"] = quantized(first, True)
                state["second codes"], _, state["second"] = quantized(second, False)


def adafactor_kept(optimizer, weight):
    state = optimizer.state[weight]
    names = {"rows": "exp_avg_sq_row", "columns": "exp_avg_sq_col", "secondMoment": "exp_avg_sq", "firstMoment": "exp_avg"}
    return {kind: state[name] for kind, name in names.items() if name in state}


def save(name, settings, tensors, results, versions):
    metadata = {"script": "tests/reference/optimizers.py", "settings": json.dumps(settings)} | versions
    write(f"optimizer-{name}", {key: stored(value) for key, value in (tensors | results).items()}, metadata)


def adafactor(name, settings, has_rate, **options):
    def make(weights):
        return Adafactor(weights, lr=1e-2 if has_rate else None, **options)

    tensors = given(SHAPES, 1e-2)
    exact, rounded = (train(tensors, dtype, make, adafactor_kept, has_rate) for dtype in (torch.float64, torch.float32))
    save(name, {"kind": "adafactor"} | settings, tensors, exact, {"transformers": version("transformers")})
    print(f"  float32 differs by {max((exact[key] - rounded[key]).abs().max().item() for key in exact):.1e}")


def prodigy(name, settings, **options):
    def make(weights):
        return Prodigy(weights, **options)

    def kept(optimizer, weight):
        state = optimizer.state[weight]
        return {"firstMoment": state["exp_avg"], "secondMoment": state["exp_avg_sq"], "gradientSum": state["s"].view_as(weight)} | (
            {"shared": torch.tensor([optimizer.param_groups[0]["d"]])} if weight.shape == (3,) else {}
        )

    tensors = given(SHAPES, 1)
    # The estimate grows by gradients that go on in one direction.
    tensors["mix"] = torch.stack([torch.ones(STEPS), 0.25 * tensors["mix"][:, 1]], 1).double()
    if options.get("safeguard_warmup"):
        tensors["learning_rate"][4:] = 1
    exact, rounded = (train(tensors, dtype, make, kept) for dtype in (torch.float64, torch.float32))
    save(name, {"kind": "prodigy"} | settings, tensors, exact, {"prodigyopt": version("prodigyopt")})
    print(f"  float32 differs by {max((exact[key] - rounded[key]).abs().max().item() for key in exact):.1e}")
    print(f"  d is {exact['shared.scale'].item():.2e}")


def eight_bits():
    def kept(optimizer, weight):
        state = optimizer.state[weight]
        found = {"firstNumbers": state["first"], "secondNumbers": state["second"]}
        if "first codes" in state:
            found |= {"firstMoment": state["first codes"], "secondMoment": state["second codes"]}
        return found

    tensors = given(LARGE, 1e-3)
    save("adamw8bit", {"kind": "adamw8bit"}, tensors, train(tensors, torch.float64, AdamW8bit, kept), {"torch": torch.__version__})


def main():
    adafactor("adafactor", {"beta1": 0.9, "weightDecay": 0.1}, True, scale_parameter=False, relative_step=False, beta1=0.9, weight_decay=0.1)
    adafactor("adafactor-relative", {"relativeStep": True, "scaleParameter": True, "warmupInit": False}, False)
    adafactor(
        "adafactor-warmup", {"relativeStep": True, "scaleParameter": True, "warmupInit": True}, False, warmup_init=True
    )
    options = {"d0": 1e-3, "weight_decay": 0.1}
    settings = {"firstEstimate": 1e-3, "weightDecay": 0.1}
    off = {"biasCorrection": False, "safeguardWarmup": False}
    prodigy("prodigy", settings | off | {"coefficient": 0.25}, d_coef=0.25, **options)
    prodigy("prodigy-careful", settings | {"growthRate": 1.2}, use_bias_correction=True, safeguard_warmup=True, growth_rate=1.2, **options)
    eight_bits()


if __name__ == "__main__":
    main()
