"""The view `bars`: some named quantities one below the other, each as long as its number.

It adds the comparison at a glance. The scale stays while a control moves: the page takes it from the numbers
at the corners of the controls' ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.scalar import Value
from bplib.widgets.places import Key, Places
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More bars than this are no longer compared at a glance.
MAX_BARS = 16


def bars(*nodes: Key, log: bool = False) -> dict[str, Any]:
    """Ask `live` for bars: some named quantities one below the other, each as long as its number.

    The scale is fixed: it reaches from the smallest to the largest number at the corners of the controls'
    ranges, so that bars can be compared while a control moves.

    Parameters
    ----------
    *nodes : Value or str
        Named nodes, from top to bottom. They need not lead to the output.
    log : bool, default False
        A logarithmic scale, for numbers of very different size; what is not above 0 has no bar there.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> bars("forward", "reverse", log=True)
    {'view': 'bars', 'of': ['forward', 'reverse'], 'log': True}
    """
    return {"view": "bars", "of": list(nodes), "log": log}


@dataclass(frozen=True)
class Bars(View):
    """The nodes from top to bottom, and whether the scale is logarithmic."""

    name: ClassVar[str] = "bars"
    of: list[int]
    log: bool

    @classmethod
    def beside(cls, **asked: Any) -> list[Value]:
        """List the nodes: what is compared need not lead to the output."""
        return [node for node in asked["of"] if isinstance(node, Value) and node.name]

    @classmethod
    def place(cls, places: Places, controls: Sequence[int], of: Sequence[Key], log: bool) -> Bars:
        """Find the nodes."""
        if not 1 <= len(of) <= MAX_BARS:
            raise ValueError(f"bars(...) compares 1 to {MAX_BARS} named nodes; {len(of)} came.")
        return cls([places.node("bars", "", key) for key in of], bool(log))

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the bars."""
        return plot.bars(plan.tape, plan.named(inputs), [plan.tape.names[i] for i in self.of], log=self.log)
