"""The tape: a graph of Values as flat lists, to be run again on other numbers.

It adds speed and a form that travels. NumPy replays a tape over thousands of samples in one call, and the
same lists as JSON are what the figures of the book compute with in the reader's browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from bplib.contract import as_reals, check_finite, check_one_of, wrong
from bplib.ops import rules
from bplib.recording import LEAVES, Node, record
from bplib.scalar import Value

RULES = rules(np)
#: How many arguments each operation takes.
ARITY = {op: len(signature(rule).parameters) for op, rule in RULES.items()}
FORMAT = "bplib.tape"
VERSION = 1


class Tape:
    """A recorded graph of scalar operations. Make one with `Tape.record`.

    Attributes
    ----------
    nodes : list of tuple
        In topological order: ``("input", number)``, ``("const", number)`` or ``(op, i, j)`` with the places
        of the arguments.
    names : list of str
        The name of each node, ``""`` where it has none.
    inputs, watch : list of int
        The places of the inputs, and of the further nodes that are reported.
    output : int
        The place of the output, the number that is differentiated.

    Examples
    --------
    >>> tape = Tape.record(lambda w, x: (w * x).sigmoid().named("a"), w=0.0, x=1.0)
    >>> tape.forward(w=[0.0, 1.0], x=1.0)["a"].round(4)
    array([0.5   , 0.7311])
    >>> tape.backward()["w"].round(4)
    array([0.25  , 0.1966])
    """

    def __init__(
        self, nodes: list[Node], names: list[str], inputs: list[int], watch: list[int], output: int
    ) -> None:
        self.nodes = list(nodes)
        self.names = list(names)
        self.inputs = list(inputs)
        self.watch = list(watch)
        self.output = output
        # What a run needs: for each operation its place, its name, its arguments, and which of them can move.
        self._steps = [
            (i, op, args, [(k, j) for k, j in enumerate(args) if self.nodes[j][0] != "const"])
            for i, (op, *args) in enumerate(self.nodes)
            if op not in LEAVES
        ]
        self._values: np.ndarray | None = None
        self._locals: list[tuple[Any, ...]] = []

    def forward(self, /, **inputs: Any) -> dict[str, Any]:
        """Compute every node at the given inputs.

        Parameters
        ----------
        **inputs : float or array_like
            By name. Arrays are broadcast to one shape, and every entry is a sample; an input that is left
            out keeps its recorded number.

        Returns
        -------
        dict of str to numpy.ndarray or numpy.float64
            The value of each input, watched node and the output. A sample in which some node is not finite
            is a gap: NaN throughout.

        Raises
        ------
        ValueError, TypeError
            If a name is unknown, an input is no finite number, or the shapes don't broadcast.

        Examples
        --------
        >>> Tape.record(lambda x: x.log(), x=1.0).forward(x=[-1.0, 1.0])["output"]
        array([nan,  0.])
        """
        leaves, shape = _samples(inputs, [self.names[i] for i in self.inputs])
        values = np.empty((len(self.nodes), *shape))
        for i, (op, *args) in enumerate(self.nodes):
            if op in LEAVES:
                values[i] = leaves.get(self.names[i], args[0])
        local_grads: list[tuple[Any, ...]] = [()] * len(self.nodes)
        rows = _rows(values)
        # A number outside an operation's domain is a gap in the result, not a warning.
        with np.errstate(all="ignore"):
            for i, op, args, _ in self._steps:
                rows[i][...], local_grads[i] = RULES[op](*[rows[j] for j in args])
        self._values, self._locals = values, local_grads
        return self._report(values, ~np.isfinite(values).all(axis=0))

    def backward(self) -> dict[str, Any]:
        """Differentiate the output at the inputs of the last `forward`, sample by sample.

        The chain rule is that of `bplib.scalar.Value.backward`, with an array in place of each number.

        Returns
        -------
        dict of str to numpy.ndarray or numpy.float64
            d output / d node for each input, watched node and the output itself. Gaps are NaN.

        Raises
        ------
        ValueError
            If there was no `forward`.

        Examples
        --------
        >>> tape = Tape.record(lambda x: x**3, x=2.0)
        >>> _ = tape.forward(x=[1.0, 2.0])
        >>> tape.backward()["x"]
        array([ 3., 12.])
        """
        if self._values is None:
            raise wrong("Tape.backward", "a forward before it", "none", "Call forward(...) first.")
        grads = np.zeros_like(self._values)
        grads[self.output] = 1.0
        rows = _rows(grads)
        with np.errstate(all="ignore"):
            for i, _, _, moving in reversed(self._steps):
                for k, j in moving:
                    rows[j] += rows[i] * self._locals[i][k]
        return self._report(grads, ~(np.isfinite(grads) & np.isfinite(self._values)).all(axis=0))

    def _report(self, rows: np.ndarray, gap: Any) -> dict[str, Any]:
        return {self.names[i]: np.where(gap, np.nan, rows[i])[()] for i in self.order}

    @property
    def order(self) -> list[int]:
        """The places of everything that a run reports: inputs, watched nodes, output."""
        return [*self.inputs, *self.watch, self.output]

    def start(self) -> dict[str, float]:
        """Return the numbers the inputs had when the tape was recorded.

        Examples
        --------
        >>> Tape.record(lambda w: w * w, w=3.0).start()
        {'w': 3.0}
        """
        return {self.names[i]: self.nodes[i][1] for i in self.inputs}

    @classmethod
    def record(
        cls,
        /,
        output: Value | Callable[..., Value],
        inputs: Iterable[Value] | None = None,
        watch: Iterable[Value] | None = None,
        **start: float,
    ) -> Tape:
        """Record the graph of `output`, or of a function at the numbers `start`.

        Parameters
        ----------
        output : Value or callable
            The node to differentiate; or a function of Values that returns it. A function is called twice,
            at `start` and near it, with one named Value for each keyword.
        inputs : iterable of Value
            The named leaves that a run may change. Only with a Value as `output`.
        watch : iterable of Value, optional
            Named nodes to report besides; by default every named node of the graph.
        **start : float
            The inputs of the function, by name, and the numbers to record them at.

        Raises
        ------
        ValueError
            If there is no input, a name is missing or given twice, the output does not depend on an input, a
            named leaf is not listed as an input, or the two calls of the function built different graphs.
        TypeError
            If `output` or an input is not a Value.

        Examples
        --------
        >>> w, x = Value(0.5, "w"), Value(2.0, "x")
        >>> loss = (w * x - 3) ** 2
        >>> Tape.record(loss.named("loss"), inputs=[w, x])
        Tape(w, x -> loss; 7 nodes)
        """
        return cls(*record(output, inputs, watch, start))

    def __repr__(self) -> str:
        names = [self.names[i] for i in self.inputs]
        inputs = ", ".join(names if len(names) < 9 else [*names[:6], "...", names[-1]])
        return f"Tape({inputs} -> {self.names[self.output]}; {len(self.nodes)} nodes)"

    # The form that travels.

    def to_dict(self) -> dict[str, Any]:
        """Return the tape as plain lists, numbers and strings, ready for JSON.

        Examples
        --------
        >>> Tape.record(lambda x: x * 2, x=3.0).to_dict()["nodes"]
        [['input', 3.0], ['const', 2.0], ['mul', 0, 1]]
        """
        return {
            "format": FORMAT,
            "version": VERSION,
            "nodes": [list(node) for node in self.nodes],
            "names": [[i, name] for i, name in enumerate(self.names) if name],
            "inputs": list(self.inputs),
            "watch": list(self.watch),
            "output": self.output,
        }


def _rows(values: np.ndarray) -> list[np.ndarray]:
    """Return one array a node, in place: also where a sample is a single number."""
    return list(values) if values.ndim > 1 else [values[i : i + 1] for i in range(len(values))]


# What a run can't take.


def _samples(inputs: dict[str, Any], names: Sequence[str]) -> tuple[dict[str, np.ndarray], tuple[int, ...]]:
    """Return the inputs as arrays of floats, and the one shape to which they broadcast."""
    for name in inputs:
        check_one_of("input", name, names)
    samples = {name: as_reals(name, x) for name, x in inputs.items()}
    for name, x in samples.items():
        check_finite(name, x, "Drop those samples.")
    shapes = [x.shape for x in samples.values()]
    try:
        return samples, np.broadcast_shapes(*shapes)
    except ValueError:
        remedy = "Give each input one number, or one for each sample."
        raise wrong(", ".join(samples), "shapes that broadcast to one", shapes, remedy) from None
