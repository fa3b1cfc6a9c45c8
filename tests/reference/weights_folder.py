"""Reads with diffusers what native/weights writes: a model folder in both precisions, and a LoRA.

Passed with diffusers 0.42.1, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0, torch 2.15.0:

    python tests/reference/weights_folder.py

Every weight arrives bit for bit, the pipeline makes a picture, and `load_lora_weights` changes every adapted weight by
alpha / rank * up @ down and no other.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors import safe_open
from transformers import CLIPTextConfig, CLIPTextModel

here = Path(__file__).parent


def models():
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        latent_channels=4,
        sample_size=16,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=520,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=518,
            eos_token_id=519,
            pad_token_id=519,
        )
    )
    return {"unet": unet, "vae": vae, "text_encoder": text}


def described(name, model):
    prefix = "text_model." if name == "text_encoder" else ""
    config = json.loads(model.to_json_string() if name != "text_encoder" else model.config.to_json_string(use_diff=False))
    shapes = {prefix + k: list(v.shape) for k, v in model.state_dict().items()}
    ends = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2")
    if name == "text_encoder":
        ends = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
    adapted = {
        k.removesuffix(".weight"): s
        for k, s in shapes.items()
        if name != "vae" and k.endswith(".weight") and k.removesuffix(".weight").endswith(ends)
    }
    return {"config": config, "shapes": shapes, "adapted": adapted}


def weights(pipe, name):
    return {k: v.detach().clone() for k, v in getattr(pipe, name).state_dict().items()}


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    facts = {name: described(name, model) for name, model in models().items()}
    # What a Stable Diffusion 1.x folder says.
    facts["scheduler"] = json.loads(
        PNDMScheduler(beta_schedule="scaled_linear", skip_prk_steps=True).to_json_string()
    )
    (folder / "shapes.json").write_text(json.dumps(facts))
    subprocess.run(["node", here / "weights-folder.ts", folder], check=True)

    for precision, dtype in (("float32", torch.float32), ("float16", torch.float16)):
        pipe = StableDiffusionPipeline.from_pretrained(folder / precision, dtype=dtype)
        for component, model in models().items():
            file = "model" if component == "text_encoder" else "diffusion_pytorch_model"
            with safe_open(folder / precision / component / f"{file}.safetensors", "pt") as tensors:
                stored = {k: tensors.get_tensor(k) for k in tensors.keys()}
            assert set(stored) == set(facts[component]["shapes"])
            loaded = weights(pipe, component)
            assert len(loaded) == len(stored)
            for key, value in stored.items():
                got = loaded.get(key, loaded.get(key.removeprefix("text_model.")))
                assert got.dtype == value.dtype == dtype and torch.equal(got, value), key
        print(precision, {c: len(facts[c]["shapes"]) for c in models()}, pipe.tokenizer("a photo of a cat").input_ids)

    pipe = StableDiffusionPipeline.from_pretrained(folder / "float32")
    picture = pipe("a photo of a cat", num_inference_steps=2, output_type="np").images[0]
    assert picture.shape == (16, 16, 3)

    before = {c: weights(pipe, c) for c in ("unet", "text_encoder")}
    pipe.load_lora_weights(folder / "lora.safetensors")
    pipe.fuse_lora()
    pipe.unload_lora_weights()
    with safe_open(folder / "lora.safetensors", "pt") as tensors:
        lora = {k: tensors.get_tensor(k) for k in tensors.keys()}
        print(tensors.metadata())
    changed = 0
    for component, prefix in (("unet", "lora_unet_"), ("text_encoder", "lora_te_text_model_")):
        after = weights(pipe, component)
        for key, value in before[component].items():
            module = prefix + key.removeprefix("text_model.").removesuffix(".weight").replace(".", "_")
            if f"{module}.alpha" in lora and key.endswith(".weight"):
                down, up = (lora[f"{module}.lora_{part}.weight"].flatten(1) for part in ("down", "up"))
                value = value + (up @ down).reshape(value.shape) * lora[f"{module}.alpha"] / down.shape[0]
                changed += 1
            assert torch.allclose(after[key], value, atol=1e-6), key
    assert changed * 3 == len(lora), (changed, len(lora))
    print(f"{changed} modules adapted, as diffusers applies them")
