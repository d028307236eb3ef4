"""Checks for the exercises of chapter 5, "Matrices and batches".

After chapter 4's two layers there are L of them, and B samples at a time: what people get wrong is what is
summed, what a mean divides by, and which of two matrices stands transposed. Where the sizes differ, a wrong
product doesn't fit; in some cases all sizes are the same, and nothing but the numbers tells.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead
from bplib.exercises.ch04 import network_loss

Stations = SimpleNamespace  # what a right pass computes on its way, by name
Part = Callable[..., Any]  # a number or an array of what a pass has at hand

# 1. Shapes as types
check_shapes = Check(
    lambda: ((8, 5), (32, 8), (3, 8), (32, 3), (32, 8), (3, 8), (3,)),
    returns=["W1", "Z1", "W2", "dZ2", "dA1", "dW2", "db2"],
    cases=[{}],
    mistakes={
        "a row of W belongs to the unit that it leads to, a column to the one that it comes from": (
            lambda: {"W1": (5, 8), "W2": (8, 3), "dW2": (8, 3)}
        ),
        "samples are rows here, units are columns": (lambda: {"Z1": (8, 32), "dZ2": (3, 32), "dA1": (8, 32)}),
        "a weight leads from unit to unit, and no sample has one of its own": (
            lambda: {"W1": (32, 5), "W2": (32, 8)}
        ),
        "this is for one sample; the batch is missing": lambda: {"Z1": (8,), "dZ2": (3,), "dA1": (8,)},
        "these are the sums of the layer before": lambda: {"Z1": (32, 5), "dZ2": (32, 8)},
        "it has the shape of the array whose gradient it is": lambda: {"dA1": (32, 3)},
        "each sample has its sheet; is it the sheets that move W, or their sum?": (
            lambda: {"dW2": (32, 3, 8)}
        ),
        "each sample has its share; the rows are still to be added": lambda: {"db2": (32, 3)},
        "a bias has one axis, and so has its gradient": lambda: {"db2": (1, 3)},
        "a bias has one axis; this is a column": lambda: {"db2": (3, 1)},
        "a shape is a tuple, also with one entry: there is a comma in it": lambda: {"db2": 3},
        "all biases of the layer have a gradient, each its own": lambda: {"db2": ()},
    },
)


# 2. Three sheets by hand
_DELTA = np.array([[-2.0, -1.0], [3.0, -3.0], [2.0, -2.0]])
_X = np.array([[1.0, 2.0, 2.0], [2.0, -1.0, 1.0], [1.0, 2.0, -1.0]])
_SIGNS = np.array([1.0, -1.0, 1.0])  # the second sample's delta has changed its own


def _mean_sheet(delta: Any, x: Any) -> Any:
    return np.mean([np.outer(*pair) for pair in zip(delta, x, strict=True)], axis=0)


def _sheets() -> tuple[Any, ...]:
    dW, flipped = (_mean_sheet(signs[:, None] * _DELTA, _X) for signs in (_SIGNS**2, _SIGNS))
    return (*(np.outer(*pair) for pair in zip(_DELTA, _X, strict=True)), dW, _DELTA.mean(axis=0), flipped)


check_sheets = Check(
    _sheets,
    returns=["sheet1", "sheet2", "sheet3", "dW", "db", "flipped"],
    cases=[{}],
    mistakes={
        "the share 1/B is in it already; a sheet is one sample's, before the mean": lambda: dict(
            zip(["sheet1", "sheet2", "sheet3"], (sheet / 3 for sheet in _sheets()[:3]), strict=True)
        ),
        "the sheets are added up, and their mean is asked for": lambda: {
            "dW": 3 * _sheets()[3],
            "db": 3 * _sheets()[4],
            "flipped": 3 * _sheets()[5],
        },
        "it is divided by B twice": lambda: {"dW": _sheets()[3] / 3, "db": _sheets()[4] / 3},
        "the product of two means is not the mean of the products": lambda: {
            "dW": np.outer(_DELTA.mean(axis=0), _X.mean(axis=0))
        },
        "samples are mixed: each delta meets the input of its own sample": lambda: {
            "dW": np.outer(_DELTA.sum(axis=0), _X.sum(axis=0))
        },
        "this is one sample's sheet": lambda: {"dW": _sheets()[2]},
        "a bias belongs to a unit: its column is to be averaged, not the sample's row": lambda: {
            "db": _DELTA.mean(axis=1)
        },
        "each of the two units has its own": lambda: {"db": _DELTA.mean()},
        "it is as if the sample were gone; its sheet is there, with the other sign": lambda: {
            "flipped": _mean_sheet(np.abs(_SIGNS + 1)[:, None] / 2 * _DELTA, _X)
        },
        "the sample is left out, and the mean is over the other two": lambda: {
            "flipped": _mean_sheet(_DELTA[::2], _X[::2])
        },
        "one sheet changes its sign, not all three": lambda: {"flipped": -_sheets()[3]},
        "this is that sheet alone; the other two are still there": lambda: {"flipped": -_sheets()[1] / 3},
    },
)


# 3. One layer, one batch
def _through(dZ: Any, X: Any, W: Any, b: Any) -> float:
    """Return a loss whose gradient with respect to Z = X W^T + b is dZ."""
    return float(np.sum(dZ * (X @ W.T + b)))


def _layer_reference(dZ: Any, X: Any, W: Any) -> tuple[Any, ...]:
    return by_nudging(_through, "X", "W", "b")(dZ, X, W, np.zeros(len(W)))


def _layer_case(seed: int, B: int, n_in: int, n_out: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"dZ": (B, n_out), "X": (B, n_in), "W": (n_out, n_in)}
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()}


def _stretched(sums: Any, like: Any) -> Any:
    return sums + 0 * like


check_layer_backward = Check(
    _layer_reference,
    returns=["dX", "dW", "db"],
    cases=[
        _layer_case(2, 2, 2, 1),
        _layer_case(1, 2, 2, 2),
        _layer_case(4, 1, 3, 2),
        _layer_case(3, 4, 2, 3),
    ],
    mistakes={
        "this undoes the layer; the way back multiplies by the weights, it inverts nothing": (
            lambda dZ, X, W: {"dX": dZ @ np.linalg.pinv(W).T}
        ),
        "the weights on the way are missing": (
            lambda dZ, X, W: {"dX": _stretched(dZ.sum(axis=1, keepdims=True), X)}
        ),
        "the share of each sample is in dZ already; don't divide by B once more": (
            lambda dZ, X, W: (dZ @ W / len(X), dZ.T @ X / len(X), dZ.mean(axis=0))
        ),
        "only the last sample's sheet is left of it": lambda dZ, X, W: {"dW": np.outer(dZ[-1], X[-1])},
        "only the first sample's sheet is in it": lambda dZ, X, W: {"dW": np.outer(dZ[0], X[0])},
        "dZ and X are each added up over the batch before they are multiplied": (
            lambda dZ, X, W: {"dW": np.outer(dZ.sum(axis=0), X.sum(axis=0))}
        ),
        "the sheets are not added up yet": lambda dZ, X, W: {"dW": np.einsum("ki,kj->kij", dZ, X)},
        "what the weight is multiplied by is missing": (
            lambda dZ, X, W: {"dW": _stretched(dZ.sum(axis=0)[:, None], W)}
        ),
        "all of its entries are added up; each weight has its own": (
            lambda dZ, X, W: {"dW": dZ.sum() * X.sum()}
        ),
        "these are the rows themselves: b serves all of them": lambda dZ, X, W: {"db": dZ},
        "b has one axis, and so has db": lambda dZ, X, W: {"db": dZ.sum(axis=0, keepdims=True)},
        "only the last sample is left of it": lambda dZ, X, W: {"db": dZ[-1]},
        "the sum goes over the units; a bias is shared by samples": lambda dZ, X, W: {"db": dZ.sum(axis=1)},
        "everything is added up; each unit has its own bias": lambda dZ, X, W: {"db": dZ.sum()},
        "a bias is multiplied by 1, not by the inputs": lambda dZ, X, W: {"db": (dZ.T @ X).sum(axis=1)},
    },
)


# 4. Spot the bugs
check_named = Check(
    lambda: (2, 1, 7, 3, 5),
    returns=["a", "b", "c", "d", "e"],
    cases=[{}],
    mistakes={
        "the outputs are counted in the mean; what else does it go over?": lambda: {"a": 5},
        "the samples are counted in the mean; what else does it go over?": lambda: {"e": 2},
        "the 2 of the square is there, as it must be for this loss": lambda: {"a": 6, "e": 6},
        "the product has no transpose, and needs none; which W2 stands in it?": lambda: {"b": 8},
        "nothing is written over but W2; when is it read for the last time?": lambda: {"b": 3},
        "the slope is there; what else is its array needed for?": lambda: {"d": 4},
        "dZ1 is right; follow A1 down to its last use": lambda: {"d": 8},
        "what shape have b1 and b2 after a step with three samples?": lambda: {"c": 2},
        "the division is right; print the shapes of what comes back": lambda: {"c": 5},
        "something is left out of the mean; count what it is divided by": lambda: {"a": 5, "e": 2},
        "one step writes into an array, another gives a name a new one; which is this?": (
            lambda: {"b": 3, "d": 1}
        ),
    },
)


def _two_layers(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> float:
    return float(np.mean((np.tanh(X @ W1.T + b1) @ W2.T + b2 - Y) ** 2))


def _update(*case: Any) -> tuple[Any, ...]:
    """Take X, Y, W1, b1, W2, b2 and the rate, and move the parameters."""
    *point, rate = case
    slopes = by_nudging(_two_layers, "W1", "b1", "W2", "b2")(*point)
    return tuple(p - rate * g for p, g in zip(point[2:], slopes, strict=True))


def _update_case(seed: int, B: int, n0: int, n1: int, n2: int, rate: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"X": (B, n0), "Y": (B, n2), "W1": (n1, n0), "b1": (n1,), "W2": (n2, n1), "b2": (n2,)}
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()} | {"rate": rate}


def _wrong_update(**other: Part) -> Callable[..., tuple[Any, ...]]:
    """Make the step with a part replaced, each by a function of the stations; `rows` takes dZ."""
    part: dict[str, Part] = {
        "start": lambda s: 2 * s.error / s.error.size,
        "back": lambda s: s.dZ2 @ s.W2,
        "slope": lambda s: 1 - s.A1**2,
        "dW2": lambda s: s.dZ2.T @ s.A1,
        "rows": lambda dZ: dZ.sum(axis=0),
    }
    part |= other

    def step(*case: Any) -> tuple[Any, ...]:
        s = Stations(**dict(zip(["X", "Y", "W1", "b1", "W2", "b2", "rate"], case, strict=True)))
        s.A1 = np.tanh(s.X @ s.W1.T + s.b1)
        s.error = s.A1 @ s.W2.T + s.b2 - s.Y
        s.dZ2 = part["start"](s)
        s.dZ1 = part["back"](s) * part["slope"](s)
        s.dW1, s.dW2 = s.dZ1.T @ s.X, part["dW2"](s)
        s.db1, s.db2 = part["rows"](s.dZ1), part["rows"](s.dZ2)
        return tuple(getattr(s, p) - s.rate * getattr(s, "d" + p) for p in ("W1", "b1", "W2", "b2"))

    return step


check_repaired = Check(
    _update,
    returns=["W1", "b1", "W2", "b2"],
    cases=[
        _update_case(5, 2, 1, 1, 1, 0.5),
        _update_case(1, 1, 2, 3, 2, 0.5),
        _update_case(2, 3, 2, 2, 2, 0.5),
        _update_case(3, 4, 3, 2, 3, 2.0),
    ],
    mistakes={
        "this is still what the first of the five does": _wrong_update(
            start=lambda s: 2 * s.error / s.Y.shape[1]
        ),
        "this is still what the second of the five does": _wrong_update(
            back=lambda s: s.dZ2 @ (s.W2 - s.rate * s.dZ2.T @ s.A1)
        ),
        "this is still what the third of the five does": _wrong_update(rows=lambda dZ: dZ),
        "this is still what the fourth of the five does": _wrong_update(
            dW2=lambda s: s.dZ2.T @ (1 - s.A1**2)
        ),
        "this is still what the last of the five does": _wrong_update(start=lambda s: 2 * s.error / len(s.Y)),
        "the squares are averaged; nothing is divided here": _wrong_update(start=lambda s: 2 * s.error),
        "the 2 of the square is missing": _wrong_update(start=lambda s: s.error / s.Y.size),
        "this is the start of cross-entropy with a sigmoid; the loss here is the mean square": _wrong_update(
            start=lambda s: s.error / len(s.Y)
        ),
        "the slope of tanh is missing": _wrong_update(slope=lambda s: 1.0),
        "tanh itself stands in the place of its slope": _wrong_update(slope=lambda s: s.A1),
        "in the slope of tanh, tanh is taken twice": _wrong_update(slope=lambda s: 1 - np.tanh(s.A1) ** 2),
        "the slope of the sigmoid stands in the place of that of tanh": _wrong_update(
            slope=lambda s: s.A1 * (1 - s.A1)
        ),
        "the output has no tanh, and so no slope of it": _wrong_update(
            start=lambda s: 2 * s.error / s.Y.size * (1 - (s.error + s.Y) ** 2)
        ),
        "1/B is in dZ already: the rows are added up for a bias": _wrong_update(
            rows=lambda dZ: dZ.mean(axis=0)
        ),
        "a bias has one axis; the sum has kept that of the samples": lambda *case: {
            "b1": _update(*case)[1][None, :],
            "b2": _update(*case)[3][None, :],
        },
        "the step goes uphill: an update subtracts": lambda *case: _update(*case[:-1], -case[-1]),
        "the rate is missing": lambda *case: _update(*case[:-1], 1.0),
        "nothing has moved": lambda *case: case[2:6],
        "these are the gradients; the step is missing": lambda *case: tuple(
            (p - q) / case[-1] for p, q in zip(case[2:6], _update(*case), strict=True)
        ),
    },
)


# 5. Any number of layers
def deep_loss(X: Any, Y: Any, W: Any, b: Any) -> float:
    """Return the mean square error of layers of equal width: tanh inside, none at the output."""
    return float(np.mean((_activations(X, W, b)[-1] - Y) ** 2))


def _activations(X: Any, W: Any, b: Any) -> list[Any]:
    A = [X]
    for layer in range(len(W)):
        Z = A[-1] @ W[layer].T + b[layer]
        A.append(np.tanh(Z) if layer < len(W) - 1 else Z)
    return A


def _deep_case(seed: int, L: int, B: int, n: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"X": (B, n), "Y": (B, n), "W": (L, n, n), "b": (L, n)}
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()}


def _wrong_deep(first: int = 0, skip: int = 0, **other: Part) -> Callable[..., tuple[Any, Any]]:
    """Make the backward pass with a part replaced; `first` and `skip` leave out layers at either end.

    `start` takes the error and the outputs; `into`, `back` and `slope` take dZ, the activations, the weights
    and the layer; `rows` takes dZ.
    """
    part: dict[str, Part] = {
        "start": lambda error, _: 2 * error / error.size,
        "into": lambda dZ, A, W, layer: dZ.T @ A[layer],
        "back": lambda dZ, A, W, layer: dZ @ W[layer],
        "slope": lambda dZ, A, W, layer: 1 - A[layer] ** 2,
        "rows": lambda dZ: dZ.sum(axis=0),
    }
    part |= other

    def backward(X: Any, Y: Any, W: Any, b: Any) -> tuple[Any, Any]:
        A, dW, db = _activations(X, W, b), np.zeros_like(W), np.zeros_like(b)
        dZ = part["start"](A[-1] - Y, A[-1])
        for layer in range(len(W) - 1, first - 1, -1):
            here = dZ, A, W, layer
            if layer < len(W) - skip:
                dW[layer], db[layer] = part["into"](*here), part["rows"](dZ)
            dZ = part["back"](*here) * part["slope"](*here)
        return dW, db

    return backward


def _each_transposed(*case: Any) -> dict[str, Any]:
    return {"dW": np.swapaxes(_wrong_deep()(*case)[0], 1, 2)}


def _first_sample(X: Any, Y: Any, W: Any, b: Any) -> tuple[Any, Any]:
    return _wrong_deep()(X[:1], Y[:1], W, b)


def _as_the_loop_met_them(*case: Any) -> tuple[Any, ...]:
    return tuple(part[::-1] for part in _wrong_deep()(*case))


check_network_backward = Check(
    by_nudging(deep_loss, "W", "b"),
    returns=["dW", "db"],
    cases=[
        _deep_case(6, 1, 2, 1),
        _deep_case(1, 2, 2, 1),
        _deep_case(2, 2, 3, 2),
        _deep_case(3, 3, 2, 2),
        _deep_case(4, 4, 1, 3),
    ],
    mistakes={
        "the mean goes over samples and outputs; the samples are missing": _wrong_deep(
            start=lambda error, _: 2 * error / error.shape[1]
        ),
        "the mean goes over samples and outputs; the outputs are missing": _wrong_deep(
            start=lambda error, _: 2 * error / len(error)
        ),
        "the squares are averaged; nothing is divided here": _wrong_deep(start=lambda error, _: 2 * error),
        "the 2 of the square is missing": _wrong_deep(start=lambda error, _: error / error.size),
        "this is the start of cross-entropy with a sigmoid; the loss here is the mean square": _wrong_deep(
            start=lambda error, _: error / len(error)
        ),
        "it is Y - Yhat; the gradient is Yhat - Y": _wrong_deep(
            start=lambda error, _: -2 * error / error.size
        ),
        "the output has no tanh, and so no slope of it": _wrong_deep(
            start=lambda error, Yhat: 2 * error / error.size * (1 - Yhat**2)
        ),
        "1/B is in dZ already; don't divide by B at each layer": _wrong_deep(
            into=lambda dZ, A, W, layer: dZ.T @ A[layer] / len(dZ), rows=lambda dZ: dZ.mean(axis=0)
        ),
        "the loop ends one layer early": _wrong_deep(first=1),
        "the output layer has weights too": _wrong_deep(skip=1),
        "the slope of tanh is missing": _wrong_deep(slope=lambda dZ, A, W, layer: 1.0),
        "tanh itself stands in the place of its slope": _wrong_deep(slope=lambda dZ, A, W, layer: A[layer]),
        "in the slope of tanh, tanh is taken twice": _wrong_deep(
            slope=lambda dZ, A, W, layer: 1 - np.tanh(A[layer]) ** 2
        ),
        "the slope of the sigmoid stands in the place of that of tanh": _wrong_deep(
            slope=lambda dZ, A, W, layer: A[layer] * (1 - A[layer])
        ),
        "the slope of ReLU stands in the place of that of tanh": _wrong_deep(
            slope=lambda dZ, A, W, layer: A[layer] > 0
        ),
        "the slope is that of a layer further up": _wrong_deep(
            slope=lambda dZ, A, W, layer: 1 - A[layer + 1] ** 2
        ),
        "the slope is that of a layer further down": _wrong_deep(
            slope=lambda dZ, A, W, layer: 1 - A[max(layer - 1, 0)] ** 2
        ),
        "a weight is multiplied by what comes into its layer, not by what leaves it": _wrong_deep(
            into=lambda dZ, A, W, layer: dZ.T @ A[layer + 1]
        ),
        "the cache is overwritten: slopes stand where activations were": _wrong_deep(
            into=lambda dZ, A, W, layer: dZ.T @ (1 - A[layer] ** 2 if layer else A[0])
        ),
        "each layer's dW is transposed": _each_transposed,
        "the layers stand in the order of the way back; W[0] belongs to layer 1": _as_the_loop_met_them,
        "only the first sample is in it": _first_sample,
        "with samples as rows the way back takes W as it stands, without a transpose": _wrong_deep(
            back=lambda dZ, A, W, layer: dZ @ W[layer].T
        ),
        "the way back from a layer leads through that layer's own weights": _wrong_deep(
            back=lambda dZ, A, W, layer: dZ @ W[max(layer - 1, 0)]
        ),
        "this undoes a layer; the way back multiplies by the weights, it inverts nothing": _wrong_deep(
            back=lambda dZ, A, W, layer: dZ @ np.linalg.inv(W[layer]).T
        ),
        "only the last sample's sheets are left of it": _wrong_deep(
            into=lambda dZ, A, W, layer: np.outer(dZ[-1], A[layer][-1]), rows=lambda dZ: dZ[-1]
        ),
    },
)


# 6. What must be kept
def _measured_slopes(*outputs: Any) -> tuple[Any, ...]:
    """Go back from outputs to sums, and measure the slopes there."""
    leaky, elu, softplus = outputs
    # expm1 and log1p keep the other branch of np.where from what its logarithm can't take.
    places = (
        (lambda z: np.where(z > 0, z, 0.01 * z), np.where(leaky > 0, leaky, 100 * leaky)),
        (lambda z: np.where(z > 0, z, np.expm1(z)), np.where(elu > 0, elu, np.log1p(np.minimum(elu, 0)))),
        (lambda z: np.log1p(np.exp(z)), np.log(np.expm1(softplus))),
    )

    def measured(f: Any, z: Any) -> Any:
        return by_nudging(lambda z: float(np.sum(f(z))), "z")(z)[0]

    return tuple(measured(f, z) for f, z in places)


check_slopes = Check(
    _measured_slopes,
    returns=["leaky", "elu", "softplus"],
    cases=[
        {"leaky": np.array([-0.02]), "elu": np.array([-0.5]), "softplus": np.array([0.5])},
        {"leaky": np.array([2.0, -0.01]), "elu": np.array([1.5, -0.9]), "softplus": np.array([2.0, 0.1])},
        {
            "leaky": np.array([[-0.03, 0.4], [3.0, -0.05]]),
            "elu": np.array([[0.2, -0.25], [-0.75, 2.5]]),
            "softplus": np.array([[1.0, 3.0], [0.25, 0.7]]),
        },
    ],
    mistakes={
        "this is ReLU's; below 0 a leaky ReLU lets something through": (
            lambda leaky, elu, softplus: {"leaky": 1.0 * (leaky > 0), "elu": 1.0 * (elu > 0)}
        ),
        "this is the output itself, not a slope": lambda leaky, elu, softplus: (leaky, elu, softplus),
        "this is the function again, applied to its own output": lambda leaky, elu, softplus: {
            "leaky": np.where(leaky > 0, leaky, 0.01 * leaky),
            "elu": np.where(elu > 0, elu, np.expm1(elu)),
            "softplus": np.log1p(np.exp(softplus)),
        },
        "above 0 its slope is 1 as well": lambda leaky, elu, softplus: {
            "leaky": np.where(leaky > 0, leaky, 0.01)
        },
        "the output stands in the exponential, in the place of z": lambda leaky, elu, softplus: {
            "elu": np.where(elu > 0, 1, np.exp(elu)),
            "softplus": 1 / (1 + np.exp(-softplus)),
        },
        "below 0 the output is e^z - 1, and its slope is another": (
            lambda leaky, elu, softplus: {"elu": np.where(elu > 0, 1, elu)}
        ),
        "above 0 there is no exponential": lambda leaky, elu, softplus: {"elu": elu + 1},
        "below 0 the sign of the 1 is the other one": (
            lambda leaky, elu, softplus: {"elu": np.where(elu > 0, 1, 1 - elu)}
        ),
        "this is the sigmoid of -z; the slope is that of z": (
            lambda leaky, elu, softplus: {"softplus": np.exp(-softplus)}
        ),
        "this is e^z; divide it by what it takes to make a sigmoid of it": (
            lambda leaky, elu, softplus: {"softplus": np.expm1(softplus)}
        ),
        "this is what a sigmoid's slope makes of its output; here the output is a softplus": (
            lambda leaky, elu, softplus: {"softplus": softplus * (1 - softplus)}
        ),
        "this is what the slope of tanh makes of its output; here the output is another": (
            lambda leaky, elu, softplus: {"elu": 1 - elu**2, "softplus": 1 - softplus**2}
        ),
    },
)


# 7. The transpose of broadcasting
def _unbroadcast(dout: Any, shape: tuple[int, ...]) -> Any:
    def loss(x: Any) -> float:
        return float(np.sum(dout * np.broadcast_to(x, dout.shape)))

    return by_nudging(loss, "x")(np.zeros(shape))[0]


def _reached(dout: Any, shape: tuple[int, ...]) -> Stations:
    """Return which axes broadcasting has put in front, and which it has stretched, by their numbers."""
    new = dout.ndim - len(shape)
    stretched = tuple(new + k for k, n in enumerate(shape) if n == 1)
    return Stations(dout=dout, shape=shape, new=tuple(range(new)), stretched=stretched)


def _scaled(s: Stations, size: int) -> Any:
    return np.asarray(_unbroadcast(s.dout, s.shape)) / (s.dout.size / max(size, 1))


check_unbroadcast = Check(
    _unbroadcast,
    returns=["dx"],
    cases=[
        {"dout": np.array([[1.0, 2.0], [3.0, 5.0]]), "shape": (2,)},
        {"dout": np.array([[1.0, 2.0], [3.0, 5.0]]), "shape": (2, 1)},
        {"dout": np.array([1.0, 2.0, 4.0]), "shape": ()},
        {"dout": np.array([[1.0, 2.0, 4.0]]), "shape": (3,)},
        {"dout": np.array([[1.0, -2.0], [0.5, 4.0]]), "shape": (2, 2)},
        {"dout": np.arange(1.0, 13.0).reshape(2, 3, 2), "shape": (3, 1)},
        {"dout": np.arange(1.0, 9.0).reshape(2, 1, 4), "shape": (1, 1, 4)},
    ],
    mistakes={
        "the copies' gradients are averaged; a copy on the way forward is a sum on the way back": instead(
            _reached, dx=lambda s: _scaled(s, int(np.prod(s.shape)))
        ),
        "only the first of the copies is heard": instead(
            _reached,
            dx=lambda s: s.dout[
                tuple(
                    0 if k in s.new else slice(1) if k in s.stretched else slice(None)
                    for k in range(s.dout.ndim)
                )
            ],
        ),
        "the axes that broadcasting put in front are still there": instead(
            _reached, dx=lambda s: s.dout.sum(axis=(*s.new, *s.stretched), keepdims=True)
        ),
        "the axes that broadcasting put in front are not in x": instead(
            _reached,
            dx=lambda s: s.dout.sum(axis=tuple(k - len(s.new) for k in s.stretched), keepdims=True),
        ),
        "axes of length 1 in the shape have been stretched too": instead(
            _reached, dx=lambda s: s.dout.sum(axis=s.new)
        ),
        "the axes in front are gone; those that were stretched from 1 should stay, with length 1": instead(
            _reached, dx=lambda s: s.dout.sum(axis=(*s.new, *s.stretched))
        ),
        "broadcasting puts new axes in front; here the last ones are summed": instead(
            _reached, dx=lambda s: s.dout.sum(axis=tuple(-1 - k for k in s.new))
        ),
        "reshaping takes the entries as they stand in memory; sum over axes": instead(
            _reached, dx=lambda s: s.dout.reshape(-1, *s.shape).sum(axis=0)
        ),
        "nothing is added up: it has the shape of the output still": instead(_reached, dx=lambda s: s.dout),
        "all is added up; an axis that was not stretched stays as it is": instead(
            _reached, dx=lambda s: s.dout.sum() + np.zeros(s.shape)
        ),
    },
)


# 8. Somebody else's convention
def _columns_loss(dZ: Any, X: Any, K: Any, b: Any) -> float:
    return float(np.sum(dZ * (K.T @ X + b)))


def _columns_reference(dZ: Any, X: Any, K: Any) -> tuple[Any, ...]:
    return by_nudging(_columns_loss, "X", "K", "b")(dZ, X, K, np.zeros((K.shape[1], 1)))


def _columns_case(seed: int, B: int, n_in: int, n_out: int) -> dict[str, Any]:
    case = _layer_case(seed, B, n_in, n_out)
    return {"dZ": case["dZ"].T.copy(), "X": case["X"].T.copy(), "K": case["W"].T.copy()}


check_columns_backward = Check(
    _columns_reference,
    returns=["dX", "dK", "db"],
    cases=[
        _columns_case(3, 2, 2, 1),
        _columns_case(6, 2, 2, 2),
        _columns_case(7, 1, 3, 2),
        _columns_case(8, 4, 2, 3),
    ],
    mistakes={
        "this is right in our convention; give it back in theirs": (
            lambda dZ, X, K: {"dX": (K @ dZ).T, "dK": dZ @ X.T}
        ),
        "this undoes the layer; the way back multiplies by the weights, it inverts nothing": (
            lambda dZ, X, K: {"dX": np.linalg.pinv(K).T @ dZ}
        ),
        "the share of each sample is in dZ already; don't divide by B once more": (
            lambda dZ, X, K: (K @ dZ / dZ.shape[1], X @ dZ.T / dZ.shape[1], dZ.mean(axis=1, keepdims=True))
        ),
        "only the last sample's sheet is left of it": (
            lambda dZ, X, K: {"dK": np.outer(X[:, -1], dZ[:, -1])}
        ),
        "dZ and X are each added up over the batch before they are multiplied": (
            lambda dZ, X, K: {"dK": np.outer(X.sum(axis=1), dZ.sum(axis=1))}
        ),
        "their b is a column, and so is its gradient": lambda dZ, X, K: {"db": dZ.sum(axis=1)},
        "the sum goes over the units; samples are columns here": (lambda dZ, X, K: {"db": dZ.sum(axis=0)}),
        "the sum goes over the units; samples are columns, and b is a column too": (
            lambda dZ, X, K: {"db": dZ.sum(axis=0, keepdims=True)}
        ),
        "the columns are not added up yet: b serves all of them": lambda dZ, X, K: {"db": dZ},
        "everything is added up; each unit has its own bias": lambda dZ, X, K: {"db": dZ.sum()},
        "only the last sample is left of it": lambda dZ, X, K: {"db": dZ[:, -1:]},
    },
)


# 9. A tool to keep: batches, chapter 4's network for many samples
def _batch_loss(X: Any, W1: Any, b1: Any, W2: Any, b2: Any, Y: Any) -> float:
    return float(np.mean([network_loss(x, W1, b1, W2, b2, y) for x, y in zip(X, Y, strict=True)]))


def _batch_reference(*case: Any) -> tuple[Any, ...]:
    return (_batch_loss(*case), *by_nudging(_batch_loss, "W1", "b1", "W2", "b2")(*case))


def _batch_case(seed: int, B: int, n0: int, n1: int, n2: int) -> dict[str, Any]:
    case = _update_case(seed, B, n0, n1, n2, 0.0)
    names = ("X", "W1", "b1", "W2", "b2")
    return {name: case[name] for name in names} | {"Y": (case["Y"] > 0).astype(float)}


def _wrong_batches(loss: Part | None = None, **other: Part) -> Callable[..., tuple[Any, ...]]:
    """Make the batch's pass with a part replaced; each takes what the pass has at hand."""
    part: dict[str, Part] = {
        "start": lambda s: (s.Yhat - s.Y) / s.Y.size,
        "slope": lambda s: 1 - s.A1**2,
        "sheets": lambda dZ, A: dZ.T @ A,
        "rows": lambda dZ: dZ.sum(axis=0),
    }
    part |= other

    def batches(X: Any, W1: Any, b1: Any, W2: Any, b2: Any, Y: Any) -> tuple[Any, ...]:
        A1 = np.tanh(X @ W1.T + b1)
        s = Stations(A1=A1, Yhat=1 / (1 + np.exp(-(A1 @ W2.T + b2))), Y=Y)
        dZ2 = part["start"](s)
        dZ1 = dZ2 @ W2 * part["slope"](s)
        total = _batch_loss(X, W1, b1, W2, b2, Y) if loss is None else loss(s)
        sheets, rows = part["sheets"], part["rows"]
        return total, sheets(dZ1, X), rows(dZ1), sheets(dZ2, A1), rows(dZ2)

    return batches


def _entries(s: Stations) -> Any:
    return -s.Y * np.log(s.Yhat) - (1 - s.Y) * np.log(1 - s.Yhat)


check_batches = Check(
    _batch_reference,
    returns=["loss", "dW1", "db1", "dW2", "db2"],
    cases=[_batch_case(11, 2, 1, 1, 1), _batch_case(12, 3, 2, 4, 2), _batch_case(13, 2, 2, 2, 2)],
    mistakes={
        "the loss is a mean over samples and outputs; here the samples are summed": _wrong_batches(
            loss=lambda s: np.sum(_entries(s)) / s.Y.shape[1], start=lambda s: (s.Yhat - s.Y) / s.Y.shape[1]
        ),
        "the loss is a mean over samples and outputs; here the outputs are summed": _wrong_batches(
            loss=lambda s: np.sum(_entries(s)) / len(s.Y), start=lambda s: (s.Yhat - s.Y) / len(s.Y)
        ),
        "the loss is a mean; nothing is divided here": _wrong_batches(
            loss=lambda s: np.sum(_entries(s)), start=lambda s: s.Yhat - s.Y
        ),
        "1/B is in dZ already; don't divide by B at each layer": _wrong_batches(
            sheets=lambda dZ, A: dZ.T @ A / len(dZ), rows=lambda dZ: dZ.mean(axis=0)
        ),
        "it is Y - Yhat; the gradient is Yhat - Y": _wrong_batches(start=lambda s: (s.Y - s.Yhat) / s.Y.size),
        "this is the start of the mean square error; the loss here is cross-entropy": _wrong_batches(
            start=lambda s: 2 * (s.Yhat - s.Y) / s.Y.size
        ),
        "the slope of the sigmoid is still in dZ2; it cancels with that of the loss": _wrong_batches(
            start=lambda s: (s.Yhat - s.Y) / s.Y.size * s.Yhat * (1 - s.Yhat)
        ),
        "the slope of tanh is missing": _wrong_batches(slope=lambda s: 1.0),
        "in the slope of tanh, tanh is taken twice": _wrong_batches(slope=lambda s: 1 - np.tanh(s.A1) ** 2),
        "only the last sample's sheet is left of it": _wrong_batches(
            sheets=lambda dZ, A: np.outer(dZ[-1], A[-1]), rows=lambda dZ: dZ[-1]
        ),
        "the rows are not added up yet: each unit has one bias": _wrong_batches(rows=lambda dZ: dZ),
    },
)
