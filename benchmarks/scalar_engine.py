"""The scalar engine and a replayed tape beside micrograd, on micrograd's own demonstration.

A 2-16-16-1 network with ReLU, 100 samples of two moons, hinge loss and L2 penalty: forward, loss, backward.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from measure import Table, compare, duration, peer

from bplib.data import moons
from bplib.scalar import Value
from bplib.tape import Tape

SIZES = [2, 16, 16, 1]
ALPHA = 1e-4


def draw_weights(rng: np.random.Generator) -> list[float]:
    """Return all weights in order: for each neuron its weights, then its bias of 0, as micrograd does."""
    weights: list[float] = []
    for n_in, n_out in pairwise(SIZES):
        for _ in range(n_out):
            weights += [*rng.uniform(-1.0, 1.0, n_in).tolist(), 0.0]
    return weights


def score(params: Sequence[Any], x: Sequence[Any]) -> Any:
    """Return the network's output: micrograd.nn's formula, on whatever kind of number comes."""
    start = 0
    for layer, (n_in, n_out) in enumerate(pairwise(SIZES)):
        sums = []
        for _ in range(n_out):
            w, b = params[start : start + n_in], params[start + n_in]
            start += n_in + 1
            sums.append(sum((wi * xi for wi, xi in zip(w, x, strict=True)), b))
        x = sums if layer == len(SIZES) - 2 else [z.relu() for z in sums]
    return x[0]


def penalty(params: Sequence[Any]) -> Any:
    """Return the L2 penalty."""
    return ALPHA * sum(p * p for p in params)


def step(number: Callable[[float], Any], weights: list[float], X: np.ndarray, y: np.ndarray) -> list[float]:
    """One training step on a scalar engine: returns the gradients."""
    params = [number(w) for w in weights]
    losses = []
    for x, target in zip(X.tolist(), y.tolist(), strict=True):
        losses.append((1 + -target * score(params, [number(x[0]), number(x[1])])).relu())
    loss = sum(losses) * (1.0 / len(losses)) + penalty(params)
    loss.backward()
    return [p.grad for p in params]


def record(weights: list[float], x: np.ndarray, target: float) -> Tape:
    """Record one sample's loss."""
    params = [Value(w, f"p{i}") for i, w in enumerate(weights)]
    x1, x2, sign = Value(x[0], "x1"), Value(x[1], "x2"), Value(target, "y")
    loss = (1 + -sign * score(params, [x1, x2])).relu()
    return Tape.record(loss, inputs=[*params, x1, x2, sign])


def table() -> Table:
    """Measure, and check that all three give the same gradients."""
    result = Table(
        "Scalar engine",
        ["engine", "one step", "times micrograd's speed", "the same without garbage collector"],
        notes=[
            "micrograd's demonstration: 2-16-16-1, 100 samples, hinge loss with penalty; forward, loss and "
            "backward. Goals: the scalar engine at least 5 times micrograd's speed, a replayed tape at least "
            "100 times. The tape replays the loss of a sample; the penalty's gradient is added to its mean. "
            "micrograd's closures form reference cycles, which keep Python's garbage collector busy; the "
            "last column shows the ratio with the collector switched off."
        ],
    )
    rng = np.random.default_rng(0)
    X, labels = moons(100, rng)
    y = 2 * labels[:, 0] - 1
    weights = draw_weights(rng)
    tape = record(weights, X[0], y[0])
    columns = {"x1": X[:, 0], "x2": X[:, 1], "y": y}
    start = {f"p{i}": w for i, w in enumerate(weights)}

    def replay() -> list[float]:
        tape.forward(**start, **columns)
        grads = tape.backward()
        return [float(grads[name].mean()) + 2 * ALPHA * w for name, w in start.items()]

    contestants: dict[str, Callable[[], list[float]]] = {
        "bplib.scalar": lambda: step(Value, weights, X, y),
        "bplib.tape, replayed": replay,
    }
    if peer("micrograd"):
        from micrograd.engine import Value as Theirs

        contestants["micrograd"] = lambda: step(Theirs, weights, X, y)
    for gradients in contestants.values():
        np.testing.assert_allclose(replay(), gradients(), rtol=1e-12, atol=1e-15)
    # Long turns: garbage has to pile up as it does in a training loop.
    times = compare(contestants, rounds=5, turn=2.0)
    quiet = compare(contestants, rounds=15, collector=False)
    for name in contestants:
        if "micrograd" in contestants:
            faster = [f"{t.ratio('micrograd', name):.1f}" for t in (times, quiet)]
        else:
            faster = ["micrograd is not installed", ""]
        result.rows.append([name, duration(times.seconds(name)), *faster])
    return result
