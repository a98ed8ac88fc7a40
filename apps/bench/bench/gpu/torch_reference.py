"""What PyTorch does with the same shapes on the same card: a line of JSON each. Without a CUDA device it says so."""

import json
import sys
import time

import torch

SHAPES = json.loads(sys.argv[1])
QUICK = sys.argv[2] == "quick"


def report(**row):
    print(json.dumps(row), flush=True)


if not torch.cuda.is_available():
    report(what="torch", name="no CUDA device", version=torch.__version__)
    sys.exit()
report(what="torch", name=torch.cuda.get_device_name(), version=torch.__version__, cuda=torch.version.cuda)


def milliseconds(call):
    for _ in range(2):
        call()
    torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    torch.cuda.synchronize()
    times = 1 if QUICK else max(1, min(200, int(0.06 / max(1e-6, time.perf_counter() - start))))
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(times):
            call()
        torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - start) / times)
    return 1e3 * best


def randn(*shape, dtype=torch.float32):
    return torch.randn(*shape, device="cuda", dtype=dtype)


size = 2**20 if QUICK else 2**28
x, y = torch.empty(size, device="cuda"), torch.empty(size, device="cuda")
report(what="torch", name="copy", gb_s=8 * size / milliseconds(lambda: y.copy_(x)) / 1e6)
del x, y

with torch.inference_mode():
    for kind, dtype, tf32 in (("float32", torch.float32, False), ("tf32", torch.float32, True), ("bfloat16", torch.bfloat16, False)):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        for name, m, n, k, layout in SHAPES:
            a = randn(k, m, dtype=dtype).T if layout == "TN" else randn(m, k, dtype=dtype)
            # Three in turn, so that none stays in the cache.
            weights = [randn(n, k, dtype=dtype).T if layout == "NT" else randn(k, n, dtype=dtype) for _ in range(3)]
            turn = [0]

            def call():
                turn[0] += 1
                return a @ weights[turn[0] % 3]

            ms = milliseconds(call)
            report(what="torch", name=name, kind=kind, ms=ms, tflop_s=2 * m * n * k / ms / 1e9)
            del a, weights

    torch.backends.cuda.matmul.allow_tf32 = False
    d, heads, layers, inner, vocabulary = (64, 2, 2, 256, 785) if QUICK else (2048, 32, 24, 8192, 50261)
    linear = lambda i, o: (randn(o, i) * 0.02, randn(o) * 0.02)
    blocks = [
        {"q": linear(d, d), "k": linear(d, d), "v": linear(d, d), "o": linear(d, d), "up": linear(d, inner), "down": linear(inner, d)}
        for _ in range(layers)
    ]
    one, zero, table = torch.ones(d, device="cuda"), torch.zeros(d, device="cuda"), randn(vocabulary, d) * 0.02
    F = torch.nn.functional

    def forward(ids):
        batch, length = ids.shape
        h = F.embedding(ids, table)
        split = lambda t: t.view(batch, length, heads, d // heads).transpose(1, 2)
        for b in blocks:
            n = F.layer_norm(h, (d,), one, zero)
            q, k, v = (split(F.linear(n, *b[name])) for name in "qkv")
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + F.linear(a.transpose(1, 2).reshape(batch, length, d), *b["o"])
            h = h + F.linear(F.gelu(F.linear(F.layer_norm(h, (d,), one, zero), *b["up"])), *b["down"])
        return F.linear(F.layer_norm(h[:, -1:], (d,), one, zero), table)

    for name, shape in (("1 × 30", (1, 30)), ("1 × 1500", (1, 32 if QUICK else 1500)), ("68 × 30", (68, 30))):
        ids = torch.randint(vocabulary, shape, device="cuda")
        report(what="torch", name=f"forward pass, {name}", kind="float32", ms=milliseconds(lambda: forward(ids)))
