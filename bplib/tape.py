"""The tape: a graph of Values, recorded once as flat lists, to be run again on other numbers.

It adds speed and a form that travels. NumPy replays a tape over thousands of samples in one call, and the
same lists as JSON are what the figures of the book compute with in the reader's browser.
"""

import reprlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from bplib.ops import rules
from bplib.scalar import Value

RULES = rules(np)
FORMAT = "bplib.tape"
VERSION = 1

#: A node: the name of its operation, then the places of its arguments; for a leaf its recorded number.
Node = tuple[Any, ...]
LEAVES = ("input", "const")


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
        self,
        nodes: Sequence[Node],
        names: Sequence[str],
        inputs: Sequence[int],
        watch: Sequence[int],
        output: int,
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

    @classmethod
    def record(
        cls,
        /,
        output: Value | Callable[..., Value],
        inputs: Iterable[Value] | None = None,
        watch: Iterable[Value] | None = None,
        **start: float,
    ) -> "Tape":
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

        Returns
        -------
        Tape

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
        if isinstance(output, Value):
            if start:
                raise TypeError(
                    f"Starting numbers ({', '.join(start)}) go with a function; output is a Value, which has "
                    "its numbers already. Pass the leaves as inputs=[...]."
                )
            return cls._from_graph(output, inputs, watch)
        if not callable(output):
            raise TypeError(f"output must be a Value or a function that returns one; {output!r} came.")
        if inputs is not None or watch is not None:
            raise TypeError(
                "inputs and watch go with a Value as output. With a function, give its inputs as keywords "
                "(w=0.5) and name what you want to watch inside it with .named(...)."
            )
        try:
            signature(output).bind(**start)
        except (TypeError, ValueError) as error:  # ValueError: a function of C that does not say
            raise TypeError(
                f"The function can't be called with the inputs {', '.join(start) or '(none)'}: {error}. "
                "Give one starting number for each of its arguments: Tape.record(f, w=0.5, x=1.0); if they "
                "have no names, wrap it: Tape.record(lambda x: f(x), x=1.0)."
            ) from None
        leaves = {name: Value(number, name) for name, number in start.items()}
        tape = cls._from_call(leaves, output(**leaves))
        # A second call nearby shows what the function read from the numbers instead of from the graph.
        for step in (2.0**-10, -(2.0**-10)):
            try:
                near = {name: Value(x + step * (1 + abs(x)), name) for name, x in tape.start().items()}
                again = output(**near)
            except ValueError:
                continue  # The neighbour lies outside the function's domain; the other side may not.
            tape._compare(cls._from_call(near, again))
            break
        return tape

    @classmethod
    def _from_call(cls, leaves: dict[str, Value], output: Any) -> "Tape":
        """Turn what a function returned for these new leaves into a tape."""
        for name, leaf in leaves.items():
            if leaf.name != name:
                raise ValueError(
                    f"The function renames its input {name!r} to {leaf.name!r}, but an input is known by the "
                    "name of the argument. Rename the argument itself, or name something computed from it."
                )
        if not isinstance(output, Value):
            raise TypeError(f"The function must return a Value; {type(output).__name__} {output!r} came.")
        born = min((leaf.serial for leaf in leaves.values()), default=0)
        for node in output.graph():
            if node.serial < born:
                raise ValueError(
                    f"The function mixes in a Value of another recording: {node!r}. Pass it as an argument, "
                    "or use its .data if it is meant as a constant."
                )
        return cls._from_graph(output, leaves.values(), None)

    @classmethod
    def _from_graph(
        cls, output: Value, inputs: Iterable[Value] | None, watch: Iterable[Value] | None
    ) -> "Tape":
        leaves = _values("inputs", inputs)
        watched = _values("watch", watch)
        output_name = output.name or "output"
        reached = set(output.graph())
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
                    f"The output {output_name!r} does not depend on the input {leaf.name!r}. Leave it out, "
                    "or check that both belong to the same recording."
                )
        for node in watched:
            if not node.name:
                raise ValueError(f"A watched node needs a name; {node!r} has none. Write node.name = 'z'.")
        # A watched node may stand beside the path to the output: a prediction beside a loss from logits.
        graph = sorted(reached.union(*(node.graph() for node in watched)), key=lambda node: node.serial)
        listed = set(leaves)
        for node in graph:
            if not isinstance(node.name, str):
                raise TypeError(f"Names must be strings; {node.name!r} came.")
            if node.name and not node.parents and node not in listed:
                raise ValueError(
                    f"The leaf {node.name!r} has a name but is not listed in inputs. Add it, or clear its "
                    "name if it is a constant."
                )
        names = [output_name if node is output else node.name for node in graph]
        twice = [name for name, times in Counter(names).items() if name and times > 1]
        if twice:
            raise ValueError(f"Names must differ; used more than once: {', '.join(twice)}.")
        place = {node: i for i, node in enumerate(graph)}
        if watch is None:
            watched = [node for node in graph if node.name and node.parents and node is not output]
        nodes: list[Node] = [
            (node.op, *(place[parent] for parent in node.parents))
            if node.parents
            else ("input" if node in listed else "const", node.data)
            for node in graph
        ]
        return cls(
            nodes,
            names,
            [place[leaf] for leaf in leaves],
            [place[node] for node in watched if node is not output],
            place[output],
        )

    def _compare(self, again: "Tape") -> None:
        if [node[0] for node in self.nodes] != [node[0] for node in again.nodes]:
            raise ValueError(
                "The function built two different graphs at two nearby inputs, so a tape would be right for "
                "one only. Replace Python's if, loops that depend on the numbers and random draws by "
                "operations."
            )
        for i, (old, new) in enumerate(zip(self.nodes, again.nodes, strict=True)):
            if old[0] != "input" and old != new:
                raise ValueError(
                    f"Node {i} ({old[0]}) differs between two nearby inputs: {old[1:]} and {new[1:]}. The "
                    "function reads .data or draws a random number; compute with the Values themselves."
                )

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

    def forward(self, /, **inputs: Any) -> dict[str, Any]:
        """Compute every node at the given inputs.

        Parameters
        ----------
        **inputs : float or array_like
            Numbers for the inputs, by name; arrays are broadcast to one shape and every entry is a sample.
            An input that is left out keeps its recorded number.

        Returns
        -------
        dict of str to numpy.ndarray or numpy.float64
            The value of each input, watched node and the output, all of the one shape. A sample in which
            some node is not finite is a gap: NaN throughout.

        Raises
        ------
        ValueError
            If a name is unknown, an input is not finite, or the shapes don't broadcast.
        TypeError
            If an input is not numeric.

        Examples
        --------
        >>> tape = Tape.record(lambda x: x.log(), x=1.0)
        >>> tape.forward(x=[-1.0, 1.0])["output"]
        array([nan,  0.])
        """
        names = {self.names[i]: i for i in self.inputs}
        unknown = [name for name in inputs if name not in names]
        if unknown:
            raise ValueError(f"Unknown input {', '.join(unknown)}; this tape has {', '.join(names)}.")
        leaves = {names[name]: _samples(name, x) for name, x in inputs.items()}
        try:
            shape = np.broadcast_shapes(*(x.shape for x in leaves.values()))
        except ValueError:
            shapes = ", ".join(f"{self.names[i]} {x.shape}" for i, x in leaves.items())
            raise ValueError(f"The inputs must broadcast to one shape; these came: {shapes}.") from None
        values = np.empty((len(self.nodes), *shape))
        for i, (op, *args) in enumerate(self.nodes):
            if op in LEAVES:
                values[i] = leaves.get(i, args[0])
        local_grads: list[tuple[Any, ...]] = [()] * len(self.nodes)
        # One row a node. A number outside an operation's domain is a gap in the result, not a warning.
        rows = list(values) if shape else [values[i : i + 1] for i in range(len(values))]
        with np.errstate(all="ignore"):
            for i, op, args, _ in self._steps:
                rows[i][...], local_grads[i] = RULES[op](*[rows[j] for j in args])
        self._values, self._locals = values, local_grads
        return self._report(values, ~np.isfinite(values).all(axis=0))

    def backward(self) -> dict[str, Any]:
        r"""Differentiate the output at the inputs of the last `forward`.

        Returns
        -------
        dict of str to numpy.ndarray or numpy.float64
            d output / d node for each input, watched node and the output itself, sample by sample; a mean
            or a sum over samples is the caller's. Gaps are NaN.

        Raises
        ------
        ValueError
            If there was no `forward`.

        Notes
        -----
        The same chain rule as `bplib.scalar.Value.backward`, with an array in place of each number.

        Examples
        --------
        >>> tape = Tape.record(lambda x: x**3, x=2.0)
        >>> _ = tape.forward(x=[1.0, 2.0])
        >>> tape.backward()["x"]
        array([ 3., 12.])
        """
        if self._values is None:
            raise ValueError("backward needs the values of a run; call forward(...) first.")
        grads = np.zeros_like(self._values)
        grads[self.output] = 1.0
        rows = list(grads) if grads.ndim > 1 else [grads[i : i + 1] for i in range(len(grads))]
        with np.errstate(all="ignore"):
            for i, _, _, moving in reversed(self._steps):
                for k, j in moving:
                    rows[j] += rows[i] * self._locals[i][k]
        return self._report(grads, ~(np.isfinite(grads) & np.isfinite(self._values)).all(axis=0))

    def _report(self, rows: np.ndarray, gap: Any) -> dict[str, Any]:
        return {self.names[i]: np.where(gap, np.nan, rows[i])[()] for i in self.order}

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

    @classmethod
    def from_dict(cls, d: Any) -> "Tape":
        """Return the tape that `to_dict` described, after checking every part of the description.

        Raises
        ------
        ValueError
            If anything is missing, unknown, out of order or not finite; the message says where.

        Examples
        --------
        >>> tape = Tape.record(lambda x: x * 2, x=3.0)
        >>> Tape.from_dict(tape.to_dict())
        Tape(x -> output; 3 nodes)
        """
        keys = {"format", "version", "nodes", "names", "inputs", "watch", "output"}
        _expect(isinstance(d, dict) and set(d) == keys, f"a dict with the keys {', '.join(sorted(keys))}", d)
        kind = [d["format"], d["version"]]
        _expect(kind == [FORMAT, VERSION] and type(kind[1]) is int, f"{FORMAT} version {VERSION}", kind)
        nodes, named = d["nodes"], d["names"]
        _expect(isinstance(nodes, list) and len(nodes) > 0, "a list of nodes", nodes)
        for i, node in enumerate(nodes):
            _expect(isinstance(node, list) and len(node) > 1, f"node {i} to be [op, ...]", node)
            op, *args = node
            if op in LEAVES:
                fine = len(args) == 1 and type(args[0]) in (int, float)
                # This comparison, unlike isfinite, takes an integer of any size.
                fine = fine and abs(args[0]) <= sys.float_info.max
                _expect(fine, f"leaf {i} to hold one finite number", node)
            else:
                known = isinstance(op, str) and op in ARITY
                _expect(known, f"node {i} to be one of {', '.join((*LEAVES, *ARITY))}", op)
                _expect(len(args) == ARITY[op], f"{ARITY[op]} arguments for {op} at node {i}", node)
                _expect(
                    all(_is_place(j, i) for j in args), f"the arguments of node {i} to come before it", node
                )
        count = len(nodes)
        _expect(isinstance(named, list), "a list of names", named)
        names = [""] * count
        used: set[str] = set()
        for entry in named:
            fine = isinstance(entry, list) and len(entry) == 2 and _is_place(entry[0], count)
            _expect(fine and isinstance(entry[1], str) and entry[1], "names as [place, name]", entry)
            _expect(entry[1] not in used and not names[entry[0]], "each name and place once", entry)
            names[entry[0]] = entry[1]
            used.add(entry[1])
        for key in ("inputs", "watch"):
            fine = isinstance(d[key], list) and all(_is_place(i, count) and names[i] for i in d[key])
            _expect(fine and len(set(d[key])) == len(d[key]), f"{key} as a list of named nodes", d[key])
        marked = [i for i, node in enumerate(nodes) if node[0] == "input"]
        _expect(marked and sorted(d["inputs"]) == marked, "inputs to list every input node once", d["inputs"])
        _expect(
            _is_place(d["output"], count) and names[d["output"]], "the output to be a named node", d["output"]
        )
        reached = {d["output"]}
        for i in range(d["output"], -1, -1):
            if i in reached and nodes[i][0] not in LEAVES:
                reached.update(nodes[i][1:])
        _expect(reached.issuperset(marked), "the output to depend on every input", marked)
        nodes = [(node[0], float(node[1])) if node[0] in LEAVES else tuple(node) for node in nodes]
        return cls(nodes, names, d["inputs"], d["watch"], d["output"])

    def __repr__(self) -> str:
        names = [self.names[i] for i in self.inputs]
        inputs = ", ".join(names if len(names) < 9 else [*names[:6], "...", names[-1]])
        return f"Tape({inputs} -> {self.names[self.output]}; {len(self.nodes)} nodes)"


#: How many arguments each operation takes.
ARITY = {op: len(signature(rule).parameters) for op, rule in RULES.items()}


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


def _samples(name: str, x: Any) -> np.ndarray:
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"The input {name!r} must have one shape; its rows differ in length.") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"The input {name!r} must be real numbers; {array.dtype} came ({reprlib.repr(x)}). "
            "Give floats, or an array of floats."
        )
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise ValueError(f"The input {name!r} must be finite; it holds NaN or infinity. Drop those samples.")
    return array


def _is_place(i: Any, below: int) -> bool:
    return type(i) is int and 0 <= i < below


def _expect(condition: Any, expected: str, came: Any) -> None:
    if not condition:
        raise ValueError(
            f"Not a valid tape: expected {expected}; got {reprlib.repr(came)}. "
            "Make it again with Tape.record(...).to_dict()."
        )
