"""The view `heat`: named arrays as grids of cells, each as deep in colour as its number is far from 0.

It adds the array as a whole: a batch, a matrix and its gradient side by side, the footprint of one cell. A
cell of an array can be picked, and other quantities then follow the choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bplib.widgets.places import INPUT_NAME, Arrays
from bplib.widgets.sources import FramesSource
from bplib.widgets.sources.base import Quantity
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More arrays, cells of one, or cells along one axis can't be told apart on a phone.
MAX_ARRAYS, MAX_CELLS, MAX_ALONG = 8, 4096, 128


def heat(
    *shown: Quantity | tuple[str, Quantity],
    pick: str | None = None,
    common: bool = False,
    log: bool = False,
    sums: bool = False,
    sample: str | None = None,
    gradients: Sequence[str] = (),
    **titled: Quantity,
) -> dict[str, Any]:
    """Ask `live` for named arrays as grids of cells, side by side, each with its title and shape.

    A cell's colour is as deep as its number is far from 0, blue for values and vermillion for derivatives;
    below 0 it is striped. Numbers stand in the cells where there is room, else where one points. A 1-D array
    is a row; one of more than two axes is a strip of small grids.

    Each array has a scale of its own, fixed from the start; an array's gradient and a sample's part of it
    share one, so that they can be compared.

    Parameters
    ----------
    *shown : quantities, or pairs of a title and a quantity
        What to show, from left to right: ``"0.W"``, ``("X of the batch", "x")``.
    pick : str, optional
        The name of a choice, such as ``"cell"``. The array to whose cell a shown ``vjp("out", "cell", "x")``
        refers becomes a brush: click, drag or walk in it, and the footprints follow.
    common : bool, default False
        One scale for all.
    log : bool, default False
        A logarithmic scale of five decades.
    sums : bool, default False
        The sums of the rows and columns beside them.
    sample : str, optional
        The name of a control that chooses a sample. What belongs to it is framed: its row of a batch, its
        sheet of ``d("0.W", sample="each")``. A click there chooses another.
    gradients : sequence of str, optional
        Titles of further arrays that are gradients, such as some of `Frames`, to have their colour.
    **titled : quantities
        More of them, the keyword as the title: ``W="0.W", dW=d("0.W")``.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> from bplib.widgets.program import d
    >>> heat("x", W="0.W", dW=d("0.W"))["of"]
    [['x', 'x'], ['W', '0.W'], ['dW', {'d': '0.W'}]]
    """
    pairs = [list(one) if isinstance(one, tuple) else [_title(one), one] for one in shown]
    return {
        "view": "heat",
        "of": [*pairs, *map(list, titled.items())],
        "pick": pick,
        "common": common,
        "log": log,
        "sums": sums,
        "sample": sample,
        "gradients": list(gradients),
    }


@dataclass(frozen=True)
class Heat(View):
    """The arrays as ``{title, q, shape, gradient, scale}``, and what is picked in which of them.

    `scale` counts the scales; arrays with the same number share one; `each` marks those with a part for each
    sample, and `sample` is the input that chooses one. `pick` holds the places of the inputs
    that are the picked cell, `picked` the array, by its place among the sheets; `gaps` says whether a number
    may be missing.
    """

    name: ClassVar[str] = "heat"
    reads: ClassVar[tuple[str, ...]] = ("arrays",)
    sheets: list[dict[str, Any]]
    pick: list[int]
    picked: int | None
    log: bool
    sums: bool
    gaps: bool
    sample: int | None = None

    @classmethod
    def picks(cls, **asked: Any) -> dict[str, Any]:
        """Name the array whose cell is picked: the one that a footprint refers to."""
        of, pick = asked["of"], asked["pick"]
        if pick is None:
            return {}
        if not (isinstance(pick, str) and INPUT_NAME.fullmatch(pick)):
            raise ValueError(f"heat(pick=...) is a name such as 'cell'; {pick!r} came.")
        named = dict.fromkeys(q["vjp"] for _, q in of if isinstance(q, Mapping) and q.get("cell") == pick)
        if len(named) != 1:
            raise ValueError(
                f"heat(pick={pick!r}) picks a cell of the array whose footprints it shows, as in "
                f"heat('out', dX=vjp('out', {pick!r}, 'x'), pick={pick!r}); "
                f"{' and '.join(map(repr, named)) or 'no footprint'} came."
            )
        return {pick: next(iter(named))}

    @classmethod
    def place(
        cls,
        arrays: Arrays,
        controls: Sequence[int],
        of: Sequence[Sequence[Any]],
        pick: str | None,
        common: bool,
        log: bool,
        sums: bool,
        sample: str | None,
        gradients: Sequence[str],
    ) -> Heat:
        """Find the arrays, their shapes, and which of them share a scale."""
        titles = [title for title, _ in of]
        if not 1 <= len(of) <= MAX_ARRAYS:
            raise ValueError(f"heat(...) shows 1 to {MAX_ARRAYS} arrays; {len(of)} came.")
        if len(set(titles)) != len(titles):
            raise ValueError(f"heat(...) needs a title of its own for each array; {titles} came.")
        if unknown := [title for title in gradients if title not in titles]:
            raise ValueError(f"heat(gradients=...) names titles, {', '.join(titles)}; {unknown[0]!r} came.")
        picked = None
        for array in cls.picks(of=of, pick=pick).values():
            if array not in (quantities := [q for _, q in of]):
                raise ValueError(
                    f"heat(pick={pick!r}) picks a cell of {array!r}, so it must show it: heat({array!r}, ...)"
                )
            picked = quantities.index(array)
            if arrays.shape("heat", array) == ():
                raise ValueError(
                    f"heat(pick={pick!r}): {array!r} is one number, so there is nothing to pick."
                )
        sheets: list[dict[str, Any]] = []
        scales: list[Any] = []
        for title, q in of:
            shape = _shape(arrays, title, q, sums)
            measured = None if common else _measured(q)
            if measured not in scales:
                scales.append(measured)
            gradient = not isinstance(q, str) or title in gradients
            sheets.append(
                {
                    "title": title,
                    "q": q,
                    "shape": list(shape),
                    "gradient": gradient,
                    "scale": scales.index(measured),
                    "each": sample is not None and _by_sample(arrays, q),
                }
            )
        chosen = None if sample is None else arrays.input("heat(sample=...)", sample)
        if chosen is not None and not any(sheet["each"] for sheet in sheets):
            raise ValueError(
                f"heat(sample={sample!r}) frames one sample's part, and no array shown has a part for each. "
                "Show 'x', or d('0.W', sample='each')."
            )
        gaps = isinstance(source := arrays.source, FramesSource) and any(
            np.isnan(source.frames.values[q]).any() for _, q in of
        )
        return cls(
            sheets, arrays.pick(pick) if pick else [], picked, bool(log), bool(sums), bool(gaps), chosen
        )

    @property
    def claims(self) -> list[int]:
        """The inputs that hold the picked cell."""
        return self.pick

    @property
    def quantities(self) -> list[list[Any]]:
        """All of its arrays."""
        return [[sheet["title"], sheet["q"]] for sheet in self.sheets]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the same grids, each scale up to the largest number of its arrays."""
        arrays = {
            sheet["title"]: np.asarray(plan.source.quantity(inputs, rate, sheet["q"]))
            for sheet in self.sheets
        }
        full: dict[int, float] = {}
        for sheet in self.sheets:
            sizes = np.abs(arrays[sheet["title"]])
            largest = float(np.max(sizes, initial=0, where=np.isfinite(sizes)))
            full[sheet["scale"]] = max(full.get(sheet["scale"], 0.0), largest)
        return plot.heat(
            arrays,
            gradients=[sheet["title"] for sheet in self.sheets if sheet["gradient"]],
            full={sheet["title"]: full[sheet["scale"]] for sheet in self.sheets},
            log=self.log,
        )


def _title(q: Any) -> str:
    """Return what an array is called that was given no title."""
    if not isinstance(q, Mapping):
        return str(q)
    if "d" in q:
        return f"d{q['d']}"
    top = q.get("vjp") or q.get("jacobian") or "?"
    return f"d{top} / d{q.get('of')}"


def _shape(arrays: Arrays, title: Any, q: Any, sums: bool) -> tuple[int, ...]:
    """Return the shape of an array that can be shown as cells, or say what is wrong with it."""
    if not isinstance(title, str) or not title:
        raise ValueError(f"heat(...): a title is a text, as in ('X', 'x'); {title!r} came.")
    if not (isinstance(q, str) or (isinstance(q, Mapping) and {"d", "vjp", "jacobian"} & q.keys())):
        raise ValueError(
            f"heat(...) shows arrays as cells: '0.W', d('0.W'), vjp(...) or jacobian(...); {q!r} came."
        )
    shape = arrays.shape("heat", q)
    if math.prod(shape) > MAX_CELLS or max(shape[-2:], default=1) > MAX_ALONG:
        raise ValueError(
            f"heat(...) shows arrays of at most {MAX_CELLS} cells, {MAX_ALONG} along an axis; {title} has "
            f"shape {shape}. Show fewer rows, or one sample's part."
        )
    if sums and len(shape) > 2:
        raise ValueError(f"heat(sums=True) adds rows and columns; {title} has shape {shape}.")
    return shape


def _by_sample(arrays: Arrays, q: Quantity) -> bool:
    """Whether an array has a part for each sample along its first axis."""
    if isinstance(q, Mapping) and q.get("sample") is not None:
        return bool(q["sample"] == "each")
    name = q if isinstance(q, str) else q.get("d")
    program = getattr(arrays.source, "program", None)
    rows = [] if program is None else ["x", "y", "out", *(step.out for step in program.steps[:-1])]
    return name in rows


def _measured(q: Quantity) -> str:
    """Return what an array's scale measures: a sample's part of a gradient is measured as the gradient."""
    return repr({"d": q["d"]} if isinstance(q, Mapping) and "d" in q else q)
