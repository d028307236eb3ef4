"""Checks for the exercises of chapter 6, "Activations and losses".

A gradient of 0 is right in some of these cases and a mistake in others. What people get wrong is which axis
or count a mean goes over, the diagonal of softmax's Jacobian for the whole, and numbers at the ends of what
a float can hold: some cases have logits of 800, where a formula that is right on paper gives NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bplib import functional as fn
from bplib.checks import Check, by_nudging

# 1. Slopes at the corner
_CORNERS = {
    "residual": 1.0,
    "leaky": 0.01,
    "elu": 1.0,
    "sigmoid": 0.25,
    "tanh": 1.0,
    "softplus": 0.5,
    "gelu": 0.5,
}

check_corners = Check(
    lambda: tuple(_CORNERS.values()),
    returns=[*_CORNERS],
    cases=[{}],
    mistakes={
        "so it is right of the corner; at the corner relu takes the left side": lambda: {"residual": 2},
        "relu takes one of its two sides at the corner, not the middle": lambda: {"residual": 1.5},
        "so it is above 0, and this is at -2": lambda: {"leaky": 1},
        "this is what comes out at -2; what is its slope there?": lambda: {"leaky": -0.02},
        "this is what comes out at 0; e^z is the slope on the left": lambda: {"elu": 0},
        "this is what comes out at 0, and the slope is that times what is missing to 1": lambda: {
            "sigmoid": 0.5
        },
        "its slope is a(1 - a), and neither of the two is 1 here": lambda: {"sigmoid": 1},
        "this is what comes out at 0; its slope is largest there": lambda: {"tanh": 0},
        "this is the sigmoid's slope; tanh is twice as high, and twice as quick": lambda: {"tanh": 0.25},
        "tanh is twice as high as a sigmoid and twice as quick; one of the two is missing": (
            lambda: {"tanh": 0.5}
        ),
        "this is what comes out at 0, log 2": lambda: {"softplus": np.log(2)},
        "this is the slope of its slope": lambda: {"softplus": 0.25},
        "this is what comes out at 0; one of two terms of the slope has no factor z": lambda: {"gelu": 0},
        "this is the height of the bell; it has a factor z, and z is 0": (
            lambda: {"gelu": 1 / np.sqrt(2 * np.pi)}
        ),
    },
)


# 2. Nine slopes by hand
_A = np.array([0.5, 0.3, 0.2])
_TRUE, _BOTH = np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])

check_nine = Check(
    lambda: (_A, np.diag(_A) - np.outer(_A, _A), _A - _TRUE, 2 * _A - _BOTH),
    returns=["a", "J", "dz", "both"],
    cases=[{}],
    mistakes={
        "these are the powers; divide them by their sum": lambda: {"a": 10 * _A},
        "these are shares of the logits; softmax takes shares of their powers": (
            lambda: {"a": np.log(10 * _A) / np.log(10 * _A).sum()}
        ),
        "this is the diagonal only; each output listens to every logit": (
            lambda: {"J": np.diag(_A * (1 - _A))}
        ),
        "this is a row, and the slope of each output by its own logit; there are nine": (
            lambda: {"J": _A * (1 - _A)}
        ),
        "the products a_i a_j are missing": lambda: {"J": np.diag(_A)},
        "this is a_i a_j everywhere; the diagonal has a term more, and the sign is another": (
            lambda: {"J": np.outer(_A, _A)}
        ),
        "off the diagonal it is below 0: what one class gains, the others lose": (
            lambda: {"J": np.diag(_A * (1 - _A)) + np.outer(_A, _A) - np.diag(_A**2)}
        ),
        "on the diagonal a_i is missing: a_i (1 - a_i)": lambda: {"J": -np.outer(_A, _A)},
        "this is the way to move; a gradient points to more loss": lambda: {
            "dz": _TRUE - _A,
            "both": _BOTH - 2 * _A,
        },
        "the true class is compared, the others aren't; they hear of it too": lambda: {
            "dz": (_A - 1) * _TRUE
        },
        "each class is compared with 1; what is the target of the others?": lambda: {"dz": _A - 1},
        "the target is missing": lambda: {"dz": _A},
        "this is da, what cross-entropy hands to the probabilities": lambda: {"dz": -_TRUE / _A},
        "that would need targets that add up to 1; these add up to 2": lambda: {"both": _A - _BOTH},
        "these are halves of the targets; nobody divided them": lambda: {"both": _A - _BOTH / 2},
        "that counts classes; what counts is what the targets add up to": lambda: {"both": 3 * _A - _BOTH},
    },
)


# 3. Whose factor?
def _half(Yhat: Any, Y: Any, rate: Any) -> Any:
    return np.sum((Yhat - Y) ** 2) / 2


def _mean(Yhat: Any, Y: Any, rate: Any) -> Any:
    return np.mean((Yhat - Y) ** 2)


def _rows(Yhat: Any, Y: Any, rate: Any) -> Any:
    return np.mean(np.sum((Yhat - Y) ** 2, axis=1))


def _factors(Yhat: Any, Y: Any, rate: Any) -> tuple[Any, ...]:
    slopes = (by_nudging(loss, "Yhat")(Yhat, Y, rate)[0] for loss in (_half, _mean, _rows))
    return *slopes, rate * Y.size / 2


def _factor_case(seed: int, B: int, n: int, rate: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"Yhat": rng.normal(size=(B, n)).round(1), "Y": rng.normal(size=(B, n)).round(1), "rate": rate}


check_factors = Check(
    _factors,
    returns=["half", "mean", "rows", "other_rate"],
    cases=[_factor_case(1, 1, 3, 0.1), _factor_case(2, 5, 1, 0.5), _factor_case(3, 4, 3, 0.01)],
    mistakes={
        "the half has taken the 2 of the square away": lambda Yhat, Y, rate: {"half": 2 * (Yhat - Y)},
        "nothing is averaged here": lambda Yhat, Y, rate: {"half": (Yhat - Y) / Y.size},
        "the 2 of the square is missing": lambda Yhat, Y, rate: {
            "mean": (Yhat - Y) / Y.size,
            "rows": (Yhat - Y) / len(Y),
        },
        "the mean goes over all entries, and the outputs are left out": lambda Yhat, Y, rate: {
            "mean": 2 * (Yhat - Y) / len(Y)
        },
        "the mean goes over all entries, and the samples are left out": lambda Yhat, Y, rate: {
            "mean": 2 * (Yhat - Y) / Y.shape[1]
        },
        "nothing is divided, and the loss is a mean": lambda Yhat, Y, rate: {
            "mean": 2 * (Yhat - Y),
            "rows": 2 * (Yhat - Y),
        },
        "here the squares of a row are added up; only the rows are averaged": lambda Yhat, Y, rate: {
            "rows": 2 * (Yhat - Y) / Y.size
        },
        "the rows are averaged, not the outputs": lambda Yhat, Y, rate: {"rows": 2 * (Yhat - Y) / Y.shape[1]},
        "this is the same rate, and a mean's gradient is shorter": lambda Yhat, Y, rate: {"other_rate": rate},
        "the wrong way round: a shorter gradient needs the larger rate": lambda Yhat, Y, rate: {
            "other_rate": 2 * rate / Y.size
        },
        "the n is there; of the two losses one has a half, too": lambda Yhat, Y, rate: {
            "other_rate": rate * Y.size
        },
        "that counts the samples; the mean is over entries": lambda Yhat, Y, rate: {
            "other_rate": rate * len(Y) / 2
        },
        "that counts the outputs; the mean is over entries": lambda Yhat, Y, rate: {
            "other_rate": rate * Y.shape[1] / 2
        },
    },
)


# 4. Back through softmax
def _handed_back(dA: Any, A: Any) -> Any:
    """Multiply each row by its Jacobian, formed."""
    return np.stack([(np.diag(a) - np.outer(a, a)) @ da for da, a in zip(dA, A, strict=True)])


def _softmax_case(seed: int, B: int, C: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 10, size=(B, C))
    return {"dA": rng.normal(size=(B, C)).round(1), "A": weights / weights.sum(axis=1, keepdims=True)}


check_softmax_backward = Check(
    _handed_back,
    returns=["dZ"],
    cases=[
        {"dA": np.array([[1.0, -1.0]]), "A": np.array([[0.75, 0.25]])},
        _softmax_case(2, 2, 3),
        _softmax_case(3, 3, 3),
        _softmax_case(4, 4, 2),
    ],
    mistakes={
        "this is the diagonal of the Jacobian only: each output listens to all logits of its row": (
            lambda dA, A: dA * A * (1 - A)
        ),
        "only the first of two terms is there: what a logit does to the others is missing": lambda dA, A: (
            dA * A
        ),
        "only the second of two terms is there": lambda dA, A: -A * (A * dA).sum(axis=1, keepdims=True),
        "the sum is of dA alone; each is weighed by its probability": (
            lambda dA, A: A * (dA - dA.sum(axis=1, keepdims=True))
        ),
        "the mean of dA is weighed, by the probabilities": (
            lambda dA, A: A * (dA - dA.mean(axis=1, keepdims=True))
        ),
        "the sum goes over the samples; softmax knows its own row only": (
            lambda dA, A: A * (dA - (A * dA).sum(axis=0))
        ),
        "the sum goes over all rows; each row has its own": lambda dA, A: A * (dA - (A * dA).sum()),
        "the a in front is missing": lambda dA, A: dA - (A * dA).sum(axis=1, keepdims=True),
        "the sum is there, but once for all: the second term has a factor a of its own": (
            lambda dA, A: A * dA - (A * dA).sum(axis=1, keepdims=True)
        ),
        "plus stands where minus should: one class gains what the others lose": (
            lambda dA, A: A * (dA + (A * dA).sum(axis=1, keepdims=True))
        ),
        "1/B comes with the loss, and is in dA already": lambda dA, A: _handed_back(dA, A) / len(A),
        "it is the gradient of cross-entropy for a target; here dA may be anything": lambda dA, A: A - dA,
        "the Jacobian has been applied twice": lambda dA, A: _handed_back(_handed_back(dA, A), A),
    },
)


# 5. A loss for your engine
def _three(Z: Any, Y: Any) -> tuple[Any, ...]:
    """Return each loss and its gradient: from logits, stable, in extended precision."""
    Z, Y = np.asarray(Z, np.longdouble), np.asarray(Y, np.longdouble)
    A = np.exp(np.minimum(Z, 0)) / (1 + np.exp(-np.abs(Z)))
    binary = np.mean(np.maximum(Z, 0) - Y * Z + np.log1p(np.exp(-np.abs(Z))))
    shifted = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    log_P = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    parts: tuple[Any, ...] = np.mean((Z - Y) ** 2), 2 * (Z - Y) / Y.size, binary, (A - Y) / Y.size
    parts += -np.sum(Y * log_P) / len(Y), (P * Y.sum(axis=1, keepdims=True) - Y) / len(Y)
    return tuple(np.asarray(part, float) for part in parts)


_LOSSES = ["squared", "d_squared", "binary", "d_binary", "classes", "d_classes"]


def _scaled(which: str, factor: Callable[[Any], float]) -> Callable[[Any, Any], dict[str, Any]]:
    """Return the mistake of one result being off by a factor, which is made of Y."""
    return lambda Z, Y: {which: _three(Z, Y)[_LOSSES.index(which)] * factor(Y)}


def _over_samples(Z: Any, Y: Any) -> dict[str, Any]:
    P = fn.softmax(Z, axis=0)[0]
    return {"d_classes": (P * Y.sum(axis=1, keepdims=True) - Y) / len(Y)}


check_losses = Check(
    _three,
    returns=_LOSSES,
    cases=[
        {"Z": np.array([[1.0, -1.0]]), "Y": np.array([[0.0, 1.0]])},
        {
            "Z": np.array([[2.0, 0.5, -1.0], [0.0, 1.5, 1.0]]),
            "Y": np.array([[0.0, 1.0, 0.0], [0.2, 0.2, 0.6]]),
        },
        {
            "Z": np.array([[1.0, 0.0, 0.5], [0.5, -2.0, 1.0]]),
            "Y": np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]),
        },
        {"Z": np.array([[800.0, 0.0], [-800.0, 40.0]]), "Y": np.array([[0.0, 1.0], [1.0, 0.0]])},
    ],
    mistakes={
        "the squares are added up; their mean is asked for": _scaled("squared", lambda Y: Y.size),
        "half of the mean: here nothing halves": _scaled("squared", lambda Y: 0.5),
        "the mean goes over all entries, and the outputs are left out": _scaled(
            "squared", lambda Y: float(Y.shape[1])
        ),
        "the 2 of the square is missing": _scaled("d_squared", lambda Y: 0.5),
        "n counts all entries, not the rows": _scaled("d_squared", lambda Y: float(Y.shape[1])),
        "the loss is a mean, and its gradient is that of a sum": lambda Z, Y: (
            _scaled("d_squared", lambda Y: Y.size)(Z, Y)
            | _scaled("d_binary", lambda Y: Y.size)(Z, Y)
            | _scaled("d_classes", lambda Y: len(Y))(Z, Y)
        ),
        "there is a sigmoid in it; the squared error takes Z as it is": lambda Z, Y: {
            "squared": np.mean((fn.sigmoid(Z)[0] - Y) ** 2)
        },
        "it is added up; the mean over all entries is asked for": _scaled("binary", lambda Y: Y.size),
        "the mean goes over the rows only; here each entry is a question of its own": _scaled(
            "binary", lambda Y: float(Y.shape[1])
        ),
        "the sigmoid's slope is still in it; cross-entropy has cancelled it": lambda Z, Y: {
            "d_binary": (fn.sigmoid(Z)[0] - Y)
            * fn.sigmoid_backward(np.ones_like(Z), fn.sigmoid(Z)[1])[0]
            / Y.size
        },
        "the division counts the rows only; here each entry is a question of its own": _scaled(
            "d_binary", lambda Y: float(Y.shape[1])
        ),
        "the sigmoid is missing: Z is compared with the targets": lambda Z, Y: {"d_binary": (Z - Y) / Y.size},
        "the rows are added up; their mean is asked for": _scaled("classes", lambda Y: len(Y)),
        "it is divided by the classes as well; a row is one question": lambda Z, Y: (
            _scaled("classes", lambda Y: 1 / Y.shape[1])(Z, Y)
            | _scaled("d_classes", lambda Y: 1 / Y.shape[1])(Z, Y)
        ),
        "that is right if the targets of a row add up to 1; in one case they don't": lambda Z, Y: {
            "d_classes": (fn.softmax(Z)[0] - Y) / len(Y)
        },
        "the softmax runs down the columns; a row is one distribution": _over_samples,
        "each logit has a sigmoid of its own; here they share one softmax": lambda Z, Y: {
            "d_classes": (fn.sigmoid(Z)[0] - Y) / len(Y)
        },
        "probabilities are clipped: where the answer is sure and wrong, the loss is cut off": lambda Z, Y: {
            "classes": -np.sum(Y * np.log(np.clip(fn.softmax(Z)[0], 1e-7, 1))) / len(Y),
            "binary": np.mean(
                -Y * np.log(np.clip(fn.sigmoid(Z)[0], 1e-7, 1 - 1e-7))
                - (1 - Y) * np.log(1 - np.clip(fn.sigmoid(Z)[0], 1e-7, 1 - 1e-7))
            ),
        },
    },
)


# 6. Spot the bugs
check_named = Check(
    lambda: (4, 1, 6, 2, 7),
    returns=["a", "b", "c", "d", "e"],
    cases=[{}],
    mistakes={
        "the sign is right, or the loss would not fall": lambda: {"a": 3, "b": 3, "c": 3, "d": 3, "e": 3},
        "the softmax is right; follow what comes after it": lambda: {"a": 1},
        "A is what it should be; which slope does the last line take?": lambda: {"a": 7},
        "it divides by the rows, as it should; along which axis does it add?": lambda: {"b": 6, "d": 6},
        "the powers are right; which of them are added up?": lambda: {"b": 4},
        "the batch is in it; count what else is": lambda: {"c": 5},
        "it does divide; by how many?": lambda: {"c": 8},
        "the logits are shifted, nothing overflows; what is A where it is nearly 0 or 1?": lambda: {"d": 7},
        "the target is compared with every class; where is dZ exactly 0?": lambda: {"d": 4},
        "nothing is clipped; try it with a logit of 800": lambda: {"e": 2},
        "on paper this one is right; what does it do with a logit of 800?": lambda: {"e": 1},
        # What remains: a number twice another is no factor.
        "its softmax runs along the rows, as it should": lambda: {"c": 1, "d": 1},
        "there is no clip in it": lambda: {"a": 2, "b": 2, "c": 2},
        "it compares with the target in every class": lambda: {"c": 4, "e": 4},
        "its mean counts the samples, as it should": lambda: {"a": 5, "b": 5, "d": 5, "e": 5},
        "it divides by the rows alone, as it should": lambda: {"a": 6, "e": 6},
        "its largest logit is taken out, and no power is above 1": lambda: {"b": 7, "c": 7},
        "a Jacobian is in it once, not twice": lambda: {"a": 8},
        "no Jacobian is multiplied in it: it compares right behind the softmax": lambda: {
            "b": 8,
            "d": 8,
            "e": 8,
        },
        "the list goes from 1 to 8": lambda: {"c": 12, "e": 14},
    },
)


def _overflowing(Z: Any, Y: Any) -> Any:
    with np.errstate(all="ignore"):
        e = np.exp(Z)
        return (e / e.sum(axis=1, keepdims=True) - Y) / len(Y)


def _clipped_delta(Z: Any, Y: Any) -> Any:
    A = fn.softmax(Z)[0]
    return np.where((A > 0.01) & (A < 0.99), A - Y, 0) / len(Y)


def _classes(seed: int, B: int, C: int, spread: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    Y = np.eye(C)[rng.integers(C, size=B)]
    return {"Z": (spread * rng.normal(size=(B, C))).round(1), "Y": Y}


def _right_delta(Z: Any, Y: Any) -> Any:
    return (fn.softmax(Z)[0] - Y) / len(Y)


check_repaired = Check(
    _right_delta,
    returns=["dZ"],
    cases=[
        {"Z": np.array([[0.0, 0.0]]), "Y": np.array([[1.0, 0.0]])},
        _classes(1, 2, 3, 1.0),
        _classes(2, 4, 3, 2.0),
        {
            "Z": np.array([[800.0, 0.0, -800.0], [1.0, 3.0, 2.0]]),
            "Y": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        },
    ],
    mistakes={
        "this is still what the first of the five does": lambda Z, Y: (fn.softmax(Z)[0] - Y) * Y / len(Y),
        "this is still what the second of the five does": lambda Z, Y: (
            (fn.softmax(Z, axis=0)[0] - Y) / len(Y)
        ),
        "this is still what the third of the five does": lambda Z, Y: (fn.softmax(Z)[0] - Y) / Y.size,
        "this is still what the fourth of the five does": _clipped_delta,
        "the batch is left out: the loss is a mean over the rows": lambda Z, Y: fn.softmax(Z)[0] - Y,
        "the target is missing": lambda Z, Y: fn.softmax(Z)[0] / len(Y),
        "each logit has a sigmoid of its own; here they share one softmax": lambda Z, Y: (
            (fn.sigmoid(Z)[0] - Y) / len(Y)
        ),
        "softmax's Jacobian is taken once more; a - y has it in already": lambda Z, Y: (
            _handed_back(fn.softmax(Z)[0] - Y, fn.softmax(Z)[0]) / len(Y)
        ),
    },
)


# 7. What the clip has done
def _clip_pass(z: Any, y: Any, eps: Any) -> tuple[Any, ...]:
    yhat = fn.sigmoid(z)[0]
    p = np.clip(yhat, eps, 1 - eps)
    inside = (yhat > eps) & (yhat < 1 - eps)
    loss = -y * np.log(p) - (1 - y) * np.log(1 - p)
    return loss, np.where(inside, yhat - y, 0.0), yhat - y, np.log((1 - eps) / eps)


_Z = np.array([-30.0, -6.0, -1.0, 0.5, 3.0, 40.0])

check_clip = Check(
    _clip_pass,
    returns=["loss", "dz", "wanted", "deaf"],
    cases=[
        {"z": np.array([40.0]), "y": np.array([0.0]), "eps": 0.01},
        {"z": _Z, "y": np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0]), "eps": 0.01},
        {"z": _Z, "y": np.array([0.0, 1.0, 0.0, 0.25, 1.0, 1.0]), "eps": 0.2},
    ],
    mistakes={
        "nothing is clipped in it": lambda z, y, eps: {"loss": np.logaddexp(0, z) - y * z},
        "the sum is clipped; what is clipped is the probability": lambda z, y, eps: {
            "loss": np.logaddexp(0, np.clip(z, eps, 1 - eps)) - y * np.clip(z, eps, 1 - eps)
        },
        "that is the mean; each sample has its own": lambda z, y, eps: {
            "loss": _clip_pass(z, y, eps)[0].mean()
        },
        "the clip has a slope too, and it is not always 1": lambda z, y, eps: {"dz": fn.sigmoid(z)[0] - y},
        "the clipped probability is compared, as if the clip were not there on the way back": (
            lambda z, y, eps: {"dz": np.clip(fn.sigmoid(z)[0], eps, 1 - eps) - y}
        ),
        "the clip's slope is the other way round: 1 inside, 0 outside": lambda z, y, eps: {
            "dz": fn.sigmoid(z)[0] - y - _clip_pass(z, y, eps)[1]
        },
        "this is the gradient of the clipped probability; the sigmoid's slope is missing": lambda z, y, eps: {
            "dz": np.where(
                _clip_pass(z, y, eps)[1] != 0,
                (fn.sigmoid(z)[0] - y) / (fn.sigmoid(z)[0] * fn.sigmoid(-z)[0]),
                0,
            )
        },
        "logarithm and sigmoid are in it; the clip between them has a slope too": lambda z, y, eps: {
            "dz": (np.clip(fn.sigmoid(z)[0], eps, 1 - eps) - y)
            / (np.clip(fn.sigmoid(z)[0], eps, 1 - eps) * (1 - np.clip(fn.sigmoid(z)[0], eps, 1 - eps)))
            * (fn.sigmoid(z)[0] * fn.sigmoid(-z)[0])
        },
        "only the upper end is looked at; a clip has two": lambda z, y, eps: {
            "dz": np.where(fn.sigmoid(z)[0] < 1 - eps, fn.sigmoid(z)[0] - y, 0)
        },
        "the sign is that of the way to move": lambda z, y, eps: {
            "dz": -_clip_pass(z, y, eps)[1],
            "wanted": y - fn.sigmoid(z)[0],
        },
        "wanted is what you would hear without a clip": lambda z, y, eps: {
            "wanted": np.clip(fn.sigmoid(z)[0], eps, 1 - eps) - y
        },
        "this is the lower end; with target 0, sure and wrong is the upper one": lambda z, y, eps: {
            "deaf": np.log(eps / (1 - eps))
        },
        "1 - eps stands above eps in the fraction; for small eps it is nearly this": lambda z, y, eps: {
            "deaf": -np.log(eps)
        },
        "this is the probability; which sum has it?": lambda z, y, eps: {"deaf": 1 - eps},
        "this is the sigmoid of the probability; what you need undoes a sigmoid": lambda z, y, eps: {
            "deaf": fn.sigmoid(np.array(1 - eps))[0]
        },
    },
)


# 8. Bends of your own
def _dips(dout: Any, z: Any, alpha: Any) -> Any:
    return np.sum(dout * z * fn.sigmoid(z)[0])


def _elus(dout: Any, z: Any, alpha: Any) -> Any:
    return np.sum(dout * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))))


def _gelus(dout: Any, z: Any, alpha: Any) -> Any:
    return np.sum(dout * fn.gelu(z)[0])


def _three_bends(dout: Any, z: Any, alpha: Any) -> tuple[Any, ...]:
    return tuple(by_nudging(loss, "z")(dout, z, alpha)[0] for loss in (_dips, _elus, _gelus))


def _right_bends(dout: Any, z: Any, alpha: Any) -> tuple[Any, ...]:
    """Return the same by formula, for mistakes to be made of."""
    a, slope = fn.sigmoid(z)[0], fn.sigmoid(z)[0] * fn.sigmoid(-z)[0]
    phi, below = np.exp(-z * z / 2) / np.sqrt(2 * np.pi), fn.gelu(z)[0] / z
    return a, slope, phi, below


check_bends = Check(
    _three_bends,
    returns=["silu", "elu", "gelu"],
    cases=[
        {"dout": np.array([2.0]), "z": np.array([1.0]), "alpha": 0.5},
        {"dout": np.array([1.0, -2.0]), "z": np.array([-1.0, 0.5]), "alpha": 2.0},
        {
            "dout": np.array([[0.5, -1.0], [3.0, 1.0]]),
            "z": np.array([[-3.0, -0.5], [2.0, -1.5]]),
            "alpha": 1.5,
        },
        {"dout": np.array([1.0, 2.0, -1.0]), "z": np.array([800.0, -800.0, 0.5]), "alpha": 0.5},
    ],
    mistakes={
        "the product rule has two terms; what changes when the sigmoid does?": lambda dout, z, alpha: {
            "silu": dout * _right_bends(dout, z, alpha)[0]
        },
        "the product rule has two terms; the z in front changes too": lambda dout, z, alpha: {
            "silu": dout * z * _right_bends(dout, z, alpha)[1]
        },
        "the second term needs its factor z": lambda dout, z, alpha: {
            "silu": dout * sum(_right_bends(dout, z, alpha)[:2])
        },
        "dout is missing: these are the slopes alone": lambda dout, z, alpha: tuple(
            part / dout for part in _three_bends(dout, z, alpha)
        ),
        "this is what comes out, times dout; what is its slope?": lambda dout, z, alpha: {
            "silu": dout * z * _right_bends(dout, z, alpha)[0],
            "elu": dout * fn.elu(z, alpha=alpha)[0],
            "gelu": dout * fn.gelu(z)[0],
        },
        "alpha is missing": lambda dout, z, alpha: {"elu": dout * np.exp(np.minimum(z, 0))},
        "alpha belongs to the left side only": lambda dout, z, alpha: {
            "elu": dout * alpha * np.exp(np.minimum(z, 0))
        },
        "this is a + 1, right for alpha = 1 only": lambda dout, z, alpha: {
            "elu": dout * np.where(z > 0, 1, fn.elu(z, alpha=alpha)[0] + 1)
        },
        "below 0 this is what comes out; the 1 is a constant": lambda dout, z, alpha: {
            "elu": dout * np.where(z > 0, 1, alpha * np.expm1(np.minimum(z, 0)))
        },
        "below 0 it is level here; the curve goes on falling": lambda dout, z, alpha: {
            "elu": dout * np.where(z > 0, 1, 0)
        },
        "below 0 it is a straight line of slope alpha here": lambda dout, z, alpha: {
            "elu": dout * np.where(z > 0, 1, alpha)
        },
        "two terms: the chance changes with z, too": lambda dout, z, alpha: {
            "gelu": dout * _right_bends(dout, z, alpha)[3]
        },
        "two terms: the z in front of the chance changes, too": lambda dout, z, alpha: {
            "gelu": dout * z * _right_bends(dout, z, alpha)[2]
        },
        "the height of the bell needs its factor z": lambda dout, z, alpha: {
            "gelu": dout * (_right_bends(dout, z, alpha)[3] + _right_bends(dout, z, alpha)[2])
        },
        "the slope of the chance is the height of the bell, not the bell's slope": lambda dout, z, alpha: {
            "gelu": dout * (_right_bends(dout, z, alpha)[3] - z * z * _right_bends(dout, z, alpha)[2])
        },
    },
)
