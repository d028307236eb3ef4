"""The picture of arrays as grids of cells, as the view `heat` shows them in the page.

It adds the ink to `bplib.plot.heat`: where each grid stands, and what a number looks like. Only the sizes of
the cells are decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from bplib.contract import Array
from bplib.plot import GRADIENT, QUIET, VALUE, Picture, number, style

#: Inches: a cell with its number, the side of one without, all rows of those.
WRITTEN, SIDE, TALLEST = (0.52, 0.25), 0.2, 3.2
#: Inches: above a grid for its title, below for its scale, between grids; how wide a row of them may be, the
#: least that a scale needs, a letter of a title.
ABOVE, BELOW, APART, WIDEST, NARROWEST, LETTER = 0.3, 0.25, 0.25, 6.8, 1.1, 0.082
#: Cells and rows that still have their numbers.
MOST, MOST_ROWS = 128, 16
#: Decades of a logarithmic scale; the least part of the colour, so that what is small differs from 0.
DECADES, FAINT = 5, 0.08
#: Depths of the colour that are told apart: a PNG of few colours keeps them all.
STEPS = 12
#: How much of the colour a cell has on which a number is read.
UNDER_TEXT = 0.75


def draw(
    arrays: Mapping[str, Array], gradients: Collection[str], full: Mapping[str, float], log: bool
) -> Picture:
    """Return the picture; the number `full[name]` has the full colour in the grid of that name."""
    sheets = {name: _flat(array) for name, array in arrays.items()}
    titles = {name: f"{name}  {_size(array)}" for name, array in arrays.items()}
    places, width, height = _places({titles[name]: sheet for name, sheet in sheets.items()})
    with style():
        picture = Picture(width, height)
        for name, sheet in sheets.items():
            x, y, w, h = places[titles[name]]
            ax = picture.add_axes((x / width, 1 - (y + h) / height, w / width, h / height))
            hue = np.array(to_rgb(GRADIENT if name in gradients else VALUE))
            if _written(sheet):
                hue = 1 - UNDER_TEXT * (1 - hue)
            _cells(ax, sheet, _depth(sheet, full[name], log), hue)
            if arrays[name].ndim > 2:
                columns = arrays[name].shape[-1]
                ax.vlines(range(columns, sheet.shape[1], columns), 0, len(sheet), color=QUIET, lw=1.5)
            ax.set_title(titles[name])
            low = number(full[name] * 10.0**-DECADES, 3) if log else "0"
            ax.set_xlabel(f"{low} to {number(full[name], 3)}", loc="left", fontsize=8, color=QUIET)
    told = (
        f"{name}{', a gradient' if name in gradients else ''} ({_size(array)}), {_range(array)}"
        for name, array in arrays.items()
    )
    picture.alt = f"Arrays as grids of cells: {'; '.join(told)}."
    return picture


def _cells(ax: Axes, sheet: Array, depth: Array, hue: Array) -> None:
    """Draw the cells: colour, crosses for gaps; numbers where there is room, else stripes below 0."""
    rows, columns = sheet.shape
    ax.imshow(1 - depth[..., None] * (1 - hue), extent=(0, columns, rows, 0), aspect="auto")
    if not _written(sheet):
        below = np.ma.masked_where(~(np.nan_to_num(sheet) < 0), sheet)
        ax.pcolor(below, hatch="/////", facecolor="none", edgecolor="white", lw=0)
    i, j = np.nonzero(np.isnan(sheet))
    ax.scatter(j + 0.5, i + 0.5, marker="x", c=QUIET, s=12, lw=0.8)
    ax.grid(visible=False)
    ax.set(xticks=[], yticks=[], xlim=(0, columns), ylim=(rows, 0))
    ax.spines[:].set(visible=True, color=QUIET, linewidth=0.7)
    if _written(sheet):
        for (i, j), z in np.ndenumerate(sheet):
            if not np.isnan(z):
                ax.text(j + 0.5, i + 0.5, number(z, 3), ha="center", va="center", fontsize=7.5)


def _depth(sheet: Array, full: float, log: bool) -> Array:
    """Return how much of its colour each cell has; 0 and gaps have none."""
    sizes = np.abs(np.nan_to_num(sheet)) / (full or 1)
    part = 1 + np.log10(np.maximum(sizes, 10.0**-DECADES)) / DECADES if log else sizes
    shown = np.where(sizes > 0, FAINT + (1 - FAINT) * part, 0)
    return np.asarray(np.ceil(STEPS * shown) / STEPS)


def _flat(array: Array) -> Array:
    """Return an array as one grid: a row if it has one axis; of more than two, the last two side by side."""
    if array.ndim < 2:
        return array.reshape(1, -1)
    rows, columns = array.shape[-2:]
    return array.reshape(-1, rows, columns).swapaxes(0, 1).reshape(rows, -1)


def _written(sheet: Array) -> bool:
    """Whether its numbers have room."""
    return sheet.size <= MOST and len(sheet) <= MOST_ROWS and sheet.shape[1] * WRITTEN[0] <= WIDEST


def _places(sheets: Mapping[str, Array]) -> tuple[dict[str, tuple[float, float, float, float]], float, float]:
    """Return left, top, width, height of each grid by its title, in inches; then the size of the picture."""
    places = {}
    left = top = 0.05
    right = bottom = 0.0
    for title, sheet in sheets.items():
        rows, columns = sheet.shape
        side = min(SIDE, WIDEST / columns, TALLEST / rows)
        cell = WRITTEN if _written(sheet) else (side, max(side, 0.15 if rows == 1 else 0))
        width, height = columns * cell[0], rows * cell[1]
        room = max(width, NARROWEST, LETTER * len(title))
        if left > 0.05 and left + room > WIDEST + 0.05:
            left, top = 0.05, bottom
        places[title] = (left, top + ABOVE, width, height)
        left += room + APART
        right, bottom = max(right, left - APART), max(bottom, top + ABOVE + height + BELOW)
    return places, right + 0.05, bottom + 0.05


def _size(array: Array) -> str:
    return " × ".join(map(str, array.shape)) or "1"


def _range(array: Array) -> str:
    """Tell the least and the largest number, and how many there are not."""
    known = array[~np.isnan(array)]
    gaps = array.size - known.size
    told = f"from {number(known.min(), 3)} to {number(known.max(), 3)}" if known.size else "no number"
    return f"{told}, {gaps} gap{'s'[: gaps > 1]}" if gaps else told
