"""Checks for the exercises of chapter 2, "The chain rule".

After chapter 1's, which nudge single numbers, these nudge the entries of vectors and matrices, and count
multiplications by doing them. No formula for a gradient is the reference of a check here either.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging


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
        "the 1 is left out of it": lambda: (6.0, 36.0, 12.0, None, None, 36.0),
        "this is 3 (x + 1)": lambda: (9.0, 81.0, 18.0, None, None, 54.0),
        "the square is missing": lambda: (None, 7.0, None, None, None, None),
        "the slope of the square is read at x, where that stage is not": lambda: (
            (None, None, 4.0, None, None, None)
        ),
        "the slope of the square depends on where it stands": lambda: (None, None, 2.0, None, None, None),
        "this is what relu delivers, not its slope": lambda: (None, None, None, 7.0, None, None),
        "this is what the first stage delivers, not its slope": lambda: (None, None, None, None, 7.0, None),
        "rates along a path multiply; here they are added": lambda: (None, None, None, None, None, 18.0),
        "the slope of 3 x + 1 is missing": lambda: (None, None, None, None, None, 14.0),
        "the slope of the square is read at x in it": lambda: (None, None, None, None, None, 12.0),
    },
)

check_verified = Check(
    lambda x: (_slope(x), _slope(x)),
    returns=["by_rule", "measured"],
    cases=[{"x": 2.0}, {"x": -1.0}, {"x": 0.5}, {"x": -0.2}],
    mistakes={
        "relu's own slope is missing": lambda x: (6 * (3 * x + 1), None),
        "the slope of 3 x + 1 is missing": lambda x: (2 * max(3 * x + 1, 0), None),
        "the slope of the square is read at x": lambda x: (6 * x * (3 * x + 1 > 0), None),
        "the slope of the square is read at 3 x": lambda x: (18 * x * (3 * x + 1 > 0), None),
        "this is the value of the function, not its slope": lambda x: (_chain(x), _chain(x)),
        "the difference is not divided by the distance": lambda x: (None, 2e-5 * _slope(x)),
        "the difference is divided by 2 and multiplied by the nudge: the divisor needs brackets": lambda x: (
            *(None, 1e-10 * _slope(x)),
        ),
        "the nudge goes to one side only": lambda x: (None, (_chain(x + 1e-5) - _chain(x)) / 1e-5),
    },
)


# 2. Shapes first
check_shapes = Check(
    lambda: ((3, 5), (5,), (8, 3), (3, 5), (8, 5)),
    returns=["J", "dx", "dZ", "dW", "dX"],
    cases=[{}],
    mistakes={
        "a Jacobian here is (out, in)": lambda: ((5, 3), None, None, None, None),
        "a Jacobian has an entry for each output and each input": lambda: ((5,), None, None, None, None),
        "a Jacobian has an entry for each output and each input, not one for each output": lambda: (
            *((3,), None, None),
            *(None, None),
        ),
        "a shape is a tuple, and with one entry it needs a comma, as in (4,)": lambda: (
            *(None, 5, None),
            *(None, None),
        ),
        "a gradient has the shape of what it belongs to; this is the shape of z": lambda: (
            *(None, (3,), None),
            *(None, None),
        ),
        "this is the shape of J; the loss is one number, and has one slope for each entry of x": lambda: (
            *(None, (3, 5), None),
            *(None, None),
        ),
        "this is of one sample; the batch has 8": lambda: (None, None, (3,), None, (5,)),
        "the loss adds the samples up, and so does its gradient": lambda: (
            *(None, None, None),
            *((8, 3, 5), None),
        ),
        "a gradient has the shape of what it belongs to, and x has one index": lambda: (
            None,
            (5, 1),
            None,
            None,
            None,
        ),
        "x is no row: a gradient has the shape of what it belongs to": lambda: (
            None,
            (1, 5),
            None,
            None,
            None,
        ),
        "this is the shape of what goes in; dZ belongs to Z": lambda: (None, None, (8, 5), None, None),
        "samples are rows here": lambda: (None, None, (3, 8), None, (5, 8)),
        "weights are (out, in) here, and so is their gradient": lambda: (None, None, None, (5, 3), None),
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
        "a factor is missing: v u^(v - 1) has two": lambda x: (x ** (x - 1), None, None),
        "the exponential of another base than e has one more factor": lambda x: (None, x**x, None),
        "this factor belongs to it, and the exponential itself is another": lambda x: (None, np.log(x), None),
        "the exponent is lowered as in the slope of a power; here it moves": lambda x: (
            *(None, x ** (x - 1) * np.log(x)),
            None,
        ),
        "the logarithm to base 10 stands where the natural one should": lambda x: (
            *(None, x**x * np.log10(x)),
            None,
        ),
        "the two paths are multiplied; paths add": lambda x: (None, None, x**x * x**x * np.log(x)),
        "one path is subtracted from the other; paths add": lambda x: (None, None, x**x - x**x * np.log(x)),
        "this is the path through the base alone": lambda x: (None, None, x**x),
        "this is the path through the exponent alone": lambda x: (None, None, x**x * np.log(x)),
        "in this path the exponent is still a variable; hold it still": lambda x: (
            x**x * (1 + np.log(x)),
            None,
            None,
        ),
    },
)


# 4. Paths that meet and part
def _meeting(x: float, y: float) -> float:
    u, v = x * y, x + y
    return float(u * np.sin(v) + u * u)


def _wrong_meeting(
    by_u: Callable[..., float] | None = None,
    by_v: Callable[..., float] | None = None,
) -> Callable[[float, float], tuple[float, float]]:
    """Make the gradients with d loss / d u or d loss / d v replaced; each is a function of (u, v)."""

    def gradients(x: float, y: float) -> tuple[float, float]:
        u, v = x * y, x + y
        du = by_u(u, v) if by_u else float(np.sin(v)) + 2 * u
        dv = by_v(u, v) if by_v else u * float(np.cos(v))
        return du * y + dv, du * x + dv

    return gradients


check_meeting = Check(
    by_nudging(_meeting, "x", "y"),
    returns=["dx", "dy"],
    cases=[{"x": 1.0, "y": 2.0}, {"x": -0.5, "y": 1.5}, {"x": 0.7, "y": -2.0}],
    mistakes={
        "the path through v is missing": _wrong_meeting(by_v=lambda u, v: 0.0),
        "the path through u is missing": _wrong_meeting(by_u=lambda u, v: 0.0),
        "u reaches the loss along two paths, and the one through u^2 is missing": _wrong_meeting(
            by_u=lambda u, v: float(np.sin(v))
        ),
        "u reaches the loss along two paths, and the one through u s is missing": _wrong_meeting(
            by_u=lambda u, v: 2 * u
        ),
        "the slope of u^2 is not u": _wrong_meeting(by_u=lambda u, v: float(np.sin(v)) + u),
        "u reaches the loss along two paths, and their rates add": _wrong_meeting(
            by_u=lambda u, v: float(np.sin(v)) * 2 * u
        ),
        "the slope of sin has the wrong sign": _wrong_meeting(by_v=lambda u, v: -u * float(np.cos(v))),
        "the slope of sin is missing": _wrong_meeting(by_v=lambda u, v: u),
        "in the product u s, the slope by s is not 1": _wrong_meeting(by_v=lambda u, v: float(np.cos(v))),
        "the slope of the product x y is missing": lambda x, y: (
            np.sin(x + y) + 2 * x * y + x * y * np.cos(x + y),
            np.sin(x + y) + 2 * x * y + x * y * np.cos(x + y),
        ),
    },
)


# 5. Spot the bug
def _two_stations(A: Any, C: Any, x: Any) -> float:
    return float(0.5 * np.sum((C @ np.tanh(A @ x)) ** 2))


def _wrong_stations(
    A_side: Any = np.transpose, C_side: Any = np.transpose, slope: Any = lambda z: 1 - np.tanh(z) ** 2
) -> Any:
    """Make the gradient by x with a transpose left out or another slope of tanh."""

    def gradient(A: Any, C: Any, x: Any) -> Any:
        z = A @ x
        return A_side(A) @ (slope(z) * (C_side(C) @ (C @ np.tanh(z))))

    return gradient


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


def _tied_loss(X: Any, W: Any) -> float:
    return float(0.5 * np.sum((X @ W.T @ W - X) ** 2))


def _wrong_tied(first: float = 1.0, second: float = 1.0) -> Any:
    def gradient(X: Any, W: Any) -> Any:
        G = X @ W.T @ W - X
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
        "the target T is missing: G is the gradient of this loss by Z": lambda P, W, Q, T: (
            P.T @ (P @ W @ Q) @ Q.T
        ),
        "the loss is half the sum of squares; the 2 cancels": lambda P, W, Q, T: (
            2 * P.T @ (P @ W @ Q - T) @ Q.T
        ),
        "the order of Z and T is the other way round": lambda P, W, Q, T: P.T @ (T - P @ W @ Q) @ Q.T,
        "the loss is a sum and not a mean": lambda P, W, Q, T: P.T @ (P @ W @ Q - T) @ Q.T / T.size,
        "the loss is a sum over the rows and not a mean": lambda P, W, Q, T: (
            P.T @ (P @ W @ Q - T) @ Q.T / len(T)
        ),
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
        "W is used twice, and the use on the right is missing": _wrong_tied(second=0.0),
        "W is used twice, and the use as W^T is missing": _wrong_tied(first=0.0),
        "the two uses have different gradients; you count the one on the right twice": _wrong_tied(0.0, 2.0),
        "the two uses have different gradients; you count that of W^T twice": _wrong_tied(2.0, 0.0),
        "the two uses are subtracted; paths add": _wrong_tied(1.0, -1.0),
        "X stands in the error too, and is missing there": lambda X, W: (
            W @ (X @ W.T @ W).T @ X + W @ X.T @ (X @ W.T @ W)
        ),
    },
)


# 8. A vector of length one
def _aligned(x: Any, du: Any) -> float:
    return float(du @ x / np.sqrt(x @ x))


def _length(x: Any) -> Any:
    return np.sqrt(x @ x)


check_unit = Check(
    by_nudging(_aligned, "x"),
    returns=["dx"],
    cases=[
        {"x": np.array([3.0, 4.0]), "du": np.array([1.0, 0.0])},
        {"x": np.array([0.5, -2.0, 1.0]), "du": np.array([1.0, 2.0, -0.5])},
    ],
    mistakes={
        "the length is treated as a constant, but it depends on x": lambda x, du: du / _length(x),
        "the second term has the wrong sign": lambda x, du: (du + x * (x @ du) / (x @ x)) / _length(x),
        "the division by the length is missing": lambda x, du: du - x * (x @ du) / (x @ x),
        "in the second term x stands where u should": lambda x, du: (du - x * (x @ du)) / _length(x),
        "the second term needs the inner product of u and du, one number": lambda x, du: (
            (du - x * x * du / (x @ x)) / _length(x)
        ),
        "the length is the root of this sum of squares": lambda x, du: (
            (du - x * (x @ du) / (x @ x) ** 2) / (x @ x)
        ),
        "the division by the length is done twice": lambda x, du: (du - x * (x @ du) / (x @ x)) / (x @ x),
        "only the second term is here": lambda x, du: -x * (x @ du) / _length(x) ** 3,
        "the second term is divided by the length too often or not often enough": lambda x, du: (
            du / _length(x) - x * (x @ du) / (x @ x)
        ),
    },
)
