"""Recording: a graph of Values becomes flat lists.

It adds the step from objects to data: a node becomes its operation's name and the places of its arguments.
That step is one short function, `flat`. The rest refuses graphs whose lists would be right at one input only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, NamedTuple

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
    _refuse_names(nodes, names)
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
    if isinstance(output, Value):
        if start:
            raise TypeError(
                f"Starting numbers ({', '.join(start)}) go with a function; output is a Value, which has "
                "its numbers already. Pass the leaves as inputs=[...]."
            )
        return _of_value(output, _values("inputs", inputs), watch)
    if not callable(output):
        raise TypeError(f"output must be a Value or a function that returns one; {output!r} came.")
    if inputs is not None or watch is not None:
        raise TypeError(
            "inputs and watch go with a Value as output. With a function, give its inputs as keywords "
            "(w=0.5) and name what you want to watch inside it with .named(...)."
        )
    return _of_function(output, start)


def _of_value(output: Value, leaves: Sequence[Value], watch: Iterable[Value] | None) -> Recording:
    watched = _values("watch", watch)
    # A watched node may stand beside the path to the output: a prediction beside a loss from logits.
    graph = output.graph(*watched)
    _refuse_inputs(output, leaves, below(output, graph))
    for node in watched:
        if not node.name:
            raise ValueError(f"A watched node needs a name; {node!r} has none. Write node.name = 'z'.")
    if watch is None:
        watched = [node for node in graph if node.name and node.parents]
    return flat(graph, output, leaves, watched)


def _of_function(f: Callable[..., Any], start: Mapping[str, float]) -> Recording:
    try:
        signature(f).bind(**start)
    except (TypeError, ValueError) as error:  # ValueError: a function of C that does not say
        raise TypeError(
            f"The function can't be called with the inputs {', '.join(start) or '(none)'}: {error}. "
            "Give one starting number for each of its arguments: Tape.record(f, w=0.5, x=1.0); if they "
            "have no names, wrap it: Tape.record(lambda x: f(x), x=1.0)."
        ) from None
    leaves = {name: Value(number, name) for name, number in start.items()}
    recording = _of_result(f(**leaves), leaves)
    # A second call nearby shows what the function read from the numbers instead of from the graph.
    for step in (2.0**-10, -(2.0**-10)):
        try:
            near = {name: Value(x.data + step * (1 + abs(x.data)), name) for name, x in leaves.items()}
            again = f(**near)
        except ValueError:
            continue  # The neighbour lies outside the function's domain; the other side may not.
        _refuse_difference(recording.nodes, _of_result(again, near).nodes)
        break
    return recording


def _of_result(output: Any, leaves: Mapping[str, Value]) -> Recording:
    """Record what a function returned for these new leaves."""
    for name, leaf in leaves.items():
        if leaf.name != name:
            raise ValueError(
                f"The function renames its input {name!r} to {leaf.name!r}, but an input is known by the "
                "name of the argument. Rename the argument itself, or name something computed from it."
            )
    if not isinstance(output, Value):
        raise TypeError(f"The function must return a Value; {type(output).__name__} {output!r} came.")
    born = min((leaf.serial for leaf in leaves.values()), default=0)
    oldest = output.graph()[0]
    if oldest.serial < born:
        raise ValueError(
            f"The function mixes in a Value of another recording: {oldest!r}. Pass it as an argument, "
            "or use its .data if it is meant as a constant."
        )
    return _of_value(output, list(leaves.values()), None)


# What can't be recorded.


def _values(argument: str, nodes: Iterable[Value] | None) -> list[Value]:
    if isinstance(nodes, Value) or not isinstance(nodes, Iterable | None):
        raise TypeError(f"{argument} must be a list of Values, as in {argument}=[a, b]; {nodes!r} came.")
    found = [] if nodes is None else list(nodes)
    for node in found:
        if not isinstance(node, Value):
            raise TypeError(f"{argument} must hold Values; {type(node).__name__} {node!r} came.")
    if len(set(found)) != len(found):
        raise ValueError(f"{argument} lists a node twice: {', '.join(node.name for node in found)}.")
    return found


def _refuse_inputs(output: Value, leaves: Sequence[Value], reached: set[Value]) -> None:
    if not leaves:
        raise ValueError(
            "A tape needs an input to move: Tape.record(loss, inputs=[w]) or Tape.record(f, w=0.5)."
        )
    for leaf in leaves:
        if not leaf.name:
            raise ValueError(f"An input needs a name; {leaf!r} has none. Write Value({leaf.data}, 'w').")
        if leaf.parents:
            raise ValueError(f"An input must be a leaf; {leaf!r} is computed from other Values.")
        if leaf not in reached:
            raise ValueError(
                f"The output {output.name or 'output'!r} does not depend on the input {leaf.name!r}. "
                "Leave it out, or check that both belong to the same recording."
            )


def _refuse_names(nodes: Sequence[Node], names: Sequence[Any]) -> None:
    for (op, *_), name in zip(nodes, names, strict=True):
        if not isinstance(name, str):
            raise TypeError(f"Names must be strings; {name!r} came.")
        if name and op == "const":
            raise ValueError(
                f"The leaf {name!r} has a name but is not listed in inputs. Add it, or clear its name if it "
                "is a constant."
            )
    twice = [name for name, times in Counter(names).items() if name and times > 1]
    if twice:
        raise ValueError(f"Names must differ; used more than once: {', '.join(twice)}.")


def _refuse_difference(nodes: Sequence[Node], again: Sequence[Node]) -> None:
    if [node[0] for node in nodes] != [node[0] for node in again]:
        raise ValueError(
            "The function built two different graphs at two nearby inputs, so a tape would be right for "
            "one only. Replace Python's if, loops that depend on the numbers and random draws by "
            "operations."
        )
    for i, (old, new) in enumerate(zip(nodes, again, strict=True)):
        if old[0] != "input" and old != new:
            raise ValueError(
                f"Node {i} ({old[0]}) differs between two nearby inputs: {old[1:]} and {new[1:]}. The "
                "function reads .data or draws a random number; compute with the Values themselves."
            )
