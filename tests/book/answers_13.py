"""Answers to chapter 13's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib import lent
from bplib.scalar import Value


def by_the_engine():
    """Let the engine go through the three steps."""
    w, h0 = Value(2.0), Value(1.0)
    h1 = w * h0 + 1
    h2 = w * h1 - 4
    h3 = w * h2 + 5
    (0.5 * (h1 - 4) ** 2 + 0.5 * (h2 - 1) ** 2 + 0.5 * (h3 - 7) ** 2).backward()
    return h3.grad, h2.grad, h1.grad, w.grad, h0.grad


def three_walks():
    """Go back once for each loss."""
    w, states, targets = 2, [1, 3, 2, 9], [4, 1, 7]
    dh, dw = [0, 0, 0, 0], 0
    for end in (1, 2, 3):
        error = states[end] - targets[end - 1]
        for t in range(end, 0, -1):
            dh[t] += error
            dw += error * states[t - 1]
            error *= w
        dh[0] += error
    return dh[3], dh[2], dh[1], dw, dh[0]


def asked(rnn):
    """Return what the notebook asks of `rnn`."""

    def on_a_sequence(xs, h0, Wx, Wh, b, dhs):
        hs, back = rnn(xs, h0, Wx, Wh, b)
        first = [np.array(gradient) for gradient in back(dhs)]
        return hs, *first, back(dhs)[3]

    return on_a_sequence


def step_by_step(xs, h, Wx, Wh, b):
    """Run the first step, and the rest as a sequence."""
    if len(xs) == 0:
        return np.zeros((0, *h.shape)), lambda dhs: (xs, 0 * h, 0 * Wx, 0 * Wh, 0 * b)
    z, to_z = fn.affine(np.hstack([xs[0], h]), np.hstack([Wx, Wh]), b)
    new, to_new = fn.tanh(z)
    later, back_later = step_by_step(xs[1:], new, Wx, Wh, b)

    def back(dhs):
        dxs, dh, dWx, dWh, db = back_later(dhs[1:])
        (dz,) = fn.tanh_backward(dh + dhs[0], to_new)
        dboth, dW, own = fn.affine_backward(dz, to_z)
        n = xs.shape[2]
        return np.stack([dboth[:, :n], *dxs]), dboth[:, n:], dWx + dW[:, :n], dWh + dW[:, n:], db + own

    return np.stack([new, *later]), back


def all_at_once(xs, h0, Wx, Wh, b):
    """Keep what arrives before each tanh, and form the weights' gradients after the loop."""
    hs = np.zeros((len(xs) + 1, *h0.shape))
    hs[0] = h0
    for t, x in enumerate(xs):
        hs[t + 1] = np.tanh(b + (Wx @ x.T + Wh @ hs[t].T).T)

    def back(dhs):
        dz, dh = np.zeros(dhs.shape), np.zeros(h0.shape)
        for t in reversed(range(len(xs))):
            dz[t] = (dh + dhs[t]) / np.cosh(np.arctanh(hs[t + 1])) ** 2
            dh = np.einsum("bi,ij->bj", dz[t], Wh)
        dWx, dWh = (np.einsum("tbi,tbj->ij", dz, met) for met in (xs, hs[:-1]))
        return dz @ Wx, dh, dWx, dWh, dz.sum(axis=(0, 1))

    return hs[1:], back


def rnn_but(begins=False, own=True, outside=False, inplace=False):
    """Return an `rnn` that differs from a right one in what is given."""

    def rnn(xs, h0, Wx, Wh, b):
        hs, _ = all_at_once(xs, h0, Wx, Wh, b)
        states, kept = [h0, *hs], [0 * Wx, 0 * Wh, 0 * b]

        def back(dhs):
            sums = kept if outside else [0 * Wx, 0 * Wh, 0 * b]
            dxs, dh = np.zeros(xs.shape), dhs[-1] if not own else 0 * h0
            for t in reversed(range(len(xs))):
                if inplace:
                    dhs[t] += dh
                arrives = dhs[t] if inplace else dh + dhs[t] if own else dh
                dz = arrives * (1 - states[t + 1] ** 2)
                for total, part in zip(sums, (dz.T @ xs[t], dz.T @ states[t], dz.sum(axis=0)), strict=True):
                    total += part
                dxs[t], dh = dz @ Wx, dz @ Wh
            return dxs, dh, *sums

        return np.array(states) if begins else hs, back

    return rnn


def powers_of_the_transpose(xs, h0, W, v):
    T, states = len(xs), [h0]
    for x in xs:
        states.append(W.dot(states[-1]) + x)
    found = np.zeros((T, *W.shape))
    for t in range(T):
        left = v @ np.linalg.matrix_power(W, T - 1 - t)
        found[t] = left[:, None] * states[t][None, :]
    return found, found.sum(axis=0)


def not_transposed(xs, h0, W, v):
    states, parts, dh = [h0], [], v
    for x in xs:
        states.append(W @ states[-1] + x)
    for h in states[-2::-1]:
        parts.append(np.outer(dh, h))
        dh = W @ dh
    return np.array(parts[::-1]), sum(parts)


def from_the_end(xs, h0, W, v):
    parts, dW = powers_of_the_transpose(xs, h0, W, v)
    return parts[::-1], dW


def with_slopes_forward(w, h0, xs, y, window):
    """Carry dh/dw along with h, once for all steps and once for the last ones."""
    h, whole, kept = h0, 0.0, 0.0
    for t, x in enumerate(xs):
        whole = h + w * whole
        if t >= len(xs) - window:
            kept = h + w * kept
        h = w * h + x
    return (h - y) * whole, (h - y) * kept


def begins_anew(w, h0, xs, y, window):
    """Cut the states as well as the gradient."""
    whole, _ = with_slopes_forward(w, h0, xs, y, window)
    if window < len(xs):
        h0, xs = 0.0, xs[-window:]
    return whole, with_slopes_forward(w, h0, xs, y, window)[0]


def counted_up(w, share):
    k, lost = 0, 1.0
    while lost > share:
        k, lost = k + 1, lost * w
    return k


def by_library(r, c, t):
    W = np.array([[r, c], [0, r]])
    power = np.eye(2)
    for _ in range(t):
        power = W @ power
    return np.max(np.abs(np.linalg.eigvals(W))), np.sqrt(np.linalg.eigvalsh(W.T @ W)[-1]), power[0, 1]


def from_the_last(W):
    sizes = {t: np.linalg.svd(np.linalg.matrix_power(W, t))[1][0] for t in range(1, 301)}
    at = max(sizes, key=sizes.get)
    below = 300
    while below > 1 and sizes[below - 1] < 1:
        below -= 1
    return at, sizes[at], below


def first_below(W):
    sizes = {t: np.linalg.svd(np.linalg.matrix_power(W, t))[1][0] for t in range(1, 301)}
    return *from_the_last(W)[:2], next(t for t, size in sizes.items() if size < 1)


def with_the_identity(first):
    """Count the powers from the 0th on, and call that one `first`."""

    def course(W):
        sizes = [np.linalg.svd(np.linalg.matrix_power(W, t))[1][0] for t in range(300)]
        at, (*_, last) = np.argmax(sizes), (t for t, size in enumerate(sizes) if size >= 1)
        return at + first, max(sizes), last + first + 1

    return course


def one_fewer(w, h0, xs, y, window):
    """Slice a list that begins at the loss one entry too short."""
    _, kept = with_slopes_forward(w, h0, xs, y, window - 1)
    return with_slopes_forward(w, h0, xs, y, window)[0], kept


def of_all_entries(W):
    sizes = [np.sqrt((np.linalg.matrix_power(W, t) ** 2).sum()) for t in range(1, 301)]
    at, _, below = from_the_last(W)
    return at, max(sizes), below


def leaky_in_pieces(dhs, xs, h0, W, a):
    """Go back sample by sample, with the Jacobian of each step."""
    dh0, dW = np.zeros(h0.shape), np.zeros(W.shape)
    for s in range(len(h0)):
        h, steps = h0[s], []
        for x in xs[:, s]:
            slope = a / np.cosh(W @ h + x) ** 2
            steps.append((h, slope))
            h = h + a * np.tanh(W @ h + x)
        back = np.zeros(len(h))
        for (h, slope), own in zip(steps[::-1], dhs[::-1, s], strict=True):
            back = back + own
            dW += np.outer(slope * back, h)
            back = (np.eye(len(h)) + slope[:, None] * W).T @ back
        dh0[s] = back
    return dh0, dW


def leaky_with(slope, scaled, shortcut):
    """Return the notebook's way back, of which some of the three places are repaired."""

    def answer(dhs, xs, h0, W, a):
        states, us = [h0], []
        for x in xs:
            us.append(np.tanh(x + states[-1] @ W.T))
            states.append(states[-1] + a * us[-1])
        dh, dW = 0, 0
        for t in reversed(range(len(dhs))):
            dh = dhs[t] + dh
            dz = (a if scaled else 1) * dh * (1 - (us[t] if slope else states[t + 1]) ** 2)
            dW = dW + dz.T @ states[t]
            dh = (dh if shortcut else 0) + dz @ W
        return dh, dW

    return answer


def entry_by_entry(dh, dc, c, z):
    """Give each entry to the engine."""
    found = [np.zeros(c.shape) for _ in range(5)]
    for at in np.ndindex(c.shape):
        leaves = [Value(float(c[at])), *(Value(float(part[at])) for part in z)]
        old, zf, zi, zg, zo = leaves
        new = zf.sigmoid() * old + zi.sigmoid() * zg.tanh()
        (float(dh[at]) * zo.sigmoid() * new.tanh() + float(dc[at]) * new).backward()
        for place, leaf in zip(found, leaves, strict=True):
            place[at] = leaf.grad
    return tuple(found)


def lstm_with(arrives, own=1.0):
    """Return a step back with another gradient at the new cell; `own` multiplies the slopes."""

    def answer(dh, dc, c, z):
        f, i, o = (1 / (1 + np.exp(-part)) for part in (z[0], z[1], z[3]))
        g = np.tanh(z[2])
        out = np.tanh(f * c + i * g)
        dnew = arrives(dh, dc, o, out)
        slopes = (1, 1, 1, 1) if own != 1.0 else (f * (1 - f), i * (1 - i), 1 - g * g, o * (1 - o))
        parts = [d * s for d, s in zip((dnew * c, dnew * g, dnew * i, dh * out), slopes, strict=True)]
        return dnew * f, *parts

    return answer


def by_halving(T):
    """Search the bias."""
    low, high = -50.0, 50.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + math.exp(-middle)) ** -T < 0.5 else (low, middle)
    return low


RIGHT = [
    ("check_copies", lambda: [5, 5, 1, 3, 1, 3, 5, 2, 2]),
    ("check_three_steps", by_the_engine),
    ("check_three_steps", three_walks),
    ("check_rnn", asked(lent.rnn)),
    ("check_rnn", asked(step_by_step)),
    ("check_rnn", asked(all_at_once)),
    ("check_rnn", asked(rnn_but())),
    ("check_shares", powers_of_the_transpose),
    ("check_cut", with_slopes_forward),
    ("check_window", counted_up),
    ("check_window", lambda w, share: int(math.log(share, w)) + 1),
    ("check_powers", by_library),
    ("check_course", from_the_last),
    ("check_named", lambda: [5, 6, 3, 4, 7, 2]),
    ("check_repaired", leaky_in_pieces),
    ("check_repaired", leaky_with(True, True, True)),
    ("check_lstm", entry_by_entry),
    ("check_lstm", lstm_with(lambda dh, dc, o, out: dh * o - dh * o * out * out + dc)),
    ("check_bias", by_halving),
]

WRONG = [
    ("check_copies", lambda: (4, 5, 1, 3, 1, 3, 5, 2, 2), "the samples use it as well"),
    ("check_copies", lambda: (5, 5, 5, 3, 1, 3, 5, 2, 2), "or not every sample"),
    ("check_copies", lambda: (5, 5, 1, 3, 1, 3, 5, 1, 2), "at more places than one"),
    ("check_three_steps", lambda: (2, 4, 8, 24, 16), "this is what comes from the step after alone"),
    ("check_three_steps", lambda: (2, 3, 2, 15, 4), "has to pass w"),
    ("check_three_steps", lambda: (-2, 5, 9, 28, 18), "the sign is wrong"),
    ("check_three_steps", lambda: (2, 5, 9, 55, 18), "w met the one before"),
    ("check_rnn", asked(rnn_but(begins=True)), "hs begins with h0"),
    ("check_rnn", asked(rnn_but(own=False)), "dhs is read at the last step alone"),
    ("check_rnn", asked(rnn_but(outside=True)), "adds its gradients to what the first call gave"),
    ("check_rnn", asked(rnn_but(inplace=True)), "changes its argument dhs in place"),
    (
        "check_rnn",
        asked(lambda xs, h0, Wx, Wh, b: all_at_once(xs, h0, Wx, Wh.T, b)),
        "Wh is not transposed",
    ),
    ("check_shares", not_transposed, "passes W transposed"),
    ("check_shares", from_the_end, "in the order of time"),
    ("check_shares", lambda *case: (powers_of_the_transpose(*case)[1],) * 2, "its shape should be"),
    ("check_cut", begins_anew, "forward, nothing is forgotten"),
    ("check_cut", lambda w, h0, xs, y, window: (with_slopes_forward(w, h0, xs, y, 99)[0],) * 2, "whole"),
    ("check_cut", one_fewer, "one step too few is kept"),
    ("check_window", lambda w, share: math.log(share) // math.log(w), "round up"),
    ("check_window", lambda w, share: 1 + counted_up(w, share), "one step is added"),
    ("check_powers", lambda r, c, t: (r, *by_library(r, c, t)[1:]), "the radius is its size"),
    (
        "check_powers",
        lambda r, c, t: (abs(r), np.linalg.norm([[r, c], [0, r]]), 0),
        "both singular values belong",
    ),
    ("check_powers", lambda r, c, t: (*by_library(r, c, t)[:2], c**t), "W is multiplied as a matrix"),
    ("check_course", of_all_entries, "the largest singular value"),
    ("check_course", lambda W: (from_the_last(W)[0] - 1, *from_the_last(W)[1:]), "counts from 1"),
    ("check_course", first_below, "this is the first size below 1"),
    ("check_course", with_the_identity(1), "W^0 is counted as the first"),
    ("check_course", with_the_identity(0), "W^0 is among them"),
    ("check_named", lambda: (9, 6, 3, 4, 7, 2), "where is it taken?"),
    ("check_named", lambda: (5, 8, 3, 4, 7, 2), "the next one that is visited"),
    ("check_repaired", leaky_with(False, False, False), "what the program above computes"),
    ("check_repaired", leaky_with(True, True, False), "the way past tanh is missing"),
    ("check_repaired", leaky_with(True, False, True), "a is missing"),
    ("check_repaired", leaky_with(False, True, False), "two more lines"),
    ("check_lstm", lstm_with(lambda dh, dc, o, out: dc), "this is later steps alone"),
    ("check_lstm", lstm_with(lambda dh, dc, o, out: dh + dc), "both readers are added as they are"),
    (
        "check_lstm",
        lstm_with(lambda dh, dc, o, out: dc + dh * o * (1 - out**2), own=0.0),
        "their slopes are missing",
    ),
    ("check_bias", lambda T: 0.5 ** (1 / T), "this is the gate"),
    ("check_bias", lambda T: math.log(0.5 ** (1 / T)), "this is the logarithm of the gate"),
    ("check_bias", lambda T: math.log(T) - math.log(math.log(2)), "near for many steps"),
]
