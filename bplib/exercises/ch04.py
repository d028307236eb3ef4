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
        "b1 is left out of z1": lambda: _wrong_by_hand(yhat=float(_sigmoid(-0.25)), a1=1.5),
        "b2 is left out of it": lambda: _wrong_by_hand(yhat=float(_sigmoid(-3.0))),
        "only the hidden unit has a ReLU": lambda: _wrong_by_hand(yhat=0.5),
        "log is the natural logarithm, not the one to base 10": lambda: _wrong_by_hand(
            loss=float(-np.log10(1 - _YHAT))
        ),
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


# No matrix is square: a product with the wrong one fails at the smallest.
NETWORKS = [_random_case(0, 1, 3, 2), _random_case(3, 3, 4, 2), _random_case(2, 4, 8, 2)]


def _relu(z: Any) -> Any:
    return np.maximum(z, 0)


def _softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


def _wrong_forward(hidden: Any = np.tanh, first: float = 1, last: float = 1) -> Any:
    """Make the forward pass with one part replaced; `first` and `last` multiply the biases."""

    def forward(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> tuple[Any, float]:
        yhat = _sigmoid(W2 @ hidden(W1 @ x + first * b1) + last * b2)
        return yhat, float(np.mean(_cross_entropy(yhat, y)))

    return forward


def _wrong_output(output: Any) -> Any:
    return lambda x, W1, b1, W2, b2, y: (output(W2 @ np.tanh(W1 @ x + b1) + b2), None)


def _wrong_loss(loss: Any) -> Any:
    return lambda *case: (None, float(np.mean(loss(network(*case)[0], case[5]))))


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
        "the hidden units have a ReLU; the exercise says tanh": _wrong_forward(hidden=_relu),
        "this is z2: the sigmoid is missing": _wrong_output(lambda z: z),
        "the outputs have a tanh; the exercise says sigmoid": _wrong_output(np.tanh),
        "the outputs have a softmax; here each has a sigmoid of its own": _wrong_output(_softmax),
        "the exponent in the sigmoid has the wrong sign": _wrong_output(lambda z: _sigmoid(-z)),
        "the outputs' losses are summed; take their mean": _wrong_loss(
            lambda yhat, y: 2 * _cross_entropy(yhat, y)
        ),
        "the part with 1 - y is missing": _wrong_loss(lambda yhat, y: -y * np.log(yhat)),
        "y and 1 - y have changed places": _wrong_loss(lambda yhat, y: _cross_entropy(yhat, 1 - y)),
        "this is the squared error": _wrong_loss(lambda yhat, y: (yhat - y) ** 2),
        "the minus is missing": _wrong_loss(lambda yhat, y: -_cross_entropy(yhat, y)),
    },
)


def _wrong_backward(delta2: Any = None, back: Any = None, slope: Any = None) -> Any:
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
        "delta2 is the slope of the loss by yhat: the sigmoid is missing": _wrong_backward(
            delta2=lambda yhat, y: (yhat - y) / (yhat * (1 - yhat)) / len(y)
        ),
        "the slope of tanh is missing": _wrong_backward(slope=lambda z, a: 1.0),
        "the slope of ReLU stands in the place of that of tanh": _wrong_backward(slope=lambda z, a: z > 0),
        "tanh itself stands in the place of its slope": _wrong_backward(slope=lambda z, a: a),
        "in the slope of tanh, tanh is taken twice": _wrong_backward(slope=lambda z, a: 1 - np.tanh(a) ** 2),
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
        "what the weight is multiplied by is missing": lambda *case: (
            np.outer(_wrong_backward()(*case)[1], np.ones(len(case[0]))),
            None,
            np.outer(_wrong_backward()(*case)[3], np.ones(len(case[2]))),
            None,
        ),
        "W2 is multiplied by the activation a, not by the sum z": lambda x, W1, b1, W2, b2, y: (
            None,
            None,
            np.outer(_wrong_backward()(x, W1, b1, W2, b2, y)[3], W1 @ x + b1),
            None,
        ),
        "the deltas are summed; each unit has its own bias": lambda *case: (
            None,
            _wrong_backward()(*case)[1].sum(),
            None,
            _wrong_backward()(*case)[3].sum(),
        ),
    },
)


def _relative(a: Any, n: Any, size: Any = np.linalg.norm) -> Any:
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
        "this is the absolute error: it says nothing about small gradients": lambda a, n: np.linalg.norm(
            a - n
        ),
        "divide by the sum of both sizes, not by one of them": lambda a, n: (
            np.linalg.norm(a - n) / np.linalg.norm(n)
        ),
        "divide by the sum of both sizes, not by the first": lambda a, n: (
            np.linalg.norm(a - n) / np.linalg.norm(a)
        ),
        "divide by the sum of both sizes, not by the larger": lambda a, n: (
            np.linalg.norm(a - n) / max(np.linalg.norm(a), np.linalg.norm(n))
        ),
        "below stands the sum of the sizes, not the size of the sum": lambda a, n: (
            np.linalg.norm(a - n) / np.linalg.norm(a + n)
        ),
        "the numerator is the size of the difference, not the difference of the sizes": lambda a, n: (
            abs(np.linalg.norm(a) - np.linalg.norm(n)) / (np.linalg.norm(a) + np.linalg.norm(n))
        ),
        "the squares are summed, and no root is taken": lambda a, n: _relative(a, n, lambda v: np.sum(v**2)),
        "each size is a root of its own, taken before the sum": lambda a, n: np.sqrt(
            np.sum((a - n) ** 2) / (np.sum(a**2) + np.sum(n**2))
        ),
        "a size is the root of a sum of squares, not a sum of absolute values": lambda a, n: _relative(
            a, n, lambda v: np.abs(v).sum()
        ),
        "a size is the root of a sum of squares, not the largest entry": lambda a, n: _relative(
            a, n, lambda v: np.abs(v).max()
        ),
        "a matrix has the root of all its squares too: this norm is another": lambda a, n: _relative(
            a, n, lambda v: np.linalg.norm(v, 2)
        ),
        "one number for the whole array is asked for, not the mean over its entries": lambda a, n: np.mean(
            np.abs(a - n) / (np.abs(a) + np.abs(n))
        ),
        "one number for the whole array is asked for, not the worst entry": lambda a, n: np.max(
            np.abs(a - n) / (np.abs(a) + np.abs(n))
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


def _wrong_counting(delta2: Any = None, slope: Any = None, back: Any = None, last: Any = None) -> Any:
    """Make the backward pass with one part replaced; each is a function."""

    def backward(W1: float, W2: float, x: float, y: float) -> tuple[float, ...]:
        z1 = W1 * x
        a1 = float(np.tanh(z1))
        yhat = float(np.exp(W2 * a1))
        d2 = yhat - y if delta2 is None else float(delta2(yhat, y))
        d1 = (
            d2 * (W2 if back is None else back(W1)) * (1 - a1 * a1 if slope is None else float(slope(z1, a1)))
        )
        return d2, d2 * a1, d1 * (x if last is None else last(a1))

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
        "this is the slope of the squared error": _wrong_counting(
            delta2=lambda yhat, y: 2 * (yhat - y) * yhat
        ),
        "the slope of tanh is missing": _wrong_counting(slope=lambda z, a: 1.0),
        "tanh itself stands in the place of its slope": _wrong_counting(slope=lambda z, a: a),
        "the slope of ReLU stands in the place of that of tanh": _wrong_counting(slope=lambda z, a: z > 0),
        "the slope of tanh is taken with z in the place of a": _wrong_counting(slope=lambda z, a: 1 - z * z),
        "the weight on the way, W2, is missing": _wrong_counting(back=lambda W1: 1.0),
        "on the way back stands W2, not W1": _wrong_counting(back=lambda W1: W1),
        "what W1 is multiplied by is missing": _wrong_counting(last=lambda a1: 1.0),
        "W1 is multiplied by x, not by a1": _wrong_counting(last=lambda a1: a1),
        "W2 is multiplied by a1, not by x": lambda W1, W2, x, y: (
            None,
            _wrong_counting()(W1, W2, x, y)[0] * x,
            None,
        ),
    },
)


# 5. Spot the bug
def _small_loss(W1: float, b1: float, W2: float, b2: float, x: float, y: float) -> float:
    return float(_cross_entropy(_sigmoid(W2 * max(W1 * x + b1, 0.0) + b2), y))


def _step(W1: float, b1: float, W2: float, b2: float, x: float, y: float, rate: float) -> tuple[Any, ...]:
    slopes = by_nudging(_small_loss, "W1", "b1", "W2", "b2")(W1, b1, W2, b2, x, y)
    return tuple(p - rate * float(g) for p, g in zip((W1, b1, W2, b2), slopes, strict=True))


def _wrong_step(back: Any = None, delta2: Any = None, slope: Any = None, rated: bool = True) -> Any:
    """Make the step with one part replaced; each is a function, `back` of the old and the new W2."""

    def step(
        W1: float, b1: float, W2: float, b2: float, x: float, y: float, rate: float
    ) -> tuple[float, ...]:
        a1 = max(W1 * x + b1, 0.0)
        yhat = float(_sigmoid(W2 * a1 + b2))
        d2 = yhat - y if delta2 is None else delta2(yhat, y)
        rate = rate if rated else 1.0
        new = W2 - rate * d2 * a1
        d1 = d2 * (W2 if back is None else back(W2, new)) * (a1 > 0 if slope is None else slope(a1))
        return W1 - rate * d1 * x, b1 - rate * d1, new, b2 - rate * d2

    return step


def _two_points(W1: float, b1: float, W2: float, b2: float, *sample: float) -> tuple[float, ...]:
    """Move the output's parameters, then take the hidden unit's gradients with both moved."""
    W2, b2 = _wrong_step()(W1, b1, W2, b2, *sample)[2:]
    return (*_wrong_step()(W1, b1, W2, b2, *sample)[:2], W2, b2)


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
        "this is still what was published": _wrong_step(back=lambda old, new: new),
        "the weight on the way back is gone; which one belongs there?": _wrong_step(
            back=lambda old, new: 1.0
        ),
        "the old and the new weight are mixed": _wrong_step(back=lambda old, new: (old + new) / 2),
        "the output has moved, and the forward pass is run again: two points are mixed": _two_points,
        "a silent unit passes nothing back: the slope of ReLU is missing": _wrong_step(slope=lambda a1: 1.0),
        "delta2 is the one of the squared error": _wrong_step(
            delta2=lambda yhat, y: 2 * (yhat - y) * yhat * (1 - yhat)
        ),
        "the rate is missing": _wrong_step(rated=False),
        "what the weight is multiplied by is missing": lambda *case: (
            case[0] - case[1] + _wrong_step()(*case)[1],
            None,
            case[2] - case[3] + _wrong_step()(*case)[3],
            None,
        ),
        "the step goes uphill: an update subtracts": lambda *case: tuple(
            2 * p - q for p, q in zip(case[:4], _step(*case), strict=True)
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


def _deltas(x: Any, W1: Any, b1: Any, W2: Any, b2: float, y: float) -> tuple[float, Any]:
    """Return delta2 and the hidden deltas."""
    z1 = W1 @ x + b1
    delta2 = float(_sigmoid(W2 @ np.maximum(z1, 0) + b2)) - y
    return delta2, delta2 * W2 * (z1 > 0)


def _squared_error(x: Any, W1: Any, b1: Any, W2: Any, b2: float) -> float:
    """Return by which factor delta2 differs if the loss is the squared error."""
    yhat = _deltas(x, W1, b1, W2, b2, 0.0)[0]
    return 2 * yhat * (1 - yhat)


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
        "delta2 is missing": lambda x, W1, b1, W2, b2, y: W1.T @ (W2 * (W1 @ x + b1 > 0)),
        "delta2 is the one of the squared error": lambda x, W1, b1, W2, b2, y: (
            W1.T @ _deltas(x, W1, b1, W2, b2, y)[1] * _squared_error(x, W1, b1, W2, b2)
        ),
        "the slope of the sigmoid is still in delta2; it cancels with that of the loss": (
            lambda x, W1, b1, W2, b2, y: (
                W1.T @ _deltas(x, W1, b1, W2, b2, y)[1] * _squared_error(x, W1, b1, W2, b2) / 2
            )
        ),
        "this is the changed input, not the gradient": lambda x, W1, *rest: (
            x - W1.T @ _deltas(x, W1, *rest)[1]
        ),
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
        "linear": (None, (float(_sigmoid(W2[1] * (W1[1] @ x + b1[1]) + b2)) - y) * float(W2[0]), None),
        "alone": (None, (float(_sigmoid(b2)) - y) * float(W2[0]), None),
        "whole": (None, None, delta2 * float(W2[0])),
    }


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
        "the sum is 0 when the bias is minus the rest": lambda *case: _wrong_corner(*case)["sign"],
        "the bias itself is asked for, not by how much it moves": lambda *case: _wrong_corner(*case)["added"],
        "this is delta2: the weight on the way is missing": lambda *case: _wrong_corner(*case)["delta2"],
        "delta2 is taken at the old bias; at the kink the unit delivers 0": lambda *case: _wrong_corner(
            *case
        )["old"],
        "the second hidden unit still delivers what it did": lambda *case: _wrong_corner(*case)["alone"],
        "the second hidden unit has a ReLU too, and may be silent": lambda *case: _wrong_corner(*case)[
            "linear"
        ],
        "this is the slope from the right; a central difference sees the silent side too": (
            lambda *case: _wrong_corner(*case)["whole"]
        ),
    },
    tol=1e-5,
)
