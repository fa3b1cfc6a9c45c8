"""Pictures by diffusers' StableDiffusionXLPipeline from the tiny model Screenfold writes: fixtures/sdxl-pictures.json.

Each picture is [height, width, 3] bytes in base64, beside its recipe; an empty negative prompt is none, for which diffusers
takes zeros. `models` is the SHA-256 that sdxl-models.ts prints of the files they were made with.
Run: python tests/reference/sdxl_pictures.py [node] (the program that runs sdxl-models.ts)
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
from diffusers import StableDiffusionXLPipeline

from pipeline import SAMPLERS

HERE = Path(__file__).parent
BASE = {
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
    BASE,
    {**BASE, "negativePrompt": ""},
    {**BASE, "guidanceScale": 1, "prompt": "Two small DOTS, ü 日本!"},
    {**BASE, "sampler": "euler", "width": 40, "height": 24},
    {**BASE, "sampler": "dpm++-2m-karras", "seed": 8},
    {**BASE, "lora": 1},
    {**BASE, "lora": 0.5, "sampler": "euler-ancestral"},
]


def picture(folder, recipe):
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        folder / "xl", torch_dtype=torch.float32, add_watermarker=False, local_files_only=True
    )
    scheduler, settings = SAMPLERS[recipe["sampler"]]
    pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config, **settings)
    if recipe["lora"] is not None:
        pipeline.load_lora_weights(folder / "lora", weight_name="lora.safetensors", local_files_only=True)
        pipeline.fuse_lora(lora_scale=recipe["lora"])
    pipeline.set_progress_bar_config(disable=True)
    result = pipeline(
        recipe["prompt"],
        negative_prompt=recipe["negativePrompt"] or None,
        num_inference_steps=recipe["steps"],
        guidance_scale=recipe["guidanceScale"],
        width=recipe["width"],
        height=recipe["height"],
        generator=torch.Generator().manual_seed(recipe["seed"]),
    )
    return numpy.asarray(result.images[0].convert("RGB"))


def main():
    node = sys.argv[1] if len(sys.argv) > 1 else "node"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = str(HERE / "sdxl-models.ts")
        models = subprocess.run([node, script, name], check=True, capture_output=True, text=True).stdout.strip()
        pictures = []
        for recipe in RECIPES:
            pixels = picture(folder, recipe)
            print(recipe["sampler"], recipe["lora"], "deviation", round(float(pixels.std()), 1))
            pictures.append({**recipe, "rgb": base64.b64encode(pixels.tobytes()).decode()})
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers, peft)}
    fixture = {"versions": versions, "models": models, "pictures": pictures}
    (HERE / "fixtures" / "sdxl-pictures.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
