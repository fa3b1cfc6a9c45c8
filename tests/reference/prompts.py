"""What transformers' CLIP makes of weighted, long and clip-skipped prompts, and diffusers' pictures of that: fixtures/prompts.json.

Prompts are told to this script in parts with their weights, so that reading brackets is not what it is about. Tokens go in chunks of
as many as the tokenizer takes, each with begin, end and padding of its own; their states stand one after the other. Each state is
multiplied by its token's weight, and the mean of each chunk brought back, as AUTOMATIC1111's web UI does. A clip skip of n is
`clip_skip=n-1` of diffusers, whose own `encode_prompt` is held against what is computed here.
States are float32 in base64, pictures [height, width, 3] bytes in base64; `models` are the SHA-256 that text-to-image-models.ts and
sdxl-models.ts print.
Run: python tests/reference/prompts.py [node] (the program that runs those scripts)
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
from diffusers import DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline

HERE = Path(__file__).parent
LONG = "a red square on blue, beside a small green circle, below two yellow stripes and one dot, all of it on white paper"
BREAK = "break"


def plain(text):
    return [[text, 1]]


# As a person writes it, and what that means.
CASES = [
    {"name": "as usual", "prompt": "a red square on blue", "parts": plain("a red square on blue")},
    {"name": "clip skip", "prompt": "a red square on blue", "parts": plain("a red square on blue"), "clipSkip": 2},
    {"name": "long", "prompt": LONG, "parts": plain(LONG)},
    {
        "name": "weighted",
        "prompt": r"a (red:1.5) square [on] ((blue)) \(paper\)",
        "parts": [["a ", 1], ["red", 1.5], [" square ", 1], ["on", 1 / 1.1], [" ", 1], ["blue", 1.21], [" (paper)", 1]],
    },
    {
        "name": "broken",
        "prompt": "a red square BREAK (blue:0.6) paper",
        "parts": [["a red square", 1], BREAK, ["", 1], ["blue", 0.6], [" paper", 1]],
    },
    {
        "name": "long, weighted and skipped",
        "prompt": f"(a red square on blue:1.3), {LONG}",
        "parts": [["a red square on blue", 1.3], [f", {LONG}", 1]],
        "negative": "a (yellow:1.4) stripe",
        "negativeParts": [["a ", 1], ["yellow", 1.4], [" stripe", 1]],
        "clipSkip": 2,
    },
]
RECIPE = {"seed": 7, "sampler": "ddim", "steps": 4, "guidanceScale": 5, "width": 32, "height": 32}
MOST = 3


def chunks_of(tokenizer, parts, least=1):
    room = tokenizer.model_max_length - 2
    chunks = [[]]
    for part in parts:
        if part == BREAK:
            chunks.append([])
            continue
        text, weight = part
        for token in tokenizer(text, add_special_tokens=False).input_ids:
            if len(chunks[-1]) == room:
                chunks.append([])
            chunks[-1].append((token, weight))
    chunks = chunks[:MOST]
    chunks += [[] for _ in range(least - len(chunks))]
    ids, weights = [], []
    for chunk in chunks:
        padding = room - len(chunk)
        ids.append(
            [tokenizer.bos_token_id, *(token for token, _ in chunk), tokenizer.eos_token_id]
            + [tokenizer.pad_token_id] * padding
        )
        weights.append([1.0, *(weight for _, weight in chunk), 1.0] + [1.0] * padding)
    return torch.tensor(ids), torch.tensor(weights, dtype=torch.float64)


def weighed(states, weights):
    if bool((weights == 1).all()):
        return states
    exact = states.double()
    means = exact.mean(dim=(1, 2), keepdim=True)
    exact = exact * weights[:, :, None]
    return (exact * (means / exact.mean(dim=(1, 2), keepdim=True))).float()


def name_inner_model(encoder):
    """diffusers asks for the final layer norm where transformers had it before version 5."""
    if not hasattr(encoder, "text_model"):
        object.__setattr__(encoder, "text_model", encoder)


@torch.no_grad()
def encode_sd(pipeline, parts, clip_skip, least):
    ids, weights = chunks_of(pipeline.tokenizer, parts, least)
    result = pipeline.text_encoder(ids, output_hidden_states=True)
    norm = pipeline.text_encoder.text_model.final_layer_norm
    states = result.last_hidden_state if clip_skip == 1 else norm(result.hidden_states[-clip_skip])
    return weighed(states, weights).reshape(1, -1, states.shape[-1]), None


@torch.no_grad()
def encode_xl(pipeline, parts, clip_skip, least):
    if parts is None:
        size = pipeline.tokenizer.model_max_length * least
        width = pipeline.unet.config.cross_attention_dim
        return torch.zeros(1, size, width), torch.zeros(1, pipeline.text_encoder_2.config.projection_dim)
    states, pooled = [], None
    for tokenizer, encoder in (
        (pipeline.tokenizer, pipeline.text_encoder),
        (pipeline.tokenizer_2, pipeline.text_encoder_2),
    ):
        ids, weights = chunks_of(tokenizer, parts, least)
        result = encoder(ids, output_hidden_states=True)
        pooled = result[0][:1]
        own = result.hidden_states[-(clip_skip + 1)]
        states.append(weighed(own, weights).reshape(1, -1, own.shape[-1]))
    return torch.cat(states, dim=-1), pooled


def chunk_count(pipeline, parts):
    return 1 if parts is None else chunks_of(pipeline.tokenizer, parts)[0].shape[0]


def bytes_of(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def run_case(pipeline, encode, case, nothing):
    skip = case.get("clipSkip", 1)
    negative_parts = case.get("negativeParts", nothing)
    least = max(chunk_count(pipeline, case["parts"]), chunk_count(pipeline, negative_parts))
    states, pooled = encode(pipeline, case["parts"], skip, least)
    negative, negative_pooled = encode(pipeline, negative_parts, skip, least)
    if len(case["parts"]) == 1 and least == 1:
        own = pipeline.encode_prompt(case["prompt"], device="cpu", num_images_per_prompt=1,
                                     do_classifier_free_guidance=False, clip_skip=None if skip == 1 else skip - 1)[0]
        assert (own - states).abs().max() < 1e-6
    told = {"prompt_embeds": states, "negative_prompt_embeds": negative}
    if pooled is not None:
        told |= {"pooled_prompt_embeds": pooled, "negative_pooled_prompt_embeds": negative_pooled}
    result = pipeline(
        **told,
        num_inference_steps=RECIPE["steps"],
        guidance_scale=RECIPE["guidanceScale"],
        width=RECIPE["width"],
        height=RECIPE["height"],
        generator=torch.Generator().manual_seed(RECIPE["seed"]),
    )
    pixels = numpy.asarray(result.images[0].convert("RGB"))
    print(case["name"], least, "chunks, deviation", round(float(pixels.std()), 1))
    return {
        "name": case["name"],
        "prompt": case["prompt"],
        "negativePrompt": case.get("negative", ""),
        "clipSkip": skip,
        "chunks": least,
        "states": bytes_of(states[0].numpy()),
        **({} if pooled is None else {"pooled": bytes_of(pooled[0].numpy())}),
        "rgb": bytes_of(pixels),
    }


def written(node, script, folder):
    command = [node, str(HERE / script), str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main():
    node = sys.argv[1] if len(sys.argv) > 1 else "node"
    families = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family, script, model, kind, encode, nothing in (
            ("sd", "text-to-image-models.ts", "epsilon", StableDiffusionPipeline, encode_sd, plain("")),
            ("xl", "sdxl-models.ts", "xl", StableDiffusionXLPipeline, encode_xl, None),
        ):
            models = written(node, script, folder)
            extra = {"safety_checker": None, "requires_safety_checker": False} if family == "sd" else {"add_watermarker": False}
            pipeline = kind.from_pretrained(folder / model, torch_dtype=torch.float32, local_files_only=True, **extra)
            name_inner_model(pipeline.text_encoder)
            pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
            pipeline.set_progress_bar_config(disable=True)
            cases = [run_case(pipeline, encode, case, nothing) for case in CASES]
            families[family] = {"models": models, "cases": cases}
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers)}
    fixture = {"versions": versions, "recipe": RECIPE, **families}
    (HERE / "fixtures" / "prompts.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
