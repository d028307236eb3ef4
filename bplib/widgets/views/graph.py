"""The view `graph`: every node with its value and gradient, every edge with its local derivative.

It adds the diagram to the figure: what each node's operation is, and where nodes and edges stand. The page
and the still picture draw the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.diagram import labels, layout
from bplib.widgets.places import Places
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan


def graph() -> dict[str, Any]:
    """Ask `live` for the graph: every node with its value and gradient, stepped through one node at a time.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> graph()
    {'view': 'graph'}
    """
    return {"view": "graph"}


@dataclass(frozen=True)
class Graph(View):
    """The diagram: nodes as ``[node, rank, at, tag]``, edges as ``[from, to, argument, port, via]``."""

    name: ClassVar[str] = "graph"
    nodes: list[list[Any]]
    edges: list[list[Any]]

    @classmethod
    def place(cls, places: Places, controls: Sequence[int]) -> Graph:
        """Lay the graph out."""
        tags = labels(places.tape).tags
        found = layout(places.tape)
        return cls(
            [[i, rank, at, tags[i]] for i, (rank, at) in found.places.items()],
            [[*edge[:-1], list(edge.via)] for edge in found.edges],
        )

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the same diagram on paper."""
        return plot.graph(plan.tape, plan.named(inputs))
