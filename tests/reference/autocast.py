"""The twenty steps of adamw.py in PyTorch's float16 autocast, as fixtures/autocast.<variant>.safetensors.

The variants `plain` and `lora` of adamw.py, over the same inputs: float32 weights, forward passes under
torch.autocast("cpu", torch.float16), the loss in float32, gradients of the loss multiplied by a torch.amp.GradScaler's factor,
which begins at 65,536. A file holds `loss` [20], `gradient_norm` [20] once the factor is taken back and before clipping, and
the `scale` [20] each step was taken with. PyTorch's kernels for the CPU add up in float32 and round what they give to float16.
Run: OMP_NUM_THREADS=1 python tests/reference/autocast.py
"""

import torch
from diffusers import DDPMScheduler

from adamw import NAME, STEPS, VARIANTS, data
from gradients import with_lora
from models import build, stored, write


def train(lora=False):
    model = build(NAME)
    if lora:
        model = with_lora(NAME, model)
    model = model.float()
    given = {key: value.float() if value.is_floating_point() else value for key, value in data().items()}
    scheduler = DDPMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    trained = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
    scaler = torch.amp.GradScaler("cpu")
    losses, norms, scales = [], [], []
    for k in range(STEPS):
        chosen, timesteps, noise = given["indices"][k], given["timesteps"][k], given["noise"][k]
        noisy = scheduler.add_noise(given["latents"][chosen], noise, timesteps)
        with torch.autocast("cpu", torch.float16):
            predicted = model(noisy, timesteps, given["text"][chosen]).sample
        assert predicted.dtype == torch.float16
        loss = (predicted.float() - noise).square().mean()
        scales.append(scaler.get_scale())
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norms.append(torch.nn.utils.clip_grad_norm_(trained, 1.0).detach())
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        losses.append(loss.detach())
    return {"loss": torch.stack(losses), "gradient_norm": torch.stack(norms), "scale": torch.tensor(scales)}


def main():
    for variant in ["plain", "lora"]:
        result = train(**VARIANTS[variant])
        metadata = {"of": NAME, "script": "tests/reference/autocast.py"}
        write(f"autocast.{variant}", {key: stored(value) for key, value in result.items()}, metadata)
        print(f"  loss {result['loss'][0]:.4f} to {result['loss'][-1]:.4f}, scale {result['scale'].min():.0f}")


if __name__ == "__main__":
    main()
