"""PyTorch's and diffusers' time for what `npm run bench` measures: the UNet of bench-unet.json, float32, on the CPU.

- A training step: predict the noise of a batch, mean squared error, backward, AdamW (lr 1e-4, weight decay 1e-2; no
  clipping), gradients freed between steps.
- A sampling step: one prediction for a batch of latents under inference_mode (guidance would be two).
Every variant (memory layout, AdamW's implementation, torch.compile) runs in a process of its own, one after the other,
and the fastest that is not compiled counts; compiled figures have keys of their own. Times are medians in milliseconds.
Run: python tests/reference/bench.py [--json] [--threads 2] [--runs 20] [--no-compile]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

BENCH = json.loads((Path(__file__).parent / "bench-unet.json").read_text())
LAYOUTS = ["contiguous", "channels_last"]
OPTIMIZERS = ["single", "foreach", "fused"]
WARM_UP = 3


def measure(task, layout, optimizer, threads, runs, compiled):
    """One variant, in this process."""
    import diffusers
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = diffusers.UNet2DConditionModel.from_config(BENCH["unet"])
    if layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
    predict = torch.compile(model) if compiled else model
    batch = BENCH["batch"]
    latents = torch.randn(batch, 4, BENCH["height"], BENCH["width"])
    noise = torch.randn_like(latents)
    if layout == "channels_last":
        latents, noise = (tensor.to(memory_format=torch.channels_last) for tensor in (latents, noise))
    timesteps = torch.randint(0, 1000, (batch,))
    text = torch.randn(batch, BENCH["tokens"], BENCH["unet"]["cross_attention_dim"])

    if task == "train":
        model.train()
        implementation = {"foreach": False} if optimizer == "single" else {optimizer: True}
        adamw = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-2, **implementation)

        def step():
            loss = torch.nn.functional.mse_loss(predict(latents, timesteps, text).sample, noise)
            loss.backward()
            adamw.step()
            adamw.zero_grad(set_to_none=True)

    else:
        model.eval().requires_grad_(False)

        def step():
            with torch.inference_mode():
                predict(latents, timesteps, text)

    times = []
    for _ in range(WARM_UP + runs):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1000)
    return {
        "task": task,
        "layout": layout,
        "optimizer": optimizer,
        "compiled": compiled,
        "medianMs": statistics.median(times[WARM_UP:]),
        "leastMs": min(times[WARM_UP:]),
        "peakRssMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "params": sum(value.numel() for value in model.parameters()),
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
    }


def in_own_process(task, layout, optimizer, options, compiled=False):
    """A variant's result, or None where it does not work."""
    variant = json.dumps([task, layout, optimizer, options.threads, options.runs, compiled])
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    command = [sys.executable, __file__, "--variant", variant]
    label = f"{task} {layout} {optimizer or ''}{' compiled' if compiled else ''}"
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        print(f"{label}: over 600 s", file=sys.stderr)
        return None
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["no message"]
        print(f"{label}: {reason[0]}", file=sys.stderr)
        return None
    result = json.loads(done.stdout.splitlines()[-1])
    print(f"{label}: {result['medianMs']:.1f} ms, {result['peakRssMiB']:.0f} MiB", file=sys.stderr)
    return result


def fastest(results):
    return min((result for result in results if result), key=lambda result: result["medianMs"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        print(json.dumps(measure(*json.loads(options.variant))))
        return

    train = fastest([in_own_process("train", a, b, options) for a in LAYOUTS for b in OPTIMIZERS])
    sample = fastest([in_own_process("sample", layout, None, options) for layout in LAYOUTS])
    result = {
        "trainStepMs": round(train["medianMs"], 2),
        "sampleStepMs": round(sample["medianMs"], 2),
        "trainPeakRssMiB": round(train["peakRssMiB"]),
        "samplePeakRssMiB": round(sample["peakRssMiB"]),
        "peakRssMiB": round(max(train["peakRssMiB"], sample["peakRssMiB"])),
        "params": train["params"],
        "imagesPerSecond": round(BENCH["batch"] * 1000 / train["medianMs"], 2),
        "batch": BENCH["batch"],
        "threads": options.threads,
        "trainVariant": f"{train['layout']}, {train['optimizer']} AdamW",
        "sampleVariant": sample["layout"],
        "torch": train["torch"],
        "diffusers": train["diffusers"],
    }
    if not options.no_compile:
        compiled = in_own_process("train", train["layout"], train["optimizer"], options, True)
        compiled_sample = in_own_process("sample", sample["layout"], None, options, True)
        result["trainStepMsCompiled"] = round(compiled["medianMs"], 2) if compiled else None
        result["sampleStepMsCompiled"] = round(compiled_sample["medianMs"], 2) if compiled_sample else None
    print(json.dumps(result) if options.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
