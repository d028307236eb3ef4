"""The view `compose`: a curve and a slope for each stage of a composition, and their product for the whole.

It adds the chain: stages each of which depends on the control only through the one before it, because only
then do their slopes multiply to the slope of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.recording import LEAVES
from bplib.tape import Tape
from bplib.widgets.places import Key, Places
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More stages than this make curves too small to read.
MAX_STAGES = 5


def compose(*chain: Key) -> dict[str, Any]:
    """Ask `live` for a composition: a curve and a slope for each stage, and their product for the whole.

    Each stage's curve shows its output against its own input, and its slope is read where that input is. A
    dashed tangent shows the mistake of reading it where the first number of the chain is. The whole has both
    tangents, and a last picture both slopes for every number that the chain may begin with.

    Parameters
    ----------
    *chain : Value or str
        A control, then named nodes; each depends on the control only through the one before it.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> compose("x", "u", "y")
    {'view': 'compose', 'chain': ['x', 'u', 'y']}
    """
    return {"view": "compose", "chain": list(chain)}


@dataclass(frozen=True)
class Compose(View):
    """The nodes of the chain, and the input that its first node is."""

    name: ClassVar[str] = "compose"
    chain: list[int]
    against: int

    @classmethod
    def place(cls, places: Places, controls: Sequence[int], chain: Sequence[Key]) -> Compose:
        """Find a chain whose slopes multiply."""
        tape = places.tape
        if not 3 <= len(chain) <= MAX_STAGES + 1:
            raise ValueError(
                f"compose(x, u, y) needs a control and 2 to {MAX_STAGES} stages; {len(chain)} nodes came."
            )
        against = places.input("compose(...)", chain[0])
        start = tape.inputs[against]
        if against not in controls:
            raise ValueError(f"compose(...) starts with a control; {tape.names[start]!r} is none.")
        found = [start, *(places.node("compose", "", key) for key in chain[1:])]
        for before, after in pairwise(found):
            reached = made_from(tape, after, [before])
            if before not in reached:
                raise ValueError(
                    f"compose(...): {tape.names[after]!r} is not computed from {tape.names[before]!r}. Give "
                    "the chain in the order in which it is computed."
                )
            if before != start and start in reached:
                raise ValueError(
                    f"compose(...): {tape.names[after]!r} depends on {tape.names[start]!r} also past "
                    f"{tape.names[before]!r}, so the slopes of the stages don't multiply to the slope of the "
                    "whole. Show such a graph with graph()."
                )
        return cls(found, against)

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the stages over the control's range."""
        _, lo, hi = plan.spans[plan.input_name(self.against)]
        return plot.compose(plan.tape, plan.named(inputs), [plan.tape.names[i] for i in self.chain], lo, hi)


def made_from(tape: Tape, node: int, stops: Sequence[int]) -> set[int]:
    """Return what a node is computed from, without what lies below the nodes `stops`."""
    found: set[int] = set()
    ahead = [node]
    while ahead:
        i = ahead.pop()
        op, *args = tape.nodes[i]
        if i not in stops and op not in LEAVES:
            ahead += set(args) - found
            found.update(args)
    return found
