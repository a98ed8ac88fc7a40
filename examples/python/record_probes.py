"""Records h and m of a Hugging Face model with PyTorch hooks, for `icl-gd score`.

    pip install -r examples/python/requirements.txt
    python examples/python/record_probes.py --model tests/fixtures/own-text-gpt2/model \\
        --data tests/fixtures/own-text-gpt2/data/mr --template "Review: {text} Sentiment:" --label-words Negative,Positive \\
        --shots 6 --seed 5 --examples 8 --learning-rate 0.01 --probe prompt --out probes
    npx icl-gd score --probes probes --out results

Four settings, one file each: ZSL and ICL, and the model after gradient descent (GD, LCGD) on the demonstrations. The layout is
docs/probe-files.md. At the probed token, in every layer,

    h  [examples, layers, d_model]          output of the attention block after its output projection, before the residual
    m.<row>  [layers, heads, query length]  q·k / sqrt(d_head), after rotary positions and before the softmax, to the query's
                                            own tokens: neither to BOS nor to the demonstrations

`attn_implementation="eager"` gives attention after the softmax alone, so m is made of what q_proj and k_proj put out.
GPT-2; XGLM and OPT; Llama, Mistral and Qwen2. Other families place norms or scale otherwise and are refused.
"""

import argparse
import json
import pathlib
from dataclasses import dataclass

import numpy
import torch
import transformers
from safetensors.torch import save_file


@dataclass
class Family:
    """Where the parts of a decoder are."""

    layers: str  # the list of its layers
    attention: str  # in a layer
    output: str  # in the attention: its output projection
    final_norm: str
    rotary: bool = False


FAMILIES = {
    "gpt2": Family("transformer.h", "attn", "c_proj", "transformer.ln_f"),
    "xglm": Family("model.layers", "self_attn", "out_proj", "model.layer_norm"),
    "opt": Family("model.decoder.layers", "self_attn", "out_proj", "model.decoder.final_layer_norm"),
    **{
        name: Family("model.layers", "self_attn", "o_proj", "model.norm", rotary=True)
        for name in ("llama", "mistral", "qwen2")
    },
}


class Recorder:
    """The model with hooks on its attention; `seen` has what the last forward pass put out, by layer."""

    def __init__(self, model):
        kind = model.config.model_type
        if kind not in FAMILIES:
            raise SystemExit(f"model_type {kind!r}: known are {', '.join(FAMILIES)}; what else there is computes m otherwise")
        if kind == "gpt2" and (model.config.scale_attn_by_inverse_layer_idx or not model.config.scale_attn_weights):
            raise SystemExit("gpt2 with another scale of its attention is not known here")
        if kind == "opt" and not model.config.do_layer_norm_before:
            raise SystemExit("opt with norms after its blocks is not known here")
        self.model, self.family = model, FAMILIES[kind]
        self.layers = model.get_submodule(self.family.layers)
        self.final_norm = model.get_submodule(self.family.final_norm)
        self.seen = [{} for _ in self.layers]
        for layer, seen in zip(self.layers, self.seen):
            attention = layer.get_submodule(self.family.attention)
            self._keep(attention.get_submodule(self.family.output), seen, "h")
            for name in ("c_attn",) if kind == "gpt2" else ("q_proj", "k_proj"):
                self._keep(attention.get_submodule(name), seen, name)
            if self.family.rotary:
                attention.register_forward_pre_hook(
                    lambda _, args, kwargs, seen=seen: seen.update(rotary=kwargs["position_embeddings"]), with_kwargs=True
                )

    @staticmethod
    def _keep(module, seen, name):
        module.register_forward_hook(lambda _, inputs, output: seen.update({name: output}))

    def outputs(self, position):
        """h [layers, d_model] at a position of the last sequence."""
        return torch.stack([seen["h"][0, position] for seen in self.seen])

    def scores(self, position, first_key):
        """m [layers, heads, keys] from a position to those from `first_key` up to itself."""
        return torch.stack([self._scores(i, position, first_key) for i in range(len(self.layers))])

    def _scores(self, layer, position, first_key):
        attention, seen = self.layers[layer].get_submodule(self.family.attention), self.seen[layer]
        if "c_attn" in seen:
            q, k, _ = seen["c_attn"].chunk(3, dim=-1)
        else:
            q, k = seen["q_proj"], seen["k_proj"]
        width = attention.head_dim
        q, k = (x.view(1, x.shape[1], -1, width).transpose(1, 2) for x in (q, k))  # [1, heads, positions, width]
        if self.family.rotary:
            q, k = transformers.models.llama.modeling_llama.apply_rotary_pos_emb(q, k, *seen["rotary"])
        k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
        return torch.einsum("hd,hkd->hk", q[0, :, position], k[0, :, first_key : position + 1]) / width**0.5

    def key_value_parameters(self):
        """By layer, the weights and biases of the key and value projections with the part of each that is theirs."""
        everything = slice(None)
        for layer in self.layers:
            attention = layer.get_submodule(self.family.attention)
            if hasattr(attention, "c_attn"):
                # Conv1D: [in, out], and out is Q, K, V.
                part = slice(attention.embed_dim, None)
                yield [(attention.c_attn.weight, (everything, part)), (attention.c_attn.bias, (part,))]
            else:
                yield [
                    (parameter, (everything,))
                    for name in ("k_proj", "v_proj")
                    for parameter in attention.get_submodule(name).parameters()
                ]

    def train(self, demonstrations, learning_rate, layer_causal):
        """One SGD step a demonstration on keys and values; returns loss and gradient norm [steps, layers]."""
        parameters = list(self.key_value_parameters())
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        for own in parameters:
            for parameter, _ in own:
                parameter.requires_grad_(True)
        losses, norms = [], []
        for tokens in demonstrations:
            self.model.zero_grad()
            by_layer = self._losses(torch.tensor([tokens]), layer_causal)
            (sum(by_layer) if layer_causal else by_layer[0]).backward()
            losses.append([loss.item() for loss in by_layer])
            with torch.no_grad():
                gradients = [[parameter.grad[part] for parameter, part in own] for own in parameters]
                norms.append([torch.cat([g.flatten() for g in own]).norm().item() for own in gradients])
                for own, grads in zip(parameters, gradients):
                    for (parameter, part), gradient in zip(own, grads):
                        parameter[part] -= learning_rate * gradient
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        return losses, norms

    def _losses(self, ids, layer_causal):
        """Mean cross-entropy of every next token: at the output, or of each layer's own output on an input that is detached."""
        predict = lambda logits: torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:])
        if not layer_causal:
            return [predict(self.model(ids, use_cache=False).logits)] * len(self.layers)
        outputs = []
        hooks = []
        for layer in self.layers:
            hooks.append(layer.register_forward_pre_hook(lambda _, args: (args[0].detach(), *args[1:])))
            hooks.append(
                layer.register_forward_hook(
                    lambda _, inputs, output: outputs.append(output[0] if isinstance(output, tuple) else output)
                )
            )
        self.model(ids, use_cache=False)
        for hook in hooks:
            hook.remove()
        return [predict(self.model.get_output_embeddings()(self.final_norm(output))) for output in outputs]


class Prompts:
    """The paper's prompts: `BOS query`, and `BOS demonstration EOS … query`."""

    def __init__(self, options, config):
        self.options = options
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
        self.bos, self.eos = config.bos_token_id, config.eos_token_id
        self.window = config.max_position_embeddings
        train, validation = (read_rows(options.data / f"{split}.jsonl") for split in ("train", "validation"))
        chosen = [int(row) for row in numpy.random.default_rng(options.seed).permutation(len(train))[: options.shots]]
        if options.permutation > 0:
            legacy = numpy.random.RandomState(options.seed)
            order = [legacy.permutation(len(chosen)) for _ in range(5)][options.permutation]
            chosen = [chosen[i] for i in order]
        self.rows = [int(row) for row in numpy.random.default_rng(1).permutation(len(validation))[: options.examples]]
        self.gold = [validation[row]["label"] for row in self.rows]
        self.option_tokens = [self.encode(f" {word}") for word in options.label_words.split(",")]
        self.queries = [self.query(validation[row]) for row in self.rows]
        self.demonstrations = [self.query(train[row]) + self.option_tokens[train[row]["label"]] for row in chosen]
        self.context, self.in_context = self.build_context()

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)

    def query(self, row):
        """Each line is encoded on its own, with EOS between lines."""
        tokens = []
        for line in self.options.template.format(**row).splitlines():
            if line:
                tokens += ([self.eos] if tokens else []) + self.encode(line)
        return tokens

    def build_context(self):
        longest = max(1 + len(query) + len(option) for query in self.queries for option in self.option_tokens)
        context, count = [self.bos], 0
        for tokens in self.demonstrations:
            if len(context) + len(tokens) + 1 + longest >= self.window:
                break
            context, count = context + tokens + [self.eos], count + 1
        return context, count


def read_rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


@torch.no_grad()
def record(recorder, prompts, before, probe):
    """h, m and log-probabilities of every query after the tokens `before`."""
    tensors, outputs, log_probs = {}, [], []
    for row, query in zip(prompts.rows, prompts.queries):
        scores = []
        for i, option in enumerate(prompts.option_tokens):
            ids = before + query + option
            logits = recorder.model(torch.tensor([ids]), use_cache=False).logits[0].double()
            start = len(before) + len(query)
            of_next = torch.log_softmax(logits[start - 1 : -1], dim=-1)
            scores.append(of_next[range(len(option)), option].mean())
            if i == 0:
                # Attention is causal: what follows the probed token does not change it.
                position = len(ids) - 1 if probe == "label" else start - 1
                outputs.append(recorder.outputs(position))
                tensors[f"m.{row}"] = recorder.scores(position, len(before)).contiguous()
        log_probs.append(torch.stack(scores))
    return {**tensors, "h": torch.stack(outputs), "option_log_probs": torch.stack(log_probs)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, help="directory or hub id")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="folder with train.jsonl and validation.jsonl")
    parser.add_argument("--template", required=True, help='with {field}s, as "Review: {text} Sentiment:"')
    parser.add_argument("--label-words", required=True, help="by class, with commas")
    parser.add_argument("--shots", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--permutation", type=int, default=0)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--probe", choices=("label", "prompt"), default="label")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()

    torch.manual_seed(0)
    load = lambda: transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    recorder = Recorder(load())
    prompts = Prompts(options, recorder.model.config)
    options.out.mkdir(parents=True, exist_ok=True)
    metadata = {
        "model": pathlib.Path(options.model).name,
        "dataset": options.data.name,
        "seed": str(options.seed),
        "permutation": str(options.permutation),
        "probe": options.probe,
    }

    def save(setting, tensors, **more):
        tensors = {
            **tensors,
            "validation_rows": torch.tensor(prompts.rows),
            "gold": torch.tensor(prompts.gold),
        }
        save_file(tensors, options.out / f"{setting}.safetensors", {**metadata, "setting": setting, **more})
        print(f"{setting}: {len(prompts.rows)} examples")

    bos = [prompts.bos]
    save("ZSL", record(recorder, prompts, bos, options.probe))
    icl = record(recorder, prompts, prompts.context, options.probe)
    save("ICL", icl, demonstrations_in_context=str(prompts.in_context))
    for setting in ("GD", "LCGD"):
        recorder = Recorder(load())
        sequences = [bos + tokens for tokens in prompts.demonstrations]
        losses, norms = recorder.train(sequences, options.learning_rate, setting == "LCGD")
        trained = {
            "training_loss": torch.tensor(losses, dtype=torch.float64),
            "training_gradient_norm": torch.tensor(norms, dtype=torch.float64),
        }
        tensors = {**record(recorder, prompts, bos, options.probe), **trained}
        save(setting, tensors, learning_rate=repr(options.learning_rate))


if __name__ == "__main__":
    main()
