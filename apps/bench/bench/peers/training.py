"""A GPT-2 in PyTorch with parameters by icl-gd's names, and steps of training of all of them."""

import torch
import torch.nn.functional as F


def forward(parameters, shape, tokens, attention=None):
    """Logits [T, V]. `attention` sees (layer, q, k, v), each [H, T, D], and gives the heads' output in that shape."""
    attend = attention or (lambda _, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True))
    p, heads, epsilon = parameters, shape["heads"], shape["normEpsilon"]
    count = tokens.shape[0]
    width = p["embedding.tokens"].shape[1]

    def norm(x, name):
        return F.layer_norm(x, (width,), p[f"{name}.weight"], p[f"{name}.bias"], epsilon)

    def linear(x, name):
        return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])

    x = p["embedding.tokens"][tokens] + p["embedding.positions"][:count]
    for layer in range(shape["layers"]):
        name = f"layers.{layer}"
        y = norm(x, f"{name}.attentionNorm")
        q, k, v = (
            linear(y, f"{name}.attention.{part}").view(count, heads, -1).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        out = attend(layer, q[None], k[None], v[None])[0].transpose(0, 1).reshape(count, width)
        x = x + linear(out, f"{name}.attention.output")
        y = norm(x, f"{name}.feedForwardNorm")
        x = x + linear(F.gelu(linear(y, f"{name}.feedForward.up"), approximate="tanh"), f"{name}.feedForward.down")
    return F.linear(norm(x, "finalNorm"), p["embedding.tokens"])


def loss_of(logits, tokens):
    return F.cross_entropy(logits[:-1], tokens[1:])


class Training:
    def __init__(self, request, read):
        self.shape = request
        self.parameters = {
            p["name"]: read(p["file"], p["shape"]).requires_grad_() for p in request["parameters"]
        }
        self.tokens = torch.tensor(request["tokens"])
        rate, betas = request["adamW"]["learningRate"], (request["adamW"]["beta1"], request["adamW"]["beta2"])
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(),
            lr=rate,
            betas=betas,
            eps=request["adamW"]["epsilon"],
            weight_decay=request["adamW"]["weightDecay"],
        )

    def backward(self):
        self.optimizer.zero_grad()
        loss = loss_of(forward(self.parameters, self.shape, self.tokens), self.tokens)
        loss.backward()
        return loss

    def once(self):
        loss = self.backward()
        self.optimizer.step()
        return loss.item()

    def result(self):
        loss = self.backward().detach()
        gradients = [p.grad.clone() for p in self.parameters.values()]
        self.optimizer.step()
        with torch.no_grad():
            after = loss_of(forward(self.parameters, self.shape, self.tokens), self.tokens)
        return [loss, *gradients, after]


def prepare(request, read):
    return Training(request, read)
