"""
Tiny models with random weights that write about pictures, in the architectures and the ONNX layouts that people have:
BLIP (a ViT, and BERT with cross-attention), Florence-2 (DaViT, and BART in four graphs) with and without what it made of
earlier tokens, with what transformers computes and writes of each picture.

Writes to fixtures/captioning/<model>/: the graphs, config.json, generation_config.json, preprocessor_config.json,
tokenizer.json and tokenizer_config.json; and <model>.json: for each picture the states that the decoder is given (their
mean and first numbers), the logits of the first tokens, and captions by greedy and by beam search.
Pictures are those of tagger.py, prepared with Pillow (the processors named Pil), laid over white first.

    reference-venv/bin/pip install onnx onnxscript
    OMP_NUM_THREADS=1 reference-venv/bin/python tests/reference/captioners.py
"""

import json
from pathlib import Path

import onnx
import torch
import transformers
from PIL import Image, ImageOps
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BartConfig, BlipConfig, BlipForConditionalGeneration, Florence2Config, Florence2ForConditionalGeneration,
    PreTrainedTokenizerFast,
)
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.florence2.configuration_florence2 import Florence2VisionConfig

here = Path(__file__).parent / "fixtures" / "captioning"
names = ["01-plain.png", "03-palette.png", "06-grey-alpha.png", "08-rotated.jpg", "09-wide.png"]
words = """a photo of the red blue green flower tree house with two three cats dogs sitting standing on in front at
sky, grass; it's don't "quoted" text - what does image describe? in detail shown paragraph. is an old man's hat, and
the woman's umbrella: describe with what""".split("\n")


def picture(name: str) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(here / "pictures" / name)).convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255))
    white.alpha_composite(image)
    return white.convert("RGB")


def randomize(model: torch.nn.Module, seed: int, scale: float) -> None:
    """Far enough from nothing that captions differ from picture to picture, and words are no ties."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.1 * noise if "norm" in name.lower() and name.endswith("weight") else scale * noise)
    model.eval()


def export(module, arguments, path: Path, inputs, outputs, axes) -> None:
    torch.onnx.export(
        module.eval(), arguments, str(path), input_names=inputs, output_names=outputs, dynamic_axes=axes,
        dynamo=False, opset_version=17,
    )
    model = onnx.load(path)
    for part in (model.graph, *model.graph.node):
        part.ClearField("doc_string")
    onnx.save(model, path)


def wordpiece(folder: Path) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
    tokenizer.train_from_iterator(words, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        bos_token="[DEC]", clean_up_tokenization_spaces=True,
    )
    save_tokenizer(fast, folder)
    return fast


def bytelevel(folder: Path) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<image>"]
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(words, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )
    save_tokenizer(fast, folder)
    return fast


def save_tokenizer(fast: PreTrainedTokenizerFast, folder: Path) -> None:
    fast.save_pretrained(folder)
    for extra in ("special_tokens_map.json", "chat_template.jinja"):
        (folder / extra).unlink(missing_ok=True)


class Vision(torch.nn.Module):
    def __init__(self, run):
        super().__init__()
        self.run = run

    def forward(self, pixel_values):
        return self.run(pixel_values)


def blip_model(folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = wordpiece(folder)
    size = 32
    config = BlipConfig(
        text_config=dict(
            vocab_size=len(tokenizer), hidden_size=24, encoder_hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=3, max_position_embeddings=40, bos_token_id=5, sep_token_id=3, eos_token_id=3,
            pad_token_id=0, projection_dim=16, attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0,
        ),
        vision_config=dict(
            hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=size,
            patch_size=8, projection_dim=16,
        ),
        projection_dim=16,
    )
    config._attn_implementation = "eager"
    model = BlipForConditionalGeneration(config)
    randomize(model, 11, 0.28)
    # Some captions end by themselves, some where there is no more room.
    with torch.no_grad():
        model.text_decoder.cls.predictions.bias[3] += 2.0
    processor = BlipImageProcessorPil(size={"height": size, "width": size})
    processor.save_pretrained(folder)
    # As the published ones say it.
    (folder / "config.json").write_text(json.dumps(
        {"model_type": "blip", "text_config": {"bos_token_id": 5, "sep_token_id": 3, "pad_token_id": 0}}, indent=1) + "\n")
    return model, tokenizer, processor


def blip(name: str = "blip") -> None:
    folder = here / name
    size = 32
    model, tokenizer, processor = blip_model(folder)

    class Decoder(torch.nn.Module):
        def __init__(self, decoder):
            super().__init__()
            self.decoder = decoder

        def forward(self, input_ids, attention_mask, encoder_hidden_states, encoder_attention_mask):
            return self.decoder(
                input_ids=input_ids, attention_mask=attention_mask, encoder_hidden_states=encoder_hidden_states,
                encoder_attention_mask=encoder_attention_mask, use_cache=False, is_decoder=True,
            ).logits

    pixels = torch.zeros(1, 3, size, size)
    see = Vision(lambda p: model.vision_model(pixel_values=p).last_hidden_state)
    see.model = model.vision_model
    export(see, (pixels,), folder / "vision_model.onnx", ["pixel_values"], ["last_hidden_state"],
           {"pixel_values": {0: "batch"}, "last_hidden_state": {0: "batch"}})
    states = see(pixels).detach()
    export(
        Decoder(model.text_decoder),
        (torch.tensor([[5, 7, 8]]), torch.ones(1, 3, dtype=torch.long), states, torch.ones(states.shape[:2], dtype=torch.long)),
        folder / "text_decoder_model.onnx",
        ["input_ids", "attention_mask", "encoder_hidden_states", "encoder_attention_mask"], ["logits"],
        {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "length"},
         "encoder_hidden_states": {0: "batch", 1: "seen"}, "encoder_attention_mask": {0: "batch", 1: "seen"},
         "logits": {0: "batch", 1: "length"}},
    )
    results = {}
    prompt = [5, 9, 12, 20]
    for image in names:
        pixels = processor(images=picture(image), return_tensors="pt").pixel_values
        with torch.no_grad():
            states = see(pixels)
            logits = model.text_decoder(
                input_ids=torch.tensor([prompt]), encoder_hidden_states=states, is_decoder=True, use_cache=False,
            ).logits[0]
            written = {
                str(beams): text(model.generate(pixels, num_beams=beams, max_new_tokens=16, do_sample=False)[0], tokenizer)
                for beams in (1, 3, 5)
            }
        results[image] = facts(pixels, states, logits, written)
    save(name, prompt, results)


def florence_model(folder: Path):
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    tokenizer = bytelevel(folder)
    size = 64
    bart_config = BartConfig(
        vocab_size=len(tokenizer), d_model=24, encoder_layers=2, decoder_layers=2, encoder_attention_heads=3,
        decoder_attention_heads=3, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=96, bos_token_id=0,
        eos_token_id=2, pad_token_id=1, decoder_start_token_id=2, forced_bos_token_id=0, forced_eos_token_id=2,
        dropout=0.0, is_encoder_decoder=True,
    )
    vision = Florence2VisionConfig(
        depths=(1, 1), patch_size=(7, 3), patch_stride=(4, 2), patch_padding=(3, 1), patch_prenorm=(False, True),
        embed_dim=(8, 16), num_heads=(2, 4), num_groups=(2, 4), window_size=4, projection_dim=24,
        max_temporal_embeddings=10, max_position_embeddings=16, drop_path_rate=0.0,
    )
    config = Florence2Config(text_config=bart_config.to_dict(), vision_config=vision.to_dict(), image_token_id=4)
    config._attn_implementation = "eager"
    model = Florence2ForConditionalGeneration(config)
    randomize(model, 5, 0.3)
    with torch.no_grad():
        model.lm_head.weight[2] *= 4
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=0, eos_token_id=2, pad_token_id=1, decoder_start_token_id=2, forced_bos_token_id=0,
        forced_eos_token_id=2, no_repeat_ngram_size=3, early_stopping=True, num_beams=3,
    )
    model.generation_config.save_pretrained(folder)
    processor = CLIPImageProcessorPil(size={"height": size, "width": size}, do_center_crop=False,
                                      image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    processor.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(
        {"model_type": "florence2", "text_config": {"bos_token_id": 0, "eos_token_id": 2}}, indent=1) + "\n")
    return model, tokenizer, processor


questions = {
    "short": "What does the image describe?",
    "detailed": "Describe in detail what is shown in the image.",
}


def florence(name: str = "florence-2", cached: bool = True) -> None:
    folder = here / name
    size = 64
    model, tokenizer, processor = florence_model(folder)

    inner = model.model
    bart = inner.language_model
    see = Vision(lambda p: inner.get_image_features(p).pooler_output)
    see.model = inner
    embed = Vision(lambda ids: bart.get_input_embeddings()(ids))
    embed.model = bart

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = bart.encoder

        def forward(self, attention_mask, inputs_embeds):
            return self.encoder(inputs_embeds=inputs_embeds, attention_mask=attention_mask).last_hidden_state

    layers, heads, width = 2, 3, 8
    kinds = [f"{layer}.{side}.{what}" for layer in range(layers) for side in ("decoder", "encoder") for what in ("key", "value")]

    class Decoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder, self.head = bart.decoder, model.lm_head

        def forward(self, encoder_attention_mask, encoder_hidden_states, inputs_embeds, *past):
            cache = None
            if past:
                own, cross = transformers.DynamicCache(), transformers.DynamicCache()
                for layer in range(layers):
                    own.update(past[4 * layer], past[4 * layer + 1], layer)
                cache = transformers.EncoderDecoderCache(own, cross)
            out = self.decoder(
                inputs_embeds=inputs_embeds, encoder_hidden_states=encoder_hidden_states,
                encoder_attention_mask=encoder_attention_mask, past_key_values=cache, use_cache=bool(past),
            )
            logits = self.head(out.last_hidden_state)
            if not past:
                return logits
            given = out.past_key_values
            presents = []
            for layer in range(layers):
                own, cross = given.self_attention_cache.layers[layer], given.cross_attention_cache.layers[layer]
                presents += [own.keys, own.values, cross.keys, cross.values]
            return (logits, *presents)

    pixels = torch.zeros(1, 3, size, size)
    export(see, (pixels,), folder / "onnx" / "vision_encoder.onnx", ["pixel_values"], ["image_features"],
           {"pixel_values": {0: "batch"}, "image_features": {0: "batch"}})
    ids = torch.tensor([[0, 5, 2]])
    export(embed, (ids,), folder / "onnx" / "embed_tokens.onnx", ["input_ids"], ["inputs_embeds"],
           {"input_ids": {0: "batch", 1: "length"}, "inputs_embeds": {0: "batch", 1: "length"}})
    two = lambda b, l: {0: b, 1: l}
    all_states = torch.randn(1, 9, 24)
    export(Encoder(), (torch.ones(1, 9, dtype=torch.long), all_states), folder / "onnx" / "encoder_model.onnx",
           ["attention_mask", "inputs_embeds"], ["last_hidden_state"],
           {"attention_mask": two("batch", "seen"), "inputs_embeds": two("batch", "seen"),
            "last_hidden_state": two("batch", "seen")})
    axes = {"encoder_attention_mask": two("batch", "seen"), "encoder_hidden_states": two("batch", "seen"),
            "inputs_embeds": two("batch", "length"), "logits": two("batch", "length")}
    arguments = (torch.ones(2, 9, dtype=torch.long), torch.randn(2, 9, 24), torch.randn(2, 2, 24))
    inputs = ["encoder_attention_mask", "encoder_hidden_states", "inputs_embeds"]
    export(Decoder(), arguments, folder / "onnx" / "decoder_model.onnx", inputs, ["logits"], axes)
    if cached:
        past = [torch.randn(2, heads, 3 if "decoder" in kind else 9, width) for kind in kinds]
        axes |= {f"past_key_values.{kind}": {0: "batch", 2: "past"} for kind in kinds if "decoder" in kind}
        axes |= {f"present.{kind}": {0: "batch", 2: "whole"} for kind in kinds if "decoder" in kind}
        own = [kind for kind in kinds if "decoder" in kind]
        past = [torch.randn(2, heads, 3, width) for _ in own]

        class Cached(Decoder):
            def forward(self, encoder_attention_mask, encoder_hidden_states, inputs_embeds, *own_past):
                filled = []
                for layer in range(layers):
                    filled += [own_past[2 * layer], own_past[2 * layer + 1], None, None]
                logits, *presents = super().forward(encoder_attention_mask, encoder_hidden_states, inputs_embeds, *filled)
                return (logits, *[one for at, one in enumerate(presents) if at % 4 < 2])

        export(Cached(), (*arguments, *past), folder / "onnx" / "decoder_model_merged.onnx",
               [*inputs, *[f"past_key_values.{kind}" for kind in own]], ["logits", *[f"present.{kind}" for kind in own]], axes)

    results = {}
    prompt = [2, 0, 40, 77]
    for image in names:
        pixels = processor(images=picture(image), return_tensors="pt").pixel_values
        with torch.no_grad():
            features = see(pixels)
            written = {}
            for detail, question in questions.items():
                ids = torch.tensor([[4] * features.shape[1] + tokenizer(question).input_ids])
                joint = torch.cat([features, embed(torch.tensor([tokenizer(question).input_ids]))], dim=1)
                states = bart.encoder(inputs_embeds=joint).last_hidden_state
                if detail == "short":
                    logits = model.lm_head(bart.decoder(
                        input_ids=torch.tensor([prompt]), encoder_hidden_states=states, use_cache=False).last_hidden_state)[0]
                    first = states
                for beams in (1, 3):
                    tokens = model.generate(
                        input_ids=ids, pixel_values=pixels, num_beams=beams, max_new_tokens=24, do_sample=False)[0]
                    written[f"{detail} {beams}"] = text(tokens, tokenizer)
        results[image] = facts(pixels, first, logits, written)
    save(name, prompt, results)


def text(tokens, tokenizer) -> dict:
    """Padding after the end is no part of it."""
    return {"tokens": tokens.tolist(), "text": tokenizer.decode(tokens, skip_special_tokens=True)}


def facts(pixels, states, logits, written) -> dict:
    numbers = lambda tensor: [round(float(x), 7) for x in tensor.double().flatten()]
    return {
        "pixels": [float(pixels.double().mean()), *numbers(pixels[0, :, 5, :4])],
        "states": [float(states.double().mean()), *numbers(states[0, :2, :6])],
        "logits": [numbers(row) for row in logits],
        "captions": written,
    }


def save(name: str, prompt, results) -> None:
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    text = json.dumps({"versions": versions, "prompt": prompt, "pictures": results}, ensure_ascii=True)
    (here / f"{name}.json").write_text(text + "\n")
    for image, result in results.items():
        print(name, image, {way: one["tokens"] for way, one in result["captions"].items()})


if __name__ == "__main__":
    blip()
    florence()
