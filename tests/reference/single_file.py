"""Pictures by diffusers from single files Screenfold wrote, by its own reader of them: fixtures/single-file.json.

`from_single_file` renames every weight by diffusers' own conversion. Each must be the very weight of the folder the file was
written from, and the pictures are what ours are compared with.
Run: python tests/reference/single_file.py (calls node for the models)
"""

import base64
import json
import subprocess
import tempfile
from pathlib import Path

import diffusers
import numpy
import torch
import transformers
from diffusers import DDIMScheduler, StableDiffusionPipeline

HERE = Path(__file__).parent
SETTINGS = {
    "prompt": "a fox, ünïcode 狐 and a very long tail",
    "negativePrompt": "blurred",
    "seed": 5,
    "steps": 4,
    "guidanceScale": 4,
    "width": 64,
    "height": 64,
}


def pipeline(path, config):
    return StableDiffusionPipeline.from_single_file(
        path,
        config=str(config),
        local_files_only=True,
        torch_dtype=torch.float32,
        safety_checker=None,
    )


def same_weights(ours, folder):
    """Every weight of the pipeline is the one of the folder; returns how many there are."""
    theirs = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, torch_dtype=torch.float32)
    count = 0
    for name in ("unet", "vae", "text_encoder"):
        expected = getattr(theirs, name).state_dict()
        found = getattr(ours, name).state_dict()
        assert found.keys() == expected.keys(), name
        for key, value in expected.items():
            assert torch.equal(found[key], value), f"{name} {key}"
        count += len(expected)
    return count


def main():
    pictures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = str(HERE / "single-file-models.ts")
        hashes = subprocess.run(["node", script, name], check=True, capture_output=True, text=True).stdout.split()
        for model, sha in zip(("sd1", "sd2"), hashes, strict=True):
            pipe = pipeline(str(folder / f"{model}.safetensors"), folder / model)
            weights = same_weights(pipe, folder / model)
            scheduler = json.loads((folder / model / "scheduler" / "scheduler_config.json").read_text())
            pipe.scheduler = DDIMScheduler.from_config(scheduler)
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
            print(model, weights, "weights, deviation", round(float(pixels.std()), 1))
            pictures.append({"model": model, "sha256": sha, "rgb": base64.b64encode(pixels.tobytes()).decode()})
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers)}
    fixture = {"versions": versions, "settings": SETTINGS, "pictures": pictures}
    (HERE / "fixtures" / "single-file.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
