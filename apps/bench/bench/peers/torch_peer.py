"""Does work of bench:peers in PyTorch: one JSON request a line on standard input, one JSON answer a line.

Needs torch alone. Numbers travel in files of raw float32 beside the requests.
"""

import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

from procedure import InContext, Procedure, Queries
from training import Training


def read(path, shape):
    return torch.frombuffer(bytearray(pathlib.Path(path).read_bytes()), dtype=torch.float32).reshape(shape)


def write(path, tensors):
    flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors]).contiguous()
    pathlib.Path(path).write_bytes(bytes(flat.untyped_storage()))


def operation(request):
    """A function that does the operation once and returns its result."""
    files = request["operands"]
    kind = request["kind"]
    if kind == "matmul":
        m, k, n = (request[name] for name in "mkn")
        transposed = request["transposeB"]
        a, b = read(files[0], (m, k)), read(files[1], (n, k) if transposed else (k, n))
        return (lambda: F.linear(a, b)) if transposed else (lambda: a @ b)
    if kind == "layer-norm":
        rows, columns = request["rows"], request["columns"]
        x, weight, bias = read(files[0], (rows, columns)), read(files[1], columns), read(files[2], columns)
        return lambda: F.layer_norm(x, (columns,), weight, bias, request["epsilon"])
    if kind == "log-sum-exp":
        x = read(files[0], (request["rows"], request["columns"]))
        return lambda: torch.logsumexp(x, 1)
    shape = (request["tokens"], request["heads"], request["headDim"])
    q, k, v = (read(file, shape).transpose(0, 1)[None] for file in files)
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)[0].transpose(0, 1)


class Worker:
    """Keeps the work that was prepared, by its number."""

    def __init__(self):
        self.works = []

    def about(self, _):
        return {
            "version": torch.__version__,
            "config": torch.__config__.show(),
            "threads": torch.get_num_threads(),
        }

    def prepare(self, request):
        kinds = {"training": Training, "procedure": Procedure, "in-context": InContext}
        kind = kinds.get(request["kind"])
        if kind:
            work = kind(request, read)
        elif request["kind"] == "queries":
            work = Queries(request, self.works[request["of"]])
        else:
            work = Plain(operation(request))
        self.works.append(work)
        return {"work": len(self.works) - 1}

    def result(self, request):
        write(request["file"], self.works[request["work"]].result())
        return {}

    def run(self, request):
        work = self.works[request["work"]]
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(request["calls"]):
            work.once()
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def dispose(self, request):
        self.works[request["work"]] = None
        return {}


class Plain:
    def __init__(self, once):
        self.compute = once

    def once(self):
        with torch.inference_mode():
            return self.compute()

    def result(self):
        return [self.once()]


def main():
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request["do"])(request)
        except Exception as error:  # Told to the other side, which says what failed.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
