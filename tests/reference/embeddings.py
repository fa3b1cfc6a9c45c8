"""Pictures by diffusers with new words of textual inversion, by the tiny models Screenfold writes: fixtures/embeddings.json.

The words' vectors are random; they stand in the fixture as float32 in base64, by component. Pictures are [height, width, 3] bytes in
base64; `models` are the SHA-256 that text-to-image-models.ts and sdxl-models.ts print.
Run: python tests/reference/embeddings.py [node] (the program that runs those scripts)
"""

import json
import sys
import tempfile
from pathlib import Path

import diffusers
import numpy
import torch
import transformers
from diffusers import DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline

from prompts import HERE, bytes_of, name_inner_model, written

RECIPE = {
    "prompt": "a <glyph> square on blue, <glyph>",
    "negativePrompt": "",
    "seed": 7,
    "sampler": "ddim",
    "steps": 4,
    "guidanceScale": 5,
    "width": 32,
    "height": 32,
}
WORD = "<glyph>"
VECTORS = 2


def main():
    node = sys.argv[1] if len(sys.argv) > 1 else "node"
    families = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family, script, model, kind, parts in (
            ("sd", "text-to-image-models.ts", "epsilon", StableDiffusionPipeline, ["text_encoder"]),
            ("xl", "sdxl-models.ts", "xl", StableDiffusionXLPipeline, ["text_encoder", "text_encoder_2"]),
        ):
            models = written(node, script, folder)
            extra = {"safety_checker": None, "requires_safety_checker": False} if family == "sd" else {"add_watermarker": False}
            pipeline = kind.from_pretrained(folder / model, torch_dtype=torch.float32, local_files_only=True, **extra)
            pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
            pipeline.set_progress_bar_config(disable=True)
            random = torch.Generator().manual_seed(5)
            vectors = {}
            for part in parts:
                encoder = getattr(pipeline, part)
                tokenizer = getattr(pipeline, part.replace("text_encoder", "tokenizer"))
                table = encoder.get_input_embeddings().weight
                vectors[part] = torch.randn(VECTORS, table.shape[1], generator=random) * table.std().item()
                pipeline.load_textual_inversion(
                    {WORD: vectors[part].clone()}, token=WORD, text_encoder=encoder, tokenizer=tokenizer
                )
            if family == "xl":
                # Where a config has no usable end token, transformers takes the highest id for the end of a text, which then is the
                # new word's. kohya's scripts and A1111 take the end token, and so does Screenfold.
                encoder = pipeline.text_encoder_2
                name_inner_model(encoder)
                encoder.text_model.eos_token_id = pipeline.tokenizer_2.eos_token_id
            result = pipeline(
                RECIPE["prompt"],
                negative_prompt=None if family == "xl" else "",
                num_inference_steps=RECIPE["steps"],
                guidance_scale=RECIPE["guidanceScale"],
                width=RECIPE["width"],
                height=RECIPE["height"],
                generator=torch.Generator().manual_seed(RECIPE["seed"]),
            )
            pixels = numpy.asarray(result.images[0].convert("RGB"))
            print(family, "deviation", round(float(pixels.std()), 1))
            families[family] = {
                "models": models,
                "vectors": {part: bytes_of(found.numpy()) for part, found in vectors.items()},
                "rgb": bytes_of(pixels),
            }
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers)}
    fixture = {"versions": versions, "recipe": RECIPE, "word": WORD, **families}
    (HERE / "fixtures" / "embeddings.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
