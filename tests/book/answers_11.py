"""Answers to chapter 11's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import itertools
import math

import numpy as np

from bplib import functional as fn
from bplib import init
from bplib.exercises import ch11
from bplib.optim import clip_by_global_norm


def stations_in_loops():
    """Walk the ten stations."""

    def walked(factor):
        signal = 1.0
        for _ in range(10):
            signal *= factor
        return math.log2(signal)

    halves = [walked(math.sqrt(sum(s * s for _ in range(32)))) for s in (1, 1 / 8)]
    return [
        walked(0.25),
        walked(2),
        walked(8 / 3 * 0.75 * 0.25),
        *halves,
        walked(4),
        (halves[0] - halves[1]) * 0.9,
    ]


def profiles_by_pairs(X, Y, W, v, relu):
    """Run the package's pairs, and come back through them."""
    there, back = (fn.relu, fn.relu_backward) if relu else (fn.sigmoid, fn.sigmoid_backward)
    A, caches, forward = X, [], []
    for weights in W:
        Z, into = fn.affine(A, weights, np.zeros(len(weights)))
        A, bent = there(Z)
        caches.append((into, bent))
        forward.append(math.sqrt((A**2).mean()))
    dA = (2 / len(Y)) * (A @ v - Y)[:, None] * v
    backward, gradient = [], []
    for into, bent in reversed(caches):
        (dZ,) = back(dA, bent)
        dA, dW, _ = fn.affine_backward(dZ, into)
        backward.insert(0, math.sqrt((dZ**2).mean()))
        gradient.insert(0, math.sqrt((dW**2).mean()))
    return forward, backward, gradient


def profiles_backwards(*case):
    forward, backward, gradient = profiles_by_pairs(*case)
    return forward, backward[::-1], gradient[::-1]


def profiles_turned_back(X, Y, W, v, relu):
    """Multiply by the same matrices on the way back, not by their transposes."""
    forward, _, _ = profiles_by_pairs(X, Y, W, v, relu)
    s = ch11._up_and_down(X, Y, W, v, relu)
    dA, backward, gradient = (2 / len(Y)) * np.outer(s.A[-1] @ v - Y, v), [], []
    for k in reversed(range(len(W))):
        dZ = dA * ch11._curve(s.Z[k], relu)[1]
        dA = dZ @ W[k].T
        backward.insert(0, math.sqrt((dZ**2).mean()))
        gradient.insert(0, math.sqrt(((dZ.T @ s.A[k]) ** 2).mean()))
    return forward, backward, gradient


def profiles_of_a(X, Y, W, v, relu):
    """Take the slope of ReLU for a sigmoid's."""
    s = ch11._up_and_down(X, Y, W, v, relu)
    return ch11._rms(s.A[1:]), ch11._rms(s.dA), ch11._rms(s.dW)


def by_solving(n_in, n_out, leak):
    """Ask what is left of the mean square of many sums, and make up for it."""
    z = np.linspace(-9, 9, 200_001)
    weight = np.exp(-(z**2) / 2)
    left = np.sum(weight * np.where(z > 0, z, leak * z) ** 2) / np.sum(weight * z**2)
    forward, backward = 1 / (n_in * left), 1 / (n_out * left)
    return forward, backward, 2 / (1 / forward + 1 / backward)


def facts_of(initialisation):
    """Return what the notebook asks of an initialisation."""

    def facts(sizes, seed):
        def made(kind, seed=seed):
            return initialisation([int(n) for n in sizes], kind, np.random.default_rng(int(seed)))

        he, xavier, orthogonal = made("he"), made("xavier"), made("orthogonal")
        return (
            [[W.shape for W in kind] for kind in (he, xavier, orthogonal)],
            [W.std() for W in he],
            [W.std() for W in xavier],
            [np.linalg.svd(W, compute_uv=False)[[0, -1]] for W in orthogonal],
            [np.array_equal(made("he", seed + k)[0], he[0]) for k in (0, 1)],
        )

    return facts


def from_the_package(sizes, kind, rng):
    make = {"he": init.he, "xavier": init.xavier, "orthogonal": init.orthogonal}[kind]
    return [make((sizes[k + 1], sizes[k]), rng) for k in range(len(sizes) - 1)]


def uniform_and_svd(sizes, kind, rng):
    """Draw uniform numbers of the same spread, and turn by the factors of an SVD."""
    made = []
    for n_in, n_out in itertools.pairwise(sizes):
        variance = 2 / n_in if kind == "he" else 2 / (n_in + n_out)
        W = rng.uniform(-1, 1, size=(n_out, n_in)) * math.sqrt(3 * variance)
        if kind == "orthogonal":
            U, _, V = np.linalg.svd(W, full_matrices=False)
            W = U @ V
        made.append(W)
    return made


def of_square_only(sizes, kind, rng):
    made = from_the_package(sizes, kind, rng)
    return [np.linalg.qr(W)[0] for W in made] if kind == "orthogonal" else made


def without_rng(sizes, kind, rng):
    return from_the_package(sizes, kind, np.random.default_rng())


def always_the_same(sizes, kind, rng):
    return from_the_package(sizes, kind, np.random.default_rng(0))


def turned(sizes, kind, rng):
    return [W.T for W in from_the_package(sizes, kind, rng)]


def of_variance(sizes, kind, rng):
    made = from_the_package(sizes, kind, rng)
    return made if kind == "orthogonal" else [W * W.std() for W in made]


def by_integrals(n, s):
    """Integrate the squared slope numerically, and look for the width by halving."""
    z = np.linspace(-40, 40, 400_001)
    whole = np.sum((0.25 / np.cosh(z / 2) ** 2) ** 2) * (z[1] - z[0])

    def of(width):
        spread = math.sqrt(width * s * s * 0.5)
        slope = whole / (math.sqrt(2 * math.pi) * spread)
        return spread, slope, math.sqrt(width * s * s * slope)

    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if of(middle)[2] < 1 else (low, middle)
    return *of(n), low


def by_the_optimisers_own(dW, db, limit):
    grads = {"dW": dW.copy(), "db": db.copy()}
    norm = clip_by_global_norm(grads, limit)
    return grads["dW"], grads["db"], norm


def by_maximum(dW, db, limit):
    """Divide by the larger of norm and limit."""
    norm = np.linalg.norm(np.concatenate([np.ravel(dW), np.ravel(db)]))
    return limit * dW / max(norm, limit), limit * db / max(norm, limit), norm


def a_little_more(dW, db, limit):
    """Add a millionth to the norm, as PyTorch does."""
    norm = np.sqrt((dW * dW).sum() + (db * db).sum())
    times = min(1, limit / (norm + 1e-6))
    return dW * times, db * times, norm


def in_place(dW, db, limit):
    norm = np.sqrt(np.sum(dW**2) + np.sum(db**2))
    if norm > limit:
        dW *= limit / norm
        db *= limit / norm
    return dW, db, norm


def entry_by_entry(dW, db, limit):
    return np.clip(dW, -limit, limit), np.clip(db, -limit, limit), np.sqrt(np.sum(dW**2) + np.sum(db**2))


def always_divided(dW, db, limit):
    norm = np.sqrt(np.sum(dW**2) + np.sum(db**2))
    return dW / norm * limit, db / norm * limit, norm


def dead_in_loops(X, W, b):
    """Try all samples, and all corners of the box."""
    batch, box = [], []
    for w, bias in zip(W, b, strict=True):
        corners = np.array(np.meshgrid(*[[0.0, 1.0]] * len(w))).reshape(len(w), -1).T
        batch.append(float(max(x @ w + bias for x in X) <= 0))
        box.append(float(max(x @ w + bias for x in corners) <= 0))
    return batch, box


def dead_at_ones(X, W, b):
    return np.max(X @ W.T + b, axis=0) <= 0, W.sum(axis=1) + b <= 0


def blocks_in_loops(L, s):
    plain = residual = 1.0
    for _ in range(int(L)):
        plain *= s * s
        residual += s * s * residual
    low, high = 0.0, 2.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if L * math.log1p(middle * middle) < math.log(2) else (low, middle)
    return plain, residual, low


RIGHT = [
    ("check_decides", lambda: [1, 4, 5, 2, 6, 7]),
    ("check_stations", stations_in_loops),
    ("check_profiles", profiles_by_pairs),
    ("check_variances", by_solving),
    ("check_initialisation", facts_of(from_the_package)),
    ("check_initialisation", facts_of(uniform_and_svd)),
    ("check_flat", by_integrals),
    ("check_clip", by_maximum),
    ("check_clip", by_the_optimisers_own),
    ("check_clip", a_little_more),
    ("check_bugs", lambda: [1, 2, 3, 4, 6]),
    ("check_dead", dead_in_loops),
    ("check_blocks", blocks_in_loops),
]

WRONG = [
    ("check_decides", lambda: (3, 4, 5, 2, 6, 7), "weight beside it"),
    ("check_decides", lambda: (1, 7, 5, 2, 6, 7), "look at the size"),
    ("check_decides", lambda: (1, 4, 2, 2, 6, 7), "is about sizes"),
    ("check_decides", lambda: (1, 4, 5, 2, 6, 6), "an exact 0 for each sample"),
    ("check_stations", lambda: (-20, 10, -10, 60, -5, 20, 27), "their squares add"),
    ("check_stations", lambda: (-20, 10, -10, 25, 0, 20, 27), "let nothing through"),
    ("check_stations", lambda: (-20, 10, -10, 25, -5, 15.85, 27), "each station has its own"),
    ("check_stations", lambda: (-20, 10, -10, 25, -5, 30, 27), "no exponent"),
    ("check_profiles", profiles_backwards, "begins with the last layer"),
    ("check_profiles", profiles_of_a, "slope is still to come"),
    ("check_profiles", profiles_turned_back, "turn it over"),
    ("check_variances", lambda n_in, n_out, leak: (2 / n_in, 2 / n_out, 4 / (n_in + n_out)), "the leak lets"),
    ("check_variances", lambda n_in, n_out, leak: (1 / n_in, 1 / n_out, 2 / (n_in + n_out)), "negative half"),
    ("check_initialisation", facts_of(turned), "(n_out, n_in)"),
    ("check_initialisation", facts_of(of_variance), "the root is missing"),
    ("check_initialisation", facts_of(of_square_only), "shape"),
    ("check_initialisation", facts_of(without_rng), "not drawn from rng"),
    ("check_initialisation", facts_of(always_the_same), "always the same draw"),
    ("check_flat", lambda n, s: (s * np.sqrt(n), 0.0, 0.0, 0.0), "mean square 1/2"),
    ("check_clip", in_place, "changes its argument dW in place"),
    ("check_clip", entry_by_entry, "turns the step"),
    ("check_clip", always_divided, "NaN"),
    ("check_bugs", lambda: (1, 2, 6, 4, 6), "widths of each layer"),
    ("check_dead", dead_at_ones, "one corner of four"),
    ("check_blocks", lambda L, s: (s ** (2 * L), (1 + s**2) ** L, 1 / np.sqrt(L)), "come near e"),
]
