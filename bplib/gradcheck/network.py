"""network: a layer, or a network of them, with a loss behind it, as subjects to check.

What is measured is the loss as a function of the layer's input and parameters. Where that fails, loss and
layer are looked at one by one: is it the loss's own backward, or the layer's?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import combinations
from typing import Any

import numpy as np

from bplib.gradcheck.functions import as_claim
from bplib.gradcheck.purity import equal, not_linear
from bplib.gradcheck.report import Report
from bplib.gradcheck.subject import Array, Subject
from bplib.gradcheck.verdict import How, check


def check_layer(layer: Any, x: Any, loss: Any, y: Any, how: How, coarsest: Any) -> Report:
    """Check the gradients of a layer's parameters and input."""
    if how.method == "complex":
        raise ValueError("a layer can't be checked by complex step; use method='central'")
    held = _Held(layer, np.array(x))
    value, upstream = _loss_pair(loss, y)
    rng, targets = np.random.default_rng(0), {"y": np.asarray(y)}
    lengths = {np.size(y): "the number of targets", (held.x.shape or (1,))[0]: "the batch size B"}

    def whole(values: list[Any]) -> Any:
        with held.at(values) as yhat:
            return value(yhat)

    def through_both(dout: Any, values: list[Array]) -> list[Array]:
        with held.at(values) as yhat:
            return held.backward(upstream(yhat))

    both = Subject(held.names, held.arrays, whole, through_both, None, False, coarsest, lengths=lengths)
    problems = []
    if held.checks_x:  # what a layer keeps of another input must not matter here
        other = np.asarray(held.x * rng.uniform(0.5, 1, held.x.shape), held.x.dtype)
        with suppress(ValueError, ArithmeticError), held.at(held.arrays, other):
            pass
    with held.at(held.arrays) as out:
        yhat, dyhat = np.array(out), upstream(out)
        given = dyhat.copy()
        claimed = held.backward(given)
        if not equal([given], [dyhat]):
            problems.append("backward changes dout in place; work on a copy: someone else may still need it.")
        if not equal(held.arrays, held.live):
            problems.append(
                "forward or backward changes parameters or input in place; they must leave them alone."
            )
    if not equal(claimed, both.claim(held.arrays), 1e-12):
        problems.append(
            "A second backward gives other gradients: grads must be set anew in each call, not added to, "
            "and nothing may be drawn at random."
        )
    problems += not_linear(claimed, lambda dout: held.back(dout, held.arrays), dyhat, rng)
    report = check(both, claimed, how, problems)
    if all(result.ok for result in report.results):
        return report
    of_loss = Subject(
        ["yhat"], [yhat], lambda values: value(values[0]), lambda dout, values: [upstream(values[0])],
        coarsest=coarsest, aside=targets, lengths=lengths,
    )  # fmt: skip
    seen = check(of_loss, [as_claim("yhat", dyhat)], how._replace(directions=None), [])
    if not seen:
        problems.append(f"The loss's own backward is wrong. {seen.diagnosis}")
        return check(both, claimed, how, problems)
    alone = Subject(
        held.names, held.arrays, held.forward, held.back, dyhat, coarsest=coarsest, lengths=lengths
    )  # fmt: skip
    return check(alone, claimed, how, problems)


class _Held:
    """A layer held at its input: its output and gradients for other numbers, and never changed by it."""

    def __init__(self, layer: Any, x: Array) -> None:
        params = dict(layer.params)
        for name, array in params.items():
            if not isinstance(array, np.ndarray):
                raise TypeError(f"layer.params[{name!r}] must be an array, got {type(array).__name__}")
        for (one, a), (other, b) in combinations(params.items(), 2):
            if np.shares_memory(a, b):
                raise ValueError(
                    f"the parameters {one} and {other} share memory, so that neither can be moved alone; "
                    "list what is shared once, with the sum of its gradients"
                )
        self.layer, self.x, self.params = layer, x, params
        self.checks_x = x.dtype.kind == "f"
        inputs = {"x" if "x" not in params else "input": x} if self.checks_x else {}
        self.names, self.live = [*inputs, *params], [*inputs.values(), *params.values()]
        self.arrays = [a.copy() for a in self.live]

    @contextmanager
    def at(self, values: list[Any], x: Array | None = None) -> Iterator[Any]:
        """Give the layer these numbers and yield its output; then all is as it was, whatever happens."""
        try:
            for live, was, value in zip(self.live, self.arrays, values, strict=True):
                if value is not was:
                    live[...] = value
            yield self.layer.forward(self.x if x is None else x)
        finally:
            for live, was in zip(self.live, self.arrays, strict=True):
                live[...] = was

    def forward(self, values: list[Any]) -> Array:
        """Return the output for these numbers, which stays what it is."""
        with self.at(values) as out:
            return np.array(out)

    def back(self, dout: Array, values: list[Any]) -> list[Array]:
        """Return the gradients for these numbers."""
        with self.at(values):
            return self.backward(dout)

    def backward(self, dout: Array) -> list[Array]:
        """Return the gradients of the last forward."""
        dx, grads = self.layer.backward(dout), self.layer.grads
        if set(grads) != set(self.params):
            raise ValueError(
                f"grads has the keys {list(grads)} and params {list(self.params)}; they must agree"
            )
        mine = [dx] * self.checks_x + [grads[name] for name in self.params]
        return [as_claim(name, grad) for name, grad in zip(self.names, mine, strict=True)]


def _loss_pair(loss: Any, y: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Array]]:
    """Return the loss as a function of yhat, and its gradient there."""
    if isinstance(loss, tuple) and len(loss) == 2 and all(map(callable, loss)):
        value, backward = loss
    elif not callable(loss):
        raise TypeError(f"write gradcheck(layer, x, loss, y): loss must be a function, got {loss!r:.60}")
    else:
        name = getattr(loss, "__name__", repr(loss))
        value, backward = loss, getattr(loss, "__globals__", {}).get(f"{name}_backward")
        if not callable(backward):
            raise TypeError(
                f"the loss's backward is needed, and no {name}_backward stands beside {name}; pass the pair "
                "(loss, loss_backward)"
            )

    def upstream(yhat: Any) -> Array:
        dyhat = backward(1.0, value(yhat, y)[1])
        return np.array(dyhat[0] if isinstance(dyhat, tuple) else dyhat)

    return lambda yhat: value(yhat, y)[0], upstream
