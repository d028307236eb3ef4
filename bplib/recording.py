"""Recording: a graph of Values becomes flat lists.

It adds the step from objects to data: a node becomes its operation's name and the places of its arguments.
That step is one short function, `flat`. The last part refuses graphs whose lists would be right at one input
only.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from itertools import zip_longest
from typing import Any, NamedTuple

from bplib.contract import check_type, wrong
from bplib.scalar import Value

#: A node: the name of its operation, then the places of its arguments; for a leaf its recorded number.
Node = tuple[Any, ...]
LEAVES = ("input", "const")


class Recording(NamedTuple):
    """A graph as flat lists, in topological order; `bplib.tape.Tape` says what each of them is."""

    nodes: list[Node]
    names: list[str]
    inputs: list[int]
    watch: list[int]
    output: int


def flat(graph: Sequence[Value], output: Value, inputs: Sequence[Value], watch: Iterable[Value]) -> Recording:
    """Write a graph that stands in topological order as lists.

    Raises
    ------
    ValueError
        If a name is given twice, or a leaf has one and is no input.

    Examples
    --------
    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> flat(y.graph(), y, [x], [])
    Recording(nodes=[('input', 3.0), ('mul', 0, 0)], names=['x', 'output'], inputs=[0], watch=[], output=1)
    """
    place = {node: i for i, node in enumerate(graph)}
    moving = set(inputs)
    nodes: list[Node] = [
        (node.op, *(place[parent] for parent in node.parents))
        if node.parents
        else ("input" if node in moving else "const", node.data)
        for node in graph
    ]
    names = [node.name or ("output" if node is output else "") for node in graph]
    _check_names(nodes, names)
    watched = [place[node] for node in watch if node is not output]
    return Recording(nodes, names, [place[leaf] for leaf in inputs], watched, place[output])


def below(output: Value, graph: Sequence[Value]) -> set[Value]:
    """Return what a node of a graph in topological order was computed from, and itself.

    Examples
    --------
    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> u = x * 2
    >>> y in below(u, [x, y, u, u + y])
    False
    """
    found = {output}
    for node in reversed(graph):
        if node in found:
            found.update(node.parents)
    return found


def record(
    output: Any, inputs: Iterable[Value] | None, watch: Iterable[Value] | None, start: Mapping[str, float]
) -> Recording:
    """Record a Value or a function; `bplib.tape.Tape.record` explains the arguments."""
    if isinstance(output, Value) and not start:
        return _of_value(output, _values("inputs", inputs), watch)
    if callable(output) and inputs is None and watch is None:
        return _of_function(output, start)
    given = {"inputs": inputs, "watch": watch, "starting numbers": start or None}
    others = " and ".join(name for name in given if given[name] is not None) or "nothing"
    expected = "a Value with inputs and watch, or a function with starting numbers"
    raise wrong("output", expected, f"{output!r:.60} with {others}", _CALLS, TypeError)


def _of_value(output: Value, leaves: Sequence[Value], watch: Iterable[Value] | None) -> Recording:
    watched = _values("watch", watch)
    # A watched node may stand beside the path to the output: a prediction beside a loss from logits.
    graph = output.graph(*watched)
    _check_inputs(leaves, below(output, graph))
    if watch is None:
        watched = [node for node in graph if node.name and node.parents]
    for node in watched:
        if not node.name:
            raise wrong("watch", "nodes with a name", repr(node), "Write node.named('z').")
    return flat(graph, output, leaves, watched)


def _of_function(f: Callable[..., Any], start: Mapping[str, float]) -> Recording:
    try:
        signature(f).bind(**start)
    except (TypeError, ValueError) as error:  # ValueError: a function of C that does not say
        expected = f"a function of {', '.join(start) or 'nothing'}"
        remedy = f"{_CALLS} If its arguments have no names: Tape.record(lambda x: f(x), x=1.0)."
        raise wrong("output", expected, error, remedy, TypeError) from None
    leaves = {name: Value(number, name) for name, number in start.items()}
    recording = _of_result(f(**leaves), leaves)
    # A second call nearby shows what the function read from the numbers instead of from the graph.
    for step in (2.0**-10, -(2.0**-10)):
        try:
            near = {name: Value(x.data + step * (1 + abs(x.data)), name) for name, x in leaves.items()}
            again = f(**near)
        except ValueError:
            continue  # The neighbour lies outside the function's domain; the other side may not.
        _check_same(recording.nodes, _of_result(again, near).nodes)
        break
    return recording


def _of_result(output: Any, leaves: Mapping[str, Value]) -> Recording:
    """Record what a function returned for these new leaves."""
    for name, leaf in leaves.items():
        if leaf.name != name:
            remedy = "Rename the argument itself, or name something computed from it."
            raise wrong(name, "an input that keeps its argument's name", f"the name {leaf.name!r}", remedy)
    check_type("what the function returns", output, Value, "a Value", "Compute with its arguments.")
    born = min((leaf.serial for leaf in leaves.values()), default=0)
    oldest = output.graph()[0]
    if oldest.serial < born:
        remedy = "Pass it as an argument, or use its .data if it is meant as a constant."
        raise wrong("output", "Values of this call only", f"{oldest!r} of another recording", remedy)
    return _of_value(output, list(leaves.values()), None)


# What can't be recorded.

_CALLS = "Write Tape.record(loss, inputs=[w, x]) or, with a number for each argument, Tape.record(f, w=0.5)."


def _values(name: str, nodes: Any) -> list[Value]:
    given = () if nodes is None else nodes
    found = list(given) if isinstance(given, Iterable) else [given]
    if not (isinstance(given, Iterable) and all(isinstance(node, Value) for node in found)):
        raise wrong(name, "a list of Values", f"{found!r:.60}", f"Write {name}=[a, b].", TypeError)
    if len(set(found)) != len(found):
        raise wrong(name, "each node once", ", ".join(node.name for node in found), "Leave the second out.")
    return found


def _check_inputs(leaves: Sequence[Value], reached: set[Value]) -> None:
    if not leaves:
        raise wrong("inputs", "at least one, to move", "none", _CALLS)
    for leaf in leaves:
        if leaf.parents or not leaf.name:
            remedy = "An input is a number that you made and named: Value(2.0, 'w')."
            raise wrong("inputs", "leaves with a name", f"{leaf!r} (op {leaf.op!r})", remedy)
        if leaf not in reached:
            remedy = "Leave it out, or check that both belong to the same recording."
            raise wrong("inputs", "leaves on which the output depends", repr(leaf), remedy)


def _check_names(nodes: Sequence[Node], names: Sequence[Any]) -> None:
    for (op, *_), name in zip(nodes, names, strict=True):
        check_type("name", name, str, "a string", f"Write node.named({str(name)!r}).")
        if name and op == "const":
            remedy = "Add it to inputs, or clear its name if it is a constant."
            raise wrong("inputs", "every leaf that has a name", f"none for {name!r}", remedy)
    if twice := [name for name, times in Counter(names).items() if name and times > 1]:
        raise wrong("name", "another one for each node", f"{', '.join(twice)} twice", "Rename one of them.")


def _check_same(nodes: Sequence[Node], again: Sequence[Node]) -> None:
    """Refuse two recordings of a function that differ in more than the numbers of their inputs."""
    fixed = ([node[:1] if node[0] == "input" else node for node in run] for run in (nodes, again))
    for old, new in zip_longest(*fixed):
        if old != new:
            expected = "a function that builds the same graph at inputs nearby"
            remedy = "It branches on a number, reads .data or draws at random: compute with the Values alone."
            raise wrong("output", expected, f"first {old}, then {new}", remedy)
