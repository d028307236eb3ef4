"""Pictures of curves, of one number a layer, and of a moment in a program: figures of arrays, drawn still.

They stand beside `bplib.plot` and draw with what it defines. They add the looks of several curves, which
differ by more than their colour, and say what has no place on a logarithmic scale.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from bplib.contract import Array
from bplib.plot import GRADIENT, QUIET, VALUE, Picture, number, style

#: Curves differ by more than their colour. Vermillion is for gradients.
LOOKS = [
    (VALUE, "-"),
    ("black", (0, (6, 3))),
    ("#009E73", (0, (2, 2))),
    ("#CC79A7", (0, (8, 2, 2, 2))),
    ("#8A6D00", (0, (12, 4))),
    (QUIET, (0, (1, 1))),
]


def lines(
    xs: Array,
    curves: Mapping[str, Array],
    *,
    log: str = "",
    names: tuple[str, str] = ("", ""),
    gradients: Collection[str] = (),
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
) -> Picture:
    """Draw curves over one axis; points that have no place on a logarithmic one are left out.

    Examples
    --------
    >>> h = np.array([1e-1, 1e-5, 1e-9])
    >>> lines(h, {"central": np.array([1e-3, 1e-11, 1e-7])}, log="xy", names=("h", "error"))
    Curves over h from 1e−09 to 0.1, both axes logarithmic. central: from 1e−07 to 0.001, least 1e−11
    at 1e−05.
    """
    told = []
    with style():
        picture = Picture(5.6, 3.4, layout="constrained")
        ax = picture.subplots()
        for (title, ys), (color, dash) in zip(curves.items(), LOOKS, strict=False):
            places = xs[: len(ys)]
            seen = np.isfinite(ys) & ((ys > 0) | ("y" not in log)) & ((places > 0) | ("x" not in log))
            color = GRADIENT if title in gradients else color
            ax.plot(places, np.where(seen, ys, np.nan), color=color, ls=dash, lw=1.8, label=title)
            if not seen.any():
                told.append(f"{title}: no point yet")
                continue
            order = np.argsort(places[seen])
            at, drawn = places[seen][order], ys[seen][order]
            least = int(np.argmin(drawn))
            told.append(
                f"{title}: from {number(drawn[0], 3)} to {number(drawn[-1], 3)}, least "
                f"{number(drawn[least], 3)} at {number(at[least], 3)}"
            )
        if "x" in log:
            ax.set_xscale("log")
        if "y" in log:
            ax.set_yscale("log")
        ax.set(xlabel=names[0], ylabel=names[1], xlim=x, ylim=y)
        if len(curves) > 1:
            picture.legend(loc="outside upper left", ncols=3, borderpad=0.1)
    ends = f" from {number(xs.min(), 3)} to {number(xs.max(), 3)}" if xs.size else ""
    scale = {"": "", "x": ", logarithmic", "y": ", on a logarithmic scale", "xy": ", both axes logarithmic"}[
        log
    ]
    picture.alt = f"Curves over {names[0]}{ends}{scale}. {'; '.join(told)}."
    return picture


def layers(
    series: Mapping[str, Array],
    *,
    axis: str = "layer",
    what: str = "",
    y: tuple[float, float] | None = None,
) -> Picture:
    """Draw one number a layer, values and gradients, on a logarithmic scale; what is 0 is said.

    Examples
    --------
    >>> layers({"values": np.array([1.0, 0.8]), "gradients": np.array([0.0, 0.5])}, what="rms")
    The rms by layer, 1 to 2, on a logarithmic scale. values: from 1 in layer 1 to 0.8 in layer 2;
    gradients: from 0 in layer 1 to 0.5 in layer 2.
    """
    depth = len(next(iter(series.values())))
    at = np.arange(1, depth + 1)
    told = []
    with style():
        picture = Picture(5.6, 3.2, layout="constrained")
        ax = picture.subplots()
        for title, row in series.items():
            backward = title == "gradients"
            look: dict[str, Any] = (
                {"color": GRADIENT, "ls": "--", "marker": "o", "mfc": "white"}
                if backward
                else {"color": VALUE, "marker": "o"}
            )
            ax.plot(at, np.where(row > 0, row, np.nan), lw=1.6, ms=5, label=title, **look)
            for place in at[row == 0]:
                ax.annotate(
                    "0", (place, 0), xycoords=("data", "axes fraction"), ha="center", color=look["color"]
                )
            told.append(f"{title}: from {number(row[0])} in {axis} 1 to {number(row[-1])} in {axis} {depth}")
        ax.set_yscale("log")
        ax.set(xlabel=axis, ylabel=what, xlim=(0.5, depth + 0.5), ylim=y)
        ax.set_xticks(at[:: max(1, depth // 12)])
        if len(series) > 1:
            picture.legend(loc="outside upper left", ncols=2, borderpad=0.1)
    of = f"The {what}" if what else "One number"
    picture.alt = f"{of} by {axis}, 1 to {depth}, on a logarithmic scale. {'; '.join(told)}."
    return picture


def moment(listing: Sequence[str], line: int, says: str, rows: Sequence[tuple[str, Array, Array]]) -> Picture:
    """Draw a listing with the line that has run, and below it what each number was and is.

    Examples
    --------
    >>> moment(["loss.backward()"], 0, "It adds.", [("w.grad", np.array(2.0), np.array(4.0))])
    After line 1 of 1, loss.backward(): It adds. w.grad was 2, is 4.
    """
    words = [(name, written(was), written(now)) for name, was, now in rows]
    tall = len(listing) + len(rows) + 3
    with style():
        picture = Picture(5.6, 0.26 * tall + 0.2)
        ax = picture.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, 10), ylim=(tall, 0))
        ax.axis("off")
        for k, code in enumerate(listing):
            here = k == line
            if here:
                ax.axhspan(k + 0.1, k + 1.1, color="#FFF0C2")
            ax.text(0.2, k + 0.6, "▸" if here else "", va="center", color="black")
            ax.text(0.5, k + 0.6, code, va="center", family="monospace", weight="bold" if here else "normal")
        ax.text(0.2, len(listing) + 0.8, says, va="center")
        for k, (name, was, now) in enumerate(words):
            changed = was != now
            weight = "bold" if changed else "normal"
            ax.text(0.5, len(listing) + 2.2 + k, name, va="center", family="monospace")
            ax.text(
                4, len(listing) + 2.2 + k, f"{was} → {now}" if changed else now, va="center", weight=weight
            )
    told = ", ".join(f"{a} was {b}, is {c}" if b != c else f"{a} is {c}" for a, b, c in words)
    picture.alt = f"After line {line + 1} of {len(listing)}, {listing[line].strip()}: {says} {told}."
    return picture


def written(array: Array) -> str:
    """Write a small array as code does; one that does not exist is none.

    Examples
    --------
    >>> written(np.array([[1.0, -2.0]])), written(np.array(np.nan))
    ('[[1, −2]]', 'none')
    """
    if np.isnan(array).all():
        return "none"
    return number(float(array)) if array.ndim == 0 else f"[{', '.join(map(written, array))}]"
