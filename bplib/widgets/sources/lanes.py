"""Many seeds of one graph as a figure's source: which seeds, how wide they start, how far they are trained.

Its inputs are ``"steps"`` of training, ``"seed"``, the first of them, and ``"spread"``, how many times as
wide as was said the parameters are drawn. What can be named:

- the loss by its name: one number a seed, the mean over the samples;
- a parameter: one number a seed; a column of the data: one number a sample;
- any other named node: seeds by samples;
- ``field("z", (-2, 2), (-2, 2), over=("x1", "x2"))``: a node on a grid of two inputs, for each seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bplib.contract import Array, wrong
from bplib.optim import Optimizer
from bplib.tape import Tape
from bplib.widgets.sources.base import Quantity
from bplib.widgets.sources.tape import on_grid
from bplib.widgets.sources.training import Trained

if TYPE_CHECKING:
    from bplib.widgets.seeds import Seeds

#: The inputs there are, and where they start.
INPUTS = {"steps": 0.0, "seed": 0.0, "spread": 1.0}


class LanesSource(Trained):
    """The seeds, the names of the inputs, and what trains them.

    Raises
    ------
    ValueError
        If an input has another name.
    """

    def __init__(self, seeds: Seeds, names: Iterable[str], optimizer: Optimizer) -> None:
        super().__init__(names, optimizer)
        self.seeds = seeds
        if unknown := set(self.names) - set(INPUTS):
            raise wrong("controls", f"among {', '.join(INPUTS)}", ", ".join(sorted(unknown)), "Name those.")
        self.start = [INPUTS[name] for name in self.names]
        self.whole = [n for n, name in enumerate(self.names) if name != "spread"]
        self.output = seeds.tape.names[seeds.tape.output]
        # Training takes seconds here, and one state is asked for several things.
        self._trained = lru_cache(maxsize=4)(self._train)

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        return {
            "kind": "lanes",
            "seeds": self.seeds.to_dict(),
            "names": self.names,
            "start": self.start,
            "whole": self.whole,
            **self.rule,
        }

    def at(self, inputs: Sequence[float], rate: float) -> dict[str, Array]:
        """Return the parameters at these inputs, one number a seed."""
        return self._trained(tuple(inputs), rate)

    def _train(self, inputs: tuple[float, ...], rate: float) -> dict[str, Array]:
        now = {**INPUTS, **dict(zip(self.names, inputs, strict=True))}
        params = self.seeds.start(int(now["seed"]), now["spread"])
        self.seeds.train(params, self.trainer(rate), int(now["steps"]))
        return params

    def run(self, inputs: Sequence[float], rate: float) -> tuple[dict[str, float], dict[str, float]]:
        """Return the inputs and the median of the losses that are numbers; no input has a gradient."""
        losses = self.quantity(inputs, rate, self.output)
        median = float(np.median(losses[np.isfinite(losses)])) if np.isfinite(losses).any() else np.nan
        return {**dict(zip(self.names, inputs, strict=True)), f"median {self.output}": median}, {}

    def quantity(self, inputs: Sequence[float], rate: float, q: Quantity) -> Any:
        """Return what a name stands for."""
        params = self.at(inputs, rate)
        if isinstance(q, str):
            known = {**self.seeds.run(params), **self.seeds.data, **params}
            if q in known:
                return known[q].mean(axis=1) if q == self.output else known[q]
        elif "field" in q:
            tape = _up_to(self.seeds.tape, q["field"])
            inside = {tape.names[i] for i in tape.inputs}
            mine = {name: w[:, None] for name, w in params.items() if name in inside}
            found = on_grid(tape, mine, q)
            return np.broadcast_to(found, (self.seeds.count, *found.shape[-2:]))
        names = ", ".join(self.seeds.tape.names[i] for i in self.seeds.tape.order)
        raise wrong("quantity", f"a named node, {names}", f"{q!r}", "Name one, or a field of one.")


def _up_to(tape: Tape, name: str) -> Tape:
    """Return the part of a tape that leads to a node: what comes after it has no say in a field."""
    named = [tape.names[i] for i in tape.order]
    if name not in named:
        raise wrong("field", f"a named node, {', '.join(named)}", f"{name!r}", "Name one.")
    end = tape.names.index(name)
    inputs = [i for i in tape.inputs if i <= end]
    return Tape(tape.nodes[: end + 1], tape.names[: end + 1], inputs, [], end)
