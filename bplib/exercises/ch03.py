"""Checks for the exercises of chapter 3, "Computational graphs, forward and reverse mode".

After `bplib.checks`, which knows how to read an answer, this file says what chapter 3 asks and what people
get wrong there. A graph is an array of edges (parent, child), its nodes numbered in the order of their birth.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead
from bplib.scalar import Value

LINE = np.array([[0, 1], [1, 2], [2, 3]])
PRODUCT = np.array([[0, 2], [1, 2]])
# u = x * x; v = u * u; loss = v + u.
DIAMOND = np.array([[0, 1], [0, 1], [1, 2], [1, 2], [2, 3], [1, 3]])
DOUBLINGS = np.array([[0, 1], [0, 1], [1, 2], [1, 2], [2, 3], [2, 3]])
# u = x * x; loss = u + x, as exercise 3 shows it.
EXAMPLE = np.array([[0, 1], [0, 1], [1, 2], [0, 2]])
# p = x * y; q = p + x; r = p * q; s = q + r.
LATTICE = np.array([[0, 2], [1, 2], [2, 3], [0, 3], [2, 4], [3, 4], [3, 5], [4, 5]])


# 1. Which orders are legal?
check_orders = Check(
    lambda: (5, 6, 2, 4),
    returns=["first", "second", "third", "fourth"],
    cases=[{}],
    mistakes={
        "x and p are used twice each, and each use is an edge": (
            lambda: {"first": 4, "second": 5, "fourth": 3}
        ),
        "count the edges, and not the nodes that stand right: each of the three has two": (
            lambda: (2, 3, 1, 2)
        ),
        "these are the edges that point backwards": lambda: {"first": 1, "third": 4, "fourth": 2},
    },
)

# 2. One graph, three backwards
check_three_backwards = Check(
    lambda: (6, 8, 12, 16, 18, 24),
    returns=["dx", "dy", "added_dx", "added_dy", "kept_dx", "kept_dy"],
    cases=[{}],
    mistakes={
        "a use is missing: x * x uses x twice": lambda: {"dx": 3, "dy": 4},
        "this is the square itself": lambda: {"dx": 9, "dy": 16},
        "adding means that the first walk's share stays": lambda: {"added_dx": 6, "added_dy": 8},
        "this would be so if only the leaves kept theirs; here the squares do too": (
            lambda: {"kept_dx": 12, "kept_dy": 16}
        ),
        "the sum is set to 1 at the start of each walk; it does not hold 2": (
            lambda: {"kept_dx": 24, "kept_dy": 32}
        ),
    },
)


# 3. Count paths and visits
def _ways(edges: Any) -> list[int]:
    """Return for each node the number of paths from it to the last."""
    ways = [0] * int(edges.max()) + [1]
    for parent, child in sorted(edges.tolist(), key=lambda edge: -edge[1]):
        ways[parent] += ways[child]
    return ways


def _from_the_first(edges: Any) -> list[int]:
    ways = [0] * int(edges.max()) + [1]
    for parent, child in edges.tolist():
        ways[parent] += ways[child]
    return ways


def _overwritten(edges: Any) -> list[int]:
    ways = [0] * int(edges.max()) + [1]
    for parent, child in edges[::-1].tolist():
        ways[parent] = ways[child]
    return ways


def _counts(edges: Any) -> SimpleNamespace:
    """Return the ways, those that a mistaken walk finds, and those from node 0 to each node, by name."""
    return SimpleNamespace(
        edges=edges,
        ways=_ways(edges),
        merged=_ways(np.unique(edges, axis=0)),
        overwritten=_overwritten(edges),
        early=_from_the_first(edges),
        from_input=_ways(edges.max() - edges[::-1, ::-1]),  # the ways of the graph turned round
    )


check_counts = Check(
    lambda edges: (_ways(edges)[0], sum(_ways(edges))),
    returns=["paths", "visits"],
    cases=[{"edges": edges} for edges in (EXAMPLE, LINE, DOUBLINGS, DIAMOND, LATTICE)],
    mistakes={
        "a row is taken before the ways of its child are complete; go from the last row up": instead(
            _counts, paths=lambda s: s.early[0], visits=lambda s: sum(s.early)
        ),
        "two edges between the same nodes are two paths": instead(
            _counts, paths=lambda s: s.merged[0], visits=lambda s: sum(s.merged)
        ),
        "ways add up; here the last to come overwrites the others": instead(
            _counts, paths=lambda s: s.overwritten[0]
        ),
        "these are the paths from node 0 to each node; the recursion starts at the other end": instead(
            _counts, visits=lambda s: sum(s.from_input)
        ),
        "these are the edges that leave node 0": instead(_counts, paths=lambda s: (s.edges[:, 0] == 0).sum()),
        "this is the number of edges": lambda edges: (len(edges), len(edges)),
        "this is the number of nodes; the recursion comes to a node once for each path": instead(
            _counts, visits=lambda s: len(s.ways)
        ),
        "the first visit, at the output, is missing": instead(_counts, visits=lambda s: sum(s.ways) - 1),
        "the visits of node 0 are missing": instead(_counts, visits=lambda s: sum(s.ways[1:])),
    },
)


# 4. Visits by formula
def _visits(uses: int, first: int, last: int) -> int:
    """Add up how often the nodes between these numbers of steps before the output are visited."""
    return sum(uses**i for i in range(first, last + 1))


check_visits = Check(
    lambda k, uses: (_visits(uses, 0, k), k * uses),
    returns=["visits", "edges"],
    cases=[{"k": 2, "uses": 3}, {"k": 20, "uses": 2}, {"k": 5, "uses": 4}, {"k": 4, "uses": 1}],
    mistakes={
        "these are the paths alone; the nodes on the way are visited too": (
            lambda k, uses: {"visits": uses**k}
        ),
        "the visit of the last node itself is missing": lambda k, uses: {"visits": _visits(uses, 1, k)},
        "the visits of x, where the paths end, are missing": (
            lambda k, uses: {"visits": _visits(uses, 0, k - 1)}
        ),
        "this holds for two uses only": lambda k, uses: (2 ** (k + 1) - 1, 2 * k),
        "with two uses 2 * S - S is S again; with more it is not": (
            lambda k, uses: {"visits": uses ** (k + 1) - 1}
        ),
        "one step too many is counted": lambda k, uses: {"visits": _visits(uses, 0, k + 1)},
        "each use is an edge": lambda k, uses: {"edges": k},
        "these are the additions; each use is an edge": lambda k, uses: {"edges": k * (uses - 1)},
        "the edges of one step serve all paths; count each once": lambda k, uses: {"edges": uses**k},
    },
)


# 5. Divide two dual numbers
def _quotient(a: float, da: float, b: float, db: float) -> tuple[float, float]:
    (tangent,) = by_nudging(lambda t: (a + t * da) / (b + t * db), "t")(0.0)
    return a / b, float(tangent)


check_divide = Check(
    _quotient,
    returns=["value", "tangent"],
    cases=[
        {"a": 3.0, "da": 1.0, "b": 2.0, "db": 0.0},
        {"a": 3.0, "da": 0.0, "b": 2.0, "db": 1.0},
        {"a": -1.0, "da": 0.5, "b": 4.0, "db": -3.0},
    ],
    mistakes={
        "the two parts are subtracted, and not added: more b means less a / b": (
            lambda a, da, b, db: {"tangent": (da * b + a * db) / b**2}
        ),
        "the denominator's square is missing": lambda a, da, b, db: {"tangent": (da * b - a * db) / b},
        "the denominator moves as well": lambda a, da, b, db: {"tangent": da / b},
        "this is the product rule": lambda a, da, b, db: {"tangent": da * b + a * db},
        "in the share of db a factor is missing": lambda a, da, b, db: {"tangent": da / b - db / b**2},
        "the share of db is divided by b once only": lambda a, da, b, db: {"tangent": da / b - a * db / b},
        "this is the part above the line; what stands below it?": (
            lambda a, da, b, db: {"tangent": da * b - a * db}
        ),
    },
)

# 6. When does forward mode win?
check_passes = Check(
    lambda: (1000, 1, 1, 1000, 3, 5, 1, 50),
    returns=[
        *("loss_forward", "loss_reverse", "knob_forward", "knob_reverse"),
        *("jacobian_forward", "jacobian_reverse", "direction_forward", "direction_reverse"),
    ],
    cases=[{}],
    mistakes={
        "a reverse pass starts from one output, and here are several": lambda: {"direction_reverse": 1},
        "the two modes are exchanged: forward mode starts from an input": (
            lambda: (1, 1000, 1000, 1, 5, 3, 50, 1)
        ),
        "a pass gives a whole column or a whole row, and not one entry": (
            lambda: {"jacobian_forward": 15, "jacobian_reverse": 15}
        ),
        "a forward pass may start with a tangent in every input at once": (
            lambda: {"direction_forward": 1000}
        ),
    },
)


# 7. Spot the bug
def _solved(edges: Any, local: Any) -> Any:
    """Solve equation by equation at once: each gradient is the sum of its children's shares."""
    n = int(edges.max()) + 1
    shares = np.zeros((n, n))
    np.add.at(shares, (edges[:, 0], edges[:, 1]), local)
    return np.linalg.solve(np.eye(n) - shares, np.eye(n)[-1])


def _walk(edges: Any, local: Any, *, step: int = -1, add: bool = True) -> Any:
    grad = np.zeros(int(edges.max()) + 1)
    grad[-1] = 1.0
    for (parent, child), slope in list(zip(edges.tolist(), local, strict=True))[::step]:
        grad[parent] = add * grad[parent] + grad[child] * slope
    return grad


def _added_once(edges: Any, local: Any) -> Any:
    grad = np.zeros(int(edges.max()) + 1)
    grad[-1] = 1.0
    for node in range(len(grad) - 1, -1, -1):
        into = edges[:, 1] == node
        grad[edges[into, 0]] += grad[node] * local[into]
    return grad


def _pushed(edges: Any, local: Any) -> Any:
    grad = np.zeros(int(edges.max()) + 1)

    def push(node: int, upstream: float) -> None:
        grad[node] += upstream
        for (parent, child), slope in zip(edges.tolist(), local, strict=True):
            if child == node:
                push(parent, grad[node] * slope)

    push(len(grad) - 1, 1.0)
    return grad


check_repaired = Check(
    _solved,
    returns=["grad"],
    cases=[
        {"edges": PRODUCT, "local": np.array([5.0, 2.0])},
        {"edges": LINE, "local": np.array([2.0, -3.0, 0.5])},
        {"edges": DIAMOND, "local": np.array([3.0, 3.0, 9.0, 9.0, 1.0, 1.0])},
        {"edges": LATTICE, "local": np.array([5.0, 2.0, 1.0, 1.0, 12.0, 10.0, 1.0, 1.0])},
    ],
    mistakes={
        "this is still what was published: shares are handed on before they are complete": (
            lambda edges, local: _walk(edges, local, step=1)
        ),
        "the order is right now, but a share overwrites the one before": (
            lambda edges, local: _walk(edges, local, add=False)
        ),
        "the local derivative is missing": lambda edges, local: _walk(edges, 0 * local + 1),
        "the edges are turned round, and their local derivatives are not": (
            lambda edges, local: _walk(edges, local[::-1])
        ),
        "NumPy's += with a list of places adds once where a place stands twice": _added_once,
        "each visit hands on all that the node has so far (flaw 2 of the chapter)": _pushed,
    },
)


# 8. Second derivatives, forward
def _second_order(of: Callable[[Any, Any], float], keep: float = 1.0) -> Callable[[Any, Any], Any]:
    """Make the product with `of` added to the part of ε squared, and that part kept or not."""
    return lambda p, q: np.convolve(p, q)[:3] * [1, 1, keep] + [0, 0, of(p, q)]


check_multiply = Check(
    lambda p, q: np.convolve(p, q)[:3],
    returns=["product"],
    cases=[
        {"p": np.array([2.0, 1.0, 0.0]), "q": np.array([5.0, 3.0, 0.0])},
        {"p": np.array([3.0, 1.0, 0.0]), "q": np.array([3.0, 1.0, 0.0])},
        {"p": np.array([-1.0, 0.5, 2.0]), "q": np.array([4.0, -3.0, 0.25])},
    ],
    mistakes={
        "the square of ε is still taken as 0, as for dual numbers": _second_order(lambda p, q: 0, keep=0),
        "ε times ε gives ε squared as well": _second_order(lambda p, q: -p[1] * q[1]),
        "ε squared times a plain number gives ε squared as well": _second_order(
            lambda p, q: p[1] * q[1], keep=0
        ),
        "multiply every part with every other, and not entry by entry": lambda p, q: p * q,
        "a factor 2 belongs to second derivatives, and not to coefficients": _second_order(
            lambda p, q: p[1] * q[1]
        ),
        "powers above the second are 0: keep three numbers": lambda p, q: np.convolve(p, q),
    },
)

check_second = Check(
    lambda x: 12 * x**2 + 2,
    returns=["second derivative"],
    cases=[{"x": 3.0}, {"x": -0.5}, {"x": 1.5}],
    mistakes={
        "this is the coefficient of ε squared; Taylor's series has f'' / 2 there": lambda x: 6 * x**2 + 1,
        "x + ε has no part in ε squared": lambda x: 12 * x**2 + 2 + 2 * (4 * x**3 + 2 * x),
        "this is the first derivative": lambda x: 4 * x**3 + 2 * x,
        "this is the function itself": lambda x: x**4 + x**2,
    },
)


# 10. A tool to keep: Value, tried on a program that uses a node again after other nodes came of it
def _program(x: Any, y: Any, tanh: Callable[[Any], Any], exp: Callable[[Any], Any]) -> Any:
    u = x * y + 1
    t = tanh(u + 0.5 * u * u)
    return 2 * exp(t * y) + t


def _plain(x: float, y: float) -> float:
    return float(_program(x, y, np.tanh, np.exp))


def _engine_reference(x: float, y: float) -> tuple[float, ...]:
    return (_plain(x, y), *by_nudging(_plain, "x", "y")(x, y), 1.0)


Order = Callable[[Value], list[Value]]  # in which the nodes hand on


def _from_the_end(loss: Value) -> list[Value]:
    return loss.graph()[::-1]


def _depth_first(which: int) -> Order:
    """Return the order in which a walk comes upon the nodes that goes to the first, or last, parent first."""

    def order(loss: Value) -> list[Value]:
        found: dict[Value, None] = {}

        def visit(node: Value) -> None:
            if node not in found:
                found[node] = None
                for parent in node.parents[::which]:
                    visit(parent)

        visit(loss)
        return list(found)

    return order


def _level_by_level(loss: Value) -> list[Value]:
    found = {loss: None}
    todo = [loss]
    for node in todo:
        for parent in node.parents:
            if parent not in found:
                found[parent] = None
                todo.append(parent)
    return todo


def _wrong_engine(
    order: Order = _from_the_end,
    adds: bool = True,
    walks: int = 1,
    **slopes: Callable[[Value], tuple[float, ...]],
) -> Callable[[float, float], dict[str, float]]:
    """Make the gradients with another order, shares overwritten, walks that add up, or an op's slopes."""

    def gradients(x: float, y: float) -> dict[str, float]:
        leaves = Value(x), Value(y)
        loss = _program(*leaves, Value.tanh, Value.exp)
        grad = dict.fromkeys(loss.graph(), 0.0)
        for _ in range(walks):
            grad[loss] = 1.0
            for node in order(loss):
                local = slopes[node.op](node) if node.op in slopes else node.local_grads
                for parent, slope in zip(node.parents, local, strict=True):
                    grad[parent] = adds * grad[parent] + grad[node] * slope
        return {"dx": grad[leaves[0]], "dy": grad[leaves[1]]}

    return gradients


def _path_by_path(adds: bool, walks: int = 1) -> Callable[[float, float], dict[str, float]]:
    """Make the gradients of a recursion that hands on all that a node has, which it adds up or overwrites."""

    def gradients(x: float, y: float) -> dict[str, float]:
        leaves = Value(x), Value(y)
        loss = _program(*leaves, Value.tanh, Value.exp)
        grad = dict.fromkeys(loss.graph(), 0.0)

        def visit(node: Value, upstream: float) -> None:
            grad[node] = adds * grad[node] + upstream
            for parent, slope in zip(node.parents, node.local_grads, strict=True):
                visit(parent, grad[node] * slope)

        for _ in range(walks):
            visit(loss, 1.0)
        return {"dx": grad[leaves[0]], "dy": grad[leaves[1]]}

    return gradients


check_engine = Check(
    _engine_reference,
    returns=["loss", "dx", "dy", "each edge once"],
    cases=[{"x": 0.5, "y": -1.0}, {"x": -0.75, "y": 0.5}, {"x": 0.25, "y": 1.5}],
    mistakes={
        "a share overwrites the one before it; shares add": _wrong_engine(adds=False),
        "a node hands on when it is first met; it must wait until all of its shares are in": _wrong_engine(
            order=_depth_first(1)
        ),
        "a node hands on before all of its shares are in: a parent goes before a child of its": _wrong_engine(
            order=_depth_first(-1)
        ),
        "the nodes hand on level by level; a node that is used on two levels goes too early": _wrong_engine(
            order=_level_by_level
        ),
        "each visit hands on all that has come so far, and some of it twice": _path_by_path(adds=True),
        "each visit hands on all that is there, also what the first call of backward has left": _path_by_path(
            adds=True, walks=2
        ),
        "the path that comes last overwrites what the others brought; shares add": _path_by_path(adds=False),
        "backward comes to a node once for every path that leads there; come to each node once, "
        "and let it hand on when all of its shares are in": lambda x, y: {"each edge once": 0},
        "the second call of backward adds to what the first has left; set the gradients to 0 first": (
            _wrong_engine(walks=2)
        ),
        "in a product the slope with respect to one factor is the other one": _wrong_engine(
            mul=lambda node: (node.parents[0].data, node.parents[1].data)
        ),
        "the slope of tanh is missing": _wrong_engine(tanh=lambda node: (1.0,)),
        "the slope of tanh lacks its square": _wrong_engine(tanh=lambda node: (1 - node.data,)),
        "in the slope of tanh stands what came in; it takes what tanh delivers": _wrong_engine(
            tanh=lambda node: (1 - node.parents[0].data ** 2,)
        ),
        "the slope of exp is missing": _wrong_engine(exp=lambda node: (1.0,)),
        "the slope of exp is what it delivers, not what came in": _wrong_engine(
            exp=lambda node: (node.parents[0].data,)
        ),
    },
)
