"""What every source of a figure's numbers can do.

A source has inputs, which are numbers with names, and everything else follows from them. It keeps no state:
each method takes the inputs, and the learning rate where something learns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Quantity = str | Mapping[str, Any]


class Source:
    """What `Plan` asks of a source.

    Attributes
    ----------
    names : list of str
        The inputs, in order.
    start : list of float
        Where they start.
    output : str
        What is differentiated; empty if nothing is.
    whole : list of int
        The inputs that count something.
    movable : list of int
        The inputs that move even if no control moves them.
    learns : bool
        Whether it can make a step of learning.
    """

    names: list[str]
    start: list[float]
    output: str = ""
    whole: Sequence[int] = ()
    movable: Sequence[int] = ()
    learns: bool = False

    @property
    def spec(self) -> dict[str, Any]:
        """What its twin in the page needs to know, as plain lists."""
        raise NotImplementedError

    def run(self, inputs: Sequence[float], rate: float) -> tuple[dict[str, float], dict[str, float]]:
        """Return named numbers at these inputs, and the derivative of the output with respect to each."""
        raise NotImplementedError

    def quantity(self, inputs: Sequence[float], rate: float, q: Quantity) -> Any:
        """Return what a name stands for, or raise a ValueError that says what there is."""
        raise NotImplementedError

    def step(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs after one step of learning."""
        raise ValueError(
            "Nothing learns in this figure. Make it with live(..., params=[w, b]) of a graph, or with "
            "live(..., optimizer=SGD(0.1)) of a Program."
        )

    def epoch(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs after one step against the gradient averaged over all samples."""
        raise ValueError("An epoch needs live(..., params=[...], data={x: [...]}).")

    def select(self, inputs: Sequence[float], sample: int) -> list[float]:
        """Return the inputs with one sample of the data put in."""
        raise ValueError(f"There is no sample {sample!r}; this figure has 0, counted from 0.")
