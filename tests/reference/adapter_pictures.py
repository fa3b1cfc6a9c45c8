"""Draws in diffusers with the adapters that Screenfold has trained and exported, and compares with Screenfold's pictures.

Passed with diffusers 0.42.1, peft 0.21.2, torch 2.15.0, at most 1 step of 255 apart:

    python tests/reference/adapter_pictures.py

A LoCon with ranks by block, under kohya's names and PEFT's, and a DoRA of it under PEFT's: diffusers leaves the magnitudes of
kohya's names out, and says so.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy
import torch
from diffusers import DDIMScheduler, DiffusionPipeline
from PIL import Image

here = Path(__file__).parent


def drawn(folder, lora=None):
    pipe = DiffusionPipeline.from_pretrained(folder / "base", safety_checker=None)
    if lora:
        pipe.load_lora_weights(folder, weight_name=lora)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    result = pipe(
        "a red square",
        num_inference_steps=5,
        guidance_scale=3.0,
        width=64,
        height=64,
        generator=torch.Generator().manual_seed(3),
    )
    return numpy.asarray(result.images[0]).astype(int)


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    node = here.parent.parent / "node_modules" / ".bin" / "node"
    subprocess.run([node, here / "adapter-pictures.ts", folder], check=True)
    base = numpy.asarray(Image.open(folder / "base.png").convert("RGB")).astype(int)
    for method, names in (("locon", ("kohya", "peft")), ("dora", ("peft",))):
        mine = numpy.asarray(Image.open(folder / f"{method}.png").convert("RGB")).astype(int)
        assert abs(mine - base).max() > 20, "it changes the picture"
        for kind in names:
            apart = abs(drawn(folder, f"{method}-{kind}.safetensors") - mine).max()
            print(f"{method} under names of {kind}: at most {apart} apart")
            assert apart <= 2
