"""A full gradient check of 7,510 parameters, and one along random directions, beside PyTorch's gradcheck."""

from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Table, compare, duration, peer

from bplib.data import digits
from bplib.functional import affine, affine_backward, tanh, tanh_backward
from bplib.gradcheck import gradcheck
from bplib.init import xavier
from bplib.losses import cross_entropy_with_logits, cross_entropy_with_logits_backward

RTOL = 1e-3


def gradients(X: np.ndarray, y: np.ndarray, W1: Any, b1: Any, W2: Any, b2: Any) -> list[np.ndarray]:
    """Return the gradients that are checked."""
    z, first = affine(X, W1, b1)
    a, bend = tanh(z)
    logits, second = affine(a, W2, b2)
    _, cache = cross_entropy_with_logits(logits, y)
    da, dW2, db2 = affine_backward(cross_entropy_with_logits_backward(1.0, cache)[0], second)
    _, dW1, db1 = affine_backward(*tanh_backward(da, bend), first)
    return [dW1, db1, dW2, db2]


def contestants(B: int) -> dict[str, dict[str, Callable[[], Any]]]:
    """Return for each kind of check on a batch of B digits who does it."""
    rng = np.random.default_rng(0)
    X, y = digits(B, rng)
    params = [xavier((100, 64), rng), rng.normal(size=100), xavier((10, 100), rng), rng.normal(size=10)]
    grads = gradients(X, y, *params)
    samples = np.arange(B)

    def stacked(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        a = np.tanh(X @ W1.swapaxes(-1, -2) + b1[:, None])
        z = a @ W2.swapaxes(-1, -2) + b2[:, None]
        z = z - z.max(axis=-1, keepdims=True)
        return (np.log(np.exp(z).sum(axis=-1)) - z[:, samples, y]).mean(axis=-1)

    def plain(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        z = np.tanh(X @ W1.T + b1) @ W2.T + b2
        z = z - z.max(axis=1, keepdims=True)
        return (np.log(np.exp(z).sum(axis=1)) - z[samples, y]).mean()

    checks: dict[str, dict[str, Callable[[], Any]]] = {
        "every entry": {"bplib": lambda: gradcheck(stacked, params, grads, batched=True, rtol=RTOL)},
        "every entry, plain loss": {"bplib": lambda: gradcheck(plain, params, grads, rtol=RTOL)},
        "random directions": {
            "bplib": lambda: gradcheck(plain, params, grads, directions=1, rng=rng, rtol=RTOL)
        },
    }
    torch = peer("torch")
    if torch is not None:
        inputs = [torch.tensor(array, requires_grad=True) for array in params]
        X_torch, y_torch = torch.tensor(X), torch.tensor(y)

        def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            a = torch.tanh(torch.nn.functional.linear(X_torch, W1, b1))
            return torch.nn.functional.cross_entropy(torch.nn.functional.linear(a, W2, b2), y_torch)

        for title, who in checks.items():
            fast = title == "random directions"
            who["PyTorch"] = lambda fast=fast: torch.autograd.gradcheck(
                loss, inputs, rtol=RTOL, fast_mode=fast
            )
    return checks


def table() -> Table:
    """Measure the checks of a network 64-100-10."""
    result = Table(
        "Gradient check of 7,510 parameters",
        ["check", "bplib", "PyTorch", "PyTorch / bplib"],
        notes=[
            f"64-100-10 with tanh and cross-entropy, central differences, relative tolerance {RTOL}. For "
            "'every entry' bplib is given the loss as a function that broadcasts over a leading axis, and "
            "moves many entries in one call; then the plain loss. Along random directions: one for each "
            "of the four arrays, as in PyTorch's fast mode. Goals: at least 8 for every entry, 1 for "
            "directions. With B=8, half of bplib's time for every entry goes to tanh itself."
        ],
    )
    for B in (1, 8):
        for title, who in contestants(B).items():
            report = who["bplib"]()
            if not report:
                raise RuntimeError(f"The check that is measured fails: {report}")
            times = compare(who, rounds=9)
            cells = [duration(times.seconds("bplib")), "not installed", ""]
            if "PyTorch" in who:
                cells[1:] = [duration(times.seconds("PyTorch")), f"{times.ratio('PyTorch', 'bplib'):.2f}"]
            result.rows.append([f"{title}, B={B}", *cells])
    return result
