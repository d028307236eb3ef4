"""Where the nodes of a figure stand: a graph of Values, walked once, and its tape.

It adds to a tape the way back from what an author names, a Value or its name, to places on the tape; and it
says what there is where a name leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bplib.recording import below, flat
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.sources.base import Quantity, Source

Key = Value | str

#: What can stand in a link.
INPUT_NAME = re.compile(r"[^\s:=,#%&]+")


class Places:
    """The graph of an output, with every named leaf as an input.

    Parameters
    ----------
    output : Value
        The node that is differentiated.
    beside : iterable of Value
        Further named nodes to record, such as a prediction beside a loss from logits. Those that need an
        input which the output does not have are left out.

    Attributes
    ----------
    output : Value
    inputs : list of Value
        The named leaves, in the order of the tape's inputs.
    tape : Tape
    spans : dict of int to (float, float)
        How far each control goes, by the place of its input; whoever has controls says it.

    Examples
    --------
    >>> w = Value(2.0, "w")
    >>> places = Places((w * 3).named("y"))
    >>> places.tape
    Tape(w -> y; 3 nodes)
    >>> places.input("controls", w), places.node("bars", "", "y")
    (0, 2)
    """

    def __init__(self, output: Value, beside: Iterable[Value] = ()) -> None:
        self.output = output
        self.spans: dict[int, tuple[float, float]] = {}
        extra = dict.fromkeys(beside)
        graph = output.graph(*extra)
        reached = below(output, graph)
        own: set[Value] = set()
        for node in graph:  # arguments first
            if node in reached or (own.issuperset(node.parents) if node.parents else not node.name):
                own.add(node)
        graph = [node for node in graph if node in own]
        self.inputs = [node for node in graph if node.name and not node.parents]
        watch = [node for node in graph if node.name and node.parents and node in reached]
        watch += [node for node in extra if node in own - reached]
        self.tape = Tape(*flat(graph, output, self.inputs, watch))
        self._places = {node: i for i, node in enumerate(graph)}
        self._named = {name: i for i, name in enumerate(self.tape.names) if name}

    def input(self, argument: str, key: Key) -> int:
        """Return the position among the inputs of a leaf, or of the name of one."""
        if not isinstance(key, Value | str):
            raise TypeError(f"{argument} must hold Values or names; {type(key).__name__} {key!r} came.")
        name = key if isinstance(key, str) else key.name
        found = next((n for n, leaf in enumerate(self.inputs) if leaf.name == name), None)
        # A Value of the same name from another graph must not pass for this one.
        if found is None or (isinstance(key, Value) and self.inputs[found] is not key):
            raise ValueError(
                f"{argument} names {key!r}, but {self.output.name!r} has no such input; it has "
                f"{', '.join(leaf.name for leaf in self.inputs) or 'none'}. Use a named leaf of this graph."
            )
        if not INPUT_NAME.fullmatch(name):
            raise ValueError(f"The input {name!r} can't be part of a link: leave out spaces and : = , # % &.")
        return found

    def node(self, view: str, argument: str, key: Any) -> int:
        """Return the place on the tape of a named node, or of the name of one."""
        found = self.find(key)
        if found is None:
            asked = f"{argument}=..." if argument else "..."
            raise ValueError(
                f"{view}({asked}) needs named nodes on the way to {self.output.name!r}; {key!r} came. "
                f"There are {', '.join(self._named)}."
            )
        return found

    def find(self, key: Any) -> int | None:
        """Return the place of a named node if there is one."""
        name = key.name if isinstance(key, Value) else key
        found = self._named.get(name) if isinstance(name, str) else None
        # A Value of the same name from another graph must not pass for this one.
        return None if isinstance(key, Value) and self._places.get(key) != found else found


class Arrays:
    """What a source of arrays has, at the inputs where its arrays are largest.

    Parameters
    ----------
    source : Source
    most : sequence of float
        Those inputs.
    """

    def __init__(self, source: Source, most: Sequence[float]) -> None:
        self.source = source
        self.most = most

    def shape(self, view: str, q: Quantity) -> tuple[int, ...]:
        """Return the shape of a quantity, or say that there is none."""
        try:
            return np.shape(self.source.quantity(self.most, 1.0, q))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{view}(...) needs a named quantity such as '0.W', d('0.W') or by('layer', 'rms'); "
                f"{q!r} came."
            ) from error
        except ValueError as error:
            raise ValueError(f"{view}(...): {error}") from error

    def input(self, argument: str, name: str) -> int:
        """Return the place of an input."""
        if name not in self.source.names:
            raise ValueError(
                f"{argument} names {name!r}, but the figure has no such input; it has "
                f"{', '.join(self.source.names) or 'none'}."
            )
        return self.source.names.index(name)

    def node(self, view: str, argument: str, q: Quantity) -> Quantity:
        """Return a quantity that is one number."""
        if view == "read":
            raise ValueError(f"read({q!r}) waits for a node of a graph. In a figure of arrays write read().")
        if int(np.prod(self.shape(view, q))) != 1:
            raise ValueError(f"{view}(...) needs a quantity of one number, such as 'loss'; {q!r} came.")
        return q

    def pick(self, name: str) -> list[int]:
        """Return the places of the inputs that hold a cell."""
        return [n for n, other in enumerate(self.source.names) if other.startswith(f"{name}[")]
