"""Writes the losses of config-keys.json anew: what transformers makes of every key of config.json in every model there.

Models, keys and values are those that the file has. `python make_config_keys.py`, `npx oxfmt` on the file, then `git diff`;
needs torch and the transformers that the file names.
"""

import json
import os
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
warnings.filterwarnings("ignore")

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

FILE = Path(__file__).with_name("config-keys.json")
# The losses have six decimals.
SAME = 5e-7


def stored(name, shape):
    """Weights from a tensor's name and an element's number, as `storedValues` of config-keys.test.ts has them."""
    state = 2166136261
    for byte in name.encode():
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    mask = np.uint64(0xFFFFFFFF)
    mixed = (np.arange(int(np.prod(shape)), dtype=np.uint64) * np.uint64(2654435761) + np.uint64(state)) & mask
    for _ in range(2):
        mixed = ((mixed ^ (mixed >> np.uint64(16))) * np.uint64(0x45D9F3B)) & mask
    values = ((mixed ^ (mixed >> np.uint64(16))) >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5
    if len(shape) == 1 and name.endswith("weight"):
        values = 1 + values / 2
    return torch.from_numpy(values.reshape(shape))


def loss_of(config, tokens):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(config))
        read = AutoConfig.from_pretrained(folder)
    model = AutoModelForCausalLM.from_config(read, attn_implementation="eager", dtype=torch.float64).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(stored("lm_head.weight" if name == "embed_out.weight" else name, tuple(parameter.shape)))
        ids = torch.tensor([tokens])
        scores = torch.log_softmax(model(ids).logits[0].double(), -1)
        loss = float(-scores[:-1].gather(1, ids[0, 1:, None]).mean())
    if not np.isfinite(loss):
        raise ValueError("not finite")
    return round(loss, 6)


def attempt(config, tokens):
    try:
        return loss_of(config, tokens)
    except Exception:
        return None


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    golden = json.loads(FILE.read_text())
    tokens = golden["tokens"]
    for name, sweep in golden["models"].items():
        config = sweep["config"]
        sweep["loss"] = loss_of(config, tokens)
        sweep["changes"], sweep["errors"] = [], []
        for key, values in golden["values"].items():
            for number, value in enumerate(values):
                loss = attempt({**config, key: value}, tokens)
                if loss is None:
                    sweep["errors"].append([key, number])
                elif abs(loss - sweep["loss"]) > SAME:
                    sweep["changes"].append([key, number, loss])
        sweep["absent"] = [
            [key, attempt({other: value for other, value in config.items() if other != key}, tokens)]
            for key, _ in sweep["absent"]
        ]
        print(name, len(sweep["changes"]), len(sweep["errors"]))
    FILE.write_text(json.dumps(golden, separators=(",", ":")))


if __name__ == "__main__":
    main()
