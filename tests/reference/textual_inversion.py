"""Textual inversion in PyTorch, and diffusers' pictures with what Screenfold exported of it: fixtures/textual-inversion.json.

embedding-batches.ts hands over tiny models (Stable Diffusion and XL), of each step latents, noise, timesteps and captions, and the
files that Screenfold exported of a run over them. Here the word is added to the tokenizers as diffusers' textual_inversion.py adds it
(`<wolf> <wolf>_1 <wolf>_2`), its rows begin as the words it is given, in turn as kohya's scripts repeat them, and AdamW trains the
whole table while all other rows are put back after every step, as that script does. Computed in float64; the greatest difference of
float32 is printed. `vectors` are the trained rows in float32 and base64, by component.
Pictures are by `load_textual_inversion` of the exported files, [height, width, 3] bytes in base64.
Run: OMP_NUM_THREADS=1 python tests/reference/textual_inversion.py [node] (the program that runs that script)
"""

import json
import sys
import tempfile
from pathlib import Path

import diffusers
import numpy
import torch
import transformers
from diffusers import DDIMScheduler, DDPMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import load_file

from prompts import HERE, bytes_of, name_inner_model, written

RECIPE = {
    "prompt": "a <wolf> square on blue",
    "negativePrompt": "",
    "seed": 7,
    "sampler": "ddim",
    "steps": 4,
    "guidanceScale": 5,
    "width": 32,
    "height": 32,
}
WORD = "<wolf>"
KINDS = {"sd": StableDiffusionPipeline, "xl": StableDiffusionXLPipeline}
PARTS = {"sd": ["text_encoder"], "xl": ["text_encoder", "text_encoder_2"]}


def open_pipeline(folder, family):
    extra = {"safety_checker": None, "requires_safety_checker": False} if family == "sd" else {"add_watermarker": False}
    pipeline = KINDS[family].from_pretrained(folder / family / "base", torch_dtype=torch.float32, local_files_only=True, **extra)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def end_as_in_config(pipeline):
    """Where a config has no usable end token, transformers takes the highest id for it, which then is the new word's."""
    name_inner_model(pipeline.text_encoder_2)
    pipeline.text_encoder_2.text_model.eos_token_id = pipeline.tokenizer_2.eos_token_id


def add_word(pipeline, part, method):
    """The first of the new rows, after the tokens that there were."""
    tokenizer, encoder = getattr(pipeline, part.replace("text_encoder", "tokenizer")), getattr(pipeline, part)
    first = len(tokenizer)
    begins = tokenizer.encode(method["initWords"], add_special_tokens=False)
    names = [WORD] + [f"{WORD}_{i}" for i in range(1, method["vectors"])]
    assert tokenizer.add_tokens(names) == len(names)
    encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    table = encoder.get_input_embeddings().weight
    with torch.no_grad():
        for i in range(len(names)):
            table[first + i] = table[begins[i % len(begins)]]
    return first, " ".join(names)


def states_of(pipeline, family, captions):
    def ids(tokenizer):
        return tokenizer(captions, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt").input_ids

    if family == "sd":
        return pipeline.text_encoder(ids(pipeline.tokenizer))[0], None
    first = pipeline.text_encoder(ids(pipeline.tokenizer), output_hidden_states=True).hidden_states[-2]
    second = pipeline.text_encoder_2(ids(pipeline.tokenizer_2), output_hidden_states=True)
    return torch.cat([first, second.hidden_states[-2]], dim=-1), second[0]


def train(folder, family, dtype):
    job = json.loads((folder / family / "job.json").read_text())
    tensors = {key: value.to(dtype) for key, value in load_file(folder / family / "batches.safetensors").items()}
    pipeline = open_pipeline(folder, family)
    added = {part: add_word(pipeline, part, job["method"]) for part in PARTS[family]}
    if family == "xl":
        end_as_in_config(pipeline)
    for model in (pipeline.unet, *(getattr(pipeline, part) for part in PARTS[family])):
        model.to(dtype).requires_grad_(False)
    tables = {part: getattr(pipeline, part).get_input_embeddings().weight.requires_grad_(True) for part in PARTS[family]}
    before = {part: table.detach().clone() for part, table in tables.items()}
    optimizer = torch.optim.AdamW(tables.values(), lr=job["settings"]["learningRate"], betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.to(dtype)
    losses = []
    for step, captions in enumerate(job["captions"], 1):
        batch = {k.removeprefix(f"{step}."): v for k, v in tensors.items() if k.startswith(f"{step}.")}
        said = [caption.replace(WORD, added["text_encoder"][1]) for caption in captions]
        states, pooled = states_of(pipeline, family, said)
        timesteps = batch["timesteps"].long()
        noisy = scheduler.add_noise(batch["latents"], batch["noise"], timesteps)
        conditions = None if family == "sd" else {"text_embeds": pooled, "time_ids": batch["time_ids"]}
        predicted = pipeline.unet(noisy, timesteps, states, added_cond_kwargs=conditions).sample
        loss = (predicted - batch["noise"]).square().mean()
        loss.backward()
        # Of the new rows alone, since no others are trained.
        for part, table in tables.items():
            table.grad[: added[part][0]] = 0
        torch.nn.utils.clip_grad_norm_(list(tables.values()), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            for part, table in tables.items():
                table[: added[part][0]] = before[part][: added[part][0]]
        losses.append(loss.item())
    vectors = {part: table.detach()[added[part][0] :].float().numpy() for part, table in tables.items()}
    return losses, vectors


def picture(folder, family, names):
    pipeline = open_pipeline(folder, family)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    file = folder / family / f"{names}.safetensors"
    if family == "sd":
        # diffusers' own file says the word; A1111's is called by it.
        pipeline.load_textual_inversion(file, **({} if names == "diffusers" else {"token": WORD}))
    else:
        state = load_file(file)
        for key, part in (("clip_l", "text_encoder"), ("clip_g", "text_encoder_2")):
            tokenizer = getattr(pipeline, part.replace("text_encoder", "tokenizer"))
            pipeline.load_textual_inversion(state[key], token=WORD, text_encoder=getattr(pipeline, part), tokenizer=tokenizer)
        end_as_in_config(pipeline)
    result = pipeline(
        RECIPE["prompt"],
        negative_prompt=None if family == "xl" else "",
        num_inference_steps=RECIPE["steps"],
        guidance_scale=RECIPE["guidanceScale"],
        width=RECIPE["width"],
        height=RECIPE["height"],
        generator=torch.Generator().manual_seed(RECIPE["seed"]),
    )
    return numpy.asarray(result.images[0].convert("RGB"))


def main():
    node = sys.argv[1] if len(sys.argv) > 1 else "node"
    families = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(node, "embedding-batches.ts", folder)
        for family in KINDS:
            losses, vectors = train(folder, family, torch.float64)
            rounded, _ = train(folder, family, torch.float32)
            worst = max(abs(a / b - 1) for a, b in zip(rounded, losses))
            print(f"{family}: {losses[0]:.5f} to {losses[-1]:.5f}; float32 differs by {worst:.1e}")
            # In one file both kinds of names are the same for XL.
            pictures = {names: picture(folder, family, names) for names in (["a1111", "diffusers"] if family == "sd" else ["a1111"])}
            for names, pixels in pictures.items():
                print(f"  {names}: deviation {pixels.std():.1f}")
            families[family] = {
                "losses": losses,
                "vectors": {part: bytes_of(found) for part, found in vectors.items()},
                "pictures": {names: bytes_of(pixels) for names, pixels in pictures.items()},
            }
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers)}
    fixture = {"script": "tests/reference/textual_inversion.py", "versions": versions, "recipe": RECIPE, **families}
    (HERE / "fixtures" / "textual-inversion.json").write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
