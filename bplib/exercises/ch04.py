"""Checks for the exercises of chapter 4, "A two-layer network by hand".

After chapter 1's single neuron there is a unit behind a unit: what people get wrong is which delta, which a,
and which weights lie between. Every gradient is measured by nudging the loss.
"""

from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _cross_entropy(yhat: Any, y: Any) -> Any:
    return -y * np.log(yhat) - (1 - y) * np.log(1 - yhat)


# 1. Delta times a
check_layer_gradients = Check(
    lambda delta, a: (np.outer(delta, a), delta),
    returns=["dW", "db"],
    cases=[
        {"delta": np.array([0.5, -1.0]), "a": np.array([2.0, 3.0, -1.0])},
        {"delta": np.array([2.0, 0.25, -0.5]), "a": np.array([1.5, -3.0])},
    ],
    mistakes={
        "rows belong to the units that weights lead to, columns to those they come from": lambda delta, a: (
            np.outer(a, delta),
            None,
        ),
        "this is delta alone: what the weight is multiplied by is missing": lambda delta, a: (
            np.outer(delta, np.ones(len(a))),
            None,
        ),
        "this is a alone: delta is missing": lambda delta, a: (np.outer(np.ones(len(delta)), a), None),
        "the entries are summed; each weight has its own": lambda delta, a: (delta.sum() * a.sum(), None),
        "the deltas are summed; each unit has its own bias": lambda delta, a: (None, delta.sum()),
        "a bias is multiplied by 1, not by a": lambda delta, a: (None, delta * a.sum()),
    },
)


# 2. Two layers by hand
_HAND = {"W1": 0.5, "b1": 0.5, "W2": -1.5, "b2": 2.0, "x": 3.0, "y": 0.0}


def _hand_loss(s2: float, W2: float, s1: float, W1: float) -> float:
    """Return the loss with s1 and s2 added to the two sums, so that nudging them gives the deltas."""
    z1 = W1 * _HAND["x"] + _HAND["b1"] + s1
    z2 = W2 * max(z1, 0.0) + _HAND["b2"] + s2
    return float(_cross_entropy(_sigmoid(z2), _HAND["y"]))


def _by_hand_reference() -> tuple[float, ...]:
    at = (0.0, _HAND["W2"], 0.0, _HAND["W1"])
    slopes = by_nudging(_hand_loss, "s2", "W2", "s1", "W1")(*at)
    return (float(_sigmoid(-1.0)), _hand_loss(*at), *slopes)


def _wrong_by_hand(
    yhat: float | None = None,
    delta2: float | None = None,
    W2: float = -1.5,
    a1: float = 2.0,
    x: float = 3.0,
    loss: float | None = None,
) -> tuple[Any, ...]:
    """Carry one wrong number through the rest of the calculation."""
    yhat = float(_sigmoid(-1.0)) if yhat is None else yhat
    delta2 = yhat if delta2 is None else delta2
    loss = float(-np.log(1 - yhat)) if loss is None else loss
    return yhat, loss, delta2, delta2 * a1, delta2 * W2, delta2 * W2 * x


_YHAT = float(_sigmoid(-1.0))

check_by_hand = Check(
    _by_hand_reference,
    returns=["yhat", "loss", "delta2", "dW2", "delta1", "dW1"],
    cases=[{}],
    mistakes={
        "the exponent in the sigmoid has the wrong sign": lambda: (
            float(_sigmoid(1.0)),
            None,
            None,
            None,
            None,
            None,
        ),
        "this is z2: the sigmoid is missing": lambda: (-1.0, None, None, None, None, None),
        "b2 is left out of it": lambda: _wrong_by_hand(yhat=float(_sigmoid(-3.0))),
        "this is the loss for y = 1": lambda: (None, float(-np.log(_YHAT)), None, None, None, None),
        "this is the squared error": lambda: (None, _YHAT**2, None, None, None, None),
        "the slope of the sigmoid is still in it; it cancels with that of the loss": (
            lambda: _wrong_by_hand(delta2=_YHAT * _YHAT * (1 - _YHAT))
        ),
        "this is the delta of the squared error": lambda: _wrong_by_hand(
            delta2=2 * _YHAT * _YHAT * (1 - _YHAT)
        ),
        "it is y - yhat; the gradient is yhat - y": lambda: (None, None, -_YHAT, None, None, None),
        "this is the slope of the loss by yhat, before the sigmoid": lambda: _wrong_by_hand(
            delta2=1 / (1 - _YHAT)
        ),
        "the weight W2 is multiplied by a1, not by x": lambda: (None, None, None, _YHAT * 3.0, None, None),
        "the weight on the way, W2, is missing": lambda: _wrong_by_hand(W2=1.0),
        "on the way back stands W2, not W1": lambda: _wrong_by_hand(W2=0.5),
        "W1 is multiplied by x: that factor is missing": lambda: _wrong_by_hand(x=1.0),
        "W1 is multiplied by x, not by a1": lambda: _wrong_by_hand(x=2.0),
    },
    tol=2e-3,
)


# 3. A two-layer network in NumPy
def network(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> tuple[Any, float]:
    """Return the predictions and the loss of a tanh layer and a sigmoid layer."""
    yhat = _sigmoid(W2 @ np.tanh(W1 @ x + b1) + b2)
    return yhat, float(np.mean(_cross_entropy(yhat, y)))


def network_loss(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> float:
    """Return the loss of a tanh layer and a sigmoid layer."""
    return network(x, W1, b1, W2, b2, y)[1]


def _random_case(seed: int, n_in: int, n_hidden: int, n_out: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=n_in).round(2),
        "W1": rng.normal(size=(n_hidden, n_in)).round(2),
        "b1": rng.normal(size=n_hidden).round(2),
        "W2": rng.normal(size=(n_out, n_hidden)).round(2),
        "b2": rng.normal(size=n_out).round(2),
        "y": rng.integers(0, 2, size=n_out).astype(float),
    }


NETWORKS = [_random_case(0, 1, 2, 2), _random_case(1, 3, 2, 2), _random_case(2, 4, 8, 2)]


def _wrong_network(hidden: Any = np.tanh, mean: bool = True, biases: float = 1.0) -> Any:
    """Make the forward pass with one part replaced."""

    def forward(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> tuple[Any, float]:
        yhat = _sigmoid(W2 @ hidden(W1 @ x + biases * b1) + biases * b2)
        terms = _cross_entropy(yhat, y)
        return yhat, float(terms.mean() if mean else terms.sum())

    return forward


check_forward = Check(
    network,
    returns=["yhat", "loss"],
    cases=NETWORKS,
    mistakes={
        "the biases are left out": _wrong_network(biases=0.0),
        "the hidden activation is missing": _wrong_network(hidden=lambda z: z),
        "the hidden units have a sigmoid; the exercise says tanh": _wrong_network(hidden=_sigmoid),
        "this is z2: the sigmoid is missing": lambda x, W1, b1, W2, b2, y: (
            W2 @ np.tanh(W1 @ x + b1) + b2,
            None,
        ),
        "the outputs' losses are summed; take their mean": lambda *case: (
            None,
            _wrong_network(mean=False)(*case)[1],
        ),
        "this is the squared error": lambda *case: (None, np.mean((network(*case)[0] - case[5]) ** 2)),
        "the minus is missing": lambda *case: (None, -network(*case)[1]),
    },
)


def _wrong_backward(delta2: Any = None, back: Any = None, slope: Any = None, summed: bool = False) -> Any:
    """Make the backward pass with one part replaced; each part is a function."""

    def backward(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> tuple[Any, ...]:
        z1 = W1 @ x + b1
        a1 = np.tanh(z1)
        yhat = _sigmoid(W2 @ a1 + b2)
        d2 = (yhat - y) / len(y) if delta2 is None else delta2(yhat, y)
        d1 = (W2.T @ d2 if back is None else back(W2, d2)) * (1 - a1**2 if slope is None else slope(z1, a1))
        return np.outer(d1, x), d1, np.outer(d2, a1), d2

    return backward


check_backward = Check(
    by_nudging(network_loss, "W1", "b1", "W2", "b2"),
    returns=["dW1", "db1", "dW2", "db2"],
    cases=NETWORKS,
    mistakes={
        "the loss is a mean over two outputs: a factor of one half is missing": _wrong_backward(
            delta2=lambda yhat, y: yhat - y
        ),
        "the slope of the sigmoid is still in delta2; it cancels with that of the loss": _wrong_backward(
            delta2=lambda yhat, y: (yhat - y) * yhat * (1 - yhat) / len(y)
        ),
        "delta2 is the one of the squared error": _wrong_backward(
            delta2=lambda yhat, y: 2 * (yhat - y) * yhat * (1 - yhat) / len(y)
        ),
        "delta2 is y - yhat; the gradient is yhat - y": _wrong_backward(
            delta2=lambda yhat, y: (y - yhat) / len(y)
        ),
        "the slope of tanh is missing": _wrong_backward(slope=lambda z, a: 1.0),
        "the slope of tanh is taken with z in the place of a": _wrong_backward(slope=lambda z, a: 1 - z**2),
        "the slope of the sigmoid stands in the place of that of tanh": _wrong_backward(
            slope=lambda z, a: a * (1 - a)
        ),
        "a hidden delta gathers the deltas after it, each times the weight that leads there": _wrong_backward(
            back=lambda W2, d2: d2.sum() * np.ones(W2.shape[1])
        ),
        "only the path through the first output is counted; the paths add up": _wrong_backward(
            back=lambda W2, d2: W2[0] * d2[0]
        ),
        "the weights of W2 are summed apart from their deltas": _wrong_backward(
            back=lambda W2, d2: W2.sum(axis=0) * d2.sum()
        ),
    },
)

check_relative_error = Check(
    lambda claimed, measured: (
        np.linalg.norm(claimed - measured) / (np.linalg.norm(claimed) + np.linalg.norm(measured))
    ),
    returns=["error"],
    cases=[
        {"claimed": np.array([3.0, 4.0]), "measured": np.array([3.0, 4.5])},
        {"claimed": np.array([[1e-6, 2e-6], [0.0, 1e-6]]), "measured": np.array([[2e-6, 2e-6], [0.0, 1e-6]])},
        {"claimed": np.array([100.0, -50.0]), "measured": np.array([-100.0, 50.0])},
    ],
    mistakes={
        "this is the absolute error: it says nothing about small gradients": lambda claimed, measured: (
            np.linalg.norm(claimed - measured)
        ),
        "divide by the sum of both sizes, not by one of them": lambda claimed, measured: (
            np.linalg.norm(claimed - measured) / np.linalg.norm(measured)
        ),
        "divide by the sum of both sizes, not by the first": lambda claimed, measured: (
            np.linalg.norm(claimed - measured) / np.linalg.norm(claimed)
        ),
        "the numerator is the size of the difference, not the difference of the sizes": (
            lambda claimed, measured: (
                abs(np.linalg.norm(claimed) - np.linalg.norm(measured))
                / (np.linalg.norm(claimed) + np.linalg.norm(measured))
            )
        ),
        "the squares are summed, and no root is taken": lambda claimed, measured: (
            np.sum((claimed - measured) ** 2) / (np.sum(claimed**2) + np.sum(measured**2))
        ),
    },
)


# 4. Another output, another loss
def _counting(s2: float, W2: float, s1: float, W1: float, x: float, y: float) -> float:
    """Return the loss of a tanh unit and an exponential output, with s1 and s2 added to the sums."""
    z2 = W2 * np.tanh(W1 * x + s1) + s2
    return float(np.exp(z2) - y * z2)


def _counting_reference(W1: float, W2: float, x: float, y: float) -> tuple[Any, ...]:
    delta2, dW2, _, dW1 = by_nudging(_counting, "s2", "W2", "s1", "W1")(0.0, W2, 0.0, W1, x, y)
    return delta2, dW2, dW1


def _wrong_counting(delta2: Any = None, slope: Any = None, W2_in: bool = True) -> Any:
    """Make the backward pass with one part replaced; each is a function."""

    def backward(W1: float, W2: float, x: float, y: float) -> tuple[float, ...]:
        z1 = W1 * x
        a1 = float(np.tanh(z1))
        yhat = float(np.exp(W2 * a1))
        d2 = yhat - y if delta2 is None else float(delta2(yhat, y))
        d1 = d2 * (W2 if W2_in else 1.0) * (1 - a1 * a1 if slope is None else float(slope(z1, a1)))
        return d2, d2 * a1, d1 * x

    return backward


check_counting = Check(
    _counting_reference,
    returns=["delta2", "dW2", "dW1"],
    cases=[
        {"W1": 0.5, "W2": 1.0, "x": 2.0, "y": 1.0},
        {"W1": -0.3, "W2": 0.7, "x": 1.5, "y": 4.0},
        {"W1": 0.8, "W2": -1.2, "x": -1.0, "y": 0.0},
    ],
    mistakes={
        "this is the slope of the loss by yhat: the slope of the output is missing": _wrong_counting(
            delta2=lambda yhat, y: 1 - y / yhat
        ),
        "the slope of exp is counted twice": _wrong_counting(delta2=lambda yhat, y: (yhat - y) * yhat),
        "the slope of the sigmoid is in it; this output is exp": _wrong_counting(
            delta2=lambda yhat, y: (yhat - y) * yhat * (1 - yhat)
        ),
        "y times the logarithm has a slope too": _wrong_counting(delta2=lambda yhat, y: yhat),
        "it is y - yhat; the gradient is yhat - y": _wrong_counting(delta2=lambda yhat, y: y - yhat),
        "the slope of tanh is missing": _wrong_counting(slope=lambda z, a: 1.0),
        "the slope of ReLU stands in the place of that of tanh": _wrong_counting(slope=lambda z, a: z > 0),
        "the slope of tanh is taken with z in the place of a": _wrong_counting(slope=lambda z, a: 1 - z * z),
        "the weight on the way, W2, is missing": _wrong_counting(W2_in=False),
    },
)


# 5. Spot the bug
def _small_loss(W1: float, b1: float, W2: float, b2: float, x: float, y: float) -> float:
    return float(_cross_entropy(_sigmoid(W2 * max(W1 * x + b1, 0.0) + b2), y))


def _step(W1: float, b1: float, W2: float, b2: float, x: float, y: float, rate: float) -> tuple[Any, ...]:
    slopes = by_nudging(_small_loss, "W1", "b1", "W2", "b2")(W1, b1, W2, b2, x, y)
    return tuple(p - rate * float(g) for p, g in zip((W1, b1, W2, b2), slopes, strict=True))


def _published(
    W1: float, b1: float, W2: float, b2: float, x: float, y: float, rate: float, *, factor: str = "new"
) -> tuple[float, ...]:
    a1 = max(W1 * x + b1, 0.0)
    delta2 = float(_sigmoid(W2 * a1 + b2)) - y
    new = W2 - rate * delta2 * a1
    back = {"new": new, "none": 1.0, "mean": (W2 + new) / 2}[factor]
    delta1 = delta2 * back * (a1 > 0)
    return W1 - rate * delta1 * x, b1 - rate * delta1, new, b2 - rate * delta2


check_repaired = Check(
    _step,
    returns=["W1", "b1", "W2", "b2"],
    cases=[
        {"W1": 1.0, "b1": 0.0, "W2": 1.0, "b2": 0.0, "x": 1.0, "y": 0.0, "rate": 1.0},
        {"W1": 0.5, "b1": 0.1, "W2": -0.8, "b2": 0.2, "x": 2.0, "y": 1.0, "rate": 0.5},
        {"W1": 0.7, "b1": 0.3, "W2": 0.6, "b2": -0.2, "x": 1.5, "y": 1.0, "rate": 2.0},
    ],
    mistakes={
        "this is still what was published": lambda *case: (*_published(*case)[:2], None, None),
        "the weight on the way back is gone; which one belongs there?": lambda *case: (
            *_published(*case, factor="none")[:2],
            None,
            None,
        ),
        "the old and the new weight are mixed": lambda *case: (
            *_published(*case, factor="mean")[:2],
            None,
            None,
        ),
        "the step goes uphill: an update subtracts": lambda *case: tuple(
            2 * p - q for p, q in zip(case[:4], _step(*case), strict=True)
        ),
        "nothing has moved": lambda *case: case[:4],
        "these are the gradients; the step is missing": lambda *case: tuple(
            (p - q) / case[6] for p, q in zip(case[:4], _step(*case), strict=True)
        ),
    },
)


# 6. The gradient with respect to the input
def _relu_loss(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> float:
    return float(_cross_entropy(_sigmoid(W2 @ np.maximum(W1 @ x + b1, 0) + b2), y))


def _deltas(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> tuple[float, Any]:
    """Return delta2 and the hidden deltas."""
    z1 = W1 @ x + b1
    delta2 = float(_sigmoid(W2 @ np.maximum(z1, 0) + b2)) - y
    return delta2, delta2 * W2 * (z1 > 0)


_W = {"W1": np.array([[0.5, -0.3], [0.2, 0.8]]), "b1": np.array([0.2, -0.2]), "W2": np.array([1.0, -0.5])}

check_input_gradient = Check(
    by_nudging(_relu_loss, "x"),
    returns=["dx"],
    cases=[
        {"x": np.array([1.0, 2.0]), **_W, "b2": 0.5, "y": 1.0},
        {"x": np.array([2.0, -1.0]), **_W, "b2": 0.5, "y": 0.0},
        {"x": np.array([-0.5, 1.5]), **_W, "W2": np.array([0.4, 0.9]), "b2": -0.3, "y": 1.0},
    ],
    mistakes={
        "each input reaches every hidden unit: sum over the units, column by column": lambda x, W1, *rest: (
            W1 @ _deltas(x, W1, *rest)[1]
        ),
        "only the path through the first hidden unit is counted; the paths add up": lambda x, W1, *rest: (
            W1[0] * _deltas(x, W1, *rest)[1][0]
        ),
        "only the path through the second hidden unit is counted; the paths add up": lambda x, W1, *rest: (
            W1[1] * _deltas(x, W1, *rest)[1][1]
        ),
        "a silent unit passes nothing back: the slope of ReLU is missing": lambda x, W1, b1, W2, b2, y: (
            W1.T @ (W2 * _deltas(x, W1, b1, W2, b2, y)[0])
        ),
        "the weights W2 are missing on the way": lambda x, W1, b1, W2, b2, y: (
            W1.T @ (_deltas(x, W1, b1, W2, b2, y)[0] * (W1 @ x + b1 > 0))
        ),
        "these are the hidden deltas: one station is missing": lambda *case: _deltas(*case)[1],
        "these are the slopes of delta times x, as for a weight": lambda x, *rest: _deltas(x, *rest)[1] * x,
    },
)


# 7. Find the kink
def _corner(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> tuple[Any, ...]:
    """Put hidden unit 0 on its kink; measure the slope on its right side, and across it."""
    at = -float(W1[0] @ x)

    def loss(b: float) -> float:
        return _relu_loss(x, W1, np.array([b, *b1[1:]]), W2, b2, y)

    # Central differences that stay on one side, and their extrapolation to the corner.
    h = 1e-4
    near, far = (float(by_nudging(loss, "b")(at + k * h)[0]) for k in (1, 2))
    right = 2 * near - far
    left = float(by_nudging(loss, "b")(at - h)[0])
    return at, right, (left + right) / 2


def _wrong_corner(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> dict[str, tuple[Any, ...]]:
    at = -float(W1[0] @ x)
    delta2 = _deltas(x, W1, np.array([at, *b1[1:]]), W2, b2, y)[0]
    return {
        "sign": (-at, None, None),
        "added": (at - b1[0], None, None),
        "delta2": (None, delta2, None),
        "old": (None, _deltas(x, W1, b1, W2, b2, y)[0] * float(W2[0]), None),
        "whole": (None, None, delta2 * float(W2[0])),
    }


check_corner = Check(
    _corner,
    returns=["at", "right", "central"],
    cases=[
        {"x": np.array([1.0, 2.0]), **_W, "b2": 0.5, "y": 1.0},
        {"x": np.array([2.0, 0.5]), **_W, "W2": np.array([-0.6, 0.5]), "b2": 0.2, "y": 0.0},
        {"x": np.array([-1.0, 3.0]), **_W, "W2": np.array([2.0, 0.3]), "b2": -0.5, "y": 0.0},
    ],
    mistakes={
        "the sum is 0 when the bias is minus the rest": lambda *case: _wrong_corner(*case)["sign"],
        "the bias itself is asked for, not by how much it moves": lambda *case: _wrong_corner(*case)["added"],
        "this is delta2: the weight on the way is missing": lambda *case: _wrong_corner(*case)["delta2"],
        "delta2 is taken at the old bias; at the kink the unit delivers 0": lambda *case: _wrong_corner(
            *case
        )["old"],
        "this is the slope from the right; a central difference sees the silent side too": (
            lambda *case: _wrong_corner(*case)["whole"]
        ),
    },
    tol=1e-5,
)
