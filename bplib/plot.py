"""Pictures of what the core computes, as matplotlib Figures that also say in words what they show.

It adds nothing to the mathematics. Every function takes plain arrays, functions or a tape, leaves pyplot's
global state alone, and returns a `Picture` for a notebook, a page, a slide or a file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bplib.contract import Array, as_reals, check_finite, check_type, wrong
from bplib.tape import Tape

try:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.rcsetup import cycler
    from PIL import Image
except ImportError as error:
    raise ImportError("bplib.plot draws with matplotlib. Install it: pip install 'bplib[widgets]'") from error


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
    "axes.titley": 1.0,  # looked for anew in every draw otherwise, which takes a quarter of it
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.prop_cycle": cycler(color=[VALUE, GRADIENT, "#009E73", "black", "#CC79A7", "#8A6D00"]),
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


def encode(pixels: NDArray[np.uint8], colors: int) -> bytes:
    """Return an (H, W, 3) array of pixels as a small PNG.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
        Red, green, blue.
    colors : int
        Keep at most this many colours.

    Examples
    --------
    >>> len(encode(np.zeros((100, 100, 3), dtype=np.uint8), colors=2)) < 200
    True
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    few = image.quantize(colors, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    file = BytesIO()
    few.save(file, "PNG", optimize=True)
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
    z = (w × x) + 1 = 7, gradient 1.
    """
    from bplib.graph_picture import draw  # which draws with what this file defines

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
    place = {name: i for i, name in enumerate(whole.names)}
    return draw(tape, {place[k]: x for k, x in values.items()}, {place[k]: x for k, x in grads.items()})


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


def bars(
    tape: Tape,
    inputs: Mapping[str, float] | None = None,
    of: Sequence[str] | None = None,
    log: bool = False,
) -> Picture:
    """Draw some quantities of a tape as bars, one below the other, with their numbers.

    Parameters
    ----------
    tape : Tape
        What was computed.
    inputs : dict of str to float, optional
        The point; an input that is left out keeps its recorded number.
    of : sequence of str, optional
        Watched nodes, from top to bottom; by default all.
    log : bool, default False
        A logarithmic scale; numbers that are not above 0 have no bar there.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If `tape` is not a Tape.
    ValueError
        If a name is unknown.

    Examples
    --------
    >>> tape = Tape.record(lambda n: ((2 * n).named("edges") + 2**n).named("sum"), n=20.0)
    >>> bars(tape, of=["edges", "sum"], log=True)
    Bars on a logarithmic scale: edges 40, sum 1,048,616.
    """
    _tape(tape)
    values, _ = _run(tape, inputs)
    names = [tape.names[i] for i in (*tape.watch, tape.output)] if of is None else list(of)
    if unknown := [name for name in names if name not in values]:
        raise ValueError(f"The tape has no node {unknown[0]!r}; it has {', '.join(values)}.")
    numbers = [float(values[name]) for name in names]
    # "dk" beside a "k" is its gradient.
    colors = [GRADIENT if name[0] == "d" and name[1:] in values else VALUE for name in names]
    texts = [f"{x:,.0f}" if x.is_integer() and abs(x) < 1e15 else number(x) for x in numbers]
    with style():
        picture = Picture(5.6, 0.7 + 0.34 * len(names), layout="constrained")
        ax = picture.subplots()
        drawn = ax.barh(names, [x if x > 0 or not log else np.nan for x in numbers], color=colors, height=0.6)
        ax.bar_label(drawn, texts, padding=4)
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        if log:
            ax.set_xscale("log")
            ax.set_xlim(left=min(1.0, *(x for x in numbers if x > 0), np.inf))
        ax.margins(x=0.2)
    scale = " on a logarithmic scale" if log else ""
    picture.alt = f"Bars{scale}: {', '.join(f'{a} {b}' for a, b in zip(names, texts, strict=True))}."
    return picture


def compose(
    tape: Tape,
    inputs: Mapping[str, float] | None,
    chain: Sequence[str],
    lo: float,
    hi: float,
) -> Picture:
    """Draw each stage of a composition against its own input, with its slope, and the product of the slopes.

    Parameters
    ----------
    tape : Tape
        What was computed.
    inputs : dict of str to float or None
        The point; an input that is left out keeps its recorded number.
    chain : sequence of str
        An input, then named nodes; each depends on that input only through the one before it.
    lo, hi : float
        The range of the input.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If `tape` is not a Tape.
    ValueError
        If a name is unknown, the range is empty, or a stage is not finite at the point.

    Examples
    --------
    >>> tape = Tape.record(lambda x: (x * x).named("u").sin().named("y"), x=1.0)
    >>> compose(tape, None, ["x", "u", "y"], 0, 2)
    Stages: u against x at 1, slope 2; y against u at 1, slope 0.5403. dy/dx = 0.5403 × 2 = 1.081.
    """
    _tape(tape)
    if len(chain) < 2:
        raise ValueError(f"chain must name an input and then at least one node; {list(chain)} came.")
    point = _point(tape, inputs, chain[0])
    lo, hi = _span(lo, hi)
    grid = {**point, chain[0]: np.linspace(lo, hi, 161)}
    told, slopes = [], []
    with style():
        picture = Picture(2.3 * (len(chain) - 1), 2.5, layout="constrained")
        panels = picture.subplots(1, len(chain) - 1, squeeze=False)[0]
        for ax, (before, after) in zip(panels, pairwise(chain), strict=True):
            first = _stage(tape, before, chain[0], point[chain[0]])
            at = float(first.forward(**point)[before])
            stage = _stage(tape, after, before, at)
            here = {**point, before: at}
            values, grads = _run(stage, here)
            height, slope = float(values[after]), float(grads[before])
            reached = first.forward(**grid)[before]
            span = np.linspace(np.nanmin(reached), np.nanmax(reached), 161)
            ax.plot(span, stage.forward(**{**here, before: span})[after], color=VALUE)
            near = at + np.array([-0.15, 0.15]) * (span[-1] - span[0])
            ax.plot(near, height + slope * (near - at), color=GRADIENT)
            ax.plot([at], [height], "o", color=VALUE, ms=7, mec="white")
            ax.set(xlabel=before, ylabel=after, title=f"d{after}/d{before} = {number(slope)}")
            told.append(f"{after} against {before} at {number(at)}, slope {number(slope)}")
            slopes.append(slope)
    product = " × ".join(number(slope) if slope >= 0 else f"({number(slope)})" for slope in reversed(slopes))
    whole = f"d{chain[-1]}/d{chain[0]} = {product} = {number(float(np.prod(slopes)))}"
    picture.alt = f"Stages: {'; '.join(told)}. {whole}."
    return picture


def ribbons(
    tape: Tape,
    inputs: Mapping[str, float] | None,
    stops: Sequence[Sequence[str]],
    nudge: float,
) -> Picture:
    """Draw a nudge on number lines of one scale, and what each stage makes of it.

    Parameters
    ----------
    tape : Tape
        What was computed.
    inputs : dict of str to float or None
        The point; an input that is left out keeps its recorded number.
    stops : sequence of sequences of str
        An input, then named nodes, each computed from the stop before it; one stop may have two nodes, whose
        parts join on the line after it.
    nudge : float
        How far the input is moved.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If `tape` is not a Tape.
    ValueError
        If a name is unknown, or a number is not finite with or without the nudge.

    Examples
    --------
    >>> tape = Tape.record(lambda x: (x * x).named("u").sin().named("y"), x=1.0)
    >>> ribbons(tape, None, [["x"], ["u"], ["y"]], 0.1)
    A nudge on number lines: x from 1 to 1.1; u from 1 to 1.21, × 2.1; y from 0.8415 to 0.9356, × 0.4483.
    """
    _tape(tape)
    start = stops[0][0]
    point = _point(tape, inputs, start)
    here = (point[start], point[start] + nudge)
    ends = {name: [_held(tape, name, point, start, x) for x in here] for stop in stops for name in stop}
    told = [f"{start} from {number(ends[start][0])} to {number(ends[start][1])}"]
    places = {name: k for k, name in enumerate(ends)}
    with style():
        picture = Picture(1.4 * len(ends), 2.8, layout="constrained")
        ax = picture.subplots()
        ax.grid(axis="x", visible=False)
        for name, (low, high) in ends.items():
            ax.axvline(places[name], color=QUIET, lw=0.8)
            ax.plot([places[name]] * 2, [low, high], color=VALUE, marker="o", ms=5, lw=4)
        for before, after in pairwise(stops):
            for node in after:
                joint = list(ends[node])
                if len(before) > 1:  # the first of them moves alone, then the second too
                    joint.insert(1, _held(tape, node, point, before[0], ends[before[0]][1]))
                for way, (source, (a, b)) in enumerate(zip(before, pairwise(joint), strict=True)):
                    c, d = ends[source]
                    color = QUIET if way + after.index(node) else VALUE
                    ax.fill_between(
                        [places[source], places[node]], [c, a], [d, b], color=color, alpha=0.25, lw=0
                    )
                    via = f" through {source}" if len(before) > 1 else ""
                    told.append(f"{node} from {number(a)} to {number(b)}{via}, × {number((b - a) / (d - c))}")
        ax.set_xticks(range(len(ends)), list(ends))
    picture.alt = f"A nudge on number lines: {'; '.join(told)}."
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
        If the shapes differ, a step is not above 0, an error is below 0, or none is above.

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
    if not many:
        raise ValueError('errors must hold at least one method, such as {"central": [...]}; none came.')
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
            if error.min() < 0:
                raise ValueError(
                    f"Every error must be 0 or more; {name!r} holds {error.min():g}. Draw np.abs of it."
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


def network(
    weights: Sequence[ArrayLike],
    grads: Sequence[ArrayLike] | None = None,
    labels: Sequence[str] = (),
    units: Sequence[Sequence[str]] = (),
) -> Picture:
    """Draw the layers of a network: a wider line for a larger weight, a dashed one for a weight below 0.

    Parameters
    ----------
    weights : sequence of array_like, each of shape (n_out, n_in)
        One matrix for each layer of weights; at most 20 units in a layer.
    grads : sequence of array_like, optional
        Gradients of the same shapes, to draw in place of the weights, in their own colour.
    labels : sequence of str, optional
        The names of the layers, inputs first.
    units : sequence of sequence of str, optional
        What to write into the circles, layer by layer, inputs first; up to three short lines each.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes don't follow each other, or a layer has more than 20 units.

    Examples
    --------
    >>> network([[[0.5, -0.3], [0.2, 0.8]], [[1.0, -0.5]]])
    Network of 2, 2 and 1 units. The weights of layer 1 run from −0.3 to 0.8, those of layer 2 from
    −0.5 to 1.
    """
    matrices = _matrices("weights", weights)
    shown = matrices if grads is None else _matrices("grads", grads)
    sizes: list[int] = [matrices[0].shape[1], *(W.shape[0] for W in matrices)]
    for k, W in enumerate(matrices):
        if W.shape[1] != sizes[k]:
            raise ValueError(
                f"weights[{k}] has shape {W.shape} and follows {sizes[k]} units: it must have shape "
                f"({W.shape[0]}, {sizes[k]}), one column for each unit it reads."
            )
    if [G.shape for G in shown] != [W.shape for W in matrices]:
        raise ValueError("grads must have the shapes of weights, in the same order.")
    if max(sizes) > 20:
        raise ValueError(f"A layer has {max(sizes)} units; a picture is readable up to 20.")
    if labels and len(labels) != len(sizes):
        raise ValueError(f"There must be one label for each of {len(sizes)} layers; {len(labels)} came.")
    if units and [len(layer) for layer in units] != sizes:
        raise ValueError(f"units must hold a text for each unit, {sizes}; {list(map(len, units))} came.")
    color, what = (VALUE, "weights") if grads is None else (GRADIENT, "gradients")
    largest = max(float(np.abs(W).max()) for W in shown) or 1.0
    across, beside, area = (1.9, 1.05, 3600) if units else (1.5, 0.52, 230)
    deep = (max(sizes) - 1) * beside

    def height(k: int, i: int) -> float:
        return beside * ((sizes[k] - 1) / 2 - i)

    with style():
        below, above = (0.6, 1.0) if units else (0.35, 0.65)
        picture = Picture(across * (len(sizes) - 1) + 2 * below + 0.3, deep + below + above)
        ax = picture.add_axes((0, 0, 1, 1))
        side = below + 0.15
        ax.set(xlim=(-side, across * (len(sizes) - 1) + side), ylim=(-deep / 2 - below, deep / 2 + above))
        ax.axis("off")
        for k, W in enumerate(shown):
            for (i, j), w in np.ndenumerate(W):
                ends = [height(k, j), height(k + 1, i)]
                wide, dash = 0.4 + 4.6 * abs(w) / largest, "-" if w >= 0 else (0, (2.2, 1.2))
                strength = 0.35 + 0.65 * abs(w) / largest
                ax.plot([across * k, across * (k + 1)], ends, color=color, lw=wide, ls=dash, alpha=strength)
        for k, size in enumerate(sizes):
            ax.scatter(
                [across * k] * size,
                [height(k, i) for i in range(size)],
                s=area,
                c="white",
                ec="black",
                zorder=3,
            )
            last = len(sizes) - 1
            name = labels[k] if labels else "input" if k == 0 else "output" if k == last else f"layer {k}"
            ax.text(across * k, deep / 2 + (0.75 if units else 0.4), name, ha="center", color="black")
            for i, written in enumerate(units[k] if units else ()):
                ax.text(
                    across * k, height(k, i), written, ha="center", va="center", fontsize=8, color="black"
                )
    told = [
        f"{'The ' + what if k == 0 else 'those'} of layer {k + 1} {'run ' if k == 0 else ''}from "
        f"{number(W.min())} to {number(W.max())}"
        for k, W in enumerate(shown)
    ]
    counts = f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
    picture.alt = f"Network of {counts} units. {', '.join(told)}."
    return picture


def boundary(
    predict: Callable[[Array], ArrayLike], X: ArrayLike, y: ArrayLike, level: float = 0.5
) -> Picture:
    """Draw two classes of points and where a prediction crosses from one to the other.

    Parameters
    ----------
    predict : callable
        Takes points of shape (n, 2), returns n numbers, of shape (n,) or (n, 1): above `level` for class 1.
    X : array_like, shape (B, 2)
        The points.
    y : array_like, shape (B,) or (B, 1)
        Their classes, 0 or 1.
    level : float
        The value of the prediction on the boundary.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes don't fit, a class is neither 0 nor 1, or a prediction is not finite.

    Examples
    --------
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> boundary(lambda P: P[:, 0], X, [0, 0, 1, 0])
    Decision boundary. 3 of 4 points lie on the side of their class (75 %). Predicted class 1 covers
    50 % of the picture.
    """
    points = _array("X", X, 2)
    classes = _array("y", np.ravel(np.asarray(y)), 1)
    if points.shape[1] != 2 or len(classes) != len(points):
        raise ValueError(
            f"X must have shape (B, 2) and y one class for each row; {points.shape} and {classes.shape} came."
        )
    if not np.isin(classes, (0, 1)).all():
        raise ValueError(f"The classes in y must be 0 or 1; {np.unique(classes)[:6]} came.")

    def ask(at: Array) -> Array:
        answer = np.asarray(predict(at), dtype=np.float64)
        if answer.shape not in ((len(at),), (len(at), 1)):
            raise ValueError(
                f"predict must return one number for each of {len(at)} points; {answer.shape} came."
            )
        return _array("what predict returns", answer.ravel(), 1)

    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.15 * np.where(high > low, high - low, 1.0)
    xs, ys = (np.linspace(a, b, 160) for a, b in zip(low - room, high + room, strict=True))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    field = ask(grid.reshape(-1, 2)).reshape(len(ys), len(xs))
    right = int(np.sum((ask(points) > level) == (classes == 1)))
    with style():
        picture = Picture(4.6, 4.2, layout="constrained")
        ax = picture.subplots()
        ax.grid(False)
        ax.contourf(xs, ys, field > level, levels=[-0.5, 0.5, 1.5], colors=["#FFFFFF", "#DCEBF5"])
        if (field > level).any() and (field <= level).any():
            ax.contour(xs, ys, field, levels=[level], colors="black", linewidths=1.6)
        for label, mark, fill in ((0, "s", "white"), (1, "o", VALUE)):
            of = points[classes == label]
            ax.scatter(
                of[:, 0],
                of[:, 1],
                s=34,
                marker=mark,
                c=fill,
                ec="black",
                lw=1,
                label=f"class {label}",
                zorder=3,
            )
        ax.set(xlabel="x₁", ylabel="x₂", xlim=xs[[0, -1]], ylim=ys[[0, -1]])
        picture.legend(loc="outside upper left", ncols=2, borderpad=0.1)
    picture.alt = (
        f"Decision boundary. {right} of {len(points)} points lie on the side of their class "
        f"({100 * right / len(points):.0f} %). Predicted class 1 covers {100 * np.mean(field > level):.0f} % "
        "of the picture."
    )
    return picture


def gradient_norms(norms: ArrayLike | Mapping[str, ArrayLike], what: str = "norm of the gradient") -> Picture:
    """Draw one bar a layer, on a logarithmic axis: how a signal or a gradient grows or shrinks with depth.

    Parameters
    ----------
    norms : array_like, shape (L,), or dict of str to array_like
        A number for each layer, 0 or more, from layer 1; of one network or of several by name. A norm of
        exactly 0 has no bar and is marked "0".
    what : str
        What the numbers are.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a number is below 0, or the networks differ in depth.

    Examples
    --------
    >>> gradient_norms({"sigmoid": [1e-6, 1e-4, 1e-2], "relu": [0.2, 0.3, 0.2]})
    The norm of the gradient by layer, 1 to 3. sigmoid: from 1e−06 in layer 1 to 0.01 in layer 3; relu:
    from 0.2 in layer 1 to 0.2 in layer 3.
    """
    many = norms if isinstance(norms, Mapping) else {"": norms}
    rows = {name: _array(f"norms[{name!r}]" if name else "norms", given, 1) for name, given in many.items()}
    depths = {len(row) for row in rows.values()}
    if len(depths) != 1 or min(row.min() for row in rows.values()) < 0:
        raise ValueError("norms must hold numbers of 0 or more, as many for each network as it has layers.")
    depth = depths.pop()
    above = np.concatenate([row[row > 0] for row in rows.values()])
    floor = (above.min() if above.size else 1.0) / 3
    with style():
        picture = Picture(max(4.6, 0.32 * depth * len(rows) + 1.2), 3.4, layout="constrained")
        ax = picture.subplots()
        ax.grid(axis="x", visible=False)
        wide = 0.8 / len(rows)
        looks = zip(
            rows.items(), _looks(len(rows)), ("", "//", "..", "xx", "\\\\", "++") * len(rows), strict=False
        )
        for k, ((name, row), (color, _), hatch) in enumerate(looks):
            places = np.arange(1, depth + 1) + (k - (len(rows) - 1) / 2) * wide
            color = GRADIENT if len(rows) == 1 else color
            bars = np.where(row > 0, row, floor)
            ax.bar(
                places,
                bars - floor,
                wide * 0.92,
                bottom=floor,
                color=color,
                hatch=hatch,
                ec="white",
                label=name,
            )
            for place in places[row == 0]:
                ax.annotate("0", (place, floor), ha="center", va="bottom", color=color)
        ax.set_yscale("log")
        ax.set(
            xlabel="layer",
            ylabel=what,
            xlim=(0.4, depth + 0.6),
            ylim=(floor, (above.max() if above.size else 3.0) * 2),
        )
        ax.set_xticks(np.arange(1, depth + 1, max(1, depth // 12)))
        if len(rows) > 1:
            picture.legend(loc="outside upper left", ncols=3, borderpad=0.1)
    told = [
        f"{name + ': from' if name else 'From'} {number(row[0])} in layer 1 to {number(row[-1])} in layer "
        f"{depth}"
        for name, row in rows.items()
    ]
    picture.alt = f"The {what} by layer, 1 to {depth}. {'; '.join(told)}."
    return picture


def landscape(
    f: Callable[[Array, Array], ArrayLike],
    x: tuple[float, float] = (-2.0, 2.0),
    y: tuple[float, float] = (-2.0, 2.0),
    path: ArrayLike | None = None,
    names: tuple[str, str] = ("x", "y"),
) -> Picture:
    """Draw a function of two numbers as a map of its heights, and on it the path of a descent.

    Parameters
    ----------
    f : callable
        Takes two arrays of one shape, returns the heights, of that shape; NaN is left blank.
    x, y : (float, float)
        The ranges.
    path : array_like, shape (n, 2), optional
        Points that were visited, in order.
    names : (str, str)
        The names of the axes.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a range is empty, a shape doesn't fit, or no height is finite.

    Examples
    --------
    >>> landscape(lambda w, b: w**2 + b**2, path=[[1.5, 1.0], [0.75, 0.5]], names=("w", "b"))
    Heights of a function of w from −2 to 2 and b from −2 to 2: least 0, largest 8. A path of 2
    points goes from (1.5, 1), height 3.25, to (0.75, 0.5), height 0.8125.
    """
    xs, ys = np.linspace(*_span(*x), 121), np.linspace(*_span(*y), 121)
    heights = np.asarray(f(*np.meshgrid(xs, ys)), dtype=np.float64)
    if heights.shape != (121, 121):
        raise ValueError(f"f must return one height for each point, shape (121, 121); {heights.shape} came.")
    heights = np.where(np.isfinite(heights), heights, np.nan)
    if np.isnan(heights).all():
        raise ValueError("f is finite nowhere in this range. Choose another one.")
    least, largest = float(np.nanmin(heights)), float(np.nanmax(heights))
    with style():
        picture = Picture(5.2, 4.0, layout="constrained")
        ax = picture.subplots()
        ax.grid(False)
        if largest > least:
            # Closer lines near the bottom, where a descent ends.
            levels = least + (largest - least) * np.linspace(0, 1, 13) ** 2
            filled = ax.contourf(xs, ys, heights, levels=levels, cmap="Blues_r")
            ax.contour(xs, ys, heights, levels=levels[1:-1], colors="white", linewidths=0.6)
            picture.colorbar(filled, ax=ax, label="height", format=lambda h, _: number(h, 2))
        ax.set(xlabel=names[0], ylabel=names[1], xlim=xs[[0, -1]], ylim=ys[[0, -1]])
        told = ""
        if path is not None:
            points = _array("path", path, 2)
            if points.shape[1] != 2:
                raise ValueError(f"path must have shape (n, 2); {points.shape} came.")
            along = np.asarray(f(points[:, 0], points[:, 1]), dtype=np.float64)
            ax.plot(*points.T, "o-", color=GRADIENT, ms=4, lw=1.4, mec="white", mew=0.6)
            ax.plot(*points[-1], "*", color=GRADIENT, ms=13, mec="white")
            ends = [
                f"({number(a)}, {number(b)}), height {number(h)}"
                for (a, b), h in zip(points, along, strict=True)
            ]
            told = f" A path of {len(points)} points goes from {ends[0]}, to {ends[-1]}."
    picture.alt = (
        f"Heights of a function of {names[0]} from {number(x[0])} to {number(x[1])} and {names[1]} from "
        f"{number(y[0])} to {number(y[1])}: least {number(least)}, largest {number(largest)}.{told}"
    )
    return picture


def heat(
    arrays: Mapping[str, ArrayLike],
    gradients: Iterable[str] = (),
    full: Mapping[str, float] | None = None,
    log: bool = False,
) -> Picture:
    """Draw arrays as grids of cells: the deeper a cell, the further its number is from 0.

    Numbers stand in the cells where they have room; elsewhere what is below 0 is striped.

    Parameters
    ----------
    arrays : dict of str to array_like
        Arrays by title. One of one axis is a row; the last two axes of one with more stand side by side.
        NaN is a gap.
    gradients : iterable of str, optional
        The titles of those that are gradients.
    full : dict of str to float, optional
        The number that has the full colour, by title; by default the largest of the array.
    log : bool, default False
        A logarithmic scale of five decades.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no array, one is empty or infinite, or a title is unknown.

    Examples
    --------
    >>> heat({"W": [[0.5, -1], [2, 0]], "dW": [[0.1, 0], [0, 0]]}, gradients=["dW"])
    Arrays as grids of cells: W (2 × 2), from −1 to 2; dW, a gradient (2 × 2), from 0 to 0.1.
    """
    from bplib.heat_picture import draw  # which draws with what this file defines

    sheets = {title: np.asarray(given, dtype=np.float64) for title, given in arrays.items()}
    if not sheets:
        raise ValueError('arrays must hold at least one array, such as {"W": W}; none came.')
    for title, sheet in sheets.items():
        if sheet.size == 0 or np.isinf(sheet).any():
            raise wrong(f"arrays[{title!r}]", "finite numbers", f"{sheet!r:.60}", "Put NaN for a gap.")
    if unknown := (set(gradients := list(gradients)) | set(full or {})) - sheets.keys():
        raise wrong("gradients and full", ", ".join(sheets), ", ".join(sorted(unknown)), "Use the titles.")
    known = {title: np.abs(sheet[~np.isnan(sheet)]) for title, sheet in sheets.items()}
    largest = {title: float(sizes.max(initial=0)) for title, sizes in known.items()}
    return draw(sheets, gradients, {**largest, **(full or {})}, log)


# What the pictures share.


def _tape(tape: Any) -> None:
    check_type("tape", tape, Tape, "a Tape", "Record one: Tape.record(loss, inputs=[w, x]).")


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


def _stage(tape: Tape, of: str, frm: str, at: float) -> Tape:
    """Return the part of a tape from one named node, which becomes an input at `at`, to another."""
    end, start = _rooted(tape, of).output, _rooted(tape, frm).output
    # What is computed later may be undefined where the stage is not.
    nodes = [node if i <= end or node[0] == "input" else ("const", 0.0) for i, node in enumerate(tape.nodes)]
    nodes[start] = ("input", at)
    return Tape(nodes, tape.names, [*(i for i in tape.inputs if i != start), start], [], end)


def _held(tape: Tape, of: str, point: Mapping[str, float], name: str, x: float) -> float:
    """Return a node's number while another one is held at `x`, and insist that it exists."""
    found = float(_stage(tape, of, name, x).forward(**{**point, name: x})[of])
    if not np.isfinite(found):
        raise ValueError(f"{of} is not finite at {name} = {x:g}. Choose another point or a shorter nudge.")
    return found


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


def _limits(values: Array) -> tuple[float, float]:
    """Return limits with room around the finite values, so that a tangent can't stretch the axis."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.08 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def _array(name: str, given: ArrayLike, ndim: int) -> Array:
    given = np.asarray(given)
    array = as_reals(name, given.astype(int) if given.dtype == bool else given)
    if array.ndim != ndim or array.size == 0:
        raise wrong(name, f"a {ndim}-D array with entries", f"shape {array.shape}", "Reshape it.")
    check_finite(name, array, "Drop those entries.")
    return array


def _matrices(name: str, given: Sequence[ArrayLike]) -> list[Array]:
    if len(given) == 0:
        raise ValueError(f"{name} must hold at least one matrix.")
    return [_array(f"{name}[{k}]", W, 2) for k, W in enumerate(given)]


def _looks(n: int) -> list[tuple[str, str]]:
    """Return n pairs of colour and marker, so that no two lines differ by colour alone."""
    colors = STYLE["axes.prop_cycle"].by_key()["color"]
    return [(colors[i % 6], "osD^vP"[i % 6]) for i in range(n)]
