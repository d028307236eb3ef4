"""The pictures of planes: a field as soft colours, lines of one level, points; drawn with matplotlib.

It adds the ink to what the view `plane` has found: the scale and the levels come from there, so that the
still and the live picture show the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

from bplib.contract import Array
from bplib.plot import QUIET, VALUE, Picture, number, style

#: The page's own soft colours (static/views/plane.css).
LOW, MIDDLE, HIGH = "#EBD9A4", "#FFFFFF", "#7FBCE2"
#: Thumbnails in a row.
ACROSS = 10


def data(values: Array, spec: Mapping[str, Any], points: Array, labels: Array | None, at: Array) -> Picture:
    """Return a plane with points; `at` is what the field is at each of them."""
    scale = spec["scale"]
    with style():
        picture = Picture(4.8, 4.2, layout="constrained")
        ax = picture.subplots()
        filled = _field(ax, values, spec)
        picture.colorbar(filled, ax=ax, label=_name(spec), format=lambda x, _: number(x, 3))
        _dots(ax, points, labels, spec, 34)
        ax.set(xlabel=spec["axes"][0], ylabel=spec["axes"][1])
    told = f"{_name(spec)} over {_ranges(spec)}"
    if scale["two"]:
        level = scale["levels"][0]
        told += f"; above {number(level)} on {100 * np.mean(values > level):.0f} % of the plane"
        if spec["classes"] and labels is not None:
            right = int(np.sum((at > level) == (labels == spec["classes"][1])))
            told += f". {right} of {len(points)} points lie on the side of their class"
    picture.alt = f"Plane: {told}."
    return picture


def surface(values: Array, spec: Mapping[str, Any], point: Sequence[float], height: float) -> Picture:
    """Return a surface as a map of its heights, with the point that the figure is at."""
    x, y = spec["axes"]
    with style():
        picture = Picture(5.0, 4.2, layout="constrained")
        ax = picture.subplots()
        filled = _field(ax, values, spec)
        picture.colorbar(filled, ax=ax, label=_name(spec), format=lambda h, _: number(h, 3))
        ax.plot(*point, "o", color="black", ms=8, mec="white", mew=1.5)
        ax.set(xlabel=x, ylabel=y)
    picture.alt = (
        f"Surface of {_name(spec)} over {_ranges(spec)}: least {number(np.nanmin(values))}, largest "
        f"{number(np.nanmax(values))}. At {x} {number(point[0])}, {y} {number(point[1])} it is "
        f"{number(height)}."
    )
    return picture


def seeds(
    values: Array, spec: Mapping[str, Any], points: Array, labels: Array | None, reached: Array, steps: int
) -> Picture:
    """Return a small plane for each seed; a bold frame says that its network has solved the task."""
    down = -(-len(values) // ACROSS)
    below = reached < spec["solved"]
    with style():
        picture = Picture(0.62 * ACROSS, 0.62 * down)
        for k, seen in enumerate(values):
            left, bottom = (k % ACROSS) / ACROSS, 1 - (k // ACROSS + 1) / down
            ax = picture.add_axes((left + 0.006, bottom + 0.06 / down, 0.9 / ACROSS, 0.9 / down))
            _field(ax, seen, spec, 0.8)
            _dots(ax, points, labels, spec, 5)
            ax.set(xticks=[], yticks=[])
            for side in ax.spines.values():
                side.set(
                    visible=True, linewidth=1.6 if below[k] else 0.5, color="black" if below[k] else QUIET
                )
    finite = reached[np.isfinite(reached)]
    picture.alt = (
        f"{len(values)} seeds after {steps} steps, a plane of {_name(spec)} each over {_ranges(spec)}. "
        f"{spec['of']} is below {number(spec['solved'])} for {int(below.sum())} of them; least "
        f"{number(finite.min())}, median {number(float(np.median(finite)))}, largest {number(finite.max())}."
    )
    return picture


def _name(spec: Mapping[str, Any]) -> str:
    name: str = spec["field"]["field"]
    return f"sigmoid({name})" if spec["squash"] else name


def _ranges(spec: Mapping[str, Any]) -> str:
    ends = (spec["field"]["x"], spec["field"]["y"])
    told = [
        f"{name} from {number(lo)} to {number(hi)}" for name, (lo, hi) in zip(spec["axes"], ends, strict=True)
    ]
    return " and ".join(told)


def _field(ax: Axes, values: Array, spec: Mapping[str, Any], width: float = 1.4) -> Any:
    """Draw the colours, and the lines of each level that the field crosses."""
    scale, q = spec["scale"], spec["field"]
    ends = (LOW, MIDDLE, HIGH) if scale["two"] else (MIDDLE, HIGH)
    norm = (LogNorm if scale["log"] else Normalize)(scale["lo"], scale["hi"], clip=True)
    extent = (*q["x"], *q["y"])
    ax.grid(False)
    filled = ax.imshow(
        values,
        origin="lower",
        extent=extent,
        aspect="auto",
        interpolation="bilinear",
        cmap=LinearSegmentedColormap.from_list("soft", ends),
        norm=norm,
    )
    levels = [x for x in scale["levels"] if np.nanmin(values) < x < np.nanmax(values)]
    if levels:
        xs, ys = (
            lo + (hi - lo) * (np.arange(len(values)) + 0.5) / len(values) for lo, hi in (q["x"], q["y"])
        )
        color = "black" if scale["two"] else QUIET
        ax.contour(xs, ys, values, levels=levels, colors=color, linewidths=width if scale["two"] else 0.7)
    return filled


def _dots(ax: Axes, points: Array, labels: Array | None, spec: Mapping[str, Any], size: float) -> None:
    """Draw the points: squares and discs for two classes, else discs in the colours of the field."""
    looks: dict[str, Any] = {"s": size, "ec": "black", "lw": 0.25 * size**0.4, "zorder": 3}
    if labels is not None and spec["classes"]:
        low, high = spec["classes"]
        for label, mark, fill in ((low, "s", "white"), (high, "o", VALUE)):
            of = points[labels == label]
            ax.scatter(of[:, 0], of[:, 1], marker=mark, c=fill, **looks)
        return
    scale = spec["scale"]
    if labels is None:
        looks["color"] = "white"
    else:
        cmap = LinearSegmentedColormap.from_list("soft", (MIDDLE, HIGH))
        looks |= {"c": labels, "cmap": cmap, "vmin": scale["lo"], "vmax": scale["hi"]}
    ax.scatter(points[:, 0], points[:, 1], marker="o", **looks)
