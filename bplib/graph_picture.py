"""The picture of a graph: its diagram drawn with matplotlib, a card for each node.

It adds the ink to `bplib.diagram`, which says what the nodes are called and where they stand, as it says it
to the page. Only the sizes of the cards and the bend of the lines are decided here.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from bplib.diagram import Edge, Layout, labels, layout
from bplib.plot import GRADIENT, QUIET, VALUE, Picture, number, style
from bplib.tape import Tape

#: Inches.
CARD_WIDTH, CARD_HEIGHT, GAP_ALONG, GAP_BESIDE = 1.14, 0.66, 0.34, 0.14


def draw(tape: Tape, values: Mapping[int, float], grads: Mapping[int, float]) -> Picture:
    """Return the picture of a graph with each node's value and gradient, given by its place on the tape."""
    names, formulas, tags = labels(tape)
    plan = layout(tape)
    corners = {i: _corner(*place) for i, place in plan.places.items()}
    width = max(x for x, _ in corners.values()) + CARD_WIDTH
    deepest = max(
        *(at for _, at in plan.places.values()), *(at - 0.4 for edge in plan.edges for at in edge.via), 0
    )
    depth = deepest * (CARD_HEIGHT + GAP_BESIDE) + CARD_HEIGHT
    with style():
        picture = Picture(width + 0.1, depth + 0.1)
        ax = picture.add_axes((0, 0, 1, 1))
        ax.set(xlim=(-0.05, width + 0.05), ylim=(CARD_HEIGHT / 2 - depth - 0.05, CARD_HEIGHT / 2 + 0.05))
        ax.axis("off")
        for edge in plan.edges:
            _arrow(ax, plan, edge)
        for i, corner in corners.items():
            kind = "output" if i == tape.output else tape.nodes[i][0]
            tag = "" if names[i] == formulas[i] else tags[i]
            _card(ax, corner, names[i], tag, values[i], grads[i], kind)
    told = []
    for i in corners:
        made = names[i] if formulas[i] == names[i] else f"{names[i]} = {formulas[i]}"
        told.append(f"{made} = {number(values[i])}, gradient {number(grads[i])}")
    picture.alt = f"Graph of {names[tape.output]}. Values and gradients: {'; '.join(told)}."
    return picture


def _corner(rank: int, at: float) -> tuple[float, float]:
    """Return the left middle of a node, in inches."""
    return rank * (CARD_WIDTH + GAP_ALONG), -at * (CARD_HEIGHT + GAP_BESIDE)


def _arrow(ax: Axes, plan: Layout, edge: Edge) -> None:
    """Draw an edge on its way past the ranks in between."""
    rank, at = plan.places[edge.source]
    x, y = _corner(rank, at)
    path, codes = [(x + CARD_WIDTH, y)], [Path.MOVETO]

    def bend(x: float, y: float) -> None:
        x0, y0 = path[-1]
        path.extend([((x0 + x) / 2, y0), ((x0 + x) / 2, y), (x, y)])
        codes.extend([Path.CURVE4] * 3)

    for step, aside in enumerate(edge.via, 1):
        x, y = _corner(rank + step, aside)
        bend(x, y)
        path.append((x + CARD_WIDTH, y))  # straight past the cards of this rank
        codes.append(Path.LINETO)
    x, y = _corner(*plan.places[edge.target])
    bend(x - 0.015, y - edge.port * 0.14)
    arrow = FancyArrowPatch(path=Path(path, codes), arrowstyle="-|>", mutation_scale=9, color=QUIET, lw=1.1)
    ax.add_patch(arrow)


def _card(
    ax: Axes, corner: tuple[float, float], name: str, tag: str, value: float, grad: float, kind: str
) -> None:
    """Draw one node: its name, the operation that made it, its value, its gradient."""
    x, y = corner
    look = {"input": ("#F4F6F8", 1.0), "output": ("white", 1.8)}.get(kind, ("white", 1.0))
    rounding = 0.16 if kind == "input" else 0.06
    box = FancyBboxPatch(
        (x, y - CARD_HEIGHT / 2),
        CARD_WIDTH,
        CARD_HEIGHT,
        boxstyle=f"round,pad=0,rounding_size={rounding}",
        fc=look[0],
        ec="black" if kind == "output" else QUIET,
        lw=look[1],
    )
    ax.add_patch(box)
    left, right = x + 0.09, x + CARD_WIDTH - 0.09
    ax.text(left, y + 0.2, name if len(name) <= 14 else name[:13] + "…", va="center", weight="bold")
    if len(name) + len(tag) < 12:  # as in the page, the name goes first
        ax.text(right, y + 0.2, tag, ha="right", va="center", color=QUIET)
    for dy, sign, x_, color in ((0.0, "=", value, VALUE), (-0.2, "∂", grad, GRADIENT)):
        ax.text(left, y + dy, sign, va="center", color=color)
        ax.text(right, y + dy, number(x_, 5), ha="right", va="center", color=color)
