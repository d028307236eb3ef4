"""Answers to chapter 6's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib import lent, losses
from bplib.normal import density, distribution

A = np.array([0.5, 0.3, 0.2])
CORNERS = [1, 0.01, 1, 0.25, 1, 0.5, 0.5]
JACOBIAN = np.diag(A) - A[:, None] * A


def softmax_by_package(dA, A):
    return fn.softmax_backward(dA, fn.softmax(np.log(A))[1])[0]


def softmax_by_indices(dA, A):
    dZ = np.zeros_like(A)
    for k, i, j in np.ndindex(*A.shape, A.shape[1]):
        dZ[k, j] += dA[k, i] * A[k, i] * ((i == j) - A[k, j])
    return dZ


def three_by_package(Z, Y):
    parts = []
    for kind in ("squared", "binary", "classes"):
        parts += lent.losses(kind, Z, Y)
    return parts


def three_by_entries(Z, Y):
    """Take one entry, and one row, after the other."""

    def softplus(z):
        return max(z, 0) + math.log1p(math.exp(-abs(z)))

    d_binary, d_classes, binary, classes = np.zeros_like(Z), np.zeros_like(Z), 0.0, 0.0
    for place, z in np.ndenumerate(Z):
        binary += Y[place] * softplus(-z) + (1 - Y[place]) * softplus(z)
        d_binary[place] = (0.5 + 0.5 * math.tanh(z / 2) - Y[place]) / Z.size
    for k, (z, y) in enumerate(zip(Z, Y, strict=True)):
        total = z.max() + math.log(sum(math.exp(one - z.max()) for one in z))
        classes += y @ (total - z)
        d_classes[k] = (np.exp(z - total) * sum(y) - y) / len(Y)
    error = Z - Y
    squared = np.vdot(error, error) / Z.size, error / (0.5 * Z.size)
    return (*squared, binary / Z.size, d_binary, classes / len(Y), d_classes)


def changed(which, value):
    """Answer all three rightly, but for one result."""

    def answer(Z, Y):
        parts = list(three_by_package(Z, Y))
        parts[which] = value(Z, Y)
        return tuple(parts)

    return answer


def from_probabilities(Z, Y):
    """Do as the formulas are printed: probabilities first, then logarithms."""
    P = 1 / (1 + np.exp(-Z))
    S = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    squared = np.mean((Z - Y) ** 2), 2 * (Z - Y) / Y.size
    binary = np.mean(-Y * np.log(P) - (1 - Y) * np.log(1 - P)), (P - Y) / Y.size
    return (*squared, *binary, -np.sum(Y * np.log(S)) / len(Y), (S * Y.sum(1, keepdims=True) - Y) / len(Y))


def delta_by_package(Z, Y):
    _, cache = losses.cross_entropy_with_logits(Z, Y.argmax(axis=1))
    return losses.cross_entropy_with_logits_backward(1.0, cache)[0]


def delta_overflowing(Z, Y):
    e = np.exp(Z)
    return (e / e.sum(axis=1, keepdims=True) - Y) / len(Y)


def clip_by_stations(z, y, eps):
    """Multiply the slopes of logarithm, clip and sigmoid."""
    yhat, cache = fn.sigmoid(z)
    p = np.minimum(np.maximum(yhat, eps), 1 - eps)
    dp = (p - y) / (p * (1 - p))
    through = dp * ((eps < yhat) & (yhat < 1 - eps))
    loss = np.where(y == 1, -np.log(p), np.where(y == 0, -np.log(1 - p), losses_between(p, y)))
    deaf = -math.log(eps / (1 - eps))
    return loss, fn.sigmoid_backward(through, cache)[0], np.tanh(z / 2) / 2 + 0.5 - y, deaf


def losses_between(p, y):
    return y * np.log(1 / p) + (1 - y) * np.log(1 / (1 - p))


def bends_by_package(dout, z, alpha):
    s, cache = fn.sigmoid(z)
    (through,) = fn.sigmoid_backward(dout * z, cache)
    (elu,) = fn.elu_backward(dout, fn.elu(z, alpha=alpha)[1])
    return dout * s + through, elu, fn.gelu_backward(dout, fn.gelu(z)[1])[0]


def bends_overflowing(dout, z, alpha):
    """Compute both sides of each, where NumPy may tell of an overflow, as in the exercise."""
    silu, _, gelu = bends_from_outputs(dout, z, alpha)
    with np.errstate(over="raise"):
        return silu, dout * np.where(z > 0, 1, alpha * np.exp(z)), gelu


def clip_passed_over(z, y, eps):
    """Multiply the slopes of logarithm and sigmoid, and leave out the clip's."""
    yhat, cache = fn.sigmoid(z)
    p = np.minimum(np.maximum(yhat, eps), 1 - eps)
    return clip_by_stations(z, y, eps)[0], fn.sigmoid_backward((p - y) / (p * (1 - p)), cache)[0], 0, 0


def bends_from_outputs(dout, z, alpha):
    """Read ELU's slope off its output, and write SiLU's with a."""
    s = np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z)))
    a = z * s
    elu = np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
    return dout * (a + s * (1 - a)), dout * np.where(z > 0, 1, elu + alpha), dout * (
        distribution(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    )  # fmt: skip


RIGHT = [
    ("check_corners", lambda: CORNERS),
    ("check_corners", lambda: np.array(CORNERS)),
    ("check_nine", lambda: (A, JACOBIAN, A - [0, 1, 0], 2 * A - [1, 1, 0])),
    ("check_nine", lambda: ((0.5, 0.3, 0.2), JACOBIAN.tolist(), (1 / 2, -7 / 10, 1 / 5), (0, -2 / 5, 2 / 5))),
    ("check_factors", lambda Yhat, Y, rate: (
        Yhat - Y, losses.mse_backward(1.0, losses.mse(Yhat, Y)[1])[0],
        np.array([2 * (a - y) / len(Y) for a, y in zip(Yhat, Y, strict=True)]), np.prod(Y.shape) * rate / 2)),
    ("check_softmax_backward", softmax_by_package),
    ("check_softmax_backward", softmax_by_indices),
    ("check_losses", three_by_package),
    ("check_losses", three_by_entries),
    ("check_named", lambda: [4.0, 1.0, 6.0, 2.0, 7.0]),
    ("check_repaired", delta_by_package),
    ("check_repaired", lambda Z, Y: np.exp(fn.log_softmax(Z)[0]) / len(Z) - Y / len(Z)),
    ("check_clip", clip_by_stations),
    ("check_bends", bends_by_package),
    ("check_bends", bends_from_outputs),
]  # fmt: skip

WRONG = [
    ("check_corners", lambda: [2, *CORNERS[1:]], "residual: so it is right of the corner"),
    ("check_corners", lambda: [1.5, *CORNERS[1:]], "residual: relu takes one of its two sides"),
    ("check_corners", lambda: [1, 0.01, 1, 0.5, 1, 0.5, 0.5], "sigmoid: this is what comes out"),
    ("check_corners", lambda: [1, 0.01, 1, 0.25, 0.25, 0.5, 0.5], "tanh: this is the sigmoid's slope"),
    ("check_corners", lambda: [1, 0.01, 1, 0.25, 1, math.log(2), 0.5], "softplus: this is what comes out"),
    ("check_nine", lambda: ([5, 3, 2], 0, 0, 0), "a: these are the powers"),
    ("check_nine", lambda: (A, np.diag(A * (1 - A)), 0, 0), "J: this is the diagonal only"),
    ("check_nine", lambda: (A, A * (1 - A), 0, 0), "J: this is a row"),
    ("check_nine", lambda: (A, -JACOBIAN, 0, 0), "J: the sign is wrong"),
    ("check_nine", lambda: (A, JACOBIAN, [0, -0.7, 0], 0), "dz: the true class is compared"),
    ("check_nine", lambda: (A, JACOBIAN, A - [0, 1, 0], A - [1, 1, 0]), "both: that would need targets"),
    ("check_factors", lambda Yhat, Y, rate: (2 * (Yhat - Y), 0, 0, 0), "half: the half has taken the 2"),
    ("check_factors", lambda Yhat, Y, rate: (Yhat - Y, 2 * (Yhat - Y) / len(Y), 0, 0),
     "mean: the mean goes over all entries, and the outputs"),
    ("check_factors", lambda Yhat, Y, rate: (
        Yhat - Y, 2 * (Yhat - Y) / Y.size, 2 * (Yhat - Y) / len(Y), 2 * rate / Y.size),
     "other_rate: the wrong way round"),
    ("check_softmax_backward", lambda dA, A: dA * A * (1 - A), "dZ: this is the diagonal of the Jacobian"),
    ("check_softmax_backward", lambda dA, A: A * (dA - np.sum(A * dA, axis=0)),
     "dZ: the sum goes over the samples"),
    ("check_softmax_backward", lambda dA, A: A * (dA - np.sum(A * dA, axis=1)),
     "your function stops with ValueError"),
    ("check_softmax_backward", lambda dA, A: A * (dA - np.dot(A.ravel(), dA.ravel())),
     "dZ: the sum goes over all rows"),
    ("check_softmax_backward", lambda dA, A: dA * A, "dZ: only the first of two terms"),
    ("check_losses", from_probabilities, "binary: it holds NaN or infinity"),
    ("check_losses", changed(0, lambda Z, Y: np.sum((Z - Y) ** 2)), "squared: the squares are added up"),
    ("check_losses", changed(1, lambda Z, Y: 2 * (Z - Y) / len(Y)), "d_squared: n counts all entries"),
    ("check_losses", changed(3, lambda Z, Y: fn.sigmoid(Z)[0] - Y), "d_binary: the loss is a mean"),
    ("check_losses", changed(5, lambda Z, Y: (fn.softmax(Z)[0] - Y) / len(Y)),
     "d_classes: that is right if the targets of a row add up to 1"),
    ("check_losses", changed(5, lambda Z, Y: (fn.softmax(Z)[0] * Y.sum(1, keepdims=True) - Y) / Y.size),
     "d_classes: it is divided by the classes as well"),
    ("check_losses", lambda Z, Y: three_by_package(Z, Y)[:2], "Return squared, d_squared, binary"),
    ("check_named", lambda: (7, 1, 6, 2, 7), "a: A is what it should be"),
    ("check_named", lambda: (4, 1, 5, 2, 7), "c: the batch is in it"),
    ("check_named", lambda: (8, 1, 6, 2, 7), "a: a Jacobian is in it once"),
    ("check_named", lambda: (2, 1, 6, 2, 7), "a: there is no clip in it"),
    ("check_named", lambda: (1, 4, 6, 2, 7), "a: it and b have changed places"),
    ("check_named", lambda: (4, 1, 6, 2, 1), "e: on paper this one is right"),
    ("check_repaired", delta_overflowing, "dZ: it holds NaN or infinity"),
    ("check_repaired", lambda Z, Y: fn.softmax(Z)[0] - Y, "dZ: the batch is left out"),
    ("check_repaired", lambda Z, Y: (fn.softmax(Z, axis=0)[0] - Y) / len(Y),
     "dZ: this is still what the second"),
    ("check_repaired", lambda Z, Y: (Y - fn.softmax(Z)[0]) / len(Y), "dZ: the sign is wrong"),
    ("check_clip", lambda z, y, eps: (clip_by_stations(z, y, eps)[0], fn.sigmoid(z)[0] - y, 0, 0),
     "dz: the clip has a slope too"),
    ("check_clip", clip_passed_over, "dz: logarithm and sigmoid are in it"),
    ("check_clip", lambda z, y, eps: (np.logaddexp(0, z) - y * z, 0, 0, 0), "loss: nothing is clipped in it"),
    ("check_clip", lambda z, y, eps: (*clip_by_stations(z, y, eps)[:3], -math.log(eps)),
     "deaf: 1 - eps stands above eps"),
    ("check_clip", lambda z, y, eps: (*clip_by_stations(z, y, eps)[:3], 1 - eps),
     "deaf: this is the probability"),
    ("check_bends", lambda dout, z, alpha: (dout * fn.sigmoid(z)[0], 0, 0), "silu: the product rule has two"),
    ("check_bends", lambda dout, z, alpha: (
        bends_by_package(dout, z, alpha)[0], dout * np.where(z > 0, 1, np.exp(z)), 0),
     "elu: alpha is missing"),
    ("check_bends", lambda dout, z, alpha: (
        bends_by_package(dout, z, alpha)[0],
        dout * np.where(z > 0, 1, alpha * (np.exp(np.minimum(z, 0)) - 1)), 0),
     "elu: below 0 this is what comes out"),
    ("check_bends", bends_overflowing,
     "your function stops with FloatingPointError: overflow encountered in exp"),
    ("check_bends", lambda dout, z, alpha: (
        *bends_by_package(dout, z, alpha)[:2], dout * (distribution(z) + density(z))),
     "gelu: the height of the bell needs its factor z"),
]  # fmt: skip
