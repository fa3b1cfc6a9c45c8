"""Checkpoints as torch.save writes them, kind ones and unkind ones, and the values torch gives for their tensors.

Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0:

    python tests/reference/torch_files.py

Writes fixtures/torch/, where expected.safetensors has every tensor of the others as `<file>/<name>`, in row-major order.
"""

import io
import os
import shutil
import sys
import tarfile
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

folder = Path(__file__).parent / "fixtures" / "torch"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
torch.manual_seed(1)
expected = {}


def save(name, value, tensors, **options):
    torch.save(value, folder / name, **options)
    for key, tensor in tensors.items():
        # The type is kept and the layout is not.
        expected[f"{name}/{key}"] = tensor.detach().clone(memory_format=torch.contiguous_format)


base = torch.randn(4, 6)
types_of = {
    "f64": torch.float64,
    "f32": torch.float32,
    "f16": torch.float16,
    "bf16": torch.bfloat16,
    "i64": torch.int64,
    "i32": torch.int32,
    "i16": torch.int16,
    "i8": torch.int8,
    "u8": torch.uint8,
    "u16": torch.uint16,
    "bool": torch.bool,
    "c64": torch.complex64,
}
every_type = {f"of.{name}": torch.tensor([0, 1, 2, 3, 100, 127]).to(dtype) for name, dtype in types_of.items()}
save("types.pt", every_type, every_type)
float8 = {"of.f8": torch.ones(3).to(torch.float8_e4m3fn), "other": torch.ones(2)}
save("float8.pt", float8, float8)

attributed = torch.nn.Parameter(torch.randn(3))
attributed.note = "kept by some trainers"
noted = torch.randn(2)
noted.note = "of a tensor"
storage = torch.randn(40)
convolution = torch.randn(3, 4, 2, 2)
views = OrderedDict(
    {
        "plain": base,
        "transposed": base.t(),
        "transposed.half": base.half().t(),
        "rows": base[1:3],
        "columns": base[:, 2:5],
        "every.second": base[::2, ::3],
        "permuted": torch.randn(2, 3, 4).permute(2, 0, 1),
        "channels.last": convolution.to(memory_format=torch.channels_last),
        "shared.1": storage[:12].view(3, 4),
        "shared.2": storage[8:32].view(4, 6).t(),
        "overlapping": storage.as_strided((5, 4), (2, 3), 1),
        "expanded": torch.randn(3, 1).expand(3, 5),
        "doubles": torch.randn(3, 3, dtype=torch.float64).t(),
        "bools": torch.tensor([[True, False, True], [False, False, True]]).t(),
        "scalar": torch.tensor(0.5),
        "empty": torch.zeros(0, 4),
        "parameter": torch.nn.Parameter(torch.randn(2, 2)),
        "parameter.with.attributes": attributed,
        "tensor.with.attributes": noted,
        # More than the reader converts at a time.
        "long.half": (torch.arange(5) / 4).half().expand(1_100_000, 5).t(),
    }
)
views._metadata = {"": {"version": 1}}
long = views["long.half"]
save("views.pt", views, {name: tensor for name, tensor in views.items() if tensor is not long})

module = torch.nn.Linear(3, 2)
for protocol in (2, 3, 4, 5):
    save(f"protocol-{protocol}.pt", module.state_dict(), module.state_dict(), pickle_protocol=protocol)

# As PyTorch Lightning 1.4 wrote it, which the first Stable Diffusion files come from. Only names matter here.
lightning = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
lightning.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": lightning.__name__})
for name in ("pytorch_lightning", "pytorch_lightning.callbacks"):
    sys.modules[name] = types.ModuleType(name)
sys.modules[lightning.__name__] = lightning
model = {"model.diffusion_model.weight": torch.randn(2, 3), "betas": torch.linspace(0, 1, 5)}
remembered = lightning.ModelCheckpoint()
remembered.best = np.float64(0.25)
save(
    "lightning.ckpt",
    {
        "epoch": 3,
        "global_step": 470000,
        "pytorch-lightning_version": "1.4.2",
        "callbacks": {
            lightning.ModelCheckpoint: {
                "monitor": "val/loss",
                "best_model_score": torch.tensor(0.25),
                "array": np.arange(3.0),
                "self": remembered,
            }
        },
        "optimizer_states": [{"state": {0: {"step": 1, "exp_avg": torch.randn(2, 3)}}, "param_groups": [{"lr": np.float64(1e-4)}]}],
        "lr_schedulers": [{"last_epoch": 1, "seen": {1, 2}, "bytes": b"\x00\xff", "large": 2**70, "negative": -5}],
        "state_dict": OrderedDict(model),
    },
    model,
)
save("wrapped.pth", {"model": model}, model)
save("wrapped-twice.pth", {"state_dict": {"state_dict": model}, "unused": torch.ones(2)}, model)
save("trained.pth", {"module": model, "optimizer": {"a": torch.ones(2)}, "step": 7}, model)

# As AUTOMATIC1111's web UI writes embeddings; before, it kept the parameters in a module.
vectors = torch.randn(2, 8)
embedding = {"string_to_token": {"*": 265}, "name": "fox", "step": 500, "sd_checkpoint_name": None}
save("embedding.pt", {**embedding, "string_to_param": {"*": vectors}}, {"string_to_param.*": vectors})
older = torch.nn.ParameterDict({"*": torch.nn.Parameter(vectors)})
save("embedding-older.pt", {**embedding, "string_to_param": older}, {"string_to_param.*": vectors})
save("learned_embeds.bin", {"<fox>": vectors[0]}, {"<fox>": vectors[0]})

# Not read, for what they are.
torch.save(model, folder / "legacy.pt", _use_new_zipfile_serialization=False)
with tarfile.open(folder / "first.pt", "w", format=tarfile.USTAR_FORMAT) as tar:
    for name in ("sys_info", "pickle", "storages"):
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
torch.jit.script(module).save(folder / "script.pt")
torch.save([torch.ones(2)], folder / "list.pt")
with zipfile.ZipFile(folder / "embedding.pt") as little, zipfile.ZipFile(folder / "big-endian.pt", "w") as big:
    for entry in little.namelist():
        big.writestr(entry, b"big" if entry.endswith("byteorder") else little.read(entry))


# Would run a program; the tests see to it that it does not.
class Runs:
    def __init__(self, function, argument):
        self.call = (function, (argument,))

    def __reduce__(self):
        return self.call


torch.save({"state_dict": model, "extra": Runs(os.system, "echo > torch-file-was-run")}, folder / "os-system.pt")
torch.save({**model, "extra": Runs(eval, "open('torch-file-was-run', 'w')")}, folder / "eval.pt", pickle_protocol=4)

save_file(expected, folder / "expected.safetensors")
(folder / "expected.safetensors").chmod(0o644)
