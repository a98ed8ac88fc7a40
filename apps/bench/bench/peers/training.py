"""Steps of training of all parameters of a GPT-2."""

import torch

from gpt2 import Gpt2, read_parameters


class Training:
    def __init__(self, request, read):
        self.parameters = {name: p.requires_grad_() for name, p in read_parameters(request, read).items()}
        self.model = Gpt2(self.parameters, request)
        self.tokens = torch.tensor(request["tokens"])
        options = request["adamW"]
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(),
            lr=options["learningRate"],
            betas=(options["beta1"], options["beta2"]),
            eps=options["epsilon"],
            weight_decay=options["weightDecay"],
        )

    def loss(self):
        x = self.model.embed(self.tokens)
        for layer in range(self.model.layers):
            x, _ = self.model.layer(x, layer)
        return self.model.loss(x, self.tokens)

    def once(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def result(self):
        loss = self.once()
        with torch.no_grad():
            return [loss, *(p.grad for p in self.parameters.values()), self.loss()]
