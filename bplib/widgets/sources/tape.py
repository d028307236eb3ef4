"""A recorded graph of single numbers as a figure's source.

Its inputs move, each named node can be read. It adds to the tape which inputs are parameters, the steps
against the gradient, and samples that can be put in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bplib.contract import wrong
from bplib.diagram import form, labels
from bplib.recording import LEAVES
from bplib.tape import Tape
from bplib.widgets.program import grid
from bplib.widgets.sources.base import Quantity, Source


def on_grid(tape: Tape, inputs: Mapping[str, Any], q: Mapping[str, Any]) -> Any:
    """Return a node on a grid of two inputs, the others as they are; NaN where the graph is undefined.

    Other inputs may have a further axis in front, of length 1 for what stays.

    Examples
    --------
    >>> from bplib.widgets.program import field
    >>> tape = Tape.record(lambda w, b: w * 10 + b, w=0.0, b=0.0)
    >>> on_grid(tape, {}, field("output", (0, 2), (0, 4), over=("w", "b"), cells=2))
    array([[ 6., 16.],
           [ 8., 18.]])
    """
    names = [tape.names[i] for i in tape.inputs]
    over: Sequence[str] = q.get("over") or ()
    if len(over) != 2 or over[0] == over[1] or any(name not in names for name in over):
        remedy = f'field("{q["field"]}", (-2, 2), (-2, 2), over=(...)) with two of them.'
        raise wrong("over", f"two inputs, of {', '.join(names)}", f"{tuple(over)!r}", remedy)
    values = tape.forward(**{**inputs, **dict(zip(over, grid(q).T, strict=True))})
    if q["field"] not in values:
        raise wrong("field", f"a named node, {', '.join(values)}", f"{q['field']!r}", "Name one.")
    found = values[q["field"]]
    return found.reshape(*found.shape[:-1], q["cells"], q["cells"])


class TapeSource(Source):
    """A tape, its parameters as places among the inputs, its data as ``[n, column]``, and what counts."""

    def __init__(
        self, tape: Tape, params: list[int], data: list[list[Any]], whole: Sequence[int] = ()
    ) -> None:
        self.tape, self.params, self.data, self.whole = tape, params, data, whole
        self.names = [tape.names[i] for i in tape.inputs]
        self.start = [float(tape.nodes[i][1]) for i in tape.inputs]
        self.output = tape.names[tape.output]
        self.movable = [*params, *(n for n, _ in data)]
        self.learns = bool(params)

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        names, formulas, _ = labels(self.tape)
        ops = dict.fromkeys(op for op, *_ in self.tape.nodes if op not in LEAVES)
        # What nodes are called, how they are computed where that is not their name, how an op is written.
        told = {
            "names": names,
            "formulas": [
                formula if formula != name else "" for name, formula in zip(names, formulas, strict=True)
            ],
            "forms": {op: list(form(op)) for op in ops},
        }
        spec = {"kind": "tape", "tape": self.tape.to_dict(), "labels": told, "params": self.params}
        return {**spec, **{key: of for key, of in (("data", self.data), ("whole", list(self.whole))) if of}}

    def run(self, inputs: Sequence[float], rate: float) -> tuple[dict[str, float], dict[str, float]]:
        """Run the tape; return the value of every named node, and d output / d each."""
        values = self.tape.forward(**dict(zip(self.names, inputs, strict=True)))
        gradients = self.tape.backward()
        return {k: float(x) for k, x in values.items()}, {k: float(x) for k, x in gradients.items()}

    def quantity(self, inputs: Sequence[float], rate: float, q: Quantity) -> Any:
        """Return the number that a node's name stands for, or its gradient, or a field of it."""
        if not isinstance(q, str) and "field" in q:
            return on_grid(self.tape, dict(zip(self.names, inputs, strict=True)), q)
        values, gradients = self.run(inputs, rate)
        known, name = (values, q) if isinstance(q, str) else (gradients, q.get("d"))
        if name not in known:
            raise wrong(
                "quantity", f"a named node, {', '.join(known)}", f"{q!r}", "A graph has no arrays to name."
            )
        return np.float64(known[name])

    def step(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs after one gradient step."""
        if not self.params:
            return super().step(inputs, rate)
        return self._moved(inputs, rate, self.run(inputs, rate)[1])

    def epoch(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs after one step against the gradient averaged over all samples."""
        if not (self.params and self.data):
            return super().epoch(inputs, rate)
        columns = {self.names[n]: column for n, column in self.data}
        self.tape.forward(**{**dict(zip(self.names, inputs, strict=True)), **columns})
        means = {name: float(slopes.mean()) for name, slopes in self.tape.backward().items()}
        return self._moved(inputs, rate, means)

    def _moved(self, inputs: Sequence[float], rate: float, gradients: Mapping[str, float]) -> list[float]:
        return [
            x - rate * gradients[name] if n in self.params else x
            for n, (name, x) in enumerate(zip(self.names, inputs, strict=True))
        ]

    def select(self, inputs: Sequence[float], sample: int) -> list[float]:
        """Return the inputs with one sample of the data put in."""
        count = len(self.data[0][1]) if self.data else 0
        if sample not in range(count) or isinstance(sample, float):
            raise ValueError(f"There is no sample {sample!r}; this figure has {count}, counted from 0.")
        columns = dict(map(tuple, self.data))
        return [columns[n][sample] if n in columns else x for n, x in enumerate(inputs)]
