"""The view `line`: named 1-D arrays as curves, over another one, or over their index.

It adds what happens along an axis: the loss by step while training goes on, errors by the step h of a
difference. Where all numbers are known in advance, the scales are found here, once; else they only grow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bplib.contract import Array
from bplib.widgets.places import Arrays
from bplib.widgets.sources import FramesSource
from bplib.widgets.sources.base import Quantity
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More curves can't be told apart by their dashes.
MAX_CURVES = 6


def line(
    *shown: Quantity | tuple[str, Quantity],
    over: Quantity | None = None,
    against: str | None = None,
    log: str = "",
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    axis: str = "",
    what: str = "",
    gradients: Iterable[str] = (),
    **titled: Quantity,
) -> dict[str, Any]:
    """Ask `live` for curves of 1-D arrays, which can be read and zoomed.

    The scales keep their measure: as given; for `Frames` over all that was computed; else they only grow.

    Parameters
    ----------
    *shown : quantities, or pairs of a title and a quantity
        What to draw: ``"error"``, ``("training", history("loss"))``.
    over : quantity, optional
        Where the points stand along the horizontal axis; by default their index, or the step of a history.
    against : str, optional
        The control that moves along the horizontal axis: its present stop is a mark that can be dragged.
    log : "", "x", "y" or "xy"
        Which axes are logarithmic.
    x, y : (float, float), optional
        What the axes show, where it is to stay.
    axis, what : str, optional
        The names of the horizontal and of the vertical axis.
    gradients : sequence of str, optional
        The titles of curves that gradients made, in vermillion; those of gradients are so anyway.
    **titled : quantities
        More curves, the keyword as the title: ``loss=history("loss")``.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> asked = line(over="h", forward="forward_error", central="central_error", log="xy")
    >>> asked["of"], asked["log"]
    ([['forward', 'forward_error'], ['central', 'central_error']], 'xy')
    """
    pairs = [list(one) if isinstance(one, tuple) else [_title(one), one] for one in shown]
    return {
        "view": "line",
        "of": [*pairs, *map(list, titled.items())],
        "over": over,
        "against": against,
        "log": log,
        "x": x,
        "y": y,
        "axis": axis,
        "what": what,
        "gradients": list(gradients),
    }


@dataclass(frozen=True)
class Line(View):
    """The curves as ``{title, q, gradient}``, the axes, and their ranges where they are known."""

    name: ClassVar[str] = "line"
    reads: ClassVar[tuple[str, ...]] = ("arrays",)
    curves: list[dict[str, Any]]
    over: Quantity | None
    against: int | None
    steps: int | None  # the input that counts the points of a history
    axis: str
    what: str
    x: dict[str, Any]  # {lo, hi, log}; without lo and hi it grows
    y: dict[str, Any]

    @classmethod
    def place(
        cls,
        arrays: Arrays,
        controls: Sequence[int],
        of: Sequence[Sequence[Any]],
        over: Quantity | None,
        against: str | None,
        log: str,
        x: tuple[float, float] | None,
        y: tuple[float, float] | None,
        axis: str,
        what: str,
        gradients: Sequence[str],
    ) -> Line:
        """Find the arrays and the ranges."""
        titles = [title for title, _ in of]
        if not 1 <= len(of) <= MAX_CURVES or len(set(titles)) != len(titles):
            raise ValueError(
                f"line(...) draws 1 to {MAX_CURVES} curves, each with a title of its own; {titles} came."
            )
        if unknown := [title for title in gradients if title not in titles]:
            raise ValueError(f"line(gradients=...) names curves, {', '.join(titles)}; {unknown[0]!r} came.")
        if log not in ("", "x", "y", "xy"):
            raise ValueError(f"line(log=...) is '', 'x', 'y' or 'xy'; {log!r} came.")
        if over is None and "x" in log:
            raise ValueError("line(log='x') needs over=...: an index starts at 0, which has no logarithm.")
        lengths = {title: _length(arrays, "line", title, q) for title, q in of}
        past = [isinstance(q, Mapping) and "history" in q for _, q in of]
        if over is not None:
            lengths["over"] = _length(arrays, "line", "over", over)
        if any(past) and not (all(past) and over is None):
            raise ValueError(
                "line(...): a history has its steps as its axis; draw other arrays in another line."
            )
        if not all(past) and len(set(lengths.values())) > 1:
            told = ", ".join(f"{title} {n}" for title, n in lengths.items())
            raise ValueError(f"line(...) draws arrays of one length; {told} came.")
        n = None
        if against is not None:
            n = arrays.input("line(against=...)", against)
            numbers(arrays, n, "line(against=...)", controls)
        curves = [{"title": t, "q": q, "gradient": t in gradients or _is_gradient(q)} for t, q in of]
        named = "step" if all(past) else over if isinstance(over, str) else "index"
        names = arrays.source.names
        steps = names.index("steps") if all(past) and "steps" in names else None
        ranges = [
            known(arrays, qs, which in log, given, f"line({which}=...)", room)
            for which, qs, given, room in (
                ("x", [over], x, 0.0),
                ("y", [q for _, q in of], y, 0.05),
            )
        ]
        return cls(
            curves, over, n, steps, axis or named, what or (titles[0] if len(of) == 1 else ""), *ranges
        )

    @property
    def claims(self) -> list[int]:
        """The control whose mark is dragged along the axis."""
        return [] if self.against is None else [self.against]

    @property
    def quantities(self) -> list[list[Any]]:
        """The axis and the curves."""
        axis = [] if self.over is None else [[self.axis, self.over]]
        return [*axis, *([curve["title"], curve["q"]] for curve in self.curves)]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the same curves."""
        from bplib.line_pictures import lines

        read = {
            title: np.asarray(plan.source.quantity(inputs, rate, q), dtype=float)
            for title, q in self.quantities
        }
        curves = {curve["title"]: read[curve["title"]] for curve in self.curves}
        longest = max(len(array) for array in curves.values())
        xs = np.arange(float(longest)) if self.over is None else read[self.axis]
        log = "".join(which for which, axis in (("x", self.x), ("y", self.y)) if axis["log"])
        gradients = [curve["title"] for curve in self.curves if curve["gradient"]]
        return lines(
            xs,
            curves,
            log=log,
            names=(self.axis, self.what),
            gradients=gradients,
            x=ends(self.x),
            y=ends(self.y),
        )


def _title(q: Any) -> str:
    """Return what a curve is called that was given no title."""
    if not isinstance(q, Mapping):
        return str(q)
    return str(q["history"]) if "history" in q else f"d{q.get('d') or q.get('vjp') or '?'}"


def _is_gradient(q: Any) -> bool:
    return isinstance(q, Mapping) and "history" not in q


def _length(arrays: Arrays, view: str, title: Any, q: Any) -> int:
    """Return the length of a 1-D array, or say what is wrong with it."""
    if not isinstance(title, str) or not title:
        raise ValueError(f"{view}(...): a title is a text, as in ('training', 'loss'); {title!r} came.")
    if isinstance(q, Mapping) and "by" in q:
        raise ValueError(f"{view}(...) draws arrays; {q!r} is shown by profile(...).")
    shape = arrays.shape(view, q)
    if len(shape) != 1:
        raise ValueError(f"{view}(...) draws 1-D arrays; {title!r} has shape {shape}.")
    return shape[0]


def numbers(arrays: Arrays, n: int, argument: str, controls: Sequence[int]) -> None:
    """Insist that an input is a control whose stops, if it has any, are numbers."""
    name = arrays.source.names[n]
    if n not in controls:
        raise ValueError(f"{argument} needs a control; {name!r} is none.")
    stops = arrays.source.frames.stops[name] if isinstance(arrays.source, FramesSource) else ()
    if words := [stop for stop in stops if isinstance(stop, str)]:
        raise ValueError(f"{argument} needs stops that are numbers; {name!r} has {words[0]!r}.")


def ends(axis: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the range of an axis where it is known."""
    return (axis["lo"], axis["hi"]) if "lo" in axis else None


def known(
    arrays: Arrays,
    qs: Iterable[Quantity | None],
    log: bool,
    given: Any,
    argument: str,
    room: float,
) -> dict[str, Any]:
    """Return ``{lo, hi, log}`` of an axis: as given, or from all frames; else ``{log}``."""
    if given is not None:
        lo, hi = map(float, given)
        if not (math.isfinite(lo) and math.isfinite(hi) and (0 if log else -math.inf) < lo < hi):
            low = "above 0 " if log else ""
            raise ValueError(f"{argument} runs from a number {low}to a larger one; {given} came.")
        return {"lo": lo, "hi": hi, "log": log}
    if not isinstance(source := arrays.source, FramesSource) or None in qs:
        return {"log": log}
    seen: Array = np.concatenate([source.frames.values[q].ravel() for q in qs if isinstance(q, str)])
    seen = seen[np.isfinite(seen) & (seen > 0 if log else True)]
    if not seen.size:
        return {"log": log}
    lo, hi = float(seen.min()), float(seen.max())
    if log and (room or lo == hi):  # whole decades
        lo, hi = 10.0 ** math.floor(math.log10(lo)), 10.0 ** math.ceil(math.log10(hi))
        return {"lo": lo, "hi": hi if hi > lo else 10 * lo, "log": log}
    pad = room * (hi - lo) if hi > lo else abs(lo) / 10 or 1.0
    return {"lo": lo - pad, "hi": hi + pad, "log": log}
