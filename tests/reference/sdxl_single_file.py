"""A picture by diffusers from a single file of Stable Diffusion XL that Screenfold wrote: fixtures/sdxl-single-file.json.

As single_file.py: `from_single_file` renames every weight by diffusers' own conversion, each must be the very weight of the
folder the file was written from, and the picture is what ours is compared with.
Run: python tests/reference/sdxl_single_file.py [node] (the program that runs sdxl-single-file-model.ts)
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import diffusers
import numpy
import torch
import transformers
from diffusers import DDIMScheduler, StableDiffusionXLPipeline

from single_file import HERE, SETTINGS


def main():
    node = sys.argv[1] if len(sys.argv) > 1 else "node"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = str(HERE / "sdxl-single-file-model.ts")
        sha = subprocess.run([node, script, name], check=True, capture_output=True, text=True).stdout.strip()
        options = {"torch_dtype": torch.float32, "add_watermarker": False, "local_files_only": True}
        theirs = StableDiffusionXLPipeline.from_pretrained(folder / "sdxl", **options)
        pipe = StableDiffusionXLPipeline.from_single_file(
            str(folder / "sdxl.safetensors"), config=str(folder / "sdxl"), **options
        )
        count = 0
        for part in ("unet", "vae", "text_encoder", "text_encoder_2"):
            expected, found = getattr(theirs, part).state_dict(), getattr(pipe, part).state_dict()
            assert found.keys() == expected.keys(), part
            for key, value in expected.items():
                assert torch.equal(found[key], value), f"{part} {key}"
            count += len(expected)
        pipe.scheduler = DDIMScheduler.from_config(theirs.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        result = pipe(
            SETTINGS["prompt"],
            negative_prompt=SETTINGS["negativePrompt"],
            num_inference_steps=SETTINGS["steps"],
            guidance_scale=SETTINGS["guidanceScale"],
            width=SETTINGS["width"],
            height=SETTINGS["height"],
            generator=torch.Generator().manual_seed(SETTINGS["seed"]),
        )
        pixels = numpy.asarray(result.images[0].convert("RGB"))
        print(count, "weights, deviation", round(float(pixels.std()), 1))
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers)}
    rgb = base64.b64encode(pixels.tobytes()).decode()
    fixture = {"versions": versions, "settings": SETTINGS, "sha256": sha, "rgb": rgb}
    path = HERE / "fixtures" / "sdxl-single-file.json"
    path.write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
