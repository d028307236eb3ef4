"""The view `profile`: one number a layer, forward beside backward, on one logarithmic scale.

It adds depth: whether a signal, and the gradient on its way back, keep their size. The scale is there from
the start, so that what vanishes looks small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bplib.widgets.places import Arrays
from bplib.widgets.sources import FramesSource
from bplib.widgets.sources.base import Quantity
from bplib.widgets.views.base import View
from bplib.widgets.views.line import ends, known, numbers

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More layers are a curve: draw them with `line`.
MAX_LAYERS = 200


def profile(
    by: Mapping[str, Any] | None = None,
    *,
    forward: str | None = None,
    backward: str | None = None,
    layers: Sequence[str] = (),
    mark: str | None = None,
    y: tuple[float, float] | None = None,
    axis: str = "layer",
    what: str = "",
) -> dict[str, Any]:
    """Ask `live` for one number a layer: values forward, gradients backward, on a logarithmic scale.

    Parameters
    ----------
    by : dict
        Of a Program: ``by("layer", "rms")`` measures each layer's output and its gradient.
    forward, backward : str, optional
        In its place, 1-D arrays of `Frames`: a number of 0 or more for each layer.
    layers : sequence of str, optional
        Which of a Program's layers to show, by name; by default all. They are counted from 1.
    mark : str, optional
        A control that is a layer's number: a mark that is dragged along the axis.
    y : (float, float), optional
        What the scale shows; by default what all frames need, or as much as the page comes to need.
    axis, what : str, optional
        What is counted, and what the numbers are.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> from bplib.widgets.program import by
    >>> profile(by("layer", "rms"), mark="truncate")["mark"]
    'truncate'
    """
    return {
        "view": "profile",
        "by": by,
        "forward": forward,
        "backward": backward,
        "layers": list(layers),
        "mark": mark,
        "y": y,
        "axis": axis,
        "what": what,
    }


@dataclass(frozen=True)
class Profile(View):
    """What is read, and where in it each layer stands.

    `of` holds the request of a Program, or the names of one or two arrays; `backward` says of each series
    whether it is a gradient.
    """

    name: ClassVar[str] = "profile"
    reads: ClassVar[tuple[str, ...]] = ("arrays",)
    of: list[Quantity]
    backward: list[bool]
    at: list[int]
    names: list[str]  # of a Program's layers
    mark: int | None
    axis: str
    what: str
    y: dict[str, Any]  # {lo, hi, log}; without lo and hi it grows

    @classmethod
    def place(
        cls,
        arrays: Arrays,
        controls: Sequence[int],
        by: Mapping[str, Any] | None,
        forward: str | None,
        backward: str | None,
        layers: Sequence[str],
        mark: str | None,
        y: tuple[float, float] | None,
        axis: str,
        what: str,
    ) -> Profile:
        """Find the layers, the series and the mark."""
        given = {name: q for name, q in (("forward", forward), ("backward", backward)) if q is not None}
        if (by is None) is not bool(given):
            raise ValueError(
                "profile(...) needs by('layer', 'rms') of a Program, or the names of arrays: "
                f"profile(forward='f', backward='g'); {'both' if given else 'neither'} came."
            )
        names: list[str] = []
        if by is not None:
            if not (isinstance(by, Mapping) and "by" in by):
                raise ValueError(f"profile(...) needs by('layer', 'rms'); {by!r} came.")
            arrays.shape("profile", by)
            every = list(arrays.source.quantity(arrays.most, 1.0, by)["names"])
            if unknown := [name for name in layers if name not in every]:
                raise ValueError(f"profile(layers=...) names {', '.join(every)}; {unknown[0]!r} came.")
            names = list(layers) or every
            at = [every.index(name) for name in names]
        else:
            at = list(range(_depth(arrays, given)))
            if layers:
                raise ValueError("profile(layers=...) goes with by(...); an array has its layers in order.")
        if not 2 <= len(at) <= MAX_LAYERS:
            raise ValueError(f"profile(...) compares 2 to {MAX_LAYERS} layers; {len(at)} came.")
        n = None
        if mark is not None:
            n = arrays.input("profile(mark=...)", mark)
            numbers(arrays, n, "profile(mark=...)", controls)
        of: list[Quantity] = list(given.values()) if by is None else [by]
        scale = known(arrays, of, True, y, "profile(y=...)", 1.0)
        flags = [name == "backward" for name in given] if by is None else [False, True]
        return cls(of, flags, at, names, n, axis, what or (str(by["measure"]) if by else ""), scale)

    @property
    def claims(self) -> list[int]:
        """The mark, which is dragged along the axis."""
        return [] if self.mark is None else [self.mark]

    @property
    def quantities(self) -> list[list[Any]]:
        """The arrays, or all layers of a Program."""
        return [[q if isinstance(q, str) else self.what, q] for q in self.of]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw both series over the layers."""
        from bplib.line_pictures import layers

        read = [plan.source.quantity(inputs, rate, q) for q in self.of]
        rows = [read[0]["values"], read[0]["gradients"]] if self.names else read
        series = {
            "gradients" if back else "values": np.asarray(row, dtype=float)[self.at]
            for back, row in zip(self.backward, rows, strict=True)
        }
        return layers(series, axis=self.axis, what=self.what, y=ends(self.y))


def _depth(arrays: Arrays, given: Mapping[str, str]) -> int:
    """Return how many layers some arrays have, or say what is wrong with them."""
    shapes = {q: arrays.shape("profile", q) for q in given.values()}
    if len(set(shapes.values())) != 1 or any(len(shape) != 1 for shape in shapes.values()):
        told = ", ".join(f"{q!r} {shape}" for q, shape in shapes.items())
        raise ValueError(f"profile(...) draws 1-D arrays with one number a layer; {told} came.")
    if isinstance(arrays.source, FramesSource):
        for q in shapes:
            if np.nanmin(arrays.source.frames.values[q], initial=0) < 0:
                raise ValueError(
                    f"profile(...) draws sizes, 0 or more; {q!r} holds numbers below 0. Take np.abs."
                )
    return next(iter(shapes.values()))[0]
