"""Answers to chapter 7's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib.exercises import ch07
from bplib.gradcheck import check_vjp, numerical_gradient
from bplib.gradcheck.naive import naive_check


def by_the_book(pair, x):
    """Ask the real checker."""
    forward, backward, _ = ch07._PAIRS[int(pair)]
    return 1.0 * bool(check_vjp(forward, backward, *ch07.pair_args(pair, x)))


def by_the_naive_one(pair, x):
    forward, backward, _ = ch07._PAIRS[int(pair)]
    return 1.0 * naive_check(forward, backward, *ch07.pair_args(pair, x))


def by_allclose(pair, x):
    """Decide by np.allclose, as it comes."""
    forward, backward, _ = ch07._PAIRS[int(pair)]
    args = ch07.pair_args(pair, x)
    out, cache = forward(*args)
    dout = np.random.default_rng(3).standard_normal(out.shape)
    right = True
    for k, a in enumerate(backward(dout, cache)):

        def loss(moved, k=k):
            return np.sum(dout * forward(*args[:k], moved, *args[k + 1 :])[0])

        right = right and np.allclose(a, numerical_gradient(loss, args[k]))
    return 1.0 * right


def loss_in_loops(X, Y, W1, b1, W2, b2):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        a = [math.tanh(v) for v in W1 @ x + b1]
        total += sum((v - t) ** 2 for v, t in zip(W2 @ a + b2, y, strict=True))
    return total / Y.size


def by_pairs(X, Y, W1, b1, W2, b2):
    """Claim with the package's own pairs, and measure from one side and the other."""
    z1, c1 = fn.affine(X, W1, b1)
    a1, ct = fn.tanh(z1)
    z2, c2 = fn.affine(a1, W2, b2)
    da1, _, _ = fn.affine_backward(2 * (z2 - Y) / Y.size, c2)
    (dz1,) = fn.tanh_backward(da1, ct)
    measured = numerical_gradient(lambda W: loss_in_loops(X, Y, W, b1, W2, b2), W1)
    return fn.affine_backward(dz1, c1)[1], measured


def one_sided(X, Y, W1, b1, W2, b2):
    claimed, measured = by_pairs(X, Y, W1, b1, W2, b2)
    here = loss_in_loops(X, Y, W1, b1, W2, b2)
    for i in np.ndindex(W1.shape):
        moved = W1.copy()
        moved[i] += 1e-5
        measured[i] = (loss_in_loops(X, Y, moved, b1, W2, b2) - here) / 1e-5
    return claimed, measured


def claimed_twice(*case):
    claimed, _ = by_pairs(*case)
    return claimed, claimed.copy()


def without_slope(X, Y, W1, b1, W2, b2):
    A1 = np.tanh(X @ W1.T + b1)
    dZ2 = 2 * (A1 @ W2.T + b2 - Y) / Y.size
    return (dZ2 @ W2).T @ X, by_pairs(X, Y, W1, b1, W2, b2)[1]


def by_search(eps, f, f3):
    """Look for the least sum of both errors, by halving the bracket."""
    low, high = -20.0, 5.0
    for _ in range(200):
        one, two = low + (high - low) / 3, high - (high - low) / 3
        first, second = (math.exp(2 * t) / 6 * f3 + eps * f / math.exp(t) for t in (one, two))
        low, high = (low, two) if first < second else (one, high)
    h = math.exp(low)
    return h, h * h * f3 / 6 + eps * f / h


def by_extrapolation(n, x, h):
    """Combine two central differences so that the squared term goes."""

    def central(step):
        return ((x + step) ** n - (x - step) ** n) / (2 * step)

    return (4 * central(h) - central(2 * h)) / 3


def solved():
    """Solve for the weights, and find the rest from x^5."""
    a, b = np.linalg.solve([[2, 4], [2, 16]], [1, 0])
    return a, b, (2 * a + 64 * b) / math.factorial(5), 0.2, 0.8


def flat(c, x, h):
    """Nudge each entry of a flat copy."""
    c, x, slopes = np.ravel(c), np.ravel(x).astype(float), []
    for k in range(x.size):
        up, down = x.copy(), x.copy()
        up[k] += h
        down[k] -= h
        slopes.append((np.sum(c * up**3) - np.sum(c * down**3)) / (2 * h))
    return np.reshape(slopes, c.shape)


def measured_flat(c, x, h):
    return flat(c, x, h).reshape(np.shape(x))


def in_place(c, x, h):
    slopes = np.zeros(np.shape(x))
    for i in np.ndindex(np.shape(x)):
        x[i] += 1
        slopes[i] = 0.0
    return slopes


def slopes_like_x(c, x, h):
    slopes = np.zeros_like(x)
    slopes[...] = measured_flat(c, x, h)
    return slopes


def steps_like_x(c, x, h):
    slopes = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        slopes[i] = (np.sum(c * (x + step) ** 3) - np.sum(c * (x - step) ** 3)) / (2 * h)
    return slopes


def both_like_x(c, x, h):
    return steps_like_x(c, x, h).astype(x.dtype)


def whole_numbers(c, x, h):
    """Work on a copy that keeps the type of x."""
    slopes = np.zeros(np.shape(x))
    for i in np.ndindex(np.shape(x)):
        up, down = x.copy(), x.copy()
        up[i] = x[i] + h
        down[i] = x[i] - h
        slopes[i] = np.sum(c * (up**3 - down**3)) / (2 * h)
    return slopes


def kinks_measured():
    """Measure both sides."""

    def relu(z):
        return np.maximum(z, 0.0)

    functions = [
        lambda x: relu(x) + relu(-x),
        lambda x: relu(x) - relu(-x),
        lambda x: 3 * relu(x) - relu(-x),
        lambda x: x - relu(x),
    ]
    left = np.array([f(0.0) - f(-1.0) for f in functions])
    right = np.array([f(1.0) - f(0.0) for f in functions])
    convention = np.array([0.0, 0.0, 0.0, 1.0])
    low, high = np.minimum(left, right), np.maximum(left, right)
    return left, right, convention, (low <= convention) & (convention <= high)


def ridge_entry_by_entry(X, y, w, b, lam):
    error = X @ w + b - y
    dw = [2 * sum(e * row[j] for e, row in zip(error, X, strict=True)) / len(y) + lam * w[j]
          for j in range(len(w))]  # fmt: skip
    return dw, 2 * error.mean()


def ridge_of_gradient(X, y, w, b, lam):
    """Multiply the gradient by lambda, as published code does."""
    error = X @ w + b - y
    g = 2 * X.T @ error / len(y)
    return g + lam * g, 2 * error.mean()


RIGHT = [
    ("check_quotients", lambda: [-0.16667, -0.5, -0.33333, -0.25, 0.142857]),
    ("check_named", lambda: [1, 2, 3, 6, 7, 8]),
    ("check_checker", by_the_book),
    ("check_checker", by_the_naive_one),
    ("check_compared", by_pairs),
    ("check_best_step", by_search),
    ("check_weights", solved),
    ("check_five_point", by_extrapolation),
    ("check_bugs", lambda: [3, 1, 4, 2, 6]),
    ("check_measure", measured_flat),
    ("check_kinks", kinks_measured),
    ("check_ridge", ridge_entry_by_entry),
]

WRONG = [
    ("check_quotients", lambda: (-1 / 6, -1 / 2, -1 / 3, -1 / 4, 1 / 12), "divide it by the sum"),
    ("check_quotients", lambda: (-1 / 6, -1 / 2, -2 / 3, -1 / 4, 1 / 7), "divided by both"),
    ("check_named", lambda: (1, 1, 3, 6, 7, 8), "as their mean"),
    ("check_named", lambda: (1, 2, 3, 5, 7, 8), "has 0 for an answer"),
    ("check_checker", lambda pair, x: True, "should be a number"),
    ("check_checker", lambda pair, x: 1.0, "calls everything right"),
    ("check_checker", lambda pair, x: 1 - by_the_book(pair, x), "and the reverse"),
    ("check_checker", by_allclose, "waved through"),
    ("check_compared", one_sided, "measure on both"),
    ("check_compared", claimed_twice, "to the last bit"),
    ("check_compared", without_slope, "slope of tanh is missing"),
    ("check_best_step", lambda eps, f, f3: (eps ** (1 / 3), 0.0), "not the right number"),
    ("check_best_step", lambda eps, f, f3: (math.sqrt(2 * eps * f / f3), 0.0), "forward difference"),
    ("check_weights", lambda: (4 / 3, -1 / 3, -1 / 30, 0.2, 0.8), "divided by h"),
    ("check_five_point", lambda n, x, h: ((x + h) ** n - (x - h) ** n) / (2 * h), "one order less"),
    ("check_bugs", lambda: (3, 1, 5, 2, 6), "how large is the step"),
    ("check_measure", in_place, "changes its argument x in place"),
    ("check_measure", whole_numbers, "so do its copies"),
    ("check_measure", slopes_like_x, "so do the slopes"),
    ("check_measure", steps_like_x, "so does the step"),
    ("check_measure", both_like_x, "so does the step"),
    ("check_kinks", lambda: ([-1, 1, 1, 1], [1, 1, 3, 0], [0, 1, 2, 0.5], [1, 0, 0, 1]), "convention 0"),
    ("check_ridge", ridge_of_gradient, "lam multiplies the gradient"),
]
