"""The view `ribbons`: a nudge on upright number lines, and what each stage makes of it.

It adds the chain rule as lengths: from line to line a nudge is stretched, and where two paths meet their
parts join end to end. The lines have one scale, which stays while a control moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.widgets.places import Key, Places
from bplib.widgets.views.base import View
from bplib.widgets.views.compose import made_from

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More lines than this have no room for their factors on a phone.
MAX_LINES = 5


def ribbons(*stops: Key | Sequence[Key], nudge: Key) -> dict[str, Any]:
    """Ask `live` for number lines of one scale, and a nudge that each stage hands to the next.

    On each line stands the number without the nudge and with it; ribbons lead from line to line, with the
    factor by which each is longer or shorter. Of two paths the ribbons join end to end on the line where they
    meet.

    Parameters
    ----------
    *stops : Value or str, or a pair of them
        A control, then named nodes, from the first to the last; one of the stops may be a pair of nodes, and
        the next one is computed from both.
    nudge : Value or str
        The control that says how far the first number is moved; another input of the same graph.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> ribbons("x", ("u", "v"), "y", nudge="Δx")
    {'view': 'ribbons', 'stops': [['x'], ['u', 'v'], ['y']], 'nudge': 'Δx'}
    """
    return {
        "view": "ribbons",
        "stops": [list(stop) if isinstance(stop, tuple | list) else [stop] for stop in stops],
        "nudge": nudge,
    }


@dataclass(frozen=True)
class Ribbons(View):
    """The nodes at each stop, the input that the first of them is, and that of the nudge."""

    name: ClassVar[str] = "ribbons"
    stops: list[list[int]]
    against: int
    nudge: int

    @classmethod
    def beside(cls, **asked: Any) -> list[Any]:
        """List the nodes: the output may be another."""
        return [node for stop in asked["stops"] for node in stop if getattr(node, "name", "")]

    @classmethod
    def place(
        cls, places: Places, controls: Sequence[int], stops: Sequence[Sequence[Key]], nudge: Key
    ) -> Ribbons:
        """Find stops each of which is computed from the one before it alone."""
        tape = places.tape
        sizes = [len(stop) for stop in stops]
        ends = [*sizes[:1], *sizes[-1:]]
        if not (3 <= sum(sizes) <= MAX_LINES and ends == [1, 1] and sizes.count(2) <= 1 and max(sizes) <= 2):
            raise ValueError(
                f"ribbons(x, u, y) draws 3 to {MAX_LINES} lines, from one control to one node, and may have "
                f"one pair of nodes between them; stops of {sizes} came."
            )
        against, by = (places.input("ribbons(...)", key) for key in (stops[0][0], nudge))
        for n in (against, by):
            if n not in controls:
                raise ValueError(
                    f"ribbons(...) starts with a control, and a control nudges it; "
                    f"{tape.names[tape.inputs[n]]!r} is none."
                )
        found = [
            [tape.inputs[against]],
            *([places.node("ribbons", "", key) for key in stop] for stop in stops[1:]),
        ]
        for before, after in pairwise(found):
            for node in after:
                reached = made_from(tape, node, before)
                others = {found[0][0], tape.inputs[by], *after} - {*before, node}
                if not reached.issuperset(before) or reached & others:
                    raise ValueError(
                        f"ribbons(...): {tape.names[node]!r} must be computed from "
                        f"{' and '.join(repr(tape.names[i]) for i in before)}, and not past them from "
                        f"{tape.names[found[0][0]]!r} or the nudge. Name what stands between."
                    )
        return cls(found, against, by)

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the lines at these inputs."""
        names = [[plan.tape.names[i] for i in stop] for stop in self.stops]
        return plot.ribbons(plan.tape, plan.named(inputs), names, inputs[self.nudge])
