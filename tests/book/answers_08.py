"""Answers to chapter 8's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib import lent


def block_in_lists():
    """Go through the block number by number."""
    x, W1, W2, dout = [1, 2], [[1, -1], [2, 1]], [[3, 1], [-1, 2]], [1, 2]
    z = [sum(w * v for w, v in zip(row, x, strict=True)) for row in W1]
    a = [max(v, 0) for v in z]
    y = [x[i] + sum(W2[i][k] * a[k] for k in range(2)) for i in range(2)]
    dz = [sum(dout[i] * W2[i][k] for i in range(2)) * (z[k] > 0) for k in range(2)]
    dx = [dout[j] + sum(dz[k] * W1[k][j] for k in range(2)) for j in range(2)]
    return y, dx, [[d * v for v in x] for d in dz], [[d * v for v in a] for d in dout]


def by_the_book(dout, ids, rows):
    _, cache = fn.embedding(ids, np.zeros((rows, dout.shape[-1])))
    return fn.embedding_backward(dout, cache)[1]


def look_up_by_look_up(dout, ids, rows):
    D = dout.shape[-1]
    dW = [[0.0] * D for _ in range(rows)]
    for i, d in zip(ids.ravel(), dout.reshape(-1, D), strict=True):
        for j in range(D):
            dW[i][j] += d[j]
    return dW


def row_by_row(dout, ids, rows):
    return np.array([dout[ids == i].sum(axis=0) for i in range(rows)])


def by_counting(dout, ids, rows):
    columns = dout.reshape(-1, dout.shape[-1]).T
    return np.stack([np.bincount(ids.ravel(), weights=d, minlength=rows) for d in columns], axis=1)


def repeats_dropped(dout, ids, rows):
    dW = np.zeros((rows, dout.shape[-1]))
    dW[ids] += dout
    return dW


def a_sentence_at_a_time(dout, ids, rows):
    dW = np.zeros((rows, dout.shape[-1]))
    for sentence, d in zip(ids, dout, strict=True):
        dW[sentence] += d
    return dW


def too_few_rows(dout, ids, rows):
    return row_by_row(dout, ids, ids.max() + 1)


def dropped_one_by_one(dout, x, u, p, train):
    stays = np.reshape([1 / (1 - p) if v >= p else 0.0 for v in u.ravel()], u.shape)
    if not train:
        return x.copy(), dout.copy()
    return np.multiply(stays, x), np.multiply(stays, dout)


def by_what_came_out(dout, x, u, p, train):
    out, _ = dropped_one_by_one(dout, x, u, p, train)
    return out, np.where(out != 0, dout / (1 - p) if train else dout, 0.0)


def never_told(dout, x, u, p, train):
    """Drop in training and in evaluation."""
    return dropped_one_by_one(dout, x, u, p, True)


def of_the_older_form(dout, x, u, p, train):
    kept = np.where(u < p, 0.0, 1.0) if train else 1 - p
    return x * kept, dout * kept


def in_place(dout, x, u, p, train):
    if train:
        x[u < p] = 0
        x /= 1 - p
    return x, dout


def scaled_by_p(dout, x, u, p, train):
    kept = np.where(u < p, 0.0, 1 / p) if train else 1.0
    return x * kept, dout * kept


def scaled_by_p_ever(dout, x, u, p, train):
    return scaled_by_p(dout, x, u, p, True)


def kept_and_dropped(dout, x, u, p, train):
    return dropped_one_by_one(dout, x, 1 - u, 1 - p, train)


def kept_and_dropped_unscaled(dout, x, u, p, train):
    kept = np.where(u < p, 1.0, 0.0) if train else 1.0
    return x * kept, dout * kept


def kept_and_dropped_ever(dout, x, u, p, train):
    kept = (u < p) / (1 - p)
    return x * kept, dout * kept


def over_all_masks(w, x, p):
    """Go through every mask with its probability."""
    mean = square = 0.0
    for bits in np.ndindex(*(2,) * len(x)):
        m = np.array(bits)
        chance = np.prod(np.where(m, 1 - p, p))
        z = np.sum(w * x * m / (1 - p))
        mean, square = mean + chance * z, square + chance * z * z
    return mean, square - mean**2


def tied_in_loops(dY, X, W):
    encoder, decoder = np.zeros(W.shape), np.zeros(W.shape)
    for x, dy in zip(X, dY, strict=True):
        for k, w in enumerate(W):
            h = math.tanh(w @ x)
            decoder[k] += h * dy
            encoder[k] += (w @ dy) / math.cosh(w @ x) ** 2 * x
    return encoder, decoder, decoder + encoder


def tied_by_pairs(dY, X, W):
    zero = np.zeros
    Z, to_Z = fn.affine(X, W, zero(len(W)))
    H, to_H = fn.tanh(Z)
    _, to_Y = fn.affine(H, W.T.copy(), zero(X.shape[1]))
    dH, dV, _ = fn.affine_backward(dY, to_Y)
    _, dW, _ = fn.affine_backward(*fn.tanh_backward(dH, to_H), to_Z)
    return dW, dV.T, dW + dV.T


def averaged(dY, X, W):
    encoder, decoder, dW = tied_in_loops(dY, X, W)
    return encoder, decoder, dW / 2


def decoder_transposed(dY, X, W):
    encoder, decoder, dW = tied_in_loops(dY, X, W)
    return encoder, decoder.T, dW


def affine(x, W, b=0.0):
    return x @ W.T + b, (x, W)


def affine_backward(dout, cache):
    x, W = cache
    return dout @ W, dout.T @ x, dout.sum(axis=0)


def linear_backward(dout, cache):
    return affine_backward(dout, cache)[:2]


def tanh(x):
    return np.tanh(x), np.tanh(x)


def tanh_backward(dout, a):
    return (dout - dout * a * a,)


def asked(layers):
    """Return what the notebook asks of `layers`."""

    def on_a_stack(x, W1, b1, W2, dout):
        bend = (tanh, tanh_backward, ())
        stack = [(affine, affine_backward, (W1, b1)), bend, (affine, linear_backward, (W2,)), bend]
        out, back = layers(stack, x)
        dx, grads = back(dout)
        dW1, db1, dW2 = (gradient for layer in grads for gradient in layer)
        again, grads = back(dout)
        return out, dx, dW1, db1, dW2, again, len(grads)

    return on_a_stack


def nested(stack, x):
    """Run the first layer, and the rest as a stack."""
    if not stack:
        return x, lambda dout: (dout, [])
    (forward, backward, params), *rest = stack
    x, cache = forward(x, *params)
    out, back_rest = nested(rest, x)

    def back(dout):
        dout, grads = back_rest(dout)
        dx, *dparams = backward(dout, cache)
        return dx, [tuple(dparams), *grads]

    return out, back


def walks(stack, x, order=-1, turn=-1, once=False, shared=False, outside=False):
    """Run a stack; what is given differs from a right one."""
    caches, kept = {}, []
    for k, (forward, _, params) in enumerate(stack):
        x, cache = forward(x, *params)
        caches[forward if shared else k] = cache
    places = list(enumerate(stack))

    def back(dout):
        grads = kept if outside else []
        for k, (forward, backward, _) in places[::order]:
            key = forward if shared else k
            if key in caches:
                dout, *dparams = backward(dout, caches.pop(key) if once else caches[key])
                grads.append(tuple(dparams))
        return dout, grads[::turn]

    return x, back


def first_input_for_all(stack, x):
    def back(dout):
        return walks(stack, x)[1](dout)

    for forward, _, params in stack:
        out, _ = forward(x, *params)
    return out, back


def five_entry_by_entry(dout, x):
    B, n = x.shape
    residual, flipped, centered, squared = (np.zeros(x.shape) for _ in range(4))
    dgamma = [0.0] * n
    for i in range(B):
        for j in range(n):
            residual[i, j] = dout[i, j] * (1 + 1 / math.cosh(x[i, j]) ** 2)
            flipped[i, n - 1 - j] = dout[i, j]
            dgamma[j] += dout[i, j] * x[i, j]
            centered[i, j] = sum(dout[i, k] * ((k == j) - 1 / n) for k in range(n))
            squared[i, j] = 2 * x[i, j] * dout[i, j] if x[i, j] > 0 else 0
    return residual, flipped, dgamma, centered, squared


def five_but(**wrong):
    def answer(dout, x):
        names = ("residual", "flipped", "dgamma", "centered", "squared")
        right = dict(zip(names, five_entry_by_entry(dout, x), strict=True))
        return tuple((right | {name: part(dout, x) for name, part in wrong.items()}).values())

    return answer


def glu_by_the_book(dout, x, V, W):
    zero = np.zeros(len(V))
    u, to_u = fn.affine(x, V, zero)
    z, to_z = fn.affine(x, W, zero)
    g, to_g = fn.sigmoid(z)
    one, dV, _ = fn.affine_backward(dout * g, to_u)
    other, dW, _ = fn.affine_backward(*fn.sigmoid_backward(dout * u, to_g), to_z)
    return u * g, one + other, dV, dW


def glu_in_loops(dout, x, V, W):
    out = np.zeros(dout.shape)
    dx, dV, dW = np.zeros(x.shape), np.zeros(V.shape), np.zeros(W.shape)
    for i, o in np.ndindex(dout.shape):
        u, z = V[o] @ x[i], W[o] @ x[i]
        g = 1 / (1 + math.exp(-z))
        out[i, o] = u * g
        to_u, to_z = dout[i, o] * g, dout[i, o] * u * g * (1 - g)
        dV[o] += to_u * x[i]
        dW[o] += to_z * x[i]
        dx[i] += to_u * V[o] + to_z * W[o]
    return out, dx, dV, dW


def one_way(dout, x, V, W):
    out, _, dV, dW = glu_in_loops(dout, x, V, W)
    return out, (dout / (1 + np.exp(-x @ W.T))) @ V, dV, dW


def exchanged(dout, x, V, W):
    out, dx, dV, dW = glu_in_loops(dout, x, V, W)
    return out, dx, dW, dV


def gate_and_value(dout, x, V, W):
    """Send back through each factor what that factor is, where the other belongs."""
    u, z = x @ V.T, x @ W.T
    g = 1 / (1 + np.exp(-z))
    du, dz = dout * u, dout * g * g * (1 - g)
    return u * g, du @ V + dz @ W, du.T @ x, dz.T @ x


RIGHT = [
    ("check_caches", lambda: [1, 2, 3, 3, 4, 5, 7, 5]),
    ("check_residual", block_in_lists),
    ("check_embedding", by_the_book),
    ("check_embedding", look_up_by_look_up),
    ("check_embedding", row_by_row),
    ("check_embedding", by_counting),
    ("check_dropout", dropped_one_by_one),
    ("check_noise", over_all_masks),
    ("check_tied", tied_in_loops),
    ("check_tied", tied_by_pairs),
    ("check_layers", asked(lent.layers)),
    ("check_layers", asked(nested)),
    ("check_layers", asked(walks)),
    ("check_named", lambda: [2, 4, 5, 6, 1]),
    ("check_repaired", five_entry_by_entry),
    ("check_glu", glu_by_the_book),
    ("check_glu", glu_in_loops),
]

WRONG = [
    ("check_caches", lambda: (5, 2, 3, 3, 4, 5, 7, 5), "whatever numbers come in"),
    ("check_caches", lambda: (1, 1, 3, 3, 4, 5, 7, 5), "look alike"),
    ("check_caches", lambda: (1, 2, 4, 3, 4, 5, 7, 5), "enough, and too much"),
    ("check_caches", lambda: (1, 2, 3, 3, 5, 5, 7, 5), "computed once more"),
    ("check_caches", lambda: (1, 2, 3, 3, 4, 4, 7, 5), "which sign came in"),
    ("check_caches", lambda: (1, 2, 3, 3, 4, 5, 7, 7), "who asks for dx?"),
    ("check_residual", lambda: ([5, 10], [10, 5], [[0, 0], [5, 10]], [[0, 4], [0, 8]]), "along the shortcut"),
    ("check_residual", lambda: ([5, 10], [12, 6], [[1, 2], [5, 10]], [[0, 4], [0, 8]]), "ReLU was silent"),
    ("check_residual", lambda: ([5, 10], [11, 7], [[0, 5], [0, 10]], [[0, 4], [0, 8]]), "transposed"),
    ("check_embedding", repeats_dropped, "only the last of its gradients"),
    ("check_embedding", a_sentence_at_a_time, "twice in one line"),
    ("check_embedding", too_few_rows, "its shape should be"),
    ("check_embedding", lambda dout, ids, rows: dout, "its shape should be"),
    ("check_dropout", by_what_came_out, "ask the mask"),
    ("check_dropout", never_told, "in evaluation too"),
    ("check_dropout", of_the_older_form, "the older form"),
    ("check_dropout", scaled_by_p, "not by the chance to stay"),
    ("check_dropout", scaled_by_p_ever, "and that in evaluation too"),
    ("check_dropout", kept_and_dropped, "is divided by p"),
    ("check_dropout", kept_and_dropped_unscaled, "what is left is not scaled"),
    ("check_dropout", kept_and_dropped_ever, "and the reverse, and that in evaluation too"),
    ("check_dropout", in_place, "changes its argument x in place"),
    ("check_noise", lambda w, x, p: (w @ x, p * (1 - p) * np.sum((w * x) ** 2)), "without the scale"),
    ("check_noise", lambda w, x, p: (w @ x, p / (1 - p) * (w @ x) ** 2), "before they are squared"),
    ("check_tied", averaged, "each in full"),
    ("check_tied", decoder_transposed, "it is transposed"),
    (
        "check_tied",
        lambda dY, X, W: (*tied_in_loops(dY, X, W)[:2], np.tanh(X @ W.T).T @ dY),
        "decoder's part",
    ),
    ("check_layers", asked(first_input_for_all), "is given x itself"),
    (
        "check_layers",
        asked(lambda s, x: walks(s, x, order=1, turn=1)),
        "goes through the stack from its start",
    ),
    ("check_layers", asked(lambda s, x: walks(s, x, turn=1)), "grads begin with the last layer"),
    ("check_layers", asked(lambda s, x: walks(s, x, once=True)), "finds no caches left"),
    ("check_layers", asked(lambda s, x: walks(s, x, shared=True)), "share one cache"),
    ("check_layers", asked(lambda s, x: walks(s, x, outside=True)), "list of the first call"),
    ("check_named", lambda: (8, 4, 5, 6, 1), "what does it hand back?"),
    ("check_named", lambda: (2, 4, 6, 6, 1), "takes no mean of a row"),
    (
        "check_repaired",
        five_but(residual=lambda d, x: 1 + d * (1 - np.tanh(x) ** 2)),
        "the first of the five",
    ),
    ("check_repaired", five_but(centered=lambda d, x: d - d.mean(axis=0)), "runs down the samples"),
    ("check_repaired", five_but(squared=lambda d, x: 2 * x * d), "nothing goes back"),
    ("check_glu", one_way, "x went two ways"),
    ("check_glu", exchanged, "changed places"),
    ("check_glu", gate_and_value, "each needs the other"),
    ("check_glu", lambda dout, x, V, W: (x @ V.T / (1 + np.exp(x @ W.T)), 0, 0, 0), "not the right"),
]
