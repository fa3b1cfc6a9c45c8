"""
Pictures that are hard to read, as the code published with the WD taggers prepares them, and a tiny tagger of their
architecture (timm's VisionTransformer without a class token) with what PyTorch computes of each.

Prepared as on the page of SmilingWolf's `wd-tagger`: laid over white with Pillow's own alpha compositing, padded to a
square with white, resized with Pillow's bicubic filter. One thing is done to the reference that this page does not do:
EXIF rotation is applied, as it is to every picture Screenfold trains on.

Writes to fixtures/captioning/: pictures/, prepared/ (PNG of what the graph is given), tagger/ (model.onnx and
selected_tags.csv) and tagger.json (probabilities of each picture).

    reference-venv/bin/pip install timm onnx onnxscript
    OMP_NUM_THREADS=1 reference-venv/bin/python tests/reference/tagger.py
"""

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import PIL
import timm
import torch
from PIL import Image, ImageOps
from timm.models.vision_transformer import VisionTransformer

here = Path(__file__).parent / "fixtures" / "captioning"
pictures, prepared, tagger = here / "pictures", here / "prepared", here / "tagger"
side = 48


def smooth(width: int, height: int, channels: int, seed: int) -> np.ndarray:
    """Noise with shapes in it: neither flat, where every filter agrees, nor white, which no photograph is."""
    noise = np.random.default_rng(seed).random((max(2, height // 6 + 2), max(2, width // 6 + 2), channels))
    planes = [
        np.asarray(Image.fromarray((noise[..., c] * 255).astype(np.uint8)).resize((width, height), Image.BILINEAR))
        for c in range(channels)
    ]
    return np.stack(planes, axis=-1)


def make_pictures() -> None:
    rgb = lambda w, h, seed: Image.fromarray(smooth(w, h, 3, seed))
    rgb(90, 70, 1).save(pictures / "01-plain.png")
    Image.fromarray(smooth(64, 80, 4, 2), "RGBA").save(pictures / "02-alpha.png")
    rgb(70, 70, 3).quantize(16).save(pictures / "03-palette.png")
    palette = rgb(50, 66, 4).quantize(12)
    palette.save(pictures / "04-palette-transparent.png", transparency=bytes([0, 40, 90, 128, 200, 255]))
    Image.fromarray(smooth(83, 61, 1, 5)[..., 0]).save(pictures / "05-grey.png")
    Image.fromarray(smooth(61, 83, 2, 6), "LA").save(pictures / "06-grey-alpha.png")
    write_deep(pictures / "07-sixteen-bits.png", smooth(57, 45, 3, 7))
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb(96, 64, 8).save(pictures / "08-rotated.jpg", quality=92, exif=exif)
    rgb(300, 3, 9).save(pictures / "09-wide.png")
    rgb(5, 260, 10).save(pictures / "10-tall.webp", lossless=True)
    Image.new("RGB", (1, 1), (12, 200, 99)).save(pictures / "11-one-pixel.png")
    rgb(72, 72, 12).convert("CMYK").save(pictures / "12-cmyk.jpg", quality=92)


def write_deep(path: Path, rgb: np.ndarray) -> None:
    """Pillow writes no PNG of 16 bits in colour."""
    import struct
    import zlib

    height, width, _ = rgb.shape
    low = np.random.default_rng(0).integers(0, 256, rgb.shape)
    deep = (rgb.astype(np.uint16) << 8 | low.astype(np.uint16)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(png)


def prepare(path: Path, target: int) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
    over_white = Image.new("RGBA", image.size, (255, 255, 255))
    over_white.alpha_composite(image)
    image = over_white.convert("RGB")
    longest = max(image.size)
    square = Image.new("RGB", (longest, longest), (255, 255, 255))
    square.paste(image, ((longest - image.size[0]) // 2, (longest - image.size[1]) // 2))
    return square if longest == target else square.resize((target, target), Image.BICUBIC)


tags = [
    ("general", 9), ("sensitive", 9), ("questionable", 9), ("explicit", 9),
    *[(name, 0) for name in ("long_hair", "^_^", "blue_sky", "o_o", "tree", "no_humans", ">_<", "standing_on_one_leg",
                             "red_flower", "||_||", "outdoors", "from_above")],
    ("saber_(fate)", 4), ("hatsune_miku", 4), ("cat_(soul)", 4),
]


class Published(torch.nn.Module):
    """Takes what the published graphs take: BGR from 0 to 255, height and width before the channels."""

    def __init__(self, vit: torch.nn.Module):
        super().__init__()
        self.vit = vit

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        rgb = image.flip(-1).permute(0, 3, 1, 2) / 127.5 - 1
        return torch.sigmoid(self.vit(rgb))


def strip(path: Path) -> None:
    """What the exporter notes of each node is three times as long as the weights."""
    model = onnx.load(path)
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    onnx.save(model, path)


def main() -> None:
    for folder in (pictures, prepared, tagger):
        folder.mkdir(parents=True, exist_ok=True)
    make_pictures()
    torch.manual_seed(7)
    vit = VisionTransformer(
        img_size=side, patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=len(tags), class_token=False,
        global_pool="avg", fc_norm=False,
    )
    with torch.no_grad():
        for parameter in vit.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.08)
        vit.head.weight.mul_(18)
    model = Published(vit.eval()).eval()
    example = torch.zeros(2, side, side, 3)
    torch.onnx.export(
        model, (example,), str(tagger / "model.onnx"), input_names=["input"], output_names=["output"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch")}}, dynamo=True, external_data=False, opset_version=18,
    )
    strip(tagger / "model.onnx")
    with open(tagger / "selected_tags.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["tag_id", "name", "category", "count"])
        for at, (name, category) in enumerate(tags):
            writer.writerow([at + 1, name, category, 1000 - at])

    probabilities = {}
    for path in sorted(pictures.iterdir()):
        image = prepare(path, side)
        image.save(prepared / f"{path.stem}.png", optimize=True)
        bgr = np.asarray(image, np.float32)[None, :, :, ::-1].copy()
        with torch.no_grad():
            probabilities[path.name] = [round(float(p), 7) for p in model(torch.from_numpy(bgr))[0].double()]
    # At the size the published graphs take, larger and smaller than the picture.
    for name in ("05-grey.png", "09-wide.png"):
        prepare(pictures / name, 448).save(prepared / f"{Path(name).stem}.448.png", optimize=True)
    versions = {"torch": torch.__version__, "timm": timm.__version__, "pillow": PIL.__version__}
    (here / "tagger.json").write_text(json.dumps({"versions": versions, "probabilities": probabilities}, indent=1) + "\n")


main()
