"""Pictures of what the core computes, as matplotlib Figures that also say in words what they show.

It adds nothing to the mathematics. Every function takes plain arrays, functions or a tape, leaves pyplot's
global state alone, and returns a `Picture` for a notebook, a page, a slide or a file.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bplib.ops import SYMBOLS
from bplib.tape import LEAVES, Tape

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image
except ImportError as error:
    raise ImportError("bplib.plot draws with matplotlib. Install it: pip install 'bplib[widgets]'") from error

Array = NDArray[np.float64]

#: Forward values, gradients and what belongs to neither: the colours of the whole book.
VALUE, GRADIENT, QUIET = "#0072B2", "#D55E00", "#5C5C5C"
#: Pixels of the page to an inch of a figure.
DPI = 100

STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.facecolor": "white",
    "axes.edgecolor": QUIET,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.frameon": True,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "none",
    "lines.linewidth": 2.0,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
}


class Picture(Figure):
    """A matplotlib Figure with a text alternative, kept out of pyplot.

    Parameters
    ----------
    width, height : float
        Size in inches; an inch is 100 pixels of the page.
    alt : str, optional
        What the picture shows, in words and numbers.
    **options
        Passed on to `matplotlib.figure.Figure`.

    Attributes
    ----------
    alt : str
        The text alternative. It is also what the picture prints as.

    Examples
    --------
    >>> picture = Picture(4, 3, alt="An empty sheet.")
    >>> picture
    An empty sheet.
    >>> picture.png()[1:4]
    b'PNG'
    """

    def __init__(self, width: float = 6.0, height: float = 3.6, alt: str = "", **options: Any) -> None:
        super().__init__(figsize=(width, height), dpi=DPI, facecolor="white", **options)
        self.agg: Any = FigureCanvasAgg(self)
        self.alt = alt

    def png(self, scale: float = 2.0, colors: int = 64) -> bytes:
        """Return the picture as a small PNG.

        Parameters
        ----------
        scale : float
            Pixels of the PNG to a pixel of the page; 2 is sharp on a fine screen.
        colors : int
            How many colours to keep, 2 to 256.

        Returns
        -------
        bytes
            The PNG file. The same picture gives the same bytes.

        Examples
        --------
        >>> len(Picture(1, 1).png()) < 1000
        True
        """
        self.set_dpi(DPI * scale)
        self.agg.draw()
        pixels = np.asarray(self.agg.buffer_rgba())[..., :3]
        self.set_dpi(DPI)
        return encode(pixels, colors)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = (round(inches * DPI) for inches in self.get_size_inches())
        size = {"width": width, "height": height, "alt": self.alt}
        return {"image/png": self.png(), "text/plain": repr(self)}, {"image/png": size}

    def __repr__(self) -> str:
        return self.alt or "A picture without a description."

    __str__ = __repr__


def style() -> AbstractContextManager[None]:
    """Return the book's matplotlib settings, to draw under: ``with style(): ...``.

    Examples
    --------
    >>> with style():
    ...     axes = Picture().subplots()
    """
    return mpl.rc_context(STYLE)


def encode(pixels: NDArray[np.uint8], colors: int | None = None) -> bytes:
    """Return an (H, W, 3) array of pixels as a PNG.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
        Red, green, blue.
    colors : int, optional
        Keep at most this many colours and compress well; by default keep all and compress fast.

    Examples
    --------
    >>> len(encode(np.zeros((100, 100, 3), dtype=np.uint8), colors=2)) < 200
    True
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    file = BytesIO()
    if colors is None:
        image.save(file, "PNG", compress_level=1)
    else:
        palette = image.quantize(colors, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        palette.save(file, "PNG", optimize=True)
    return file.getvalue()


def number(x: float, digits: int = 4) -> str:
    """Return a number as it stands in a picture: few digits, a real minus sign.

    Examples
    --------
    >>> number(-0.0706228)
    '−0.07062'
    >>> number(-0.0), number(1e-9)
    ('0', '1e−09')
    """
    return f"{x + 0.0:.{digits}g}".replace("-", "−")


def graph(tape: Tape, inputs: Mapping[str, float] | None = None) -> Picture:
    """Draw a computational graph with the value and the gradient of every node.

    Parameters
    ----------
    tape : Tape
        What was computed, of at most 60 nodes besides constants, which are folded into the labels.
    inputs : dict of str to float, optional
        Where to run it; an input that is left out keeps its recorded number.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If `tape` is not a Tape or an input is not a number.
    ValueError
        If an input is unknown, the output is not finite there, or the graph is too large to read.

    Examples
    --------
    >>> tape = Tape.record(lambda w, x: (w * x + 1).named("z"), w=2.0, x=3.0)
    >>> graph(tape)
    Graph of z. Values and gradients: w = 2, gradient 3; x = 3, gradient 2; w × x = 6, gradient 1;
    z = · + 1 = 7, gradient 1.
    """
    _tape(tape)
    seen = [i for i, node in enumerate(tape.nodes) if node[0] != "const"]
    if len(seen) > 60:
        raise ValueError(
            f"The graph has {len(seen)} nodes; a picture is readable up to 60. Draw a smaller part of it, or "
            "the network's layers with bplib.plot.network."
        )
    # The same tape with every node reported.
    whole = Tape(
        tape.nodes,
        [name or str(i) for i, name in enumerate(tape.names)],
        tape.inputs,
        [i for i in seen if i not in tape.inputs and i != tape.output],
        tape.output,
    )
    values, grads = _run(whole, inputs)
    labels = {i: _label(tape, i) for i in seen}
    places = _arrange({i: [j for j in _arguments(tape.nodes[i]) if j in labels] for i in seen})
    xs, ys = zip(*places.values(), strict=True)
    with style():
        picture = Picture(1.55 * (max(xs) + 1), max(0.95 * (max(ys) - min(ys) + 1), 1.2))
        ax = picture.add_axes((0, 0, 1, 1))
        ax.set(xlim=(-0.5, max(xs) + 0.5), ylim=(min(ys) - 0.5, max(ys) + 0.5))
        ax.axis("off")
        for i, j in _edges(places, tape.nodes):
            _arrow(ax, places, i, j)
        for i in seen:
            value, grad = values[whole.names[i]], grads[whole.names[i]]
            _card(ax, *places[i], labels[i], number(value), f"grad {number(grad, 3)}", i == tape.output)
    told = (
        f"{labels[i]} = {number(values[whole.names[i]])}, gradient {number(grads[whole.names[i]])}"
        for i in seen
    )
    picture.alt = f"Graph of {tape.names[tape.output]}. Values and gradients: {'; '.join(told)}."
    return picture


def curve(
    tape: Tape,
    inputs: Mapping[str, float] | None = None,
    of: str | None = None,
    against: str | None = None,
    lo: float | None = None,
    hi: float | None = None,
) -> Picture:
    """Draw one quantity of a tape against one input, and the tangent whose slope is the gradient.

    Parameters
    ----------
    tape : Tape
        What was computed.
    inputs : dict of str to float, optional
        The point; an input that is left out keeps its recorded number.
    of : str, optional
        A watched node, by default the output.
    against : str, optional
        An input, by default the first.
    lo, hi : float, optional
        The range of `against`, by default 2 to either side of the point.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If `tape` is not a Tape.
    ValueError
        If a name is unknown, the range is empty, or the quantity is not finite at the point.

    Examples
    --------
    >>> tape = Tape.record(lambda w: w * w, w=1.5)
    >>> curve(tape, against="w", lo=-2, hi=2)
    output against w from −2 to 2. At w = 1.5, output is 2.25 and the slope of the tangent, the gradient,
    is 3.
    """
    _tape(tape)
    of, against = of or tape.names[tape.output], against or tape.names[tape.inputs[0]]
    rooted = _rooted(tape, of)
    point = _point(tape, inputs, against)
    at = point[against]
    lo, hi = _span(at - 2 if lo is None else lo, at + 2 if hi is None else hi)
    values, grads = _run(rooted, point)
    height, slope = float(values[of]), float(grads[against])
    grid = np.linspace(lo, hi, 401)
    line = rooted.forward(**{**point, against: grid})[of]
    near = at + np.array([-0.18, 0.18]) * (hi - lo)
    with style():
        picture = Picture(5.6, 3.5, layout="constrained")
        ax = picture.subplots()
        ax.plot(grid, line, color=VALUE, label=of)
        ax.set(xlabel=against, ylabel=of, xlim=(lo, hi), ylim=_limits(np.append(line, height)))
        tangent = f"tangent, slope {number(slope)}"
        ax.plot(near, height + slope * (near - at), "--", color=GRADIENT, label=tangent)
        ax.plot([at], [height], "o", color=VALUE, ms=8, mec="white", label=f"{against} = {number(at)}")
        ax.legend()
    picture.alt = (
        f"{of} against {against} from {number(lo)} to {number(hi)}. At {against} = {number(at)}, {of} is "
        f"{number(height)} and the slope of the tangent, the gradient, is {number(slope)}."
    )
    return picture


def compare(
    tape: Tape, inputs: Mapping[str, float] | None = None, against: str | None = None, reach: float = 1.0
) -> Picture:
    """Draw the predicted change of the output, gradient times step, beside the true change.

    Parameters
    ----------
    tape : Tape
        What was computed.
    inputs : dict of str to float, optional
        Where the steps start; an input that is left out keeps its recorded number.
    against : str, optional
        The input that moves, by default the first.
    reach : float
        The largest step, above 0.

    Returns
    -------
    Picture
        Left the two changes; right the gap between them, on logarithmic axes, where step squared is a
        straight line of slope 2.

    Raises
    ------
    TypeError
        If `tape` is not a Tape.
    ValueError
        If a name is unknown, `reach` is not above 0, or the output is not finite at the start.

    Examples
    --------
    >>> tape = Tape.record(lambda w: w * w, w=1.0)
    >>> compare(tape, reach=0.5)
    Change of output when w moves from 1 by up to 0.5 either way. At the largest step the prediction,
    gradient times step, is 1 and the true change is 1.25, a gap of 0.25. At half the step the gap is
    0.0625.
    """
    _tape(tape)
    against = against or tape.names[tape.inputs[0]]
    reach = _positive("reach", reach)
    point = _point(tape, inputs, against)
    of = tape.names[tape.output]
    values, grads = _run(tape, point)
    height, slope = float(values[of]), float(grads[against])

    def change(steps: Any) -> Array:
        moved: Array = tape.forward(**{**point, against: point[against] + steps})[of]
        return moved - height

    steps = np.linspace(-reach, reach, 401)
    halved = reach * 0.5 ** np.arange(9)
    gaps = np.abs(change(halved) - slope * halved)
    with style():
        picture = Picture(7.2, 3.4, layout="constrained")
        left, right = picture.subplots(1, 2)
        left.plot(steps, change(steps), color=VALUE, label="true change")
        left.plot(steps, slope * steps, "--", color=GRADIENT, label="gradient times step")
        left.set(xlabel=f"step of {against}", title=f"change of {of}", xlim=(-reach, reach))
        left.legend()
        seen = gaps > 0
        right.loglog(halved[seen], gaps[seen], "o-", color="black", ms=4.5, label="gap")
        guide = np.array([halved[-1], halved[0]])
        if seen.any():
            scale = 0.3 * gaps[seen][0] / halved[seen][0] ** 2
            right.loglog(guide, scale * guide**2, ":", color=QUIET, label="slope 2: step squared")
            right.legend()
        right.set(xlabel=f"step of {against}", title="gap between the two")
    picture.alt = (
        f"Change of {of} when {against} moves from {number(point[against])} by up to {number(reach)} either "
        f"way. At the largest step the prediction, gradient times step, is {number(slope * reach)} and the "
        f"true change is {number(float(change(steps[-1:])[0]))}, a gap of {number(float(gaps[0]))}. At half "
        f"the step the gap is {number(float(gaps[1]))}."
    )
    return picture


def error_against_step(steps: ArrayLike, errors: ArrayLike | Mapping[str, ArrayLike]) -> Picture:
    """Draw the V-curve of a numerical gradient: its error against the step h, on logarithmic axes.

    Parameters
    ----------
    steps : array_like, shape (n,)
        The steps h, above 0.
    errors : array_like, shape (n,), or dict of str to array_like
        The error at each step, 0 or more, of one method or of several by name. Errors of exactly 0 have no
        place on the axis and are left out.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes differ, a step is not above 0, or no error is above 0.

    Examples
    --------
    >>> error_against_step([1e-2, 1e-5, 1e-8], {"central": [1e-4, 1e-10, 1e-8]})
    Error of a numerical gradient against the step h from 1e−08 to 0.01. central: least, 1e−10, at
    h = 1e−05.
    """
    h = _array("steps", steps, 1)
    if not (h > 0).all():
        raise ValueError(f"Every step must be above 0; the smallest is {h.min():g}. Drop the others.")
    many = errors if isinstance(errors, Mapping) else {"error": errors}
    told = []
    with style():
        picture = Picture(5.6, 3.6, layout="constrained")
        ax = picture.subplots()
        for (name, given), (color, mark) in zip(many.items(), _looks(len(many)), strict=True):
            error = _array(f"errors[{name!r}]" if errors is many else "errors", given, 1)
            if error.shape != h.shape:
                raise ValueError(
                    f"There must be one error for each step; {name!r} has shape {error.shape}, steps "
                    f"{h.shape}."
                )
            seen = error > 0
            if not seen.any():
                raise ValueError(
                    f"No error of {name!r} is above 0, so there is nothing to draw on a logarithmic axis."
                )
            best = int(np.argmin(np.where(seen, error, np.inf)))
            ax.loglog(h[seen], error[seen], color=color, marker=mark, ms=4.5, lw=1.4, label=name)
            told.append(f"{name}: least, {number(error[best], 2)}, at h = {number(h[best], 2)}")
        ax.set(xlabel="step h", ylabel="error")
        ax.legend()
    picture.alt = (
        f"Error of a numerical gradient against the step h from {number(h.min(), 2)} to "
        f"{number(h.max(), 2)}. {'; '.join(told)}."
    )
    return picture


# What the pictures share.


def _tape(tape: Any) -> None:
    if not isinstance(tape, Tape):
        raise TypeError(
            f"tape must be a Tape; {type(tape).__name__} came. Record one: Tape.record(loss, inputs=[w, x])."
        )


def _point(tape: Tape, inputs: Mapping[str, float] | None, against: str) -> dict[str, float]:
    start = tape.start()
    if against not in start:
        raise ValueError(f"against must be an input of the tape ({', '.join(start)}); {against!r} came.")
    return {**start, **(inputs or {})}


def _rooted(tape: Tape, of: str) -> Tape:
    """Return the same tape with another node as the one that is differentiated."""
    if not of or of not in tape.names:
        named = [name for name in tape.names if name]
        raise ValueError(f"of must be a named node of the tape ({', '.join(named)}); {of!r} came.")
    return Tape(tape.nodes, tape.names, tape.inputs, tape.watch, tape.names.index(of))


def _run(tape: Tape, inputs: Mapping[str, float] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return values and gradients at one point, and insist that they exist."""
    point = {**tape.start(), **(inputs or {})}
    values = tape.forward(**point)
    grads = tape.backward()
    output = tape.names[tape.output]
    if np.ndim(values[output]):
        raise TypeError(f"A picture shows one point; the inputs have shape {np.shape(values[output])}.")
    if not np.isfinite(grads[output]):
        where = ", ".join(f"{name} = {x:g}" for name, x in point.items())
        raise ValueError(f"{output} or its gradient is not finite at {where}. Choose another point.")
    return values, grads


def _span(lo: float, hi: float) -> tuple[float, float]:
    if not (np.isfinite(lo) and np.isfinite(hi) and lo < hi):
        raise ValueError(f"The range must run from a smaller to a larger finite number; ({lo}, {hi}) came.")
    return float(lo), float(hi)


def _positive(name: str, x: float) -> float:
    if not (np.isfinite(x) and x > 0):
        raise ValueError(f"{name} must be a finite number above 0; {x} came.")
    return float(x)


def _limits(values: Array) -> tuple[float, float]:
    """Return limits with room around the finite values, so that a tangent can't stretch the axis."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.08 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def _array(name: str, given: ArrayLike, ndim: int) -> Array:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; {array.dtype} came.")
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{name} must be a {ndim}-D array with entries; shape {array.shape} came.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; it holds NaN or infinity. Drop those entries.")
    return array.astype(np.float64)


def _looks(n: int) -> list[tuple[str, str]]:
    """Return n pairs of colour and marker, so that no two lines differ by colour alone."""
    colors, marks = (VALUE, GRADIENT, "#009E73", "black", "#CC79A7", "#8A6D00"), "osD^vP"
    return [(colors[i % 6], marks[i % 6]) for i in range(n)]


# The graph: labels, places, strokes.


def _arguments(node: tuple[Any, ...]) -> list[int]:
    return [] if node[0] in LEAVES else list(node[1:])


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _label(tape: Tape, i: int) -> str:
    """Return a node's name and how it was made, with constants written out: z = · + 1."""
    op, *args = tape.nodes[i]
    if op == "input":
        return tape.names[i]
    words = [number(tape.nodes[j][1]) if tape.nodes[j][0] == "const" else tape.names[j] or "·" for j in args]
    if op == "pow" and words[1].isdigit():
        made = words[0] + words[1].translate(RAISED)
    elif op in SYMBOLS:
        made = f" {SYMBOLS[op]} ".join(words) if len(words) == 2 else SYMBOLS[op] + words[0]
    else:
        made = f"{op}({', '.join(words)})"
    return f"{tape.names[i]} = {made}" if tape.names[i] else made


Key = int | tuple[int, int, int]


def _arrange(parents: Mapping[int, Sequence[int]]) -> dict[Key, tuple[float, float]]:
    """Return a place for every node, and one for each rank that an edge (j, i) jumps over, as (j, i, rank).

    A node's rank is its longest distance from a leaf; a leaf stands next to the first node that needs it.
    Within a rank, nodes are ordered by the mean place of their neighbours (Sugiyama, Tagawa and Toda, 1981).
    """
    rank: dict[int, int] = {}
    for i in sorted(parents):
        rank[i] = 1 + max((rank[j] for j in parents[i]), default=-1)
    for j in sorted(parents):
        users = [rank[i] for i in parents if j in parents[i]]
        if not parents[j] and users:
            rank[j] = min(users) - 1
    rows: list[list[Key]] = [[] for _ in range(1 + max(rank.values()))]
    links: dict[Key, list[Key]] = {}
    for i in sorted(parents):
        rows[rank[i]].append(i)
        for j in dict.fromkeys(parents[i]):
            chain: list[Key] = [j, *((j, i, r) for r in range(rank[j] + 1, rank[i])), i]
            for r, key in enumerate(chain[1:-1], rank[j] + 1):
                rows[r].append(key)
            for a, b in pairwise(chain):
                links.setdefault(a, []).append(b)
                links.setdefault(b, []).append(a)
    height: dict[Key, float] = {}
    for row in rows:
        height.update(_spread(row))
    for sweep in range(8):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            row.sort(key=lambda key: -np.mean([height[k] for k in links.get(key, [key])]))
            height.update(_spread(row))
    return {key: (float(x), height[key]) for x, row in enumerate(rows) for key in row}


def _spread(row: Sequence[Key]) -> dict[Key, float]:
    return {key: (len(row) - 1) / 2 - k for k, key in enumerate(row)}


def _edges(places: Mapping[Key, Any], nodes: Sequence[tuple[Any, ...]]) -> list[tuple[int, int]]:
    return [(j, i) for i in range(len(nodes)) for j in dict.fromkeys(_arguments(nodes[i])) if j in places]


def _arrow(ax: Axes, places: Mapping[Key, tuple[float, float]], j: int, i: int) -> None:
    """Draw the edge from node j to node i, round what stands between."""
    between = sorted(key for key in places if isinstance(key, tuple) and key[:2] == (j, i))
    points = [places[j], *(places[key] for key in between), places[i]]
    points[0] = (points[0][0] + HALF_WIDTH, points[0][1])
    points[-1] = (points[-1][0] - HALF_WIDTH - 0.02, points[-1][1])
    path: list[tuple[float, float]] = [points[0]]
    codes = [1]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        path += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [4, 4, 4]
    line = mpl.patches.FancyArrowPatch(
        path=mpl.path.Path(path, codes), arrowstyle="-|>", mutation_scale=11, color=QUIET, lw=1.2
    )
    ax.add_patch(line)


HALF_WIDTH, HALF_HEIGHT = 0.37, 0.38


def _card(ax: Axes, x: float, y: float, label: str, value: str, grad: str, last: bool) -> None:
    """Draw one node: how it was made, its value, its gradient."""
    corner = (x - HALF_WIDTH, y - HALF_HEIGHT)
    shape = mpl.patches.FancyBboxPatch(
        corner,
        2 * HALF_WIDTH,
        2 * HALF_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        fc="white",
        ec="black" if last else QUIET,
        lw=2 if last else 1.2,
    )
    ax.add_patch(shape)
    size = STYLE["font.size"] * min(1.0, 14 / len(label))
    for text, dy, color, points in (
        (label, 0.22, "black", size),
        (value, 0.0, VALUE, STYLE["font.size"]),
        (grad, -0.22, GRADIENT, STYLE["font.size"]),
    ):
        ax.text(x, y + dy, text, ha="center", va="center", color=color, fontsize=points)
