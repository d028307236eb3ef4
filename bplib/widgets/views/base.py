"""What every view is: fields that travel to the page, found on the tape, and a still picture of them.

It adds the form that all of them share: a view's class says all that Python knows of it, and the page draws
what the class writes down with the module ``static/<name>.js``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.scalar import Value

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan


@dataclass(frozen=True)
class View:
    """One view of a figure.

    A subclass has fields, which are places on the tape or among its inputs, and a class method
    ``place(places, controls, ...)`` that finds them from what the author asked for, or says what is wrong.
    """

    name: ClassVar[str]
    #: What it can show: "graph", a recorded graph of Values; "arrays", a Program or Frames;
    #: "shapes", Shapes.
    reads: ClassVar[tuple[str, ...]] = ("graph",)

    @classmethod
    def beside(cls, **asked: Any) -> list[Value]:
        """List the Values it shows even if the output does not need them."""
        return []

    @classmethod
    def picks(cls, **asked: Any) -> dict[str, Any]:
        """Name the choices of a cell that a reader makes in it, and the array that has the cell."""
        return {}

    @classmethod
    def choices(cls, **asked: Any) -> dict[str, Sequence[str]]:
        """Name what a reader chooses in it, and among what."""
        return {}

    @property
    def claims(self) -> list[int]:
        """The inputs that it moves by itself, so that the figure needs no slider for them."""
        return []

    @property
    def quantities(self) -> list[list[Any]]:
        """The arrays that it shows, as ``[label, quantity]``, for the table of all numbers."""
        return []

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        further = {"claims": self.claims, "quantities": self.quantities}
        return {"view": self.name, **asdict(self), **{key: told for key, told in further.items() if told}}

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Return it as a picture of `bplib.plot` at these inputs."""
        raise NotImplementedError
