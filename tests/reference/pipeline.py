"""Makes a picture in diffusers from a model folder Screenfold wrote, and compares it with Screenfold's PNG.

Prints one JSON object: the greatest difference of a channel value (of 255), the share of values that differ at all, and
the versions of the programs. Ends with status 1 where the greatest difference is above --tolerance.
Run: python tests/reference/pipeline.py MODEL_FOLDER OUR.png --prompt "..." --seed 1 --sampler ddim --steps 20
     --guidance 7.5 [--negative "..."] [--lora FILE --lora-scale 1] [--save THEIRS.png] [--tolerance 2]
The picture's size is the PNG's.
"""

import argparse
import json
import sys
from pathlib import Path

import diffusers
import numpy
import torch
import transformers
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
)
from PIL import Image

SAMPLERS = {
    "ddim": (DDIMScheduler, {}),
    "pndm": (PNDMScheduler, {"skip_prk_steps": True}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler-ancestral": (EulerAncestralDiscreteScheduler, {}),
    "dpm++-2m": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "use_karras_sigmas": False}),
    "dpm++-2m-karras": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}),
}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--negative", default="")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--sampler", choices=SAMPLERS, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--guidance", type=float, required=True)
    parser.add_argument("--lora", type=Path)
    parser.add_argument("--lora-scale", type=float, default=1.0)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--tolerance", type=int, default=2)
    return parser.parse_args()


def generate(options, width, height):
    """The picture as [height, width, 3] bytes. The network is not asked for anything."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        options.folder,
        torch_dtype=torch.float32,
        safety_checker=None,
        requires_safety_checker=False,
        local_files_only=True,
    )
    scheduler, settings = SAMPLERS[options.sampler]
    pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config, **settings)
    if options.lora:
        pipeline.load_lora_weights(options.lora.parent, weight_name=options.lora.name, local_files_only=True)
        pipeline.fuse_lora(lora_scale=options.lora_scale)
    pipeline.set_progress_bar_config(disable=True)
    result = pipeline(
        options.prompt,
        negative_prompt=options.negative,
        num_inference_steps=options.steps,
        guidance_scale=options.guidance,
        width=width,
        height=height,
        generator=torch.Generator().manual_seed(options.seed),
    )
    return numpy.asarray(result.images[0].convert("RGB"))


def main():
    options = parse()
    ours = numpy.asarray(Image.open(options.picture).convert("RGB"))
    height, width, _ = ours.shape
    theirs = generate(options, width, height)
    if options.save:
        Image.fromarray(theirs).save(options.save)
    difference = numpy.abs(ours.astype(int) - theirs.astype(int))
    greatest = int(difference.max())
    print(
        json.dumps(
            {
                "maxDifference": greatest,
                "differing": round(float((difference > 0).mean()), 6),
                "deviation": round(float(theirs.std()), 2),
                "width": width,
                "height": height,
                "sampler": options.sampler,
                "torch": torch.__version__,
                "diffusers": diffusers.__version__,
                "transformers": transformers.__version__,
            }
        )
    )
    sys.exit(0 if greatest <= options.tolerance else 1)


if __name__ == "__main__":
    main()
