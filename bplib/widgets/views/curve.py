"""The view `curve`: one quantity against one control, with the tangent that is the gradient.

It adds the choice of the two, with which the figure opens. The reader can choose another pair there, of what
is computed and what can be moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.widgets.places import Key, Places
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan


def curve(of: Key | None = None, against: Key | None = None) -> dict[str, Any]:
    """Ask `live` for a curve of one quantity against one control, with the tangent that is the gradient.

    Parameters
    ----------
    of : Value or str, optional
        A named node; by default the output. The reader can choose another in the figure.
    against : Value or str, optional
        One of the controls; by default the first.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> curve(of="loss", against="w")
    {'view': 'curve', 'of': 'loss', 'against': 'w'}
    """
    return {"view": "curve", "of": of, "against": against}


@dataclass(frozen=True)
class Curve(View):
    """The node that is drawn, and the input along which."""

    name: ClassVar[str] = "curve"
    of: int
    against: int

    @classmethod
    def place(cls, places: Places, controls: Sequence[int], of: Key | None, against: Key | None) -> Curve:
        """Find a computed node and a control."""
        tape = places.tape
        n = controls[0] if against is None else places.input("against", against)
        computed = {tape.names[i]: i for i in (*tape.watch, tape.output)}
        found = tape.output if of is None else places.find(of)
        if found is None or found not in computed.values():
            raise ValueError(
                f"curve(of=...) needs a named node that is computed in this graph; {of!r} came. "
                f"It has {', '.join(computed)}."
            )
        if n not in controls:
            raise ValueError(
                f"curve(against=...) needs a control; {tape.names[tape.inputs[n]]!r} is none. "
                f"The controls are {', '.join(tape.names[tape.inputs[k]] for k in controls)}."
            )
        return cls(found, n)

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the curve over the control's range."""
        against = plan.input_name(self.against)
        _, lo, hi = plan.spans[against]
        return plot.curve(plan.tape, plan.named(inputs), plan.tape.names[self.of], against, lo, hi)
