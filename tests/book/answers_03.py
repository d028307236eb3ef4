"""Answers to chapter 3's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np

from bplib.checks import within


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


def from_the_first_row(edges):
    ways = np.zeros(edges.max() + 1, int)
    ways[-1] = 1
    for parent, child in edges:
        ways[parent] += ways[child]
    return ways[0], ways.sum()


def by_complex_step(a, da, b, db):
    h = 1e-30
    whole = (a + 1j * h * da) / (b + 1j * h * db)
    return whole.real, whole.imag / h


class Recursive:
    """An engine without a topological order: each use is asked for its share, path by path."""

    def __init__(self, data, back=lambda upstream: None):
        self.data, self.grad, self.back = data, 0.0, back

    def lifted(self, other):
        return other if isinstance(other, type(self)) else type(self)(other)

    def __add__(self, other):
        other = self.lifted(other)

        def back(upstream):
            self.receive(upstream)
            other.receive(upstream)

        return type(self)(self.data + other.data, back)

    def __mul__(self, other):
        other = self.lifted(other)

        def back(upstream):
            self.receive(upstream * other.data)
            other.receive(upstream * self.data)

        return type(self)(self.data * other.data, back)

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        out = np.tanh(self.data)
        return type(self)(out, lambda upstream: self.receive(upstream / np.cosh(self.data) ** 2))

    def exp(self):
        out = np.exp(self.data)
        return type(self)(out, lambda upstream: self.receive(upstream * out))

    def backward(self):
        self.receive(1.0)

    def receive(self, upstream):
        self.grad += upstream
        self.back(upstream)


class Replacing(Recursive):
    def receive(self, upstream):
        self.grad = upstream
        self.back(upstream)


class HandsOnAll(Recursive):
    def receive(self, upstream):
        self.grad += upstream
        self.back(self.grad)


class Walking:
    """An engine as the exercise wants it, in which what is done with a share can be another."""

    def __init__(self, data, uses=()):
        self.data, self.grad, self.uses = data, 0.0, uses

    def of(self, other, add):
        other = other if isinstance(other, Walking) else type(self)(other)
        slopes = (1.0, 1.0) if add else (other.data, self.data)
        data = self.data + other.data if add else self.data * other.data
        return type(self)(data, [(self, slopes[0]), (other, slopes[1])])

    def __add__(self, other):
        return self.of(other, add=True)

    def __mul__(self, other):
        return self.of(other, add=False)

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        return type(self)(np.tanh(self.data), [(self, np.cosh(self.data) ** -2)])

    def exp(self):
        return type(self)(np.exp(self.data), [(self, np.exp(self.data))])

    def walk(self):
        found = {}

        def visit(node):
            for parent, _ in node.uses:
                if parent not in found:
                    visit(parent)
            found[node] = None

        visit(self)
        return list(found)[::-1]

    def begin(self):
        for node in self.walk():
            node.grad = 0.0

    def take(self, share):
        self.grad += share

    def backward(self):
        self.begin()
        self.grad = 1.0
        for node in self.walk():
            for parent, slope in node.uses:
                parent.take(node.grad * slope)


class SquaresWhatCameIn(Walking):
    def tanh(self):
        return type(self)(np.tanh(self.data), [(self, 1 - self.data**2)])


class EveryPath(Walking):
    """Right at every number: zeros first, then along each path what comes along it."""

    def backward(self):
        self.begin()
        todo = [(self, 1.0)]
        while todo:
            node, upstream = todo.pop()
            node.grad += upstream
            todo.extend((parent, upstream * slope) for parent, slope in node.uses)


class LooksEverywhere(Walking):
    """Hands on once from each node, and looks for its order along every path."""

    def walk(self):
        found = {}

        def visit(node):
            for parent, _ in node.uses:
                visit(parent)
            found[node] = None

        visit(self)
        return list(found)[::-1]


class WaitsForChildren(Walking):
    """Counts the uses of each node first; who has heard of all of them hands on."""

    def backward(self):
        waiting = Counter(parent for node in self.walk() for parent, _ in node.uses)
        self.begin()
        self.grad, ready = 1.0, [self]
        for node in ready:
            for parent, slope in node.uses:
                parent.take(node.grad * slope)
                waiting[parent] -= 1
                ready += [parent] * (not waiting[parent])


class Overwriting(Walking):
    def take(self, share):
        self.grad = share


class Keeping(Walking):
    def begin(self):
        pass


class TooEarly(Walking):
    def walk(self):
        found = {}

        def visit(node):
            found.setdefault(node)
            for parent, _ in node.uses:
                visit(parent)

        visit(self)
        return list(found)


def engine(Value, walks=2):
    """Return what the program of exercise 10 gives with an engine."""

    def run(x, y):
        x, y = Value(x), Value(y)
        u = x * y + 1
        t = (u + 0.5 * u * u).tanh()
        loss = 2 * (t * y).exp() + t
        for _ in range(walks):
            loss.backward()
        n = Value(1.0)
        for _ in range(16):
            n = n + n
        return loss.data, x.grad, y.grad, within(20_000, n.backward)

    return run


def engine_by_complex_step(x, y):
    def program(x, y):
        u = x * y + 1
        t = np.tanh(u + u * u / 2)
        return 2 * np.exp(t * y) + t

    h = 1e-30
    return [program(x, y), program(x + 1j * h, y).imag / h, program(x, y + 1j * h).imag / h, 1]


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
    ("check_engine", engine(WaitsForChildren)),
    ("check_engine", engine(Walking)),
    ("check_engine", engine_by_complex_step),
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
    ("check_counts", from_the_first_row, "paths: a row is taken before the ways of its child are complete"),
    (
        "check_counts",
        lambda edges: (by_matrix_powers(edges)[0], from_the_first_row(edges)[1]),
        "visits: a row is",
    ),
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
    ("check_engine", engine(Keeping), "dx: the second call of backward adds"),
    ("check_engine", engine(Overwriting), "dx: a share overwrites the one before it"),
    ("check_engine", engine(HandsOnAll, walks=1), "dx: each visit hands on all that has come so far"),
    ("check_engine", engine(HandsOnAll), "dx: each visit hands on all that is there, also what the first"),
    ("check_engine", engine(Replacing), "dx: the path that comes last overwrites what the others brought"),
    ("check_engine", engine(Recursive), "dx: it is twice as large as it should be"),
    ("check_engine", engine(Recursive, walks=1), "each edge once: backward comes to a node once for every"),
    ("check_engine", engine(EveryPath), "each edge once: backward comes to a node once for every path"),
    (
        "check_engine",
        engine(LooksEverywhere),
        "each edge once: backward comes to a node once for every path",
    ),
    ("check_engine", engine(SquaresWhatCameIn), "dx: in the slope of tanh stands what came in"),
    ("check_engine", engine(TooEarly), "dx: a node hands on when it is first met"),
    (
        "check_engine",
        lambda x, y: Recursive(x) - y,
        "unsupported operand type(s) for -: 'Recursive' and 'float'",
    ),
    (
        "check_engine",
        lambda x, y: (Recursive(x), x, y, 1),
        "loss should be a number or an array, and is a Recursive",
    ),
]
