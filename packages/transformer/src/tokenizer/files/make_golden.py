"""Writes auto-tokenizer-golden.json: folders with tokenizer files and the ids that AutoTokenizer gives there.

    python make_golden.py     (transformers 5.18.0, tokenizers 0.23.2)

Special tokens are not recognised in the texts and none are added. "error" stands where AutoTokenizer gives one.
"""

import hashlib
import json
import os
import random
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

CORPUS = [
    "the film is good and the film is bad", "a joy to watch, what a joy", "It's a naïve café; we don't know 12 of 345",
    "great fun!  it wasn't the end\n\nof it", "they're here and there, a    b", "good good bad bad 你好", "tool <tool> word wor",
] * 3


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, special_tokens=["<|endoftext|>"], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": model["vocab"], "merges": model["merges"]}


def marks(unigram=False):
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    if unigram:
        pieces = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]]
        words = sorted({w for line in CORPUS for w in line.replace(" ", " \u2581").split()})
        letters = sorted({c for line in CORPUS for c in line.replace(" ", "\u2581").replace("\n", "")})
        for i, piece in enumerate(dict.fromkeys(letters + words + ["\u2581a", "\u2581the", "oo", "\u2581g"])):
            pieces.append([piece, -2.0 - (i % 17) * 0.37 - len(piece) * 0.11])
        return {"vocab": pieces}
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=340, special_tokens=names, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": model["vocab"], "merges": model["merges"]}


VOCABULARIES = {"bytes": byte_level(), "marks": marks(), "unigram": marks(unigram=True)}


def texts():
    chance = random.Random(1)
    parts = ["the film", "good", "a", " ", "  ", "\n", "<tool>", "word", "wor", "naïve", "\u2581", "Ａ", "12", "it's", "<x>", "    ", "!?", "café", "b"]
    lines = ["", " ", "a <tool> b", "word<tool>", " the film is good", "swords word", "the  film\u2581is"]
    return lines + ["".join(chance.choice(parts) for _ in range(chance.randrange(1, 14))) for _ in range(200)]


TEXTS = texts()
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}


def added(content, **options):
    return {"content": content, **PLAIN, **options}


def with_ids(first, *tokens):
    return [{"id": first + i, **token} for i, token in enumerate(tokens)]


def definition(vocabulary, **changes):
    kind = "Unigram" if vocabulary == "unigram" else "BPE"
    model = {"type": kind, "vocab": f"@{vocabulary}"}
    if kind == "BPE":
        model |= {"merges": f"@{vocabulary}", "unk_token": None, "fuse_unk": False, "byte_fallback": vocabulary == "marks"}
        if vocabulary == "marks":
            model |= {"unk_token": "<unk>", "fuse_unk": True}
    else:
        model["unk_id"] = 3
    model |= changes.pop("model", {})
    byte = vocabulary == "bytes"
    steps = {
        "normalizer": None,
        "pre_tokenizer": BYTE_LEVEL if byte else {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": kind == "Unigram"},
        "decoder": BYTE_LEVEL if byte else None,
    }
    empty = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "post_processor": None}
    return {**empty, **steps, **changes, "model": model}


LLAMA2 = {
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
    "pre_tokenizer": None,
}
SPECIALS = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
BYTES = len(VOCABULARIES["bytes"]["vocab"])
MARKS = len(VOCABULARIES["marks"]["vocab"])
PAIR = {"vocab.json": "@bytes", "merges.txt": "@bytes"}
WORDS = [added("<tool>"), added("word", single_word=True, normalized=True), added("    ", normalized=True), added("<x>", lstrip=True, rstrip=True)]
DECODER = {str(BYTES + i): token for i, token in enumerate(WORDS)}


def folders():
    families = ["gpt2", "opt", "gpt_neo", "gpt_neox", "xglm", "llama", "mistral", "qwen2", "qwen3"]
    classes = [None, "GPT2Tokenizer", "GPT2TokenizerFast", "GPTNeoXTokenizerFast", "LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "Qwen2Tokenizer", "XGLMTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend"]
    for family in families:
        for name in classes:
            config = {} if name is None else {"tokenizer_class": name}
            for vocabulary in ["bytes", "marks", "unigram"]:
                yield f"{family} {name} {vocabulary}", {
                    "config.json": {"model_type": family},
                    "tokenizer_config.json": config,
                    "tokenizer.json": definition(vocabulary),
                }
            yield f"{family} {name} pair", {"config.json": {"model_type": family}, "tokenizer_config.json": config, **PAIR}

    def folder(family, settings, *more, **files):
        return {"config.json": {"model_type": family}, "tokenizer_config.json": settings, **{k: v for m in more for k, v in m.items()}, **files}

    split = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]}
    other_steps = {"tokenizer.json": definition("bytes", pre_tokenizer=split, normalizer={"type": "Lowercase"})}
    with_added = {"tokenizer.json": definition("bytes", added_tokens=with_ids(BYTES, *WORDS))}
    gpt2 = {"tokenizer_class": "GPT2Tokenizer"}
    generic = {"tokenizer_class": "PreTrainedTokenizerFast"}
    for prefix in [True, False]:
        for family, name, files in [
            ("gpt2", "GPT2Tokenizer", PAIR), ("gpt_neox", "GPTNeoXTokenizer", PAIR), ("qwen3", "Qwen2Tokenizer", PAIR),
            ("gpt2", "GPT2Tokenizer", with_added), ("gpt2", "PreTrainedTokenizerFast", with_added), ("llama", "PreTrainedTokenizerFast", with_added),
            ("llama", "LlamaTokenizer", {"tokenizer.json": definition("marks", **LLAMA2)}),
            ("llama", "CodeLlamaTokenizer", {"tokenizer.json": definition("marks", **LLAMA2)}),
            ("mistral", "LlamaTokenizer", {"tokenizer.json": definition("marks", **LLAMA2)}),
            ("xglm", "XGLMTokenizer", {"tokenizer.json": definition("unigram")}),
        ]:
            kind = "pair" if files is PAIR else "json"
            extra = " added" if files is with_added else ""
            yield f"{family} {name} {kind}{extra} add_prefix_space {prefix}", folder(family, {"tokenizer_class": name, "add_prefix_space": prefix}, files)
    for legacy in [True, False, None]:
        tokens = with_ids(MARKS, *WORDS)
        json_file = {"tokenizer.json": definition("marks", **LLAMA2, added_tokens=tokens)}
        yield f"llama legacy {legacy}", folder("llama", {"tokenizer_class": "LlamaTokenizer", "legacy": legacy}, json_file)
    llama_json = {"tokenizer.json": definition("marks", **LLAMA2, added_tokens=with_ids(MARKS, *WORDS))}
    yield "llama as it stands, added", folder("llama", generic, llama_json)
    yield "llama no class, added", folder("llama", {}, llama_json)
    for name, settings in [("GPT2Tokenizer", gpt2), ("as it stands", generic), ("no class", {})]:
        yield f"other steps, {name}", folder("gpt2", settings, other_steps)
        yield f"added in json, {name}", folder("gpt2", settings, with_added)
        yield f"added_tokens.json beside json, {name}", folder("gpt2", settings, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"<tool>": BYTES, "wor": BYTES + 1}})
        yield f"added_tokens.json and added in json, {name}", folder("gpt2", settings, with_added, {"added_tokens.json": {"<tool>": BYTES, "naïve": BYTES + 4}})
        yield f"added_tokens_decoder beside json, {name}", folder("gpt2", {**settings, "added_tokens_decoder": DECODER}, {"tokenizer.json": definition("bytes")})
        changed = {str(BYTES + i): {**token, "lstrip": i < 2, "normalized": False} for i, token in enumerate(WORDS)}
        yield f"added_tokens_decoder against json, {name}", folder("gpt2", {**settings, "added_tokens_decoder": changed}, with_added)
        some = {key: DECODER[key] for key in list(DECODER)[:2]}
        yield f"added_tokens_decoder with fewer than json, {name}", folder("gpt2", {**settings, "added_tokens_decoder": some}, with_added)
        both = {**settings, "added_tokens_decoder": DECODER}
        yield f"added_tokens_decoder and added_tokens.json, {name}", folder("gpt2", both, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"naïve": BYTES + 4}})
        yield f"special by its name, {name}", folder("gpt2", {**settings, "pad_token": "<tool>"}, with_added)
        yield f"special by its name in the decoder, {name}", folder("gpt2", {**settings, "pad_token": "<tool>", "added_tokens_decoder": DECODER}, {"tokenizer.json": definition("bytes")})
        yield f"special by the list, {name}", folder("gpt2", {**settings, "additional_special_tokens": ["<tool>"]}, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"<tool>": BYTES, "wor": BYTES + 1}})
        yield f"special by the map, {name}", folder("gpt2", settings, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"<tool>": BYTES, "wor": BYTES + 1}, "special_tokens_map.json": {"pad_token": "<tool>"}})
        yield f"special by the map's list, {name}", folder("gpt2", settings, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"<tool>": BYTES, "wor": BYTES + 1}, "special_tokens_map.json": {"additional_special_tokens": ["<tool>"]}})
        yield f"special by the map beside a decoder, {name}", folder("gpt2", {**settings, "added_tokens_decoder": DECODER}, {"tokenizer.json": definition("bytes")}, {"special_tokens_map.json": {"pad_token": "<tool>"}})
        yield f"a token of another name, {name}", folder("gpt2", {**settings, "image_token": "<tool>", "added_tokens_decoder": DECODER}, {"tokenizer.json": definition("bytes")})
        yield f"of the vocabulary, {name}", folder("gpt2", settings, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"good": VOCABULARIES["bytes"]["vocab"].get("good", 5)}})
        yield f"specials named, {name}", folder("gpt2", {**settings, **SPECIALS}, {"tokenizer.json": definition("bytes")}, {"added_tokens.json": {"<tool>": BYTES}})
        yield f"specials before, {name}", folder("gpt2", {**settings, "eos_token": "<eos>", "added_tokens_decoder": {str(BYTES): added("<eos>", special=True), str(BYTES + 1): added("<tool>")}}, {"tokenizer.json": definition("bytes")})
        yield f"a gap in the ids, {name}", folder("gpt2", {**settings, "added_tokens_decoder": {str(BYTES + 5): added("<tool>")}}, {"tokenizer.json": definition("bytes")})
    for family, name in [("gpt2", "GPT2Tokenizer"), ("qwen2", "Qwen2Tokenizer"), ("qwen3", "Qwen2Tokenizer"), ("gpt_neox", "GPTNeoXTokenizer")]:
        settings = {"tokenizer_class": name}
        yield f"{family} pair, decoder", folder(family, {**settings, "added_tokens_decoder": DECODER}, PAIR)
        yield f"{family} pair, added_tokens.json", folder(family, settings, PAIR, {"added_tokens.json": {"<tool>": BYTES, "wor": BYTES + 1}})
        yield f"{family} pair, special list and decoder", folder(family, {**settings, "additional_special_tokens": ["<x>"], "added_tokens_decoder": DECODER}, PAIR)
        yield f"{family} json, special list and added", folder(family, {**settings, "additional_special_tokens": ["<x>"]}, with_added)
    precompiled = {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]}
    yield "xglm other normalizer", folder("xglm", {}, {"tokenizer.json": definition("unigram", normalizer=precompiled)})
    yield "class in config.json", {"config.json": {"model_type": "llama", "tokenizer_class": "GPT2Tokenizer"}, "tokenizer.json": other_steps["tokenizer.json"]}
    yield "no config.json", {"tokenizer.json": other_steps["tokenizer.json"]}
    yield "no config.json, class", {"tokenizer.json": other_steps["tokenizer.json"], "tokenizer_config.json": gpt2}
    yield "truncation", {"tokenizer.json": definition("bytes", truncation={"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0})}


def written(name, content):
    if not isinstance(content, str):
        return json.dumps(substituted(content))
    lists = VOCABULARIES[content[1:]]
    return json.dumps(lists["vocab"]) if name == "vocab.json" else "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in lists["merges"]) + "\n"


def substituted(content):
    if "model" not in content:
        return content
    model = content["model"]
    lists = VOCABULARIES[model["vocab"][1:]]
    return {**content, "model": {**model, **{key: lists[key] for key in ("vocab", "merges") if key in model}}}


def ids_of(files):
    with tempfile.TemporaryDirectory() as directory:
        for name, content in files.items():
            Path(directory, name).write_text(written(name, content), encoding="utf-8")
        try:
            tokenizer = AutoTokenizer.from_pretrained(directory).backend_tokenizer
            tokenizer.encode_special_tokens = True
            # As transformers does before every call.
            tokenizer.no_truncation()
            tokenizer.no_padding()
            return [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
        except BaseException as error:
            return f"error: {type(error).__name__}: {error}"


def main():
    golden, details = [], {}
    for name, files in folders():
        ids = ids_of(files)
        details[name] = ids
        digest = "error" if isinstance(ids, str) else hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode()).hexdigest()[:16]
        golden.append({"name": name, "files": files, "ids": digest})
    target = Path(__file__).with_name("auto-tokenizer-golden.json")
    lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in golden)
    target.write_text(
        f'{{"texts": {json.dumps(TEXTS)},\n"vocabularies": {json.dumps(VOCABULARIES)},\n"folders": [\n{lines}\n]}}\n', encoding="utf-8"
    )
    if os.environ.get("DETAILS"):
        Path(os.environ["DETAILS"]).write_text(json.dumps(details), encoding="utf-8")


main()
