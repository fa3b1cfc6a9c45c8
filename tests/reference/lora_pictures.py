"""Pictures by diffusers with LoRAs laid over a tiny model: fixtures/lora-pictures.json; weights merged by LyCORIS: lora-merged.json;
a LoRA by torch.save: lora.pt.

Each picture is [height, width, 3] bytes in base64, beside its recipe; `models` is the SHA-256 that lora-models.ts prints of the
files it was made with. LoRAs are loaded by `load_lora_weights` and chosen by `set_adapters`. What diffusers does not load
(Tucker's form, DoRA along inputs) LyCORIS merges into the weight of one small layer.
Run: python tests/reference/lora_pictures.py <LyCORIS> (a checkout, commit f49d30d; needs toml; calls node for the models)
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
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file

sys.path.insert(0, sys.argv[1])
from lycoris.modules.locon import LoConModule  # noqa: E402

HERE = Path(__file__).parent
BASE = {
    "prompt": "a red square on blue",
    "negativePrompt": "a yellow stripe, blurred",
    "seed": 7,
    "sampler": "ddim",
    "steps": 4,
    "guidanceScale": 5,
    "width": 32,
    "height": 32,
}
CHOICES = [
    {},
    {"kohya": 1},
    {"kohya": 0.8},
    {"kohya": -0.5},
    {"locon": 1},
    {"locon": 0.6},
    {"peft": 1},
    {"processors": 1.2},
    {"dora": 1},
    {"dora": 0.7},
    {"kohya": 0.8, "locon": 0.5},
    {"peft": 0.4, "dora": 0.9},
    {"dora": 0.9, "kohya": 0.3, "processors": 0.5},
]


def picture(folder, loras):
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder / "model", torch_dtype=torch.float32, safety_checker=None, requires_safety_checker=False, local_files_only=True
    )
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    for name in loras:
        if name == "processors":
            # Files of that time name no component, which diffusers now asks for.
            state = load_file(folder / f"{name}.safetensors")
            pipeline.load_lora_weights({f"unet.{key}": value for key, value in state.items()}, adapter_name=name)
            continue
        pipeline.load_lora_weights(folder, weight_name=f"{name}.safetensors", adapter_name=name, local_files_only=True)
    if loras:
        pipeline.set_adapters(list(loras), adapter_weights=[float(strength) for strength in loras.values()])
    pipeline.set_progress_bar_config(disable=True)
    result = pipeline(
        BASE["prompt"],
        negative_prompt=BASE["negativePrompt"],
        num_inference_steps=BASE["steps"],
        guidance_scale=BASE["guidanceScale"],
        width=BASE["width"],
        height=BASE["height"],
        generator=torch.Generator().manual_seed(BASE["seed"]),
    )
    return numpy.asarray(result.images[0].convert("RGB"))


def merged():
    """One layer of each form, with numbers that are exact in float32 as text."""
    torch.manual_seed(5)
    cases = {}
    forms = {
        "convolution": {},
        "Tucker": {"use_tucker": True},
        "DoRA along outputs": {"weight_decompose": True},
        "DoRA along inputs": {"weight_decompose": True, "wd_on_out": False},
        "Tucker, DoRA": {"use_tucker": True, "weight_decompose": True},
        "matrix, DoRA along inputs": {"weight_decompose": True, "wd_on_out": False},
    }
    for name, settings in forms.items():
        layer = torch.nn.Linear(4, 6) if name.startswith("matrix") else torch.nn.Conv2d(4, 6, 3, padding=1)
        module = LoConModule("layer", layer, 1.0, 2, 3.0, **settings)
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter)
        if hasattr(module, "dora_scale"):
            module.dora_scale.data.abs_()
        tensors = {key: value.detach() for key, value in module.custom_state_dict().items()}
        weight = module.get_merged_weight(1)[0].detach()
        case = {"weight": layer.weight.detach(), "merged": weight, **tensors}
        cases[name] = {key: {"shape": list(value.shape), "data": value.flatten().tolist()} for key, value in case.items()}
    return cases


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = str(HERE / "lora-models.ts")
        node = str(HERE.parent.parent / "node_modules" / ".bin" / "node")
        models = subprocess.run([node, script, name], check=True, capture_output=True, text=True).stdout.strip()
        pictures = []
        plain = None
        for loras in CHOICES:
            pixels = picture(folder, loras)
            plain = pixels if plain is None else plain
            print(loras, "differs by", int(numpy.abs(pixels.astype(int) - plain).max()))
            pictures.append({**BASE, "loras": loras, "rgb": base64.b64encode(pixels.tobytes()).decode()})
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers, peft)}
    fixture = {"versions": versions, "models": models, "pictures": pictures}
    fixtures = HERE / "fixtures"
    (fixtures / "lora-pictures.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n")
    # As trainers of the time of .pt saved them, in float16 and without an alpha.
    module = "lora_unet_mid_block_attentions_0_proj_in"
    down = (torch.arange(32) / 16).reshape(2, 16, 1, 1)
    state = {f"{module}.lora_down.weight": down.half(), f"{module}.lora_up.weight": (1 - down).reshape(16, 2, 1, 1).half()}
    torch.save(state, fixtures / "lora.pt")
    (fixtures / "lora-merged.json").write_text(json.dumps({"versions": versions, "cases": merged()}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
