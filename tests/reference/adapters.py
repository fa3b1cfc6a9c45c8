"""Twenty AdamW steps of peft adapters on the UNet of unet-tiny, as fixtures/adapters.<variant>.safetensors.

As `adamw.py`'s plain variant, over its inputs, in float64. Adapters are on all of the transformers in rank 4 with alpha 2, in
rank 3 with alpha 1.5 where these are in the up blocks, and on the residual blocks and samplers: in that rank where a kernel has one
pixel, in rank 2 with alpha 1 where it has more.
- locon: the up matrices by four times the learning rate (LoRA+).
- dora: with magnitudes, which begin a little longer than the weights are.
A file holds what `adamw.py`'s lora variant does.
Run: OMP_NUM_THREADS=1 python tests/reference/adapters.py
"""

import re

import torch
from diffusers import DDPMScheduler
from peft import LoraConfig

from adamw import NAME, STEPS, data, diffusion_loss, greatest_difference
from models import build, normal, stored, write

VARIANTS = {"locon": {"dora": False, "ratio": 4.0}, "dora": {"dora": True, "ratio": 1.0}}
CONVOLUTIONAL = re.compile(r"\.resnets\.\d+\.(conv1|conv2|conv_shortcut|time_emb_proj)$|\.(down|up)samplers\.\d+\.conv$")


def with_adapters(model, dora):
    ranks, alphas = {}, {}
    for name, module in model.named_modules():
        wide = getattr(module, "kernel_size", (1, 1)) != (1, 1)
        if not isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        if ".attentions." not in name and not CONVOLUTIONAL.search(name):
            continue
        rank = 2 if wide else 3 if name.startswith("up_blocks.") else 4
        ranks[name], alphas[name] = rank, rank / 2
    config = LoraConfig(
        r=4, lora_alpha=2, target_modules=list(ranks), rank_pattern=ranks, alpha_pattern=alphas, use_dora=dora
    )
    model.add_adapter(config)
    with torch.no_grad():
        for key, value in model.named_parameters():
            if ".lora_A." in key or ".lora_B." in key:
                value.copy_(0.1 * normal(f"adapters {key}", *value.shape))
            if ".lora_magnitude_vector." in key:
                value.mul_(1.05)
    return model


def train(dtype, dora, ratio):
    model = with_adapters(build(NAME), dora).to(dtype)
    given = {key: value.to(dtype) if value.is_floating_point() else value for key, value in data().items()}
    scheduler = DDPMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    trained = {
        key.replace(".default", ""): value for key, value in model.named_parameters() if value.requires_grad
    }
    initial = {key: value.detach().clone() for key, value in trained.items()}
    faster = [value for key, value in trained.items() if ".lora_B." in key]
    others = [value for key, value in trained.items() if ".lora_B." not in key]
    groups = [{"params": others, "lr": 1e-3}, {"params": faster, "lr": 1e-3 * ratio}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
    losses, norms = [], []
    for step in range(STEPS):
        loss = diffusion_loss(model, scheduler, given, step)
        loss.backward()
        losses.append(loss.detach())
        norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 1.0).detach())
        optimizer.step()
        optimizer.zero_grad()
    tensors = {"loss": torch.stack(losses), "gradient_norm": torch.stack(norms)}
    tensors |= {f"final.{key}": value.detach() for key, value in trained.items()}
    return tensors | {f"initial.{key}": value for key, value in initial.items()}


def main():
    metadata = {"of": NAME, "script": "tests/reference/adapters.py"}
    for variant, options in VARIANTS.items():
        exact, rounded = train(torch.float64, **options), train(torch.float32, **options)
        write(f"adapters.{variant}", {key: stored(value) for key, value in exact.items()}, metadata)
        print(
            f"  {len(exact)} tensors, loss {exact['loss'][0]:.4f} to {exact['loss'][-1]:.4f}; float32 differs by"
            f" {greatest_difference(exact, rounded, 'loss'):.1e} (loss),"
            f" {greatest_difference(exact, rounded, 'final.'):.1e} (weights)"
        )


if __name__ == "__main__":
    main()
