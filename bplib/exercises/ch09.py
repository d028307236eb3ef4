"""Checks for the exercises of chapter 9, "Coupled and shared layers".

What is right is measured by nudging a forward that is written as plainly as it can be, or counted in what a
pair of the library hands back. The cases have more than one sample, channel, window or key, and shapes whose
axes all differ: where they don't, wrong sums, turned kernels and exchanged axes hide.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib import functional as fn
from bplib.checks import Check, by_nudging, instead

Function = Callable[..., Any]
Stations = SimpleNamespace  # what a right answer computes on its way, by name


# 1. Who hears whom
def _touched(pair: str, *args: Any, at: Any, which: int = 0, **options: Any) -> int:
    """Count the entries of a gradient that one entry of dout reaches."""
    out, cache = getattr(fn, pair)(*args, **options)
    dout = np.zeros(out.shape)
    dout[at] = 1.0
    return int(np.count_nonzero(getattr(fn, f"{pair}_backward")(dout, cache)[which]))


def _heard() -> tuple[int, ...]:
    rng = np.random.default_rng(0)
    X, image = rng.normal(size=(4, 6)), rng.normal(size=(1, 1, 6, 6))
    x, K = rng.normal(size=(2, 3, 10)), rng.normal(size=(5, 3, 4))
    words = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    statistics: dict[str, Any] = {"running_mean": np.zeros(6), "running_var": np.ones(6)}
    # How many entries of dout arrive at one of a kernel is counted one after the other.
    arrive = [_touched("conv1d", x, K, at=at, which=1) > 0 for at in np.ndindex(2, 1, 7)]
    return (
        _touched("softmax", X, at=(1, 2)),
        _touched("layer_norm", X, np.ones(6), np.zeros(6), at=(1, 2)),
        _touched("batch_norm", X, np.ones(6), np.zeros(6), at=(1, 2)),
        _touched("batch_norm", X, np.ones(6), np.zeros(6), at=(1, 2), train=False, **statistics),
        _touched("conv1d", x, K, at=(1, 2, 3)),
        sum(arrive),
        _touched("max_pool2d", image, at=(0, 0, 1, 1), kernel_size=2),
        *(_touched("attention", *words, at=(1, 1), which=k) for k in range(3)),
    )


check_heard = Check(
    _heard,
    returns=[
        "softmax",
        "layer_norm",
        "batch_norm",
        "evaluation",
        "conv",
        "kernel",
        "largest",
        "dq",
        "dk",
        "dv",
    ],
    cases=[{}],
    mistakes={
        "every probability of a row has all logits of the row in its denominator": lambda: {"softmax": 1},
        "each row is taken by itself; no other sample is heard": lambda: {"softmax": 24, "layer_norm": 24},
        "this counts samples; softmax and layer norm go along the features of one": (
            lambda: {"softmax": 4, "layer_norm": 4}
        ),
        "an entry goes into the mean and the deviation that all its neighbours are normalised with": (
            lambda: {"layer_norm": 1, "batch_norm": 1}
        ),
        "this counts features; batch norm takes the mean of one feature over the samples": (
            lambda: {"batch_norm": 6, "evaluation": 6}
        ),
        "each feature is taken by itself; the others are not heard": (
            lambda: {"batch_norm": 24, "evaluation": 24}
        ),
        "in evaluation mean and deviation are numbers kept from training: no sample goes into them": (
            lambda: {"evaluation": 4}
        ),
        "in evaluation the output still moves with its input": lambda: {"evaluation": 0},
        "this is one channel; an output adds up what the window holds in all that come in": (
            lambda: {"conv": 4}
        ),
        "this is one place of the window; it is as wide as the kernel": lambda: {"conv": 3},
        "an output is a weighed sum of everything in its window": lambda: {"conv": 1},
        "that goes over output channels; one entry of dout belongs to one of them": (
            lambda: {"conv": 20, "kernel": 70}
        ),
        "that goes over all kernels; one entry of dout comes from one of them": lambda: {"conv": 60},
        "this is one sample; the kernel is shared by all": lambda: {"kernel": 7},
        "this counts places of x; how many places does the kernel stop at?": (lambda: {"kernel": 20}),
        "this is the whole sequence; an output has read one window of it": lambda: {"conv": 30},
        "this counts both samples; an output has read one of them": lambda: {"conv": 24},
        "one number of a kernel meets one of the channels that come in; there is no sum over them": (
            lambda: {"kernel": 42}
        ),
        "that is one place of one sample; the same number is used again at the next place": (
            lambda: {"kernel": 1}
        ),
        "that is one place in each sample; the kernel stops at more than one": lambda: {"kernel": 2},
        "this is the size of a kernel; how often is one number of it used?": (
            lambda: {"kernel": 12, "largest": 12}
        ),
        "a small step of those that lost changes nothing; so who is heard?": lambda: {"largest": 4},
        "a step of the winner moves the output": lambda: {"largest": 0},
        "the winner is one in each window, and this dout belongs to one window": lambda: {"largest": 9},
        "a word's query is three numbers, and all of them go into its scores": lambda: {"dq": 1},
        "a row of the output has one query; the other words' queries are not in it": lambda: {"dq": 15},
        "this counts words; a row of the output has one query": lambda: {"dq": 5},
        "through the softmax one output hears of every word's key": lambda: {"dk": 3},
        "this counts words; a key has more than one number": lambda: {"dk": 5},
        "this is one number of one key; every key goes into the weights": lambda: {"dk": 1},
        "one column of the output is made of one column of the values": lambda: {"dv": 10},
        "an output is a mean of all words' values, with weights above 0": lambda: {"dv": 1},
        "this is the width of a value; one column of the output is made of one column of the values": (
            lambda: {"dv": 2}
        ),
        "this is the width of a key; values are another array": lambda: {"dv": 3},
    },
)


# 2. A convolution by hand
def _slide(x: Any, K: Any, stride: int = 1, padding: int = 0) -> Any:
    """Cross-correlate two rows of numbers."""
    padded = np.pad(x, padding)
    return np.array([padded[t : t + len(K)] @ K for t in range(0, len(padded) - len(K) + 1, stride)])


def _row_loss(x: Any, K: Any, b: Any, dout: Any, stride: int, padding: int) -> Any:
    return np.sum(dout * (_slide(x, K, stride, padding) + b))


_X, _K, _B, _DOUT = np.array([2.0, 3, -1, 1]), np.array([2.0, 1, -1]), 2.0, np.array([1.0, -1, 2, 1])
_XP = np.pad(_X, 1)
_BY_HAND = (_slide(_X, _K, 1, 1) + _B, *by_nudging(_row_loss, "x", "K", "b")(_X, _K, _B, _DOUT, 1, 1))

check_slid = Check(
    lambda: _BY_HAND,
    returns=["y", "dX", "dK", "db"],
    cases=[{}],
    mistakes={
        "b is missing in it": lambda: {"y": _BY_HAND[0] - _B},
        "here the kernel was turned round; in this book, as in the frameworks, it slides as it stands": (
            lambda: {"y": _slide(_X, _K[::-1], 1, 1) + _B}
        ),
        "here the kernel was turned round, and b is missing": lambda: {"y": _slide(_X, _K[::-1], 1, 1)},
        "nothing was padded": lambda: {"y": _slide(_X, _K) + _B},
        "nothing was padded, and b is missing": lambda: {"y": _slide(_X, _K)},
        "both zeros stand on one side": lambda: {"y": _slide(np.pad(_X, (0, 2)), _K) + _B},
        "this lays K over dout as it stands; as t rises, the index of K over an entry falls": lambda: {
            "dX": _slide(_DOUT, _K, 1, 1)
        },
        "the zeros at the ends are no entries of x; leave theirs out": (
            lambda: {"dX": np.convolve(_DOUT, _K)}
        ),
        "the last window to hand an entry something overwrites the others; they add up": (
            lambda: {"dX": np.array([-2.0, 4.0, 2.0, 1.0])}
        ),
        "each entry has only what the middle of the kernel hands it; its neighbours' windows hold it too": (
            lambda: {"dX": _DOUT * _K[1]}
        ),
        "its three numbers stand in the reverse order": lambda: {"dK": _BY_HAND[2][::-1]},
        "x was taken without its zeros, and so dout stands beside the wrong entries": lambda: {
            "dK": np.array([_DOUT[:4] @ _X, _DOUT[:3] @ _X[1:], _DOUT[:2] @ _X[2:]]),
        },
        "these are the entries of a single window; all four add up": (lambda: {"dK": _DOUT[0] * _XP[0:3]}),
        "this is a mean over the places; each adds its part": lambda: {
            "dK": _BY_HAND[2] / 4,
            "db": _DOUT.mean(),
        },
        "b is added at four places, and each hands back its own dout, not a 1": lambda: {"db": 4.0},
        "b is added to all four; their parts add up": lambda: {"db": 1.0},
        "these are the parts; b is one number, and they add up": lambda: {"db": _DOUT},
    },
)

_LONG, _PAIR = np.array([1.0, 2, -1, 3, 1, 2]), np.array([1.0, -2])
_STRIDED = by_nudging(_row_loss, "x")(_LONG, _K, 0.0, _PAIR, 2, 0)[0]

check_strided = Check(
    lambda: (_STRIDED, (8, 16, 15, 15), (8, 3, 28, 28), (16, 3, 7, 7)),
    returns=["dX", "out_shape", "dX_shape", "dK_shape"],
    cases=[{}],
    mistakes={
        "the windows begin one place apart here; with this stride it is two": (
            lambda: {"dX": np.convolve(np.append(_PAIR, [0.0, 0.0]), _K)}
        ),
        "the entry that nobody reads is an entry of x all the same": lambda: {"dX": _STRIDED[:5]},
        "one entry lies in both windows; the second overwrites there what the first has brought": (
            lambda: {"dX": np.array([2.0, 1.0, -4.0, -2.0, 2.0, 0.0])}
        ),
        "one entry lies in both windows; what the second brings is missing there": (
            lambda: {"dX": np.array([2.0, 1.0, -1.0, -2.0, 2.0, 0.0])}
        ),
        "here the kernel was turned round before it was handed out": (
            lambda: {"dX": np.array([-1.0, 1.0, 4.0, -2.0, -4.0, 0.0])}
        ),
        "the zeros of one side are counted; there are two": lambda: {"out_shape": (8, 16, 13, 13)},
        "the zeros are not counted": lambda: {"out_shape": (8, 16, 11, 11)},
        "the stride is not counted": lambda: {"out_shape": (8, 16, 30, 30)},
        "the window at the beginning counts too": lambda: {"out_shape": (8, 16, 14, 14)},
        "the last window would stick out; it is not taken": lambda: {"out_shape": (8, 16, 16, 16)},
        "as many channels come out as there are kernels": lambda: {"out_shape": (8, 3, 15, 15)},
        "channels stand in the second place, as they do in X": lambda: {
            "out_shape": (8, 15, 15, 16),
            "dX_shape": (8, 28, 28, 3),
        },
        "here the padding's zeros have gradients as well": lambda: {"dX_shape": (8, 3, 36, 36)},
        "this is the shape of what came out; a gradient has the shape of what it belongs to": lambda: {
            "dX_shape": (8, 16, 15, 15),
            "dK_shape": (8, 16, 15, 15),
        },
        "this is the shape of X; a gradient has the shape of what it belongs to": (
            lambda: {"dK_shape": (8, 3, 28, 28)}
        ),
        "the kernel is shared by all samples, and so is its gradient": lambda: {"dK_shape": (8, 16, 3, 7, 7)},
        "the kernel looks at every channel that comes in": lambda: {"dK_shape": (16, 7, 7)},
        "in K the channels that come out stand first": lambda: {"dK_shape": (3, 16, 7, 7)},
    },
)


# 3. Layer norm from nothing
def _mean(a: Any, axis: int = 1) -> Any:
    return a.mean(axis=axis, keepdims=True)


def _normal(X: Any, eps: Any, axis: int = 1) -> tuple[Any, Any]:
    """Return what is normalised along an axis, and 1 over the deviation."""
    inverse_std = 1 / np.sqrt(X.var(axis=axis, keepdims=True) + eps)
    return (X - _mean(X, axis)) * inverse_std, inverse_std


def _layer_loss(X: Any, gamma: Any, beta: Any, eps: Any, dout: Any) -> Any:
    return np.sum(dout * (gamma * _normal(X, eps)[0] + beta))


def _layer(X: Any, gamma: Any, beta: Any, eps: Any, dout: Any) -> tuple[Any, ...]:
    measured = by_nudging(_layer_loss, "X", "gamma", "beta")(X, gamma, beta, eps, dout)
    return gamma * _normal(X, eps)[0] + beta, *measured


def _layered(X: Any, gamma: Any, beta: Any, eps: Any, dout: Any) -> Stations:
    xhat, r = _normal(X, eps)
    return Stations(X=X, gamma=gamma, beta=beta, eps=eps, dout=dout, xhat=xhat, r=r, g=dout * gamma)


def _out(xhat: Callable[[Stations], Any]) -> Function:
    """Return the mistake of normalising otherwise."""
    return instead(_layered, out=lambda s: s.gamma * xhat(s) + s.beta)


def _batch_case(seed: int, B: int, n: int, **options: Any) -> dict[str, Any]:
    """Draw a batch, what scales and shifts its columns, and what comes back."""
    rng = np.random.default_rng(seed)
    case = {"X": rng.normal(size=(B, n)), "gamma": rng.normal(1, 1, size=n), "beta": rng.normal(size=n)}
    case = {name: array.round(1) for name, array in case.items()}
    return {**case, **options, "dout": rng.normal(size=(B, n)).round(1)}


check_layer_norm = Check(
    _layer,
    returns=["out", "dX", "dgamma", "dbeta"],
    cases=[
        {
            "X": np.array([[1.0, 2.0, 6.0]]),
            "gamma": np.array([1.0, 2.0, -1.0]),
            "beta": np.array([0.0, 1.0, 0.5]),
            "eps": 0.5,
            "dout": np.array([[1.0, 0.0, 2.0]]),
        },
        _batch_case(1, 2, 4, eps=1e-5),
        _batch_case(2, 4, 3, eps=0.1),
    ],
    mistakes={
        "mean and variance were taken over the samples; layer norm takes them in each row": _out(
            lambda s: _normal(s.X, s.eps, axis=0)[0]
        ),
        "mean and variance were taken over the whole batch; each row has its own": _out(
            lambda s: (s.X - s.X.mean()) / np.sqrt(s.X.var() + s.eps)
        ),
        "eps is missing": _out(lambda s: _normal(s.X, 0.0)[0]),
        "eps was added to the deviation; it belongs to the variance, under the root": _out(
            lambda s: (s.X - _mean(s.X)) / (s.X.std(axis=1, keepdims=True) + s.eps)
        ),
        "it was divided by the variance; its root is missing": _out(
            lambda s: (s.X - _mean(s.X)) / (s.X.var(axis=1, keepdims=True) + s.eps)
        ),
        "nothing was divided by the deviation": _out(lambda s: s.X - _mean(s.X)),
        "the mean was not taken away": _out(lambda s: s.X * s.r),
        "the variance was divided by n - 1; here it is a mean over all n": _out(
            lambda s: (s.X - _mean(s.X)) / np.sqrt(s.X.var(axis=1, ddof=1, keepdims=True) + s.eps)
        ),
        "this is xhat; gamma and beta are missing": instead(_layered, out=lambda s: s.xhat),
        "beta is missing": instead(_layered, out=lambda s: s.gamma * s.xhat),
        "mean and deviation were taken as constants: x goes into both": instead(
            _layered, dX=lambda s: s.r * s.g
        ),
        "the way through the deviation is missing: the term with xhat": instead(
            _layered, dX=lambda s: s.r * (s.g - _mean(s.g))
        ),
        "the way through the mean is missing": instead(
            _layered, dX=lambda s: s.r * (s.g - s.xhat * _mean(s.g * s.xhat))
        ),
        "gamma stands outside the means; only where all gammas are alike is that the same": instead(
            _layered,
            dX=lambda s: s.gamma * s.r * (s.dout - _mean(s.dout) - s.xhat * _mean(s.dout * s.xhat)),
        ),
        "gamma is missing": instead(
            _layered, dX=lambda s: s.r * (s.dout - _mean(s.dout) - s.xhat * _mean(s.dout * s.xhat))
        ),
        "gamma is in the first term only; both means are of what reaches xhat": instead(
            _layered, dX=lambda s: s.r * (s.g - _mean(s.dout) - s.xhat * _mean(s.dout * s.xhat))
        ),
        "the division by the deviation is missing": instead(
            _layered, dX=lambda s: s.g - _mean(s.g) - s.xhat * _mean(s.g * s.xhat)
        ),
        "sums stand where means should": instead(
            _layered,
            dX=lambda s: s.r * (s.g - s.g.shape[1] * (_mean(s.g) + s.xhat * _mean(s.g * s.xhat))),
        ),
        "the means go over the samples; layer norm takes them in each row": instead(
            _layered, dX=lambda s: s.r * (s.g - _mean(s.g, 0) - s.xhat * _mean(s.g * s.xhat, 0))
        ),
        "in the last term the mean is of g alone; it is of g times xhat": instead(
            _layered, dX=lambda s: s.r * (s.g - _mean(s.g) - s.xhat * _mean(s.g))
        ),
        "in the last term the mean has xhat in it, and the factor xhat before it is missing": instead(
            _layered, dX=lambda s: s.r * (s.g - _mean(s.g) - _mean(s.g * s.xhat))
        ),
        "both terms are added; mean and deviation take away": instead(
            _layered, dX=lambda s: s.r * (s.g + _mean(s.g) + s.xhat * _mean(s.g * s.xhat))
        ),
        "X stands where xhat should": instead(
            _layered,
            dX=lambda s: s.r * (s.g - _mean(s.g) - s.X * _mean(s.g * s.X)),
            dgamma=lambda s: (s.dout * s.X).sum(axis=0),
        ),
        "out stands where xhat should": instead(
            _layered, dgamma=lambda s: (s.dout * (s.gamma * s.xhat + s.beta)).sum(axis=0)
        ),
        "each sample keeps its own; all share one gamma and one beta, so add up": instead(
            _layered, dgamma=lambda s: s.dout * s.xhat, dbeta=lambda s: s.dout
        ),
        "it is a mean over the samples; they add up, and a 1/B of the loss is in dout already": instead(
            _layered,
            dgamma=lambda s: (s.dout * s.xhat).mean(axis=0),
            dbeta=lambda s: s.dout.mean(axis=0),
        ),
        "it is added up along the features; each feature has its own": instead(
            _layered,
            dgamma=lambda s: (s.dout * s.xhat).sum(axis=1),
            dbeta=lambda s: s.dout.sum(axis=1),
        ),
        "gamma is in it; beta is added after gamma": instead(_layered, dbeta=lambda s: s.g.sum(axis=0)),
        "gamma is in it; the slope of gamma xhat with respect to gamma is xhat": instead(
            _layered, dgamma=lambda s: (s.g * s.xhat).sum(axis=0)
        ),
    },
)


# 4. Spot the bugs
check_named = Check(
    lambda: (2, 4, 6, 1, 3),
    returns=["a", "b", "c", "d", "e"],
    cases=[{}],
    mistakes={
        "it takes no maximum": lambda: {"a": 1, "b": 1, "c": 1, "e": 1},
        "there is no gamma in it": lambda: {"b": 2, "d": 2, "e": 2},
        "down a column gamma is the same number: it may stand inside a mean or before it": lambda: {"c": 2},
        "gamma and the division by the deviation are both there": lambda: {"a": 3, "c": 3},
        "its forward divides by nothing": lambda: {"b": 3, "d": 3},
        "no entry of its dX is written twice": lambda: {"a": 4, "c": 4, "d": 4, "e": 4},
        "there is no kernel in it": lambda: {"a": 5, "c": 5, "d": 5, "e": 5},
        "each window gets the kernel as it met it, and so it should; what if two windows meet?": (
            lambda: {"b": 5}
        ),
        "both of its means are there; of what are they?": lambda: {"a": 6},
        "it has no mean and no deviation": lambda: {"b": 6, "d": 6, "e": 6},
        "its means go along a row, as those of its forward did": lambda: {"a": 7},
        "there is no sum in it": lambda: {"b": 7, "c": 7, "d": 7},
        "its softmax goes along the keys, and so does the sum": lambda: {"e": 7},
        "the list goes from 1 to 7": lambda: {"b": 8, "c": 12},
    },
)

check_gammas = Check(
    lambda: (1, 2, 3),
    returns=["first", "second", "third"],
    cases=[{}],
    mistakes={
        "this one passes on the row (1, 1, 4, 4, 1), and fails on others; ask what all rows have in common": (
            lambda: {"first": 2}
        ),
        "this one fails, and not on one row only; may gamma be moved out of a mean?": lambda: {"first": 3},
        "a gamma of ones, or with a 0 in it, is not asked for": lambda: {
            "first": 4,
            "second": 4,
            "third": 4,
        },
        "this one passes on every row; it should fail on some": lambda: {"second": 1, "third": 1},
        "this one fails on the row (1, 1, 4, 4, 1) as well; which entries of that row are alike?": (
            lambda: {"second": 3}
        ),
        "this one passes on the row (1, 1, 4, 4, 1); it should fail there too": lambda: {"third": 2},
        "give it five numbers": lambda: {"first": 5, "second": 5, "third": 5},
    },
)


def _projected(dout: Any, xhat: Any, inverse_std: Any, gamma: Any) -> Any:
    """Multiply each row by its Jacobian, formed."""
    n = xhat.shape[1]
    rows = zip(dout * gamma, xhat, inverse_std, strict=True)
    return np.stack([r * (np.eye(n) - 1 / n - np.outer(h, h) / n) @ g for g, h, r in rows])


def _kept_case(seed: int, B: int, n: int, gamma: Any = None) -> dict[str, Any]:
    case = _batch_case(seed, B, n)
    xhat, inverse_std = _normal(case["X"], 1e-5)
    used = case["gamma"] if gamma is None else np.full(n, gamma)
    return {"dout": case["dout"], "xhat": xhat, "inverse_std": inverse_std, "gamma": used}


def _kept(dout: Any, xhat: Any, inverse_std: Any, gamma: Any) -> Stations:
    return Stations(dout=dout, xhat=xhat, r=inverse_std, gamma=gamma, g=dout * gamma)


check_repaired = Check(
    _projected,
    returns=["dX"],
    cases=[_kept_case(1, 1, 3), _kept_case(2, 3, 4), _kept_case(3, 2, 3, gamma=2.0)],
    mistakes={
        "this is still what layer_norm_a does": instead(
            _kept,
            dX=lambda s: s.gamma * s.r * (s.dout - _mean(s.dout) - s.xhat * _mean(s.dout * s.xhat)),
        ),
        "gamma is gone": instead(
            _kept, dX=lambda s: s.r * (s.dout - _mean(s.dout) - s.xhat * _mean(s.dout * s.xhat))
        ),
        "gamma is in the first mean, and not yet in the second": instead(
            _kept, dX=lambda s: s.r * (s.g - _mean(s.g) - s.xhat * _mean(s.dout * s.xhat))
        ),
        "gamma is in the second mean, and not yet in the first": instead(
            _kept, dX=lambda s: s.r * (s.g - _mean(s.dout) - s.xhat * _mean(s.g * s.xhat))
        ),
        "gamma is in the first term, and not yet in the means": instead(
            _kept, dX=lambda s: s.r * (s.g - _mean(s.dout) - s.xhat * _mean(s.dout * s.xhat))
        ),
        "gamma is in the means now, and still stands before them": instead(
            _kept, dX=lambda s: s.gamma * s.r * (s.g - _mean(s.g) - s.xhat * _mean(s.g * s.xhat))
        ),
        "gamma is in the means, and the first term has lost it": instead(
            _kept, dX=lambda s: s.r * (s.dout - _mean(s.g) - s.xhat * _mean(s.g * s.xhat))
        ),
        "the means go over the rows; each row has its own": instead(
            _kept, dX=lambda s: s.r * (s.g - _mean(s.g, 0) - s.xhat * _mean(s.g * s.xhat, 0))
        ),
        "the term with xhat is gone; only its gamma was in the wrong place": instead(
            _kept, dX=lambda s: s.r * (s.g - _mean(s.g))
        ),
        "the mean of dxhat is gone; only its gamma was in the wrong place": instead(
            _kept, dX=lambda s: s.r * (s.g - s.xhat * _mean(s.g * s.xhat))
        ),
        "both means are gone; only their gamma was in the wrong place": instead(
            _kept, dX=lambda s: s.r * s.g
        ),
        "in the last term the factor xhat before the mean is missing": instead(
            _kept, dX=lambda s: s.r * (s.g - _mean(s.g) - _mean(s.g * s.xhat))
        ),
    },
)


# 5. Convolution backward from nothing
def _convolve(X: Any, K: Any, b: Any, stride: int, padding: int) -> Any:
    padded = np.pad(X, ((0, 0), (0, 0), (padding, padding)))
    starts = range(0, padded.shape[2] - K.shape[2] + 1, stride)
    windows = [np.einsum("bct,oct->bo", padded[:, :, s : s + K.shape[2]], K) + b for s in starts]
    return np.stack(windows, axis=2)


def _conv_loss(X: Any, K: Any, b: Any, dout: Any, stride: int, padding: int) -> Any:
    return np.sum(dout * _convolve(X, K, b, stride, padding))


def _conv(dout: Any, X: Any, K: Any, stride: int, padding: int) -> tuple[Any, ...]:
    return by_nudging(_conv_loss, "X", "K", "b")(X, K, np.zeros(len(K)), dout, stride, padding)


def _conv_case(seed: int, B: int, c_in: int, c_out: int, T: int, k: int, **how: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    places = (T + 2 * how["padding"] - k) // how["stride"] + 1
    case = {"dout": (B, c_out, places), "X": (B, c_in, T), "K": (c_out, c_in, k)}
    return {name: rng.normal(size=size).round(1) for name, size in case.items()} | how


def _handed_out(
    dout: Any, X: Any, K: Any, stride: int, padding: int, *, adds: bool = True, step: int = 0, cut: int = -1
) -> Any:
    """Hand each dout to its window, and crop; what is given differs from a right answer."""
    k, T, step = K.shape[2], X.shape[2], step or stride
    padded = np.zeros((*X.shape[:2], max(T + 2 * padding, step * dout.shape[2] + k)))
    for t in range(dout.shape[2]):
        window = padded[:, :, step * t : step * t + k]
        window[...] = np.einsum("bo,oct->bct", dout[:, :, t], K) + (window if adds else 0)
    first = padding if cut < 0 else cut
    return padded[:, :, first : first + T]


def _overwritten_by_taps(dout: Any, X: Any, K: Any, stride: int, padding: int) -> Any:
    """Take one place of the kernel after the other; each writes over those before it."""
    padded = np.zeros((*X.shape[:2], X.shape[2] + 2 * padding))
    for j in range(K.shape[2]):
        met = slice(j, j + stride * dout.shape[2], stride)
        padded[:, :, met] = np.einsum("bot,oc->bct", dout, K[:, :, j])
    return padded[:, :, padding : padding + X.shape[2]]


def _met(dout: Any, X: Any, K: Any, stride: int, padding: int, *, step: int = 0) -> Any:
    """Correlate dout with X, padded on both sides, or further where a mistake looks further."""
    k, step = K.shape[2], step or stride
    padded = np.pad(X, ((0, 0), (0, 0), (padding, padding + step * dout.shape[2] + k)))
    windows = np.stack([padded[:, :, step * t : step * t + k] for t in range(dout.shape[2])], axis=2)
    return np.einsum("bot,bctk->ock", dout, windows)


check_conv1d = Check(
    _conv,
    returns=["dX", "dK", "db"],
    cases=[
        _conv_case(1, 1, 1, 1, 4, 2, stride=1, padding=0),
        _conv_case(2, 2, 1, 2, 5, 3, stride=1, padding=1),
        _conv_case(3, 2, 3, 2, 6, 3, stride=2, padding=0),
        _conv_case(4, 3, 2, 4, 7, 3, stride=2, padding=1),
    ],
    mistakes={
        "where two windows overlap the later one overwrites; what they bring adds up": lambda *case: {
            "dX": _handed_out(*case, adds=False)
        },
        "place by place of the kernel, the later one overwrites; what they bring adds up": lambda *case: {
            "dX": _overwritten_by_taps(*case)
        },
        "a later window, or a later output channel, overwrites what was there; all that they bring adds up": (
            lambda dout, X, K, stride, padding: {
                "dX": _handed_out(dout[:, -1:], X, K[-1:], stride, padding, adds=False)
            }
        ),
        "each kernel is turned round before it is handed out; window by window it goes back as it stood": (
            lambda dout, X, K, stride, padding: {"dX": _handed_out(dout, X, K[:, :, ::-1], stride, padding)}
        ),
        "the windows begin one place apart, whatever the stride": lambda *case: {
            "dX": _handed_out(*case, step=1)
        },
        "the zeros of both sides are cut off at the end; one half stands before the first entry": (
            lambda *case: {"dX": _handed_out(*case, cut=0)}
        ),
        "all zeros are cut off before the first entry; one half stands behind the last": (
            lambda dout, X, K, stride, padding: {
                "dX": _handed_out(dout, X, K, stride, padding, cut=2 * padding)
            }
        ),
        "the zeros that padding put there are still in it; they are no entries of X": (
            lambda dout, X, K, stride, padding: {
                "dX": _conv(dout, np.pad(X, ((0, 0), (0, 0), (padding, padding))), K, stride, 0)[0]
            }
        ),
        "where padding is 0 nothing is left of it: -0 is 0, and a slice up to 0 is empty": (
            lambda dout, X, K, stride, padding: {
                "dX": _handed_out(dout, X, K, stride, padding)[:, :, : X.shape[2] if padding else 0]
            }
        ),
        "one output channel alone hands back; each read the same window, so they add up": (
            lambda dout, X, K, stride, padding: {"dX": _handed_out(dout[:, :1], X, K[:1], stride, padding)}
        ),
        "X is taken without its zeros, so that dout meets the wrong windows": (
            lambda dout, X, K, stride, padding: {"dK": _met(dout, X, K, stride, 0)}
        ),
        "the windows of X begin one place apart, whatever the stride": lambda *case: {
            "dK": _met(*case, step=1)
        },
        "its entries stand in the reverse order along the last axis": lambda *case: {
            "dK": _conv(*case)[1][:, :, ::-1]
        },
        "its first two axes are exchanged: in K the channels that come out stand first": lambda *case: {
            "dK": _conv(*case)[1].swapaxes(0, 1)
        },
        "it is a mean over the samples; they add up, and a 1/B of the loss is in dout already": (
            lambda dout, X, K, stride, padding: {
                "dK": _conv(dout, X, K, stride, padding)[1] / len(X),
                "db": dout.sum(axis=2).mean(axis=0),
            }
        ),
        "only the last sample is in it; the kernel is shared by all": (
            lambda dout, X, K, stride, padding: {
                "dK": _met(dout[-1:], X[-1:], K, stride, padding),
                "db": dout[-1].sum(axis=1),
            }
        ),
        "only the last place is in it; the kernel is shared by all places": (
            lambda dout, X, K, stride, padding: {
                "dK": _met(dout * (np.arange(dout.shape[2]) == dout.shape[2] - 1), X, K, stride, padding),
                "db": dout[:, :, -1].sum(axis=0),
            }
        ),
        "it is a mean over the places; a bias is added at each, and their parts add up": (
            lambda dout, X, K, stride, padding: {"db": dout.mean(axis=2).sum(axis=0)}
        ),
        "it is a mean over samples and places; their parts add up": (
            lambda dout, X, K, stride, padding: {"db": dout.mean(axis=(0, 2))}
        ),
        "each sample keeps its own; the bias is shared by all": (
            lambda dout, X, K, stride, padding: {"db": dout.sum(axis=2)}
        ),
        "each place keeps its own; the bias is shared by all": (
            lambda dout, X, K, stride, padding: {"db": dout.sum(axis=0)}
        ),
        "all channels are in one sum; each has a bias of its own": (
            lambda dout, X, K, stride, padding: {"db": dout.sum()}
        ),
    },
)


# 6. Attention backward from nothing
def _weights(q: Any, k: Any) -> Any:
    scores = q @ k.T / np.sqrt(q.shape[1])
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _attention_loss(dout: Any, q: Any, k: Any, v: Any) -> Any:
    return np.sum(dout * (_weights(q, k) @ v))


def _attended(dout: Any, q: Any, k: Any, v: Any) -> Stations:
    A, dA = _weights(q, k), dout @ v.T
    dS = A * (dA - (A * dA).sum(axis=1, keepdims=True))
    return Stations(dout=dout, q=q, k=k, v=v, A=A, dA=dA, dS=dS, root=np.sqrt(q.shape[1]))


def _scaled(ahead: Callable[[Stations], Any], back: Callable[[Stations], Any]) -> Function:
    """Return the mistake of multiplying the scores by other factors, on the way ahead and on the way back."""

    def other(dout: Any, q: Any, k: Any, v: Any) -> dict[str, Any]:
        right = _attended(dout, q, k, v)
        s = _attended(dout, q * right.root * ahead(right), k, v)
        return {"dq": s.dS @ k * back(s), "dk": s.dS.T @ q * back(s), "dv": s.A.T @ dout}

    return other


def _scores(dS: Callable[[Stations], Any]) -> Function:
    """Return the mistake of handing back another gradient of the scores."""
    return instead(_attended, dq=lambda s: dS(s) @ s.k / s.root, dk=lambda s: dS(s).T @ s.q / s.root)


def _attention_case(seed: int, queries: int, keys: int, d: int, width: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"dout": (queries, width), "q": (queries, d), "k": (keys, d), "v": (keys, width)}
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()}


def _over_queries(axis: int) -> Function:
    """Return the mistake of a softmax down the columns, with its sum on the way back along an axis."""

    def down(dout: Any, q: Any, k: Any, v: Any) -> dict[str, Any]:
        s = _attended(dout, q, k, v)
        s.A = _weights(k, q).T
        dS = _two_terms(s, axis)
        return {"dq": dS @ k / s.root, "dk": dS.T @ q / s.root, "dv": s.A.T @ dout}

    return down


def _two_terms(s: Stations, axis: int | None) -> Any:
    return s.A * (s.dA - (s.A * s.dA).sum(axis=axis, keepdims=True))


check_attention = Check(
    by_nudging(_attention_loss, "q", "k", "v"),
    returns=["dq", "dk", "dv"],
    cases=[
        {
            "dout": np.array([[1.0]]),
            "q": np.array([[1.0, 0.5]]),
            "k": np.array([[1.0, 0.0], [0.0, 2.0]]),
            "v": np.array([[2.0], [-1.0]]),
        },
        _attention_case(2, 2, 3, 2, 4),
        _attention_case(3, 4, 2, 3, 2),
        _attention_case(4, 3, 3, 5, 1),
    ],
    mistakes={
        "forward divided the scores by the root of d; on the way back that factor is missing": instead(
            _attended, dq=lambda s: s.dS @ s.k, dk=lambda s: s.dS.T @ s.q
        ),
        "it is multiplied by the root of d; forward divided, and a factor goes back as it is": instead(
            _attended, dq=lambda s: s.dS @ s.k * s.root, dk=lambda s: s.dS.T @ s.q * s.root
        ),
        "the root of d is divided by twice": instead(
            _attended, dq=lambda s: s.dS @ s.k / s.root**2, dk=lambda s: s.dS.T @ s.q / s.root**2
        ),
        "the scores are divided by d; it should be its root": _scaled(
            lambda s: 1 / s.root**2, lambda s: 1 / s.root**2
        ),
        "its weights are made of scores that are not divided by the root of d; the way back divides": _scaled(
            lambda s: 1, lambda s: 1 / s.root
        ),
        "the scores are not divided by the root of d, neither ahead nor on the way back": _scaled(
            lambda s: 1, lambda s: 1
        ),
        "this is softmax's diagonal only: each weight listens to all scores of its row": _scores(
            lambda s: s.dA * s.A * (1 - s.A)
        ),
        "the softmax is passed over: dA is taken for the gradient of the scores": _scores(lambda s: s.dA),
        "of the softmax's two terms the sum is missing": _scores(lambda s: s.A * s.dA),
        "the softmax's sum goes over the queries; a row is one softmax": _scores(lambda s: _two_terms(s, 0)),
        "the softmax's sum goes over all rows; each row has its own": _scores(lambda s: _two_terms(s, None)),
        "the weights are a softmax down the columns, over the queries; a row is one softmax": _over_queries(
            1
        ),
        "the softmax goes down the columns, ahead and back; a row is one softmax": _over_queries(0),
        "the softmax's sum is of dA alone; each is weighed by its A": _scores(
            lambda s: s.A * (s.dA - s.dA.sum(axis=1, keepdims=True))
        ),
        "the softmax's A in front is missing": _scores(
            lambda s: s.dA - (s.A * s.dA).sum(axis=1, keepdims=True)
        ),
        "the softmax's sum is added; it is taken away": _scores(
            lambda s: s.A * (s.dA + (s.A * s.dA).sum(axis=1, keepdims=True))
        ),
        "every key is met with the mean of the queries; each query brings its own gradient": instead(
            _attended,
            dk=lambda s: np.outer(s.dS.sum(axis=0), s.q.mean(axis=0)) / s.root,
        ),
        "it is a mean over the queries; what they hand to a word adds up": instead(
            _attended,
            dk=lambda s: s.dS.T @ s.q / s.root / len(s.q),
            dv=lambda s: s.A.T @ s.dout / len(s.q),
        ),
        "only the last query is in it; what all of them hand back adds up": instead(
            _attended,
            dk=lambda s: np.outer(s.dS[-1], s.q[-1]) / s.root,
            dv=lambda s: np.outer(s.A[-1], s.dout[-1]),
        ),
        "every value gets the same; each is heard as loudly as its weights say": instead(
            _attended, dv=lambda s: np.ones_like(s.A).T @ s.dout
        ),
        "here the scores' gradient is taken for the weights": instead(
            _attended, dv=lambda s: s.dS.T @ s.dout
        ),
    },
)


# 7. Batch norm, training and evaluation
_DOUTS, _COLUMN = np.array([4.0, 0, 1, -1]), np.array([2.0, 2, 4, 4])


def _column_loss(x: Any, gamma: Any, beta: Any) -> Any:
    return np.sum(_DOUTS * (gamma * (x - x.mean()) / x.std() + beta))


def _column() -> tuple[Any, ...]:
    training, dgamma, dbeta = by_nudging(_column_loss, "x", "gamma", "beta")(_COLUMN, 2.0, 0.0)
    return training, _DOUTS * 2 / 4, dgamma, dbeta


check_column = Check(
    _column,
    returns=["training", "evaluation", "dgamma", "dbeta"],
    cases=[{}],
    mistakes={
        "mean and deviation are taken as constants; in training all four samples go into both": (
            lambda: {"training": 2 * _DOUTS}
        ),
        "gamma is missing": lambda: {
            "training": np.array([2.0, -2, 1, -1]),
            "evaluation": _DOUTS / 4,
        },
        "the way through the deviation is missing": lambda: {"training": np.array([6.0, -2, 0, -4])},
        "the way through the mean is missing": lambda: {"training": np.array([6.0, -2, 4, 0])},
        "the term with xhat is added; it is taken away": lambda: {"training": np.array([8.0, 0, -2, -6])},
        "these are sums where means should stand": lambda: {"training": np.array([-8.0, -16, 2, -2])},
        "mean and deviation are not made of these samples in evaluation: nothing goes back through them": (
            lambda: {"evaluation": _column()[0]}
        ),
        "the deviation is the kept one, as it should be; the terms of mean and deviation belong to "
        "training": lambda: {"evaluation": _column()[0] / 4},
        "this divides by the batch's deviation; in evaluation the kept one counts": (
            lambda: {"evaluation": 2 * _DOUTS}
        ),
        "this divides by the kept variance; its root belongs there": lambda: {"evaluation": _DOUTS / 8},
        "here xhat is made with what was kept; in training the batch's own mean and deviation count": (
            lambda: {"dgamma": 0.0}
        ),
        "x stands where xhat should": lambda: {"dgamma": 8.0},
        "gamma is in it; the slope with respect to gamma is xhat": lambda: {"dgamma": -8.0},
        "this is a mean; the samples add up": lambda: {"dgamma": -1.0, "dbeta": 1.0},
        "gamma is in it; beta is added after gamma": lambda: {"dbeta": 8.0},
    },
)


def _batch_loss(dout: Any, X: Any, gamma: Any, beta: Any, eps: Any) -> Any:
    return np.sum(dout * (gamma * _normal(X, eps, axis=0)[0] + beta))


def _kept_loss(dout: Any, X: Any, gamma: Any, mean: Any, var: Any, eps: Any) -> Any:
    return np.sum(dout * gamma * (X - mean) / np.sqrt(var + eps))


def _both_ways(dout: Any, X: Any, gamma: Any, mean: Any, var: Any, eps: Any) -> tuple[Any, ...]:
    dX, dgamma, dbeta = by_nudging(_batch_loss, "X", "gamma", "beta")(dout, X, gamma, 0 * gamma, eps)
    evaluated = by_nudging(_kept_loss, "X")(dout, X, gamma, mean, var, eps)
    return dX, *evaluated, dgamma, dbeta


def _batched(dout: Any, X: Any, gamma: Any, mean: Any, var: Any, eps: Any) -> Stations:
    xhat, r = _normal(X, eps, axis=0)
    kept, unbiased = 1 / np.sqrt(var + eps), 1 / np.sqrt(X.var(axis=0, ddof=1) + eps)
    here = Stations(dout=dout, X=X, gamma=gamma, mean=mean, var=var, eps=eps)
    here.__dict__.update(xhat=xhat, r=r, kept=kept, unbiased=unbiased, g=dout * gamma)
    return here


def _two_ways_case(seed: int, B: int, n: int, eps: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    case = _batch_case(seed, B, n)
    kept = {"mean": rng.normal(size=n).round(1), "var": rng.uniform(0.5, 3, size=n).round(1)}
    return {"dout": case["dout"], "X": case["X"], "gamma": case["gamma"], **kept, "eps": eps}


def _three_terms(g: Any, xhat: Any, axis: int = 0) -> Any:
    return g - _mean(g, axis) - xhat * _mean(g * xhat, axis)


check_batch_norm = Check(
    _both_ways,
    returns=["training", "evaluation", "dgamma", "dbeta"],
    cases=[_two_ways_case(1, 3, 1, 0.1), _two_ways_case(2, 4, 3, 1e-5), _two_ways_case(3, 5, 2, 0.5)],
    mistakes={
        "mean and deviation are taken as constants; in training all samples go into both": instead(
            _batched, training=lambda s: s.g * s.r
        ),
        "the means go along the features, as in layer norm; batch norm takes each column": instead(
            _batched, training=lambda s: s.r * _three_terms(s.g, s.xhat, axis=1)
        ),
        "mean and deviation of each row are used, as in layer norm; batch norm takes each column": instead(
            _batched,
            training=lambda s: _normal(s.X, s.eps)[1] * _three_terms(s.g, _normal(s.X, s.eps)[0], axis=1),
        ),
        "its xhat and deviation are those of each row; batch norm takes them down each column": instead(
            _batched,
            training=lambda s: _normal(s.X, s.eps)[1] * _three_terms(s.g, _normal(s.X, s.eps)[0]),
            dgamma=lambda s: (s.dout * _normal(s.X, s.eps)[0]).sum(axis=0),
        ),
        "the way through the deviation is missing: the term with xhat": instead(
            _batched, training=lambda s: s.r * (s.g - _mean(s.g, 0))
        ),
        "the way through the mean is missing": instead(
            _batched, training=lambda s: s.r * (s.g - s.xhat * _mean(s.g * s.xhat, 0))
        ),
        "sums stand where means should": instead(
            _batched, training=lambda s: s.r * (s.g - len(s.g) * (s.g - _three_terms(s.g, s.xhat)))
        ),
        "the division by the deviation is missing": instead(
            _batched,
            training=lambda s: _three_terms(s.g, s.xhat),
            evaluation=lambda s: s.g,
        ),
        "gamma is missing": instead(
            _batched,
            training=lambda s: s.r * _three_terms(s.dout, s.xhat),
            evaluation=lambda s: s.dout * s.kept,
        ),
        "eps is missing": instead(
            _batched,
            training=lambda s: _normal(s.X, 0.0, 0)[1] * _three_terms(s.g, _normal(s.X, 0.0, 0)[0]),
            evaluation=lambda s: s.g / np.sqrt(s.var),
            dgamma=lambda s: (s.dout * _normal(s.X, 0.0, 0)[0]).sum(axis=0),
        ),
        "the variance was divided by B - 1; here it is a mean over all B": instead(
            _batched,
            training=lambda s: s.unbiased * _three_terms(s.g, s.xhat * s.unbiased / s.r),
            dgamma=lambda s: (s.dout * s.xhat * s.unbiased / s.r).sum(axis=0),
        ),
        "the kept statistics are used; in training the batch's own count": instead(
            _batched,
            training=lambda s: s.kept * _three_terms(s.g, (s.X - s.mean) * s.kept),
            dgamma=lambda s: (s.dout * (s.X - s.mean) * s.kept).sum(axis=0),
        ),
        "the deviation is the kept one; in training the batch's own counts": instead(
            _batched, training=lambda s: s.kept * _three_terms(s.g, s.xhat)
        ),
        "in evaluation the batch's deviation is not used; the kept one is": instead(
            _batched, evaluation=lambda s: s.g * s.r
        ),
        "it is divided by the variance; its root belongs there": instead(
            _batched, evaluation=lambda s: s.g * s.kept**2
        ),
        "eps was added to the deviation; it belongs to the variance, under the root": instead(
            _batched, evaluation=lambda s: s.g / (np.sqrt(s.var) + s.eps)
        ),
        "in evaluation mean and deviation are constants; the terms of training are still there": instead(
            _batched, evaluation=lambda s: s.kept * _three_terms(s.g, s.xhat)
        ),
        "in evaluation mean and deviation are constants; there are terms of both in it": instead(
            _batched, evaluation=lambda s: s.kept * _three_terms(s.g, (s.X - s.mean) * s.kept)
        ),
        "X stands where xhat should": instead(_batched, dgamma=lambda s: (s.dout * s.X).sum(axis=0)),
        "gamma is in it; the slope with respect to gamma is xhat": instead(
            _batched, dgamma=lambda s: (s.g * s.xhat).sum(axis=0)
        ),
        "gamma is in it; beta is added after gamma": instead(_batched, dbeta=lambda s: s.g.sum(axis=0)),
        "it is a mean over the samples; they add up": instead(
            _batched,
            dgamma=lambda s: (s.dout * s.xhat).mean(axis=0),
            dbeta=lambda s: s.dout.mean(axis=0),
        ),
        "it is added up along the features; each feature has its own": instead(
            _batched,
            dgamma=lambda s: (s.dout * s.xhat).sum(axis=1),
            dbeta=lambda s: s.dout.sum(axis=1),
        ),
        "each sample keeps its own; all share one gamma and one beta, so add up": instead(
            _batched, dgamma=lambda s: s.dout * s.xhat, dbeta=lambda s: s.dout
        ),
    },
)


# 8. The largest and the mean
def _pools(dout: Any, X: Any, size: int, stride: int) -> tuple[Any, Any]:
    """Hand each dout to the first that is largest in its window, and to all in equal parts."""
    return _pooled(dout, X, size, stride, _first), _pooled(dout, X, size, stride, _even)


def _pooled(dout: Any, X: Any, size: int, stride: int, share: Function, *, adds: bool = True) -> Any:
    """Hand each dout to its window in shares."""
    dX = np.zeros(X.shape)
    for r, c in np.ndindex(dout.shape):
        here = slice(r * stride, r * stride + size), slice(c * stride, c * stride + size)
        dX[here] = share(X[here]) * dout[r, c] + (dX[here] if adds else 0)
    return dX


def _first(window: Any) -> Any:
    return np.arange(window.size).reshape(window.shape) == window.argmax()


def _last(window: Any) -> Any:
    return _first(window[::-1, ::-1])[::-1, ::-1]


def _first_down(window: Any) -> Any:
    return _first(window.T).T


def _all(window: Any) -> Any:
    return (window == window.max()) * 1.0


def _shared(window: Any) -> Any:
    return _all(window) / _all(window).sum()


def _even(window: Any) -> Any:
    return np.full(window.shape, 1 / window.size)


def _mistake(share: Function, which: str = "largest", **how: bool) -> Function:
    return lambda dout, X, size, stride: {which: _pooled(dout, X, size, stride, share, **how)}


def _last_winner(dout: Any, X: Any, size: int, stride: int) -> dict[str, Any]:
    """Write each dout to the first that is largest in its window, over what is there."""
    dX = np.zeros(X.shape)
    for r, c in np.ndindex(dout.shape):
        window = X[r * stride : r * stride + size, c * stride : c * stride + size]
        i, j = divmod(int(window.argmax()), size)
        dX[r * stride + i, c * stride + j] = dout[r, c]
    return {"largest": dX}


def _pool_case(seed: int, rows: int, columns: int, size: int, stride: int) -> dict[str, Any]:
    """Draw whole numbers: some windows hold their largest twice."""
    rng = np.random.default_rng(seed)
    places = (rows - size) // stride + 1, (columns - size) // stride + 1
    X = rng.integers(-2, 3, size=(rows, columns)).astype(float)
    return {"dout": rng.normal(size=places).round(1), "X": X, "size": size, "stride": stride}


check_pools = Check(
    _pools,
    returns=["largest", "mean"],
    cases=[
        {"dout": np.array([[6.0]]), "X": np.array([[1.0, 5.0], [2.0, 0.0]]), "size": 2, "stride": 2},
        {"dout": np.array([[6.0]]), "X": np.array([[1.0, 5.0], [5.0, 0.0]]), "size": 2, "stride": 2},
        _pool_case(1, 4, 6, 2, 2),
        _pool_case(2, 5, 4, 3, 1),
        _pool_case(3, 6, 7, 3, 2),
    ],
    mistakes={
        "where two are the largest, both get all of it; the first one alone counts here": _mistake(_all),
        "where two are the largest, they share; here the first one gets all of it": _mistake(_shared),
        "of two that are the largest the last one gets it; here it is the first": _mistake(_last),
        "of two that are the largest the first down the columns gets it; here it is the first along the "
        "rows": _mistake(_first_down),
        "where two windows overlap the later one overwrites; what they bring adds up": lambda *case: (
            _mistake(_first, adds=False)(*case) | _mistake(_even, "mean", adds=False)(*case)
        ),
        "an entry that wins in two windows keeps only what the later one brings; they add up": _last_winner,
        "where two are the largest, both get all of it; and the later of two windows overwrites": _mistake(
            _all, adds=False
        ),
        "it is handed out times the winner's value; the slope of the largest is 1": _mistake(
            lambda window: _first(window) * window.max()
        ),
        "this is the mean's: every entry of the window gets a part": _mistake(_even),
        "each entry of a window gets all of it; in the mean it counts for a part": _mistake(
            lambda window: np.ones(window.shape), "mean"
        ),
        "a window is as wide as it is high: size counts one side only": _mistake(
            lambda window: np.full(window.shape, 1 / len(window)), "mean"
        ),
        "it is handed out times the entry's value; in a mean each entry has the same slope": _mistake(
            lambda window: window / window.size, "mean"
        ),
        "this is the largest's: one entry alone gets it": _mistake(_first, "mean"),
    },
)
