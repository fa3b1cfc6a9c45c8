"""Makes pictures with Optimum of the ONNX pipelines that native/families/onnx writes, and with diffusers of the same models.

Passed with optimum-onnx 0.1.0 (optimum 2.1.0), onnxruntime 1.32.0, diffusers 0.35.2, transformers 4.57.6, torch 2.15.0:

    python tests/reference/onnx_pipeline.py

Pictures of two shapes, two at a time with guidance: float32 differs by at most 2/255, in fact by less than 0.1; what float16
differs by is printed.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy
import torch
from diffusers import DiffusionPipeline
from optimum.onnxruntime import ORTDiffusionPipeline

here = Path(__file__).parent

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    node = here.parent.parent / "node_modules" / ".bin" / "node"
    subprocess.run([node, here / "onnx-pipeline.ts", folder], check=True)
    for family in ("sd", "sdxl"):
        theirs = DiffusionPipeline.from_pretrained(folder / family)
        for precision in ("float32", "float16"):
            ours = ORTDiffusionPipeline.from_pretrained(folder / f"{family}-{precision}")
            assert type(ours).__name__ == {"sd": "ORTStableDiffusionPipeline", "sdxl": "ORTStableDiffusionXLPipeline"}[family]
            for height, width in ((32, 32), (64, 48)):
                options = dict(
                    prompt="a red square",
                    num_inference_steps=4,
                    guidance_scale=4.0,
                    height=height,
                    width=width,
                    num_images_per_prompt=2,
                    output_type="np",
                )
                pictures = [
                    pipe(**options, generator=torch.Generator().manual_seed(5)).images for pipe in (ours, theirs)
                ]
                assert pictures[0].shape == (2, height, width, 3)
                difference = numpy.abs(pictures[0] - pictures[1]) * 255
                print(family, precision, f"{width} x {height}: most {difference.max():.4f}, mean {difference.mean():.4f}")
                assert precision == "float16" or difference.max() <= 2
