"""Losses of twenty AdamW steps, one file for all ways of weighing them: fixtures/losses.json.

losses-batches.ts hands over a tiny model, and of each step latents, noise, timesteps and text states; everything that is
computed of them is written out here, as diffusers and kohya's sd-scripts have it:
- prior: train_dreambooth's `loss = instance loss + prior_loss_weight * prior loss`, each a mean over its half of the batch;
  `prior-lora` the same over peft adapters.
- huber-*, smooth-l1-*: sd-scripts' conditional_loss, with its schedules of the threshold; debiased*, min-snr-v, *-exponential:
  its weights of timesteps; zero-snr-v: diffusers' betas with rescale_betas_zero_snr; perturbed*: train_text_to_image's
  `--input_perturbation`, the perturbed noise given.
- masked*: each place's error times OneTrainer's mask of it.
- pyramid: sd-scripts' pyramid_noise_like of one image, with its random numbers given: noise in, noise out.
AdamW: betas 0.9 and 0.999, epsilon 1e-8, weight decay 1e-2; gradients clipped to a global norm of 1. Computed in float64; the
greatest difference of float32 is printed.
Run: OMP_NUM_THREADS=1 python tests/reference/losses.py (calls node for the batches)
"""

import json
import math
import os
import subprocess
import tempfile
from pathlib import Path

import diffusers
import numpy
import peft
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file
from torch.nn.functional import mse_loss

HERE = Path(__file__).parent
NODE = os.environ.get("NODE", "node")


def halves(tensor, images):
    return tensor[:images], tensor[images:]


def huber_threshold(loss, scheduler, timesteps):
    """sd-scripts' get_huber_threshold_if_needed."""
    if loss["schedule"] == "exponential":
        alpha = -math.log(loss["threshold"]) / scheduler.config.num_train_timesteps
        return torch.exp(-alpha * timesteps.to(scheduler.alphas_cumprod.dtype)) * loss["scale"]
    if loss["schedule"] == "snr":
        kept = scheduler.alphas_cumprod[timesteps]
        sigmas = ((1.0 - kept) / kept) ** 0.5
        return (1 - loss["threshold"]) / (1 + sigmas) ** 2 + loss["threshold"]
    return torch.full(timesteps.shape, loss["threshold"] * loss["scale"], dtype=scheduler.alphas_cumprod.dtype)


def conditional_loss(predicted, target, loss, scheduler, timesteps):
    """sd-scripts' function of that name, without its reduction."""
    if loss["kind"] == "mse":
        return mse_loss(predicted, target, reduction="none")
    c = huber_threshold(loss, scheduler, timesteps).view(-1, 1, 1, 1)
    errors = 2 * (torch.sqrt((predicted - target) ** 2 + c**2) - c)
    return c * errors if loss["kind"] == "huber" else errors


def weighed(settings, scheduler, predicted, target, timesteps, mask):
    """A loss per row, before class images are told from the others."""
    loss = settings.get("loss", {"kind": "mse", "debiased": False})
    losses = (conditional_loss(predicted, target, loss, scheduler, timesteps) * mask).mean(dim=(1, 2, 3))
    velocity = scheduler.config.prediction_type == "v_prediction"
    snr = scheduler.alphas_cumprod[timesteps] / (1 - scheduler.alphas_cumprod[timesteps])
    if settings["minSnrGamma"]:
        # sd-scripts' apply_snr_weight.
        losses = losses * snr.clamp(max=settings["minSnrGamma"]) / (snr + 1 if velocity else snr)
    if loss["debiased"]:
        # sd-scripts' apply_debiased_estimation.
        capped = snr.clamp(max=1000)
        losses = losses * (1 / (capped + 1) if velocity else 1 / torch.sqrt(capped))
    return losses


def mask_weights(settings, counts, rows, dtype):
    """OneTrainer's masked_losses: masks clamped from below, normalised by their mean; here brought to latents by area."""
    weights = torch.ones(rows, 1, 8, 8, dtype=dtype)
    masks = settings["masks"]
    for i, path in enumerate(counts["masks"]):
        pixels = torch.from_numpy(numpy.array(Image.open(path).convert("L"))).to(dtype)[None, None] / 255
        mask = torch.nn.functional.adaptive_avg_pool2d(pixels, (8, 8)).clamp(min=masks["unmaskedWeight"])
        weights[i] = mask / mask.mean() if masks["normalize"] else mask
    return weights


def diffusion_loss(model, variant, scheduler, batch, counts):
    images = counts["images"]
    latents, noise, timesteps = batch["latents"], batch["noise"], batch["timesteps"].long()
    noisy = scheduler.add_noise(latents, batch.get("added_noise", noise), timesteps)
    predicted = model(noisy, timesteps, batch["encoder_hidden_states"]).sample
    velocity = scheduler.config.prediction_type == "v_prediction"
    target = scheduler.get_velocity(latents, noise, timesteps) if velocity else noise
    settings = variant["settings"]
    mask = mask_weights(settings, counts, len(latents), latents.dtype) if "masks" in settings else 1
    losses = weighed(settings, scheduler, predicted, target, timesteps, mask)
    if "priorWeight" not in variant:
        return losses.mean()
    instance, prior = halves(losses, images)
    return instance.mean() + variant["priorWeight"] * prior.mean()


def with_lora(model, variant, initial):
    method = variant["method"]
    modules = sorted({name.removesuffix(".lora_A.weight") for name in initial if name.endswith(".lora_A.weight")})
    config = peft.LoraConfig(r=method["rank"], lora_alpha=method["alpha"], target_modules=modules)
    model.add_adapter(config)
    for name, value in model.named_parameters():
        plain = name.replace(".default", "")
        if value.requires_grad:
            value.data.copy_(initial[plain].reshape(value.shape))
    return model


def train(folder, variant, dtype):
    settings = variant["settings"]
    tensors = {key: value.to(dtype) for key, value in load_file(folder / "batches.safetensors").items()}
    model = UNet2DConditionModel.from_pretrained(folder / "base", subfolder="unet", torch_dtype=torch.float32)
    if variant["method"]["kind"] == "lora":
        initial = {k.removeprefix("initial."): v for k, v in tensors.items() if k.startswith("initial.")}
        model = with_lora(model, variant, initial)
    model = model.to(dtype)
    scheduler = DDPMScheduler.from_pretrained(folder / "base", subfolder="scheduler")
    if settings.get("noise", {}).get("zeroTerminalSnr"):
        scheduler = DDPMScheduler.from_config(scheduler.config, rescale_betas_zero_snr=True)
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.to(dtype)
    trained = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=settings["learningRate"], betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2
    )
    losses = []
    for step, counts in enumerate(variant["steps"], 1):
        prefix = f"{step}."
        batch = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        loss = diffusion_loss(model, variant, scheduler, batch, counts)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def pyramid():
    """sd-scripts' pyramid_noise_like, what it draws taken from lists."""
    size, iterations, discount = (4, 8, 12), 6, 0.4
    ratios = [2.7, 2.2, 3.1, 2.4, 3.9, 2.1]
    generator = torch.Generator().manual_seed(5)
    given = torch.randn(size, generator=generator, dtype=torch.float64)
    _, w, h = size
    upsample = torch.nn.Upsample(size=(w, h), mode="bilinear")
    noise, levels = given.clone()[None], []
    for i in range(iterations):
        r = ratios[i]
        wn, hn = max(1, int(w / (r**i))), max(1, int(h / (r**i)))
        level = torch.randn(1, 4, wn, hn, generator=generator, dtype=torch.float64)
        levels.append(level)
        noise += upsample(level) * discount**i
        if wn == 1 or hn == 1:
            break
    noise = noise / noise.std()
    numbers = lambda tensor: tensor.flatten().tolist()
    return {
        "size": size,
        "iterations": iterations,
        "discount": discount,
        "ratios": ratios,
        "noise": numbers(given),
        "levels": [numbers(level) for level in levels],
        "result": numbers(noise),
    }


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([NODE, str(HERE / "losses-batches.ts"), name], check=True)
        losses = {}
        for file in sorted(folder.glob("*/variant.json")):
            variant = json.loads(file.read_text())
            exact = train(file.parent, variant, torch.float64)
            rounded = train(file.parent, variant, torch.float32)
            worst = max(abs(a / b - 1) for a, b in zip(rounded, exact))
            print(f"{variant['name']}: {exact[0]:.5f} to {exact[-1]:.5f}; float32 differs by {worst:.1e}")
            losses[variant["name"]] = exact
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, peft)}
    fixture = {"script": "tests/reference/losses.py", "versions": versions, "losses": losses, "pyramid": pyramid()}
    (HERE / "fixtures" / "losses.json").write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
