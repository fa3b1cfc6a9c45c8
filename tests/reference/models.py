"""Forward passes of tiny models, by diffusers and transformers, as fixtures/<name>.safetensors.

Each file holds one model: its config.json and the programs' versions in the metadata, its weights under their
published state-dict names, and `input.*` and `output.*`. Weights are random and rounded to float16, which they are stored
as; everything is computed in float64 and stored as float32, so the reference's own rounding does not count.
Run: OMP_NUM_THREADS=1 python tests/reference/models.py [name ...]
"""

import json
import math
import sys
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file

FIXTURES = Path(__file__).parent / "fixtures"
VERSIONS = f"torch {torch.__version__}, diffusers {diffusers.__version__}, transformers {transformers.__version__}"

UNET = {
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.6.0",
    "act_fn": "silu",
    "attention_head_dim": 4,
    "center_input_sample": False,
    "cross_attention_dim": 16,
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 1,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 4,
    "out_channels": 4,
    "sample_size": 8,
}

# `attention_head_dim` is the number of heads, not their size: the published configs' own misnomer.
CONFIGS = {
    "unet-sd1": UNET
    | {
        "block_out_channels": [8, 8, 16],
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    },
    "unet-sd1-deep": UNET
    | {
        "block_out_channels": [8, 8, 8, 12],
        "layers_per_block": 2,
        "cross_attention_dim": 12,
        "sample_size": 16,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    },
    "unet-sd2": UNET
    | {
        "_diffusers_version": "0.10.0.dev0",
        "block_out_channels": [8, 8, 16],
        "attention_head_dim": [2, 4, 4],
        "cross_attention_dim": 12,
        "use_linear_projection": True,
        "upcast_attention": True,
        "dual_cross_attention": False,
        "only_cross_attention": False,
        "num_class_embeds": None,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    },
    "unet-plain-first": UNET
    | {
        "block_out_channels": [4, 8, 16],
        "norm_num_groups": 2,
        "cross_attention_dim": 20,
        "sample_size": 16,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    },
    "unet-tiny": UNET
    | {
        "block_out_channels": [8, 8],
        "attention_head_dim": 2,
        "cross_attention_dim": 8,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    },
    "unet-sdxl": UNET
    | {
        "_diffusers_version": "0.19.0.dev0",
        "addition_embed_type": "text_time",
        "addition_embed_type_num_heads": 64,
        "addition_time_embed_dim": 8,
        "attention_head_dim": [1, 2, 3],
        "attention_type": "default",
        "block_out_channels": [8, 8, 12],
        "cross_attention_dim": 28,
        "norm_num_groups": 4,
        "num_attention_heads": None,
        "projection_class_embeddings_input_dim": 64,
        "resnet_time_scale_shift": "default",
        "transformer_layers_per_block": [1, 1, 2],
        "upcast_attention": None,
        "use_linear_projection": True,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    },
    "clip-sd1": {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "hidden_size": 16,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 40,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "pad_token_id": 1,
        "projection_dim": 16,
        "vocab_size": 200,
    },
    "clip-sd2": {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 198,
        "dropout": 0.0,
        "eos_token_id": 199,
        "hidden_act": "gelu",
        "hidden_size": 32,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 48,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 24,
        "model_type": "clip_text_model",
        "num_attention_heads": 4,
        "num_hidden_layers": 3,
        "pad_token_id": 1,
        "projection_dim": 16,
        "vocab_size": 200,
    },
    "clip-sdxl": {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "hidden_size": 12,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 24,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 24,
        "model_type": "clip_text_model",
        "num_attention_heads": 2,
        "num_hidden_layers": 3,
        "pad_token_id": 1,
        "projection_dim": 12,
        "vocab_size": 100,
    },
    "clip-sdxl-projected": {
        "architectures": ["CLIPTextModelWithProjection"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": 2,
        "hidden_act": "gelu",
        "hidden_size": 16,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 40,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 24,
        "model_type": "clip_text_model",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "pad_token_id": 1,
        "projection_dim": 16,
        "vocab_size": 100,
    },
    "vae-2-levels": {
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.6.0",
        "act_fn": "silu",
        "block_out_channels": [8, 16],
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        "in_channels": 3,
        "latent_channels": 4,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "out_channels": 3,
        "sample_size": 16,
        "scaling_factor": 0.18215,
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    },
    "vae-3-levels": {
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.6.0",
        "act_fn": "silu",
        "block_out_channels": [4, 8, 8],
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
        "in_channels": 3,
        "latent_channels": 4,
        "layers_per_block": 2,
        "norm_num_groups": 2,
        "out_channels": 3,
        "sample_size": 32,
        "scaling_factor": 0.18215,
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
    },
}

# Batch, then tokens for a text model, or height and width of latents (UNet) or images (VAE). Sizes are not square.
SIZES = {
    "unet-sd1": (2, 8, 8),
    "unet-sd1-deep": (1, 8, 16),
    "unet-sd2": (2, 8, 12),
    "unet-plain-first": (2, 12, 8),
    "unet-sdxl": (2, 8, 12),
    "unet-tiny": (2, 8, 8),
    "clip-sd1": (2, 77),
    "clip-sd2": (3, 11),
    "clip-sdxl": (2, 24),
    "clip-sdxl-projected": (2, 24),
    "vae-2-levels": (2, 16, 24),
    "vae-3-levels": (1, 32, 16),
}


# Over so few channels a LayerNorm now and then meets a token whose variance is nearly zero, and then float32 rounding
# alone moves gradients by 1e-4. These weights are the ones of the first ten tries that are least sensitive so.
SEEDS = {"unet-sd1": 2, "unet-sd1-deep": 7, "unet-sd2": 7, "unet-plain-first": 6, "unet-sdxl": 5, "unet-tiny": 6}


def generator(name):
    """A generator of its own for each purpose, so that adding one leaves the others' numbers alone."""
    return torch.Generator().manual_seed(sum(byte * 31**i for i, byte in enumerate(name.encode())) % 2**32)


def normal(name, *shape):
    """Standard normal, float32-representable, in float64."""
    return torch.randn(*shape, generator=generator(name)).double()


def is_unet(name):
    return name.startswith("unet")


def is_text(name):
    return name.startswith("clip")


def is_projected(name):
    return name.endswith("-projected")


def published_name(name, parameter):
    """transformers 5 dropped the prefix that every published CLIPTextModel has, and reads both."""
    return f"text_model.{parameter}" if is_text(name) and not is_projected(name) else parameter


def build(name):
    """The model in float64, every weight random: scales about one, biases and zero-initialised layers not zero."""
    config = CONFIGS[name]
    if is_unet(name):
        model = diffusers.UNet2DConditionModel.from_config(config)
    elif is_text(name):
        kind = transformers.CLIPTextModelWithProjection if is_projected(name) else transformers.CLIPTextModel
        model = kind(transformers.CLIPTextConfig(**config))
    else:
        model = diffusers.AutoencoderKL.from_config(config)
    random = generator(f"weights {name} {SEEDS.get(name, 0)}")
    with torch.no_grad():
        for parameter, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=random)
            if parameter.endswith("embedding.weight"):
                value.copy_(0.5 * noise)
            elif value.dim() > 1:
                value.copy_(noise / math.sqrt(value[0].numel()))
            else:
                value.copy_((1 if parameter.endswith(".weight") else 0) + 0.2 * noise)
            if name == "vae-3-levels" and parameter == "quant_conv.bias":
                # One channel of the log variance straddles its lower bound of -30.
                value[5] = -30
            value.copy_(value.half())
    return model.double().eval().requires_grad_(True)


def inputs(name):
    """Named inputs of the forward pass."""
    config = CONFIGS[name]
    batch, *size = SIZES[name]
    if is_unet(name):
        given = {
            "sample": normal(f"sample {name}", batch, 4, *size),
            "timestep": torch.tensor([981, 7][:batch]),
            "encoder_hidden_states": normal(f"text {name}", batch, 77, config["cross_attention_dim"]),
        }
        if "addition_embed_type" not in config:
            return given
        facts = [[1024.0, 768.0, 0.0, 32.0, 1024.0, 704.0], [357.0, 512.0, 12.0, 0.0, 512.0, 512.0]]
        return given | {"text_embeds": normal(f"pooled {name}", batch, 16), "time_ids": torch.tensor(facts[:batch])}
    if is_text(name):
        (tokens,) = size
        end = config["vocab_size"] - 1
        ids = torch.randint(3, end - 1, (batch, tokens), generator=generator(f"ids {name}"))
        ids[:, 0] = end - 1
        for row, length in enumerate([5, tokens - 1, 7][:batch]):
            ids[row, length:] = end
            if is_projected(name):
                # OpenCLIP's padding is no end of a text: only one token is.
                ids[row, length + 1 :] = 0
        return {"input_ids": ids}
    latents = [extent // 2 ** (len(config["block_out_channels"]) - 1) for extent in size]
    return {
        "sample": normal(f"image {name}", batch, 3, *size).clamp(-1, 1),
        "latents": normal(f"latents {name}", batch, 4, *latents),
    }


def predict(unet, given):
    """What the UNet makes of its inputs; of Stable Diffusion XL's, two more."""
    told = {key: given[key] for key in ("text_embeds", "time_ids") if key in given}
    added = {"added_cond_kwargs": told} if told else {}
    return unet(given["sample"], given["timestep"], given["encoder_hidden_states"], **added).sample


def forward(name, model, given):
    """Named outputs. Of a VAE: the moments before and after the clamp of the log variance, and decoded latents."""
    if is_unet(name):
        return {"sample": predict(model, given)}
    if "sdxl" in name:
        result = model(given["input_ids"], output_hidden_states=True)
        penultimate = {"penultimate": result.hidden_states[-2]}
        return penultimate | ({"text_embeds": result.text_embeds} if is_projected(name) else {})
    if is_text(name):
        result = model(given["input_ids"])
        return {"last_hidden_state": result.last_hidden_state, "pooler_output": result.pooler_output}
    posterior = model.encode(given["sample"]).latent_dist
    return {
        "moments": posterior.parameters,
        "mean": posterior.mean,
        "logvar": posterior.logvar,
        "decoded": model.decode(given["latents"]).sample,
    }


def weights(name, model):
    return {published_name(name, parameter): value.detach() for parameter, value in model.named_parameters()}


def stored(tensor):
    """float32 or an integer type, contiguous, as fixtures hold everything but weights."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).contiguous()


def write(file, tensors, metadata):
    """Writes a fixture and prints its size; `metadata` values that are not strings become JSON."""
    FIXTURES.mkdir(exist_ok=True)
    path = FIXTURES / f"{file}.safetensors"
    described = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    save_file(tensors, path, metadata={**described, "versions": VERSIONS})
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size / 1000:.0f} kB")


def read(file):
    """Tensors and metadata of a fixture."""
    with safe_open(FIXTURES / f"{file}.safetensors", "pt") as opened:
        return {key: opened.get_tensor(key) for key in opened.keys()}, opened.metadata()


def main(names):
    for name in names or CONFIGS:
        model = build(name)
        given = inputs(name)
        with torch.no_grad():
            outputs = forward(name, model, given)
        write(
            name,
            {key: value.half().contiguous() for key, value in weights(name, model).items()}
            | {f"input.{key}": stored(value) for key, value in given.items()}
            | {f"output.{key}": stored(value) for key, value in outputs.items()},
            {"config": CONFIGS[name], "script": "tests/reference/models.py"},
        )
        sizes = {key: f"{value.std():.3g}" for key, value in outputs.items()}
        print(f"  {sum(value.numel() for value in model.parameters())} parameters, deviations {sizes}")


if __name__ == "__main__":
    main(sys.argv[1:])
