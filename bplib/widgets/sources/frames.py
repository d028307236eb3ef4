"""Arrays computed in advance as a figure's source: its inputs are stops, counted from 0.

It adds nothing to the frames but the form in which figures ask: a page chooses among what was computed, and
nothing has a derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bplib.contract import wrong
from bplib.widgets.frames import Frames
from bplib.widgets.sources.base import Quantity, Source


class FramesSource(Source):
    """The frames, and the stop at which each control starts."""

    def __init__(self, frames: Frames, start: list[float]) -> None:
        self.frames, self.start = frames, start
        self.names = list(frames.stops)
        self.whole = range(len(self.names))

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        return {"kind": "frames", "frames": self.frames.to_dict(), "names": self.names, "start": self.start}

    def run(self, inputs: Sequence[float], rate: float) -> tuple[dict[str, float], dict[str, float]]:
        """Return the stops that are numbers; nothing has a derivative."""
        stops = {name: self.frames.stops[name][int(k)] for name, k in zip(self.names, inputs, strict=True)}
        return {name: float(stop) for name, stop in stops.items() if not isinstance(stop, str)}, {}

    def quantity(self, inputs: Sequence[float], rate: float, q: Quantity) -> Any:
        """Return an array at these stops."""
        values = self.frames.values
        if not (isinstance(q, str) and q in values):
            raise wrong("quantity", f"an array of the frames, {', '.join(values)}", f"{q!r}", "Name one.")
        return values[q][tuple(int(k) for k in inputs)]
