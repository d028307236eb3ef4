"""The picture of shapes as tiles, as the view `tiles` shows them in the page.

It stands beside `bplib.plot` and draws with what it defines: for each equation rectangles as high and wide as
their sizes, the sides that meet in a product, and a sentence on whether they fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from bplib.plot import GRADIENT, QUIET, VALUE, Picture, style
from bplib.widgets.shapes import Equation, Tile, numbers, written

#: Inches: one of a size, and all of a row's at most; a letter, a line; between tiles, around all.
UNIT, ACROSS, TALLEST, LETTER, LINE, APART, MARGIN = 0.14, 4.0, 1.2, 0.078, 0.18, 0.1, 0.1
#: Inches: how wide a picture is. More rows than a few stand in two columns.
WIDTH, FEW = 7.0, 3
#: How much of the colour a tile has.
TINT = 0.2
#: How a side is lined, and a sentence begun: sizes are equal by name, equal by chance, or differ.
LOOKS = {"fits": "-", "only": "--", "differs": ":"}
SIGNS = {"fits": "✓", "only": "!", "differs": "✗"}

#: A heading or none, an equation, whether it fits, and the sentence.
Row = tuple[str, Equation, tuple[str, str]]


def draw(rows: Sequence[Row], sizes: Mapping[str, float], samples: str = "B") -> Picture:
    """Return the picture of equations from top to bottom, with lines between the samples."""
    unit = min(_unit(equation, sizes) for _, equation, _ in rows)
    heights = [
        _tallest(equation, sizes) * unit + (3 + bool(heading)) * LINE + APART for heading, equation, _ in rows
    ]
    widest = max(_width(equation, sizes, unit) for _, equation, _ in rows)
    half = (len(rows) + 1) // 2 if len(rows) > FEW and widest < WIDTH / 2 else len(rows)
    height = max(sum(heights[:half]), sum(heights[half:])) + 2 * MARGIN
    with style():
        picture = Picture(WIDTH, height)
        ax = picture.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH), ylim=(height, 0))
        ax.axis("off")
        for column, shown in enumerate((rows[:half], rows[half:])):
            top = MARGIN
            for row, room in zip(shown, heights[column * half :], strict=False):
                _row(ax, row, sizes, samples, unit, MARGIN + column * WIDTH / 2, top, top + room)
                top += room
    picture.alt = f"Shapes as tiles. {' '.join(_told(*row, sizes) for row in rows)}"
    return picture


def _sides(tile: Tile, sizes: Mapping[str, float]) -> tuple[int, int]:
    """Return how many rows and columns; a vector is a row."""
    rows, columns = (1, 1, *numbers(tile.axes, sizes))[-2:]
    return rows, columns


def _tallest(equation: Equation, sizes: Mapping[str, float]) -> int:
    return max(_sides(tile, sizes)[0] for tile in equation.tiles)


def _unit(equation: Equation, sizes: Mapping[str, float]) -> float:
    across = sum(_sides(tile, sizes)[1] for tile in equation.tiles)
    return min(UNIT, ACROSS / across, TALLEST / _tallest(equation, sizes))


def _room(part: str | Tile, sizes: Mapping[str, float], unit: float) -> float:
    """Return how wide a part is, in inches."""
    if isinstance(part, str):
        return LETTER * (len(part) + 1)
    label = max(len(part.name), len(written(numbers(part.axes, sizes))))
    return max(_sides(part, sizes)[1] * unit, LETTER * (label - 1)) + APART


def _width(equation: Equation, sizes: Mapping[str, float], unit: float) -> float:
    return sum(_room(part, sizes, unit) for part in equation.parts) + MARGIN


def _row(
    ax: Axes,
    row: Row,
    sizes: Mapping[str, float],
    samples: str,
    unit: float,
    x: float,
    top: float,
    bottom: float,
) -> None:
    heading, equation, (state, sentence) = row
    ax.text(x, top + LINE / 2, heading, va="center", weight="bold")
    ax.text(x, bottom - LINE, f"{SIGNS[state]} {sentence}", va="center", fontsize=8, color=QUIET)
    upper = top + (1 + bool(heading)) * LINE
    lower = upper + _tallest(equation, sizes) * unit
    for part, marks in zip(equation.parts, equation.marks(sizes), strict=True):
        width = _room(part, sizes, unit)
        centre, middle = x + width / 2, (upper + lower) / 2
        if isinstance(part, str):
            ax.text(centre, middle, part, ha="center", va="center")
        else:
            _tile(ax, part, _sides(part, sizes), samples, unit, centre, middle, marks)
            shape, color = written(numbers(part.axes, sizes)), GRADIENT if part.gradient else VALUE
            ax.text(centre, upper - LINE / 2, part.name, ha="center", va="center", color=color)
            ax.text(centre, lower + LINE * 0.6, shape, ha="center", va="center", fontsize=8)
        x += width


def _tile(
    ax: Axes,
    tile: Tile,
    sides: tuple[int, int],
    samples: str,
    unit: float,
    x: float,
    y: float,
    marks: Mapping[int, str],
) -> None:
    """Draw a rectangle around a point, lines between its samples, and the sides that meet others."""
    tall, wide = (unit * side for side in sides)
    left, top, right, bottom = x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2
    color = GRADIENT if tile.gradient else VALUE
    tint = tuple(1 - TINT * (1 - hue) for hue in to_rgb(color))
    hatch = "////" if "differs" in marks.values() else None
    ax.add_patch(Rectangle((left, top), wide, tall, fc=tint, ec=color, lw=1, hatch=hatch))
    if tile.axes[-1:] == (samples,):
        ax.vlines([left + unit * k for k in range(1, sides[1])], top, bottom, color=color, lw=0.5)
    elif samples in tile.axes:
        ax.hlines([top + unit * k for k in range(1, sides[0])], left, right, color=color, lw=0.5)
    for side, state in marks.items():
        ends = ([left, right], [bottom, bottom]) if side else ([left, left], [top, bottom])
        ax.plot(*ends, color="black", lw=2.5, ls=LOOKS[state])


def _told(heading: str, equation: Equation, said: tuple[str, str], sizes: Mapping[str, float]) -> str:
    shown = [
        part if isinstance(part, str) else f"{part.name} {written(numbers(part.axes, sizes))}"
        for part in equation.parts
    ]
    return f"{f'{heading}: ' if heading else ''}{joined(shown)}. {said[1]}"


def joined(parts: Sequence[str]) -> str:
    """Write the parts of an equation as one text.

    Examples
    --------
    >>> joined(["relu(", "Z (4, 2)", ")", ".sum(axis=0)"])
    'relu(Z (4, 2)).sum(axis=0)'
    """
    return " ".join(parts).replace("( ", "(").replace(" )", ")").replace(" .", ".")
