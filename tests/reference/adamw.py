"""Twenty AdamW steps of the UNet of unet-tiny, as fixtures/adamw.<variant>.safetensors.

All variants read fixtures/adamw.inputs.safetensors: a data set of 8 `latents` and text embeddings (`text`), and for
micro-batch after micro-batch which two to take (`indices`), their `timesteps` and their `noise`. Noise is added as
DDPMScheduler (scaled_linear, 0.00085 to 0.012, 1000 steps) adds it. AdamW: lr 1e-3, betas 0.9 and 0.999, epsilon 1e-8,
weight decay 1e-2 on every parameter; gradients clipped to a global norm of 1.
- plain: predicts noise, mean squared error.
- v-min-snr: predicts v, each sample's mean squared error times min(snr, 5) / (snr + 1).
- accumulation: two micro-batches a step, gradients averaged; an EMA of the weights, starting as the initial weights and
  after each step ema = 0.9 ema + 0.1 weights.
- lora: plain, but of peft adapters (rank 4, alpha 2) that begin as `initial.<name>`.
A file holds the `loss` of every micro-batch, the `gradient_norm` of every step before clipping, and the weights after the
last step as `final.<name>` (`ema.<name>`). Computed in float64; each variant is run in float32 too and the greatest
difference printed, which is what rounding alone does to AdamW.
Run: OMP_NUM_THREADS=1 python tests/reference/adamw.py
"""

import torch
from diffusers import DDPMScheduler

from gradients import lora_name, with_lora
from models import CONFIGS, build, generator, normal, stored, write

NAME = "unet-tiny"
STEPS = 20
VARIANTS = {
    "plain": {},
    "v-min-snr": {"prediction": "v", "gamma": 5},
    "accumulation": {"accumulation": 2, "ema": 0.9},
    "lora": {"lora": True},
}


def data():
    micro_batches = 2 * STEPS
    return {
        "latents": normal("adamw latents", 8, 4, 8, 8),
        "text": normal("adamw text", 8, 16, CONFIGS[NAME]["cross_attention_dim"]),
        "indices": torch.randint(0, 8, (micro_batches, 2), generator=generator("adamw indices")),
        "timesteps": torch.randint(0, 1000, (micro_batches, 2), generator=generator("adamw timesteps")),
        "noise": normal("adamw noise", micro_batches, 2, 4, 8, 8),
    }


def diffusion_loss(model, scheduler, given, k, prediction="epsilon", gamma=0):
    """The loss of micro-batch k."""
    chosen, timesteps, noise = given["indices"][k], given["timesteps"][k], given["noise"][k]
    latents = given["latents"][chosen]
    noisy = scheduler.add_noise(latents, noise, timesteps)
    predicted = model(noisy, timesteps, given["text"][chosen]).sample
    target = scheduler.get_velocity(latents, noise, timesteps) if prediction == "v" else noise
    squared = (predicted - target).square().mean(dim=(1, 2, 3))
    if gamma:
        kept = scheduler.alphas_cumprod[timesteps].to(squared.dtype)
        snr = kept / (1 - kept)
        squared = squared * snr.clamp(max=gamma) / (snr + 1 if prediction == "v" else snr)
    return squared.mean()


def train(dtype, prediction="epsilon", gamma=0, accumulation=1, ema=0.0, lora=False):
    model = build(NAME)
    if lora:
        model = with_lora(NAME, model)
    model = model.to(dtype)
    given = {key: value.to(dtype) if value.is_floating_point() else value for key, value in data().items()}
    scheduler = DDPMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    trained = {
        lora_name(NAME, key) if lora else key: value for key, value in model.named_parameters() if value.requires_grad
    }
    initial = {key: value.detach().clone() for key, value in trained.items()}
    average = {key: value.detach().clone() for key, value in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
    losses, norms = [], []
    for step in range(STEPS):
        for k in range(step * accumulation, (step + 1) * accumulation):
            loss = diffusion_loss(model, scheduler, given, k, prediction, gamma)
            (loss / accumulation).backward()
            losses.append(loss.detach())
        norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 1.0).detach())
        optimizer.step()
        optimizer.zero_grad()
        for key, value in trained.items():
            average[key].mul_(ema).add_(value.detach(), alpha=1 - ema)
    tensors = {"loss": torch.stack(losses), "gradient_norm": torch.stack(norms)}
    tensors |= {f"final.{key}": value.detach() for key, value in trained.items()}
    if lora:
        tensors |= {f"initial.{key}": value for key, value in initial.items()}
    if ema:
        tensors |= {f"ema.{key}": value for key, value in average.items()}
    return tensors


def greatest_difference(a, b, prefix):
    return max((a[key] - b[key]).abs().max().item() for key in a if key.startswith(prefix))


def main():
    metadata = {"of": NAME, "script": "tests/reference/adamw.py"}
    write("adamw.inputs", {key: stored(value) for key, value in data().items()}, metadata)
    for variant, options in VARIANTS.items():
        exact = train(torch.float64, **options)
        rounded = train(torch.float32, **options)
        write(f"adamw.{variant}", {key: stored(value) for key, value in exact.items()}, metadata)
        print(
            f"  loss {exact['loss'][0]:.4f} to {exact['loss'][-1]:.4f}, gradient norm {exact['gradient_norm'].min():.3f}"
            f" to {exact['gradient_norm'].max():.3f}; float32 differs by {greatest_difference(exact, rounded, 'loss'):.1e}"
            f" (loss), {greatest_difference(exact, rounded, 'final.'):.1e} (weights)"
        )


if __name__ == "__main__":
    main()
