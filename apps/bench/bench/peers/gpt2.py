"""A GPT-2 in PyTorch with parameters by icl-gd's names, layer by layer."""

import torch
import torch.nn.functional as F


def fused(_, q, k, v):
    """Causal attention by torch's own kernel; q, k and v [H, T, D], k and v perhaps longer at their front."""
    before = k.shape[1] - q.shape[1]
    if before == 0:
        return F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    seen = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril(before)
    return F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=seen)[0]


class Gpt2:
    def __init__(self, parameters, shape):
        self.parameters = parameters
        self.layers, self.heads, self.epsilon = shape["layers"], shape["heads"], shape["normEpsilon"]
        self.width = parameters["embedding.tokens"].shape[1]

    def with_parameters(self, replaced):
        shape = {"layers": self.layers, "heads": self.heads, "normEpsilon": self.epsilon}
        return Gpt2({**self.parameters, **replaced}, shape)

    def norm(self, x, name):
        weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
        return F.layer_norm(x, (self.width,), weight, bias, self.epsilon)

    def linear(self, x, name):
        return F.linear(x, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def embed(self, tokens, first=0):
        positions = self.parameters["embedding.positions"][first : first + tokens.shape[0]]
        return self.parameters["embedding.tokens"][tokens] + positions

    def layer(self, x, layer, attend=fused):
        """The layer's output, and that of its attention block. `attend` sees (layer, q, k, v), each [H, T, D]."""
        name, count = f"layers.{layer}", x.shape[0]
        y = self.norm(x, f"{name}.attentionNorm")
        q, k, v = (
            self.linear(y, f"{name}.attention.{part}").view(count, self.heads, -1).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        heads = attend(layer, q, k, v).transpose(0, 1).reshape(count, self.width)
        attention = self.linear(heads, f"{name}.attention.output")
        x = x + attention
        y = self.linear(self.norm(x, f"{name}.feedForwardNorm"), f"{name}.feedForward.up")
        return x + self.linear(F.gelu(y, approximate="tanh"), f"{name}.feedForward.down"), attention

    def logits(self, x):
        return F.linear(self.norm(x, "finalNorm"), self.parameters["embedding.tokens"])

    def loss(self, x, tokens):
        """Mean nats a predicted token."""
        return F.cross_entropy(self.logits(x)[:-1], tokens[1:])


def read_parameters(request, read):
    return {p["name"]: read(p["file"], p["shape"]) for p in request["parameters"]}
