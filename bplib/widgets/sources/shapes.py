"""Shapes as a figure's source: its inputs are sizes, and what a reader chooses.

A choice among candidates is counted from 1, 0 as long as nothing is chosen; the form in which equations are
written is counted from 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bplib.contract import wrong
from bplib.widgets.shapes import FORM, Reader, Shapes, numbers
from bplib.widgets.sources.base import Quantity, Source


class ShapesSource(Source):
    """The form first, where there is a choice, then the sizes, then what is chosen."""

    def __init__(self, shapes: Shapes, choices: Mapping[str, Sequence[str]]) -> None:
        if taken := [name for name in choices if name in shapes.sizes]:
            raise wrong(taken[0], "a name that no size has", "one that is taken", "Rename the size.")
        self.shapes = shapes
        first = [FORM] if FORM in choices else []
        self.names = [*first, *shapes.sizes, *(name for name in choices if name != FORM)]
        self.start = [float(shapes.sizes.get(name, 0)) for name in self.names]
        self.whole = range(len(self.names))

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        return {"kind": "shapes", "names": self.names, "start": self.start}

    def sizes(self, inputs: Sequence[float]) -> dict[str, float]:
        """Return the sizes by name."""
        named = zip(self.names, inputs, strict=True)
        return {name: size for name, size in named if name in self.shapes.sizes}

    def run(self, inputs: Sequence[float], rate: float) -> tuple[dict[str, float], dict[str, float]]:
        """Return the sizes; nothing has a derivative."""
        return self.sizes(inputs), {}

    def quantity(self, inputs: Sequence[float], rate: float, q: Quantity) -> Any:
        """Return the shape of an array that was declared, or of its gradient."""
        if not isinstance(q, str):
            raise wrong("quantity", f"an array, {', '.join(self.shapes.arrays)}", f"{q!r}", "Name one.")
        return numbers(Reader(self.shapes).axes(q, "quantity"), self.sizes(inputs))
