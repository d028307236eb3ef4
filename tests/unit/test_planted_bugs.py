"""Wrong backward passes, each of which the checker must reject and most of which it must name.

A plant is a right forward with a wrong backward. Its words are what the diagnosis has to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from bplib.gradcheck import Report, check_vjp, gradcheck

sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731


# --- right pairs ------------------------------------------------------------------------------------------
def affine(x, W, b):
    return x @ W.T + b, (x, W)


def affine_backward(dout, cache):
    x, W = cache
    return dout @ W, dout.T @ x, dout.sum(0)


def relu(x):
    return np.maximum(x, 0), x


def leaky(x):
    return np.where(x > 0, x, 0.1 * x), x


def logistic(x):
    a = sigmoid(x)
    return a, a


def tanh(x):
    a = np.tanh(x)
    return a, a


def square(x):
    return x * x, x


def multiply(a, b):
    return a * b, (a, b)


def add(x, b):
    return x + b, None


def residual(x, W):
    return x + np.tanh(x @ W.T), (x, W)


def residual_backward(dout, cache):
    x, W = cache
    dz = dout * (1 - np.tanh(x @ W.T) ** 2)
    return dout + dz @ W, dz.T @ x


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    return p, p


def softmax_backward(dout, p):
    return (p * (dout - (dout * p).sum(-1, keepdims=True)),)


def log_softmax(x):
    out = x - x.max(-1, keepdims=True)
    out = out - np.log(np.exp(out).sum(-1, keepdims=True))
    return out, np.exp(out)


def log_softmax_backward(dout, p):
    return (dout - p * dout.sum(-1, keepdims=True),)


def norm(axis):
    def forward(x, gamma, beta):
        mean, var = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
        s = 1 / np.sqrt(var + 1e-5)
        xhat = (x - mean) * s
        return gamma * xhat + beta, (xhat, gamma, s)

    def backward(dout, cache):
        xhat, gamma, s = cache
        d = dout * gamma
        dx = s * (d - d.mean(axis, keepdims=True) - xhat * (d * xhat).mean(axis, keepdims=True))
        return dx, (dout * xhat).sum(0), dout.sum(0)

    return forward, backward


layer_norm, layer_norm_backward = norm(1)
batch_norm, batch_norm_backward = norm(0)


def conv1d(x, K):
    windows = np.lib.stride_tricks.sliding_window_view(x, K.size)
    return windows @ K, (x, K)


def conv1d_backward(dout, cache):
    x, K = cache
    dK = np.correlate(x, dout, "valid")
    return np.convolve(dout, K, "full"), dK


def conv2d(x, K):
    windows = np.lib.stride_tricks.sliding_window_view(x, K.shape)
    return np.einsum("ijkl,kl->ij", windows, K), (x, K)


def conv2d_backward(dout, cache, flip=True):
    x, K = cache
    k = np.flip(K) if flip else K
    padded = np.pad(dout, [(n - 1, n - 1) for n in K.shape])
    return conv2d(padded, k)[0], conv2d(x, dout)[0]


def embedding(indices, weight):
    return weight[indices], (indices, weight.shape)


def embedding_backward(dout, cache):
    indices, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, indices, dout)
    return None, dW


def max_pool(x):
    windows = x.reshape(-1, 2)
    return windows.max(1), (windows.argmax(1), x.size)


def max_pool_backward(dout, cache):
    winners, size = cache
    dx = np.zeros((size // 2, 2))
    dx[np.arange(size // 2), winners] = dout
    return (dx.ravel(),)


def masked(x, mask):
    return x * mask / 0.5, mask


def mean_rows(x):
    return x.mean(0), x.shape


def mse(yhat, y):
    return np.mean((yhat - y) ** 2), (yhat, y)


def mse_backward(dout, cache):
    yhat, y = cache
    return (dout * 2 * (yhat - y) / y.size,)


def bce(z, y):
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))), (z, y)


def bce_backward(dout, cache):
    z, y = cache
    return (dout * (sigmoid(z) - y) / y.size,)


def attention(q, k, v):
    p, _ = softmax(q @ k.T / np.sqrt(q.shape[1]))
    return p @ v, (p, q, k, v)


def attention_backward(dout, cache):
    p, q, k, v = cache
    (ds,) = softmax_backward(dout @ v.T, p)
    ds = ds / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, p.T @ dout


class Affine:
    """A layer as a student would write it."""

    def __init__(self, W, b):
        self.params, self.grads = {"W": W, "b": b}, {}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"].T + self.params["b"]

    def backward(self, dout):
        self.grads = {"W": dout.T @ self.x, "b": dout.sum(0)}
        return dout @ self.params["W"]


# --- a network with one hidden layer, as a function of its parameters --------------------------------------
def network(rng, B=6):
    X, Y = rng.standard_normal((B, 4)), rng.integers(0, 2, (B, 3)).astype(float)
    params = {
        "W1": rng.standard_normal((5, 4)),
        "b1": rng.standard_normal(5),
        "W2": rng.standard_normal((3, 5)),
        "b2": rng.standard_normal(3),
    }

    def loss(W1, b1, W2, b2):
        return bce(np.tanh(X @ W1.T + b1) @ W2.T + b2, Y)[0]

    def grads(dz=None, back=lambda dz, W2: dz @ W2, phi=lambda A: 1 - A**2, A_in=X):
        W1, b1, W2, b2 = params.values()
        A = np.tanh(X @ W1.T + b1)
        if dz is None:
            dz = (sigmoid(A @ W2.T + b2) - Y) / Y.size
        dz1 = back(dz, W2) * phi(A)
        return {"W1": dz1.T @ A_in, "b1": dz1.sum(0), "W2": dz.T @ A, "b2": dz.sum(0)}

    return params, X, Y, loss, grads


class Plant(NamedTuple):
    name: str
    check: Callable[[np.random.Generator], Report]
    words: tuple[str, ...]


PLANTS: list[Plant] = []


def plant(*words: str) -> Callable[[Callable[..., Report]], Callable[..., Report]]:
    def add_to_table(check: Callable[..., Report]) -> Callable[..., Report]:
        PLANTS.append(Plant(check.__name__, check, words))
        return check

    return add_to_table


def vjp(name: str, forward: Any, backward: Any, args: Callable[..., tuple[Any, ...]], *words: str) -> None:
    """Plant a wrong backward of an op pair."""
    PLANTS.append(Plant(name, lambda rng: check_vjp(forward, backward, *args(rng), rng=rng), words))


def grads(name: str, change: Callable[..., dict[str, Any]], *words: str) -> None:
    """Plant wrong gradients of the network: ``change(right, params, X, Y, grads)`` returns what differs."""

    def check(rng: np.random.Generator) -> Report:
        params, X, Y, loss, backward = network(rng)
        return gradcheck(loss, params, {**backward(), **change(backward(), params, X, Y, backward)})

    PLANTS.append(Plant(name, check, words))


def normal(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    return lambda rng: tuple(rng.standard_normal(shape) for shape in shapes)


AFFINE = normal((4, 5), (3, 5), (3,))
SQUARE = normal((4, 3), (3, 3), (3,))
NORM = normal((4, 9), (9,), (9,))
BATCH = normal((9, 4), (4,), (4,))

# --- constant factors
vjp("affine dW twice", affine, lambda d, c: (d @ c[1], 2 * d.T @ c[0], d.sum(0)), AFFINE, "w is 2 times")
vjp("square without its 2", square, lambda d, x: (d * x,), normal((3, 4)), "1/2 times")
vjp("sign", affine, lambda d, c: (-d @ c[1], d.T @ c[0], d.sum(0)), AFFINE, "gradient of x", "wrong sign")
vjp("0.1 % too large", tanh, lambda d, a: (1.001 * d * (1 - a * a),), normal((3, 4)), "1.001 times")
vjp(
    "b averaged",
    affine,
    lambda d, c: (d @ c[1], d.T @ c[0], d.mean(0)),
    AFFINE,
    "gradient of b",
    "1/4",
    "mean",
)
vjp(
    "mean rows without 1/B",
    mean_rows,
    lambda d, s: (np.tile(d, (s[0], 1)),),
    normal((6, 3)),
    "6 times",
    "1/6",
)
vjp(
    "dropout without 1/p",
    masked,
    lambda d, m: (d * m, None),
    lambda rng: (rng.standard_normal((4, 5)), rng.random((4, 5)) < 0.5),
    "1/2 times",
)
vjp(
    "attention without 1/sqrt(d)",
    attention,
    lambda d, c: (lambda g: (g[0] * 3, g[1], g[2]))(attention_backward(d, c)),
    normal((4, 9), (6, 9), (6, 2)),
    "gradient of q",
    "3 times",
)
grads("batch sum instead of mean", lambda g, *_: {k: v * 6 for k, v in g.items()}, "6 times", "mean")
grads("1/B twice", lambda g, *_: {k: v / 6 for k, v in g.items()}, "1/6 times")
grads("ascent", lambda g, *_: {k: -v for k, v in g.items()}, "wrong sign")
grads("W2 off by 0.1 %", lambda g, *_: {"W2": g["W2"] * 0.999}, "w2", "0.999 times")

# --- transposed, flipped, shuffled, swapped
vjp(
    "square dW transposed",
    affine,
    lambda d, c: (d @ c[1], (d.T @ c[0]).T, d.sum(0)),
    normal((4, 5), (5, 5), (5,)),
    "gradient of w",
    "transposed",
)
vjp("dW of the transposed shape", affine, lambda d, c: (d @ c[1], c[0].T @ d, d.sum(0)), AFFINE, "transposed")
vjp(
    "dW reshaped, not transposed",
    affine,
    lambda d, c: (d @ c[1], (c[0].T @ d).reshape(3, 5), d.sum(0)),
    AFFINE,
    "transposed and then reshaped",
)
vjp(
    "multiply swapped",
    multiply,
    lambda d, c: (d * c[0], d * c[1]),
    normal((3, 4), (3, 4)),
    "gradient of a is that of b",
)
vjp(
    "conv kernel gradient flipped",
    conv1d,
    lambda d, c: (conv1d_backward(d, c)[0], conv1d_backward(d, c)[1][::-1]),
    normal((9,), (4,)),
    "gradient of k",
    "flipped",
)
vjp(
    "conv2d kernel gradient flipped",
    conv2d,
    lambda d, c: (conv2d_backward(d, c)[0], np.flip(conv2d_backward(d, c)[1])),
    normal((7, 6), (3, 3)),
    "gradient of k",
    "flipped",
)
vjp(
    "conv2d kernel not flipped in dx",
    conv2d,
    lambda d, c: conv2d_backward(d, c, flip=False),
    normal((7, 6), (3, 3)),
    "gradient of x",
    "flipped k",
    "kernel",
)
vjp(
    "conv1d kernel not flipped in dx",
    conv1d,
    lambda d, c: (np.convolve(d, c[1][::-1], "full"), conv1d_backward(d, c)[1]),
    normal((9,), (4,)),
    "gradient of x",
    "flipped k",
    "kernel",
)
vjp(
    "conv1d dx shifted",
    conv1d,
    lambda d, c: (np.roll(conv1d_backward(d, c)[0], 1), conv1d_backward(d, c)[1]),
    normal((9,), (4,)),
    "shifted by one",
)
vjp(
    "rows in reverse",
    affine,
    lambda d, c: ((d @ c[1])[::-1], d.T @ c[0], d.sum(0)),
    AFFINE,
    "flipped",
    "axis 0",
)
vjp(
    "columns shuffled",
    affine,
    lambda d, c: ((d @ c[1])[:, [2, 0, 1, 4, 3]], d.T @ c[0], d.sum(0)),
    AFFINE,
    "in another order",
)
grads("two units exchanged", lambda g, *_: {"b1": g["b1"][[1, 0, 2, 3, 4]]}, "b1", "in another order")

# --- zero, ignored, missing
vjp("zero dW", affine, lambda d, c: (d @ c[1], np.zeros((3, 5)), d.sum(0)), AFFINE, "gradient of w is zero")
vjp("softmax zero", softmax, lambda d, p: (np.zeros_like(p),), normal((3, 4)), "zero where it should not be")
vjp(
    "kernel gradient omitted",
    conv1d,
    lambda d, c: (conv1d_backward(d, c)[0], None),
    normal((9,), (4,)),
    "none for k",
)
vjp("ignores dout", square, lambda d, x: (2 * x,), normal((3, 4)), "ignores dout")
vjp("dout squared", square, lambda d, x: (2 * x * d * d,), normal((3, 4)), "not linear in dout")
vjp("constant added", square, lambda d, x: (2 * x * d + 1,), normal((3, 4)), "dout = 0")
vjp("activation derivative missing", tanh, lambda d, a: (d,), normal((3, 4)), "local derivative")
vjp("relu without its mask", relu, lambda d, x: (d,), normal((3, 4)), "mask", "missing")
vjp("relu on the wrong side", relu, lambda d, x: (d * (x < 0),), normal((3, 4)), "wrong side")
vjp("leaky relu treated as relu", leaky, lambda d, x: (d * (x > 0),), normal((3, 4)), "negative", "zero")
vjp(
    "leaky relu slope off",
    leaky,
    lambda d, x: (d * np.where(x > 0, 1, 0.01),),
    normal((3, 4)),
    "negative",
    "1/10",
)
vjp(
    "sigmoid derivative at the output",
    logistic,
    lambda d, a: (d * sigmoid(a) * (1 - sigmoid(a)),),
    normal((3, 4)),
    "local derivative at the output",
)
vjp("tanh derivative 1 - a", tanh, lambda d, a: (d * (1 - a),), normal((3, 4)), "1 - the output,")
vjp(
    "tanh derivative 1 - x**2",
    lambda x: (np.tanh(x), x),
    lambda d, x: (d * (1 - x * x),),
    normal((3, 4)),
    "1 - x squared",
)
vjp(
    "log1p as log",
    lambda x: (np.log1p(x * x), x),
    lambda d, x: (d * 2 / x,),
    normal((5,)),
    "local derivative",
)
vjp("W for W.T", affine, lambda d, c: (d @ c[1].T, d.T @ c[0], d.sum(0)), SQUARE, "x multiplies", "transpose")
vjp(
    "last sample overwrites the others",
    affine,
    lambda d, c: (d @ c[1], np.outer(d[-1], c[0][-1]), d.sum(0)),
    AFFINE,
    "gradient of w comes from dout at index 3",
    "overwritten",
)
vjp(
    "softmax without the outer p",
    softmax,
    lambda d, p: (d - (d * p).sum(-1, keepdims=True),),
    normal((3, 4)),
    "wrong partial derivatives: d out[",
)
vjp(
    "softmax summed over all rows",
    softmax,
    lambda d, p: (p * (d - (d * p).sum()),),
    normal((3, 4)),
    "terms that do not belong",
    "wrong axis",
)
vjp(
    "gradient clipped",
    affine,
    lambda d, c: (d @ c[1], np.clip(d.T @ c[0], -0.5, 0.5), d.sum(0)),
    AFFINE,
    "gradient of w",
    "clipped at 0.5",
)
vjp("softmax as elementwise", softmax, lambda d, p: (d * p * (1 - p),), normal((3, 4)), "diagonal", "missing")
vjp("log_softmax elementwise", log_softmax, lambda d, p: (d * (1 - p),), normal((3, 4)), "diagonal")
vjp(
    "residual without skip",
    residual,
    lambda d, c: (residual_backward(d, c)[0] - d, residual_backward(d, c)[1]),
    normal((4, 3), (3, 3)),
    "misses dout itself",
    "skip",
)
vjp(
    "residual only skip",
    residual,
    lambda d, c: (d, residual_backward(d, c)[1]),
    normal((4, 3), (3, 3)),
    "dout itself",
)
vjp(
    "skip counted twice",
    residual,
    lambda d, c: (residual_backward(d, c)[0] + d, residual_backward(d, c)[1]),
    normal((4, 3), (3, 3)),
    "dout itself",
    "extra",
    "skip",
)
vjp(
    "dropout without mask",
    masked,
    lambda d, m: (d / 0.5, None),
    lambda rng: (rng.standard_normal((4, 5)), rng.random((4, 5)) < 0.5),
    "mask",
    "missing",
)

# --- normalisation
vjp(
    "layer norm: statistics held constant",
    layer_norm,
    lambda d, c: (d * c[1] * c[2], *layer_norm_backward(d, c)[1:]),
    NORM,
    "gradient of x",
    "mean",
    "normalisation",
)
vjp(
    "layer norm: variance held constant",
    layer_norm,
    lambda d, c: (c[2] * (d * c[1] - (d * c[1]).mean(1, keepdims=True)), *layer_norm_backward(d, c)[1:]),
    NORM,
    "gradient of x",
    "normalisation",
)
vjp(
    "layer norm: mean held constant",
    layer_norm,
    lambda d, c: (
        c[2] * (d * c[1] - c[0] * (d * c[1] * c[0]).mean(1, keepdims=True)),
        *layer_norm_backward(d, c)[1:],
    ),
    NORM,
    "gradient of x",
    "axis 1",
    "mean",
)
vjp(
    "layer norm: gamma outside the mean",
    layer_norm,
    lambda d, c: (
        c[1] * c[2] * (d - d.mean(1, keepdims=True) - c[0] * (d * c[0]).mean(1, keepdims=True)),
        *layer_norm_backward(d, c)[1:],
    ),
    NORM,
    "gamma",
    "outside",
)
vjp(
    "layer norm: gamma forgotten",
    layer_norm,
    lambda d, c: (
        layer_norm_backward(d, (c[0], np.ones_like(c[1]), c[2]))[0],
        *layer_norm_backward(d, c)[1:],
    ),
    NORM,
)
vjp(
    "layer norm: dgamma without xhat",
    layer_norm,
    lambda d, c: (layer_norm_backward(d, c)[0], d.sum(0), d.sum(0)),
    NORM,
    "gradient of gamma is that of beta",
)
vjp(
    "batch norm: statistics held constant",
    batch_norm,
    lambda d, c: (d * c[1] * c[2], *batch_norm_backward(d, c)[1:]),
    BATCH,
    "axis 0",
    "normalisation",
)
vjp(
    "batch norm: std forgotten",
    batch_norm,
    lambda d, c: (batch_norm_backward(d, c)[0] / c[2], *batch_norm_backward(d, c)[1:]),
    BATCH,
    "along axis 1",
    "factor of its own",
)

# --- sums and shapes
vjp("broadcast sum forgotten", add, lambda d, c: (d, d), normal((4, 3), (3,)), "share memory", "summed")
vjp(
    "bias sum over the wrong axis",
    affine,
    lambda d, c: (d @ c[1], d.T @ c[0], d.sum(1)),
    AFFINE,
    "shape (4,)",
)
vjp(
    "keepdims left",
    affine,
    lambda d, c: (d @ c[1], d.T @ c[0], d.sum(0, keepdims=True)),
    AFFINE,
    "only reshape it",
)
vjp("row added up twice", affine, lambda d, c: (d @ c[1], d.T @ c[0], d.sum(0) + d[0]), AFFINE)
vjp(
    "embedding overwrites",
    embedding,
    lambda d, c: (None, (lambda g: (g.__setitem__(c[0], d), g)[1])(np.zeros(c[1]))),
    lambda rng: (np.array([2, 0, 2, 3, 2]), rng.standard_normal((5, 3))),
    "more than once",
    "overwritten",
)
vjp(
    "embedding averages",
    embedding,
    lambda d, c: (
        None,
        embedding_backward(d, c)[1] / np.maximum(1, np.bincount(c[0], minlength=c[1][0]))[:, None],
    ),
    lambda rng: (np.array([2, 0, 2, 3, 2]), rng.standard_normal((5, 3))),
    "more than once",
    "1/3",
)
vjp("max pool gives to both", max_pool, lambda d, c: (np.repeat(d, 2),), normal((8,)), "mask", "missing")
vjp(
    "max pool to the loser",
    max_pool,
    lambda d, c: max_pool_backward(d, (1 - c[0], c[1])),
    normal((8,)),
    "wrong side",
)
vjp(
    "dx and dW in the wrong places",
    affine,
    lambda d, c: (d.T @ c[0], d @ c[1], d.sum(0)),
    normal((4, 5), (4, 5), (4,)),
    "gradient of x is that of w",
)

# --- only here and there
vjp(
    "one row of dW",
    affine,
    lambda d, c: (d @ c[1], d.T @ c[0] * [[1], [1.3], [1]], d.sum(0)),
    AFFINE,
    "gradient of w",
    "only in row 1 of 3",
    "1.3",
)
vjp(
    "one column of dW zero",
    affine,
    lambda d, c: (d @ c[1], d.T @ c[0] * [1, 1, 1, 0, 1], d.sum(0)),
    AFFINE,
    "gradient of w",
    "only in column 3 of 5",
    "zero",
)
vjp(
    "last sample forgotten",
    affine,
    lambda d, c: (d @ c[1] * [[1], [1], [1], [0]], d.T @ c[0], d.sum(0)),
    AFFINE,
    "gradient of x",
    "only in row 3 of 4",
    "zero",
)
vjp(
    "one entry",
    affine,
    lambda d, c: (d @ c[1], d.T @ c[0] + np.eye(3, 5) * [0, 0, 0.01, 0, 0] * d[0, 0], d.sum(0)),
    AFFINE,
    "gradient of w",
    "only at [2, 2]",
)
grads("bias only", lambda g, *_: {"b2": g["b2"] * 0.5}, "gradient of b2", "1/2")
grads(
    "some signs",
    lambda g, *_: {"W2": g["W2"] * np.tile([1, -1, 1, 1, -1], (3, 1))},
    "w2",
    "columns 1 and 4",
    "wrong sign",
)

# --- the wrong formula for this loss or network
grads("L2 term added", lambda g, p, *_: {"W1": g["W1"] + 0.01 * p["W1"]}, "0.01 times the parameter", "l2")
grads(
    "hidden derivative missing",
    lambda g, p, X, Y, b: b(phi=lambda A: 1),
    "w1",
    "w2",
    "right",
    "backward step",
)
grads(
    "hidden derivative at the wrong place",
    lambda g, p, X, Y, b: b(phi=lambda A: 1 - np.tanh(A) ** 2),
    "backward step",
)
grads(
    "W2 stepped before dA1",
    lambda g, p, X, Y, b: b(back=lambda dz, W2: dz @ (W2 - 0.1 * g["W2"])),
    "backward step",
)
grads("input not centred as in forward", lambda g, p, X, Y, b: b(A_in=X + 0.1), "w1", "common to that axis")
grads(
    "MSE's delta with BCE",
    lambda g, p, X, Y, b: b(dz=2 * (np.tanh(X @ p["W1"].T + p["b1"]) @ p["W2"].T + p["b2"] - Y) / Y.size),
)
grads(
    "float32 on the way",
    lambda g, *_: {k: v.astype(np.float32).astype(float) for k, v in g.items()},
    "float32",
)
grads("not a number", lambda g, *_: {"W2": np.where(np.eye(3, 5) > 0, np.nan, g["W2"])}, "w2", "nan")


@plant("2 times", "square")
def mse_with_two_over_one(rng):
    y, p = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    return gradcheck(lambda yhat: 0.5 * mse(yhat, y)[0], p, 2 * (p - y) / y.size)


@plant()
def mse_gradient_for_bce(rng):
    z, y = rng.standard_normal((5, 3)), rng.integers(0, 2, (5, 3)).astype(float)
    return gradcheck(lambda z: bce(z, y)[0], z, 2 * (sigmoid(z) - y) * sigmoid(z) * (1 - sigmoid(z)) / z.size)


@plant("changes dout in place")
def dout_mutated(rng):
    def backward(dout, x):
        dout *= x > 0
        return (dout,)

    return check_vjp(relu, backward, rng.standard_normal((3, 4)), rng=rng)


@plant("changes the cache in place")
def cache_mutated(rng):
    def forward(x):
        return np.tanh(x), [np.tanh(x)]

    def backward(dout, cache):
        cache[0] *= cache[0]
        return (dout * (1 - cache[0]),)

    return check_vjp(forward, backward, rng.standard_normal((3, 4)), rng=rng)


@plant("forward changes its arguments in place")
def input_mutated(rng):
    def forward(x):
        mask = x > 0
        x *= mask
        return x.copy(), mask

    return check_vjp(forward, lambda d, mask: (d * mask,), rng.standard_normal((3, 4)), rng=rng)


@plant("changes x in place")
def loss_mutates_its_argument(rng):
    def loss(x):
        x -= x.mean()
        return (x**2).sum()

    x = rng.standard_normal(5)
    return gradcheck(loss, x, 2 * (x - x.mean()))


@plant("stale")
def cache_shared_between_calls(rng):
    last = {}

    def forward(x):
        last["x"] = x.copy()
        return x**2, None

    return check_vjp(forward, lambda d, _: (2 * last["x"] * d,), rng.standard_normal(4), rng=rng)


@plant("second backward")
def accumulates_between_calls(rng):
    total = np.zeros(4)

    def backward(dout, x):
        nonlocal total
        total = total + 2 * x * dout
        return (total.copy(),)

    return check_vjp(square, backward, rng.standard_normal(4), rng=rng)


@plant("share memory")
def one_array_returned_twice(rng):
    return check_vjp(
        lambda a, b: (a + b, None), lambda d, _: (d, d), rng.standard_normal(4), rng.standard_normal(4)
    )


@plant("not deterministic")
def dropout_with_a_new_mask(rng):
    def forward(x):
        mask = rng.random(x.shape) < 0.5
        return x * mask, mask

    return check_vjp(forward, lambda d, mask: (d * mask,), rng.standard_normal(20))


@plant("no parameter moves the loss")
def empty_stub(rng):
    return gradcheck(
        lambda W, b: 0.0, {"W": np.ones((2, 3)), "b": np.ones(2)}, {"W": np.zeros((2, 3)), "b": np.zeros(2)}
    )


@plant("no parameter moves the loss")
def empty_pair(rng):
    return check_vjp(
        lambda x: (np.zeros(3), None), lambda d, _: (np.zeros(3),), rng.standard_normal(3), rng=rng
    )


@plant("dtype float32")
def float32_gradient(rng):
    return check_vjp(square, lambda d, x: ((2 * x * d).astype(np.float32),), rng.standard_normal(4), rng=rng)


@plant("smooth", "convention at a kink", "not the derivative")
def relu_minus_relu(rng):
    def forward(x):
        return np.maximum(x, 0) - np.maximum(-x, 0), x

    x = np.where(rng.random(6) < 0.5, 0.0, rng.standard_normal(6))
    x[0] = 0.0
    return check_vjp(forward, lambda d, x: (d * ((x > 0) + 0.0 + (x < 0)),), x, rng=rng)


@plant("convention at a kink")
def relu_minus_relu_of_a_number(rng):
    return gradcheck(lambda x: max(x, 0.0) - max(-x, 0.0), 0.0, 0.0)


@plant("neither a slope at the kink nor between")
def outside_the_subgradients(rng):
    return gradcheck(lambda x: max(x, 0.0), 0.0, 1.5)


@plant()
def overwrites_at_a_diamond(rng):  # x*x + x: the path through x*x is overwritten
    return gradcheck(lambda x: x * x + x, 3.0, 3.0)


@plant("1/2 times", "one of two equal paths")
def square_as_a_product_overwritten(rng):
    x = rng.standard_normal(5)
    return gradcheck(lambda x: (x * x).sum(), x, x)


@plant("second backward", "not added to")
def layer_adds_to_old_gradients(rng):
    class Adds(Affine):
        def backward(self, dout):
            old = dict(self.grads)
            dx = super().backward(dout)
            self.grads = {k: g + old.get(k, 0) for k, g in self.grads.items()}
            return dx

    layer = Adds(rng.standard_normal((3, 4)), rng.standard_normal(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


@plant("gradient of b", "1/5", "batch size b")
def layer_averages_its_bias(rng):
    class Averages(Affine):
        def backward(self, dout):
            dx = super().backward(dout)
            self.grads["b"] = dout.mean(0)
            return dx

    layer = Averages(rng.standard_normal((3, 4)), rng.standard_normal(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


@plant("gradient of x", "wrong sign")
def layer_returns_minus_dx(rng):
    class Minus(Affine):
        def backward(self, dout):
            return -super().backward(dout)

    layer = Minus(rng.standard_normal((3, 4)), rng.standard_normal(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


@plant("backward ignores dout")
def layer_ignores_dout(rng):
    class Deaf(Affine):
        def backward(self, dout):
            return super().backward(np.ones_like(dout))

    layer = Deaf(rng.standard_normal((3, 4)), rng.standard_normal(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


@plant("changes dout in place")
def layer_spoils_dout(rng):
    class Spoils(Affine):
        def backward(self, dout):
            dx = super().backward(dout)
            dout *= 0
            return dx

    layer = Spoils(rng.standard_normal((3, 4)), rng.standard_normal(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


@plant("gradient of w is wrong while that of b is right")
def layer_keeps_the_first_input_it_saw(rng):
    class Stale(Affine):
        def backward(self, dout):
            dx = super().backward(dout)
            self.grads["W"] = dout.T @ self.first
            return dx

        def forward(self, x):
            self.first = getattr(self, "first", x)
            return super().forward(x)

    layer = Stale(rng.standard_normal((3, 4)), rng.standard_normal(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


@plant("the loss's own backward is wrong", "yhat is that of another loss: the mean squared error")
def bce_with_the_backward_of_mse(rng):
    layer = Affine(rng.standard_normal((3, 4)), rng.standard_normal(3))
    y = rng.integers(0, 2, (5, 3)).astype(float)
    return gradcheck(layer, rng.standard_normal((5, 4)), (bce, mse_backward), y)


@plant("every other is wrong too: look first where the backward pass begins")
def everything_begins_wrong(rng):
    params, X, Y, loss, backward = network(rng)
    hidden = np.tanh(X @ params["W1"].T + params["b1"])
    z = hidden @ params["W2"].T + params["b2"]
    return gradcheck(loss, params, backward(dz=(z - Y) / Y.size))


@pytest.mark.parametrize("bug", PLANTS, ids=[p.name for p in PLANTS])
@pytest.mark.parametrize("seed", range(3))
def test_planted_bug_is_rejected_and_named(bug, seed):
    report = bug.check(np.random.default_rng(seed))
    assert not report
    assert report.diagnosis
    missing = [word for word in bug.words if word not in report.diagnosis.lower()]
    assert not missing, f"the diagnosis doesn't say {missing}:\n{report}"


def test_enough_bugs_are_planted():
    assert len(PLANTS) >= 60
    assert sum(bool(p.words) for p in PLANTS) >= 55
