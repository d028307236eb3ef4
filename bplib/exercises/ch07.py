"""Checks for the exercises of chapter 7, "Gradient checking".

Here the answers are themselves measurements, so most cases take large steps, on functions where one side, two
sides and the limit differ in the first digits. A checker's answer is a verdict: it is judged by pairs on
which mistaken checkers disagree.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead

Function = Callable[..., Any]
Stations = SimpleNamespace  # what a right answer computes on its way, by name

# 1. Three quotients by hand: 1/w at w = 2, with h = 1
check_quotients = Check(
    lambda: (1 / 3 - 1 / 2, 1 / 2 - 1, (1 / 3 - 1) / 2, -1 / 4, (1 / 12) / (7 / 12)),
    returns=["right", "left", "central", "true", "error"],
    cases=[{}],
    mistakes={
        "this is the difference over both steps; it is divided by both": lambda: {"central": -2 / 3},
        "a slope is the change on the way to the right: what falls has a slope below 0": lambda: {
            "right": 1 / 6,
            "left": 1 / 2,
            "central": 1 / 3,
            "true": 1 / 4,
        },
        "this one looks to the other side": lambda: {"right": -1 / 2, "left": -1 / 6},
        "this is a value of the function, not a change of it": lambda: {"right": 1 / 3, "left": 1.0},
        "this is one of the two sides, and not the mean of both": lambda: {"central": -1 / 6},
        "the slope of 1/w is -1/w squared": lambda: {"true": -1 / 2},
        "this is the slope at 1 and not at 2": lambda: {"true": -1.0},
        "this is the difference itself; divide it by the sum of both sizes": lambda: {"error": 1 / 12},
        "it is divided by the true slope alone; the sum of both sizes belongs there": (
            lambda: {"error": 1 / 3}
        ),
        "it is divided by the measured slope alone; the sum of both sizes belongs there": (
            lambda: {"error": 1 / 4}
        ),
        "the signs are lost in the difference: both slopes are below 0": lambda: {"error": 1.0},
    },
    tol=2e-3,
)


# 2. Which of them is it?
check_named = Check(
    lambda: (1, 2, 3, 6, 7, 8),
    returns=["a", "b", "c", "d", "e", "f"],
    cases=[{}],
    mistakes={
        "a forward that never moves measures 0 too, but what is claimed here is right": lambda: {"a": 5},
        "in a minimum slopes are small, and these are claimed to be large": lambda: {"a": 8},
        "rounding blurs a slope in all entries; which two slopes have this one as their mean?": (
            lambda: {"b": 1}
        ),
        "a transpose moves right numbers elsewhere; this one is nowhere in the claim": lambda: {"b": 4},
        "rounding gives the same slope every time: a computer rounds the same way": lambda: {"c": 1},
        "a kink gives a slope between two, and not a huge one": lambda: {"c": 2},
        "the forward is written, and moves; which question has 0 for an answer all the same?": (
            lambda: {"d": 5}
        ),
        "the threshold could be any: both sides are exactly 0": lambda: {"d": 7},
        "rounding hides the last digits, and this is a factor of 2": lambda: {"e": 1},
        "with random cotangents it would pass as well; look at the size of the gradients": lambda: {"e": 6},
        "where slopes are small noise makes a right gradient fail; this is a wrong one that passes": (
            lambda: {"e": 8}
        ),
        "the numbers are float64 from start to end; what has become smaller during training?": (
            lambda: {"f": 1}
        ),
        "an absolute threshold gets easier as slopes shrink; this check gets harder": lambda: {"f": 7},
        "chance would have shown before training as well": lambda: {"f": 3},
    },
)


# 3. A checker to keep. The notebook gives the same pairs, in the same order.
_FACTORS = np.array([[1.0, 2.0], [-3.0, 0.5]])
_PAIRS: list[tuple[Function, Function, int]] = [
    (lambda x: (x**2, x), lambda dout, x: (dout * 2 * x,), 1),
    (lambda x: (x**2, x), lambda dout, x: (x * dout,), 1),
    (lambda x: (x - x[::-1], None), lambda dout, _: (dout - dout[::-1],), 1),
    (lambda x: (x - x[::-1], None), lambda dout, _: (0 * dout,), 1),
    (lambda x, y: (x * y, (x, y)), lambda dout, xy: (xy[1] * dout, dout), 2),
    (lambda x, y: (x * y, (x, y)), lambda dout, xy: (dout, xy[0] * dout), 2),
    (lambda x: (1e-10 * x**2, x), lambda dout, x: (1e-10 * x * dout,), 1),
    (lambda x: (1e8 * x**2, x), lambda dout, x: (2e8 * x * dout,), 1),
    (lambda x: (_FACTORS * x, x), lambda dout, x: (_FACTORS * dout,), 1),
]
_RIGHT = (1, 0, 1, 0, 0, 0, 0, 1, 1)
_TINY = 6  # the pair whose gradients are about 1e-10


def pair_args(pair: int, x: Any) -> tuple[Any, ...]:
    """Return the arguments at which a pair is checked."""
    return (x, x + 1)[: _PAIRS[int(pair)][2]]


def _entries(f: Function, x: Any, h: float, *, rows: bool, sides: int) -> Any:
    slopes = np.zeros(x.shape)
    for i in range(len(x)) if rows else np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        slopes[i] = (f(x + step) - (f(x - step) if sides == 2 else f(x))) / (sides * h)
    return slopes


def _checker(
    *, ones: bool = False, absolute: bool = False, last: int | None = None, asked: bool = True,
    rows: bool = False, sides: int = 2, decides: Function = all,
) -> Function:  # fmt: skip
    """Make a checker; what is given differs from a right one. `last` is how many arguments it looks at."""

    def verdict(pair: float, x: Any) -> float:
        forward, backward, _ = _PAIRS[int(pair)]
        args = pair_args(int(pair), x)
        out, cache = forward(*args)
        dout = np.ones(out.shape) if ones else np.random.default_rng(7).standard_normal(out.shape)
        found = []
        for k, a in enumerate(backward(dout, cache)[:last]):

            def loss(moved: Any, k: int = k) -> Any:
                came = forward(*args[:k], moved, *args[k + 1 :])[0]
                return np.sum((dout if asked else 1) * came)

            n = _entries(loss, args[k], 1e-5, rows=rows, sides=sides)
            whole = np.linalg.norm(a) + np.linalg.norm(n)
            allowed = 1e-5 if absolute else 1e-6 * whole
            found.append(bool(np.linalg.norm(a - n) <= allowed))
        return float(decides(found))

    return verdict


_VECTOR, _MATRIX = np.array([0.5, -1.0, 2.0]), np.array([[1.0, -0.5], [2.0, 0.3]])

check_checker = Check(
    lambda pair, x: float(_RIGHT[int(pair)]),
    returns=["verdict"],
    cases=[{"pair": k, "x": _MATRIX if k == 8 else _VECTOR} for k in range(len(_RIGHT))],
    mistakes={
        "outputs that add up to 0 let a gradient of zeros pass: is dout all ones?": _checker(ones=True),
        "a fixed threshold has a unit; divide by the size of what is compared": _checker(absolute=True),
        "a tiny wrong gradient is waved through: np.allclose adds a fixed threshold, atol; use rtol alone": (
            lambda pair, x: 1.0 if pair == _TINY else float(_RIGHT[int(pair)])
        ),
        "only the first argument's gradient is looked at": _checker(last=1),
        "the last argument has the last word; all of them must be right": _checker(
            decides=lambda found: found[-1]
        ),
        "one right argument is enough for it; all of them must be right": _checker(decides=any),
        "backward was given dout; what is measured must be the slopes of sum(dout * out), not of sum(out)": (
            _checker(asked=False)
        ),
        "a row is nudged where an entry should be": _checker(rows=True),
        "one side is too rough for 1e-6; measure on both": _checker(sides=1),
        "it says right where the gradient is wrong, and the reverse": (
            lambda pair, x: 1.0 - _RIGHT[int(pair)]
        ),
        "it calls everything right; a wrong gradient must fail": lambda pair, x: 1.0,
    },
)


# 4. Two layers, analytic against numerical
def _two_layers(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> float:
    return float(np.mean((np.tanh(X @ W1.T + b1) @ W2.T + b2 - Y) ** 2))


def _passed(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Stations:
    A1 = np.tanh(X @ W1.T + b1)
    error = A1 @ W2.T + b2 - Y
    dZ2 = 2 * error / error.size
    back = dZ2 @ W2
    return Stations(X=X, A1=A1, error=error, dZ2=dZ2, W2=W2, back=back, dZ1=back * (1 - A1**2))


def _network_case(seed: int, B: int, n0: int, n1: int, n2: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"X": (B, n0), "Y": (B, n2), "W1": (n1, n0), "b1": (n1,), "W2": (n2, n1), "b2": (n2,)}
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()}


def _one_sided(h: float) -> Function:
    def wrong(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> dict[str, Any]:
        def loss(W: Any) -> float:
            return _two_layers(X, Y, W, b1, W2, b2)

        return {"measured": _entries(loss, W1, h, rows=False, sides=1)}

    return wrong


def _compared(*case: Any) -> tuple[Any, Any]:
    s = _passed(*case)
    return s.dZ1.T @ s.X, by_nudging(_two_layers, "W1")(*case)[0]


check_compared = Check(
    _compared,
    returns=["claimed", "measured"],
    cases=[
        _network_case(1, 1, 1, 2, 1),
        _network_case(2, 3, 2, 2, 2),
        _network_case(3, 5, 4, 8, 2),
    ],
    mistakes={
        "the outputs are left out of the mean: np.mean divides by all entries": instead(
            _passed, claimed=lambda s: s.error.shape[1] * s.dZ1.T @ s.X
        ),
        "the samples are left out of the mean: np.mean divides by all entries": instead(
            _passed, claimed=lambda s: len(s.X) * s.dZ1.T @ s.X
        ),
        "nothing is divided; the loss is a mean": instead(
            _passed, claimed=lambda s: s.error.size * s.dZ1.T @ s.X
        ),
        "the 2 of the square is missing": instead(_passed, claimed=lambda s: s.dZ1.T @ s.X / 2),
        "the slope of tanh is missing": instead(_passed, claimed=lambda s: s.back.T @ s.X),
        "tanh itself stands in the place of its slope": instead(
            _passed, claimed=lambda s: (s.back * s.A1).T @ s.X
        ),
        "in the slope of tanh, tanh is taken twice": instead(
            _passed, claimed=lambda s: (s.back * (1 - np.tanh(s.A1) ** 2)).T @ s.X
        ),
        "a row of W1 is nudged as a whole; each weight wants a step of its own": instead(
            _passed,
            measured=lambda s: np.repeat((s.dZ1.T @ s.X).sum(axis=1, keepdims=True), s.X.shape[1], axis=1),
        ),
        "the difference is over two steps, and is divided by one": instead(
            _passed, measured=lambda s: 2 * s.dZ1.T @ s.X
        ),
        "one side is too rough for it; measure on both": _one_sided(1e-5),
        "a step of 1e-6 to one side is too rough for it; measure on both": _one_sided(1e-6),
    },
    tol=1e-7,
    differ={
        "it equals the claimed one to the last bit, and a measurement never does: nudge the loss": (
            _network_case(4, 5, 4, 8, 2)
        )
    },
)


def _best(eps: float, f: float, f3: float) -> Stations:
    return Stations(eps=eps, f=f, f3=f3, h=(3 * eps * f / f3) ** (1 / 3))


def _errs(s: Stations, h: float) -> float:
    return float(h**2 / 6 * s.f3 + s.eps * s.f / h)


def _right_step(eps: float, f: float, f3: float) -> tuple[float, float]:
    s = _best(eps, f, f3)
    return s.h, _errs(s, s.h)


def _other_step(h: Callable[[Stations], float]) -> Callable[..., dict[str, float]]:
    def wrong(eps: float, f: float, f3: float) -> dict[str, float]:
        s = _best(eps, f, f3)
        return {"h": h(s), "error": _errs(s, h(s))}

    return wrong


check_best_step = Check(
    _right_step,
    returns=["h", "error"],
    cases=[
        {"eps": 0.001, "f": 1.5, "f3": 0.5},
        {"eps": 1e-7, "f": 2.0, "f3": 0.5},
        {"eps": 2e-16, "f": 10.0, "f3": 4.0},
    ],
    mistakes={
        "the root is that of a forward difference; here a third power is solved for": _other_step(
            lambda s: float(np.sqrt(2 * s.eps * s.f / s.f3))
        ),
        "the 3 is missing: the derivative of h squared over 6 is h over 3": _other_step(
            lambda s: (s.eps * s.f / s.f3) ** (1 / 3)
        ),
        "both terms are made equal; the sum is least where their slopes cancel": _other_step(
            lambda s: (6 * s.eps * s.f / s.f3) ** (1 / 3)
        ),
        "the size of the loss is missing in it": _other_step(lambda s: (3 * s.eps / s.f3) ** (1 / 3)),
        "the third derivative is missing in it": _other_step(lambda s: (3 * s.eps * s.f) ** (1 / 3)),
        "the third power is still to be undone: take the cube root": _other_step(
            lambda s: 3 * s.eps * s.f / s.f3
        ),
        "f and f3 have changed places": _other_step(lambda s: (3 * s.eps * s.f3 / s.f) ** (1 / 3)),
        "this is the formula's error alone; rounding is missing": instead(
            _best, error=lambda s: s.h**2 / 6 * s.f3
        ),
        "this is rounding alone; the formula's error is missing": instead(
            _best, error=lambda s: s.eps * s.f / s.h
        ),
    },
)


# 5. One order better
check_weights = Check(
    lambda: (2 / 3, -1 / 12, -1 / 30, 1 / 5, 4 / 5),
    returns=["a", "b", "c", "p", "q"],
    cases=[{}],
    mistakes={
        "these are for the two differences divided by 2h and by 4h; here both are divided by h": lambda: {
            "a": 4 / 3,
            "b": -1 / 3,
        },
        "the 12 is missing: 8 and -1 are divided by it": lambda: {"a": 8.0, "b": -1.0},
        "its sign is the other one: the wide difference is taken away": lambda: {"b": 1 / 12},
        "with this alone the slope is right, and the squared term is still there": lambda: {
            "a": 1 / 2,
            "b": 0.0,
        },
        "the sign is lost: 2 to the fifth is more than 8": lambda: {"c": 1 / 30},
        "the 5! of the series is missing": lambda: {"c": -4.0},
        "this is the whole sum over 5!, and each difference holds its term twice": lambda: {"c": -1 / 60},
        "this is the central difference's; here the fourth power of h stands against 1/h": lambda: {
            "p": 1 / 3,
            "q": 2 / 3,
        },
        "the slope of the fourth power is a third one, and rounding brings two more": lambda: {"p": 1 / 4},
        "h to the fourth, with h as in p: multiply the exponents": lambda: {"q": 1 / 5},
    },
)


def _odd(n: float, x: float, h: float) -> tuple[float, float]:
    """Return what x^n changes over a step to either side, and over two."""
    n = int(n)
    return (x + h) ** n - (x - h) ** n, (x + 2 * h) ** n - (x - 2 * h) ** n


def _weighted(a: float, b: float, scale: Callable[[float], float] = lambda h: 1 / h) -> Function:
    def slope(n: float, x: float, h: float) -> float:
        one, two = _odd(n, x, h)
        return (a * one + b * two) * scale(h)

    return slope


check_five_point = Check(
    _weighted(2 / 3, -1 / 12),
    returns=["slope"],
    cases=[
        {"n": 5, "x": 1.0, "h": 0.5},
        {"n": 3, "x": 1.0, "h": 0.5},
        {"n": 7, "x": -0.5, "h": 0.25},
    ],
    mistakes={
        "this is the central difference, one order less": _weighted(1 / 2, 0),
        "this is the central difference with the double step": _weighted(0, 1 / 4),
        "it is not divided by h yet": _weighted(2 / 3, -1 / 12, lambda h: 1.0),
        "it is divided by 2h; the two weights hold all factors but h": _weighted(
            2 / 3, -1 / 12, lambda h: 1 / (2 * h)
        ),
        "the wide difference is added; it is taken away": _weighted(2 / 3, 1 / 12),
        "the two weights have changed places": _weighted(-1 / 12, 2 / 3),
    },
)


# 6. Spot the bug
check_bugs = Check(
    lambda: (3, 1, 4, 2, 6),
    returns=["a", "b", "c", "d", "e"],
    cases=[{}],
    mistakes={
        "nothing is added to x itself here; how many entries move with one step?": lambda: {"a": 1},
        "both sides are looked at; which entries move with one step?": lambda: {"a": 6},
        "entry by entry it goes; is x the same afterwards, to the last bit?": lambda: {"b": 3},
        "its step is the usual one; what is x afterwards?": lambda: {"b": 4},
        "it leaves x alone; how large is the step, and what is rounding divided by?": lambda: {"c": 1},
        "there is no comparison in it; how large is the step?": lambda: {"c": 5},
        "it works on a copy, and steps back; of what type is that copy if x holds whole numbers?": (
            lambda: {"d": 1}
        ),
        "entry by entry it goes; try it with whole numbers": lambda: {"d": 3},
        "a step of 1e-5 is right for two sides; for how many is it here?": lambda: {"e": 4},
        "entry by entry it goes; how often is f called for each?": lambda: {"e": 3},
    },
)


def _cubes(c: Any, x: Any, h: float) -> Any:
    return c * (3 * x**2 + h**2)


def _cut(*, copies: bool = False, slopes: bool = False) -> Function:
    """Make what comes out where an array has the type of x, and x holds whole numbers."""

    def wrong(c: Any, x: Any, h: float) -> Any:
        if x.dtype.kind != "i":
            return _cubes(c, x, h)
        up, down = ((x + s).astype(x.dtype) if copies else x + s for s in (h, -h))
        found = c * (up**3 - down**3) / (2 * h)
        return found.astype(x.dtype) if slopes else found

    return wrong


check_measure = Check(
    _cubes,
    returns=["slopes"],
    cases=[
        {"c": np.array([1.0, 2.0]), "x": np.array([1.0, -0.5]), "h": 0.25},
        {"c": np.array([1.0, -1.0]), "x": np.array([2, 3]), "h": 0.5},
        {
            "c": np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]]),
            "x": np.array([[0.5, 1.0, -1.0], [2.0, 0.3, 0.1]]),
            "h": 0.1,
        },
    ],
    mistakes={
        "this looks to the right only; measure on both sides": (
            lambda c, x, h: c * (3 * x**2 + 3 * x * h + h**2)
        ),
        "where x holds whole numbers, so do its copies, and the step is cut off: make them floats": _cut(
            copies=True
        ),
        "where x holds whole numbers, so do the slopes, and are cut off: np.zeros_like keeps the type": _cut(
            slopes=True
        ),
        "where x holds whole numbers, so does the step, and is 0: np.zeros_like keeps the type": (
            lambda c, x, h: np.zeros(x.shape) if x.dtype.kind == "i" else _cubes(c, x, h)
        ),
        "a row is nudged where an entry should be": lambda c, x, h: (
            _cubes(c, x, h)
            if np.ndim(x) == 1
            else np.repeat(_cubes(c, x, h).sum(axis=1, keepdims=True), np.shape(x)[1], axis=1)
        ),
        "the step h that was handed over is not the one that is taken": lambda c, x, h: 3 * c * x**2,
        "all entries are nudged at once; each wants a step of its own": lambda c, x, h: np.full(
            np.shape(x), np.sum(_cubes(c, x, h))
        ),
        "the difference is over two steps, and is divided by one": lambda c, x, h: 2 * _cubes(c, x, h),
    },
)


# 7. Where kinks cancel: at 0, relu(x) + relu(-x), relu(x) - relu(-x), 3 relu(x) - relu(-x), x - relu(x)
check_kinks = Check(
    lambda: ([-1, 1, 1, 1], [1, 1, 3, 0], [0, 0, 0, 1], [1, 0, 0, 1]),
    returns=["left", "right", "backprop", "may"],
    cases=[{}],
    mistakes={
        "on the left x is below 0, and relu(-x) is -x, whose slope is -1": lambda: {"left": [1, -1, -1, 1]},
        "on the left relu(-x) is not silent: only relu(x) is": lambda: {"left": [0, 0, 0, 1]},
        "on the right relu(-x) is silent; look at relu(x)": lambda: {"right": [0, 0, 2, 0]},
        "the 3 stands before the one that is awake on the right": lambda: {"right": [1, 1, 1, 0]},
        "x itself has a slope of 1, without a kink": lambda: {"left": [-1, 1, 1, 0], "right": [1, 1, 3, -1]},
        "this is the mean of both sides; backpropagation takes the convention 0 in each ReLU": (
            lambda: {"backprop": [0, 1, 2, 0.5]}
        ),
        "here ReLU'(0) is 1, and the book's is 0": lambda: {"backprop": [0, 2, 4, 0]},
        "in the last one a path leads past the ReLU": lambda: {"backprop": [0, 0, 0, 0]},
        "between the slopes is meant with both ends, and 0 lies between -1 and 1": (
            lambda: {"may": [0, 0, 0, 1]}
        ),
        "1 is the slope on the left, and so it may": lambda: {"may": [1, 0, 0, 0]},
        "0 is not between 1 and 1, nor between 1 and 3": lambda: {"may": [1, 1, 1, 1]},
        "one kink alone may stand; where two of them add up, look at the function": (
            lambda: {"may": [1, 0, 1, 1]}
        ),
    },
)


# 8. A penalty inside the check
def _ridge(X: Any, y: Any, w: Any, b: Any, lam: float) -> float:
    return float(np.mean((X @ w + b - y) ** 2) + lam / 2 * np.sum(w**2))


def _fitted(X: Any, y: Any, w: Any, b: Any, lam: float) -> Stations:
    error = X @ w + b - y
    g = 2 * X.T @ error / len(y)
    return Stations(error=error, g=g, gb=2 * error.mean(), w=w, b=b, lam=lam, B=len(y))


def _ridge_case(seed: int, B: int, n: int, lam: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    case = {"X": rng.normal(size=(B, n)), "y": rng.normal(size=B), "w": rng.normal(size=n)}
    return {name: array.round(1) for name, array in case.items()} | {"b": 0.5, "lam": lam}


check_ridge = Check(
    by_nudging(_ridge, "w", "b"),
    returns=["dw", "db"],
    cases=[_ridge_case(1, 2, 1, 0.5), _ridge_case(2, 4, 3, 2.0), _ridge_case(3, 3, 2, 0.0)],
    mistakes={
        "the penalty is missing; where lam is 0 nobody sees it": instead(_fitted, dw=lambda s: s.g),
        "lam multiplies the gradient; it multiplies w": instead(_fitted, dw=lambda s: s.g + s.lam * s.g),
        "the 1/2 has eaten the 2 of the square already": instead(_fitted, dw=lambda s: s.g + 2 * s.lam * s.w),
        "the half is still there, and the square has brought a 2": instead(
            _fitted, dw=lambda s: s.g + s.lam / 2 * s.w
        ),
        "this is the penalty and not its slope": instead(
            _fitted, dw=lambda s: s.g + s.lam / 2 * np.sum(s.w**2)
        ),
        "the penalty is taken away; it is added": instead(_fitted, dw=lambda s: s.g - s.lam * s.w),
        "the penalty is not averaged over the samples": instead(
            _fitted, dw=lambda s: s.g + s.lam * s.w / s.B
        ),
        "the mean is missing: 1/B": instead(
            _fitted, dw=lambda s: s.B * s.g + s.lam * s.w, db=lambda s: s.B * s.gb
        ),
        "the 2 of the squared error is missing": instead(
            _fitted, dw=lambda s: s.g / 2 + s.lam * s.w, db=lambda s: s.gb / 2
        ),
        "the bias has no penalty here": instead(_fitted, db=lambda s: s.gb + s.lam * s.b),
    },
)
