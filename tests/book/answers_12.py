"""Answers to chapter 12's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math
import weakref
from itertools import pairwise

import numpy as np

from bplib import functional as fn
from bplib import lent
from bplib.checkpoint import Checkpointed
from bplib.layers import Affine, Sequential, Tanh


class Counted:
    """A number that counts the multiplications made with it."""

    made = 0

    def __mul__(self, other):
        Counted.made += 1
        return self

    def __add__(self, other):
        return self


def counted(*shapes):
    """Return how many multiplications a product of two matrices of these shapes takes."""
    Counted.made = 0
    a, b = (np.full(shape, Counted(), dtype=object) for shape in shapes)
    _ = a @ b
    return Counted.made


def by_counting():
    B, sizes = 10, [3, 5, 4, 2]
    pairs = list(pairwise(sizes))
    forward = sum(counted((B, n), (n, m)) for n, m in pairs)
    weights = sum(counted((m, B), (B, n)) for n, m in pairs)
    back = [counted((B, m), (m, n)) for n, m in pairs]
    first = sum(back[1:]) + counted((5, B), (B, 3))
    return forward, weights, sum(back[1:]), 3 - 1 / 100, first, counted((2, B), (B, 4))


def affine_from_arrays(B, n_in, n_out, size):
    X, W, b = np.zeros((B, n_in)), np.zeros((n_out, n_in)), np.zeros(n_out)
    dZ = X @ W.T

    def product(a, b):
        return 2 * a.size * b.shape[1]

    flops, back = product(X, W.T), product(dZ.T, X) + product(dZ, W)
    return float(flops), back, (W.size + b.size) * size, X.size * size


def conv_by_stops(B, side, c_in, c_out, k, stride, size):
    reuse = sum(len(range(0, side, stride)) for _ in range(B) for _ in range(0, side, stride))
    K = np.zeros((c_out, c_in, k, k))
    return 2 * K.size * reuse, K.size * size, np.zeros((B, c_in, side, side)).size * size, reuse


def conv_dense(B, side, c_in, c_out, k, stride, size):
    flops, _, kept, reuse = conv_by_stops(B, side, c_in, c_out, k, stride, size)
    return flops, c_in * side**2 * c_out * (side // stride) ** 2 * size, kept, reuse


def cut_by_running(n, k, e, c, r):
    """Go through the stack segment by segment; look for the best k among very many."""
    length = n // k
    cost = n * (1 + r) + sum(length for _ in range(k - 1))
    most = max(entries * e + length * c for entries in range(1, k + 1))
    low, high = 1e-3, 10.0 * n * c / e
    for _ in range(200):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if a * e + n * c / a < b * e + n * c / b else (a, high)
    at = math.sqrt(n * c) / math.sqrt(e)
    assert math.isclose(low, at, rel_tol=1e-6)
    return cost / (n * (1 + r)), most, at, at * e + n * c / at


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


class Kept:
    def __init__(self, cache):
        self.cache = cache


def noted(place, layer, log, alive):
    def forward(x, *params):
        out, cache = layer[0](x, *params)
        kept = Kept(cache)
        alive.add(kept)
        log.append(("forward", place))
        return out, kept

    def backward(dout, kept):
        log.append(("back", place))
        return layer[1](dout, kept.cache)

    return forward, backward, layer[2]


def asked(checkpoint):
    """Return what the notebook asks of `checkpoint`."""

    def on_a_stack(x, W1, b1, W2, dout, cuts):
        bend = tanh, tanh_backward, ()
        first, second = (affine, affine_backward, (W1, b1)), (affine, linear_backward, (W2,))
        log, alive = [], weakref.WeakSet()
        stack = [noted(k, layer, log, alive) for k, layer in enumerate([first, bend, second, bend, bend])]
        out, back = checkpoint(stack, x, [int(cut) for cut in cuts])
        held, before = len(alive), len(log)
        dx, grads = back(dout)
        dW1, db1, dW2 = (gradient for layer in grads for gradient in layer)
        again = sum(what == "forward" for what, _ in log[before:])
        last = max(k for k, event in enumerate(log) if event == ("forward", 0))
        done = sum(what == "back" for what, _ in log[:last])
        return out, dx, dW1, db1, dW2, held, again, done, back(dout)[0]

    return on_a_stack


def nested(stack, x, cuts):
    """Run the first segment without keeping, and the rest as a stack with the other cuts."""
    if not cuts:
        return lent.layers(stack, x)
    first, rest = stack[: cuts[0]], stack[cuts[0] :]
    middle = lent.layers(first, x)[0]
    out, back_rest = nested(rest, middle, [cut - cuts[0] for cut in cuts[1:]])

    def back(dout):
        dout, grads = back_rest(dout)
        dx, before = lent.layers(first, x)[1](dout)
        return dx, [*before, *grads]

    return out, back


def by_places(stack, x, cuts):
    """Keep by place, in dictionaries, with one loop over all layers."""
    starts = {0, *cuts}
    entries, caches = {}, {}
    for k, (forward, _, params) in enumerate(stack):
        if k in starts:
            entries[k], caches = x, {}
        x, caches[k] = forward(x, *params)

    def back(dout):
        here, grads = dict(caches), [()] * len(stack)
        for k in reversed(range(len(stack))):
            if k not in here:
                start = max(s for s in starts if s <= k)
                here, y = {}, entries[start]
                for j in range(start, k + 1):
                    y, here[j] = stack[j][0](y, *stack[j][2])
            dout, *dparams = stack[k][1](dout, here.pop(k))
            grads[k] = tuple(dparams)
        return dout, grads

    return x, back


def by_the_library(x, W1, b1, W2, dout, cuts):
    """Let the library's Checkpointed say what it computes and how often it runs a layer."""
    rng = np.random.default_rng(0)
    one, two = Affine(*W1.shape[::-1], rng=rng), Affine(*W2.shape[::-1], rng=rng)
    net = Sequential(one, Tanh(), two, Tanh(), Tanh())
    one.params.update(W=W1, b=b1)
    two.params.update(W=W2, b=np.zeros(len(W2)))
    cheap = Checkpointed(net, [int(cut) for cut in cuts])
    out = cheap.forward(x)
    dx = cheap.backward(dout)
    first, last = int(cuts[0]), int(cuts[-1])
    grads = one.grads["W"], one.grads["b"], two.grads["W"]
    return out, dx, *grads, 5 - last, cheap.forwards - 5, 5 - first, dx


def segments(stack, x, cuts, entry=None, turn=1, all_first=False, all_again=False, once=False, used=None):
    """Run a stack in segments; what is given differs from a right one."""
    bounds = [0, *cuts, len(stack)]
    parts = [stack[i:j] for i, j in pairwise(bounds)]
    entries, start = [], x
    for part in parts:
        entries.append(x)
        x, back_last = lent.layers(part, x)
    if entry:
        entries = [start if entry == "x" else x for _ in parts]

    def way(i):
        keeps = i == len(parts) - 1 and not all_again
        return back_last if keeps else lent.layers(parts[i], entries.pop() if once else entries[i])[1]

    def back(dout):
        ways = [way(i) for i in range(len(parts))] if all_first else None
        grads = []
        there = parts[:-1] if used else parts
        if used is not None:
            used.append("the last segment's caches")
        for i in reversed(range(len(there))):
            dout, more = (ways[i] if ways else way(i))(dout)
            grads = more + grads if turn == 1 else grads + more
        return dout, grads

    return x, back


def keeps_all(stack, x, cuts):
    return lent.layers(stack, x)


def in_place(stack, x, cuts):
    x *= 1.5
    return nested(stack, x, cuts)


def entry_by_entry(W, X, Y, mask, sizes):
    C = float(np.sum(mask))
    parts = np.split(np.arange(len(X)), np.cumsum(sizes)[:-1])
    loss, dW = 0.0, np.zeros(W.shape)
    for i, j in zip(*np.nonzero(mask), strict=True):
        z = float(W[j] @ X[i])
        p = 1 / (1 + math.exp(-z))
        loss -= math.log(p if Y[i, j] else 1 - p) / C
        dW[j] += (p - Y[i, j]) * X[i] / C
    return [sum(mask[i].sum() for i in rows) / C for rows in parts], loss, dW


def micro_by_micro(W, X, Y, mask, sizes, weigh=None):
    """Weigh each micro-batch's mean, and leave out those in which nothing counts."""
    weights, loss, dW, end = [], 0.0, 0.0 * W, 0
    for size in sizes:
        x, y, m = X[end : end + size], Y[end : end + size], mask[end : end + size]
        end += size
        weight = weigh(m, mask, sizes) if weigh else m.sum() / mask.sum()
        weights.append(weight)
        if m.any():
            z = x @ W.T
            loss += weight * np.mean((np.log1p(np.exp(z)) - y * z)[m == 1])
            dW += weight * (m * (np.exp(z) / (1 + np.exp(z)) - y)).T @ x / m.sum()
    return np.array(weights), loss, dW


def never_empty(W, X, Y, mask, sizes):
    """Divide by each micro-batch's own count, be it 0."""
    weights, _, _ = micro_by_micro(W, X, Y, mask, sizes)
    means, end = [], 0
    for size in sizes:
        x, y, m = X[end : end + size], Y[end : end + size], mask[end : end + size]
        end += size
        means.append(np.sum(m * (np.logaddexp(0, x @ W.T) - y * (x @ W.T))) / m.sum())
    return weights, weights @ np.array(means), entry_by_entry(W, X, Y, mask, sizes)[2]


def unmasked(of):
    """Forget the mask in the gradient, and divide each micro-batch's by `of(mask, size)`."""

    def answer(W, X, Y, mask, sizes):
        weights, loss, _ = micro_by_micro(W, X, Y, mask, sizes)
        dW, end = np.zeros(W.shape), 0
        for weight, size in zip(weights, sizes, strict=True):
            x, y, m = X[end : end + size], Y[end : end + size], mask[end : end + size]
            end += size
            if weight:
                dW += weight / of(m, m.size) * (1 / (1 + np.exp(-x @ W.T)) - y).T @ x
        return weights, loss, dW

    return answer


def half(number):
    return np.float16(number)


def step_by_entry(W, x, dz, scale, rate):
    new = W.copy()
    for o, i in np.ndindex(W.shape):
        total = np.float16(0)
        for b in range(len(x)):
            total = total + half(dz[b, o] * scale) * half(x[b, i])
        if math.isnan(total) or math.isinf(total):
            return W.copy(), 0.5 * scale
        new[o, i] = W[o, i] - rate / scale * float(total)
    return new, scale


def step_by_sums(W, x, dz, scale, rate):
    dW = np.einsum("bo,bi->oi", half(dz * scale), half(x), dtype=np.float16)
    if np.isfinite(dW).sum() < dW.size:
        return W, scale * 0.5
    return W - np.multiply(rate, dW.astype(np.float64) / scale), scale


def unscaled_in_half(W, x, dz, scale, rate):
    dW = (half(dz * scale).T @ half(x)) / half(scale)
    return (W - rate * dW.astype(float), scale) if np.isfinite(dW).all() else (W, scale / 2)


def rounded_first(W, x, dz, scale, rate):
    dW = (half(dz) * half(scale)).T @ half(x)
    return (W - rate * dW.astype(float) / scale, scale) if np.isfinite(dW).all() else (W, scale / 2)


def never_looks(W, x, dz, scale, rate):
    return W - rate * (half(dz * scale).T @ half(x)).astype(float) / scale, scale


def grows_at_once(W, x, dz, scale, rate):
    new, after = step_by_sums(W, x, dz, scale, rate)
    return new, 2 * scale if after == scale else after


def looks_for_inf_only(W, x, dz, scale, rate):
    dW = (half(dz * scale).T @ half(x)).astype(float)
    return (W, scale / 2) if np.isinf(dW).all() else (W - rate * dW / scale, scale)


def in_double(W, x, dz, scale, rate):
    return W - rate * dz.T @ x, scale


def into_its_argument(W, x, dz, scale, rate):
    new, scale = step_by_sums(W, x, dz, scale, rate)
    W[...] = new
    return W, scale


LARGEST, LAM, SCALE, P = 1.0, 0.1, 8.0, 0.5


def shortened(grad):
    norm = math.sqrt(sum(v * v for v in grad))
    return [v * LARGEST / norm for v in grad] if norm > LARGEST else list(grad)


def five_in_loops(grads, sizes, w, dout, u, again):
    K, n = grads.shape
    averaged = [sum(b * g[i] for b, g in zip(sizes, grads, strict=True)) / sum(sizes) for i in range(n)]
    mean = [sum(g[i] for g in grads) / K for i in range(n)]
    decayed = [m + LAM * v for m, v in zip(mean, w, strict=True)]
    dropped = np.where(u < P, 0.0, dout / (1 - P))
    return averaged, shortened(mean), shortened(grads[0] / SCALE), decayed, dropped


def five_but(**wrong):
    def answer(*case):
        names = ("averaged", "clipped", "unscaled", "decayed", "dropped")
        right = dict(zip(names, five_in_loops(*case), strict=True))
        return tuple((right | {name: part(*case) for name, part in wrong.items()}).values())

    return answer


def by_pairs(X1, Y1, X2, Y2, W):
    n = Y1.size + Y2.size
    parts = []
    for X, Y in ((X1, Y1), (X2, Y2)):
        Z, cache = fn.affine(X, W, np.zeros(len(W)))
        _, dW, _ = fn.affine_backward(2 / n * (Z - Y), cache)
        parts.append(dW)
    return *parts, sum(parts)


def row_by_row(X1, Y1, X2, Y2, W):
    n = Y1.size + Y2.size
    parts = [
        sum(np.outer(W @ x - y, x) for x, y in zip(X, Y, strict=True)) * 2 / n
        for X, Y in ((X1, Y1), (X2, Y2))
    ]
    return parts[0], parts[1], parts[1] + parts[0]


def own_means(X1, Y1, X2, Y2, W):
    first, second, _ = row_by_row(X1, Y1, X2, Y2, W)
    n = Y1.size + Y2.size
    first, second = first * n / Y1.size, second * n / Y2.size
    return first / 2, second / 2, (first + second) / 2


def from_rows(mean1, var1, B1, mean2, var2, B2):
    """Make rows that have these means and variances, and put them together."""

    def rows(mean, var, B):
        # Two rows a number of times: mean plus and minus the deviation.
        return np.concatenate([np.tile(mean + s * np.sqrt(var), (B, 1)) for s in (1, -1)])

    both = np.concatenate([rows(mean1, var1, B1), rows(mean2, var2, B2)])
    return both.mean(axis=0), both.var(axis=0)


def by_squares(mean1, var1, B1, mean2, var2, B2):
    total = B1 + B2
    mean = mean1 + (mean2 - mean1) * B2 / total
    squares = (B1 * (var1 + mean1**2) + B2 * (var2 + mean2**2)) / total
    return mean, squares - mean**2


def by_welford(mean1, var1, B1, mean2, var2, B2):
    delta, n = mean2 - mean1, B1 + B2
    return mean1 + delta * B2 / n, (var1 * B1 + var2 * B2 + delta**2 * B1 * B2 / n) / n


RIGHT = [
    ("check_multiplications", by_counting),
    ("check_affine", affine_from_arrays),
    ("check_conv", conv_by_stops),
    ("check_cut", cut_by_running),
    ("check_checkpoint", asked(lent.checkpoint)),
    ("check_checkpoint", asked(nested)),
    ("check_checkpoint", asked(by_places)),
    ("check_checkpoint", asked(segments)),
    ("check_checkpoint", by_the_library),
    ("check_accumulated", entry_by_entry),
    ("check_accumulated", micro_by_micro),
    ("check_scaled", step_by_entry),
    ("check_scaled", step_by_sums),
    ("check_named", lambda: [3, 7, 5, 2, 8]),
    ("check_repaired", five_in_loops),
    ("check_workers", by_pairs),
    ("check_workers", row_by_row),
    ("check_joined", from_rows),
    ("check_joined", by_squares),
    ("check_joined", by_welford),
    ("check_paper", lambda: [16 * 7, 14 * 1.75, 6 * 2.8e16, 1.68e17 / 3.2e15]),
]

WRONG = [
    ("check_multiplications", lambda: (43, 43, 28, 2.99, 43, 8), "for one sample"),
    ("check_multiplications", lambda: (430, 430, 430, 2.99, 430, 80), "nobody asks for that"),
    ("check_multiplications", lambda: (430, 430, 280, 3, 430, 80), "one product of the three hundred"),
    ("check_multiplications", lambda: (430, 430, 280, 2.99, 150, 80), "how does the error get there?"),
    ("check_affine", lambda B, n, m, s: (B * n * m, 2 * B * n * m, 0, 0), "has an addition beside it"),
    ("check_affine", lambda B, n, m, s: (2 * B * n * m, 2 * B * n * m, 0, 0), "the backward has two"),
    ("check_affine", lambda B, n, m, s: (2 * B * n * m, 4 * B * n * m, n * m * s, 0), "bias is missing"),
    (
        "check_affine",
        lambda B, n, m, s: (2 * B * n * m, 4 * B * n * m, (n + 1) * m * s, B * m * s),
        "neither dW nor dX",
    ),
    ("check_conv", conv_dense, "shared by all places"),
    ("check_conv", lambda B, h, i, o, k, t, s: (2 * B * h * h * i * o * k * k, 0, 0, 0), "stride is missing"),
    ("check_cut", lambda n, k, e, c, r: (1 + (k - 1) / (3 * k), 0, 0, 0), "a 3 stands in it"),
    ("check_cut", lambda n, k, e, c, r: (4 / 3 + 0 * r, 0, 0, 0), "same for every input"),
    (
        "check_cut",
        lambda *case: (*cut_by_running(*case)[:2], np.sqrt(case[0]), 2 * np.sqrt(case[0])),
        "e and c are not in it",
    ),
    ("check_checkpoint", asked(keeps_all), "all caches are still there"),
    ("check_checkpoint", asked(lambda s, x, c: segments(s, x, c, entry="x")), "run again from x"),
    ("check_checkpoint", asked(lambda s, x, c: segments(s, x, c, turn=-1)), "grads begin with"),
    ("check_checkpoint", asked(lambda s, x, c: segments(s, x, c, all_first=True)), "all caches are there"),
    ("check_checkpoint", asked(lambda s, x, c: segments(s, x, c, all_again=True)), "every layer is run"),
    ("check_checkpoint", asked(lambda s, x, c: segments(s, x, c, once=True)), "stops with IndexError"),
    ("check_checkpoint", asked(lambda s, x, c: segments(s, x, c, used=[])), "caches used up"),
    ("check_checkpoint", asked(in_place), "changes its argument x in place"),
    (
        "check_accumulated",
        lambda *case: micro_by_micro(*case, weigh=lambda m, mask, sizes: len(m) / len(mask)),
        "share of the rows",
    ),
    (
        "check_accumulated",
        lambda *case: micro_by_micro(*case, weigh=lambda m, mask, sizes: 1 / len(sizes)),
        "the same weight",
    ),
    ("check_accumulated", never_empty, "NaN"),
    ("check_accumulated", unmasked(lambda m, size: m.sum()), "the mask is not in it: an entry"),
    ("check_accumulated", unmasked(lambda m, size: size), "runs over all its entries"),
    ("check_scaled", unscaled_in_half, "in float16, where small numbers"),
    ("check_scaled", rounded_first, "rounded before it is scaled"),
    ("check_scaled", never_looks, "NaN or infinity"),
    ("check_scaled", grows_at_once, "doubled after a good step"),
    ("check_scaled", looks_for_inf_only, "NaN or infinity"),
    ("check_scaled", in_double, "nothing overflows"),
    ("check_scaled", into_its_argument, "changes its argument W in place"),
    ("check_named", lambda: (3, 7, 7, 2, 8), "what is its unit"),
    ("check_named", lambda: (7, 3, 5, 2, 8), "changed places"),
    ("check_repaired", five_but(averaged=lambda g, *_: g.mean(axis=0)), "the first of the five"),
    ("check_repaired", five_but(clipped=lambda g, *_: g.mean(axis=0)), "it isn't clipped"),
    (
        "check_repaired",
        five_but(unscaled=lambda g, *_: np.array(shortened(g[0])) / SCALE),
        "the third of the five",
    ),
    (
        "check_repaired",
        five_but(dropped=lambda g, b, w, dout, u, again: dout * (again >= P) / (1 - P)),
        "the fifth of the five",
    ),
    ("check_workers", own_means, "halves of each worker's own mean"),
    ("check_joined", lambda m, v, B, n, w, C: ((m + n) / 2, v), "don't have equally many rows"),
    (
        "check_joined",
        lambda m, v, B, n, w, C: ((B * m + C * n) / (B + C), (B * v + C * w) / (B + C)),
        "the two means differ",
    ),
    ("check_paper", lambda: (112, 28, 1.68e17, 52.5), "an eighth"),
    ("check_paper", lambda: (112, 24.5, 5.6e16, 17.5), "the forward alone"),
]
