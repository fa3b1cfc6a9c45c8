"""Pictures by diffusers' StableDiffusionPipeline from the tiny models Screenfold writes: fixtures/text-to-image.json.

Each picture is [height, width, 3] bytes in base64, beside its recipe; `models` is the SHA-256 that
text-to-image-models.ts prints of the files they were made with.
Run: python tests/reference/text_to_image.py (calls node for the models)
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import diffusers
import numpy
import peft
import torch
import transformers
from diffusers import StableDiffusionPipeline

from pipeline import SAMPLERS

HERE = Path(__file__).parent
BASE = {
    "model": "epsilon",
    "lora": None,
    "prompt": "a red square on blue",
    "negativePrompt": "a yellow stripe, blurred",
    "seed": 7,
    "sampler": "ddim",
    "steps": 6,
    "guidanceScale": 5,
    "width": 32,
    "height": 32,
}
RECIPES = [
    *({**BASE, "sampler": sampler, "seed": seed} for seed, sampler in enumerate(SAMPLERS, 20)),
    *({**BASE, "model": "velocity", "sampler": sampler} for sampler in ("ddim", "euler")),
    {**BASE, "guidanceScale": 1},
    {**BASE, "negativePrompt": "", "prompt": "Two small DOTS, ü 日本"},
    {**BASE, "width": 40, "height": 24, "sampler": "dpm++-2m-karras"},
    {**BASE, "lora": 1},
    {**BASE, "lora": 0.5, "sampler": "euler-ancestral"},
]


def picture(folder, recipe):
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder / recipe["model"],
        torch_dtype=torch.float32,
        safety_checker=None,
        requires_safety_checker=False,
        local_files_only=True,
    )
    scheduler, settings = SAMPLERS[recipe["sampler"]]
    pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config, **settings)
    if recipe["lora"] is not None:
        pipeline.load_lora_weights(folder / "lora", weight_name="lora.safetensors", local_files_only=True)
        pipeline.fuse_lora(lora_scale=recipe["lora"])
    pipeline.set_progress_bar_config(disable=True)
    result = pipeline(
        recipe["prompt"],
        negative_prompt=recipe["negativePrompt"],
        num_inference_steps=recipe["steps"],
        guidance_scale=recipe["guidanceScale"],
        width=recipe["width"],
        height=recipe["height"],
        generator=torch.Generator().manual_seed(recipe["seed"]),
    )
    return numpy.asarray(result.images[0].convert("RGB"))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = str(HERE / "text-to-image-models.ts")
        models = subprocess.run(["node", script, name], check=True, capture_output=True, text=True).stdout.strip()
        pictures = []
        for recipe in RECIPES:
            pixels = picture(folder, recipe)
            print(recipe["model"], recipe["sampler"], recipe["lora"], "deviation", round(float(pixels.std()), 1))
            pictures.append({**recipe, "rgb": base64.b64encode(pixels.tobytes()).decode()})
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers, peft)}
    fixture = {"versions": versions, "models": models, "pictures": pictures}
    (HERE / "fixtures" / "text-to-image.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
