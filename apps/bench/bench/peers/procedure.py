"""The experiment of arXiv 2311.07772v4 as the code released with it goes about it: every demonstration is one step of SGD on
the key and value projections, for GD and for LCGD; then every query goes through the model alone, once a setting, behind the
whole context in ICL, with the logits of every token. Attention is eager (scores, mask, softmax, product) or torch's own."""

import functools

import torch

from gpt2 import Gpt2, fused, read_parameters

KEY_VALUE = (".attention.key.", ".attention.value.")


def eager(_, q, k, v):
    return torch.softmax(scores(q, k), -1) @ v


def scores(q, k):
    return q * q.shape[2] ** -0.5 @ k.transpose(1, 2) + mask(q.shape[1])


@functools.lru_cache(maxsize=8)
def mask(count):
    return torch.full((count, count), float("-inf")).triu(1)


class Procedure:
    """What is done once for all queries: both fine-tunings."""

    def __init__(self, request, read):
        self.request = request
        self.base = Gpt2(read_parameters(request, read), request)
        self.attend = {"eager": eager, "fused": fused}[request["attention"]]
        self.tuned = {}

    def once(self):
        self.losses = []
        for method, step in (("GD", self.output_loss), ("LCGD", self.layerwise_loss)):
            trained = {
                name: p.clone().requires_grad_()
                for name, p in self.base.parameters.items()
                if any(part in name for part in KEY_VALUE)
            }
            model = self.base.with_parameters(trained)
            optimizer = torch.optim.SGD(trained.values(), lr=self.request["learningRate"])
            for demonstration in self.request["demonstrations"]:
                optimizer.zero_grad()
                loss = step(model, torch.tensor([self.request["bos"], *demonstration]))
                loss.backward()
                optimizer.step()
                self.losses.append(loss.detach())
            self.tuned[method] = model

    def output_loss(self, model, tokens):
        x = model.embed(tokens)
        for layer in range(model.layers):
            x, _ = model.layer(x, layer, self.attend)
        return model.loss(x, tokens)

    def layerwise_loss(self, model, tokens):
        """The sum of every layer's loss, each of which knows its own layer alone."""
        x, total = model.embed(tokens), 0
        for layer in range(model.layers):
            x, _ = model.layer(x.detach(), layer, self.attend)
            total = total + model.loss(x, tokens)
        return total

    def result(self):
        self.once()
        return [torch.stack(self.losses)]


class Queries:
    """What is done for every query."""

    def __init__(self, request, procedure):
        self.procedure, self.queries = procedure, request["queries"]
        start = procedure.request
        ended = [token for demonstration in start["demonstrations"] for token in [*demonstration, start["eos"]]]
        self.context = [start["bos"], *ended]

    def settings(self):
        """(model, what stands before the query) of ZSL, ICL, GD and LCGD."""
        first, tuned = self.context[:1], self.procedure.tuned
        models = [self.procedure.base, self.procedure.base, tuned["GD"], tuned["LCGD"]]
        return zip(models, [first, self.context, first, first])

    def probe(self, model, before, query):
        """h [L, d], m [L, H, T] and the log-probability of each option, at the first option's token after the query."""
        tokens = torch.tensor([*before, *query["tokens"], query["options"][0]])
        hidden, maps = [], []

        def attend(layer, q, k, v):
            if self.procedure.attend is fused:
                maps.append((q[:, -1:] * q.shape[2] ** -0.5 @ k.transpose(1, 2))[:, 0, len(before) :])
                return fused(layer, q, k, v)
            products = scores(q, k)
            maps.append(products[:, -1, len(before) :].clone())
            return torch.softmax(products, -1) @ v

        x = model.embed(tokens)
        for layer in range(model.layers):
            x, attention = model.layer(x, layer, attend)
            hidden.append(attention[-1].clone())
        predicted = torch.log_softmax(model.logits(x)[-2], -1)
        return [torch.stack(hidden), torch.stack(maps), predicted[query["options"]]]

    def once(self):
        with torch.inference_mode():
            return [
                part
                for query in self.queries
                for model, before in self.settings()
                for part in self.probe(model, before, query)
            ]

    def result(self):
        return self.once()


class InContext:
    """Log-probabilities of queries behind a context whose keys and values are computed once, or with every query."""

    def __init__(self, request, read):
        self.model = Gpt2(read_parameters(request, read), request)
        self.context, self.queries = torch.tensor(request["context"]), request["queries"]
        self.recomputed = request["recomputed"]

    def once(self):
        with torch.inference_mode():
            if self.recomputed:
                whole = [torch.cat([self.context, torch.tensor(query["tokens"])]) for query in self.queries]
                found = [self.logits(tokens, 0, fused) for tokens in whole]
            else:
                kept = []
                self.logits(self.context, 0, lambda layer, q, k, v: kept.append((k, v)) or fused(layer, q, k, v), False)

                def behind(layer, q, k, v):
                    return fused(layer, q, torch.cat([kept[layer][0], k], 1), torch.cat([kept[layer][1], v], 1))

                found = [
                    self.logits(torch.tensor(query["tokens"]), len(self.context), behind) for query in self.queries
                ]
            return [
                torch.log_softmax(row, -1)[query["options"]] for row, query in zip(found, self.queries)
            ]

    def logits(self, tokens, first, attend, wanted=True):
        """Those after the last token."""
        x = self.model.embed(tokens, first)
        for layer in range(self.model.layers):
            x, _ = self.model.layer(x, layer, attend)
        return self.model.logits(x[-1:])[0] if wanted else None

    def result(self):
        return self.once()
