"""Names and shapes of the tensors in LoRA files as the programs that publish them write them: configs/lora-keys.json.gz.

The programs' own code makes them, over models at full size without memory (meta device): kohya's sd-scripts (commit
48d368f), LyCORIS (commit f49d30d), peft and diffusers. Of each list: which base it is for, and [name, shape] of every
tensor. The SDXL UNet is sd-scripts' own, which has the original code's names; its text encoders have the sizes of the
published ones.

Run: python tests/reference/lora_keys.py <sd-scripts> <LyCORIS> (checkouts; needs toml and einops besides README.md's)
"""

import gzip
import json
import logging
import sys
import types
from pathlib import Path

import diffusers
import peft
import torch
import transformers
from diffusers.utils import convert_state_dict_to_diffusers
from peft.utils import get_peft_model_state_dict

CONFIGS = Path(__file__).parent / "configs"
# Its other imports are of training; the logger is all that the networks need of it.
utils = types.ModuleType("library.utils")
utils.setup_logging = lambda *_, **__: None
sys.modules["library.utils"] = utils
sys.path[:0] = sys.argv[1:3]
logging.disable(logging.WARNING)
# DoRA measures weights on the CPU, where there are none.
torch.Tensor.cpu = lambda self: self

from library.sdxl_original_unet import SdxlUNet2DConditionModel  # noqa: E402
from lycoris import kohya as lycoris_kohya  # noqa: E402
from networks import lora as kohya_lora  # noqa: E402


class TextModel(torch.nn.Module):
    """A CLIP as transformers before version 5 named it, which is how LoRA files do."""

    def __init__(self, model):
        super().__init__()
        self.text_model = model


def config_of(name):
    return json.loads((CONFIGS / f"{name}.json").read_text())


def clip(**sizes):
    return TextModel(transformers.CLIPTextModel(transformers.CLIPTextConfig(**sizes)))


def models(base):
    """UNet as kohya has it, UNet as diffusers has it, text encoders."""
    with torch.device("meta"):
        if base != "sdxl":
            unet = diffusers.UNet2DConditionModel.from_config(config_of(f"{base}-unet"))
            return unet, unet, [clip(**config_of(f"{base}-text-encoder"))]
        large = diffusers.UNet2DConditionModel(
            sample_size=128,
            block_out_channels=(320, 640, 1280),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=2,
            transformer_layers_per_block=(1, 2, 10),
            attention_head_dim=(5, 10, 20),
            cross_attention_dim=2048,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        )
        second = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20}
        return SdxlUNet2DConditionModel(), large, [clip(**config_of("sd1-text-encoder")), clip(**second)]


def listed(network):
    return [[name, list(value.shape)] for name, value in network.state_dict().items()]


def kohya(base, rank, **settings):
    unet, _, encoders = models(base)
    encoder = encoders if base == "sdxl" else encoders[0]
    # Networks with convolutions add to it for good, which a process that trains one network never meets.
    kohya_lora.LoRANetwork.UNET_TARGET_REPLACE_MODULE = ["Transformer2DModel"]
    with torch.device("meta"):
        network = kohya_lora.create_network(1.0, rank, rank / 2, None, encoder, unet, **settings)
        network.apply_to(encoder, unet, True, True)
    return listed(network)


def lycoris(base, rank, **settings):
    unet, _, encoders = models(base)
    encoder = encoders if base == "sdxl" else encoders[0]
    with torch.device("meta"):
        network = lycoris_kohya.create_network(1.0, rank, 1, None, encoder, unet, **settings)
        network.apply_to(encoder, unet, True, True)
        tensors = {}
        for module in network.loras:
            for name, value in module.custom_state_dict().items():
                tensors[f"{module.lora_name}.{name}"] = value
    return [[name, list(value.shape)] for name, value in tensors.items()]


def adapted(model, rank, targets, **settings):
    config = peft.LoraConfig(r=rank, lora_alpha=rank, init_lora_weights=False, target_modules=targets, **settings)
    with torch.device("meta"):
        wrapped = peft.inject_adapter_in_model(config, model)
    return get_peft_model_state_dict(wrapped)


ATTENTION = ["to_k", "to_q", "to_v", "to_out.0"]
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj"]


def peft_lists(base, rank, older=False, **settings):
    """As diffusers' training scripts save them."""
    _, unet, encoders = models(base)
    tensors = {f"unet.{name}": value for name, value in adapted(unet, rank, ATTENTION, **settings).items()}
    for index, encoder in enumerate(encoders):
        prefix = "text_encoder" if index == 0 else f"text_encoder_{index + 1}"
        state = adapted(encoder, rank, TEXT, **settings)
        if older:
            state = convert_state_dict_to_diffusers(state)
        tensors.update({f"{prefix}.{name}": value for name, value in state.items()})
    return [[name, list(value.shape)] for name, value in tensors.items()]


def processors(rank):
    """As diffusers before 0.22 saved attention processors: of the UNet, whose name is left out."""
    _, unet, _ = models("sd1")
    tensors = []
    for name, module in unet.named_modules():
        if not name.endswith(("attn1", "attn2")):
            continue
        for projection in ("to_q", "to_k", "to_v", "to_out"):
            linear = module.to_out[0] if projection == "to_out" else getattr(module, projection)
            start = f"{name}.processor.{projection}_lora"
            tensors.append([f"{start}.down.weight", [rank, linear.in_features]])
            tensors.append([f"{start}.up.weight", [linear.out_features, rank]])
    return tensors


LISTS = {
    "kohya SD 1.x LoRA": ("sd1", lambda: kohya("sd1", 32)),
    "kohya SD 1.x LoCon": ("sd1", lambda: kohya("sd1", 16, conv_dim="8", conv_alpha="1")),
    "kohya SD 2.x LoRA": ("sd2", lambda: kohya("sd2", 32)),
    "kohya SDXL LoRA": ("sdxl", lambda: kohya("sdxl", 32)),
    "LyCORIS SD 1.x LoCon, Tucker": (
        "sd1",
        lambda: lycoris("sd1", 16, algo="locon", conv_dim=8, conv_alpha=1, use_tucker="True"),
    ),
    "LyCORIS SD 1.x DoRA": ("sd1", lambda: lycoris("sd1", 16, algo="lora", dora_wd="True")),
    "LyCORIS SD 1.x DoRA along inputs": (
        "sd1",
        lambda: lycoris("sd1", 8, algo="lora", dora_wd="True", wd_on_output="False"),
    ),
    "LyCORIS SDXL LoCon": ("sdxl", lambda: lycoris("sdxl", 32, algo="locon", conv_dim=16)),
    "diffusers SD 1.x processors": ("sd1", lambda: processors(4)),
    "diffusers SD 1.x": ("sd1", lambda: peft_lists("sd1", 8, older=True)),
    "PEFT SD 1.x DoRA": ("sd1", lambda: peft_lists("sd1", 8, use_dora=True)),
    "PEFT SDXL": ("sdxl", lambda: peft_lists("sdxl", 16)),
    "PEFT SDXL DoRA": ("sdxl", lambda: peft_lists("sdxl", 4, use_dora=True)),
}


def main():
    lists = {}
    for name, (base, make) in LISTS.items():
        tensors = make()
        lists[name] = {"base": base, "tensors": tensors}
        print(name, len(tensors), tensors[0], tensors[-1])
    path = CONFIGS / "lora-keys.json.gz"
    path.write_bytes(gzip.compress(json.dumps(lists).encode(), mtime=0))
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
