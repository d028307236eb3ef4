"""The diagram of a graph: what its nodes are called and where they stand.

It adds to a tape what every picture of it needs. The picture on paper and the figure in the page draw what is
computed here, so they can't disagree; how wide a node is and how a line bends is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf
from typing import NamedTuple

from bplib.ops import SYMBOLS
from bplib.recording import LEAVES
from bplib.tape import ARITY, Tape

#: A formula of more characters than this is no name for its node.
LONGEST = 12
SHORT = {"maximum": "max", "minimum": "min", "leaky_relu": "leaky relu"}


# What the nodes are called.


class Labels(NamedTuple):
    """For each node its name, its formula, and its operation with constants folded in."""

    names: list[str]
    formulas: list[str]
    tags: list[str]


def labels(tape: Tape) -> Labels:
    """Name every node of a tape: by its own name, by its formula if that is short, else by its place.

    Examples
    --------
    >>> labels(Tape.record(lambda w, x: (w * x + 1).sigmoid().named("a"), w=2.0, x=3.0)).formulas
    ['w', 'x', 'w × x', '1', '(w × x) + 1', 'sigmoid((w × x) + 1)']
    """
    found = Labels([], [], [])
    for i, (op, *args) in enumerate(tape.nodes):
        formula, tag = tape.names[i], ""
        if op == "const":
            formula = constant(args[0])
        elif op != "input":
            formula = written(op, [_argument(tape, found.names, op, j) for j in args])
            tag = _tag(op, [found.names[j] if tape.nodes[j][0] == "const" else "" for j in args])
        short = formula if op in LEAVES or len(formula) <= LONGEST else f"u{i}"
        for column, text in zip(found, (tape.names[i] or short, formula, tag), strict=True):
            column.append(text)
    return found


def form(op: str) -> tuple[str, ...]:
    """Return what is written before, between and after the arguments of an operation.

    Examples
    --------
    >>> form("mul"), form("maximum"), form("abs")
    (('', ' × ', ''), ('max(', ', ', ')'), ('|', '|'))
    """
    if op in ("pow", "neg", "abs"):
        return {"pow": ("", "^", ""), "neg": ("−", ""), "abs": ("|", "|")}[op]
    if op in SYMBOLS:
        return ("", f" {SYMBOLS[op]} ", "")
    return (f"{SHORT.get(op, op)}(", *[", "] * (ARITY[op] - 1), ")")


def written(op: str, args: Sequence[str]) -> str:
    """Return an operation with these texts as its arguments.

    Examples
    --------
    >>> written("pow", ["x", "2"])
    'x^2'
    """
    return "".join(part + arg for part, arg in zip(form(op), [*args, ""], strict=True))


def constant(x: float) -> str:
    """Return a number as the page writes it: at most six digits, a true minus sign, a short exponent.

    Examples
    --------
    >>> constant(-0.25), constant(1 / 3), constant(2e-9)
    ('−0.25', '0.333333', '2e−9')
    """
    return re.sub(r"e([+-])0*", lambda m: "e" + m[1].strip("+"), f"{x + 0.0:.6g}").replace("-", "−")


def _argument(tape: Tape, names: Sequence[str], op: str, j: int) -> str:
    """Return the name of an argument, in brackets where it is itself an unnamed sum or product."""
    inner, *args = tape.nodes[j]
    whole = args[0] >= 0 if inner == "const" else inner == "input" or form(inner)[-1]
    if whole or form(op)[-1] or tape.names[j] or names[j] == f"u{j}":
        return names[j]
    return f"({names[j]})"


def _tag(op: str, folded: Sequence[str]) -> str:
    """Return an operation with the constants among its arguments, such as "× 2" or "max 0"."""
    if op == "abs":
        return "| |"
    if op in SYMBOLS:
        return written(op, folded).strip()
    return " ".join([SHORT.get(op, op), *filter(None, folded)])


# Where they stand.


class Edge(NamedTuple):
    """One use of a number: from a node, as an argument of another.

    `via` says how far aside the edge passes each rank in between; `port` where it arrives among the edges
    that end in the same node, counted from their middle.
    """

    source: int
    target: int
    arg: int
    port: float
    via: tuple[float, ...]


class Layout(NamedTuple):
    """A place ``(rank, at)`` for every node but constants, and every edge.

    Ranks count along the flow from 0; `at` counts aside from 0, in distances between two nodes.
    """

    places: dict[int, tuple[int, float]]
    edges: list[Edge]


@dataclass(eq=False)
class _Stop:
    """A node, or a place that is kept free for an edge on its way past a rank."""

    rank: int
    free: bool = False
    at: float = 0.0
    before: list[_Stop] = field(default_factory=list)
    after: list[_Stop] = field(default_factory=list)


def layout(tape: Tape) -> Layout:
    """Return a place for every node and a way for every edge, so that every edge points forward.

    A rank is the longest distance from a leaf; an input stands next to its first use. Within a rank, things
    stand near the mean of their neighbours (Sugiyama, Tagawa and Toda, 1981).

    Examples
    --------
    >>> layout(Tape.record(lambda x, y: (x * y).exp(), x=1.0, y=2.0)).places
    {0: (0, 0.0), 1: (0, 1.0), 2: (1, 0.5), 3: (2, 0.5)}
    """
    nodes = [i for i, (op, *_) in enumerate(tape.nodes) if op != "const"]
    uses = [
        (j, i, arg)
        for i in nodes
        if tape.nodes[i][0] != "input"
        for arg, j in enumerate(tape.nodes[i][1:])
        if tape.nodes[j][0] != "const"
    ]
    return arranged(nodes, uses, tape.output)


def arranged(nodes: Sequence[int], uses: Sequence[tuple[int, int, int]], output: int) -> Layout:
    """Return places and ways for any nodes, in topological order, of which some use others.

    A use is ``(source, target, argument)``. The walk that orders the nodes begins at the output.
    """
    stops = {i: _Stop(rank) for i, rank in _ranks(nodes, uses).items()}
    routes = [_route(stops[j], stops[i]) for j, i, _ in uses]
    # The first order is that in which a walk from the output meets them: a tree has no crossing then.
    rows: list[list[_Stop]] = [[] for _ in range(1 + max(stop.rank for stop in stops.values()))]
    for stop in _met([stops[output], *stops.values()]):
        rows[stop.rank].append(stop)
    for row in rows:
        _settle(row, range(len(row)))
    for sweep in range(8):
        forward = sweep % 2 == 0
        for row in rows if forward else rows[::-1]:
            _settle(row, [_wish(stop, forward) for stop in row])
    first = min(stop.at for row in rows for stop in row)
    for row in rows:
        for stop in row:
            stop.at = round(stop.at - first, 4)
    return Layout({i: (stop.rank, stop.at) for i, stop in stops.items()}, _edges(uses, routes))


def _ranks(nodes: Sequence[int], uses: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    rank = dict.fromkeys(nodes, 0)
    for j, i, _ in uses:  # in topological order
        rank[i] = max(rank[i], rank[j] + 1)
    made = {i for _, i, _ in uses}
    for leaf in rank.keys() - made:
        rank[leaf] = min((rank[i] - 1 for j, i, _ in uses if j == leaf), default=0)
    return rank


def _route(start: _Stop, end: _Stop) -> list[_Stop]:
    """Join two nodes, with a place kept free in every rank between them."""
    route = [start, *(_Stop(rank, free=True) for rank in range(start.rank + 1, end.rank)), end]
    for a, b in pairwise(route):
        a.after.append(b)
        b.before.append(a)
    return route


def _met(roots: Iterable[_Stop]) -> Iterator[_Stop]:
    """Yield everything below some stops as a walk meets it, arguments in their order and before their use."""
    opened: set[_Stop] = set()
    done: set[_Stop] = set()
    todo = list(roots)[::-1]
    while todo:
        stop = todo.pop()
        if stop in opened and stop not in done:
            done.add(stop)
            yield stop
        elif stop not in opened:
            opened.add(stop)
            todo += [stop, *stop.before[::-1]]


def _wish(stop: _Stop, forward: bool) -> float:
    # A chain follows its operations, not the inputs that join it; an input moves with what uses it.
    back = [other for other in stop.before if other.before] or stop.before
    beside = stop.after if stop.after and not (forward and back) else back
    return sum(other.at for other in beside) / len(beside) if beside else stop.at


def _settle(row: Sequence[_Stop], wishes: Iterable[float]) -> None:
    """Put the things of one rank as near to their wishes as their order and their distance allow.

    Inputs make room for the rest, so that a chain of operations runs straight.
    """
    apart = [0.5 if a.free and b.free else 0.75 if a.free or b.free else 1.0 for a, b in pairwise(row)]
    offset = list(accumulate(apart, initial=0.0))
    # Counted from the least each may be at, places need only not fall from one to the next.
    wished = [wish - least for wish, least in zip(wishes, offset, strict=True)]
    firm = [k for k, stop in enumerate(row) if stop.before] or range(len(row))
    down = list(accumulate((wished[k] for k in firm), max))
    up = list(accumulate((wished[k] for k in reversed(firm)), min))[::-1]
    found = {k: (a + b) / 2 for k, a, b in zip(firm, down, up, strict=True)}
    for k, stop in enumerate(row):
        if k not in found:
            most = next((found[f] for f in firm if f > k), inf)
            found[k] = min(most, max(found.get(k - 1, -inf), wished[k]))
        stop.at = found[k] + offset[k]


def _edges(uses: Sequence[tuple[int, int, int]], routes: Sequence[Sequence[_Stop]]) -> list[Edge]:
    edges = []
    for (j, i, arg), route in zip(uses, routes, strict=True):
        # Edges that end in one node arrive side by side, in the order they come from.
        rivals = sorted((other for other in routes if other[-1] is route[-1]), key=lambda other: other[-2].at)
        port = [other is route for other in rivals].index(True) - (len(rivals) - 1) / 2
        edges.append(Edge(j, i, arg, port, tuple(stop.at for stop in route[1:-1])))
    return edges
