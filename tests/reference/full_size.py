"""Parameter names and shapes of Stable Diffusion 1.x, 2.x and XL at full size, as configs/<name>.parameters.json.gz.

configs/<name>.json has the form of the published config.json. The model is instantiated without memory (meta device),
its parameters are counted against the figure known for the published model, and written as [name, shape] pairs in
the state dict's order. Run: OMP_NUM_THREADS=1 python tests/reference/full_size.py
"""

import gzip
import json
from pathlib import Path

import diffusers
import torch
import transformers

CONFIGS = Path(__file__).parent / "configs"
COUNTS = {
    "sd1-unet": 859_520_964,
    "sd2-unet": 865_910_724,
    "sdxl-unet": 2_567_463_684,
    "sd1-text-encoder": 123_060_480,
    "sd2-text-encoder": 340_387_840,
    "sdxl-text-encoder-2": 694_659_840,
    "vae": 83_653_863,
}


def main():
    for name, count in COUNTS.items():
        config = json.loads((CONFIGS / f"{name}.json").read_text())
        with torch.device("meta"):
            if "text-encoder" in name:
                model = getattr(transformers, config["architectures"][0])(transformers.CLIPTextConfig(**config))
                prefix = "text_model." if config["architectures"] == ["CLIPTextModel"] else ""
            else:
                model = getattr(diffusers, config["_class_name"]).from_config(config)
                prefix = ""
        parameters = [[prefix + key, list(value.shape)] for key, value in model.named_parameters()]
        counted = sum(value.numel() for value in model.parameters())
        assert counted == count, f"{name}: {counted} parameters, published {count}"
        path = CONFIGS / f"{name}.parameters.json.gz"
        path.write_bytes(gzip.compress(json.dumps(parameters).encode(), mtime=0))
        print(f"{name}: {counted} parameters in {len(parameters)} tensors, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
