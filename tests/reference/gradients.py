"""Gradients of fixed scalar losses with respect to every parameter, as fixtures/<name>.gradients.safetensors.

A file holds the gradients under the parameters' names and under `input.*` those of inputs, the `loss`, and what the
loss needs beyond the model's own fixture (which has weights and inputs): `target`, `noise`.
Losses (mean squared errors are means over all elements):
- UNet: mse(sample, target). Text encoder: mse(last_hidden_state, target).
- VAE: mse(decode(mean + exp(logvar / 2) * noise), image) + 0.1 * mean over the batch of KL(posterior, N(0, 1)), the KL
  summed over channels and positions, in nats.
- joint: mse(UNet(sample, timestep, text encoder(input_ids)), target) of unet-sd1 and clip-sd1.
- LoRA: the losses of the model alone, peft adapters (rank 4, alpha 2) on it, only their own parameters with gradients.
A few gradients are zero by symmetry: the key bias of every attention with one, `k_proj.bias` and `to_k.bias`, as softmax
does not see a constant added to a row. The files hold float64's rounding noise there, about 1e-18.
Run: OMP_NUM_THREADS=1 python tests/reference/gradients.py [name ...]
"""

import sys

import peft
import torch
from torch.nn.functional import mse_loss

from models import CONFIGS, build, generator, inputs, is_text, is_unet, normal, published_name, stored, write

UNET_LORA = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"]
TEXT_LORA = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
KL_WEIGHT = 0.1


def differentiable(given):
    return {key: value.requires_grad_(True) if value.is_floating_point() else value for key, value in given.items()}


def unet_loss(model, given, target):
    predicted = model(given["sample"], given["timestep"], given["encoder_hidden_states"]).sample
    return mse_loss(predicted, target)


def text_loss(model, given, target):
    return mse_loss(model(given["input_ids"]).last_hidden_state, target)


def vae_loss(model, image, noise):
    posterior = model.encode(image).latent_dist
    latents = posterior.mean + torch.exp(posterior.logvar / 2) * noise
    return mse_loss(model.decode(latents).sample, image) + KL_WEIGHT * posterior.kl().mean()


def loss_of(name, model, given):
    """The loss, and what it needs beyond inputs."""
    if is_unet(name):
        target = normal(f"target {name}", *given["sample"].shape)
        return unet_loss(model, given, target), {"target": target}
    if is_text(name):
        target = normal(f"target {name}", *given["input_ids"].shape, CONFIGS[name]["hidden_size"])
        return text_loss(model, given, target), {"target": target}
    noise = normal(f"noise {name}", *given["latents"].shape)
    return vae_loss(model, given["sample"], noise), {"noise": noise}


def gradients(model, rename):
    found = {rename(name): value.grad for name, value in model.named_parameters() if value.requires_grad}
    missing = [name for name, gradient in found.items() if gradient is None]
    assert not missing, missing
    return found


def gradients_of_inputs(given):
    return {f"input.{key}": value.grad for key, value in given.items() if value.grad is not None}


def save(name, tensors, of):
    norms = {key: value.double().norm().item() for key, value in tensors.items()}
    small = [f"{key} {norm:.1e}" for key, norm in norms.items() if norm < 1e-6]
    stored_tensors = {key: stored(value) for key, value in tensors.items()}
    write(f"{name}.gradients", stored_tensors, {"of": of, "script": "tests/reference/gradients.py"})
    print(f"  loss {tensors['loss'].item():.6f}, nearly zero: {small}")


def write_model(name):
    model = build(name)
    given = differentiable(inputs(name))
    loss, extras = loss_of(name, model, given)
    loss.backward()
    tensors = gradients(model, lambda parameter: published_name(name, parameter))
    save(name, tensors | gradients_of_inputs(given) | extras | {"loss": loss}, name)


def write_joint(name):
    """Through both models; names are prefixed `unet.` and `text_encoder.`; `input_ids` are the text fixture's."""
    unet, text = build("unet-sd1"), build("clip-sd1")
    given = inputs("unet-sd1") | inputs("clip-sd1")
    given["encoder_hidden_states"] = text(given["input_ids"]).last_hidden_state
    target = normal("target joint", *given["sample"].shape)
    loss = unet_loss(unet, given, target)
    loss.backward()
    tensors = gradients(unet, lambda parameter: f"unet.{parameter}")
    tensors |= gradients(text, lambda parameter: f"text_encoder.{published_name('clip-sd1', parameter)}")
    save(name, tensors | {"target": target, "loss": loss}, "unet-sd1 clip-sd1")


def with_lora(name, model):
    """peft's model around `model`, adapters random and not zero, float32-representable."""
    config = peft.LoraConfig(r=4, lora_alpha=2, target_modules=UNET_LORA if is_unet(name) else TEXT_LORA)
    adapted = peft.get_peft_model(model, config)
    random = generator(f"lora {name}")
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                scale = parameter[0].numel() ** -0.5
                parameter.copy_(scale * torch.randn(parameter.shape, generator=random))
    return adapted.double()


def lora_name(name, parameter):
    """`base_model.model.<module>.lora_A.default.weight` -> `<module>.lora_A.weight`, module as in the state dict."""
    return published_name(name, parameter.removeprefix("base_model.model.").replace(".default.", "."))


def write_lora(file):
    """Adapter weights are under `weight.<name>`, their gradients under `<name>`."""
    name = file.removesuffix(".lora")
    model = with_lora(name, build(name))
    trainable = [(key, value) for key, value in model.named_parameters() if value.requires_grad]
    given = inputs(name)
    loss, extras = loss_of(name, model, given)
    loss.backward()
    tensors = gradients(model, lambda parameter: lora_name(name, parameter))
    tensors |= {f"weight.{lora_name(name, key)}": value for key, value in trainable}
    save(file, tensors | extras | {"loss": loss}, name)


WRITERS = (
    {name: write_model for name in CONFIGS}
    | {"joint": write_joint}
    | {name: write_lora for name in ["unet-sd1.lora", "unet-sd2.lora", "clip-sd1.lora"]}
)

if __name__ == "__main__":
    for chosen in sys.argv[1:] or WRITERS:
        WRITERS[chosen](chosen)
