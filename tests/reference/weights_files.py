"""Reference files for native/weights: safetensors as its own library writes it, and 16-bit floats as torch rounds.

Made with safetensors 0.8.0, torch 2.15.0, numpy 2.4.6:

    python tests/reference/weights_files.py
"""

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

fixtures = Path(__file__).parent / "fixtures"

base = torch.tensor([0, 1, 2, 3, 100, 127])
tensors = {
    f"of.{name}": base.to(dtype).reshape(2, 3)
    for name, dtype in {
        "f64": torch.float64,
        "f32": torch.float32,
        "f16": torch.float16,
        "bf16": torch.bfloat16,
        "i64": torch.int64,
        "u64": torch.uint64,
        "i32": torch.int32,
        "u32": torch.uint32,
        "i16": torch.int16,
        "u16": torch.uint16,
        "i8": torch.int8,
        "u8": torch.uint8,
        "bool": torch.bool,
        "f8_e4m3": torch.float8_e4m3fn,
        "f8_e5m2": torch.float8_e5m2,
        "f8_e8m0": torch.float8_e8m0fnu,
        "f8_e4m3fnuz": torch.float8_e4m3fnuz,
        "f8_e5m2fnuz": torch.float8_e5m2fnuz,
        "c64": torch.complex64,
    }.items()
}
tensors["scalar"] = torch.tensor(0.5)
tensors["empty"] = torch.zeros(0, 4)
tensors["日本 ü \"\\ \U0001f600"] = torch.tensor([1.5], dtype=torch.float16)
tensors["日本 ü \"\\ \uffee"] = torch.tensor([2.5], dtype=torch.float16)
save_file(tensors, fixtures / "weights-mixed.safetensors", metadata={"format": "pt"})

# Every exponent with significands around the rounding boundaries of both 16-bit formats, both signs.
fractions = [0, 1, 0xFFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x2FFF, 0x3000, 0x3001, 0x7FFF, 0x8000, 0x8001]
fractions += [0x17FFF, 0x18000, 0x18001, 0x3FFFFF, 0x400000, 0x7FF000, 0x7FEFFF, 0x7F8000, 0x7FFFFF]
bits = [s << 31 | e << 23 | f for s in (0, 1) for e in range(255) for f in fractions] + [0x7F800000, 0xFF800000]
rng = np.random.default_rng(7)
bits += rng.integers(0, 0x7F800000, 500).tolist()
# Sums of a power of two below half's smallest subnormal and every significand bit: ties and near ties there.
bits += [(127 - 25 - e) << 23 | f for e in range(-11, 3) for b in range(23) for f in (1 << b, (1 << b) - 1)]
bits = np.unique(np.array(bits, dtype=np.uint32))
values = torch.from_numpy(bits.view(np.float32).copy())
half = values.to(torch.float16)
with np.errstate(over="ignore"):
    assert np.array_equal(half.numpy().view(np.uint16), values.numpy().astype(np.float16).view(np.uint16))
bfloat = values.to(torch.bfloat16)
every_half = np.arange(0x10000, dtype=np.uint16)
wide = every_half.view(np.float16).astype(np.float32)
finite = ~np.isnan(wide)


def base64_of(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array).astype(dtype).tobytes()).decode()


(fixtures / "weights-half.json").write_text(
    json.dumps(
        {
            "made with": "torch 2.15.0, numpy 2.4.6, by tests/reference/weights_files.py; base64 of little-endian bits",
            "float32": base64_of(bits, "<u4"),
            "float16": base64_of(half.view(torch.uint16).numpy(), "<u2"),
            "bfloat16": base64_of(bfloat.view(torch.uint16).numpy(), "<u2"),
            "sha256 of float32 of every float16 that is a number": hashlib.sha256(wide[finite].tobytes()).hexdigest(),
        },
        indent=1,
    )
)
