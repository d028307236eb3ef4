"""Answers to chapter 5's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib import lent

SHEETS = [
    [[-2.0, -4.0, -4.0], [-1.0, -2.0, -2.0]],
    [[6.0, -3.0, 3.0], [-6.0, 3.0, -3.0]],
    [[2.0, 4.0, -2.0], [-2.0, -4.0, 2.0]],
]


def layer_by_package(dZ, X, W):
    """Backward with the package's own pair."""
    _, cache = fn.affine(X, W, np.zeros(len(W)))
    return fn.affine_backward(dZ, cache)


def layer_by_samples(dZ, X, W):
    """Backward one sample at a time, with a column for each: W^T delta, and the sheets added up."""
    dX, dW, db = [], np.zeros_like(W), np.zeros(len(W))
    for delta, x in zip(dZ, X, strict=True):
        dX.append(W.T @ delta)
        dW += np.outer(delta, x)
        db += delta
    return dX, dW, db


def layer_by_indices(dZ, X, W):
    return np.einsum("ki,ij->kj", dZ, W), np.einsum("ki,kj->ij", dZ, X), np.einsum("ki->i", dZ)


def layer_by_stretching(dZ, X, W):
    """Lay all sheets side by side, and add along the axis of the samples."""
    return (
        (dZ[:, :, None] * W).sum(axis=1),
        (dZ[:, :, None] * X[:, None, :]).sum(axis=0),
        np.ones(len(X)) @ dZ,
    )


def step_by_package(X, Y, W1, b1, W2, b2, rate):
    Z1, first = fn.affine(X, W1, b1)
    A1, bend = fn.tanh(Z1)
    Yhat, second = fn.affine(A1, W2, b2)
    dA1, dW2, db2 = fn.affine_backward((Yhat - Y) / (0.5 * Y.size), second)
    _, dW1, db1 = fn.affine_backward(*fn.tanh_backward(dA1, bend), first)
    return W1 - rate * dW1, b1 - rate * db1, W2 - rate * dW2, b2 - rate * db2


def step_by_samples(X, Y, W1, b1, W2, b2, rate):
    """Add up one sample's step after the other, all taken at the old point."""
    new = [p.copy() for p in (W1, b1, W2, b2)]
    for x, y in zip(X, Y, strict=True):
        a = np.tanh(W1 @ x + b1)
        delta2 = 2 * (W2 @ a + b2 - y) / (len(X) * len(y))
        delta1 = W2.T @ delta2 / np.cosh(W1 @ x + b1) ** 2
        for p, g in zip(new, (np.outer(delta1, x), delta1, np.outer(delta2, a), delta2), strict=True):
            p -= rate * g
    return tuple(new)


def network_by_package(X, Y, W, b):
    caches, out = [], X
    for layer, (weights, biases) in enumerate(zip(W, b, strict=True)):
        out, affine = fn.affine(out, weights, biases)
        out, bend = fn.tanh(out) if layer < len(W) - 1 else (out, None)
        caches.append((affine, bend))
    upstream, gradients = 2 / Y.size * (out - Y), []
    for affine, bend in reversed(caches):
        if bend is not None:
            (upstream,) = fn.tanh_backward(upstream, bend)
        upstream, *own = fn.affine_backward(upstream, affine)
        gradients.insert(0, own)
    return [dW for dW, _ in gradients], [db for _, db in gradients]


def network_by_recursion(X, Y, W, b):
    """Let each layer hand its inputs on, and wait for what comes back."""
    dW, db = [None] * len(W), [None] * len(W)

    def through(layer, A):
        if layer == len(W):
            return (A - Y) / Y.size * 2
        Z = A @ W[layer].T + b[layer]
        last = layer == len(W) - 1
        dZ = through(layer + 1, Z if last else np.tanh(Z)) * (1 if last else 1 / np.cosh(Z) ** 2)
        dW[layer], db[layer] = np.tensordot(dZ, A, axes=(0, 0)), np.sum(dZ, axis=0)
        return dZ @ W[layer]

    through(0, X)
    return np.stack(dW), np.stack(db)


def slopes_through_z(leaky, elu, softplus):
    """Go back to z first, which the outputs allow."""
    z = np.log(np.exp(softplus) - 1)
    return (
        [1.0 if a > 0 else 0.01 for a in leaky] if leaky.ndim == 1 else 0.01 + 0.99 * (leaky > 0),
        np.exp(np.minimum(np.log(np.maximum(elu + 1, 1e-300)), 0)),
        1 / (1 + np.exp(-z)),
    )


def add_at_every_place(dout, shape):
    """Walk over the larger array, and add each entry to the place that it was read from."""
    dx = np.zeros(shape)
    for place in np.ndindex(dout.shape):
        own = place[dout.ndim - len(shape) :]
        dx[tuple(0 if size == 1 else i for i, size in zip(own, shape, strict=True))] += dout[place]
    return dx


def one_axis_at_a_time(dout, shape):
    while dout.ndim > len(shape):
        dout = dout.sum(axis=0)
    for axis, size in enumerate(shape):
        if size != dout.shape[axis]:
            dout = dout.sum(axis=axis, keepdims=True)
    return dout


def columns_by_translation(dZ, X, K):
    dX, dW, db = layer_by_package(dZ.T.copy(), X.T.copy(), K.T.copy())
    return dX.T, dW.T, db[:, None]


def columns_by_samples(dZ, X, K):
    dX, dK, db = np.zeros_like(X), np.zeros_like(K), np.zeros((len(dZ), 1))
    for k in range(X.shape[1]):
        dX[:, k] = K @ dZ[:, k]
        dK += X[:, [k]] * dZ[:, k]
        db += dZ[:, [k]]
    return dX, dK, db


def batch_by_samples(X, W1, b1, W2, b2, Y):
    """Average over the samples what chapter 4's network gives."""
    each = [lent.network(x, W1, b1, W2, b2, y) for x, y in zip(X, Y, strict=True)]
    return tuple(sum(parts) / len(X) for parts in zip(*each, strict=True))


def batch_by_columns(X, W1, b1, W2, b2, Y):
    """Let samples be columns, and take 1 / cosh(z)**2 for the slope of tanh and log(1 + e^z) for the loss."""
    Z1 = W1 @ X.T + b1[:, None]
    Z2 = W2 @ np.tanh(Z1) + b2[:, None]
    D2 = (1 / (1 + np.exp(-Z2)) - Y.T) / Y.size
    D1 = W2.T @ D2 / np.cosh(Z1) ** 2
    loss = np.mean(np.log1p(np.exp(Z2)) - Y.T * Z2)
    return loss, D1 @ X, D1.sum(axis=1), D2 @ np.tanh(Z1).T, D2.sum(axis=1)


def batch_where(X, W1, b1, W2, b2, Y, size, over=1):
    """Divide by another size at the start, or by `over` more at each layer."""
    loss, *grads = batch_by_columns(X, W1, b1, W2, b2, Y)
    return loss, *(grad * Y.size / size / over for grad in grads)


RIGHT = [
    ("check_shapes", lambda: [[8, 5], [32, 8], [3, 8], [32, 3], [32, 8], [3, 8], [3]]),
    ("check_shapes", lambda: tuple(np.zeros(s).shape for s in (
        (8, 5), (32, 8), (3, 8), (32, 3), (32, 8), (3, 8), 3))),
    ("check_sheets", lambda: (
        *SHEETS, np.mean(SHEETS, axis=0), (1.0, -2.0), (SHEETS[0] - np.array(SHEETS[1]) + SHEETS[2]) / 3)),
    ("check_layer_backward", layer_by_package),
    ("check_layer_backward", layer_by_samples),
    ("check_layer_backward", layer_by_indices),
    ("check_layer_backward", layer_by_stretching),
    ("check_named", lambda: [2.0, 1.0, 7.0, 3.0, 5.0]),
    ("check_repaired", step_by_package),
    ("check_repaired", step_by_samples),
    ("check_network_backward", network_by_package),
    ("check_network_backward", network_by_recursion),
    ("check_slopes", slopes_through_z),
    ("check_slopes", lambda leaky, elu, softplus: (
        np.where(leaky < 0, 0.01, 1), np.minimum(elu, 0) + 1, -np.expm1(-softplus))),
    ("check_unbroadcast", add_at_every_place),
    ("check_unbroadcast", one_axis_at_a_time),
    ("check_columns_backward", columns_by_translation),
    ("check_columns_backward", columns_by_samples),
    ("check_batches", batch_by_samples),
    ("check_batches", batch_by_columns),
]  # fmt: skip


def last_sample_only(dZ, X, W):
    for delta, x in zip(dZ, X, strict=True):
        dW, db = np.outer(delta, x), delta
    return dZ @ W, dW, db


def square_only(dZ, X, W):
    """Make room for as many rows as inputs."""
    dW = np.zeros((W.shape[1], W.shape[1]))
    for delta, x in zip(dZ, X, strict=True):
        dW += np.outer(delta, x)
    return dZ @ W, dW[: len(W)], dZ.sum(axis=0)


def one_sample_only(dZ, X, W):
    """Treat the batch as one sample, after its rows have been added up."""
    return dZ @ W, np.outer(dZ.sum(axis=0), X.sum(axis=0)), dZ.sum(axis=0)


def scaled_in_place(dZ, X, W):
    """Take the mean in the caller's array."""
    dZ /= len(X)
    return dZ @ W, dZ.T @ X, dZ.sum(axis=0)


def network(X, Y, W, b, mean=None, overwrite=False, end=-1, before=True):
    """Backward with one thing wrong: the mean, the cache, where the loop ends, or which slope it takes."""
    A = [X.copy()]
    for layer in range(len(W)):
        Z = A[-1] @ W[layer].T + b[layer]
        A.append(np.tanh(Z) if layer < len(W) - 1 else Z)
    dZ = 2 * (A[-1] - Y) / (mean or Y.size)
    dW, db = np.zeros_like(W), np.zeros_like(b)
    for layer in range(len(W) - 1, end, -1):
        came, a = dZ, A[layer] if before else A[layer + 1]
        if layer:
            slope = np.subtract(1, a * a, out=a) if overwrite else 1 - a * a
            dZ = dZ @ W[layer] * slope
        dW[layer], db[layer] = came.T @ A[layer], came.sum(axis=0)
    return dW, db


def network_of_one_sample(X, Y, W, b):
    """Chapter 4's way, in which there is one sample."""
    return network(X[:1], Y[:1], W, b)


def moved_too_early(X, Y, W, b):
    """Step each layer as soon as its gradient is there, and hand back what it has changed by."""
    W = W.copy()
    A = [X]
    for layer in range(len(W)):
        Z = A[-1] @ W[layer].T + b[layer]
        A.append(np.tanh(Z) if layer < len(W) - 1 else Z)
    dZ, dW, db = 2 * (A[-1] - Y) / Y.size, np.zeros_like(W), np.zeros_like(b)
    for layer in range(len(W) - 1, -1, -1):
        dW[layer], db[layer] = dZ.T @ A[layer], dZ.sum(axis=0)
        W[layer] -= 0.1 * dW[layer]
        dZ = dZ @ W[layer] * (1 - A[layer] ** 2)
    return dW, db


def first_axes_only(dout, shape):
    while dout.ndim > len(shape):
        dout = dout.sum(axis=0)
    return dout


def stretched_only(dout, shape):
    for axis, size in enumerate(shape):
        if size == 1:
            dout = dout.sum(axis=axis, keepdims=True)
    return dout


WRONG = [
    ("check_shapes", lambda: ((5, 8), (32, 8), (8, 3), (32, 3), (32, 8), (8, 3), (3,)), "W1: a row of W"),
    ("check_shapes", lambda: ((8, 5), (32, 8), (3, 8), (32, 3), (32, 8), (3, 8), (3)),
     "db2: a shape is a tuple"),
    ("check_shapes", lambda: ((8, 5), (32, 8), (3, 8), (32, 3), (32, 8), (32, 3, 8), (32, 3)),
     "dW2: each sample"),
    ("check_shapes", lambda: ((8, 5), (32, 8), (3, 8), (32, 3), (32, 8), (3, 8), (1, 3)),
     "db2: a bias has one"),
    ("check_shapes", lambda: ((8, 5), (32, 8), (32, 3), (3, 8), (32, 8), (3, 8), (3,)),
     "W2: it and dZ2 have"),
    ("check_sheets", lambda: ([*zip(*SHEETS[0], strict=True)], *SHEETS[1:], 0, 0, 0),
     "sheet1: it is transposed"),
    ("check_sheets", lambda: (*SHEETS, np.sum(SHEETS, axis=0), (3, -6), 0),
     "dW: the sheets are added up, and"),
    ("check_sheets", lambda: (*SHEETS, np.mean(SHEETS, axis=0), (3, -6), 0),
     "db: the sheets are added up, and"),
    ("check_sheets", lambda: (*SHEETS, np.mean(SHEETS, axis=0), (1, -2), np.mean(SHEETS[::2], axis=0)),
     "flipped: the sample is left out, and the mean is over the other two"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, X.T @ dZ, dZ.sum(axis=0)), "dW: it is transposed"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, dZ.T @ X, dZ), "db: these are the rows themselves"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, dZ.T @ X, dZ.sum(0, keepdims=True)),
     "db: b has one axis"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, dZ.T @ X, dZ.sum()), "db: everything is added up"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, dZ.T @ X / len(X), dZ.sum(axis=0)),
     "divide by B once more"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, dZ.T @ X, dZ.mean(axis=0)),
     "db: the share of each sample"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W.T, dZ.T @ X, dZ.sum(axis=0)), "stops with ValueError"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ np.linalg.inv(W).T, dZ.T @ X, dZ.sum(axis=0)),
     "LinAlgError"),
    ("check_layer_backward", lambda dZ, X, W: (np.linalg.lstsq(W.T, dZ.T)[0].T, 0, 0),
     "stops with LinAlgError"),
    ("check_layer_backward", lambda dZ, X, W: ((np.linalg.pinv(W) @ dZ.T).T, 0, 0),
     "dX: this undoes the layer"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, (dZ * X).sum(axis=0), dZ.sum(axis=0)),
     "ValueError: operands"),
    ("check_layer_backward", lambda dZ, X, W: (dZ[0] @ W, np.outer(dZ[0], X[0]), dZ[0]),
     "dX: its shape should be (2, 2)"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, np.outer(dZ, X), dZ.sum(axis=0)),
     "dW: its shape should be (1, 2)"),
    ("check_layer_backward", lambda dZ, X, W: (dZ @ W, (dZ.T @ X).reshape(X.shape[1], -1), dZ.sum(axis=0)),
     "dW: its shape should be (1, 2), and is (2, 1)"),
    ("check_layer_backward", square_only, "stops with ValueError: "),
    ("check_layer_backward", one_sample_only, "dW: dZ and X are each added up over the batch"),
    ("check_layer_backward", last_sample_only, "dW: only the last sample's sheet is left of it"),
    ("check_layer_backward", scaled_in_place, "Your function changes its argument dZ in place"),
    ("check_named", lambda: (5, 1, 7, 3, 2), "a: something is left out of the mean"),
    ("check_named", lambda: (2, 3, 7, 1, 5), "b: one step writes into an array"),
    ("check_named", lambda: (2, 8, 7, 3, 5), "b: the product has no transpose"),
    ("check_named", lambda: (2, 1, 6, 3, 5), "c: it is not the right number"),
    ("check_repaired", lambda *case: [part + 0 * case[0][:1, :1] for part in step_by_package(*case)],
     "b1: a bias has"),
    ("check_repaired", lambda *case: step_by_package(*case)[::-1], "W1: it and b2 have changed places"),
    ("check_repaired", lambda *case: step_by_samples(*case)[:2], "Return W1, b1, W2, b2, in this order"),
    ("check_network_backward", lambda X, Y, W, b: network(X, Y, W, b, mean=len(X)),
     "dW: the mean goes over samples"),
    ("check_network_backward", lambda X, Y, W, b: network(X, Y, W, b, mean=2 * len(X)),
     "dW: this is the start of cross"),
    ("check_network_backward", lambda X, Y, W, b: network(X, Y, W, b, mean=1),
     "dW: the squares are averaged"),
    ("check_network_backward", lambda *case: network(*case, overwrite=True), "dW: the cache is overwritten"),
    ("check_network_backward", lambda *case: network(*case, end=0), "dW: the loop ends one layer early"),
    ("check_network_backward", lambda *case: network(*case, before=False),
     "dW: the slope is that of a layer further up"),
    ("check_network_backward", lambda *case: [part.transpose(0, 2, 1) if part.ndim > 2 else part
                                              for part in network(*case)],
     "dW: each layer's dW is transposed"),
    ("check_network_backward", lambda *case: tuple(part[::-1] for part in network(*case)),
     "dW: the layers stand in the order"),
    ("check_network_backward", network_of_one_sample, "dW: only the first sample is in it"),
    ("check_network_backward", moved_too_early, "dW: it is right in 1 case of 5 only"),
    ("check_slopes", lambda leaky, elu, softplus: (1, 1, 1), "leaky: its shape should be (1,)"),
    ("check_slopes", lambda leaky, elu, softplus: (
        np.where(leaky > 0, 1, 0.01), np.exp(np.minimum(elu, 0)), 0),
     "elu: the output stands in the exponential"),
    ("check_slopes", lambda leaky, elu, softplus: (
        np.where(leaky > 0, 1, 0.01), np.where(elu > 0, 1, elu + 1), fn.sigmoid(softplus)[0]),
     "softplus: the output"),
    ("check_slopes", lambda leaky, elu, softplus: (
        np.where(leaky > 0, 1, 0.01), np.where(elu > 0, 1, elu + 1), math.e ** -softplus),
     "the sigmoid of -z"),
    ("check_unbroadcast", first_axes_only, "dx: axes of length 1 in the shape have been stretched too"),
    ("check_unbroadcast", stretched_only, "dx: the axes that broadcasting put in front are not in x"),
    ("check_unbroadcast", lambda dout, shape: dout, "dx: nothing is added up"),
    ("check_unbroadcast", lambda dout, shape: dout.sum(axis=0),
     "dx: its shape should be (2, 1), and is (2,)"),
    ("check_unbroadcast", lambda dout, shape: np.resize(dout, shape), "dx: it is right in 2 cases of 7 only"),
    ("check_unbroadcast", lambda dout, shape: dout.sum(),
     "dx: its shape should be (2,), and is that of a single"),
    ("check_unbroadcast", lambda dout, shape: dout.reshape(-1, *shape).sum(axis=0),
     "dx: reshaping takes the entries"),
    ("check_columns_backward", lambda dZ, X, K: (K @ dZ, dZ @ X.T, dZ.sum(axis=1, keepdims=True)),
     "dK: this is right in our convention"),
    ("check_columns_backward", lambda dZ, X, K: (K @ dZ, X @ dZ.T, dZ.sum(axis=1)),
     "db: their b is a column"),
    ("check_columns_backward", lambda dZ, X, K: layer_by_package(dZ.T.copy(), X.T.copy(), K.T.copy()),
     "dX: this is right in our convention"),
    ("check_columns_backward", lambda dZ, X, K: (K.T @ dZ, X @ dZ.T, dZ.sum(axis=1, keepdims=True)),
     "ValueError"),
    ("check_columns_backward", lambda dZ, X, K: (K @ dZ, X @ dZ.T, dZ.sum(axis=0, keepdims=True)),
     "db: the sum goes"),
    ("check_columns_backward", lambda dZ, X, K: (K @ dZ, X @ dZ.T, dZ.mean(axis=1, keepdims=True)),
     "db: the share"),
    ("check_batches", lambda *case: batch_where(*case, size=len(case[0])),
     "dW1: the loss is a mean over samples and outputs; here the outputs are summed"),
    ("check_batches", lambda *case: batch_where(*case, size=case[-1].size, over=len(case[0])),
     "dW1: 1/B is in dZ already"),
    ("check_batches", lambda *case: batch_where(*case, size=1),
     "dW1: the loss is a mean; nothing is divided here"),
    ("check_batches", lambda *case: batch_where(*case, size=-case[-1].size),
     "dW1: it is Y - Yhat"),
    ("check_batches", lambda X, W1, b1, W2, b2, Y: lent.network(X[0], W1, b1, W2, b2, Y[0]),
     "loss: it is not the right number"),
    ("check_batches", lambda X, W1, b1, *rest: X @ W1 + b1, "Return loss, dW1, db1, dW2, db2, in this order"),
]  # fmt: skip
