"""PyTorch's and diffusers' time and memory for what `npm run gpu:check` measures on a GPU, under the same names.

Stable Diffusion 1.x at real size with random weights, 512 px: training steps (predict the noise, mean squared error, backward,
clipping by norm, fused AdamW) of LoRA rank 16 on all transformers and of the whole UNet, sampling steps with guidance,
decoding. Attention is scaled_dot_product_attention. `-float32` is without TF32, `-float16` and `-bfloat16` are autocast (frozen
weights in that type), `-recomputed` is gradient checkpointing. A line of JSON for each as it is done; the last line has all.
Run: python tests/reference/gpu_bench.py [--short] [--device cuda] [--seconds 240] [--only name,name] [--out file]
"""

import argparse
import contextlib
import json
import resource
import statistics
import subprocess
import time
from pathlib import Path

import diffusers
import torch
from torch import nn

HERE = Path(__file__).parent
STEPS, SECONDS_EACH = 20, 15
SMALL_VAE = {"block_out_channels": [8, 16, 16, 16], "norm_num_groups": 8, "layers_per_block": 1}


class Adapter(nn.Module):
    """A linear layer or 1x1 convolution, with up(down(x)) added to it."""

    def __init__(self, layer, rank=16):
        super().__init__()
        self.layer = layer
        if isinstance(layer, nn.Conv2d):
            self.down = nn.Conv2d(layer.in_channels, rank, 1, bias=False)
            self.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(layer.in_features, rank, bias=False)
            self.up = nn.Linear(rank, layer.out_features, bias=False)

    def forward(self, x, *_, **__):
        return self.layer(x) + self.up(self.down(x))


def add_adapters(model):
    """On every linear layer and 1x1 convolution of the transformers; resolves to their parameters."""
    model.requires_grad_(False)
    trained = []
    for name, block in list(model.named_modules()):
        if type(block).__name__ != "Transformer2DModel":
            continue
        for path, layer in list(block.named_modules()):
            one_pixel = isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)
            if not (isinstance(layer, nn.Linear) or one_pixel):
                continue
            parent = block.get_submodule(path.rpartition(".")[0])
            adapter = Adapter(layer).to(layer.weight.device)
            setattr(parent, path.rpartition(".")[2], adapter)
            trained += [adapter.down.weight, adapter.up.weight]
    return trained


class Bench:
    def __init__(self, options):
        self.device, self.short = options.device, options.short
        self.cuda = options.device.startswith("cuda")
        # MiB of the device in use, context and libraries included, beyond what was before.
        self.used, self.idle = 0, idle_memory() if self.cuda else 0
        small = json.loads((HERE / "bench-unet.json").read_text())
        real = json.loads((HERE / "configs" / "sd1-unet.json").read_text())
        self.unet = small["unet"] if self.short else real
        self.size, self.tokens = (small["height"], small["tokens"]) if self.short else (64, 77)
        self.vae = json.loads((HERE / "configs" / "vae.json").read_text()) | (SMALL_VAE if self.short else {})

    def sync(self):
        if self.cuda:
            torch.cuda.synchronize()
            free, total = torch.cuda.mem_get_info()
            self.used = max(self.used, (total - free) / 2**20 - self.idle)

    def timed(self, step, count):
        """Medians after the second, until there are so many or the time is over."""
        times, begun = [], time.perf_counter()
        for number in range(1, count + 1):
            started = time.perf_counter()
            step(number)
            self.sync()
            times.append(time.perf_counter() - started)
            if number >= 5 and time.perf_counter() - begun > SECONDS_EACH:
                break
        return {
            "firstSteps": times[:2],
            "steps": len(times),
            "quickest": min(times[1:]),
            "median": statistics.median(times[2:]),
        }

    def numbers(self, *shape):
        return torch.randn(*shape, device=self.device)

    def autocast(self, kind):
        if kind is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.split(":")[0], dtype=kind)

    def conditions(self, rows):
        """What a UNet of Stable Diffusion XL is told besides."""
        if self.unet.get("addition_embed_type") != "text_time":
            return {}
        facts = (self.unet["projection_class_embeddings_input_dim"] - 1280) // self.unet["addition_time_embed_dim"]
        told = {
            "text_embeds": self.numbers(rows, 1280),
            "time_ids": torch.full((rows, facts), 8.0 * self.size, device=self.device),
        }
        return {"added_cond_kwargs": told}

    def training(self, method, rows, kind=None, recomputed=False, steps=None):
        with torch.device(self.device):
            model = diffusers.UNet2DConditionModel.from_config(self.unet).train()
        parameters = sum(value.numel() for value in model.parameters())
        if method == "lora":
            if kind is not None:
                model = model.to(kind)
            trained = add_adapters(model)
        else:
            trained = list(model.parameters())
        if recomputed:
            model.enable_gradient_checkpointing()
        adamw = torch.optim.AdamW(trained, lr=1e-5, weight_decay=1e-2, fused=True)
        scaler = torch.amp.GradScaler(self.device.split(":")[0], enabled=kind is torch.float16)
        latents, noise = self.numbers(rows, 4, self.size, self.size), self.numbers(rows, 4, self.size, self.size)
        states = self.numbers(rows, self.tokens, self.unet["cross_attention_dim"])
        timesteps = torch.full((rows,), 500, device=self.device)
        told = self.conditions(rows)
        losses = []

        def step(_):
            with self.autocast(kind):
                predicted = model(0.8 * latents + 0.6 * noise, timesteps, states, **told).sample
            loss = nn.functional.mse_loss(predicted.float(), noise)
            scaler.scale(loss).backward()
            scaler.unscale_(adamw)
            nn.utils.clip_grad_norm_(trained, 1)
            scaler.step(adamw)
            scaler.update()
            adamw.zero_grad(set_to_none=True)
            losses.append(loss.item())

        found = self.timed(step, steps or (4 if self.short else STEPS + 2))
        return {
            "secondsPerStep": found.pop("median"),
            **found,
            "rows": rows,
            "latents": self.size,
            "parameters": parameters,
            "trainable": sum(value.numel() for value in trained),
            "losses": losses[:4],
        }

    @torch.inference_mode()
    def sampling(self, kind=None):
        with torch.device(self.device):
            model = diffusers.UNet2DConditionModel.from_config(self.unet).eval()
        if kind is not None:
            model = model.to(kind)
        steps = 4 if self.short else 20
        scheduler = diffusers.DDIMScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False
        )
        scheduler.set_timesteps(steps)
        state = {"latents": self.numbers(1, 4, self.size, self.size)}
        states = self.numbers(2, self.tokens, self.unet["cross_attention_dim"]).to(kind or torch.float32)

        def step(number):
            timestep = scheduler.timesteps[min(number, steps) - 1]
            both = torch.cat([state["latents"]] * 2).to(kind or torch.float32)
            without, wanted = model(both, timestep, states).sample.float().chunk(2)
            guided = without + 7.5 * (wanted - without)
            state["latents"] = scheduler.step(guided, timestep, state["latents"]).prev_sample

        found = self.timed(step, steps)
        return {"stepsPerSecond": 1 / found.pop("median"), **found, "latents": self.size}

    @torch.inference_mode()
    def decoding(self, kind=None):
        with torch.device(self.device):
            model = diffusers.AutoencoderKL.from_config(self.vae).eval()
        if kind is not None:
            model = model.to(kind)
        size = 8 if self.short else 64
        latents = self.numbers(1, 4, size, size).to(kind or torch.float32)
        found = self.timed(lambda _: model.decode(latents).sample.float().cpu(), 4 if self.short else 8)
        return {"secondsPerPicture": found.pop("median"), **found, "edge": 8 * size}


def idle_memory():
    """MiB that the driver's tool tells to be in use before this process has a context."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        return float(subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.split()[0])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return 0


def entries(bench):
    """By the names that `npm run gpu:check` has; what is most wanted comes first."""
    half = torch.float16 if bench.cuda else torch.bfloat16
    training = bench.training
    return {
        "lora-1": lambda: training("lora", 1),
        "lora-4": lambda: training("lora", 4),
        "full-1": lambda: training("full", 1),
        "sampling": lambda: bench.sampling(),
        "decode": lambda: bench.decoding(),
        "lora-1-float16": lambda: training("lora", 1, half),
        "lora-1-recomputed": lambda: training("lora", 1, None, True),
        "lora-1-tf32": lambda: training("lora", 1),
        "full-1-float16": lambda: training("full", 1, half),
        "full-1-recomputed": lambda: training("full", 1, None, True),
        "lora-1-bfloat16": lambda: training("lora", 1, torch.bfloat16),
        "sampling-float16": lambda: bench.sampling(half),
        "decode-float16": lambda: bench.decoding(half),
    }


def measured(name, run, bench):
    # As Screenfold does, numbers are shortened only where that is asked for.
    tf32 = name.endswith("-tf32")
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.manual_seed(0)
    if bench.cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        bench.used = 0
    begun = time.perf_counter()
    try:
        found = {"ok": True, **run()}
    except Exception as error:  # An exhausted device must not stop the others.
        found = {"ok": False, "error": f"{type(error).__name__}: {error}"[:500]}
    if bench.cuda:
        found["peakDeviceMib"] = bench.used
        found["peakReservedMib"] = torch.cuda.max_memory_reserved() / 2**20
        found["peakAllocatedMib"] = torch.cuda.max_memory_allocated() / 2**20
    else:
        found["peakHostMib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": name, "seconds": time.perf_counter() - begun, "tf32": tf32, **found}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="a small UNet of the same architecture")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--only", help="names, with commas between")
    parser.add_argument("--out", help="where the last line also goes, anew after each")
    options = parser.parse_args()
    begun = time.perf_counter()
    bench = Bench(options)
    device = torch.cuda.get_device_name() if bench.cuda else "CPU"
    facts = {"torch": torch.__version__, "diffusers": diffusers.__version__, "device": device}
    only = options.only.split(",") if options.only else None
    checks = []
    for name, run in entries(bench).items():
        if only and name not in only:
            continue
        if time.perf_counter() - begun > options.seconds - 10:
            checks.append({"name": name, "ok": None, "skipped": "no time was left"})
        else:
            checks.append(measured(name, run, bench))
        print(json.dumps(checks[-1]), flush=True)
        if options.out:
            Path(options.out).write_text(json.dumps(facts | {"checks": checks}) + "\n")
    print(json.dumps(facts | {"checks": checks}))


if __name__ == "__main__":
    main()
