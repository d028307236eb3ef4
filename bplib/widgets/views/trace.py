"""The view `trace`: code that runs line by line, a sentence on each, and what it changed.

It adds the state over time: each moment shows the line that has just run, and for every number what it was
and what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bplib.contract import Array
from bplib.widgets.places import Arrays
from bplib.widgets.sources import FramesSource
from bplib.widgets.trace import Trace as Recorded
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan


def trace(*of: str) -> dict[str, Any]:
    """Ask `live` for the moments of a `Trace`: the line that has run, a sentence, and what it changed.

    Parameters
    ----------
    *of : str
        The numbers to show, from top to bottom; by default all.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> trace("w", "w.grad")
    {'view': 'trace', 'of': ['w', 'w.grad']}
    """
    return {"view": "trace", "of": list(of)}


@dataclass(frozen=True)
class Trace(View):
    """The numbers by name, the listing, and for each moment its line and its sentence."""

    name: ClassVar[str] = "trace"
    reads: ClassVar[tuple[str, ...]] = ("arrays",)
    of: list[str]
    listing: list[str]
    lines: list[int]
    says: list[str]
    moment: int

    @classmethod
    def place(cls, arrays: Arrays, controls: Sequence[int], of: Sequence[str]) -> Trace:
        """Find the moments."""
        source = arrays.source
        recorded = source.frames if isinstance(source, FramesSource) else None
        if not isinstance(recorded, Recorded):
            raise ValueError(
                "trace(...) shows moments: live(recorded([Moment(line, says, numbers), ...]), "
                "views=[trace()]), with recorded and Moment from bplib.widgets.trace."
            )
        names = list(of) or list(recorded.values)
        for name in names:
            arrays.shape("trace", name)
        told = list(recorded.listing), list(recorded.lines), list(recorded.says)
        return cls(names, *told, arrays.input("trace(...)", "moment"))

    @property
    def claims(self) -> list[int]:
        """The moment: it has buttons of its own."""
        return [self.moment]

    @property
    def quantities(self) -> list[list[Any]]:
        """All that it shows."""
        return [[name, name] for name in self.of]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the listing and the table."""
        from bplib.line_pictures import moment

        k = int(inputs[self.moment])
        before = list(inputs)
        before[self.moment] = max(0.0, k - 1.0)

        def read(at: Sequence[float], name: str) -> Array:
            return np.asarray(plan.source.quantity(at, rate, name))

        rows = [(name, read(before, name), read(inputs, name)) for name in self.of]
        return moment(self.listing, self.lines[k], self.says[k], rows)
