"""Checks for the exercises of chapter 13, "Time and shared weights".

What is right is measured by nudging wherever a gradient is asked for; what a step adds, by nudging a copy of
the weights that only this step uses. Most cases are square, so that a wrong order still runs.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead

Stations = SimpleNamespace  # what a right answer computes on its way, by name


def _drawn(seed: int, **sizes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()}


def _chosen(letters: str, option: int) -> Callable[[], dict[str, int]]:
    """Return the mistake of giving each of these questions this number of the list."""
    return lambda: dict.fromkeys(letters, option)


def _entries(**wrong: float) -> Callable[[], dict[str, float]]:
    """Return the mistake that makes these results of a question without arguments."""
    return lambda: wrong


# 1. Which copies add
check_copies = Check(
    lambda: (5, 5, 1, 3, 1, 3, 5, 2, 2),
    returns=list("abcdefghi"),
    cases=[{}],
    mistakes={
        "it is used at more places than one": _chosen("abdfghi", 1),
        "there are more than two places that use it": _chosen("abdfg", 2),
        "it is used at one place": _chosen("ce", 2),
        "each sample has one of its own, and only that sample uses it": _chosen("ce", 3),
        "that counts the samples; the steps use it as well": _chosen("abg", 3),
        "it belongs to one sample; which steps use it, and which losses?": _chosen("hi", 3),
        "that counts the steps; the samples use it as well": _chosen("abg", 4),
        "not every step uses it; later ones only feel what has become of it": _chosen("cdehi", 4),
        "not every state is read": _chosen("f", 4),
        "either not every step uses it, or not every sample": _chosen("cdefhi", 5),
        # Of a number twice another it would be said that it is a factor.
        "the list goes from 1 to 5": lambda: {"a": 10, "b": 10, "d": 6, "f": 6, "g": 10},
    },
)


# 2. Three steps by hand: w = 2, h0 = 1, x = (1, -4, 5), targets (4, 1, 7)
check_three_steps = Check(
    lambda: (2, 5, 9, 28, 18),
    returns=["dh3", "dh2", "dh1", "dw", "dh0"],
    cases=[{}],
    mistakes={
        "this is the state; its gradient is the error, state minus target": _entries(dh3=9, dh2=2, dh1=3),
        "the target is missing in what its own loss adds": _entries(dh2=20, dh1=43),
        "a state has two readers; this is what comes from the step after alone": _entries(dh2=4, dh1=10),
        "a state has two readers; this is what comes from its own loss alone": _entries(dh2=1, dh1=-1),
        "of the three losses, only that of step 3 is heard": _entries(dh1=8),
        "what comes from the step after has to pass w": _entries(dh2=3, dh1=4),
        "on the way from step 3 there are two w, and both are missing": _entries(dh1=2),
        "the parts of both readers are multiplied; they add": _entries(dh1=-10),
        "the loss at step 3 is two steps away, so it passes w twice": _entries(dh1=5),
        "the loss at step 3 is missing in it": _entries(dh1=1),
        "this is what step 3 alone adds; w is used at each of the three": _entries(dw=4),
        "this is what step 1 alone adds; w is used at each of the three": _entries(dw=9),
        "what step 1 adds is missing: there w meets h0": _entries(dw=19),
        "what step 2 adds is missing": _entries(dw=13),
        "this is a mean over the steps; a nudge of w acts at each, in full": _entries(dw=28 / 3),
        "each step is paired with the state that it has made; w met the one before": _entries(dw=55),
        "each step is paired with its input; w met the state before": _entries(dw=-1),
        "the states are missing: this is the sum of what arrives": _entries(dw=16),
        "here the losses are heard at their own step alone": _entries(dw=6, dh0=-2),
        "here the loss at the end alone is heard": _entries(dw=24, dh0=16),
        "what is handed back has not passed w": _entries(dw=15, dh0=4),
        "this is what arrives at h1; one step more": _entries(dh0=9),
    },
)


# 3. An RNN for your engine
def _states(xs: Any, h: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    hs = []
    for x in xs:
        h = np.tanh(x @ Wx.T + h @ Wh.T + b)
        hs.append(h)
    return np.stack(hs)


def _rnn_loss(xs: Any, h0: Any, Wx: Any, Wh: Any, b: Any, dhs: Any) -> Any:
    return np.sum(dhs * _states(xs, h0, Wx, Wh, b))


def _rnn(*case: Any) -> tuple[Any, ...]:
    gradients = by_nudging(_rnn_loss, "xs", "h0", "Wx", "Wh", "b")(*case)
    return _states(*case[:-1]), *gradients, gradients[3]


Step = Callable[..., Any]


def _forward_but(step: Step, *, from_h0: bool = False) -> Callable[..., Any]:
    """Return the states of a recurrent network whose step is another."""

    def mistake(xs: Any, h0: Any, Wx: Any, Wh: Any, b: Any, dhs: Any) -> dict[str, Any]:
        h, hs = h0, []
        for x in xs:
            h = step(x, h0 if from_h0 else h, Wx, Wh, b)
            hs.append(h)
        return {"hs": np.stack(hs)}

    return mistake


def _walked(
    *names: str,
    arrives: Step = lambda own, dh, last: own + dh,
    slope: Step = lambda new, old: 1 - new**2,
    before: Step = lambda dz, Wh: dz @ Wh,
    share: Step = lambda so_far, new: so_far + new,
    met: Step = lambda new, old: old,
    order: int = -1,
    end: Step = lambda found, T, B: found,
) -> Callable[..., Any]:
    """Return the mistake, in these results, of a way back of which one part is another."""

    def mistake(xs: Any, h0: Any, Wx: Any, Wh: Any, b: Any, dhs: Any) -> dict[str, Any]:
        hs = [h0, *_states(xs, h0, Wx, Wh, b)]
        dxs, dh = np.zeros(xs.shape), np.zeros(h0.shape)
        dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)
        for t in range(len(xs))[::order]:
            new, old = hs[t + 1], hs[t]
            dz = arrives(dhs[t], dh, t == len(xs) - 1) * slope(new, old)
            dxs[t] = dz @ Wx
            dWx, dWh, db = (
                share(dWx, dz.T @ xs[t]),
                share(dWh, dz.T @ met(new, old)),
                share(db, dz.sum(axis=0)),
            )
            dh = before(dz, Wh)
        found = {"dxs": dxs, "dh0": dh, "dWx": dWx, "dWh": dWh, "db": db}
        return {name: end(found[name], len(xs), len(h0)) for name in names}

    return mistake


_ALL = ("dxs", "dh0", "dWx", "dWh", "db")
_WEIGHTS = ("dWx", "dWh", "db")


def _before_inputs(xs: Any, h0: Any, Wx: Any, Wh: Any, b: Any, dhs: Any) -> dict[str, Any]:
    (dzs,) = by_nudging(lambda z: np.sum(dhs * _states(z, h0, np.eye(len(b)), Wh, b)), "z")(xs @ Wx.T)
    return {"dxs": dzs}


def _before_start(xs: Any, h0: Any, Wx: Any, Wh: Any, b: Any, dhs: Any) -> dict[str, Any]:
    return {"dh0": _before_inputs(xs, h0, Wx, Wh, b, dhs)["dxs"][0]}


check_rnn = Check(
    _rnn,
    returns=["hs", "dxs", "dh0", "dWx", "dWh", "db", "again"],
    cases=[
        _drawn(seed, xs=(T, B, n), h0=(B, n), Wx=(n, n), Wh=(n, n), b=(n,), dhs=(T, B, n))
        for seed, T, B, n in ((1, 2, 1, 2), (2, 2, 2, 2), (3, 4, 3, 3))
    ],
    mistakes={
        "hs begins with h0; its first entry is the state after the first step": lambda *case: {
            "hs": np.concatenate([case[1][None], _states(*case[:-1])])
        },
        "only the last state is there; hs has the state after each step": lambda *case: {
            "hs": _states(*case[:-1])[-1]
        },
        "each step begins at h0; it begins where the step before has ended": _forward_but(
            lambda x, h, Wx, Wh, b: np.tanh(x @ Wx.T + h @ Wh.T + b), from_h0=True
        ),
        "the bias is missing": _forward_but(lambda x, h, Wx, Wh, b: np.tanh(x @ Wx.T + h @ Wh.T)),
        "tanh is missing": _forward_but(lambda x, h, Wx, Wh, b: x @ Wx.T + h @ Wh.T + b),
        "the state before is missing": _forward_but(lambda x, h, Wx, Wh, b: np.tanh(x @ Wx.T + b)),
        "the inputs are missing": _forward_but(lambda x, h, Wx, Wh, b: np.tanh(h @ Wh.T + b)),
        "the state before is added without Wh": _forward_but(
            lambda x, h, Wx, Wh, b: np.tanh(x @ Wx.T + h + b)
        ),
        "Wh is not transposed": _forward_but(lambda x, h, Wx, Wh, b: np.tanh(x @ Wx.T + h @ Wh + b)),
        "Wx is not transposed": _forward_but(lambda x, h, Wx, Wh, b: np.tanh(x @ Wx + h @ Wh.T + b)),
        "neither matrix is transposed": _forward_but(lambda x, h, Wx, Wh, b: np.tanh(x @ Wx + h @ Wh + b)),
        "dhs is read at the last step alone; every state has a gradient of its own": _walked(
            *_ALL, arrives=lambda own, dh, last: own if last else dh
        ),
        "nothing is handed back in time; dhs[t] is only a part of what arrives": _walked(
            *_ALL, arrives=lambda own, dh, last: own
        ),
        "back goes through time from its start; which step hears from the others?": _walked(*_ALL, order=1),
        "the slope of tanh is missing": _walked(*_ALL, slope=lambda new, old: 1),
        "tanh stands where its slope should": _walked(*_ALL, slope=lambda new, old: new),
        "the slope of tanh is made of the state that came in; it is made of the one that came out": _walked(
            *_ALL, slope=lambda new, old: 1 - old**2
        ),
        "in the slope of tanh, tanh is taken twice": _walked(
            *_ALL, slope=lambda new, old: 1 - np.tanh(new) ** 2
        ),
        "what goes back in time passes Wh the same way as on the way there": _walked(
            *_ALL, before=lambda dz, Wh: dz @ Wh.T
        ),
        "what goes back in time has not passed Wh": _walked(*_ALL, before=lambda dz, Wh: dz),
        "this is what arrives before Wx; the inputs are on its other side": _before_inputs,
        "this is what arrives before Wh; h0 is on its other side": _before_start,
        "only the first step's part is left: the parts of the steps add": _walked(
            *_WEIGHTS, share=lambda so_far, new: new
        ),
        "this is a mean over the steps; a nudge of a weight acts at each, in full": _walked(
            *_WEIGHTS, end=lambda found, T, B: found / T
        ),
        "it is divided by the batch; a mean, if there is one, stands in dhs already": _walked(
            *_ALL, end=lambda found, T, B: found / B
        ),
        "each step is paired with the state that it has made; Wh met the one before": _walked(
            "dWh", met=lambda new, old: new
        ),
        "called a second time, back adds its gradients to what the first call gave": lambda *case: {
            "again": 2 * _rnn(*case)[4]
        },
        "called a second time, back finds nothing left to add": lambda *case: {"again": 0 * case[3]},
    },
)


# 4. The contribution of each step: h_t = W h_{t-1} + x_t, and the loss is v . h_T
def _ends(xs: Any, h: Any, Ws: Any, v: Any) -> Any:
    for x, W in zip(xs, Ws, strict=True):
        h = W @ h + x
    return v @ h


def _shared(xs: Any, h0: Any, W: Any, v: Any) -> tuple[Any, Any]:
    (shares,) = by_nudging(_ends, "Ws")(xs, h0, np.stack([W] * len(xs)), v)
    return shares, by_nudging(lambda W: _ends(xs, h0, [W] * len(xs), v), "W")(W)[0]


def _paired(
    *, error: Step = lambda W, v, k: np.linalg.matrix_power(W.T, k) @ v, late: int = 0, from_h0: bool = False,
    fewer: int = 0, outer: Step = np.outer, end: Step = lambda shares: shares,
) -> Callable[..., Any]:  # fmt: skip
    """Return the mistake of shares that are an error times a state, where one of both is another."""

    def mistake(xs: Any, h0: Any, W: Any, v: Any) -> dict[str, Any]:
        hs, T = [h0], len(xs)
        for x in xs:
            hs.append(W @ hs[-1] + x)
        met = [h0] * T if from_h0 else hs[late : T + late]
        return {"shares": end(np.stack([outer(error(W, v, T - 1 - t - fewer), met[t]) for t in range(T)]))}

    return mistake


def _of_shares(end: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *case: {"dW": end(_shared(*case)[0])}


check_shares = Check(
    _shared,
    returns=["shares", "dW"],
    cases=[
        _drawn(seed, xs=(T, n), h0=(n,), W=(n, n), v=(n,)) for seed, T, n in ((1, 2, 2), (2, 3, 3), (3, 5, 2))
    ],
    mistakes={
        "what goes back in time passes W transposed": _paired(
            error=lambda W, v, k: np.linalg.matrix_power(W, k) @ v
        ),
        "what goes back in time has not passed W": _paired(error=lambda W, v, k: v),
        "what goes back has passed W once too often: at the last step, v itself arrives": _paired(fewer=-1),
        "entry by entry raises no matrix to a power; W is multiplied with itself by @": _paired(
            error=lambda W, v, k: W.T**k @ v
        ),
        "each step is paired with the state that it has made; W met the one before": _paired(late=1),
        "each step is paired with h0; W met another state at each": _paired(from_h0=True),
        "each matrix is transposed: its rows belong to what came out of the step": _paired(
            outer=lambda error, met: np.outer(met, error)
        ),
        "the last step's part stands first; they stand in the order of time": _paired(
            end=lambda shares: shares[::-1]
        ),
        "these are the sums up to each step; give each step's own part": _paired(
            end=lambda shares: np.cumsum(shares, axis=0)
        ),
        "these are the sums from each step to the end; give each step's own part": _paired(
            end=lambda shares: np.cumsum(shares[::-1], axis=0)[::-1]
        ),
        "this is the last step's part; all steps use W": _of_shares(lambda shares: shares[-1]),
        "this is the first step's part; all steps use W": _of_shares(lambda shares: shares[0]),
        "this is the mean of the parts; a nudge of W acts at each step, in full": _of_shares(
            lambda shares: shares.mean(axis=0)
        ),
        "the first step's part is missing": _of_shares(lambda shares: shares[1:].sum(axis=0)),
        "the last step's part is missing": _of_shares(lambda shares: shares[:-1].sum(axis=0)),
    },
)


# 5. Cut it short: h_t = w h_{t-1} + x_t, and the loss is half the square of h_T - y
def _numbers(w: float, h: float, xs: Any) -> list[float]:
    hs = [h]
    for x in xs:
        hs.append(w * hs[-1] + x)
    return hs


def _cut_loss(ws: Any, h0: float, xs: Any, y: float) -> float:
    h = h0
    for w, x in zip(ws, xs, strict=True):
        h = w * h + x
    return float((h - y) ** 2 / 2)


def _cut(w: float, h0: float, xs: Any, y: float, window: int) -> tuple[Any, Any]:
    (shares,) = by_nudging(_cut_loss, "ws")(np.full(len(xs), w), h0, xs, y)
    return shares.sum(), shares[-window:].sum()


def _cutting(w: float, h0: float, xs: Any, y: float, window: int) -> Stations:
    hs, T = _numbers(w, h0, xs), len(xs)
    powers = w ** np.arange(T - 1, -1, -1.0)
    shares = (hs[-1] - y) * powers * np.array(hs[:-1])
    return Stations(hs=np.array(hs), T=T, k=window, w=w, y=y, error=hs[-1] - y, powers=powers, shares=shares)


def _forgetful(w: float, h0: float, xs: Any, y: float, window: int) -> dict[str, float]:
    start, last = (h0, xs) if window >= len(xs) else (0.0, xs[-window:])
    return {"kept": _cut(w, start, last, y, window)[0]}


check_cut = Check(
    _cut,
    returns=["whole", "kept"],
    cases=[
        {"w": 0.5, "h0": 3.0, "xs": np.array([1.0, -2.0]), "y": 1.0, "window": 1},
        {"w": -0.8, "h0": 1.0, "xs": np.array([0.5, 2.0, -1.0, 0.7]), "y": 0.5, "window": 2},
        {"w": 1.1, "h0": -2.0, "xs": np.array([0.4, 1.0, -0.6, 0.3, 1.5]), "y": -1.0, "window": 3},
        {"w": 0.7, "h0": 2.0, "xs": np.array([1.0, 0.5, -0.3]), "y": 2.0, "window": 5},
    ],
    mistakes={
        "the error at the end is missing": instead(
            _cutting,
            whole=lambda s: s.shares.sum() / s.error,
            kept=lambda s: s.shares[-s.k :].sum() / s.error,
        ),
        "the target is missing in the error": instead(
            _cutting,
            whole=lambda s: s.shares.sum() / s.error * s.hs[-1],
            kept=lambda s: s.shares[-s.k :].sum() / s.error * s.hs[-1],
        ),
        "each step is paired with the state that it has made; w met the one before": instead(
            _cutting,
            whole=lambda s: s.error * s.powers @ s.hs[1:],
            kept=lambda s: s.error * s.powers[-s.k :] @ s.hs[1:][-s.k :],
        ),
        "the powers of w are missing: the error passes w at each step back": instead(
            _cutting,
            whole=lambda s: s.error * s.hs[:-1].sum(),
            kept=lambda s: s.error * s.hs[:-1][-s.k :].sum(),
        ),
        "the error has passed w once too often: at the last step it has passed none": instead(
            _cutting, whole=lambda s: s.w * s.shares.sum(), kept=lambda s: s.w * s.shares[-s.k :].sum()
        ),
        "the first steps are kept; a window holds those that are nearest to the loss": instead(
            _cutting, kept=lambda s: s.shares[: s.k].sum()
        ),
        "one step too many is kept": instead(_cutting, kept=lambda s: s.shares[-s.k - 1 :].sum()),
        "one step too few is kept": instead(_cutting, kept=lambda s: s.shares[max(s.T - s.k + 1, 0) :].sum()),
        "the last step of the window is all that is kept; those behind it count too": instead(
            _cutting, kept=lambda s: s.shares[-min(s.k, s.T)]
        ),
        "the states are cut as well; forward, nothing is forgotten": _forgetful,
        "this is what the cut loses; what does it keep?": instead(
            _cutting, kept=lambda s: s.shares.sum() - s.shares[-s.k :].sum()
        ),
        "it is divided by the window; the parts add": instead(
            _cutting, kept=lambda s: s.shares[-s.k :].sum() / s.k
        ),
        "what is kept is made larger, to stand for all steps; a cut leaves it as it is": instead(
            _cutting, kept=lambda s: s.shares[-s.k :].sum() * s.T / min(s.k, s.T)
        ),
    },
)


def _logs(w: float, share: float) -> float:
    return math.log(share) / math.log(w)


check_window = Check(
    lambda w, share: math.ceil(_logs(w, share)),
    returns=["window"],
    cases=[{"w": 0.5, "share": 0.1}, {"w": 0.9, "share": 0.01}, {"w": 0.99, "share": 0.3}],
    mistakes={
        "a step is a whole one, and with one less too much is lost: round up": lambda w, share: math.floor(
            _logs(w, share)
        ),
        "a window is a whole number": _logs,
        "it is rounded up, and then one step is added": lambda w, share: math.ceil(_logs(w, share)) + 1,
        "the lost sum is compared with 1; compare it with the whole sum": (
            lambda w, share: math.ceil(_logs(w, share * (1 - w)))
        ),
        "this is the part that is kept; asked is how small the lost one is": lambda w, share: math.ceil(
            _logs(w, 1 - share)
        ),
        "this is about how many steps count at all, whatever share may be lost": lambda w, share: math.ceil(
            round(1 / (1 - w), 9)
        ),
        "its logarithms stand the other way round": lambda w, share: 1 / _logs(w, share),
    },
)


# 6. Radius and largest singular value: W = [[r, c], [0, r]]
def _facts(r: float, c: float, t: int) -> tuple[Any, ...]:
    W = np.array([[r, c], [0.0, r]])
    return abs(r), np.linalg.norm(W, 2), np.linalg.matrix_power(W, int(t))[0, 1]


check_powers = Check(
    _facts,
    returns=["rho", "sigma", "corner"],
    cases=[
        {"r": 0.5, "c": 1.0, "t": 3},
        {"r": -0.8, "c": 3.0, "t": 4},
        {"r": 0.9, "c": 50.0, "t": 9},
    ],
    mistakes={
        "an eigenvalue may be below 0; the radius is its size": lambda r, c, t: {"rho": r},
        "the eigenvalues of a triangle stand on its diagonal, and c is not there": lambda r, c, t: {
            "rho": abs(r) + c
        },
        "this is the sum of a row; the length of an arrow goes by squares": lambda r, c, t: {
            "sigma": abs(r) + c
        },
        "the radius is of W, not of its power": lambda r, c, t: {"rho": abs(r) ** t},
        "this is the product of both eigenvalues; the radius is the size of one": lambda r, c, t: {
            "rho": r * r
        },
        "this is the root of the sum of all squares, to which both singular values belong": (
            lambda r, c, t: {"sigma": math.sqrt(2 * r * r + c * c)}
        ),
        "this is the length of a row or column; an arrow that points between them gets longer": (
            lambda r, c, t: {"sigma": math.hypot(r, c)}
        ),
        "this is its square: of an eigenvalue of W^T W the root is taken": lambda r, c, t: {
            "sigma": _facts(r, c, t)[1] ** 2
        },
        "this is the smaller of the two singular values": lambda r, c, t: {
            "sigma": r * r / _facts(r, c, t)[1]
        },
        "this is the corner: what an arrow gets from the diagonal is missing": lambda r, c, t: {"sigma": c},
        "this is the sum of both singular values": lambda r, c, t: {"sigma": math.sqrt(c * c + 4 * r * r)},
        "the corner is raised by itself; W is multiplied as a matrix": lambda r, c, t: {"corner": c**t},
        "there are t places where the corner can be passed; this counts one": lambda r, c, t: {
            "corner": c * r ** (t - 1)
        },
        "one power of r too many: at the corner itself there is no r": lambda r, c, t: {
            "corner": t * c * r**t
        },
        "the powers of r are missing": lambda r, c, t: {"corner": t * c},
        "the sign of r is lost": lambda r, c, t: {"corner": t * c * abs(r) ** (t - 1)},
        "this is the power after t - 1 steps": lambda r, c, t: {"corner": (t - 1) * c * r ** (t - 2)},
        "this is the power after t + 1 steps": lambda r, c, t: {"corner": (t + 1) * c * r**t},
    },
)


def _sizes(W: Any, how: Any = 2) -> list[float]:
    return [float(np.linalg.norm(np.linalg.matrix_power(W, t), how)) for t in range(1, 301)]


def _course(sizes: list[float]) -> tuple[int, float, int]:
    """Return when the largest is reached, how large it is, and from when on all are below 1."""
    above = [t for t, size in enumerate(sizes, 1) if size >= 1]
    return int(np.argmax(sizes)) + 1, max(sizes), max(above, default=0) + 1


def _powered(W: Any) -> Stations:
    sizes = _sizes(W)
    at, peak, below = _course(sizes)
    rho, sigma = max(abs(np.linalg.eigvals(W))), sizes[0]
    return Stations(at=at, peak=peak, below=below, W=W, sizes=sizes, rho=rho, sigma=sigma)


check_course = Check(
    lambda W: _course(_sizes(W)),
    returns=["at", "peak", "below"],
    cases=[
        {"W": np.array([[0.5, 10.0], [0.0, 0.5]])},
        {"W": np.array([[0.9, 50.0], [0.0, 0.9]])},
        {"W": np.array([[0.7, 0.2], [-0.1, 0.6]])},
        {"W": np.array([[0.0, 10.0], [-0.09, 0.0]])},  # its sizes cross 1 again and again
        {"W": np.array([[-0.8, 4.0, 2.0], [0.0, 0.6, 3.0], [0.0, 0.0, 0.7]])},
    ],
    mistakes={
        "the first power is the first step, and t counts from 1": instead(_powered, at=lambda s: s.at - 1),
        "the size is the length of all entries together; here it is the largest singular value": (
            lambda W: _course(_sizes(W, "fro"))
        ),
        "the size is the largest sum of a row; here it is the largest singular value": lambda W: _course(
            _sizes(W, np.inf)
        ),
        "the size is the largest sum of a column; here it is the largest singular value": (
            lambda W: _course(_sizes(W, 1))
        ),
        "this is the radius, raised; powers may grow first": instead(
            _powered, at=lambda s: 1, peak=lambda s: s.rho, below=lambda s: 1
        ),
        "this is the first step's size; later ones may be larger": instead(_powered, peak=lambda s: s.sigma),
        "this is a bound, the first step's size raised; steps need not stretch the same arrow": instead(
            _powered, peak=lambda s: s.sigma**s.at
        ),
        "this is the last step that is not below 1; asked is the one after": instead(
            _powered, below=lambda s: s.below - 1
        ),
        "this is the first size below 1; a later one is not": instead(
            _powered, below=lambda s: next(t for t, size in enumerate(s.sizes, 1) if size < 1)
        ),
        "W^0 is counted as the first; t begins with W itself": lambda W: _course([1.0, *_sizes(W)]),
        "W^0 is among them; t begins at 1": lambda W: {
            "at": int(np.argmax([1.0, *_sizes(W)])),
            "peak": max(1.0, *_sizes(W)),
        },
        "this is how many steps go from the peak to there": instead(_powered, below=lambda s: s.below - s.at),
    },
)


# 7. Spot the bugs
check_named = Check(
    lambda: (5, 6, 3, 4, 7, 2),
    returns=list("abcdef"),
    cases=[{}],
    mistakes={
        "on its way from step to step, dh is multiplied by Wh or its transpose": _chosen("abcdef", 1),
        "it begins at the last step, as it should": _chosen("abcde", 2),
        "what goes back in time passes Wh the right way": _chosen("abdef", 3),
        "each state's own loss is in it": _chosen("abcef", 4),
        "its slope of tanh is made of the state that the step has made, as it should be": _chosen("bcdef", 5),
        "the parts of the steps are added in it": _chosen("acdef", 6),
        "each error meets the state that came in, as it should": _chosen("abcdf", 7),
        "what goes back from a step is used at the next one that is visited": _chosen("abcdef", 8),
        "the slope of tanh is there": _chosen("bcdef", 9),
        "the slope of tanh is there; where is it taken?": _chosen("a", 9),
        "the list goes from 1 to 9": lambda: {"a": 10, "b": 12, "e": 14},
    },
)


def _leaky_loss(dhs: Any, xs: Any, h0: Any, W: Any, a: float) -> Any:
    h, loss = h0, 0.0
    for dh, x in zip(dhs, xs, strict=True):
        h = h + a * np.tanh(x + h @ W.T)
        loss = loss + np.sum(dh * h)
    return loss


def _leaky_but(
    *,
    slope: Step = lambda u, new, old: 1 - u**2,
    factor: Step = lambda a: a,
    before: Step = lambda dh, dz, W, a: dh + dz @ W,
    met: Step = lambda u, new, old: old,
    arrives: Step = lambda own, dh, last: own + dh,
    share: Step = lambda so_far, new: so_far + new,
) -> Callable[..., Any]:
    """Return the mistake of a way back of which one part, or more, is another."""

    def mistake(dhs: Any, xs: Any, h0: Any, W: Any, a: float) -> dict[str, Any]:
        hs, us = [h0], []
        for x in xs:
            us.append(np.tanh(x + hs[-1] @ W.T))
            hs.append(hs[-1] + a * us[-1])
        dh, dW = np.zeros(h0.shape), np.zeros(W.shape)
        for t in reversed(range(len(xs))):
            u, new, old = us[t], hs[t + 1], hs[t]
            dh = arrives(dhs[t], dh, t == len(xs) - 1)
            dz = factor(a) * dh * slope(u, new, old)
            dW = share(dW, dz.T @ met(u, new, old))
            dh = before(dh, dz, W, a)
        return {"dh0": dh, "dW": dW}

    return mistake


_AS_IT_WAS: dict[str, Step] = {
    "slope": lambda u, new, old: 1 - new**2,
    "factor": lambda a: 1,
    "before": lambda dh, dz, W, a: dz @ W,
}


def _still(*parts: str) -> Callable[..., Any]:
    return _leaky_but(**{name: _AS_IT_WAS[name] for name in parts})


check_repaired = Check(
    by_nudging(_leaky_loss, "h0", "W"),
    returns=["dh0", "dW"],
    cases=[
        _drawn(seed, dhs=(T, B, n), xs=(T, B, n), h0=(B, n), W=(n, n)) | {"a": a}
        for seed, T, B, n, a in ((1, 2, 1, 2, 0.5), (2, 2, 2, 2, 0.3), (3, 4, 2, 3, 0.7))
    ],
    mistakes={
        "this is still what the program above computes": _still("slope", "factor", "before"),
        "a is in it now; two more lines are not right": _still("slope", "before"),
        "the slope is right now; two more lines are not": _still("factor", "before"),
        "the way past tanh is there now; the way through it is not right, in two respects": _still(
            "slope", "factor"
        ),
        "the slope of tanh is made of the new state; which number came out of tanh?": _still("slope"),
        "a is missing: it stands between tanh and the new state": _still("factor"),
        "a state goes on in two ways; the way past tanh is missing": _still("before"),
        "the slope of tanh is missing": _leaky_but(slope=lambda u, new, old: 1),
        "the slope of tanh is made of the state that came in": _leaky_but(
            slope=lambda u, new, old: 1 - old**2
        ),
        "in the slope of tanh, tanh is taken twice": _leaky_but(
            slope=lambda u, new, old: 1 - np.tanh(u) ** 2
        ),
        "a is in it twice": _leaky_but(factor=lambda a: a * a),
        "the way past tanh has no a and loses nothing; here 1 - a is left of it": _leaky_but(
            before=lambda dh, dz, W, a: (1 - a) * dh + dz @ W
        ),
        "the way past tanh has no a": _leaky_but(before=lambda dh, dz, W, a: a * dh + dz @ W),
        "what arrives before tanh has passed W; what went past it has not": _leaky_but(
            before=lambda dh, dz, W, a: (dh + dz) @ W
        ),
        "W is transposed on the way back": _leaky_but(before=lambda dh, dz, W, a: dh + dz @ W.T),
        "this is the way past tanh alone": _leaky_but(before=lambda dh, dz, W, a: dh),
        "W met the state before the step, and here it is the one after": _leaky_but(
            met=lambda u, new, old: new
        ),
        "the parts of the steps are not added": _leaky_but(share=lambda so_far, new: new),
        "each state's own gradient is missing, but for the last": _leaky_but(
            arrives=lambda own, dh, last: own if last else dh
        ),
    },
)


# 8. The LSTM's highway: c' = f c + i g, h' = o tanh(c'), all four gates made of z
def _sigmoid(z: Any) -> Any:
    return 0.5 * (1 + np.tanh(z / 2))


def _lstm_loss(dh: Any, dc: Any, c: Any, z: Any) -> Any:
    new = _sigmoid(z[0]) * c + _sigmoid(z[1]) * np.tanh(z[2])
    return np.sum(dh * _sigmoid(z[3]) * np.tanh(new) + dc * new)


def _lstm(dh: Any, dc: Any, c: Any, z: Any) -> tuple[Any, ...]:
    before, dz = by_nudging(_lstm_loss, "c", "z")(dh, dc, c, z)
    return before, *dz


def _lstm_but(
    *names: str,
    arrives: Step = lambda s: s.dc + s.dh * s.o * (1 - s.tanh**2),
    before: Step = lambda s: s.all * s.f,
    gates: Step = lambda s: (s.all * s.c, s.all * s.g, s.all * s.i, s.dh * s.tanh),
    slopes: Step = lambda s: (s.f * (1 - s.f), s.i * (1 - s.i), 1 - s.g**2, s.o * (1 - s.o)),
) -> Callable[..., Any]:
    """Return the mistake, in these results, of a step back of which one part is another."""

    def mistake(dh: Any, dc: Any, c: Any, z: Any) -> dict[str, Any]:
        f, i, o, g = _sigmoid(z[0]), _sigmoid(z[1]), _sigmoid(z[3]), np.tanh(z[2])
        new = f * c + i * g
        s = Stations(dh=dh, dc=dc, c=c, z=z, f=f, i=i, g=g, o=o, new=new, tanh=np.tanh(new))
        s.all = arrives(s)
        parts = [gate * slope for gate, slope in zip(gates(s), slopes(s), strict=True)]
        found = dict(zip(_LSTM, [before(s), *parts], strict=True))
        return {name: found[name] for name in names}

    return mistake


_LSTM = ("dc0", "dzf", "dzi", "dzg", "dzo")
_CELL = _LSTM[:4]

check_lstm = Check(
    _lstm,
    returns=_LSTM,
    cases=[
        _drawn(seed, dh=(B, n), dc=(B, n), c=(B, n), z=(4, B, n))
        for seed, B, n in ((1, 1, 1), (2, 1, 2), (3, 3, 2))
    ],
    mistakes={
        "the new cell is heard by later steps and by h'; this is later steps alone": _lstm_but(
            *_CELL, arrives=lambda s: s.dc
        ),
        "the new cell is heard by later steps and by h'; this is h' alone": _lstm_but(
            *_CELL, arrives=lambda s: s.dh * s.o * (1 - s.tanh**2)
        ),
        "h' hears the new cell through tanh, whose slope is missing": _lstm_but(
            *_CELL, arrives=lambda s: s.dc + s.dh * s.o
        ),
        "h' hears the new cell through the gate o, which is missing": _lstm_but(
            *_CELL, arrives=lambda s: s.dc + s.dh * (1 - s.tanh**2)
        ),
        "both readers are added as they are; h' hears the new cell through o and tanh": _lstm_but(
            *_CELL, arrives=lambda s: s.dc + s.dh
        ),
        "tanh stands where its slope should": _lstm_but(*_CELL, arrives=lambda s: s.dc + s.dh * s.o * s.tanh),
        "the slope of tanh is made of the old cell; tanh met the new one": _lstm_but(
            *_CELL, arrives=lambda s: s.dc + s.dh * s.o * (1 - np.tanh(s.c) ** 2)
        ),
        "the square of the new cell stands in the slope; the slope of tanh is written with its output": (
            _lstm_but(*_CELL, arrives=lambda s: s.dc + s.dh * s.o * (1 - s.new**2))
        ),
        "dc too goes through o and tanh here; later steps hear the new cell itself": _lstm_but(
            *_CELL, arrives=lambda s: (s.dc + s.dh) * s.o * (1 - s.tanh**2)
        ),
        "this is what arrives at the new cell; between it and the old one stands a gate": _lstm_but(
            "dc0", before=lambda s: s.all
        ),
        "the old cell meets another gate": _lstm_but("dc0", before=lambda s: s.all * s.i),
        "the slope of the gate is in it; the gate itself is what the old cell is multiplied by": _lstm_but(
            "dc0", before=lambda s: s.all * s.f * (1 - s.f)
        ),
        "this is the gradient of what comes out of the gates; their slopes are missing": _lstm_but(
            *_LSTM[1:], slopes=lambda s: (1, 1, 1, 1)
        ),
        "the value of the bend stands where its slope should": _lstm_but(
            *_LSTM[1:], slopes=lambda s: (s.f, s.i, s.g, s.o)
        ),
        "the candidate goes through tanh, and this is the slope of a sigmoid": _lstm_but(
            "dzg", slopes=lambda s: (1, 1, _sigmoid(s.z[2]) * (1 - _sigmoid(s.z[2])), 1)
        ),
        "the slope of tanh is written with its output g, and this is the sigmoid's formula": _lstm_but(
            "dzg", slopes=lambda s: (1, 1, s.g * (1 - s.g), 1)
        ),
        "this gate goes through a sigmoid, and this is the slope of tanh": _lstm_but(
            "dzf", "dzi", "dzo", slopes=lambda s: (1 - s.f**2, 1 - s.i**2, 1, 1 - s.o**2)
        ),
        "a factor of a product is handed the other one, not itself": _lstm_but(
            "dzf", "dzi", "dzg", gates=lambda s: (s.all * s.f, s.all * s.i, s.all * s.g, 0)
        ),
        "the forget gate met the old cell, and here it is the new one": _lstm_but(
            "dzf", gates=lambda s: (s.all * s.new, 0, 0, 0)
        ),
        "the gate o is multiplied by tanh of the new cell, and here tanh is missing": _lstm_but(
            "dzo", gates=lambda s: (0, 0, 0, s.dh * s.new)
        ),
        "only h' has met the gate o; later steps hear the cell without it": _lstm_but(
            "dzo", gates=lambda s: (0, 0, 0, (s.dh + s.dc) * s.tanh)
        ),
    },
)

check_bias = Check(
    lambda T: -math.log(2 ** (1 / T) - 1),
    returns=["bias"],
    cases=[{"T": 2}, {"T": 10}, {"T": 100}],
    mistakes={
        "this is the gate; the bias is what goes into its sigmoid": lambda T: 2 ** (-1 / T),
        "the sign is the other one: with it the gate is nearly closed": lambda T: math.log(2 ** (1 / T) - 1),
        "this is the logarithm of the gate; a sigmoid is not undone by a logarithm alone": (
            lambda T: -math.log(2) / T
        ),
        "this is the logarithm of the steps; solve the equation itself": lambda T: math.log(T),
        "this is near for many steps; solve the equation itself": lambda T: math.log(T / math.log(2)),
        "in it the gate of one step is multiplied by the steps; it is raised to their power": (
            lambda T: -math.log(2 * T - 1)
        ),
        "the half is raised to a power here, and it wants a root": lambda T: -math.log(2**T - 1),
        "each step loses its part of what is left, so gates multiply; here losses are added": (
            lambda T: math.log(2 * T - 1)
        ),
    },
)
