"""Reads with diffusers the LoRA files that native/weights writes with PEFT's names.

Passed with diffusers 0.42.1, transformers 5.24.0, peft 0.21.2, torch 2.15.0:

    python tests/reference/peft_files.py

`load_lora_weights` changes every adapted weight, in every component, by what the same LoRA under kohya's names says,
alpha / rank * up @ down, with an alpha that is not the rank; and no other weight.
"""

import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

here = Path(__file__).parent


def weights(pipe, name):
    return {k: v.detach().clone() for k, v in getattr(pipe, name).state_dict().items()}


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    node = here.parent.parent / "node_modules" / ".bin" / "node"
    subprocess.run([node, here / "peft-files.ts", folder], check=True)
    for family, components in (
        ("sd", ("unet", "text_encoder")),
        ("sdxl", ("unet", "text_encoder", "text_encoder_2")),
    ):
        kohya = load_file(folder / f"{family}-kohya.safetensors")
        peft = load_file(folder / f"{family}-peft.safetensors")
        # The numbers tell which module of the one is which of the other.
        ends = (".lora_down.weight", ".lora_up.weight", ".alpha")
        parts = ([kohya[k.removesuffix(ends[0]) + end] for end in ends] for k in kohya if k.endswith(ends[0]))
        modules = {
            (down.numpy().tobytes(), (up * alpha / down.shape[0]).numpy().tobytes()): (down, up, alpha)
            for down, up, alpha in parts
        }
        pipe = DiffusionPipeline.from_pretrained(folder / family)
        before = {component: weights(pipe, component) for component in components}
        pipe.load_lora_weights(folder / f"{family}-peft.safetensors")
        pipe.fuse_lora()
        pipe.unload_lora_weights()
        changed = 0
        for component in components:
            after = weights(pipe, component)
            for key, value in before[component].items():
                paths = [f"{component}.{start}{key.removesuffix('.weight')}" for start in ("", "text_model.")]
                path = next((p for p in paths if f"{p}.lora_A.weight" in peft), None)
                if path is not None and key.endswith(".weight"):
                    numbers = (peft[f"{path}.lora_{part}.weight"].numpy().tobytes() for part in "AB")
                    down, up, alpha = modules[tuple(numbers)]
                    assert alpha != down.shape[0]
                    change = (up.flatten(1) @ down.flatten(1)).reshape(value.shape)
                    value = value + change * alpha / down.shape[0]
                    changed += 1
                assert torch.allclose(after[key], value, atol=1e-5), (component, key)
        assert changed * 2 == len(peft) and changed * 3 == len(kohya), (changed, len(peft), len(kohya))
        print(f"{family}: {changed} modules adapted, as diffusers applies them")
