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


def by_matrix_powers(edges):
    """Count walks: the entries of A + A^2 + ... that end at the output."""
    n = edges.max() + 1
    uses = np.zeros((n, n), int)
    np.add.at(uses, tuple(edges.T), 1)
    walks = sum(np.linalg.matrix_power(uses, length) for length in range(n))
    return walks[0, -1], walks[:, -1].sum()


def node_by_node(edges, local):
    grad = np.zeros(edges.max() + 1)
    grad[-1] = 1
    for node in range(edges.max(), -1, -1):
        for parent, slope in zip(edges[edges[:, 1] == node, 0], local[edges[:, 1] == node], strict=True):
            grad[parent] += grad[node] * slope
    return grad


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
    ("check_orders", lambda: [5.0, 6.0, 2.0, 4.0]),
    ("check_three_backwards", lambda: [6.0, 8.0, 12.0, 16.0, 18.0, 24.0]),
    ("check_counts", by_following_paths),
    ("check_counts", by_matrix_powers),
    ("check_visits", lambda k, uses: ((uses ** (k + 1) - 1) / (uses - 1) if uses > 1 else k + 1, uses * k)),
    ("check_divide", by_complex_step),
    ("check_passes", lambda: (1e3, 1, 1, 1e3, 3, 5, 1, 50)),
    ("check_repaired", by_recursion_on_children),
    ("check_repaired", node_by_node),
    ("check_multiply", lambda p, q: np.polynomial.polynomial.polymul(p, q)[:3]),
    ("check_second", lambda x: 2 + 3 * (2 * x) ** 2),
]


def visits_first(edges):
    return by_following_paths(edges)[::-1]


def paths_from_the_input(edges):
    ways = np.zeros(edges.max() + 1, int)
    ways[0] = 1
    for parent, child in edges:
        ways[child] += ways[parent]
    return ways[-1], ways.sum()


def last_way_wins(edges):
    ways = [0] * edges.max() + [1]
    for parent, child in reversed(edges):
        ways[parent] = ways[child]
    return ways[0], sum(ways)


def turned_edges_only(edges, local):
    grad = np.zeros(edges.max() + 1)
    grad[-1] = 1
    for (parent, child), slope in zip(edges[::-1], local, strict=True):
        grad[parent] += grad[child] * slope
    return grad


def all_it_has(edges, local):
    grad = np.zeros(edges.max() + 1)

    def visit(node, upstream):
        grad[node] += upstream
        for k in np.flatnonzero(edges[:, 1] == node):
            visit(edges[k, 0], local[k] * grad[node])

    visit(edges.max(), 1)
    return grad


WRONG = [
    ("check_orders", lambda: (1, 0, 4, 2), "first: these are the edges that point backwards"),
    ("check_orders", lambda: (4, 5, 2, 3), "first: x and p are used twice each"),
    ("check_three_backwards", lambda: (6, 8, 12, 16, 12, 16), "kept_dx: this would be so if only the leaves"),
    ("check_three_backwards", lambda: (6, 8, 6, 8, 18, 24), "added_dx: adding means"),
    ("check_counts", visits_first, "paths: it and visits have changed places"),
    ("check_counts", lambda edges: len(edges), "Return paths, visits"),
    ("check_counts", paths_from_the_input, "visits: these are the paths from node 0"),
    ("check_counts", last_way_wins, "paths: ways add up"),
    ("check_visits", lambda k, uses: (uses ** (k + 1) - 1, k * uses), "visits: with two uses 2 * S - S"),
    ("check_visits", lambda k, uses: ((uses ** (k + 1) - 1) / (uses - 1), k * uses), "ZeroDivisionError"),
    ("check_divide", lambda a, da, b, db: (a / b, (a * db - da * b) / b**2), "tangent: the sign is wrong"),
    ("check_divide", lambda a, da, b, db: (a / b, da / b - a * db / b), "tangent: the share of db"),
    ("check_repaired", turned_edges_only, "grad: the edges are turned round"),
    ("check_repaired", all_it_has, "grad: each visit hands on all"),
    ("check_repaired", lambda edges, local: local, "grad: its shape should be (3,), and is (2,)"),
    ("check_multiply", lambda p, q: np.convolve(p, q)[:2], "product: its shape should be (3,), and is (2,)"),
    ("check_second", lambda x: 4 * x**3 + 2 * x, "this is the first derivative"),
    ("check_second", lambda x: 12 * x**2 + 2 + 8 * x**3 + 4 * x, "x + ε has no part in ε squared"),
]
