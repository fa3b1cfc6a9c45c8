"""Draws of PyTorch's CPU generator, for tests/random/torch-generator.test.ts.

Run: python tests/reference/random-torch.py
"""

import json
from pathlib import Path

import torch

SEEDS = [0, 1, 42, 2**31, 2**32 + 5, 2**53 - 1, 2**63 - 1, 2**64 - 1]
SIZES = [1, 5, 15, 16, 17, 31, 100, 1024, 4 * 64 * 64]
EDGE = 16


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.tolist()]


def summary(tensor):
    """First and last values, and sums over all in double precision."""
    exact = tensor.double()
    return {
        "length": len(tensor),
        "head": numbers(tensor[:EDGE]),
        "tail": numbers(tensor[-EDGE:]),
        "sum": exact.sum().item(),
        "sumOfSquares": (exact * exact).sum().item(),
    }


def generator(seed):
    # torch accepts [-2**63, 2**64); a seed is taken modulo 2**64.
    return torch.Generator("cpu").manual_seed(seed)


single = [
    {"seed": str(seed), **summary(torch.randn(size, generator=generator(seed)))}
    for seed in SEEDS
    for size in (SIZES if seed in (0, 42) else [5, 17, 1024])
]

sequences = []
for seed, lengths in [(7, [5, 16, 3, 1, 17, 1, 1, 33, 2, 700]), (123, [1, 4096, 1, 15, 15, 40])]:
    g = generator(seed)
    sequences.append({"seed": str(seed), "calls": [summary(torch.randn(n, generator=g)) for n in lengths]})

uniform = {"seed": "42", **summary(torch.rand(2000, generator=generator(42)))}

Path(__file__).with_name("fixtures").joinpath("random-torch.json").write_text(
    json.dumps(
        {
            "program": f"PyTorch {torch.__version__.split('+')[0]}, CPU",
            "script": "tests/reference/random-torch.py",
            "randn": single,
            "sequences": sequences,
            "rand": uniform,
        }
    )
    + "\n"
)
