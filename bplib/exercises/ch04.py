"""Checks for the exercises of chapter 4, "A two-layer network by hand".

After chapter 1's single neuron there is a unit behind a unit: what people get wrong is which delta, which a,
and which weights lie between. Every gradient is measured by nudging the loss.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead

Stations = SimpleNamespace  # what a right pass computes on its way, by name
Part = Callable[[Any], Any]  # a number or an array from the stations


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
        "rows belong to the units that weights lead to, columns to those they come from": (
            lambda delta, a: {"dW": np.outer(a, delta)}
        ),
        "this is delta alone: what the weight is multiplied by is missing": (
            lambda delta, a: {"dW": np.outer(delta, np.ones(len(a)))}
        ),
        "this is a alone: delta is missing": lambda delta, a: {"dW": np.outer(np.ones(len(delta)), a)},
        "the entries are summed; each weight has its own": lambda delta, a: {"dW": delta.sum() * a.sum()},
        "the deltas are summed; each unit has its own bias": lambda delta, a: {"db": delta.sum()},
        "a bias is multiplied by 1, not by a": lambda delta, a: {"db": delta * a.sum()},
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


_YHAT = float(_sigmoid(-1.0))


def _wrong_by_hand(
    yhat: float = _YHAT, delta2: float | None = None, W2: float = -1.5, a1: float = 2.0, x: float = 3.0
) -> Callable[[], tuple[float, ...]]:
    """Carry one wrong number through the rest of the calculation."""
    delta2 = yhat if delta2 is None else delta2
    return lambda: (yhat, -np.log(1 - yhat), delta2, delta2 * a1, delta2 * W2, delta2 * W2 * x)


check_by_hand = Check(
    _by_hand_reference,
    returns=["yhat", "loss", "delta2", "dW2", "delta1", "dW1"],
    cases=[{}],
    mistakes={
        "the exponent in the sigmoid has the wrong sign": lambda: {"yhat": _sigmoid(1.0)},
        "this is z2: the sigmoid is missing": lambda: {"yhat": -1.0},
        "b1 is left out of z1": _wrong_by_hand(yhat=float(_sigmoid(-0.25)), a1=1.5),
        "b2 is left out of it": _wrong_by_hand(yhat=float(_sigmoid(-3.0))),
        "only the hidden unit has a ReLU": _wrong_by_hand(yhat=0.5),
        "log is the natural logarithm, not the one to base 10": lambda: {"loss": -np.log10(1 - _YHAT)},
        "this is the loss for y = 1": lambda: {"loss": -np.log(_YHAT)},
        "this is the squared error": lambda: {"loss": _YHAT**2},
        "the slope of the sigmoid is still in it; it cancels with that of the loss": _wrong_by_hand(
            delta2=_YHAT**2 * (1 - _YHAT)
        ),
        "this is the delta of the squared error": _wrong_by_hand(
            delta2=round(2 * _YHAT**2 * (1 - _YHAT), 3)  # of three digits, as a reader writes it
        ),
        "this is the delta for y = 1": _wrong_by_hand(delta2=_YHAT - 1),
        "it is y - yhat; the gradient is yhat - y": lambda: {"delta2": -_YHAT},
        "this is the slope of the loss with respect to yhat, before the sigmoid": _wrong_by_hand(
            delta2=1 / (1 - _YHAT)
        ),
        "the weight W2 is multiplied by a1, not by x": lambda: {"dW2": _YHAT * 3.0},
        "the weight on the way, W2, is missing": _wrong_by_hand(W2=1.0),
        "on the way back stands W2, not W1": _wrong_by_hand(W2=0.5),
        "W1 is multiplied by x: that factor is missing": _wrong_by_hand(x=1.0),
        "W1 is multiplied by x, not by a1": _wrong_by_hand(x=2.0),
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


# No matrix is square: a product with the wrong one fails at the smallest.
NETWORKS = [_random_case(0, 1, 3, 2), _random_case(3, 3, 4, 2), _random_case(2, 4, 8, 2)]


def _network(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> Stations:
    z1 = W1 @ x + b1
    a1 = np.tanh(z1)
    z2 = W2 @ a1 + b2
    yhat = _sigmoid(z2)
    delta2 = (yhat - y) / len(y)
    delta1 = (W2.T @ delta2) * (1 - a1**2)
    return Stations(x=x, y=y, W2=W2, z1=z1, a1=a1, z2=z2, yhat=yhat, delta2=delta2, delta1=delta1)


def _wrong_forward(
    hidden: Callable[[Any], Any] = np.tanh, first: float = 1, last: float = 1
) -> Callable[..., tuple[Any, float]]:
    """Make the forward pass with one part replaced; `first` and `last` multiply the biases."""

    def forward(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> tuple[Any, float]:
        yhat = _sigmoid(W2 @ hidden(W1 @ x + first * b1) + last * b2)
        return yhat, float(np.mean(_cross_entropy(yhat, y)))

    return forward


check_forward = Check(
    network,
    returns=["yhat", "loss"],
    cases=NETWORKS,
    mistakes={
        "the biases are left out": _wrong_forward(first=0, last=0),
        "b1 is left out": _wrong_forward(first=0),
        "b2 is left out": _wrong_forward(last=0),
        "the hidden activation is missing": _wrong_forward(hidden=lambda z: z),
        "the hidden units have a sigmoid; the exercise says tanh": _wrong_forward(hidden=_sigmoid),
        "the hidden units have a ReLU; the exercise says tanh": _wrong_forward(
            hidden=lambda z: np.maximum(z, 0)
        ),
        "this is z2: the sigmoid is missing": instead(_network, yhat=lambda s: s.z2),
        "the outputs have a tanh; the exercise says sigmoid": instead(_network, yhat=lambda s: np.tanh(s.z2)),
        "the outputs have a softmax; here each has a sigmoid of its own": instead(
            _network, yhat=lambda s: np.exp(s.z2) / np.exp(s.z2).sum()
        ),
        "the exponent in the sigmoid has the wrong sign": instead(_network, yhat=lambda s: _sigmoid(-s.z2)),
        "the outputs' losses are summed; take their mean": instead(
            _network, loss=lambda s: np.sum(_cross_entropy(s.yhat, s.y))
        ),
        "the part with 1 - y is missing": instead(_network, loss=lambda s: np.mean(-s.y * np.log(s.yhat))),
        "y and 1 - y have changed places": instead(
            _network, loss=lambda s: np.mean(_cross_entropy(s.yhat, 1 - s.y))
        ),
        "this is the squared error": instead(_network, loss=lambda s: np.mean((s.yhat - s.y) ** 2)),
        "the minus is missing": instead(_network, loss=lambda s: -np.mean(_cross_entropy(s.yhat, s.y))),
    },
)


def _wrong_backward(**other: Part) -> Callable[..., tuple[Any, ...]]:
    """Make the backward pass with delta2, `back` or `slope` replaced, each by a function of the stations."""

    def backward(*case: Any) -> tuple[Any, ...]:
        s = _network(*case)
        if "delta2" in other:
            s.delta2 = other["delta2"](s)
        factors = {"back": s.W2.T @ s.delta2, "slope": 1 - s.a1**2}
        factors |= {name: other[name](s) for name in factors if name in other}
        delta1 = factors["back"] * factors["slope"]
        return np.outer(delta1, s.x), delta1, np.outer(s.delta2, s.a1), s.delta2

    return backward


check_backward = Check(
    by_nudging(network_loss, "W1", "b1", "W2", "b2"),
    returns=["dW1", "db1", "dW2", "db2"],
    cases=NETWORKS,
    mistakes={
        "the loss is a mean over two outputs: a factor of one half is missing": _wrong_backward(
            delta2=lambda s: s.yhat - s.y
        ),
        "the slope of the sigmoid is still in delta2; it cancels with that of the loss": _wrong_backward(
            delta2=lambda s: s.delta2 * s.yhat * (1 - s.yhat)
        ),
        "delta2 is the one of the squared error": _wrong_backward(
            delta2=lambda s: 2 * s.delta2 * s.yhat * (1 - s.yhat)
        ),
        "delta2 is y - yhat; the gradient is yhat - y": _wrong_backward(delta2=lambda s: -s.delta2),
        "delta2 is the slope of the loss with respect to yhat: the sigmoid is missing": _wrong_backward(
            delta2=lambda s: s.delta2 / (s.yhat * (1 - s.yhat))
        ),
        "the slope of tanh is missing": _wrong_backward(slope=lambda s: 1.0),
        "the slope of ReLU stands in the place of that of tanh": _wrong_backward(slope=lambda s: s.z1 > 0),
        "tanh itself stands in the place of its slope": _wrong_backward(slope=lambda s: s.a1),
        "in the slope of tanh, tanh is taken twice": _wrong_backward(slope=lambda s: 1 - np.tanh(s.a1) ** 2),
        "the slope of tanh is taken with z in the place of a": _wrong_backward(slope=lambda s: 1 - s.z1**2),
        "the slope of the sigmoid stands in the place of that of tanh": _wrong_backward(
            slope=lambda s: s.a1 * (1 - s.a1)
        ),
        "a hidden delta gathers the deltas after it, each times the weight that leads there": _wrong_backward(
            back=lambda s: s.delta2.sum()
        ),
        "only the path through the first output is counted; the paths add up": _wrong_backward(
            back=lambda s: s.W2[0] * s.delta2[0]
        ),
        "the weights of W2 are summed apart from their deltas": _wrong_backward(
            back=lambda s: s.W2.sum(axis=0) * s.delta2.sum()
        ),
        "what the weight is multiplied by is missing": instead(
            _network,
            dW1=lambda s: np.outer(s.delta1, np.ones(len(s.x))),
            dW2=lambda s: np.outer(s.delta2, np.ones(len(s.a1))),
        ),
        "W2 is multiplied by the activation a, not by the sum z": instead(
            _network, dW2=lambda s: np.outer(s.delta2, s.z1)
        ),
        "the deltas are summed; each unit has its own bias": instead(
            _network, db1=lambda s: s.delta1.sum(), db2=lambda s: s.delta2.sum()
        ),
    },
)


_norm = np.linalg.norm


def _relative(a: Any, n: Any, size: Callable[[Any], Any] = _norm) -> Any:
    return size(a - n) / (size(a) + size(n))


check_relative_error = Check(
    _relative,
    returns=["error"],
    cases=[
        {"claimed": np.array([3.0, 4.0]), "measured": np.array([3.0, 4.5])},
        {
            "claimed": np.array([[1e-6, 2e-6], [3e-6, 1e-6]]),
            "measured": np.array([[2e-6, 2e-6], [3e-6, 1e-6]]),
        },
        {"claimed": np.array([100.0, -50.0]), "measured": np.array([-100.0, 40.0])},
    ],
    mistakes={
        "this is the absolute error: it says nothing about small gradients": lambda a, n: _norm(a - n),
        "divide by the sum of both sizes, not by one of them": lambda a, n: _norm(a - n) / _norm(n),
        "divide by the sum of both sizes, not by the first": lambda a, n: _norm(a - n) / _norm(a),
        "divide by the sum of both sizes, not by the larger": (
            lambda a, n: _norm(a - n) / max(_norm(a), _norm(n))
        ),
        "below stands the sum of the sizes, not the size of the sum": (
            lambda a, n: _norm(a - n) / _norm(a + n)
        ),
        "the numerator is the size of the difference, not the difference of the sizes": (
            lambda a, n: abs(_norm(a) - _norm(n)) / (_norm(a) + _norm(n))
        ),
        "the squares are summed, and no root is taken": lambda a, n: _relative(a, n, lambda v: np.sum(v**2)),
        "each size is a root of its own, taken before the sum": (
            lambda a, n: np.sqrt(np.sum((a - n) ** 2) / (np.sum(a**2) + np.sum(n**2)))
        ),
        "a size is the root of a sum of squares, not a sum of absolute values": (
            lambda a, n: _relative(a, n, lambda v: np.abs(v).sum())
        ),
        "a size is the root of a sum of squares, not the largest entry": (
            lambda a, n: _relative(a, n, lambda v: np.abs(v).max())
        ),
        "a matrix has the root of all its squares too: this norm is another": (
            lambda a, n: _relative(a, n, lambda v: _norm(v, 2))
        ),
        "one number for the whole array is asked for, not the mean over its entries": (
            lambda a, n: np.mean(_relative(a, n, np.abs))
        ),
        "one number for the whole array is asked for, not the worst entry": (
            lambda a, n: np.max(_relative(a, n, np.abs))
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


def _count(W1: float, W2: float, x: float, y: float) -> Stations:
    z1 = W1 * x
    a1 = np.tanh(z1)
    yhat = np.exp(W2 * a1)
    return Stations(W1=W1, W2=W2, x=x, y=y, z1=z1, a1=a1, yhat=yhat, delta2=yhat - y)


def _wrong_counting(**other: Part) -> Callable[..., tuple[Any, ...]]:
    """Make the backward pass with `delta2` or a factor replaced, each by a function of the stations."""

    def backward(*case: float) -> tuple[Any, ...]:
        s = _count(*case)
        delta2 = other.get("delta2", lambda s: s.delta2)(s)
        factors = {"back": s.W2, "slope": 1 - s.a1**2, "last": s.x}
        factors |= {name: other[name](s) for name in factors if name in other}
        return delta2, delta2 * s.a1, delta2 * factors["back"] * factors["slope"] * factors["last"]

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
        "this is the loss's slope with respect to yhat: the slope of the output is missing": _wrong_counting(
            delta2=lambda s: 1 - s.y / s.yhat
        ),
        "the slope of exp is counted twice": _wrong_counting(delta2=lambda s: s.delta2 * s.yhat),
        "the slope of the sigmoid is in it; this output is exp": _wrong_counting(
            delta2=lambda s: s.delta2 * s.yhat * (1 - s.yhat)
        ),
        "y times the logarithm has a slope too": _wrong_counting(delta2=lambda s: s.yhat),
        "this is the slope of the squared error": _wrong_counting(delta2=lambda s: 2 * s.delta2 * s.yhat),
        "the slope of tanh is missing": _wrong_counting(slope=lambda s: 1.0),
        "tanh itself stands in the place of its slope": _wrong_counting(slope=lambda s: s.a1),
        "the slope of ReLU stands in the place of that of tanh": _wrong_counting(slope=lambda s: s.z1 > 0),
        "the slope of tanh is taken with z in the place of a": _wrong_counting(slope=lambda s: 1 - s.z1**2),
        "the weight on the way, W2, is missing": _wrong_counting(back=lambda s: 1.0),
        "on the way back stands W2, not W1": _wrong_counting(back=lambda s: s.W1),
        "what W1 is multiplied by is missing": _wrong_counting(last=lambda s: 1.0),
        "W1 is multiplied by x, not by a1": _wrong_counting(last=lambda s: s.a1),
        "W2 is multiplied by a1, not by x": instead(_count, dW2=lambda s: s.delta2 * s.x),
    },
)


# 5. Spot the bug
def _small_loss(W1: float, b1: float, W2: float, b2: float, x: float, y: float) -> float:
    return float(_cross_entropy(_sigmoid(W2 * max(W1 * x + b1, 0.0) + b2), y))


def _step(W1: float, b1: float, W2: float, b2: float, x: float, y: float, rate: float) -> tuple[Any, ...]:
    slopes = by_nudging(_small_loss, "W1", "b1", "W2", "b2")(W1, b1, W2, b2, x, y)
    return tuple(p - rate * float(g) for p, g in zip((W1, b1, W2, b2), slopes, strict=True))


def _small(W1: float, b1: float, W2: float, b2: float, x: float, y: float, rate: float) -> Stations:
    a1 = max(W1 * x + b1, 0.0)
    yhat = float(_sigmoid(W2 * a1 + b2))
    new_W2 = W2 - rate * (yhat - y) * a1
    return Stations(
        W1=W1, b1=b1, W2=W2, b2=b2, x=x, y=y, a1=a1, yhat=yhat, delta2=yhat - y, rate=rate, new_W2=new_W2
    )


def _wrong_step(**other: Part) -> Callable[..., tuple[float, ...]]:
    """Make the step with a factor replaced, each by a function of the stations."""

    def step(*case: float) -> tuple[float, ...]:
        s = _small(*case)
        f = {
            "delta2": s.delta2,
            "back": s.W2,
            "slope": s.a1 > 0,
            "rate": s.rate,
            "for_W1": s.x,
            "for_W2": s.a1,
        }
        f |= {name: factor(s) for name, factor in other.items()}
        d2 = f["rate"] * f["delta2"]
        d1 = d2 * f["back"] * f["slope"]
        return s.W1 - d1 * f["for_W1"], s.b1 - d1, s.W2 - d2 * f["for_W2"], s.b2 - d2

    return step


def _two_points(*case: float) -> tuple[float, ...]:
    """Move the output's parameters, then take the hidden unit's gradients with both moved."""
    W2, b2 = _wrong_step()(*case)[2:]
    return (*_wrong_step()(*case[:2], W2, b2, *case[4:])[:2], W2, b2)


def _hidden_first(*case: float) -> tuple[float, ...]:
    """Move the hidden unit's parameters, then take the output's gradients with both moved."""
    W1, b1 = _wrong_step()(*case)[:2]
    return (W1, b1, *_wrong_step()(W1, b1, *case[2:])[2:])


def _moved_a1(s: Stations) -> float:
    d1 = s.rate * s.delta2 * s.W2 * (s.a1 > 0)
    return max(float((s.W1 - d1 * s.x) * s.x + s.b1 - d1), 0.0)


check_repaired = Check(
    _step,
    returns=["W1", "b1", "W2", "b2"],
    cases=[
        {"W1": 1.0, "b1": 0.0, "W2": 0.5, "b2": 0.0, "x": 2.0, "y": 0.0, "rate": 0.5},
        {"W1": 0.5, "b1": 0.1, "W2": -0.8, "b2": 0.2, "x": 2.0, "y": 1.0, "rate": 0.5},
        {"W1": 0.7, "b1": 0.3, "W2": 0.6, "b2": -0.2, "x": 1.5, "y": 1.0, "rate": 2.0},
        {"W1": -1.0, "b1": 0.5, "W2": 2.0, "b2": 0.0, "x": 1.0, "y": 1.0, "rate": 1.0},
    ],
    mistakes={
        "this is still what was published": _wrong_step(back=lambda s: s.new_W2),
        "the weight on the way back is gone; which one belongs there?": _wrong_step(back=lambda s: 1.0),
        "the old and the new weight are mixed": _wrong_step(back=lambda s: (s.W2 + s.new_W2) / 2),
        "the output has moved, and the forward pass is run again: two points are mixed": _two_points,
        "W1 and b1 have moved, and a1 is taken anew: two points are mixed": _wrong_step(for_W2=_moved_a1),
        "the hidden unit has moved, and the output answers to that: two points are mixed": _hidden_first,
        "a silent unit passes nothing back: the slope of ReLU is missing": _wrong_step(slope=lambda s: 1.0),
        "delta2 is the one of the squared error": _wrong_step(
            delta2=lambda s: 2 * s.delta2 * s.yhat * (1 - s.yhat)
        ),
        "the rate is missing": _wrong_step(rate=lambda s: 1.0),
        "what the weight is multiplied by is missing": _wrong_step(
            for_W1=lambda s: 1.0, for_W2=lambda s: 1.0
        ),
        "the step goes uphill: an update subtracts": (
            lambda W1, b1, W2, b2, x, y, rate: _step(W1, b1, W2, b2, x, y, -rate)
        ),
        "nothing has moved": lambda *case: case[:4],
        "these are the gradients; the step is missing": lambda *case: tuple(
            (p - q) / case[6] for p, q in zip(case[:4], _step(*case), strict=True)
        ),
        "this is the change; the old value is missing": lambda *case: tuple(
            q - p for p, q in zip(case[:4], _step(*case), strict=True)
        ),
    },
)


# 6. The gradient with respect to the input
def _relu_loss(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> float:
    return float(_cross_entropy(_sigmoid(W2 @ np.maximum(W1 @ x + b1, 0) + b2), y))


def _relu_network(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> Stations:
    z1 = W1 @ x + b1
    yhat = float(_sigmoid(W2 @ np.maximum(z1, 0) + b2))
    delta1 = (yhat - y) * W2 * (z1 > 0)
    return Stations(x=x, W1=W1, W2=W2, z1=z1, yhat=yhat, delta2=yhat - y, delta1=delta1, dx=W1.T @ delta1)


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
        "each input reaches every hidden unit: sum over the units, column by column": instead(
            _relu_network, dx=lambda s: s.W1 @ s.delta1
        ),
        "only the path through the first hidden unit is counted; the paths add up": instead(
            _relu_network, dx=lambda s: s.W1[0] * s.delta1[0]
        ),
        "only the path through the second hidden unit is counted; the paths add up": instead(
            _relu_network, dx=lambda s: s.W1[1] * s.delta1[1]
        ),
        "a silent unit passes nothing back: the slope of ReLU is missing": instead(
            _relu_network, dx=lambda s: s.W1.T @ (s.delta2 * s.W2)
        ),
        "the weights W2 are missing on the way": instead(
            _relu_network, dx=lambda s: s.W1.T @ (s.delta2 * (s.z1 > 0))
        ),
        "these are the hidden deltas: one station is missing": instead(_relu_network, dx=lambda s: s.delta1),
        "these are the slopes of delta times x, as for a weight": instead(
            _relu_network, dx=lambda s: s.delta1 * s.x
        ),
        "delta2 is missing": instead(_relu_network, dx=lambda s: s.W1.T @ (s.W2 * (s.z1 > 0))),
        "delta2 is the one of the squared error": instead(
            _relu_network, dx=lambda s: s.dx * 2 * s.yhat * (1 - s.yhat)
        ),
        "the slope of the sigmoid is still in delta2; it cancels with that of the loss": instead(
            _relu_network, dx=lambda s: s.dx * s.yhat * (1 - s.yhat)
        ),
        "this is the changed input, not the gradient": instead(_relu_network, dx=lambda s: s.x - s.dx),
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


def _on_the_kink(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> Stations:
    at = -float(W1[0] @ x)
    second = W2[1] * float(W1[1] @ x + b1[1])  # what the second unit would deliver without a ReLU
    delta2 = _relu_network(x, W1, np.array([at, *b1[1:]]), W2, b2, y).delta2
    old = _relu_network(x, W1, b1, W2, b2, y).delta2
    return Stations(at=at, b=b1[0], W2=W2[0], b2=b2, y=y, second=second, delta2=delta2, old=old)


check_corner = Check(
    _corner,
    returns=["at", "right", "central"],
    cases=[
        {"x": np.array([1.0, 2.0]), **_W, "b2": 0.5, "y": 1.0},
        {"x": np.array([2.0, 0.5]), **_W, "W2": np.array([-0.6, 0.5]), "b2": 0.2, "y": 0.0},
        {"x": np.array([-1.0, 3.0]), **_W, "W2": np.array([2.0, 0.3]), "b2": -0.5, "y": 0.0},
        {"x": np.array([2.0, -1.0]), **_W, "b2": 0.5, "y": 0.0},
    ],
    mistakes={
        "the sum is 0 when the bias is minus the rest": instead(_on_the_kink, at=lambda s: -s.at),
        "the bias itself is asked for, not by how much it moves": instead(
            _on_the_kink, at=lambda s: s.at - s.b
        ),
        "this is delta2: the weight on the way is missing": instead(_on_the_kink, right=lambda s: s.delta2),
        "delta2 is taken at the old bias; at the kink the unit delivers 0": instead(
            _on_the_kink, right=lambda s: s.old * s.W2
        ),
        "the second hidden unit still delivers what it did": instead(
            _on_the_kink, right=lambda s: (_sigmoid(s.b2) - s.y) * s.W2
        ),
        "the second hidden unit has a ReLU too, and may be silent": instead(
            _on_the_kink, right=lambda s: (_sigmoid(s.second + s.b2) - s.y) * s.W2
        ),
        "this is the slope from the right; a central difference sees the silent side too": instead(
            _on_the_kink, central=lambda s: s.delta2 * s.W2
        ),
    },
    tol=1e-5,
)


# 9. A tool to keep: network, with any number of outputs
def _loss_and(gradients: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """Put the loss before the gradients."""
    return lambda *case: (network_loss(*case), *gradients(*case))


def _halved(s: Stations) -> Any:
    return (s.yhat - s.y) / 2


check_network = Check(
    _loss_and(by_nudging(network_loss, "W1", "b1", "W2", "b2")),
    returns=["loss", "dW1", "db1", "dW2", "db2"],
    cases=[_random_case(5, 1, 2, 1), _random_case(6, 2, 3, 3), _random_case(7, 3, 4, 2)],
    mistakes={
        "the outputs' losses are summed; take their mean": instead(
            _network, loss=lambda s: np.sum(_cross_entropy(s.yhat, s.y))
        ),
        "the mean is over two outputs here, however many there are": lambda *case: (
            float(np.sum(_cross_entropy(network(*case)[0], case[-1])) / 2),
            *_wrong_backward(delta2=_halved)(*case),
        ),
        "the loss is a mean over the outputs: their number is missing in delta2": _loss_and(
            _wrong_backward(delta2=lambda s: s.yhat - s.y)
        ),
        "delta2 is y - yhat; the gradient is yhat - y": _loss_and(
            _wrong_backward(delta2=lambda s: -s.delta2)
        ),
        "the slope of the sigmoid is still in delta2; it cancels with that of the loss": _loss_and(
            _wrong_backward(delta2=lambda s: s.delta2 * s.yhat * (1 - s.yhat))
        ),
        "the slope of tanh is missing": _loss_and(_wrong_backward(slope=lambda s: 1.0)),
        "in the slope of tanh, tanh is taken twice": _loss_and(
            _wrong_backward(slope=lambda s: 1 - np.tanh(s.a1) ** 2)
        ),
        "only the path through the first output is counted; the paths add up": _loss_and(
            _wrong_backward(back=lambda s: s.W2[0] * s.delta2[0])
        ),
        "a hidden delta gathers the deltas after it, each times the weight that leads there": _loss_and(
            _wrong_backward(back=lambda s: s.delta2.sum())
        ),
        "W2 is multiplied by the activation a, not by the sum z": instead(
            _network, dW2=lambda s: np.outer(s.delta2, s.z1)
        ),
    },
)
