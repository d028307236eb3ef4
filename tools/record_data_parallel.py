"""Train one step on two processes with PyTorch, and record what came out (chapter 12 reads it).

Each process holds the same weights and half of a batch, and knows the other one only through
`torch.distributed` with gloo, on 127.0.0.1. Recorded are the gradients of both after the all-reduce, those of
one process on the whole batch, the same with batch norm, and the versions. Usage, with PyTorch installed:

    python tools/record_data_parallel.py            # writes bplib/data_parallel.json
"""

from __future__ import annotations

import json
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "bplib" / "data_parallel.json"
WORKERS, ROWS = 2, 8
#: Both networks, and with what each is written in the record.
KINDS = ("plain", "batch norm")


def network(torch: Any, kind: str) -> Any:
    """Make a small network, always with the same weights, in float64."""
    torch.manual_seed(12)
    between = [torch.nn.BatchNorm1d(4)] if kind == "batch norm" else []
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), *between, torch.nn.Tanh(), torch.nn.Linear(4, 2))
    return net.double()


def gradients(torch: Any, net: Any, X: Any, Y: Any) -> list[Any]:
    """Return the gradient of the mean squared error for each parameter."""
    net.zero_grad()
    torch.nn.functional.mse_loss(net(X), Y).backward()
    return [param.grad for param in net.parameters()]


def batch(torch: Any) -> tuple[Any, Any]:
    """Return the whole batch; worker k takes rows k ROWS / WORKERS and following."""
    made = torch.Generator().manual_seed(7)
    X, Y = (torch.randn(ROWS, n, generator=made, dtype=torch.float64) for n in (3, 2))
    return X, Y


def work(rank: int, port: int) -> None:
    """Be one worker: own gradients from own rows, then the mean with the other's; print them."""
    import torch
    import torch.distributed as dist

    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=WORKERS)
    mine = slice(rank * ROWS // WORKERS, (rank + 1) * ROWS // WORKERS)
    found: dict[str, Any] = {}
    for kind in KINDS:
        net = network(torch, kind)
        X, Y = batch(torch)
        grads = gradients(torch, net, X[mine], Y[mine])
        found[kind] = {"alone": [grad.tolist() for grad in grads]}
        for grad in grads:
            dist.all_reduce(grad)
            grad /= WORKERS
        found[kind]["after"] = [grad.tolist() for grad in grads]
    dist.destroy_process_group()
    print(json.dumps(found))


def record() -> dict[str, Any]:
    """Run both workers and the whole batch; return what the notebook reads."""
    import torch

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).resolve()), "--port", str(port), "--rank"]
    started = [
        subprocess.Popen([*command, str(rank)], stdout=subprocess.PIPE, text=True) for rank in range(WORKERS)
    ]
    said = [process.communicate(timeout=120)[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError("a worker failed; what it said stands above")
    workers = [json.loads(text) for text in said]
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    made: dict[str, Any] = {"backend": "gloo", "workers": WORKERS, "rows": ROWS, "versions": versions}
    for kind in KINDS:
        net = network(torch, kind)
        X, Y = batch(torch)
        made[kind] = {
            "workers": [found[kind] for found in workers],
            "whole": [grad.tolist() for grad in gradients(torch, net, X, Y)],
        }
        if kind == "plain":
            made["X"], made["Y"] = X.tolist(), Y.tolist()
            made["params"] = [param.tolist() for param in net.parameters()]
    return made


if __name__ == "__main__":
    if "--rank" in sys.argv:
        work(int(sys.argv[-1]), int(sys.argv[sys.argv.index("--port") + 1]))
    else:
        RECORD.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
