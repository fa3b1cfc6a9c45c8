"""Stable Diffusion XL as a whole: gradients through UNet and both text encoders, and twenty optimizer steps.

fixtures/joint-sdxl.gradients.safetensors: of mse(UNet(sample, timestep, penultimate states of both encoders side by side,
pooled text, time_ids), target), the models unet-sdxl, clip-sdxl and clip-sdxl-projected with their fixtures' inputs; the
gradient of every parameter that the loss depends on, prefixed `unet.`, `text_encoder.` and `text_encoder_2.`.
fixtures/steps-sdxl.safetensors: twenty steps of unet-sdxl as adamw.py's `plain` (`full.*`) and `lora` (`lora.*`) make them:
the `loss` and the `gradient_norm` before clipping of each, the adapters' `initial.<name>`, and the data of every step:
`latents`, `noise`, `timesteps`, `text`, `text_embeds`, `time_ids`.
Run: OMP_NUM_THREADS=1 python tests/reference/sdxl.py
"""

import torch
from diffusers import DDPMScheduler
from torch.nn.functional import mse_loss

from gradients import lora_name, with_lora
from models import build, generator, inputs, normal, predict, published_name, stored, write

UNET, TEXT, PROJECTED = "unet-sdxl", "clip-sdxl", "clip-sdxl-projected"
STEPS = 20
SCRIPT = {"script": "tests/reference/sdxl.py"}


def write_joint():
    unet, text, projected = build(UNET), build(TEXT), build(PROJECTED)
    given = inputs(UNET)
    first = text(inputs(TEXT)["input_ids"], output_hidden_states=True)
    second = projected(inputs(PROJECTED)["input_ids"], output_hidden_states=True)
    given["encoder_hidden_states"] = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
    given["text_embeds"] = second.text_embeds
    target = normal("target joint-sdxl", *given["sample"].shape)
    loss = mse_loss(predict(unet, given), target)
    loss.backward()
    tensors = {f"unet.{key}": value.grad for key, value in unet.named_parameters()}
    tensors |= {f"text_encoder.{published_name(TEXT, key)}": value.grad for key, value in text.named_parameters()}
    tensors |= {f"text_encoder_2.{key}": value.grad for key, value in projected.named_parameters()}
    unread = [key for key, gradient in tensors.items() if gradient is None]
    print("  no gradient:", unread)
    kept = {key: stored(value) for key, value in tensors.items() if value is not None}
    extras = {"target": stored(target), "loss": stored(loss)}
    write("joint-sdxl.gradients", kept | extras, {"of": f"{UNET} {TEXT} {PROJECTED}"} | SCRIPT)


def data():
    facts = torch.randint(0, 1024, (STEPS, 2, 6), generator=generator("steps-sdxl facts"))
    return {
        "latents": normal("steps-sdxl latents", STEPS, 2, 4, 8, 8),
        "noise": normal("steps-sdxl noise", STEPS, 2, 4, 8, 8),
        "timesteps": torch.randint(0, 1000, (STEPS, 2), generator=generator("steps-sdxl timesteps")),
        "text": normal("steps-sdxl text", STEPS, 2, 8, 28),
        "text_embeds": normal("steps-sdxl pooled", STEPS, 2, 16),
        "time_ids": facts.double(),
    }


def train(dtype, lora):
    model = with_lora(UNET, build(UNET)) if lora else build(UNET)
    model = model.to(dtype)
    given = {key: value.to(dtype) if value.is_floating_point() else value for key, value in data().items()}
    scheduler = DDPMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    trained = {key: value for key, value in model.named_parameters() if value.requires_grad}
    initial = {f"initial.{lora_name(UNET, key)}": value.detach().clone() for key, value in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
    losses, norms = [], []
    for step in range(STEPS):
        latents, noise, timesteps = given["latents"][step], given["noise"][step], given["timesteps"][step]
        predicted = predict(
            model,
            {
                "sample": scheduler.add_noise(latents, noise, timesteps),
                "timestep": timesteps,
                "encoder_hidden_states": given["text"][step],
                "text_embeds": given["text_embeds"][step],
                "time_ids": given["time_ids"][step].float(),
            },
        )
        loss = mse_loss(predicted, noise)
        loss.backward()
        losses.append(loss.detach())
        norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 1.0).detach())
        optimizer.step()
        optimizer.zero_grad()
    return {"loss": torch.stack(losses), "gradient_norm": torch.stack(norms)} | (initial if lora else {})


def write_steps():
    tensors = {key: stored(value) for key, value in data().items()}
    for name, lora in {"full": False, "lora": True}.items():
        exact, rounded = train(torch.float64, lora), train(torch.float32, lora)
        tensors |= {f"{name}.{key}": stored(value) for key, value in exact.items()}
        difference = (exact["loss"] / rounded["loss"] - 1).abs().max().item()
        print(f"  {name}: loss {exact['loss'][0]:.4f} to {exact['loss'][-1]:.4f}; float32 differs by {difference:.1e}")
    write("steps-sdxl", tensors, {"of": UNET} | SCRIPT)


if __name__ == "__main__":
    write_joint()
    write_steps()
