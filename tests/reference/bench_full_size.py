"""A training step of a full-size UNet in PyTorch, beside `node scripts/bench-full-size.ts` with the same flags and keys.

Random weights, batch 1, 77 tokens, gradient checkpointing unless `--keep`; `--frozen float16` is bfloat16 here, the type in which
PyTorch computes frozen weights on a processor. The last line is one JSON object: `stepSeconds` is the quickest after the
first, `peakGib` the most of the whole process.
Run: python tests/reference/bench_full_size.py --method lora|full [--size 512] [--family sd1|sdxl] [--frozen float16] [--keep] --json
"""

import argparse
import json
import resource
from types import SimpleNamespace

import torch
from gpu_bench import HERE, Bench


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", choices=["sd1", "sd2", "sdxl"], default="sd1")
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--frozen", choices=["float32", "float16"], default="float32")
    parser.add_argument("--keep", action="store_true", help="no gradient checkpointing")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    bench = Bench(SimpleNamespace(device="cpu", short=False))
    bench.unet = json.loads((HERE / "configs" / f"{options.family}-unet.json").read_text())
    bench.size = options.size // 8
    kind = torch.bfloat16 if options.frozen == "float16" else None
    found = bench.training(options.method, 1, kind, not options.keep, steps=options.steps)
    if not options.json:
        print(found)
    print(
        json.dumps(
            {
                "family": options.family,
                "method": options.method,
                "size": options.size,
                "parameters": found["parameters"],
                "trainable": found["trainable"],
                "firstStepSeconds": found["firstSteps"][0],
                "stepSeconds": found["quickest"],
                "loss": found["losses"][0],
                "peakGib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
                "plannedGib": None,
                "runtime": f"PyTorch {torch.__version__}",
            }
        )
    )


if __name__ == "__main__":
    main()
