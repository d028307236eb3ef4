"""Answers to chapter 3's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np


def by_following_paths(edges):
    children = {n: [] for n in range(edges.max() + 1)}
    for parent, child in edges.tolist():
        children[child].append(parent)
    visits = Counter()

    def go(node):
        visits[node] += 1
        for parent in children[node]:
            go(parent)

    go(edges.max())
    return visits[0], sum(visits.values())


def by_recursion_on_children(edges, local):
    @cache
    def gradient(node):
        if node == edges.max():
            return 1.0
        return sum(
            slope * gradient(child)
            for (parent, child), slope in zip(edges.tolist(), local, strict=True)
            if parent == node
        )

    return [gradient(node) for node in range(edges.max() + 1)]


def by_complex_step(a, da, b, db):
    h = 1e-30
    whole = (a + 1j * h * da) / (b + 1j * h * db)
    return whole.real, whole.imag / h


RIGHT = [
    ("check_orders", lambda: [6.0, 5.0, 2.0, 4.0]),
    ("check_three_backwards", lambda: [6.0, 8.0, 12.0, 16.0, 18.0, 24.0]),
    ("check_counts", by_following_paths),
    ("check_visits", lambda k, uses: ((uses ** (k + 1) - 1) / (uses - 1) if uses > 1 else k + 1, uses * k)),
    ("check_divide", by_complex_step),
    ("check_passes", lambda: (1e3, 1, 1, 1e3, 3, 5, 1, 50)),
    ("check_repaired", by_recursion_on_children),
    ("check_multiply", lambda p, q: np.polynomial.polynomial.polymul(p, q)[:3]),
    ("check_second", lambda x: 2 + 3 * (2 * x) ** 2),
]


def visits_only(edges):
    return by_following_paths(edges)[::-1]


WRONG = [
    ("check_orders", lambda: (0, 1, 4, 2), "first: it is zero"),
    ("check_three_backwards", lambda: (6, 8, 12, 16, 12, 16), "kept_dx: this would be so if only the leaves"),
    ("check_three_backwards", lambda: (6, 8, 6, 8, 18, 24), "added_dx: adding means"),
    ("check_counts", visits_only, "paths: it and visits have changed places"),
    ("check_counts", lambda edges: len(edges), "Return paths, visits"),
    ("check_visits", lambda k, uses: ((uses ** (k + 1) - 1) / (uses - 1), k * uses), "ZeroDivisionError"),
    ("check_divide", lambda a, da, b, db: (a / b, (a * db - da * b) / b**2), "tangent: the sign is wrong"),
    ("check_repaired", lambda edges, local: local, "grad: its shape should be (3,), and is (2,)"),
    ("check_multiply", lambda p, q: np.convolve(p, q)[:2], "product: its shape should be (3,), and is (2,)"),
    ("check_second", lambda x: 4 * x**3 + 2 * x, "this is the first derivative"),
]
