"""Answers to chapter 2's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib.exercises.ch02 import check_meeting
from bplib.gradcheck import numerical_gradient
from bplib.scalar import Value


def by_values(f):
    """Let the scalar engine find the gradients: a right answer that shares no line with the solution."""

    def gradients(*numbers):
        leaves = [Value(number, f"x{k}") for k, number in enumerate(numbers)]
        f(*leaves).backward()
        return tuple(leaf.grad for leaf in leaves)

    return gradients


def complex_step(loss, wrt):
    """Differentiate by the entries of one argument with steps into the complex plane."""

    def gradient(*args):
        grad = np.zeros(args[wrt].shape)
        for at in np.ndindex(grad.shape):
            moved = [np.array(arg, complex) if isinstance(arg, np.ndarray) else arg for arg in args]
            moved[wrt][at] += 1e-30j
            grad[at] = loss(*moved).imag / 1e-30
        return grad.tolist()

    return gradient


def power_paths(x):
    log = math.log(x)
    return math.exp(x * log), math.exp(x * log) * log, math.exp(x * log) * (1 + log)


def shapes_by_looking():
    x, W, X = np.ones(5), np.ones((3, 5)), np.ones((8, 5))
    return np.outer(W @ x, x).shape, x.shape, (X @ W.T).shape, W.shape, list(X.shape)


def count_by_dimensions(sizes, k):
    n, total = np.array(sizes), 0
    total += n[0] * (n[2 : k + 1] @ n[1:k])
    total += n[-1] * (n[k + 1 : -1] @ n[k:-2])
    return total + n[-1] * n[0] * n[k]


def verified(x):
    (slope,) = by_values(lambda x: (3 * x + 1).relu() ** 2)(x)
    return slope, (max(3 * x + 3e-4 + 1, 0) ** 2 - max(3 * x - 3e-4 + 1, 0) ** 2) / 2e-4


def square_of(x):
    return max(3 * x + 1, 0) ** 2


def rule_twice(x):
    rule = 6 * max(3 * x + 1, 0)
    return rule, rule


def measured_in_exact_steps(x):
    """With a power of two as the step nothing is rounded: measure and rule are the same but at the corner."""
    h = 2.0**-16
    return 6 * max(3 * x + 1, 0), (max(3 * (x + h) + 1, 0) ** 2 - max(3 * (x - h) + 1, 0) ** 2) / (2 * h)


def by_nudging_each_place(x):
    def slope(f):
        return (f(x + 1e-6) - f(x - 1e-6)) / 2e-6

    return slope(lambda u: u**x), slope(lambda v: x**v), slope(lambda x: x**x)


def meeting_in_one_line(x, y):
    shared = x * y * np.cos(x + y)
    return y * np.sin(x + y) + shared + 2 * x * y**2, x * np.sin(x + y) + shared + 2 * x**2 * y


def meeting_with_the_cosine_of_s(x, y):
    u, s = x * y, math.sin(x + y)
    dv = u * math.cos(s)
    return (s + 2 * u) * y + dv, (s + 2 * u) * x + dv


def count_by_striking_out(sizes, k):
    total = 0
    for line in (list(sizes[: k + 1]), list(sizes[: k - 1 : -1])):
        while len(line) > 2:
            total += math.prod(line[:3])
            del line[1]
    return total + sizes[0] * sizes[k] * sizes[-1]


def tied_layer_by_layer(X, W):
    H = X @ W.T
    dZ = H @ W - X
    return (H.T @ dZ + (dZ @ W.T).T @ X).tolist()


def stations(A, C, x):
    t = C @ np.tanh(A @ x)
    return 0.5 * (t * t).sum()


def with_the_inverse(A, C, x):
    return np.linalg.solve(A, np.cosh(A @ x) ** -2.0 * (C.T @ C @ np.tanh(A @ x)))


def meeting_all(A, X):
    return (A * X**3).sum() + X.prod()


def by_columns_of_one(A, X, h):
    """Move along each row of an identity matrix, and put the slopes back into the shape of X."""
    steps = h * np.eye(X.size).reshape(-1, *X.shape)
    rises = [meeting_all(A, X + step) - meeting_all(A, X - step) for step in steps]
    return np.reshape(rises, X.shape) / (2 * h)


def in_place(A, X, h):
    """Move an entry of the argument itself, and set it back to what it was."""
    grad = np.empty(X.shape)
    for at, was in np.ndenumerate(X):
        X[at] = was + h
        above = meeting_all(A, X)
        X[at] = was - h
        grad[at] = (above - meeting_all(A, X)) / (2 * h)
        X[at] = was
    return grad.tolist()


def left_where_it_was_moved(A, X, h):
    grad = np.zeros(X.shape)
    moved = X.copy()
    for at in np.ndindex(X.shape):
        moved[at] = X[at] - h
        below = meeting_all(A, moved)
        moved[at] = X[at] + h
        grad[at] = (meeting_all(A, moved) - below) / 2 / h
    return grad


def first_axis_only(A, X, h):
    grad = np.zeros(X.shape)
    for i in range(len(X)):
        up, down = X.copy(), X.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (meeting_all(A, up) - meeting_all(A, down)) / (2 * h)
    return grad


def moves_the_argument(A, X, h):
    grad = np.zeros(X.shape)
    for at in np.ndindex(X.shape):
        X[at] += h
        grad[at] = meeting_all(A, X) / h
    return grad


RIGHT = [
    ("check_by_hand", lambda: [7, 49, 2 * 7, 1, 3, 42]),
    ("check_verified", verified),
    ("check_verified", lambda x: (np.where(3 * x + 1 > 0, 18 * x + 6, 0), np.float64(verified(x)[1]))),
    ("check_verified", measured_in_exact_steps),
    ("check_shapes", shapes_by_looking),
    ("check_power", power_paths),
    ("check_power", by_nudging_each_place),
    ("check_meeting", by_values(lambda x, y: x * y * (x + y).sin() + (x * y) ** 2)),
    ("check_meeting", lambda x, y: [np.array(slope) for slope in meeting_in_one_line(x, y)]),
    ("check_repaired", complex_step(stations, 2)),
    ("check_repaired", lambda A, C, x: (C @ np.tanh(A @ x)) @ C @ np.diag(np.cosh(A @ x) ** -2.0) @ A),
    ("check_count", count_by_dimensions),
    ("check_count", count_by_striking_out),
    ("check_middle", complex_step(lambda P, W, Q, T: 0.5 * ((P @ W @ Q - T) ** 2).sum(), 1)),
    ("check_middle", lambda P, W, Q, T: np.einsum("ia,ij,bj->ab", P, P @ W @ Q - T, Q)),
    ("check_tied", tied_layer_by_layer),
    ("check_tied", complex_step(lambda X, W: 0.5 * ((X @ W.T @ W - X) ** 2).sum(), 1)),
    (
        "check_unit",
        lambda x, du: (np.eye(len(x)) - np.outer(x, x) / (x @ x)) @ du / math.hypot(*x),
    ),
    ("check_unit", lambda x, du: numerical_gradient(lambda x: du @ x / np.linalg.norm(x), x)),
    ("check_numerical_gradient", by_columns_of_one),
    ("check_numerical_gradient", in_place),
    ("check_numerical_gradient", lambda A, X, h: A * (3 * X * X + h * h) + X.prod() / X),
]


WRONG = [
    ("check_by_hand", lambda: (7, 49, 14, 1, 3, -42), "dy_dx: the sign is wrong"),
    ("check_verified", lambda x: (verified(x)[0], 2 * verified(x)[1]), "measured: it is twice as large"),
    ("check_verified", lambda x: (6 * (3 * x + 1) * (x > 0), 0.0), "it is right in 3 "),
    ("check_verified", lambda x: (2 * x * 3, verified(x)[1]), "by_rule: the slope of the square is read at"),
    ("check_verified", lambda x: (verified(x)[0], (square_of(x + 1e-3) - square_of(x)) / 1e-3),
     "measured: the nudge goes to one side only, by 0.001"),
    ("check_meeting", meeting_with_the_cosine_of_s, "dx: the slope of sin is read at s"),
    ("check_verified", rule_twice, "measured: this is the rule once more: put numbers a little above"),
    ("check_by_hand", lambda: (7, 49, 14, "1", 3, 42), "dr_du should be a number"),
    ("check_verified", lambda x: (verified(x)[0], verified(x)[1] - verified(x)[0]), "measured: "),
    ("check_verified", lambda x: verified(x)[0], "Return by_rule, measured, in this order"),
    ("check_shapes", lambda: ((3, 5), (5), (8, 3), (3, 5), (8, 5)), "dx: a shape is a tuple"),
    ("check_shapes", lambda: ((3, 5), (5,), (8, 3), (3, 5), "(8, 5)"), "dX should be a number or an array"),
    ("check_power", lambda x: power_paths(x)[2], "Return through_base, through_exponent, slope"),
    ("check_power", lambda x: (power_paths(x)[1], power_paths(x)[0], 0.0), "have changed places"),
    ("check_meeting", lambda x, y: (x, y), "it is not the right number"),
    ("check_meeting", lambda x, y: check_meeting.reference(x, y)[::-1], "dy"),
    (
        "check_repaired",
        lambda A, C, x: A.T @ (C.T @ (C @ np.tanh(A @ x)))[:, None],
        "its shape should be (2,), and is (2, 1)",
    ),
    # Each matrix of a case differs from its transpose and its inverse, and each gradient from 0.
    ("check_repaired", with_the_inverse, "dx: the inverse stands where the transpose should"),
    ("check_tied", lambda X, W: W @ X.T @ (X @ W.T @ W - X), "With X = [[2, 1]], W = [[0.5, 1]] it comes"),
    ("check_middle", lambda P, W, Q, T: P.T @ (P @ W @ Q - T) @ Q.T / len(T), "With P = [[1], [2]]"),
    ("check_count", lambda sizes, k: 1.0, "the same for every input"),
    ("check_count", lambda sizes, k: sizes.pop(), "your function stops with AttributeError"),
    ("check_middle", lambda P, W, Q, T: (P.T @ (P @ W @ Q - T) @ Q.T).T, "it is transposed"),
    ("check_middle", lambda P, W, Q, T: P @ (P @ W @ Q - T) @ Q, "your function stops with ValueError"),
    ("check_tied", lambda X, W: complex_step(lambda X, W: 0.5 * ((X @ W.T @ W - X) ** 2).sum(), 0)(X, W),
     "its shape should be"),
    ("check_unit", lambda x, du: x / math.hypot(*x), "its numbers are not the right ones"),
    ("check_unit", lambda x, du: np.eye(len(x)) - np.outer(x, x) / (x @ x), "its shape should be (2,)"),
    ("check_numerical_gradient", first_axis_only, "gradient: a whole row moves at once"),
    ("check_numerical_gradient", left_where_it_was_moved, "gradient: its numbers are not the right ones"),
    ("check_numerical_gradient", moves_the_argument, "Your function changes its argument X in place"),
    ("check_numerical_gradient", lambda A, X, h: (meeting_all(A, X + h) - meeting_all(A, X - h)) / (2 * h),
     "gradient: all entries move at once; the gradient asks"),
    ("check_numerical_gradient", lambda A, X, h: 3 * A * X**2 + X.prod() / X,
     "gradient: the step h that was handed over"),
    ("check_numerical_gradient", lambda A, X, h: 2 * by_columns_of_one(A, X, h),
     "gradient: it is twice as large"),
]  # fmt: skip
