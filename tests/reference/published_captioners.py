"""
The tiny models of captioners.py, with the same weights, in the layouts that are published: BLIP as ningpp exports it (graphs
without masks, under names of their own, beside the config) and Florence-2 as transformers.js has it (vision_encoder,
embed_tokens, encoder_model, and a decoder_model_merged by optimum: `use_cache_branch`, and what was made of earlier tokens, of
the encoder's side too), in float32, in float16 with float32 around it (`_fp16`) and rounded to eight bits (`_quantized`).

Writes to fixtures/captioning/published/: the graphs, and captions.json with the tokens of greedy search: of whole numbers as
transformers writes, of rounded ones as ONNX Runtime's own Python sessions give them over the same files. What else
their folders hold is that of captioners.py.

    reference-venv/bin/pip install onnx onnxruntime optimum optimum-onnx
    OMP_NUM_THREADS=1 reference-venv/bin/python tests/reference/published_captioners.py
"""

import json
import shutil
import tempfile
from pathlib import Path

import captioners as tiny
import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from optimum.onnx import merge_decoders

published = tiny.here / "published"
longest = 16
layers, heads, width = 2, 3, 8


def stored_tokenizer(name: str):
    """One that is trained anew may number words that come equally often in another order."""
    return transformers.PreTrainedTokenizerFast.from_pretrained(tiny.here / name)


def blip(scratch: Path) -> dict:
    model, _, processor = tiny.blip_model(scratch)
    tokenizer = stored_tokenizer("blip")
    folder = published / "blip"
    folder.mkdir(parents=True, exist_ok=True)
    see = tiny.Vision(lambda p: model.vision_model(pixel_values=p).last_hidden_state)
    see.model = model.vision_model

    class Decoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder = model.text_decoder

        def forward(self, input_ids, encoder_hidden_states):
            return self.decoder(
                input_ids=input_ids, encoder_hidden_states=encoder_hidden_states, use_cache=False, is_decoder=True,
            ).logits

    pixels = torch.zeros(1, 3, 32, 32)
    states = see(pixels).detach()
    tiny.export(see, (pixels,), folder / "blip_vision_encoder.onnx", ["pixel_values"], ["encoder_hidden_states"],
                {"pixel_values": {0: "batch"}, "encoder_hidden_states": {0: "batch"}})
    tiny.export(Decoder(), (torch.tensor([[5, 7, 8]]), states), folder / "blip_text_decoder.onnx",
                ["input_ids", "encoder_hidden_states"], ["logits"],
                {"input_ids": {0: "batch", 1: "length"}, "encoder_hidden_states": {0: "batch"},
                 "logits": {0: "batch", 1: "length"}})
    written = {}
    for image in tiny.names:
        pixels = processor(images=tiny.picture(image), return_tensors="pt").pixel_values
        tokens = model.generate(pixels, num_beams=1, max_new_tokens=longest, do_sample=False)[0]
        written[image] = tokenizer.decode(tokens, skip_special_tokens=True)
    return {"": written}


def florence(scratch: Path) -> dict:
    model, _, processor = tiny.florence_model(scratch)
    tokenizer = stored_tokenizer("florence-2")
    folder = published / "florence-2" / "onnx"
    folder.mkdir(parents=True, exist_ok=True)
    inner = model.model
    bart = inner.language_model
    see = tiny.Vision(lambda p: inner.get_image_features(p).pooler_output)
    see.model = inner
    embed = tiny.Vision(lambda ids: bart.get_input_embeddings()(ids))
    embed.model = bart

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = bart.encoder

        def forward(self, attention_mask, inputs_embeds):
            return self.encoder(inputs_embeds=inputs_embeds, attention_mask=attention_mask).last_hidden_state

    class Decoder(torch.nn.Module):
        """What it made of earlier tokens goes in and out, and what it makes of the encoder's states goes in after that."""

        def __init__(self):
            super().__init__()
            self.decoder, self.head = bart.decoder, model.lm_head

        def forward(self, encoder_attention_mask, encoder_hidden_states, inputs_embeds, *past):
            own, cross = transformers.DynamicCache(), transformers.DynamicCache()
            for layer in range(layers if past else 0):
                own.update(past[4 * layer], past[4 * layer + 1], layer)
                cross.update(past[4 * layer + 2], past[4 * layer + 3], layer)
            cache = transformers.EncoderDecoderCache(own, cross)
            out = self.decoder(
                inputs_embeds=inputs_embeds, encoder_hidden_states=encoder_hidden_states,
                encoder_attention_mask=encoder_attention_mask, past_key_values=cache, use_cache=True,
            )
            presents = []
            for layer in range(layers):
                mine, other = out.past_key_values.self_attention_cache.layers[layer], out.past_key_values.cross_attention_cache.layers[layer]
                presents += [mine.keys, mine.values] + ([] if past else [other.keys, other.values])
            return (self.head(out.last_hidden_state), *presents)

    two = lambda a, b: {0: a, 1: b}
    pixels = torch.zeros(1, 3, 64, 64)
    tiny.export(see, (pixels,), folder / "vision_encoder.onnx", ["pixel_values"], ["image_features"],
                {"pixel_values": {0: "batch"}, "image_features": {0: "batch"}})
    tiny.export(embed, (torch.tensor([[0, 5, 2]]),), folder / "embed_tokens.onnx", ["input_ids"], ["inputs_embeds"],
                {"input_ids": two("batch", "length"), "inputs_embeds": two("batch", "length")})
    tiny.export(Encoder(), (torch.ones(1, 9, dtype=torch.long), torch.randn(1, 9, 24)), folder / "encoder_model.onnx",
                ["attention_mask", "inputs_embeds"], ["last_hidden_state"],
                {"attention_mask": two("batch", "seen"), "inputs_embeds": two("batch", "seen"),
                 "last_hidden_state": two("batch", "seen")})
    kinds = [f"{layer}.{side}.{what}" for layer in range(layers) for side in ("decoder", "encoder") for what in ("key", "value")]
    inputs = ["encoder_attention_mask", "encoder_hidden_states", "inputs_embeds"]
    axes = {"encoder_attention_mask": two("batch_size", "encoder_sequence_length"),
            "encoder_hidden_states": two("batch_size", "encoder_sequence_length"),
            "inputs_embeds": two("batch_size", "decoder_sequence_length"), "logits": two("batch_size", "decoder_sequence_length")}
    length = {"decoder": "past_decoder_sequence_length", "encoder": "encoder_sequence_length"}
    axes |= {f"past_key_values.{kind}": {0: "batch_size", 2: length[kind.split(".")[1]]} for kind in kinds}
    axes |= {f"present.{kind}": {0: "batch_size", 2: f"present_{kind.split('.')[1]}"} for kind in kinds}
    first = (torch.ones(2, 9, dtype=torch.long), torch.randn(2, 9, 24), torch.randn(2, 3, 24))
    tiny.export(Decoder(), first, scratch / "decoder_model.onnx", inputs, ["logits", *[f"present.{kind}" for kind in kinds]], axes)
    later = (torch.ones(2, 9, dtype=torch.long), torch.randn(2, 9, 24), torch.randn(2, 1, 24))
    past = [torch.randn(2, heads, 9 if "encoder" in kind else 3, width) for kind in kinds]
    tiny.export(Decoder(), (*later, *past), scratch / "decoder_with_past_model.onnx",
                [*inputs, *[f"past_key_values.{kind}" for kind in kinds]],
                ["logits", *[f"present.{kind}" for kind in kinds if "decoder" in kind]], axes)
    merge_decoders(scratch / "decoder_model.onnx", scratch / "decoder_with_past_model.onnx",
                   save_path=folder / "decoder_model_merged.onnx", strict=False)
    names = ["vision_encoder", "embed_tokens", "encoder_model", "decoder_model_merged"]
    written = {"": {}}
    for image in tiny.names:
        pixels = processor(images=tiny.picture(image), return_tensors="pt").pixel_values
        features = see(pixels)
        ids = torch.tensor([[4] * features.shape[1] + tokenizer(tiny.questions["short"]).input_ids])
        tokens = model.generate(input_ids=ids, pixel_values=pixels, num_beams=1, max_new_tokens=longest, do_sample=False)[0]
        written[""][image] = tokenizer.decode(tokens, skip_special_tokens=True)
    for rounding, rounded in (("_fp16", half), ("_quantized", quantized)):
        for name in names:
            rounded(folder / f"{name}.onnx", folder / f"{name}{rounding}.onnx")
        written[rounding] = {
            image: by_sessions(folder, rounding, processor, tokenizer, image) for image in tiny.names
        }
    return written


def half(source: Path, target: Path) -> None:
    # As transformers.js's own script does it; branches of merged decoders are left in float32 by it.
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True, disable_shape_infer=True,
                                       op_block_list=["If"]), target)


def quantized(source: Path, target: Path) -> None:
    # Convolutions stay whole: there is no kernel of them for whole numbers on every processor.
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8, op_types_to_quantize=["MatMul", "Gather"],
                     extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True})


def by_sessions(folder: Path, rounding: str, processor, tokenizer, image: str) -> str:
    """Greedy search with the decoder's forced first and last tokens, and no three tokens twice, as its generation config says."""
    session = lambda name: onnxruntime.InferenceSession(str(folder / f"{name}{rounding}.onnx"))
    see, embed, encode, decode = map(session, ["vision_encoder", "embed_tokens", "encoder_model", "decoder_model_merged"])
    pixels = processor(images=tiny.picture(image), return_tensors="np").pixel_values.astype(np.float32)
    question = np.array([tokenizer(tiny.questions["short"]).input_ids])
    joint = np.concatenate([see.run(None, {"pixel_values": pixels})[0], embed.run(None, {"input_ids": question})[0]], axis=1)
    mask = np.ones(joint.shape[:2], dtype=np.int64)
    states = encode.run(None, {"inputs_embeds": joint, "attention_mask": mask})[0]
    past = {one.name: np.zeros((1, heads, 0, width), np.float32) for one in decode.get_inputs() if one.name.startswith("past")}
    outputs = [one.name for one in decode.get_outputs()]
    tokens, cached = [2], False
    for step in range(longest):
        fed = np.array([tokens if not cached else tokens[-1:]])
        given = {"encoder_attention_mask": mask, "encoder_hidden_states": states,
                 "inputs_embeds": embed.run(None, {"input_ids": fed})[0], "use_cache_branch": np.array([cached]), **past}
        answer = dict(zip(outputs, decode.run(outputs, given)))
        logits = answer["logits"][0, -1].astype(np.float64)
        for at in range(len(tokens) - 2):
            if tokens[at:at + 2] == tokens[-2:]:
                logits[tokens[at + 2]] = -np.inf
        token = 0 if len(tokens) == 1 else 2 if step == longest - 1 else int(logits.argmax())
        tokens.append(token)
        for name in past:
            if "decoder" in name or not cached:
                past[name] = answer[name.replace("past_key_values", "present")]
        cached = True
        if token == 2:
            break
    return tokenizer.decode(tokens, skip_special_tokens=True)


if __name__ == "__main__":
    shutil.rmtree(published, ignore_errors=True)
    captions = {}
    for name, make in (("blip", blip), ("florence-2", florence)):
        with tempfile.TemporaryDirectory() as scratch:
            captions[name] = make(Path(scratch))
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "onnxruntime": onnxruntime.__version__}
    (published / "captions.json").write_text(json.dumps({"versions": versions, "captions": captions}, indent=1) + "\n")
    print(json.dumps(captions, indent=1))
