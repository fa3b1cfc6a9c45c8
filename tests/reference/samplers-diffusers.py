"""Whole sampling runs of diffusers' schedulers over a toy model, for tests/sampling/.

The toy model is tanh(0.7 * input + 0.5 * sin(t / 100)), elementwise: smooth, dependent on the timestep, and written in
one line in any language.

Run: python tests/reference/samplers-diffusers.py
"""

import json
from pathlib import Path

import diffusers
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)

SEED = 11
SHAPE = (1, 4, 2, 3)
STEPS = [1, 2, 5, 20, 30]

# Stable Diffusion 1.x's own file, which has no timestep_spacing.
stable_diffusion = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
configs = {
    "stable-diffusion-1": stable_diffusion,
    "stable-diffusion-2": {**stable_diffusion, "prediction_type": "v_prediction"},
    # Defaults everywhere: DDIM clips and ends at alpha 1.
    "linear-defaults": {"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_schedule": "linear"},
    "linear-velocity-leading": {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.0001,
        "beta_end": 0.02,
        "beta_schedule": "linear",
        "prediction_type": "v_prediction",
        "timestep_spacing": "leading",
        "clip_sample": False,
        "steps_offset": 1,
    },
    "zero-snr-velocity-trailing": {
        **stable_diffusion,
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    },
    "zero-snr-noise-leading": {
        **stable_diffusion,
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "leading",
    },
    "cosine-linspace": {
        "_class_name": "DPMSolverMultistepScheduler",
        "num_train_timesteps": 1000,
        "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "v_prediction",
        "timestep_spacing": "linspace",
        "clip_sample": False,
        "lambda_min_clipped": -5.1,
        "final_sigmas_type": "sigma_min",
    },
}

samplers = {
    "ddim": lambda c: DDIMScheduler.from_config(c),
    "pndm": lambda c: PNDMScheduler.from_config(c, skip_prk_steps=True),
    "euler": lambda c: EulerDiscreteScheduler.from_config(c),
    "euler-ancestral": lambda c: EulerAncestralDiscreteScheduler.from_config(c),
    "dpm++-2m": lambda c: DPMSolverMultistepScheduler.from_config(
        c, algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", use_karras_sigmas=False
    ),
    "dpm++-2m-karras": lambda c: DPMSolverMultistepScheduler.from_config(
        c, algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", use_karras_sigmas=True
    ),
}


def model(latents, timestep):
    return torch.tanh(0.7 * latents + 0.5 * torch.sin(timestep.float() / 100))


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]


def sample(scheduler, steps):
    generator = torch.Generator("cpu").manual_seed(SEED)
    scheduler.set_timesteps(steps)
    # Else a first timestep that comes twice, as rounding can bring about, would make it skip one and run off the end.
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    scale = float(scheduler.init_noise_sigma)
    latents = torch.randn(SHAPE, generator=generator) * scale
    for timestep in scheduler.timesteps:
        output = model(scheduler.scale_model_input(latents, timestep), timestep)
        extra = {"generator": generator} if isinstance(scheduler, EulerAncestralDiscreteScheduler) else {}
        latents = scheduler.step(output, timestep, latents, **extra).prev_sample
    return {
        "steps": steps,
        "timesteps": numbers(scheduler.timesteps),
        "initialNoiseScale": scale,
        "latents": numbers(latents),
    }


fixtures = Path(__file__).with_name("fixtures")
about = {"program": f"diffusers {diffusers.__version__}, PyTorch {torch.__version__.split('+')[0]}", "script": Path(__file__).name}

runs = []
for name, config in configs.items():
    for sampler, create in samplers.items():
        for steps in STEPS:
            runs.append({"config": name, "sampler": sampler, **sample(create(dict(config)), steps)})

fixtures.joinpath("samplers-diffusers.json").write_text(
    json.dumps({**about, "seed": SEED, "shape": SHAPE, "configs": configs, "runs": runs}) + "\n"
)

schedules = {
    name: numbers(DDIMScheduler.from_config(dict(config)).alphas_cumprod)
    for name, config in configs.items()
    if name in ("stable-diffusion-1", "linear-defaults", "zero-snr-velocity-trailing", "cosine-linspace")
}
fixtures.joinpath("noise-schedules-diffusers.json").write_text(json.dumps({**about, "alphasCumprod": schedules}) + "\n")
