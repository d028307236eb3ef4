"""Answers to chapter 9's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib.checks import by_nudging
from bplib.exercises import ch09

HEARD = (6, 6, 4, 1, 12, 14, 1, 3, 15, 5)
Y, DX, DK, DB = [1, 10, 6, 1], [-1, 2, 5, -1], [3, -2, 6], 3
SHAPES = [(8, 16, 15, 15), (8, 3, 28, 28), (16, 3, 7, 7)]


def heard(**other):
    """Answer all rightly, but for those named."""
    return lambda: tuple((dict(zip(ch09.check_heard.returns, HEARD, strict=True)) | other).values())


def layer_by_package(X, gamma, beta, eps, dout):
    out, cache = fn.layer_norm(X, gamma, beta, eps=eps)
    return out, *fn.layer_norm_backward(dout, cache)


def layer_by_stations(X, gamma, beta, eps, dout):
    """Go back through mean, variance, root and quotient, one sample after the other."""
    out, dX = np.zeros(X.shape), np.zeros(X.shape)
    dgamma, dbeta = 0.0, 0.0
    for i, (x, d) in enumerate(zip(X, dout, strict=True)):
        n = len(x)
        centred = x - sum(x) / n
        var = centred @ centred / n
        std = math.sqrt(var + eps)
        out[i] = centred / std * gamma + beta
        dxhat = d * gamma
        dstd = -(dxhat @ centred) / std**2
        dvar = dstd / (2 * std)
        dcentred = dxhat / std + dvar * 2 * centred / n
        dX[i] = dcentred - sum(dcentred) / n
        dgamma, dbeta = dgamma + d * centred / std, dbeta + d
    return out, dX, dgamma, dbeta


def layer_published(X, gamma, beta, eps, dout):
    """Take gamma out of the means, as is widely done."""
    out, _, dgamma, dbeta = layer_by_package(X, gamma, beta, eps, dout)
    xhat, r = (out - beta) / gamma, 1 / np.sqrt(X.var(axis=1, keepdims=True) + eps)
    along = np.mean(dout * xhat, axis=1, keepdims=True)
    return out, gamma * r * (dout - dout.mean(axis=1, keepdims=True) - xhat * along), dgamma, dbeta


def layer_with(k, change):
    """Answer rightly, but for result k."""

    def answer(*case):
        parts = list(layer_by_package(*case))
        parts[k] = change(*case)
        return tuple(parts)

    return answer


def spoils_dout(X, gamma, beta, eps, dout):
    parts = layer_by_package(X, gamma, beta, eps, dout)
    dout *= gamma
    return parts


def repaired_by_rows(dout, xhat, inverse_std, gamma):
    dX = []
    for d, h, (r,) in zip(dout, xhat, inverse_std, strict=True):
        dxhat = [g * one for g, one in zip(gamma, d, strict=True)]
        along = np.dot(dxhat, h) / len(h)
        dX.append(
            [r * (one - sum(dxhat) / len(h) - each * along) for one, each in zip(dxhat, h, strict=True)]
        )
    return np.array(dX)


def repaired_with(axis=1, across=1, along=1):
    """Take the means along another axis, or leave a term out."""

    def answer(dout, xhat, inverse_std, gamma):
        g = gamma * dout
        second, third = (np.mean(part, axis=axis, keepdims=True) for part in (g, g * xhat))
        return inverse_std * (g - across * second - along * third * xhat)

    return answer


def repaired_by_sums(dout, xhat, inverse_std, gamma):
    n = xhat.shape[-1]
    total, along = dout @ gamma, np.einsum("bi,bi,i->b", dout, xhat, gamma)
    return inverse_std / n * (n * gamma * dout - total[:, None] - xhat * along[:, None])


def conv_by_package(dout, X, K, stride, padding):
    _, cache = fn.conv1d(X, K, np.zeros(len(K)), stride=stride, padding=padding)
    return fn.conv1d_backward(dout, cache)


def conv_by_entries(dout, X, K, stride, padding):
    """Take one product of the forward after the other."""
    dX, dK = np.zeros(X.shape), np.zeros(K.shape)
    for b, o, t in np.ndindex(*dout.shape):
        for c, j in np.ndindex(*K.shape[1:]):
            at = t * stride + j - padding
            if 0 <= at < X.shape[2]:
                dX[b, c, at] += dout[b, o, t] * K[o, c, j]
                dK[o, c, j] += dout[b, o, t] * X[b, c, at]
    return dX, dK, np.einsum("bot->o", dout)


def conv_by_taps(dout, X, K, stride, padding):
    """Take one place of the kernel after the other, as strided slices."""
    pad = np.pad(X, [(0, 0), (0, 0), (padding, padding)])
    dpad, dK = np.zeros_like(pad), np.empty_like(K)
    for j in range(K.shape[2]):
        tap = slice(j, j + stride * dout.shape[2], stride)
        dpad[:, :, tap] += np.tensordot(dout, K[:, :, j], axes=([1], [0])).swapaxes(1, 2)
        dK[:, :, j] = np.tensordot(dout, pad[:, :, tap], axes=([0, 2], [0, 2]))
    return dpad[:, :, padding : padding + X.shape[2]], dK, dout.sum((0, 2))


def conv_overwriting(dout, X, K, stride, padding):
    dpad = np.zeros((*X.shape[:2], X.shape[2] + 2 * padding))
    for t in range(dout.shape[2]):
        dpad[:, :, t * stride : t * stride + K.shape[2]] = np.tensordot(dout[:, :, t], K, axes=1)
    return dpad[:, :, padding : padding + X.shape[2]], *conv_by_package(dout, X, K, stride, padding)[1:]


def conv_taps_overwriting(dout, X, K, stride, padding):
    """Write = where conv_by_taps writes +=."""
    dpad = np.zeros((*X.shape[:2], X.shape[2] + 2 * padding))
    for j in range(K.shape[2]):
        dpad[:, :, j : j + stride * dout.shape[2] : stride] = K[:, :, j].T @ dout
    return dpad[:, :, padding : padding + X.shape[2]], *conv_by_package(dout, X, K, stride, padding)[1:]


def conv_channels_overwriting(dout, X, K, stride, padding):
    dpad = np.zeros((*X.shape[:2], X.shape[2] + 2 * padding))
    for b, o, t in np.ndindex(*dout.shape):
        dpad[b, :, t * stride : t * stride + K.shape[2]] = dout[b, o, t] * K[o]
    return dpad[:, :, padding : padding + X.shape[2]], *conv_by_package(dout, X, K, stride, padding)[1:]


def conv_uncropped(dout, X, K, stride, padding):
    wide = np.pad(X, [(0, 0), (0, 0), (padding, padding)])
    return conv_by_package(dout, wide, K, stride, 0)


def conv_cut_to_minus_padding(dout, X, K, stride, padding):
    wide, *others = conv_uncropped(dout, X, K, stride, padding)
    return wide[:, :, padding:-padding], *others


def conv_unpadded(dout, X, K, stride, padding):
    """Slice X where its padded copy should be; what sticks out is missing, and so is its product."""
    dX, _, db = conv_by_package(dout, X, K, stride, padding)
    dK = np.zeros(K.shape)
    for t in range(dout.shape[2]):
        window = X[:, :, t * stride : t * stride + K.shape[2]]
        dK[:, :, : window.shape[2]] += np.einsum("bo,bcj->ocj", dout[:, :, t], window)
    return dX, dK, db


def attention_by_package(dout, q, k, v):
    return fn.attention_backward(dout, fn.attention(q, k, v)[1])


def attention_by_queries(dout, q, k, v):
    """One row after the other, each with its softmax's Jacobian."""
    dq, dk, dv = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    for i in range(len(q)):
        s = np.array([q[i] @ key for key in k]) / q.shape[1] ** 0.5
        a = np.exp(s - s.max())
        a /= a.sum()
        ds = (np.diag(a) - np.outer(a, a)) @ (v @ dout[i]) / q.shape[1] ** 0.5
        dq[i] = ds @ k
        dk += np.outer(ds, q[i])
        dv += np.outer(a, dout[i])
    return dq, dk, dv


def attention_through(jacobian, scale=True):
    """Answer with another way through the softmax, or without the scale."""

    def answer(dout, q, k, v):
        root = np.sqrt(q.shape[1])
        A = np.exp(fn.log_softmax(q @ k.T / root)[0])
        dS = jacobian(A, dout @ v.T) / (root if scale else 1)
        return dS @ k, dS.T @ q, A.T @ dout

    return answer


def attention_over_d(dout, q, k, v):
    d = q.shape[1]
    A = fn.softmax(q @ k.T / d)[0]
    dS = right_jacobian(A, dout @ v.T) / d
    return dS @ k, dS.T @ q, A.T @ dout


def attention_by_columns(axis):
    """Take the softmax over the queries; its sum on the way back goes along an axis."""

    def answer(dout, q, k, v):
        root = np.sqrt(q.shape[1])
        powers = np.exp(q @ k.T / root)
        A = powers / powers.sum(axis=0)
        dA = dout @ v.T
        dS = A * (dA - np.sum(A * dA, axis=axis, keepdims=True)) / root
        return dS @ k, dS.T @ q, A.T @ dout

    return answer


def attention_last_value(dout, q, k, v):
    """Overwrite dv in a loop over the queries."""
    dq, dk, dv = attention_by_queries(dout, q, k, v)
    for i in range(len(q)):
        powers = np.exp(q[i] @ k.T / math.sqrt(q.shape[1]))
        dv = np.outer(powers / powers.sum(), dout[i])
    return dq, dk, dv


def right_jacobian(A, dA):
    return A * (dA - np.sum(A * dA, axis=1, keepdims=True))


def batch_by_package(dout, X, gamma, mean, var, eps):
    beta = np.zeros_like(gamma)
    dX, dgamma, dbeta = fn.batch_norm_backward(dout, fn.batch_norm(X, gamma, beta, eps=eps)[1])
    kept = {"running_mean": mean, "running_var": var, "train": False}
    evaluated = fn.batch_norm_backward(dout, fn.batch_norm(X, gamma, beta, eps=eps, **kept)[1])[0]
    return dX, evaluated, dgamma, dbeta


def batch_by_columns(dout, X, gamma, mean, var, eps):
    """A column of batch norm is a row of layer norm without gamma."""
    columns = [layer_by_stations(x[None], g, 0.0, eps, d[None]) for x, d, g in zip(
        X.T, dout.T, gamma, strict=True)]  # fmt: skip
    dX = np.concatenate([part[1] for part in columns]).T
    dgamma = [part[2].sum() for part in columns]
    return dX, gamma / (var + eps) ** 0.5 * dout, dgamma, np.ones(len(X)) @ dout


def batch_by_rows(axis):
    """Normalise rows; the means on the way back go along an axis."""

    def answer(dout, X, gamma, mean, var, eps):
        r = 1 / np.sqrt(X.var(axis=1, keepdims=True) + eps)
        xhat, g = r * (X - X.mean(axis=1, keepdims=True)), gamma * dout
        along = np.mean(g * xhat, axis=axis, keepdims=True)
        training = r * (g - g.mean(axis=axis, keepdims=True) - along * xhat)
        return training, g / np.sqrt(var + eps), np.sum(dout * xhat, axis=0), dout.sum(axis=0)

    return answer


def batch_with(k, change):
    def answer(*case):
        parts = list(batch_by_package(*case))
        parts[k] = change(*case)
        return tuple(parts)

    return answer


def pools_by_package(dout, X, size, stride):
    sizes = {"kernel_size": size, "stride": stride}
    pairs = (fn.max_pool2d, fn.max_pool2d_backward), (fn.avg_pool2d, fn.avg_pool2d_backward)
    return tuple(
        backward(dout[None, None], forward(X[None, None], **sizes)[1])[0][0, 0] for forward, backward in pairs
    )


def pools_by_entries(dout, X, size, stride):
    largest, mean = np.zeros(X.shape), np.zeros(X.shape)
    for (r, c), d in np.ndenumerate(dout):
        places = [(r * stride + i, c * stride + j) for i in range(size) for j in range(size)]
        largest[max(places, key=lambda place: X[place])] += d
        for place in places:
            mean[place] += d / size**2
    return largest, mean


def pools_overwriting(dout, X, size, stride):
    largest = np.zeros(X.shape)
    for (r, c), d in np.ndenumerate(dout):
        places = [(r * stride + i, c * stride + j) for i in range(size) for j in range(size)]
        largest[max(places, key=lambda place: X[place])] = d
    return largest, pools_by_entries(dout, X, size, stride)[1]


def pools_by_mask_overwriting(dout, X, size, stride):
    largest = np.zeros(X.shape)
    for r, c in np.ndindex(dout.shape):
        here = slice(r * stride, r * stride + size), slice(c * stride, c * stride + size)
        largest[here] = dout[r, c] * (X[here] == X[here].max())
    return largest, pools_by_entries(dout, X, size, stride)[1]


def pools_by_mask(dout, X, size, stride):
    """Mark in each window all that are the largest."""
    largest = np.zeros(X.shape)
    for r, c in np.ndindex(dout.shape):
        window = X[r * stride : r * stride + size, c * stride : c * stride + size]
        largest[r * stride : r * stride + size, c * stride : c * stride + size] += dout[r, c] * (
            window == window.max()
        )
    return largest, pools_by_entries(dout, X, size, stride)[1]


def layer_measured(X, gamma, beta, eps, dout):
    """Measure all three gradients, of a forward of the library."""

    def loss(X, gamma, beta):
        return np.sum(dout * fn.layer_norm(X, gamma, beta, eps=eps)[0])

    return fn.layer_norm(X, gamma, beta, eps=eps)[0], *by_nudging(loss, "X", "gamma", "beta")(X, gamma, beta)


RIGHT = [
    ("check_heard", lambda: HEARD),
    ("check_heard", lambda: [float(count) for count in HEARD]),
    ("check_slid", lambda: (Y, DX, DK, DB)),
    ("check_slid", lambda: (np.array(Y), np.array(DX, float), tuple(DK), 3.0)),
    ("check_strided", lambda: ([2, 1, -5, -2, 2, 0], *SHAPES)),
    ("check_strided", lambda: [np.array([2, 1, -5, -2, 2, 0.0]), *map(list, SHAPES)]),
    ("check_layer_norm", layer_by_package),
    ("check_layer_norm", layer_by_stations),
    ("check_layer_norm", layer_measured),
    ("check_named", lambda: [2.0, 4.0, 6.0, 1.0, 3.0]),
    ("check_gammas", lambda: [1.0, 2.0, 3.0]),
    ("check_repaired", repaired_by_rows),
    ("check_repaired", repaired_by_sums),
    ("check_conv1d", conv_by_package),
    ("check_conv1d", conv_by_entries),
    ("check_conv1d", conv_by_taps),
    ("check_attention", attention_by_package),
    ("check_attention", attention_by_queries),
    ("check_attention", attention_through(right_jacobian)),
    ("check_column", lambda: ([4, -4, 2, -2], [2, 0, 0.5, -0.5], -4, 4)),
    ("check_column", lambda: (np.array([4.0, -4, 2, -2]), np.array([4.0, 0, 1, -1]) / 2, -4.0, 4.0)),
    ("check_batch_norm", batch_by_package),
    ("check_batch_norm", batch_by_columns),
    ("check_pools", pools_by_package),
    ("check_pools", pools_by_entries),
]

WRONG = [
    ("check_heard", heard(softmax=1), "softmax: every probability of a row has all logits"),
    ("check_heard", heard(batch_norm=6), "batch_norm: this counts features"),
    ("check_heard", heard(evaluation=4), "evaluation: in evaluation mean and deviation are numbers kept"),
    ("check_heard", heard(conv=4), "conv: this is one channel"),
    ("check_heard", heard(kernel=7), "kernel: this is one sample"),
    ("check_heard", heard(largest=4), "largest: a small step of those that lost"),
    ("check_heard", heard(dk=3), "dk: through the softmax one output hears of every word's key"),
    ("check_heard", heard(dv=10), "dv: one column of the output is made of one column"),
    ("check_slid", lambda: ([10, 1, 0, 4], DX, DK, DB), "y: here the kernel was turned round; in this book"),
    ("check_slid", lambda: ([8, 4], DX, DK, DB), "y: nothing was padded, and b is missing"),
    ("check_slid", lambda: ([-1, 8, 4, -1], DX, DK, DB), "y: b is missing in it"),
    ("check_slid", lambda: (Y, [-2, 4, 2, 1], DK, DB), "dX: the last window to hand an entry something"),
    ("check_slid", lambda: (Y, [2, -1, 2, 5, -1, -1], DK, DB), "dX: the zeros at the ends"),
    ("check_slid", lambda: (Y, [2, -1, -1, 5], DK, DB), "dX: this lays K over dout as it stands"),
    ("check_slid", lambda: (Y, DX, [6, -2, 3], DB), "dK: its three numbers stand in the reverse order"),
    ("check_slid", lambda: (Y, DX, DK, 4), "db: b is added at four places"),
    ("check_strided", lambda: ([2, 1, -4, -2, 2, 0], *SHAPES), "dX: one entry lies in both windows; the sec"),
    ("check_strided", lambda: ([2, 1, -5, -2, 2], *SHAPES), "dX: the entry that nobody reads"),
    ("check_strided", lambda: ([2, 1, -5, -2, 2, 0], (8, 16, 14, 14), 0, 0), "out_shape: the window at the"),
    ("check_strided", lambda: ([2, 1, -5, -2, 2, 0], (8, 16, 11, 11), 0, 0), "out_shape: the zeros are not"),
    ("check_strided", lambda: ([2, 1, -5, -2, 2, 0], *SHAPES[:2], (8, 16, 3, 7, 7)),
     "dK_shape: the kernel is shared by all samples"),
    ("check_layer_norm", layer_published, "dX: gamma stands outside the means"),
    ("check_layer_norm", layer_with(0, lambda X, gamma, beta, eps, dout: (
        gamma * (X - X.mean(0)) / np.sqrt(X.var(0) + eps) + beta)),
     "out: mean and variance were taken over the samples"),
    ("check_layer_norm", layer_with(0, lambda X, gamma, beta, eps, dout: (
        gamma * (X - X.mean(1, keepdims=True)) / (X.std(1, keepdims=True) + eps) + beta)),
     "out: eps was added to the deviation"),
    ("check_layer_norm", layer_with(1, lambda X, gamma, beta, eps, dout: (
        gamma * dout / np.sqrt(X.var(1, keepdims=True) + eps))),
     "dX: mean and deviation were taken as constants"),
    ("check_layer_norm", layer_with(2, lambda X, gamma, beta, eps, dout: dout.sum(0)),
     "dgamma: what stands here is dbeta"),
    ("check_layer_norm", layer_with(2, lambda X, gamma, beta, eps, dout: (dout * X).sum(0)),
     "dgamma: X stands where xhat should"),
    ("check_layer_norm", layer_with(3, lambda X, gamma, beta, eps, dout: dout), "dbeta: each sample keeps"),
    ("check_layer_norm", spoils_dout, "changes its argument dout in place"),
    ("check_layer_norm", lambda X, gamma, beta, eps, dout: X - X.mean(axis=1) * dout,
     "the number of results is 1"),
    ("check_named", lambda: (6, 4, 6, 1, 3), "a: both of its means are there"),
    ("check_named", lambda: (2, 5, 6, 1, 3), "b: each window gets the kernel as it met it"),
    ("check_named", lambda: (2, 4, 2, 1, 3), "c: down a column gamma is the same number"),
    ("check_named", lambda: (2, 4, 6, 4, 3), "d: no entry of its dX is written twice"),
    ("check_named", lambda: (2, 4, 6, 1, 7), "e: its softmax goes along the keys"),
    ("check_gammas", lambda: (4, 2, 3), "first: a gamma of ones"),
    ("check_gammas", lambda: (1, 3, 3), "second: this one fails on the row"),
    ("check_gammas", lambda: (1, 1, 3), "second: this one passes on every row"),
    ("check_gammas", lambda: (1, 2, 2), "third: this one passes on the row"),
    ("check_repaired", lambda dout, xhat, inverse_std, gamma: gamma * repaired_by_rows(
        dout, xhat, inverse_std, np.ones_like(gamma)), "dX: this is still what layer_norm_a does"),
    ("check_repaired", lambda dout, xhat, inverse_std, gamma: repaired_by_rows(
        dout, xhat, inverse_std, np.ones_like(gamma)), "dX: gamma is gone"),
    ("check_repaired", lambda dout, xhat, inverse_std, gamma: gamma * repaired_by_rows(
        dout, xhat, inverse_std, gamma), "dX: gamma is in the means now, and still stands before them"),
    ("check_repaired", repaired_with(axis=0), "dX: the means go over the rows"),
    ("check_repaired", repaired_with(along=0), "dX: the term with xhat is gone"),
    ("check_repaired", repaired_with(across=0), "dX: the mean of dxhat is gone"),
    ("check_repaired", repaired_with(across=0, along=0), "dX: both means are gone"),
    ("check_repaired", lambda dout, xhat, inverse_std, gamma: gamma * repaired_with(axis=0)(
        dout, xhat, inverse_std, np.ones_like(gamma)), "dX: the means go over the rows"),
    ("check_repaired", lambda dout, xhat, inverse_std, gamma: inverse_std * (
        gamma * dout - np.mean(gamma * dout * (1 + xhat), axis=1, keepdims=True)),
     "dX: in the last term the factor xhat"),
    ("check_conv1d", conv_taps_overwriting, "dX: place by place of the kernel, the later one overwrites"),
    ("check_conv1d", conv_channels_overwriting, "dX: a later window, or a later output channel, overwrites"),
    ("check_conv1d", conv_overwriting, "dX: where two windows overlap the later one overwrites"),
    ("check_conv1d", conv_uncropped, "dX: the zeros that padding put there are still in it"),
    ("check_conv1d", conv_cut_to_minus_padding, "dX: where padding is 0 nothing is left of it"),
    ("check_conv1d", conv_unpadded, "dK: X is taken without its zeros"),
    ("check_conv1d", lambda dout, X, K, stride, padding: conv_by_package(
        dout, X, K[:, :, ::-1], stride, padding), "dX: each kernel is turned round"),
    ("check_conv1d", lambda *case: (*conv_by_entries(*case)[:2], case[0].mean(axis=(0, 2))),
     "db: it is a mean over samples and places"),
    ("check_conv1d", lambda *case: (*conv_by_entries(*case)[:2], case[0].sum(axis=2)),
     "db: each sample keeps"),
    ("check_conv1d", lambda *case: conv_by_entries(*case)[:2], "Return dX, dK, db"),
    ("check_attention", attention_through(right_jacobian, scale=False), "dq: forward divided the scores"),
    ("check_attention", attention_over_d, "dq: the scores are divided by d; it should be its root"),
    ("check_attention", attention_through(lambda A, dA: dA * A * (1 - A)), "dq: this is softmax's diagonal"),
    ("check_attention", attention_through(lambda A, dA: A * dA), "dq: of the softmax's two terms"),
    ("check_attention", attention_through(lambda A, dA: A * (dA - np.sum(A * dA, axis=0))),
     "dq: the softmax's sum goes over the queries"),
    ("check_attention", attention_through(lambda A, dA: dA), "dq: the softmax is passed over"),
    ("check_attention", lambda *case: (
        *attention_by_package(*case)[:2], np.ones((len(case[3]), 1)) * case[0].sum(axis=0)),
     "dv: every value gets the same"),
    ("check_attention", attention_by_columns(1), "dq: the weights are a softmax down the columns"),
    ("check_attention", attention_by_columns(0), "dq: the softmax goes down the columns, ahead and back"),
    ("check_attention", attention_last_value, "dv: only the last query is in it"),
    ("check_column", lambda: ([8, 0, 2, -2], [2, 0, 0.5, -0.5], -4, 4), "training: mean and deviation are"),
    ("check_column", lambda: ([4, -4, 2, -2], [8, 0, 2, -2], -4, 4), "evaluation: this divides by the batch"),
    ("check_column", lambda: ([4, -4, 2, -2], [2, 0, 0.5, -0.5], 0, 4), "dgamma: here xhat is made with"),
    ("check_column", lambda: ([4, -4, 2, -2], [2, 0, 0.5, -0.5], -4, 1), "dbeta: this is a mean"),
    ("check_batch_norm", batch_with(0, lambda dout, X, gamma, mean, var, eps: (
        dout * gamma / np.sqrt(X.var(axis=0) + eps))), "training: mean and deviation are taken as constants"),
    ("check_batch_norm", batch_with(1, lambda dout, X, gamma, mean, var, eps: (
        dout * gamma / np.sqrt(X.var(axis=0) + eps))), "evaluation: in evaluation the batch's deviation"),
    ("check_batch_norm", lambda *case: (*batch_by_package(*case)[1::-1], *batch_by_package(*case)[2:]),
     "training: it and evaluation have changed places"),
    ("check_batch_norm", batch_with(2, lambda dout, X, gamma, mean, var, eps: (dout * X).sum(axis=0)),
     "dgamma: X stands where xhat should"),
    ("check_batch_norm", batch_by_rows(1), "training: mean and deviation of each row are used"),
    ("check_batch_norm", batch_by_rows(0), "training: its xhat and deviation are those of each row"),
    ("check_pools", pools_overwriting, "largest: an entry that wins in two windows keeps only"),
    ("check_pools", pools_by_mask_overwriting, "largest: where two are the largest, both get all of it; and"),
    ("check_pools", pools_by_mask, "largest: where two are the largest, both get all of it"),
    ("check_pools", lambda dout, X, size, stride: (
        pools_by_package(dout, X, size, stride)[0],
        size * pools_by_package(dout, X, size, stride)[1]), "mean: a window is as wide as it is high"),
    ("check_pools", lambda *case: pools_by_package(*case)[::-1], "largest: it and mean have changed places"),
]  # fmt: skip
