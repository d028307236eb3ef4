"""The view `plane`: two numbers as a plane, a third as colour on it, and points and paths there.

It adds three pictures that are drawn alike. A Program's plane has its samples as points and the network's
output as a field: where it crosses a level is the boundary. A graph's plane has two controls as axes, and a
node as a surface on which the present point moves. `Seeds` have a small plane for each seed.

The colour scale and the levels of the lines are found here, once, at the start, and stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bplib.contract import Array, wrong
from bplib.widgets.places import Arrays, Key, Places
from bplib.widgets.program import field as field_of
from bplib.widgets.sources.base import Quantity
from bplib.widgets.sources.tape import on_grid
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: Cells of a surface, to each side.
CELLS = 64
#: What a logarithmic scale shows at most, in decades; from how many times as large on a scale is logarithmic.
DECADES, WIDE = 6, 30
#: From where to where a logit is told by colour: probabilities of 2 % and 98 %.
LOGITS = (-4.0, 4.0)


def plane(
    x: str | tuple[str, str] = "x",
    y: str | None = "y",
    field: Mapping[str, Any] | None = None,
    *,
    squash: str | None = None,
    level: float | None = None,
    over: tuple[Key, Key] | None = None,
    of: Key | None = None,
    each: str | None = None,
    solved: float = 0.01,
) -> dict[str, Any]:
    """Ask `live` for a plane: points on it, a field as soft colours behind, and lines where it has one level.

    Parameters
    ----------
    x : str or (str, str)
        Of a Program: an array of two columns, or two arrays of one; their rows, those of the batch, are the
        points. Of `Seeds` two columns of the data.
    y : str, optional
        What the points are: of two classes, or a number each.
    field : dict
        What colours the plane: ``field("out", (-2, 2), (-2, 2))``.
    squash : "sigmoid", optional
        Show a field of logits as probabilities.
    level : float, optional
        Where the boundary is. By default 1/2 of probabilities, 0 of logits, else the middle of the classes.
    over : (Value or str, Value or str), optional
        Of a graph of Values, in place of the above: two controls, which are the axes.
    of : Value or str, optional
        The node over those two, by default the output; of `Seeds`, what counts as solved.
    each : "seed", optional
        A small plane for each of `Seeds`.
    solved : float
        What `of` must be below for a seed to count as solved.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> asked = plane(over=("w", "b"), of="loss")
    >>> asked["view"], asked["over"], asked["of"]
    ('plane', ('w', 'b'), 'loss')
    """
    return {
        "view": "plane",
        "x": x,
        "y": y,
        "field": field,
        "squash": squash,
        "level": level,
        "over": over,
        "of": of,
        "each": each,
        "solved": solved,
    }


@dataclass(frozen=True)
class Plane(View):
    """What is drawn, on which scale, and where the numbers come from."""

    name: ClassVar[str] = "plane"
    reads: ClassVar[tuple[str, ...]] = ("graph", "arrays")
    kind: str  # "data", "surface", "seeds"
    axes: list[str]
    field: dict[str, Any]
    scale: dict[str, Any]  # {lo, hi, log, two, levels}: two colours that meet at the only level, or one
    steepest: float  # the largest gradient of a surface, with which its arrow is measured
    squash: bool
    points: list[Quantity]  # one array of two columns, or two of one
    labels: str  # the array that says what the points are, or ""
    classes: list[float]  # the lower and the upper, or none
    inputs: list[int]  # a surface's controls; of seeds the steps, and the first seed if it is an input
    of: str
    solved: float

    @classmethod
    def place(
        cls,
        places: Places | Arrays,
        controls: Sequence[int],
        *,
        over: tuple[Key, Key] | None,
        of: Key | None,
        **asked: Any,
    ) -> Plane:
        """Find the axes, the field and the points, and measure the field."""
        if isinstance(places, Places):
            return cls._surface(places, controls, over, of)
        if over is not None:
            raise ValueError("plane(over=...) is for a graph of Values; arrays have plane(field=field(...)).")
        return cls._points(places, of, **asked)

    @classmethod
    def _surface(cls, places: Places, controls: Sequence[int], over: Any, of: Key | None) -> Plane:
        """Find two controls and a node."""
        names = places.tape.names
        inputs = [places.input("over", key) for key in over or ()]
        if len(inputs) != 2 or inputs[0] == inputs[1] or not set(inputs) <= set(controls):
            raise ValueError(
                "plane(over=...) of a graph of Values needs two of the controls, "
                f"{', '.join(names[places.tape.inputs[n]] for n in controls)}; {over!r} came."
            )
        node = places.tape.output if of is None else places.node("plane", "of", of)
        axes = [names[places.tape.inputs[n]] for n in inputs]
        x, y = (places.spans[n] for n in inputs)
        q = field_of(names[node], x, y, over=(axes[0], axes[1]), cells=CELLS)
        values = on_grid(places.tape, places.tape.start(), q)
        slopes = np.hypot(*np.gradient(values, (y[1] - y[0]) / CELLS, (x[1] - x[0]) / CELLS))
        steepest = float(np.max(slopes, where=np.isfinite(slopes), initial=0.0))
        return cls(
            "surface",
            axes,
            q,
            _heights(names[node], values),
            steepest,
            False,
            [],
            "",
            [],
            inputs,
            names[node],
            0.0,
        )

    @classmethod
    def _points(
        cls,
        arrays: Arrays,
        of: Key | None,
        *,
        x: Any,
        y: str | None,
        field: Any,
        squash: str | None,
        level: float | None,
        each: str | None,
        solved: float,
    ) -> Plane:
        """Find the points of a program or of seeds, and the field behind them."""
        if not (isinstance(field, Mapping) and "field" in field):
            raise wrong("plane(field=...)", 'field("out", (-2, 2), (-2, 2))', f"{field!r}", "Name one.")
        if squash not in (None, "sigmoid"):
            raise wrong("plane(squash=...)", "'sigmoid' or nothing", f"{squash!r}", "Leave it out?")
        if each not in (None, "seed"):
            raise wrong("plane(each=...)", "'seed' or nothing", f"{each!r}", "Leave it out?")
        cells, shape = field["cells"], arrays.shape("plane", field)
        fits = shape[1:] == (cells, cells) if each else shape in ((cells, cells), (cells, cells, 1))
        if not fits:
            told = "one for each seed, of Seeds" if each else "one number at each point"
            remedy = 'Seeds take each="seed"; a network needs one output.'
            raise wrong("plane(field=...)", told, f"a field of shape {shape}", remedy)
        points: list[Quantity] = [x] if isinstance(x, str) else list(x)
        shapes = [arrays.shape("plane", q) for q in points]
        count = shapes[0][0] if shapes and shapes[0] else 0
        if not count or shapes not in ([(count, 2)], [(count,), (count,)]):
            raise wrong(
                "plane(x=...)", "an array of two columns, or two of one", f"shapes {shapes}", "Name them."
            )
        classes: list[float] = []
        ends = (0.0, 1.0)
        if y is not None:
            if arrays.shape("plane", y) not in ((count,), (count, 1)):
                raise wrong(
                    "plane(y=...)",
                    f"a number for each of {count} points",
                    f"{y!r} of shape {arrays.shape('plane', y)}",
                    "Name one column.",
                )
            targets = arrays.source.quantity(arrays.most, 1.0, y)
            ends = (float(np.min(targets)), float(np.max(targets)))
            classes = list(ends) if ends[0] < ends[1] and np.isin(targets, ends).all() else []
        axes = [f"{x}[0]", f"{x}[1]"] if isinstance(x, str) else list(x)
        inputs: list[int] = []
        if each:
            inputs = [
                arrays.source.names.index(name) for name in ("steps", "seed") if name in arrays.source.names
            ]
        goal = of if isinstance(of, str) else arrays.source.output
        if each and len(arrays.shape("plane", goal)) != 1:
            raise wrong("plane(of=...)", "one number a seed, such as the loss", f"{goal!r}", "Leave it out?")
        scale = _colours(arrays, ends, classes, bool(squash), level)
        kind = "seeds" if each else "data"
        return cls(
            kind,
            axes,
            dict(field),
            scale,
            0.0,
            bool(squash),
            points,
            y or "",
            classes,
            inputs,
            goal,
            float(solved),
        )

    @property
    def quantities(self) -> list[list[Any]]:
        """The points, what they are, and what the field is there; of seeds what they have come to."""
        if self.kind == "surface":
            return []
        if self.kind == "seeds":
            return [[self.of, self.of]]
        shown = [*self.points, *([self.labels] if self.labels else []), self.field["field"]]
        return [[q, q] for q in shown]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the plane, or the planes, at these inputs."""
        from bplib import plane_picture

        def read(q: Quantity) -> Array:
            return np.asarray(plan.source.quantity(inputs, rate, q))

        seen = shown(read(self.field), self.squash)
        if self.kind == "surface":
            return plane_picture.surface(
                seen,
                self.spec,
                point=[inputs[n] for n in self.inputs],
                height=float(read(self.of)),
            )
        points = (
            read(self.points[0]) if len(self.points) == 1 else np.stack([read(q) for q in self.points], 1)
        )
        labels = read(self.labels).ravel() if self.labels else None
        if self.kind == "seeds":
            steps = int(inputs[self.inputs[0]])
            return plane_picture.seeds(seen, self.spec, points, labels, read(self.of), steps)
        at = shown(read(self.field["field"]), self.squash).ravel()
        return plane_picture.data(seen.reshape(seen.shape[:2]), self.spec, points, labels, at)


def shown(values: Array, squash: bool) -> Array:
    """Return a field as it is shown: logits as probabilities if they are squashed."""
    if not squash:
        return values
    e = np.exp(-np.abs(values))  # can't overflow
    return np.asarray(np.where(values >= 0, 1, e) / (1 + e))


def _colours(
    arrays: Arrays, ends: tuple[float, float], classes: list[float], squash: bool, level: float | None
) -> dict[str, Any]:
    """Return the scale of a field behind points: of two colours that meet at the boundary, or of one."""
    program = getattr(arrays.source, "program", None)
    logits = program is not None and program.steps[-1].op.endswith("with_logits")
    if squash:
        lo, hi = 0.0, 1.0
    elif (logits and level is None) or level == 0.0:
        lo, hi = LOGITS
    else:
        lo, hi = ends if ends[0] < ends[1] else (ends[0] - 1, ends[0] + 1)
    if classes or level is not None:
        middle = (lo + hi) / 2 if level is None else float(level)
        half = max(hi - middle, middle - lo)
        if not half > 0 or not math.isfinite(half):
            raise wrong("plane(level=...)", "a finite number", f"{level!r}", "Leave it out?")
        ends = (lo, hi) if squash else (middle - half, middle + half)
        return {"lo": ends[0], "hi": ends[1], "log": False, "two": True, "levels": [middle]}
    return {"lo": lo, "hi": hi, "log": False, "two": False, "levels": _round(lo, hi)}


def _heights(name: str, values: Array) -> dict[str, Any]:
    """Return the scale of a surface; a logarithmic one where all is above 0 and the range is wide."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise wrong("plane(over=...)", f"{name} to exist in the controls' ranges", "none", "Choose others.")
    lo, hi = float(finite.min()), float(finite.max())
    positive = finite[finite > 0]
    if lo >= 0 and positive.size and hi > WIDE * float(positive.min()):
        lo = max(float(positive.min()), hi / 10**DECADES)
        return {"lo": lo, "hi": hi, "log": True, "two": False, "levels": _decades(lo, hi)}
    if not lo < hi:
        lo, hi = lo - 1, hi + 1
    return {"lo": lo, "hi": hi, "log": False, "two": False, "levels": _round(lo, hi)}


def _round(lo: float, hi: float, most: int = 12) -> list[float]:
    """Return round numbers between two, at most so many.

    Examples
    --------
    >>> _round(0, 1)
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    """
    power = 10.0 ** math.floor(math.log10((hi - lo) / most))
    step = next(m * power for m in (1, 2, 5, 10) if (hi - lo) / (m * power) <= most)
    first = math.floor(lo / step) + 1
    return [float(f"{k * step:.12g}") for k in range(first, math.ceil(hi / step))]


def _decades(lo: float, hi: float) -> list[float]:
    """Return 1, 2, 5 times powers of ten between two numbers, or fewer of those on a longer way.

    Examples
    --------
    >>> _decades(0.3, 40)
    [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
    """
    length = math.log10(hi / lo)
    digits = (1, 2, 5) if length <= 3 else (1, 3) if length <= 5 else (1,)
    powers = range(math.floor(math.log10(lo)), math.ceil(math.log10(hi)) + 1)
    return [x for p in powers for m in digits if lo < (x := float(f"{m}e{p}")) < hi]
