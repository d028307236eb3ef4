"""A program of arrays as a figure's source: entries, rows, seed and steps of training move.

Its inputs are numbers by name, so that a state is a few numbers whatever the size of the network:

- ``"0.W[1][0]"``, ``"x[0][1]"``: an entry of a parameter, of the samples;
- ``"rows"``: how many samples a batch has;
- ``"seed"``, ``"spread"``: of the parameters that are drawn; `spread` times as wide as was said;
- ``"sum"``: 1 for the loss summed over the rows, 0 for the mean that it is;
- ``"steps"``: of training, replayed from its start.

Any other name is a choice to which quantities refer: ``d("0.W", sample="sample")``, and
``vjp("out", "cell", "x")`` with the inputs ``"cell[0]"`` and ``"cell[1]"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bplib.contract import wrong
from bplib.optim import Optimizer
from bplib.widgets.program import Program
from bplib.widgets.sources.base import Quantity
from bplib.widgets.sources.training import Trained

_ENTRY = re.compile(r"(.+?)((?:\[\d+\])+)")


class ProgramSource(Trained):
    """A program, the names of its inputs, and what trains it.

    Raises
    ------
    ValueError
        If an input names an entry that there is not.
    TypeError
        If what trains it is none of bplib's optimisers with one learning rate.
    """

    def __init__(self, program: Program, names: Iterable[str], optimizer: Optimizer | None = None) -> None:
        super().__init__(names, optimizer)
        self.program = program.again()
        self.entries = {name: self._entry(found) for name in self.names if (found := _ENTRY.fullmatch(name))}
        self.entries = {name: entry for name, entry in self.entries.items() if entry[0]}
        self.start = [self._start(name) for name in self.names]
        # Rows, seeds, steps and choices count; entries of arrays and the spread don't.
        self.whole = [n for n, name in enumerate(self.names) if name not in {*self.entries, "spread"}]

    def _entry(self, found: re.Match[str]) -> tuple[str, tuple[int, ...]]:
        """Return the array and the cell that an input names; no array where it is a choice."""
        array, cell = found[1], tuple(map(int, re.findall(r"\d+", found[2])))
        given = {**self.program.arrays, **self.program.samples}
        if array not in (*self.program.params, *self.program.fixed, "x", "y"):
            return "", cell
        shape = given[array].shape
        if len(cell) != len(shape) or any(k >= n for k, n in zip(cell, shape, strict=True)):
            remedy = f"Count from 0, one number for each axis: {array}{''.join('[0]' for _ in shape)}."
            raise wrong("controls", f"a cell of {array}, which has shape {shape}", found[0], remedy)
        return array, cell

    def _start(self, name: str) -> float:
        if name in self.entries:
            array, cell = self.entries[name]
            return float(self.program.samples.get(array, self.program.arrays[array])[cell])
        return float({"rows": self.program.rows, "seed": self.program.seed, "spread": 1}.get(name, 0))

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        return {
            "kind": "program",
            "program": self.program.to_dict(),
            "names": self.names,
            "start": self.start,
            "whole": self.whole,
            **self.rule,
        }

    def at(self, inputs: Sequence[float], rate: float) -> Program:
        """Return the program at these inputs, run."""
        now = dict(zip(self.names, inputs, strict=True))
        program = self.program.again(int(now.get("rows", self.program.rows)))
        program.draw(int(now.get("seed", program.seed)), now.get("spread", 1.0))
        program.weight = float(program.rows) if now.get("sum") else 1.0
        for name, (array, cell) in self.entries.items():
            kept = program.samples if array in program.samples else program.arrays
            kept[array] = kept[array].copy()
            kept[array][cell] = now[name]
        program.arrays |= {name: array[: program.rows] for name, array in program.samples.items()}
        if self.optimizer is not None:
            program.train(self.trainer(rate), int(now.get("steps", 0)))
            program.next()
        program.run()
        return program

    def run(self, inputs: Sequence[float], rate: float) -> tuple[dict[str, float], dict[str, float]]:
        """Return the inputs and the loss; an input of an array has a gradient too."""
        program = self.at(inputs, rate)
        grads = program.gradients()
        values = {**dict(zip(self.names, inputs, strict=True)), "loss": float(program.arrays["loss"])}
        # That of a row which is not in the batch is 0.
        slopes = {}
        for name, (array, cell) in self.entries.items():
            inside = array in grads and cell[0] < len(grads[array])
            slopes[name] = float(grads[array][cell]) if inside else 0.0
        return values, slopes

    def quantity(self, inputs: Sequence[float], rate: float, q: Quantity) -> Any:
        """Return what a name stands for; a choice in it is read off the inputs."""
        program = self.at(inputs, rate)
        return program.quantity(self._resolved(program, inputs, q))

    def _resolved(self, program: Program, inputs: Sequence[float], q: Quantity) -> Quantity:
        """Put numbers in place of the inputs that a quantity names; beyond the last row is the last."""
        if isinstance(q, str):
            return q
        now = dict(zip(self.names, inputs, strict=True))
        found: Mapping[str, Any] = q
        if isinstance(sample := q.get("sample"), str) and sample != "each":
            if sample not in now:
                raise self._unknown(sample)
            found = {**found, "sample": min(int(now[sample]), program.rows - 1)}
        if isinstance(cell := q.get("cell"), str):
            numbers = [int(x) for name, x in now.items() if name.startswith(f"{cell}[")]
            if not numbers:
                raise self._unknown(f"{cell}[0]")
            sizes = np.shape(program.quantity(q["vjp"]))
            found = {**found, "cell": [min(k, n - 1) for k, n in zip(numbers, sizes, strict=False)]}
        return found

    def _unknown(self, name: str) -> Exception:
        return wrong(
            "quantity",
            f"an input of the figure, {', '.join(self.names)}",
            name,
            "Make it a control, or pick it.",
        )
