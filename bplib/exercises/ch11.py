"""Checks for the exercises of chapter 11, "Vanishing, exploding, dead".

The sizes of signals and gradients are measured by nudging; what is asked of an initialisation is a spread, so
its check allows what chance brings, and its mistakes are further away than that.
"""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, instead
from bplib.gradcheck import numerical_gradient

Function = Callable[..., Any]
Stations = SimpleNamespace  # what a right answer computes on its way, by name


def _chosen(letters: str, option: int) -> Callable[[], dict[str, int]]:
    """Return the mistake of giving each of these questions this number of the list."""
    return lambda: dict.fromkeys(letters, option)


# 1. What decides
check_decides = Check(
    lambda: (1, 4, 5, 2, 6, 7),
    returns=list("abcdef"),
    cases=[{}],
    mistakes={
        "so it is there, on both ways; but what is observed are equal gradients": _chosen("b", 1),
        "nothing that is observed there grows from layer to layer": _chosen("cdef", 1),
        "the gradient grows there, so the factor of a layer can't be below 1": _chosen("a", 2),
        "sizes that are equal, and huge, are no sign of a factor below 1": _chosen("b", 2),
        "what values tell apart does fade, but 2 is about sizes, and theirs stays near 0.5 on the way up": (
            _chosen("c", 2)
        ),
        "a factor below 1 makes a gradient small, and not exactly 0": _chosen("ef", 2),
        "that a slope is below 1 decides nothing as long as the weight beside it is not looked at": (
            _chosen("abcdef", 3)
        ),
        "only gradients are observed there, and this needs two signals": _chosen("aef", 4),
        "one of the two doesn't grow there in any direction": _chosen("c", 4),
        "both get smaller there": _chosen("d", 4),
        "only gradients are observed there, and this is about two sizes": _chosen("aef", 5),
        "on the way up the size grows from layer to layer; it is not kept": _chosen("b", 5),
        "on the way up the size gets smaller; it is not kept": _chosen("d", 5),
        "a dead unit shows an exact 0 for each sample": _chosen("abcdf", 6),
        "with one rate for all, its layers learn at very different speeds": _chosen("acd", 7),
        "equal is not the same as healthy: look at the size": _chosen("b", 7),
        "a unit that never gets a gradient is never changed by one": _chosen("e", 7),
        "this is so before the first step, and a rate says how long a step is": _chosen("abcdf", 8),
        "a step that was too large may have brought it there; what is it now?": _chosen("e", 8),
    },
)


# 2. Ten stations by hand, as exponents of 2
check_stations = Check(
    lambda: (-20, 10, -10, 25, -5, 20, 27),
    returns=list("abcdefg"),
    cases=[{}],
    mistakes={
        "this is the factor of one station; there are ten": lambda: {
            "a": -2,
            "b": 1,
            "d": 2.5,
            "e": -0.5,
            "f": 2,
        },
        "this is the slopes alone; each station has a weight too": lambda: {
            "b": -20,
            "c": 10 * np.log2(3 / 16),
        },
        "this is the weights alone; each station has a slope too": lambda: {
            "b": 30,
            "c": 10 * np.log2(8 / 3),
        },
        "the weight is taken in the first station only": lambda: {"b": -17},
        "a quarter is the slope at z = 0; where is this unit?": lambda: {"c": 10 * np.log2(2 / 3)},
        "this is the unit's output in the place of its slope": lambda: {"c": 10},
        "64 contributions of either sign don't add up to 64; their squares add": lambda: {"d": 60, "e": 30},
        "32 contributions of either sign don't add up to 32; the size is the root of the sum of squares": (
            lambda: {"d": 50, "e": 20}
        ),
        "half of the units let nothing through": lambda: {"d": 30, "e": 0},
        "what is halved is the mean square, and the size is its root": lambda: {"d": 20, "e": -10},
        "the width is missing: each unit hears from 64": lambda: {"d": -5, "e": -35},
        "this is the branches, with at most one shortcut around all ten; each station has its own": (
            lambda: {"f": 10 * np.log2(3)}
        ),
        "this is the shortcut alone": lambda: {"f": 0},
        "3 is the slope of the branch, and no exponent; the shortcut's 1 comes to it": lambda: {"f": 30},
        "within each network they are equal; asked is one network beside the other": lambda: {"g": 0},
        "a weight is no factor of its own gradient; that leaves one station less": lambda: {"g": 30},
        "this is one station's": lambda: {"g": 3},
        "this is the factor of the mean square; the size is its root": lambda: {"g": 54},
        "this is what nine stations of d multiply by; e multiplies too": lambda: {"g": 22.5},
        "this is e beside d": lambda: {"g": -27},
    },
    tol=1e-3,
)


# 3. Ten layers, four profiles
def _curve(Z: Any, relu: float) -> tuple[Any, Any]:
    if relu:
        return np.maximum(Z, 0), np.where(Z > 0, 1.0, 0.0)
    A = 0.5 * (1 + np.tanh(Z / 2))
    return A, A * (1 - A)


def _rms(parts: Any) -> Any:
    return np.array([np.sqrt(np.mean(np.square(part))) for part in parts])


def _loss(X: Any, Y: Any, W: Any, v: Any, relu: float, moved: Any = 0.0) -> float:
    """Return the loss where the sums of each layer are moved by `moved`."""
    moved = np.broadcast_to(moved, (len(W), len(X), W.shape[1]))
    A = X
    for weights, step in zip(W, moved, strict=True):
        A, _ = _curve(A @ weights.T + step, relu)
    return float(np.mean((A @ v - Y) ** 2))


def _up_and_down(X: Any, Y: Any, W: Any, v: Any, relu: float, *, slopes: bool = True) -> Stations:
    A, Z, S = [X], [], []
    for weights in W:
        Z.append(A[-1] @ weights.T)
        out, slope = _curve(Z[-1], relu)
        A.append(out)
        S.append(slope if slopes else np.ones(Z[-1].shape))
    dA = [2 * np.outer(A[-1] @ v - Y, v) / len(Y)]
    dZ: list[Any] = []
    for weights, slope in zip(W[::-1], S[::-1], strict=True):
        dZ.append(dA[-1] * slope)
        dA.append(dZ[-1] @ weights)
    dZ.reverse()
    dW = [d.T @ a for d, a in zip(dZ, A, strict=False)]
    return Stations(A=A, Z=Z, dA=dA[-2::-1], dZ=dZ, dW=dW, B=len(Y))


def _measured(X: Any, Y: Any, W: Any, v: Any, relu: float) -> tuple[Any, Any, Any]:
    s = _up_and_down(X, Y, W, v, relu)
    at_rest = np.zeros((len(W), *X.shape))
    backward = numerical_gradient(lambda moved: _loss(X, Y, W, v, relu, moved), at_rest)
    gradient = numerical_gradient(lambda W: _loss(X, Y, W, v, relu), W)
    return _rms(s.A[1:]), _rms(backward), _rms(gradient)


def _without_slopes(*case: Any) -> dict[str, Any]:
    s = _up_and_down(*case, slopes=False)
    return {"backward": _rms(s.dZ), "gradient": _rms(s.dW)}


def _turned_back(X: Any, Y: Any, W: Any, v: Any, relu: float) -> dict[str, Any]:
    s = _up_and_down(X, Y, W, v, relu)
    dZ = [s.dZ[-1]]
    for Z, weights in zip(s.Z[-2::-1], W[:0:-1], strict=True):
        dZ.insert(0, dZ[0] @ weights.T * _curve(Z, relu)[1])
    return {"backward": _rms(dZ), "gradient": _rms([d.T @ a for d, a in zip(dZ, s.A, strict=False)])}


def _turned(X: Any, Y: Any, W: Any, v: Any, relu: float) -> dict[str, Any]:
    return {"forward": _rms(_up_and_down(X, Y, W.transpose(0, 2, 1), v, relu).A[1:])}


def _deep_case(seed: int, L: int, B: int, n: int, relu: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"X": (B, n), "Y": (B,), "W": (L, n, n), "v": (n,)}
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()} | {"relu": relu}


check_profiles = Check(
    _measured,
    returns=["forward", "backward", "gradient"],
    cases=[
        _deep_case(22, 2, 1, 2, 0.0),
        _deep_case(1, 2, 2, 2, 0.0),
        _deep_case(6, 3, 5, 4, 1.0),
    ],
    mistakes={
        "the mean of the squares is taken, and no root": lambda *case: tuple(
            part**2 for part in _measured(*case)
        ),
        "this is the mean of the sizes; squares come first, then their mean, then the root": instead(
            _up_and_down,
            forward=lambda s: [np.mean(np.abs(a)) for a in s.A[1:]],
            backward=lambda s: [np.mean(np.abs(d)) for d in s.dZ],
            gradient=lambda s: [np.mean(np.abs(d)) for d in s.dW],
        ),
        "np.std takes the mean away first; the size is wanted, with its mean in it": instead(
            _up_and_down,
            forward=lambda s: [np.std(a) for a in s.A[1:]],
            backward=lambda s: [np.std(d) for d in s.dZ],
            gradient=lambda s: [np.std(d) for d in s.dW],
        ),
        "the squares are added up, and no mean is taken": instead(
            _up_and_down,
            forward=lambda s: [np.linalg.norm(a) for a in s.A[1:]],
            backward=lambda s: [np.linalg.norm(d) for d in s.dZ],
            gradient=lambda s: [np.linalg.norm(d) for d in s.dW],
        ),
        "this is the size of the sums Z; what a layer hands on is behind its activation": instead(
            _up_and_down, forward=lambda s: _rms(s.Z)
        ),
        "this is what goes into each layer; what comes out of it is asked for": instead(
            _up_and_down, forward=lambda s: _rms(s.A[:-1])
        ),
        "each matrix of the stack multiplies the other way round: its rows belong to what comes out": _turned,
        "on the way back each matrix multiplies as on the way up: turn it over": _turned_back,
        "it begins with the last layer, in the order in which the way back meets them": instead(
            _up_and_down, backward=lambda s: _rms(s.dZ[::-1]), gradient=lambda s: _rms(s.dW[::-1])
        ),
        "this is the gradient of what comes out of a layer; its slope is still to come": instead(
            _up_and_down, backward=lambda s: _rms(s.dA)
        ),
        "the slopes of the activations are missing on the way back": _without_slopes,
        "the 2 of the square is missing": instead(
            _up_and_down, backward=lambda s: _rms(s.dZ) / 2, gradient=lambda s: _rms(s.dW) / 2
        ),
        "the samples are left out of the mean: the loss divides by B": instead(
            _up_and_down, backward=lambda s: s.B * _rms(s.dZ), gradient=lambda s: s.B * _rms(s.dW)
        ),
        "two sizes are multiplied; the samples are added up first, with their signs": instead(
            _up_and_down, gradient=lambda s: _rms(s.dZ) * _rms(s.A[:-1])
        ),
        "it is made of what comes out of each layer; its weights were multiplied with what goes in": instead(
            _up_and_down,
            gradient=lambda s: _rms([d.T @ a for d, a in zip(s.dZ, s.A[1:], strict=True)]),
        ),
    },
)


# 4. Initialisation for your engine
def _variances(n_in: float, n_out: float, leak: float) -> Stations:
    return Stations(n_in=n_in, n_out=n_out, leak=leak, kept=(1 + leak**2) / 2)


def _right_variances(*case: float) -> tuple[float, float, float]:
    s = _variances(*case)
    return 1 / (s.n_in * s.kept), 1 / (s.n_out * s.kept), 2 / ((s.n_in + s.n_out) * s.kept)


def _with_kept(kept: Callable[[Stations], float]) -> Function:
    def wrong(*case: float) -> tuple[float, float, float]:
        s = _variances(*case)
        k = kept(s)
        return 1 / (s.n_in * k), 1 / (s.n_out * k), 2 / ((s.n_in + s.n_out) * k)

    return wrong


check_variances = Check(
    _right_variances,
    returns=["forward", "backward", "both"],
    cases=[
        {"n_in": 100.0, "n_out": 25.0, "leak": 1.0},
        {"n_in": 50.0, "n_out": 200.0, "leak": 0.0},
        {"n_in": 30.0, "n_out": 10.0, "leak": 0.5},
    ],
    mistakes={
        "this is a standard deviation; the variance is its square": lambda *case: tuple(
            np.sqrt(part) for part in _right_variances(*case)
        ),
        "what stands below the line is added up; its mean is half of that": instead(
            _variances, both=lambda s: 1 / ((s.n_in + s.n_out) * s.kept)
        ),
        "this is right without an activation; the negative half of the sums comes out smaller": _with_kept(
            lambda s: 1.0
        ),
        "this is ReLU's, whatever the leak; the leak lets something through": _with_kept(lambda s: 0.5),
        "the leak multiplies squares here, and so is squared": _with_kept(lambda s: (1 + s.leak) / 2),
        "half of the sums are negative, and half are not: each counts one half": _with_kept(
            lambda s: 1 + s.leak**2
        ),
        "the size falls to this; its square is what the variance has to make up for": _with_kept(
            lambda s: float(np.sqrt((1 + s.leak**2) / 2))
        ),
        "it keeps the signal on the other way: how many products does one sum of this way have?": instead(
            _variances,
            forward=lambda s: 1 / (s.n_out * s.kept),
            backward=lambda s: 1 / (s.n_in * s.kept),
        ),
        "the two variances are averaged; here it is what stands below the line that is": instead(
            _variances, both=lambda s: (1 / s.n_in + 1 / s.n_out) / 2 / s.kept
        ),
        "the product of both widths stands below the line; their mean belongs there": instead(
            _variances, both=lambda s: 1 / (np.sqrt(s.n_in * s.n_out) * s.kept)
        ),
    },
)


def _pairs(sizes: Any) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in itertools.pairwise(sizes)]


def _he(n_in: float, n_out: float) -> float:
    return float(np.sqrt(2 / n_in))


def _xavier(n_in: float, n_out: float) -> float:
    return float(np.sqrt(2 / (n_in + n_out)))


def _facts(sizes: Any, seed: float) -> tuple[Any, ...]:
    pairs = _pairs(sizes)
    return (
        [[[n_out, n_in] for n_in, n_out in pairs]] * 3,
        [_he(*pair) for pair in pairs],
        [_xavier(*pair) for pair in pairs],
        [[1.0, 1.0]] * len(pairs),
        [1.0, 0.0],
    )


def _spread(name: str, of: Callable[[float, float], float]) -> Function:
    return lambda sizes, seed: {name: [of(*pair) for pair in _pairs(sizes)]}


def _both_spreads(change: Callable[[float], float]) -> Function:
    return lambda sizes, seed: {
        "he": [change(_he(*pair)) for pair in _pairs(sizes)],
        "xavier": [change(_xavier(*pair)) for pair in _pairs(sizes)],
    }


check_initialisation = Check(
    _facts,
    returns=["shapes", "he", "xavier", "stretches", "chance"],
    cases=[
        {"sizes": np.array([100, 400]), "seed": 1},
        {"sizes": np.array([400, 100, 300]), "seed": 2},
    ],
    mistakes={
        "a row belongs to a unit of the next layer: (n_out, n_in)": lambda sizes, seed: {
            "shapes": [[[n_in, n_out] for n_in, n_out in _pairs(sizes)]] * 3
        },
        "a variance is used as the standard deviation; the root is missing": _both_spreads(lambda s: s**2),
        "only the sizes are right: all numbers have the same sign": _both_spreads(
            lambda s: s * float(np.sqrt(1 - 2 / np.pi))
        ),
        "the 2 is missing: ReLU halves the mean square, and who gives it back?": _spread(
            "he", lambda n_in, n_out: float(np.sqrt(1 / n_in))
        ),
        "He's width is the one of what goes in: as many products are in one sum": _spread(
            "he", lambda n_in, n_out: float(np.sqrt(2 / n_out))
        ),
        "this is Xavier's spread": _spread("he", _xavier),
        "this is He's spread": _spread("xavier", _he),
        "this looks at the way up only; Xavier takes the mean of both widths": _spread(
            "xavier", lambda n_in, n_out: float(np.sqrt(1 / n_in))
        ),
        "this looks at the way down only; Xavier takes the mean of both widths": _spread(
            "xavier", lambda n_in, n_out: float(np.sqrt(1 / n_out))
        ),
        "this divides by the sum of both widths; the mean is half of that": _spread(
            "xavier", lambda n_in, n_out: float(np.sqrt(1 / (n_in + n_out)))
        ),
        "this is the spread of a uniform draw's end; a normal draw needs no 6": _spread(
            "xavier", lambda n_in, n_out: float(np.sqrt(6 / (n_in + n_out)))
        ),
        "it is not drawn from rng: an equal generator gives other numbers": lambda sizes, seed: {
            "chance": [0.0, 0.0]
        },
        "it is always the same draw: another generator gives the same numbers": lambda sizes, seed: {
            "chance": [1.0, 1.0]
        },
    },
    tol=0.02,
)


# 5. Where N(0, 1) is flat
def _saturated(n: float, s: float) -> Stations:
    spread = s * np.sqrt(n / 2)
    slope = 1 / (6 * np.sqrt(2 * np.pi) * spread)
    return Stations(n=n, s=s, spread=spread, slope=slope, factor=np.sqrt(n * s**2 * slope))


def _right_flat(n: float, s: float) -> tuple[float, float, float, float]:
    right = _saturated(n, s)
    return right.spread, right.slope, right.factor, 36 * np.pi / s**2


check_flat = Check(
    _right_flat,
    returns=["spread", "slope", "factor", "width"],
    cases=[{"n": 200.0, "s": 1.0}, {"n": 72.0, "s": 2.0}, {"n": 400.0, "s": 0.5}],
    mistakes={
        "activations that are 0 or 1 have the mean square 1/2, not 1": instead(
            _saturated, spread=lambda s: s.s * np.sqrt(s.n)
        ),
        "a half is the mean of the activations; their mean square is a half too, not a quarter": instead(
            _saturated, spread=lambda s: s.s * np.sqrt(s.n) / 2
        ),
        "this is the variance; its root is asked for": instead(_saturated, spread=lambda s: s.s**2 * s.n / 2),
        "the spread of the weights is missing": instead(_saturated, spread=lambda s: np.sqrt(s.n / 2)),
        "this is the mean of the slope; the mean of its square is asked for": instead(
            _saturated, slope=lambda s: 6 * s.slope
        ),
        "this is the integral alone; how dense are the sums where the slope is not 0?": instead(
            _saturated, slope=lambda s: 1 / 6
        ),
        "the root of 2 pi is missing in the density at 0": instead(
            _saturated, slope=lambda s: 1 / (6 * s.spread)
        ),
        "this is the largest slope, squared; most sums are far from 0": instead(
            _saturated, slope=lambda s: 1 / 16
        ),
        "this is the factor of the mean square; the size is its root": instead(
            _saturated, factor=lambda s: s.factor**2
        ),
        "this is for one unit; n of them add their squares": instead(
            _saturated, factor=lambda s: s.s * np.sqrt(s.slope)
        ),
        "the weights are missing in it": instead(_saturated, factor=lambda s: np.sqrt(s.n * s.slope)),
        "this takes every unit at its steepest": instead(_saturated, factor=lambda s: s.s * np.sqrt(s.n) / 4),
        "this is the one for weights of spread 1": lambda n, s: {"width": 36 * np.pi},
        "in the product s comes with the root of the width; so it is squared here": lambda n, s: {
            "width": 36 * np.pi / s
        },
        "this is the root of the width": lambda n, s: {"width": 6 * np.sqrt(np.pi) / s},
        "wider weights need fewer units, not more": lambda n, s: {"width": 36 * np.pi * s**2},
        "this is twice the right one: was the mean square 1/2 lost?": lambda n, s: {
            "width": 72 * np.pi / s**2
        },
    },
)


# 6. Clip by global norm
def _both(dW: Any, db: Any, limit: float) -> Stations:
    norm = float(np.sqrt(np.sum(dW**2) + np.sum(db**2)))
    return Stations(dW=dW, db=db, limit=limit, norm=norm)


def _clipped(*case: Any, norm: Callable[[Stations], float] = lambda s: s.norm) -> tuple[Any, Any, float]:
    s = _both(*case)
    times = min(1.0, s.limit / norm(s)) if norm(s) else 1.0
    return s.dW * times, s.db * times, norm(s)


def _by_other(norm: Callable[[Stations], float]) -> Function:
    return lambda *case: _clipped(*case, norm=norm)


def _alone(part: Any, limit: float) -> Any:
    size = float(np.linalg.norm(part))
    return part * min(1.0, limit / size) if size else part


def _each_alone(dW: Any, db: Any, limit: float) -> dict[str, Any]:
    return {"clipped_dW": _alone(dW, limit), "clipped_db": _alone(db, limit)}


def _entry_by_entry(dW: Any, db: Any, limit: float) -> dict[str, Any]:
    return {"clipped_dW": np.clip(dW, -limit, limit), "clipped_db": np.clip(db, -limit, limit)}


def _scaled(times: Callable[[Stations], float]) -> Function:
    def wrong(*case: Any) -> dict[str, Any]:
        s = _both(*case)
        return {"clipped_dW": s.dW * times(s), "clipped_db": s.db * times(s)}

    return wrong


check_clip = Check(
    _clipped,
    returns=["clipped_dW", "clipped_db", "norm"],
    cases=[
        {"dW": np.array([[3.0, 0.0]]), "db": np.array([-4.0]), "limit": 2.0},
        {"dW": np.array([[1.0, -2.0], [2.0, 4.0]]), "db": np.array([0.0, 12.0]), "limit": 1.0},
        {"dW": np.array([[0.1, 0.2]]), "db": np.array([-0.2]), "limit": 0.6},
        {"dW": np.zeros((1, 2)), "db": np.zeros(1), "limit": 3.0},
    ],
    mistakes={
        "each entry is cut by itself, and that turns the step": _entry_by_entry,
        "this array is scaled by its own norm alone; one norm of all of them must scale each": _each_alone,
        "the norm is compared before its root is taken": _by_other(lambda s: s.norm**2),
        "the norms of the arrays are added; under one root stand all squares": _by_other(
            lambda s: float(np.linalg.norm(s.dW) + np.linalg.norm(s.db))
        ),
        "this is the size of the largest entry": _by_other(
            lambda s: max(float(np.abs(s.dW).max()), float(np.abs(s.db).max()))
        ),
        "the sizes are added up; here their squares count": _by_other(
            lambda s: float(np.abs(s.dW).sum() + np.abs(s.db).sum())
        ),
        "the squares are averaged; a norm adds them up": _by_other(
            lambda s: s.norm / float(np.sqrt(s.dW.size + s.db.size))
        ),
        "only the first array goes into the norm": lambda *case: dict(
            zip(
                ("clipped_db", "norm"),
                _clipped(*case, norm=lambda s: float(np.linalg.norm(s.dW)))[1:],
                strict=True,
            )
        ),
        "what is shorter than the limit must stay as it is; here it is made longer": _scaled(
            lambda s: s.limit / s.norm if s.norm else 1.0
        ),
        "what is too long becomes of length 1, whatever the limit": _scaled(
            lambda s: 1 / s.norm if s.norm > s.limit else 1.0
        ),
        "what is too long is multiplied by the limit, and not divided by its norm": _scaled(
            lambda s: s.limit if s.norm > s.limit else 1.0
        ),
        "what is too long becomes 0; it should be shortened": _scaled(lambda s: float(s.norm <= s.limit)),
        "nothing is shortened": _scaled(lambda s: 1.0),
        "this is the norm after clipping; before is asked for": lambda *case: {
            "norm": min(_both(*case).norm, _both(*case).limit)
        },
    },
)


# 7. Spot the bugs
check_bugs = Check(
    lambda: (1, 2, 3, 4, 6),
    returns=list("abcde"),
    cases=[{}],
    mistakes={
        "it divides by the width of what goes in": _chosen("bcd", 1),
        "it divides by one width for all layers": _chosen("e", 1),
        "its numbers are normal ones, of both signs": _chosen("ace", 2),
        "each of its factors has mean 0, and so have the products": _chosen("d", 2),
        "its layers are drawn one after the other from one generator": _chosen("abde", 3),
        "within a matrix its numbers are independent": _chosen("abce", 4),
        "what it makes depends on the generator that it is given": _chosen("abcde", 5),
        "it looks at the widths of each layer": _chosen("abcd", 6),
        "where all widths are equal, the size of its numbers is right: their test has looked at it": (
            _chosen("abcde", 7)
        ),
        "its shapes are right, whatever the widths": _chosen("abcde", 8),
    },
)


# 8. Dead on all inputs
def _sums(X: Any, W: Any, b: Any) -> Stations:
    return Stations(Z=X @ W.T + b, W=W, b=b, largest=b + np.maximum(W, 0).sum(axis=1))


check_dead = Check(
    lambda X, W, b: (
        1.0 * (_sums(X, W, b).Z <= 0).all(axis=0),
        1.0 * (_sums(X, W, b).largest <= 0),
    ),
    returns=["batch", "box"],
    cases=[
        {
            "X": np.array([[0.5, 0.5], [1.0, 0.0]]),
            "W": np.array([[2.0, 1.0], [-1.0, 1.0], [-2.0, 1.0]]),
            "b": np.array([-4.0, -0.25, 1.0]),
        },
        {
            "X": np.array([[0.25, 0.5], [0.75, 0.25], [0.5, 0.0]]),
            "W": np.array([[-1.0, -3.0], [1.0, 1.0], [2.0, -4.0], [4.0, -4.0], [-2.0, 4.0], [3.0, 3.0]]),
            "b": np.array([-0.5, -2.0, 0.25, -2.0, -1.75, -4.0]),
        },
    ],
    mistakes={
        "one silent sample is enough for it; dead is silent on all": lambda X, W, b: {
            "batch": (_sums(X, W, b).Z <= 0).any(axis=0)
        },
        "the mean over the batch decides here; one sample that wakes the unit is enough": lambda X, W, b: {
            "batch": _sums(X, W, b).Z.mean(axis=0) <= 0
        },
        "at a sum of exactly 0 the book's ReLU is silent, with slope 0": lambda X, W, b: {
            "batch": (_sums(X, W, b).Z < 0).all(axis=0),
            "box": _sums(X, W, b).largest < 0,
        },
        "it says which are alive": lambda X, W, b: {
            "batch": (_sums(X, W, b).Z > 0).any(axis=0),
            "box": _sums(X, W, b).largest > 0,
        },
        "the biases are missing": lambda X, W, b: {
            "batch": (_sums(X, W, 0 * b).Z <= 0).all(axis=0),
            "box": _sums(X, W, 0 * b).largest <= 0,
        },
        "the corner of ones is one corner of four; which makes the sum largest?": lambda X, W, b: {
            "box": b + W.sum(axis=1) <= 0
        },
        "a size of each weight is right for inputs from -1 to 1; these begin at 0": lambda X, W, b: {
            "box": b + np.abs(W).sum(axis=1) <= 0
        },
        "this asks where all inputs are 0; others may wake the unit": lambda X, W, b: {"box": b <= 0},
        "this takes the smallest sum of the box; who is dead is silent at the largest": lambda X, W, b: {
            "box": b + np.minimum(W, 0).sum(axis=1) <= 0
        },
        "one weight after the other may reach its end; all of them at once may too": lambda X, W, b: {
            "box": b + W.max(axis=1) <= 0
        },
    },
)

check_blocks = Check(
    lambda L, s: (s ** (2 * L), (1 + s**2) ** L, np.sqrt(2 ** (1 / L) - 1)),
    returns=["plain", "residual", "scale"],
    cases=[{"L": 2.0, "s": 0.5}, {"L": 5.0, "s": 2.0}, {"L": 10.0, "s": 1.0}],
    mistakes={
        "this is the size; its square is asked for": lambda L, s: {
            "plain": s**L,
            "residual": (1 + s**2) ** (L / 2),
        },
        "this is one block; there are L": lambda L, s: {"plain": s**2, "residual": 1 + s**2},
        "factors in a row multiply; here they are added": lambda L, s: {
            "plain": L * s**2,
            "residual": L * (1 + s**2),
        },
        "sizes of uncorrelated signals don't add; their squares do": lambda L, s: {
            "residual": (1 + s) ** (2 * L)
        },
        "this is one shortcut around all blocks; each has its own": lambda L, s: {
            "residual": 1 + s ** (2 * L)
        },
        "each branch begins with what has grown so far, and not with the input": lambda L, s: {
            "residual": 1 + L * s**2
        },
        "this is the branches alone": lambda L, s: {"residual": s ** (2 * L)},
        "this is the square of it": lambda L, s: {"scale": 2 ** (1 / L) - 1},
        "with this many blocks come near e, and not to 2": lambda L, s: {"scale": 1 / np.sqrt(L)},
        "this falls short of 2: it is squared before it is added to 1": lambda L, s: {"scale": 1 / L},
        "this is what it comes near with many blocks; solve for L of them": lambda L, s: {
            "scale": np.sqrt(np.log(2) / L)
        },
        "the shortcut's 1 is missing": lambda L, s: {"scale": 2 ** (1 / (2 * L))},
        "the size doubles here; its square should": lambda L, s: {"scale": np.sqrt(4 ** (1 / L) - 1)},
    },
)
