"""Checks for the exercises of chapter 2, "The chain rule".

After chapter 1's, which nudge single numbers, these nudge the entries of vectors and matrices, and count
multiplications by doing them. No formula for a gradient is the reference of a check here either.
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead
from bplib.gradcheck import numerical_gradient
from bplib.scalar import Value


# 1. A chain by hand
def _chain(x: float) -> float:
    return float(np.maximum(3 * x + 1, 0) ** 2)


def _slope(x: float) -> float:
    return float(by_nudging(_chain, "x")(x)[0])


check_by_hand = Check(
    lambda: (7.0, _chain(2.0), 14.0, 1.0, 3.0, _slope(2.0)),
    returns=["u", "y", "dy_dr", "dr_du", "du_dx", "dy_dx"],
    cases=[{}],
    mistakes={
        "the 1 is left out of it": lambda: {"u": 6, "y": 36, "dy_dr": 12, "dy_dx": 36},
        "this is 3 (x + 1)": lambda: {"u": 9, "y": 81, "dy_dr": 18, "dy_dx": 54},
        "the square is missing": lambda: {"y": 7},
        "the slope of the square is read at x, where that stage is not": lambda: {"dy_dr": 4},
        "the slope of the square depends on where it stands": lambda: {"dy_dr": 2},
        "this is what relu delivers, not its slope": lambda: {"dr_du": 7},
        "this is what the first stage delivers, not its slope": lambda: {"du_dx": 7},
        "rates along a path multiply; here they are added": lambda: {"dy_dx": 18},
        "the slope of 3 x + 1 is missing": lambda: {"dy_dx": 14},
        "the slope of the square is read at x in it": lambda: {"dy_dx": 12},
    },
)


def _by_rule(x: float) -> float:
    at = Value(x, "x")
    ((3 * at + 1).relu() ** 2).backward()
    return at.grad


# One-sided nudges up and down; a smaller one is off by less than what counts as right.
_NUDGES = [sign * 10.0**-k for k in range(1, 7) for sign in (1, -1)]


def _one_sided(h: float) -> Callable[[float], dict[str, float]]:
    return lambda x: {"measured": (_chain(x + h) - _chain(x)) / h}


check_verified = Check(
    lambda x: (_by_rule(x), _slope(x)),
    returns=["by_rule", "measured"],
    cases=[{"x": 2.0}, {"x": -1.0}, {"x": 0.5}, {"x": -0.2}],
    mistakes={
        "relu's own slope is missing": lambda x: {"by_rule": 6 * (3 * x + 1)},
        "the slope of 3 x + 1 is missing": lambda x: {"by_rule": 2 * max(3 * x + 1, 0)},
        "the slope of the square is read at x": lambda x: {"by_rule": 6 * x * (3 * x + 1 > 0)},
        "the slope of the square is read at x, and relu's own slope is missing": lambda x: {"by_rule": 6 * x},
        "the slope of the square is read at 3 x": lambda x: {"by_rule": 18 * x * (3 * x + 1 > 0)},
        "this is the value of the function, not its slope": lambda x: (_chain(x), _chain(x)),
        "the difference is not divided by the distance": lambda x: {"measured": 2e-5 * _slope(x)},
        "the difference is divided by 2 and multiplied by the nudge: the divisor needs brackets": (
            lambda x: {"measured": 1e-10 * _slope(x)}
        ),
        **{f"the nudge goes to one side only, by {h:g}": _one_sided(h) for h in _NUDGES},
    },
    # At the corner the slope is 0, and a step h up and down measures 9 h / 2.
    differ={
        "this is the rule once more: put numbers a little above and below x into the function": {"x": -1 / 3}
    },
)


# 2. Shapes first
check_shapes = Check(
    lambda: ((3, 5), (5,), (8, 3), (3, 5), (8, 5)),
    returns=["J", "dx", "dZ", "dW", "dX"],
    cases=[{}],
    mistakes={
        "a Jacobian here is (out, in)": lambda: {"J": (5, 3)},
        "a Jacobian has an entry for each output and each input": lambda: {"J": (5,)},
        "a Jacobian has an entry for each output and each input, not one for each output": (
            lambda: {"J": (3,)}
        ),
        "a shape is a tuple, and with one entry it needs a comma, as in (4,)": lambda: {"dx": 5},
        "a gradient has the shape of what it belongs to; this is the shape of z": lambda: {"dx": (3,)},
        "this is the shape of J; the loss is one number, and has one slope for each entry of x": (
            lambda: {"dx": (3, 5)}
        ),
        "this is of one sample; the batch has 8": lambda: {"dZ": (3,), "dX": (5,)},
        "the loss adds the samples up, and so does its gradient": lambda: {"dW": (8, 3, 5)},
        "a gradient has the shape of what it belongs to, and x has one index": lambda: {"dx": (5, 1)},
        "x is no row: a gradient has the shape of what it belongs to": lambda: {"dx": (1, 5)},
        "this is the shape of what goes in; dZ belongs to Z": lambda: {"dZ": (8, 5)},
        "samples are rows here": lambda: {"dZ": (3, 8), "dX": (5, 8)},
        "weights are (out, in) here, and so is their gradient": lambda: {"dW": (5, 3)},
    },
)


# 3. Two paths: x to the power x
def _power_paths(x: float) -> tuple[float, float, float]:
    by_base, by_exponent = by_nudging(lambda u, v: u**v, "u", "v")(x, x)
    return float(by_base), float(by_exponent), float(by_nudging(lambda x: x**x, "x")(x)[0])


check_power = Check(
    _power_paths,
    returns=["through_base", "through_exponent", "slope"],
    cases=[{"x": 2.0}, {"x": 0.5}, {"x": 1.7}],
    mistakes={
        "a factor is missing: v u^(v - 1) has two": lambda x: {"through_base": x ** (x - 1)},
        "the exponential of another base than e has one more factor": lambda x: {"through_exponent": x**x},
        "this factor belongs to it, and the exponential itself is another": (
            lambda x: {"through_exponent": np.log(x)}
        ),
        "the exponent is lowered as in the slope of a power; here it moves": (
            lambda x: {"through_exponent": x ** (x - 1) * np.log(x)}
        ),
        "the logarithm to base 10 stands where the natural one should": (
            lambda x: {"through_exponent": x**x * np.log10(x)}
        ),
        "the two paths are multiplied; paths add": lambda x: {"slope": x**x * x**x * np.log(x)},
        "one path is subtracted from the other; paths add": lambda x: {"slope": x**x - x**x * np.log(x)},
        "this is the path through the base alone": lambda x: {"slope": x**x},
        "this is the path through the exponent alone": lambda x: {"slope": x**x * np.log(x)},
        "in this path the exponent is still a variable; hold it still": (
            lambda x: {"through_base": x**x * (1 + np.log(x))}
        ),
    },
)


# 4. Paths that meet and part
def _meeting(x: float, y: float) -> float:
    u, v = x * y, x + y
    return float(u * np.sin(v) + u * u)


def _wrong_meeting(
    du: Callable[[float, float], float] = lambda u, v: float(np.sin(v)) + 2 * u,
    dv: Callable[[float, float], float] = lambda u, v: u * float(np.cos(v)),
    du_dx: bool = True,
) -> Callable[[float, float], tuple[float, float]]:
    """Make the gradients with d loss / d u or d loss / d v replaced, or without the slope of u = x y."""

    def gradients(x: float, y: float) -> tuple[float, float]:
        u, v = x * y, x + y
        return du(u, v) * (y if du_dx else 1) + dv(u, v), du(u, v) * (x if du_dx else 1) + dv(u, v)

    return gradients


check_meeting = Check(
    by_nudging(_meeting, "x", "y"),
    returns=["dx", "dy"],
    cases=[{"x": 1.0, "y": 2.0}, {"x": -0.5, "y": 1.5}, {"x": 0.7, "y": -2.0}],
    mistakes={
        "the path through v is missing": _wrong_meeting(dv=lambda u, v: 0.0),
        "the path through u is missing": _wrong_meeting(du=lambda u, v: 0.0),
        "u reaches the loss along two paths, and the one through u^2 is missing": _wrong_meeting(
            du=lambda u, v: np.sin(v)
        ),
        "u reaches the loss along two paths, and the one through u s is missing": _wrong_meeting(
            du=lambda u, v: 2 * u
        ),
        "the slope of u^2 is not u": _wrong_meeting(du=lambda u, v: np.sin(v) + u),
        "u reaches the loss along two paths, and their rates add": _wrong_meeting(
            du=lambda u, v: np.sin(v) * 2 * u
        ),
        "the slope of sin has the wrong sign": _wrong_meeting(dv=lambda u, v: -u * np.cos(v)),
        "the slope of sin is read at s, which it delivers; it was given v": _wrong_meeting(
            dv=lambda u, v: u * np.cos(np.sin(v))
        ),
        "the slope of sin is missing": _wrong_meeting(dv=lambda u, v: u),
        "in the product u s, the slope with respect to s is not 1": _wrong_meeting(dv=lambda u, v: np.cos(v)),
        "the slope of the product x y is missing": _wrong_meeting(du_dx=False),
    },
)


# 5. Spot the bug
def _two_stations(A: Any, C: Any, x: Any) -> float:
    return float(0.5 * np.sum((C @ np.tanh(A @ x)) ** 2))


def _wrong_stations(
    A_side: Callable[[Any], Any] = np.transpose,
    C_side: Callable[[Any], Any] = np.transpose,
    slope: Callable[[Any], Any] = lambda z: 1 - np.tanh(z) ** 2,
) -> Callable[[Any, Any, Any], Any]:
    """Make the gradient with respect to x with a transpose left out or another slope of tanh."""
    return lambda A, C, x: A_side(A) @ (slope(A @ x) * (C_side(C) @ (C @ np.tanh(A @ x))))


_PLAIN = np.asarray  # a matrix as it is
_A2, _C2 = np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[0.5, -1.0], [2.0, 1.0]])
_A3 = np.array([[0.5, 1.0, -1.0], [0.0, 0.3, 2.0], [1.0, 0.0, 0.7]])
_C3 = np.array([[1.0, 0.5, 0.0], [-1.0, 0.2, 1.5], [0.3, 0.0, 1.0]])

check_repaired = Check(
    by_nudging(_two_stations, "x"),
    returns=["dx"],
    cases=[
        {"A": _A2, "C": _C2, "x": np.array([0.3, -0.2])},
        {"A": _A3, "C": _C3, "x": np.array([0.2, -0.4, 0.1])},
    ],
    mistakes={
        "this is still what was published": _wrong_stations(A_side=_PLAIN),
        "one transpose came, and another, which was right, has gone": _wrong_stations(C_side=_PLAIN),
        "now no matrix is transposed": _wrong_stations(A_side=_PLAIN, C_side=_PLAIN),
        "the inverse stands where the transpose should": _wrong_stations(A_side=np.linalg.inv),
        "the slope of tanh has gone; it was right": _wrong_stations(slope=lambda z: 1.0),
        "the slope of tanh is taken with z in the place of s": _wrong_stations(slope=lambda z: 1 - z**2),
    },
)


# 6. Count before you multiply
def _count(sizes: Sequence[int], k: int) -> float:
    """Multiply shapes in the given order and count."""
    total = 0

    def times(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
        nonlocal total
        total += left[0] * left[1] * right[1]
        return left[0], right[1]

    J = [(sizes[i], sizes[i - 1]) for i in range(1, len(sizes))]
    front, back = J[0], J[-1]
    for shape in J[1:k]:
        front = times(shape, front)
    for shape in reversed(J[k:-1]):
        back = times(back, shape)
    times(back, front)
    return float(total)


def _wrong_count(front: int = 2, back: int = 1, join: Any = 0, swapped: bool = False, stop: int = 1) -> Any:
    """Make the count with sums that begin or end in the wrong place, and the join beside k or left out."""

    def count(sizes: Sequence[int], k: int) -> float:
        n, last = list(sizes), len(sizes) - 1
        wide, high = (n[-1], n[0]) if swapped else (n[0], n[-1])
        total = wide * sum(n[i] * n[i - 1] for i in range(front, k + stop))
        total += high * sum(n[i] * n[i - 1] for i in range(k + 1, last - back + 1))
        return float(total + (0 if join is None else n[-1] * n[k + join] * n[0]))

    return count


check_count = Check(
    _count,
    returns=["multiplications"],
    cases=[
        {"sizes": (4, 3, 5, 2, 1), "k": 2},
        {"sizes": (4, 3, 5, 2, 6), "k": 1},
        {"sizes": (4, 3, 5, 2, 6), "k": 3},
        {"sizes": (6, 7, 1, 7, 5, 2), "k": 2},
    ],
    mistakes={
        "the product that joins the two parts is missing": _wrong_count(join=None),
        "the product that joins the two parts has its middle size at the wrong place": _wrong_count(join=1),
        "a product is missing at the end of the input part: range(a, b) stops before b": _wrong_count(stop=0),
        "a product is missing at the end of the loss part: range(a, b) stops before b": _wrong_count(back=2),
        "the first matrix alone is no product yet": _wrong_count(front=1),
        "the loss's own matrix alone is no product yet": _wrong_count(back=0),
        "neither part begins with a product: its first matrix is only there": _wrong_count(front=1, back=0),
        "from the input end the running product is n_0 wide, from the loss end n_K high; you have them "
        "the other way round": _wrong_count(swapped=True),
        "this is the loss end all the way, whatever k is": lambda sizes, k: _count(sizes, 1),
        "this is the input end all the way, whatever k is": lambda sizes, k: _count(sizes, len(sizes) - 2),
    },
)


# 7. A matrix in the middle
def _middle_loss(P: Any, W: Any, Q: Any, T: Any) -> float:
    return float(0.5 * np.sum((P @ W @ Q - T) ** 2))


def _middle(P: Any, W: Any, Q: Any, T: Any) -> SimpleNamespace:
    """Return what a right pass computes, by name."""
    Z = P @ W @ Q
    return SimpleNamespace(P=P, Q=Q, Z=Z, dW=P.T @ (Z - T) @ Q.T)


def _tied_loss(X: Any, W: Any) -> float:
    return float(0.5 * np.sum((X @ W.T @ W - X) ** 2))


def _wrong_tied(first: float = 1.0, second: float = 1.0, less: float = 1.0) -> Callable[[Any, Any], Any]:
    """Make the gradient with the two uses of W counted so often, and X subtracted so often from Z."""

    def gradient(X: Any, W: Any) -> Any:
        G = X @ W.T @ W - less * X
        return first * W @ G.T @ X + second * W @ X.T @ G

    return gradient


_rng = np.random.default_rng(7)
_P, _W, _Q, _T = (_rng.normal(size=shape).round(1) for shape in ((3, 2), (2, 4), (4, 5), (3, 5)))
_X, _V = (_rng.normal(size=shape).round(1) for shape in ((4, 3), (2, 3)))

check_middle = Check(
    by_nudging(_middle_loss, "W"),
    returns=["dW"],
    cases=[
        {
            "P": np.array([[2.0]]),
            "W": np.array([[1.0]]),
            "Q": np.array([[3.0, -1.0]]),
            "T": np.array([[5.0, 0.0]]),
        },
        {
            "P": np.array([[1.0], [2.0]]),
            "W": np.array([[1.0, -1.0]]),
            "Q": np.array([[2.0], [3.0]]),
            "T": np.array([[0.0], [1.0]]),
        },
        {"P": _P, "W": _W, "Q": _Q, "T": _T},
    ],
    mistakes={
        "the target T is missing: G is the gradient of this loss with respect to Z": instead(
            _middle, dW=lambda s: s.P.T @ s.Z @ s.Q.T
        ),
        "the loss is half the sum of squares; the 2 cancels": instead(_middle, dW=lambda s: 2 * s.dW),
        "the order of Z and T is the other way round": instead(_middle, dW=lambda s: -s.dW),
        "the loss is a sum and not a mean": instead(_middle, dW=lambda s: s.dW / s.Z.size),
        "the loss is a sum over the rows and not a mean": instead(_middle, dW=lambda s: s.dW / len(s.Z)),
    },
)

check_tied = Check(
    by_nudging(_tied_loss, "W"),
    returns=["dW"],
    cases=[
        {"X": np.array([[2.0, 1.0]]), "W": np.array([[0.5, 1.0]])},
        {"X": _X, "W": _V},
    ],
    mistakes={
        "W is used twice, and the use on the right is missing": _wrong_tied(second=0),
        "W is used twice, and the use as W^T is missing": _wrong_tied(first=0),
        "the two uses have different gradients; you count the one on the right twice": _wrong_tied(0, 2),
        "the two uses have different gradients; you count that of W^T twice": _wrong_tied(2, 0),
        "the two uses are subtracted; paths add": _wrong_tied(second=-1),
        "X stands in the error too, and is missing there": _wrong_tied(less=0),
    },
)


# 8. A vector of length one
def _aligned(x: Any, du: Any) -> float:
    return float(du @ x / np.sqrt(x @ x))


def _unit(x: Any, du: Any) -> SimpleNamespace:
    """Return what a right pass computes, by name; n is the length of x."""
    n = np.sqrt(x @ x)
    return SimpleNamespace(x=x, du=du, n=n, u=x / n, along=x @ du / n)


check_unit = Check(
    by_nudging(_aligned, "x"),
    returns=["dx"],
    cases=[
        {"x": np.array([3.0, 4.0]), "du": np.array([1.0, 0.0])},
        {"x": np.array([0.5, -2.0, 1.0]), "du": np.array([1.0, 2.0, -0.5])},
    ],
    mistakes={
        "the length is treated as a constant, but it depends on x": instead(_unit, dx=lambda s: s.du / s.n),
        "the second term has the wrong sign": instead(_unit, dx=lambda s: (s.du + s.u * s.along) / s.n),
        "the division by the length is missing": instead(_unit, dx=lambda s: s.du - s.u * s.along),
        "in the second term x stands where u should": instead(
            _unit, dx=lambda s: (s.du - s.x * (s.x @ s.du)) / s.n
        ),
        "the second term needs the inner product of u and du, one number": instead(
            _unit, dx=lambda s: (s.du - s.u * s.u * s.du) / s.n
        ),
        "the length is the root of this sum of squares": instead(
            _unit, dx=lambda s: (s.du - s.u * s.along / s.n**2) / s.n**2
        ),
        "the division by the length is done twice": instead(
            _unit, dx=lambda s: (s.du - s.u * s.along) / s.n**2
        ),
        "only the second term is here": instead(_unit, dx=lambda s: -s.u * s.along / s.n),
        "the second term is divided by the length too often or not often enough": instead(
            _unit, dx=lambda s: s.du / s.n - s.u * s.along
        ),
    },
)


# 9. A tool to keep: numerical_gradient, tried where all entries meet and a step leaves its trace
def _meeting_all(A: Any, X: Any) -> float:
    return float(np.sum(A * X**3) + np.prod(X))


def _wrong_gradient(up: float = 1, down: float = 1, times: float = 1) -> Callable[[Any, Any, float], Any]:
    """Make the gradient with so many steps up and down, and what comes out multiplied."""

    def gradient(A: Any, X: Any, h: float) -> Any:
        grad = np.zeros_like(X)
        for at in np.ndindex(X.shape):
            step = np.zeros_like(X)
            step[at] = h
            rise = _meeting_all(A, X + up * step) - _meeting_all(A, X - down * step)
            grad[at] = times * rise / ((up + down) * h)
        return grad

    return gradient


def _not_put_back(A: Any, X: Any, h: float) -> Any:
    grad, moved = np.zeros_like(X), X.copy()
    for at in np.ndindex(X.shape):
        moved[at] += h
        above = _meeting_all(A, moved)
        moved[at] -= 2 * h
        grad[at] = (above - _meeting_all(A, moved)) / (2 * h)
    return grad


def _all_at_once(A: Any, X: Any, h: float) -> Any:
    return (_meeting_all(A, X + h) - _meeting_all(A, X - h)) / (2 * h)


def _row_by_row(A: Any, X: Any, h: float) -> Any:
    grad = np.zeros_like(X)
    for i in range(len(X)):
        step = np.zeros_like(X)
        step[i] = h
        grad[i] = (_meeting_all(A, X + step) - _meeting_all(A, X - step)) / (2 * h)
    return grad


check_numerical_gradient = Check(
    lambda A, X, h: numerical_gradient(lambda X: _meeting_all(A, X), X, h=h),
    returns=["gradient"],
    cases=[
        {"A": np.array([1.0, -1.0]), "X": np.array([2.0, 1.0]), "h": 0.5},
        {"A": np.array([0.5, 2.0, -1.0]), "X": np.array([1.0, -0.5, 2.0]), "h": 0.1},
        {"A": np.array([[1.0, 0.5], [-2.0, 1.5]]), "X": np.array([[0.5, 1.0], [2.0, -1.5]]), "h": 0.2},
    ],
    mistakes={
        "an entry that was moved is not put back before the next one moves": _not_put_back,
        "all entries move at once; the gradient asks what each does alone": _all_at_once,
        "all entries move at once, again for each entry; move the one whose turn it is": (
            lambda A, X, h: np.full_like(X, _all_at_once(A, X, h))
        ),
        "a whole row moves at once; np.ndindex goes through the entries, whatever the shape": _row_by_row,
        "this looks to one side only, from x to x + h; measure on both sides": _wrong_gradient(down=0),
        "this looks to one side only, from x - h to x; measure on both sides": _wrong_gradient(up=0),
        "these are differences; a slope is a difference, divided by the distance": (
            lambda A, X, h: _wrong_gradient(times=2 * h)(A, X, h)
        ),
        "/ 2 * h divides by 2 and multiplies by h: the distance needs brackets": (
            lambda A, X, h: _wrong_gradient(times=h**2)(A, X, h)
        ),
        "the step h that was handed over is not the one that is taken": (
            lambda A, X, h: _wrong_gradient()(A, X, 1e-5)
        ),
        "this is the value of f, again for each entry": lambda A, X, h: np.full_like(X, _meeting_all(A, X)),
    },
)
