"""The view `paths`: k doublings n = n + n, every path racing each edge once.

It adds a picture that no graph of Values holds: 2^k paths over 2 k edges. Its only tie to the figure is the
control that counts the doublings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.widgets.places import Key, Places
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan


def paths(depth: Key) -> dict[str, Any]:
    """Ask `live` for the path counter: k doublings n = n + n, every path racing each edge once.

    Parameters
    ----------
    depth : Value or str
        The control k: whole numbers from 1 to at most 24.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> paths("k")
    {'view': 'paths', 'depth': 'k'}
    """
    return {"view": "paths", "depth": depth}


@dataclass(frozen=True)
class Paths(View):
    """The input that counts the doublings."""

    name: ClassVar[str] = "paths"
    depth: int

    @classmethod
    def place(cls, places: Places, controls: Sequence[int], depth: Key) -> Paths:
        """Find the control."""
        n = places.input("paths(...)", depth)
        if n not in controls:
            raise ValueError(
                f"paths(...) needs a control, such as live(..., {{k: (1, 20, 1)}}); {depth!r} is none."
            )
        return cls(n)

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw what grows like the paths and what grows like the edges."""
        return plot.bars(plan.tape, plan.named(inputs), log=True)
