"""`explore`: a picture that Python draws, with controls for what it is drawn from.

It adds to matplotlib a figure that is kept: only what changes is drawn again. Pictures drawn in advance, when
the site is built, answer on a page behind which no Python runs; there `live` computes and this one looks up.
"""

import math
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from io import BytesIO
from itertools import product
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bplib.plot import DPI, Picture, style
from bplib.widgets.figure import Figure

try:
    import traitlets
    from PIL import Image
except ImportError as error:
    raise ImportError('Explorers need anywidget: pip install "bplib[widgets]"') from error

#: At most so many pictures are drawn in advance, of at most so many bytes.
FRAMES, FRAME_BYTES = 40, 6000
#: Pixels of a frame to a pixel of the page, and its colours: the first pair at which all are small enough.
LADDER = ((2.0, 16), (1.5, 16), (1.5, 8), (1.0, 8))
#: A slider with more stops than this asks for a larger step.
MOST_STOPS = 500


def explore(
    draw: Callable[..., str | None],
    backdrop: Callable[[Any], object] | None = None,
    *,
    alt: str | Callable[..., str] | None = None,
    size: tuple[float, float] = (5.6, 3.4),
    panels: tuple[int, int] = (1, 1),
    **controls: Any,
) -> "Explorer":
    """Show a picture that is drawn again whenever a control moves.

    Parameters
    ----------
    draw : callable
        Called as ``draw(ax, w=0.5, ...)`` with matplotlib axes and the value of each control. It returns a
        sentence that says in numbers what the picture shows, unless `alt` does.
    backdrop : callable, optional
        Called once, as ``backdrop(ax)``, to draw what no control changes and to fix the limits of the axes.
        With it `draw` only adds to the backdrop, and only what it adds is drawn again: several times
        faster. Without it the axes are empty when `draw` is called.
    alt : str or callable, optional
        The sentence, as a format string (``"w = {w}"``) or a function of the controls.
    size : (float, float)
        Width and height in inches; an inch is 100 pixels of the page.
    panels : (int, int)
        Rows and columns of axes; `draw` and `backdrop` get an array of axes if there are several.
    **controls
        One for each further argument of `draw`, in the abbreviations of ipywidgets' `interact`:
        ``(lo, hi)`` or ``(lo, hi, step)`` a slider; a number n a slider from -n to 3n; ``True`` or
        ``False`` a checkbox; a list of options, or a dict from labels to options, a menu, or a slider where
        the options are numbers in order. A slider starts in its middle, a menu at its first option, both at
        the default value of that argument of `draw`, if it has one.

    Returns
    -------
    Explorer
        The figure. ``fig.values`` reads and sets the controls.

    Raises
    ------
    TypeError
        If `draw` can't be called with these controls, a control is not one of the above, or nothing says in
        words what the picture shows.
    ValueError
        If a range is empty or has more than 500 stops, or a default value is not one of its stops.

    Notes
    -----
    Every control has discrete stops. With the environment variable ``BPLIB_FRAMES=1``, as in ``make site``,
    the picture at every stop is drawn in advance and kept with the figure; if that were more than 40
    pictures, each control keeps fewer stops.

    If `draw` raises at some stop, the last good picture stays and a line under it says why.

    Examples
    --------
    >>> def draw(ax, power=2):
    ...     x = np.linspace(0, 2)
    ...     ax.plot(x, x**power)
    ...     return f"x to the power {power}: at 2 it is {2**power}."
    >>> fig = explore(draw, power=(1, 4))
    >>> fig
    x to the power 2: at 2 it is 4.
    >>> fig.values = {"power": 3}
    >>> fig
    x to the power 3: at 2 it is 8.
    """
    return Explorer(draw, backdrop, alt, size, panels, controls)


class Explorer(Figure):
    """The figure that `explore` makes.

    Attributes
    ----------
    values : dict of str to object
        The value of each control. Assign a dict to move some or all of them.
    alt : str
        What the picture shows, in words and numbers.
    message : str
        Why the picture could not be drawn at the present values, or ``""``.
    """

    _bplib_kind = traitlets.Unicode("explore").tag(sync=True)

    #: ``{"name", "kind", "stops", "start"}`` for each control; stops as they are labelled.
    controls: Any = traitlets.List().tag(sync=True)
    #: The place of each control among its stops.
    at = traitlets.List(traitlets.Int()).tag(sync=True)
    #: ``{"at", "image", "alt"}``: the last good picture, and where it was drawn.
    picture = traitlets.Dict().tag(sync=True)
    #: Pictures drawn in advance, in the same form; ``{"at", "message"}`` where drawing failed.
    frames: Any = traitlets.List().tag(sync=True)
    #: ``{"at", "message"}``: where drawing failed last, and why; empty while all is well.
    fault = traitlets.Dict().tag(sync=True)
    #: Pixels of the reader's screen to a pixel of the page, 1 to 2: the page says.
    scale = traitlets.Float(2.0, min=1.0, max=2.0).tag(sync=True)
    #: Width and height in pixels of the page.
    size = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        draw: Callable[..., str | None],
        backdrop: Callable[[Any], object] | None,
        alt: str | Callable[..., str] | None,
        size: tuple[float, float],
        panels: tuple[int, int],
        controls: Mapping[str, Any],
    ) -> None:
        defaults = _defaults(draw, controls)
        self._controls = {name: _Control(name, given, defaults.get(name)) for name, given in controls.items()}
        in_advance = os.environ.get("BPLIB_FRAMES") == "1"
        if in_advance:
            _thin(list(self._controls.values()))
        self._frames: dict[tuple[int, ...], dict[str, Any]] = {}
        self._stage = _Stage(draw, backdrop, alt, size, panels)
        at = [control.start for control in self._controls.values()]
        # The first picture must succeed: an error here is the author's to see.
        pixels, told = self._stage.draw(self._values(at))
        super().__init__(
            controls=[control.shown() for control in self._controls.values()],
            at=at,
            picture={"at": at, "image": _png(pixels), "alt": told},
            size=[round(inches * DPI) for inches in size],
        )
        if in_advance:
            self._draw_in_advance()
        self.observe(self._answer, "at")
        self.observe(lambda change: self._stage.scale(change["new"]), "scale")

    @property
    def values(self) -> dict[str, Any]:
        """The value of each control."""
        return self._values(self.at)

    @values.setter
    def values(self, values: Mapping[str, Any]) -> None:
        unknown = [str(name) for name in values if name not in self._controls]
        if unknown:
            raise ValueError(f"Unknown control {', '.join(unknown)}; there are {', '.join(self._controls)}.")
        self.at = [
            control.find(values[name]) if name in values else place
            for (name, control), place in zip(self._controls.items(), self.at, strict=True)
        ]

    @property
    def alt(self) -> str:
        """What the picture shows, in words and numbers."""
        told: str = self.picture["alt"]
        return told

    @property
    def message(self) -> str:
        """Why the picture could not be drawn at the present values, or an empty string."""
        why: str = self.fault.get("message", "")
        return why

    def figure(self) -> Picture:
        """Return the last good picture as a matplotlib Figure of its own, to keep or to save.

        Examples
        --------
        >>> fig = explore(lambda ax, n: ax.set_title(f"{n} dots"), alt="{n} dots.", n=[1, 2, 3])
        >>> fig.figure()
        1 dots.
        """
        stage = _Stage(*self._stage.recipe)
        stage.draw(self._values(self.picture["at"]))
        for artist in stage.picture.findobj():
            artist.set_animated(False)  # what is animated isn't saved
        return stage.picture

    def _values(self, at: Iterable[int]) -> dict[str, Any]:
        return {name: control.stops[i] for (name, control), i in zip(self._controls.items(), at, strict=True)}

    @traitlets.validate("at")
    def _check_at(self, proposal: Any) -> list[int]:
        at: list[int] = proposal["value"]
        sizes = [len(control.stops) for control in self._controls.values()]
        if len(at) != len(sizes) or not all(0 <= i < n for i, n in zip(at, sizes, strict=True)):
            raise traitlets.TraitError(f"Expected a stop for each of {len(sizes)} controls; {at} came.")
        return at

    def _answer(self, change: Any) -> None:
        """Draw at the new values, or keep the last good picture and say why."""
        at = list(self.at)
        frame = self._frames.get(tuple(at)) or self._frame(at)
        with self.hold_sync():
            self.fault = {} if "image" in frame else frame
            if "image" in frame:
                self.picture = frame

    def _frame(self, at: Sequence[int], colors: int | None = None) -> dict[str, Any]:
        values = self._values(at)
        try:
            pixels, told = self._stage.draw(values)
        except Exception as error:
            where = ", ".join(f"{name} = {value}" for name, value in values.items())
            return {"at": list(at), "message": f"No picture at {where}. {type(error).__name__}: {error}"}
        return {
            "at": list(at),
            "image": _png(pixels) if colors is None else _small(pixels, colors),
            "alt": told,
        }

    def _draw_in_advance(self) -> None:
        everywhere = list(product(*(range(len(control.stops)) for control in self._controls.values())))
        for scale, colors in LADDER:
            self._stage.scale(scale)
            self._frames, largest = {}, 0
            for at in everywhere:
                frame = self._frames[at] = self._frame(at, colors)
                largest = max(largest, len(frame.get("image", b"")))
                if largest > FRAME_BYTES:
                    break
            else:
                break
        else:
            raise ValueError(
                f"A picture drawn in advance takes {largest:,} bytes and may take {FRAME_BYTES:,}. Draw "
                "fewer points, fewer shades or a smaller size."
            )
        self._stage.scale(2.0)
        self.frames = list(self._frames.values())
        self.picture = self._frames[tuple(self.at)]

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        still, about = self.figure()._repr_mimebundle_()
        return {**data, **still}, {**metadata, **about}

    def __repr__(self) -> str:
        return self.alt


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Return (H, W, 4) pixels as a PNG, faster than Pillow, which tries five filters on every row."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), dtype=np.uint8)  # each row starts with its filter: 0, none
    rows[:, 1:] = pixels.reshape(height, 4 * width)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0),
        b"IDAT": zlib.compress(rows.data, 1),
        b"IEND": b"",
    }
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks.items():
        file += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return file


def _small(pixels: NDArray[np.uint8], colors: int) -> bytes:
    """Return (H, W, 4) pixels as a picture of few colours in WebP: a third smaller than PNG.

    Pillow's ways to choose colours lose thin lines or a pale grid. Here each next colour is the one that the
    colours so far miss most, by distance and by number of pixels.
    """
    shades, places, counts = np.unique(pixels.view(np.uint32), return_inverse=True, return_counts=True)
    rgb = shades.view(np.uint8).reshape(-1, 4)[:, :3]
    chosen = int(np.argmax(counts))
    nearest, missed = np.full(len(rgb), chosen), np.full(len(rgb), np.inf)
    for _ in range(colors):
        distance = np.square(rgb.astype(float) - rgb[chosen]).sum(axis=1)
        nearest[distance < missed] = chosen
        missed = np.minimum(missed, distance)
        chosen = int(np.argmax(missed * counts))
    file = BytesIO()
    few = rgb[nearest][places.reshape(pixels.shape[:2])]
    Image.fromarray(few).save(file, "WEBP", lossless=True, quality=50)
    return file.getvalue()


class _Control:
    """One control: its stops, and where it starts."""

    def __init__(self, name: str, given: Any, default: Any) -> None:
        self.name = name
        self.kind, self.stops, self.labels, self.start = _stops(name, given)
        if default is not None:
            self.start = self.find(default)

    def find(self, value: Any) -> int:
        """Return the place of a value among the stops; a float counts if it is within rounding of one."""
        for i, stop in enumerate(self.stops):
            if stop is value or (
                _is_number(stop)
                and _is_number(value)
                and math.isclose(stop, value, rel_tol=1e-9, abs_tol=1e-12)
            ):
                return i
            if type(stop) is type(value) and not _is_number(stop) and np.all(stop == value):
                return i
        labels = self.labels if len(self.labels) < 9 else [*self.labels[:4], "...", *self.labels[-2:]]
        raise ValueError(
            f"{self.name} has the stops {', '.join(labels)}; {value!r} came. Choose one of these."
        )

    def keep(self, count: int) -> None:
        """Keep `count` stops, evenly spread, the first, the last and the start among them."""
        kept = {round(i) for i in np.linspace(0, len(self.stops) - 1, count)}
        if self.start not in kept:
            inner = kept - {0, len(self.stops) - 1} or kept - {0}
            kept.remove(min(inner, key=lambda i: abs(i - self.start)))
            kept.add(self.start)
        places = sorted(kept)
        self.stops = [self.stops[i] for i in places]
        self.labels = [self.labels[i] for i in places]
        self.start = places.index(self.start)

    def shown(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "stops": self.labels, "start": self.start}


def _stops(name: str, given: Any) -> tuple[str, list[Any], list[str], int]:
    """Return kind, stops, labels and start of a control from its abbreviation."""
    if isinstance(given, bool | np.bool_):
        return "checkbox", [False, True], ["off", "on"], int(given)
    if _is_number(given):
        lo, hi = (-given, 3 * given) if given > 0 else (3 * given, -given) if given < 0 else (0, 1)
        stops = _range(name, lo, hi, 1 if isinstance(given, Integral) else 0.1)
        return "slider", stops, [f"{x:.10g}" for x in stops], _nearest(stops, given)
    if isinstance(given, tuple) and len(given) in (2, 3) and all(map(_is_number, given)):
        step = 1 if all(isinstance(x, Integral) for x in given) else 0.1
        stops = _range(name, given[0], given[1], given[2] if len(given) == 3 else step)
        return "slider", stops, [f"{x:.10g}" for x in stops], (len(stops) - 1) // 2
    if isinstance(given, Mapping):
        labels, stops = [str(label) for label in given], list(given.values())
    elif isinstance(given, Iterable) and not isinstance(given, str | tuple):
        stops = list(given)
        labels = [f"{stop:.10g}" if _is_number(stop) else str(stop) for stop in stops]
    else:
        raise TypeError(
            f"The control {name} must be (lo, hi), (lo, hi, step), a number, True or False, a list of "
            f"options or a dict from labels to options; {given!r} came. A fixed argument belongs in draw."
        )
    if not stops:
        raise ValueError(f"The control {name} has no options. Give at least one.")
    in_order = len(stops) > 2 and not isinstance(given, Mapping) and all(map(_is_number, stops))
    if in_order and (np.all(np.diff(stops) > 0) or np.all(np.diff(stops) < 0)):
        return "slider", stops, labels, 0
    return "menu", stops, labels, 0


def _range(name: str, lo: Any, hi: Any, step: Any) -> list[Any]:
    if not (all(map(math.isfinite, (lo, hi, step))) and lo < hi and step > 0):
        raise ValueError(
            f"The range of {name} must be (lo, hi, step) with lo < hi and a step above 0; "
            f"({lo}, {hi}, {step}) came."
        )
    count = 1 + math.floor((hi - lo) / step + 1e-9)
    if not 2 <= count <= MOST_STOPS:
        raise ValueError(
            f"The range ({lo}, {hi}, {step}) of {name} has {count} stops; 2 to {MOST_STOPS} are possible. "
            f"Choose another step, such as {name}=({lo}, {hi}, {(hi - lo) / 40:g})."
        )
    if all(isinstance(x, Integral) for x in (lo, hi, step)):
        return [int(lo + i * step) for i in range(count)]
    # Rounded, so that a stop is 0.3 and not 0.30000000000000004.
    digits = 10 - math.floor(math.log10(max(abs(lo), abs(hi))))
    return [round(float(lo + i * step), digits) + 0.0 for i in range(count)]


def _is_number(x: Any) -> bool:
    return isinstance(x, Real) and not isinstance(x, bool | np.bool_)


def _nearest(stops: Sequence[Any], x: Any) -> int:
    return int(np.argmin(np.abs(np.asarray(stops, dtype=float) - x)))


def _defaults(draw: Any, controls: Mapping[str, Any]) -> dict[str, Any]:
    """Return the default values of draw's arguments, after checking that draw can be called."""
    if not callable(draw):
        raise TypeError(f"draw must be a function draw(ax, ...); {draw!r} came.")
    if not controls:
        raise TypeError("explore needs at least one control, such as w=(-2, 2), for an argument of draw.")
    arguments = signature(draw)
    try:
        arguments.bind(None, **dict.fromkeys(controls))
    except TypeError as error:
        raise TypeError(
            f"draw{arguments} can't be called as draw(ax, {', '.join(f'{name}=...' for name in controls)}): "
            f"{error}. Its first argument is the axes; give a control for each of the others."
        ) from None
    return {
        name: p.default
        for name, p in arguments.parameters.items()
        if name in controls and p.default is not Parameter.empty
    }


def _thin(controls: Sequence[_Control]) -> None:
    """Take away stops until all of them together make at most FRAMES pictures."""
    counts = [len(control.stops) for control in controls]
    while math.prod(counts) > FRAMES:
        widest = counts.index(max(counts))
        if counts[widest] == 2:
            raise ValueError(
                f"{len(counts)} controls make {math.prod(counts)} pictures even at two stops each; a figure "
                f"on the site has at most {FRAMES}. Split it into two."
            )
        counts[widest] -= 1
    for control, count in zip(controls, counts, strict=True):
        if count < len(control.stops):
            control.keep(count)


def _clear(ax: Any) -> None:
    """Clear axes, but keep the marks of its scales: to make them anew is half the work of a redraw."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.reset_ticks = lambda: None
    ax.clear()
    for spine in ax.spines.values():
        spine.get_position()  # a cleared spine takes its place when first asked, and resets the marks then
    for axis in (ax.xaxis, ax.yaxis):
        del axis.reset_ticks


def _lasting(ax: Any) -> tuple[Any, ...]:
    """Return what `draw` may set and clearing axes leaves as it is."""
    ticks = [axis.get_tick_params(which) for axis in (ax.xaxis, ax.yaxis) for which in ("major", "minor")]
    spines = [(line.get_visible(), line.get_edgecolor(), line.get_linewidth()) for line in ax.spines.values()]
    place = ax.get_subplotspec(), ax.get_aspect(), ax.get_box_aspect(), ax.get_anchor(), ax.get_frame_on()
    return ticks, spines, place, [axis.get_visible() for axis in (ax, ax.xaxis, ax.yaxis)]


def _lengths(picture: Picture) -> dict[tuple[int, str], int]:
    """Return how long the texts beside each axes are: tick labels in letters, others 1 if they exist."""
    found: dict[tuple[int, str], int] = {}
    for k, ax in enumerate(picture.axes):
        found[k, "title"] = any(ax.get_title(loc=side) for side in ("left", "center", "right"))
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            found[k, name] = bool(axis.get_label_text())
            found[k, f"{name} ticks"] = max(
                (len(tick.label1.get_text()) for tick in axis.majorTicks), default=0
            )
    return found


class _Stage:
    """A kept figure: draws on it what changes, and returns its pixels and what they show."""

    def __init__(
        self,
        draw: Callable[..., str | None],
        backdrop: Callable[[Any], object] | None,
        alt: str | Callable[..., str] | None,
        size: tuple[float, float],
        panels: tuple[int, int],
    ) -> None:
        self.recipe = (draw, backdrop, alt, size, panels)
        self._call, self._backdrop, self._alt, _, self._panels = self.recipe
        self.picture = Picture(*size, layout="constrained")
        self.picture.set_dpi(2 * DPI)
        self._axes: Any = None
        self._kept: Any = None
        self._room: dict[tuple[int, str], int] = {}
        self._panes: list[Any] = []
        self._added: list[Any] = []
        self._still: Any = None

    def scale(self, scale: float) -> None:
        """Draw from now on with so many pixels to a pixel of the page."""
        self.picture.set_dpi(DPI * scale)
        self._still = None

    def draw(self, values: Mapping[str, Any]) -> tuple[NDArray[np.uint8], str]:
        with style():
            told = self._draw_all(values) if self._backdrop is None else self._draw_added(values)
        self.picture.alt = told
        pixels: NDArray[np.uint8] = np.asarray(self.picture.agg.buffer_rgba())
        return pixels, told

    def _draw_all(self, values: Mapping[str, Any]) -> str:
        picture = self.picture
        # Axes that can be cleared are kept; at first, and after a deeper change, there are new ones.
        if self._kept and self._kept == self._state():
            for ax in self._panes:
                _clear(ax)
        else:
            picture.clear()
            picture.set_layout_engine("constrained")
            self._axes = picture.subplots(*self._panels)
            self._panes = picture.axes
            self._kept = self._state()
            self._room = {}
        told = self._told(self._call(self._axes, **values), values)
        picture.agg.draw()
        # To find a layout takes as long as to draw: done when a text beside the axes outgrows its room.
        room = _lengths(picture)
        if self._room and any(length > self._room.get(place, 0) for place, length in room.items()):
            picture.set_layout_engine("constrained")
            picture.agg.draw()
        picture.set_layout_engine("none")
        self._room = {place: max(length, self._room.get(place, 0)) for place, length in room.items()}
        return told

    def _state(self) -> list[Any]:
        return [self.picture.get_children(), *map(_lasting, self._panes)]

    def _draw_added(self, values: Mapping[str, Any]) -> str:
        picture = self.picture
        if self._axes is None:
            axes = picture.subplots(*self._panels)
            self._backdrop(axes)  # type: ignore[misc]
            self._panes = picture.axes
            for ax in self._panes:
                ax.autoscale_view()  # limits are computed late, and would be dropped
                ax.autoscale(False)
                # Titles change often; drawn apart, they don't make the backdrop change.
                ax.title.set_animated(True)
            self._axes = axes
            self._kept = self._children()
        for artist in self._added:
            artist.remove()
        for ax in self._panes:
            ax.set_title("")
            ax.set_prop_cycle(None)
        stale = {artist for artist in self._kept if artist.stale}
        try:
            told = self._told(self._call(self._axes, **values), values)
        finally:
            self._added = [artist for artist in self._children() if artist not in self._kept]
        titles = [ax.title for ax in self._panes]
        if self._still is None or any(
            artist.stale and artist not in stale and artist not in titles for artist in self._kept
        ):
            self._draw_backdrop()
        picture.agg.restore_region(self._still)
        renderer = picture.agg.get_renderer()
        for artist in sorted([*self._added, *titles], key=lambda artist: artist.get_zorder()):
            artist.draw(renderer)
        return told

    def _draw_backdrop(self) -> None:
        """Draw everything but what `draw` added, and keep the pixels."""
        picture = self.picture
        if self._still is None:
            # Once, with everything in place, so that there is room for all of it and nothing jumps later.
            picture.set_layout_engine("constrained")
            picture.draw_without_rendering()
            picture.set_layout_engine("none")
        for artist in self._added:
            artist.set_animated(True)
        picture.agg.draw()
        self._still = picture.agg.copy_from_bbox(picture.bbox)

    def _children(self) -> dict[Any, None]:
        of_axes = (child for ax in self._panes for child in ax.get_children())
        return dict.fromkeys([*self.picture.get_children(), *of_axes])

    def _told(self, returned: Any, values: Mapping[str, Any]) -> str:
        if self._alt is None:
            told = returned
        elif callable(self._alt):
            told = self._alt(**values)
        else:
            told = self._alt.format(**values)
        if not isinstance(told, str) or not told.strip():
            raise TypeError(
                "A picture needs words for those who can't see it: let draw return a sentence with the "
                f"numbers it shows, or pass alt='... {{{next(iter(values))}}}'. {told!r} came."
            )
        return told
