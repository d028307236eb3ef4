"""What a live figure shows: a source of numbers, its controls, its views.

It adds to the source all that a figure knows without page and picture. A plan runs, tells its state,
takes one back and makes a gradient step wherever Python is, with no widget and no matplotlib.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np

from bplib.contract import wrong
from bplib.optim import Optimizer
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets import states
from bplib.widgets import tasks as lesson
from bplib.widgets.frames import Frames
from bplib.widgets.places import INPUT_NAME, Arrays, Key, Places
from bplib.widgets.program import Program
from bplib.widgets.seeds import Seeds
from bplib.widgets.shapes import FORM, SPAN, Shapes
from bplib.widgets.sources import FramesSource, LanesSource, ProgramSource, ShapesSource, Source, TapeSource
from bplib.widgets.views import VIEWS, View, graph

#: The learning rate where none is given.
RATE = 0.1
#: What a figure shows, in words, by what its views must be able to read.
READS = {"graph": "a graph of Values", "arrays": "arrays", "shapes": "shapes"}
#: More views than this make one figure too tall to work with.
MAX_VIEWS = 8

_FIGURE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Plan:
    """What a figure shows, with all inputs as places in the source's order; a Live makes it a widget.

    The numbers of the inputs are no part of it: every method takes them.
    """

    source: Source
    controls: list[list[Any]]  # of [n, lo, hi, step], or with the names of its stops as a fifth
    views: list[View]
    name: str
    tasks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def start(self) -> list[float]:
        """The inputs at the start."""
        return list(self.source.start)

    @property
    def tape(self) -> Tape:
        """The recorded graph, for views of one."""
        if not isinstance(self.source, TapeSource):
            raise TypeError(
                "This figure shows arrays and has no tape. Read them by name: fig.quantity('0.W')."
            )
        return self.source.tape

    @property
    def spans(self) -> dict[str, tuple[int, float, float]]:
        """The place among the inputs and the range of each control, by name."""
        return {self.input_name(n): (n, lo, hi) for n, lo, hi, *_ in self.controls}

    @property
    def movable(self) -> dict[str, int]:
        """The place of each input that can move, by name: what a state holds."""
        moving = {*self.source.movable, *(n for n, *_ in self.controls)}
        return {self.input_name(n): n for n in sorted(moving)}

    def input_name(self, n: int) -> str:
        """Return the name of one input."""
        return self.source.names[n]

    def named(self, inputs: Sequence[float]) -> dict[str, float]:
        """Return the inputs by name."""
        return dict(zip(self.source.names, inputs, strict=True))

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        return {
            "source": self.source.spec,
            "controls": self.controls,
            "views": [view.spec for view in self.views],
            "name": self.name,
            **({"tasks": self.tasks} if self.tasks else {}),
        }

    def checked(self, given: Any, rate: float = RATE) -> list[float]:
        """Return numbers for the inputs at which everything exists, or say what is wrong with them."""
        count = len(self.source.names)
        if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != count:
            raise ValueError(f"inputs must be {count} numbers, one for each input; got {given!r}.")
        numbers = [real(self.input_name(n), x) for n, x in enumerate(given)]
        for name, (n, lo, hi) in self.spans.items():
            if not lo <= numbers[n] <= hi:
                raise ValueError(
                    f"{name} = {numbers[n]:g} is outside its range {lo:g} to {hi:g}. "
                    "Choose a number inside it."
                )
        for n in self.source.whole:
            if numbers[n] != int(numbers[n]):
                raise ValueError(
                    f"{self.input_name(n)} counts: it must be a whole number; got {numbers[n]:g}."
                )
        values, gradients = self.source.run(numbers, rate)
        if not all(map(math.isfinite, (*values.values(), *gradients.values()))):
            shown = ", ".join(f"{name} = {x:g}" for name, x in self.named(numbers).items())
            raise ValueError(
                f"The graph, or a gradient, is undefined at {shown}. Choose inputs for which it has a value."
            )
        return numbers

    # Tell.

    def state(self, inputs: Sequence[float], rate: float | None = None, task: int | None = None) -> str:
        """Return a state as text that can be shared, such as ``"neuron:1:w=0.5,b=0.1"``."""
        numbers = {name: inputs[n] for name, n in self.movable.items()}
        return states.write(self.name, states.State(numbers, rate, task))

    def restore(self, text: Any) -> tuple[list[float], float | None, int | None]:
        """Return the inputs, the learning rate and the task of a state; an input left out is at its start."""
        start = self.start
        known = {name: start[n] for name, n in self.movable.items()}
        state = states.read(text, self.name, known, len(self.tasks))
        for name, x in state.numbers.items():
            start[self.movable[name]] = x
        return self.checked(start), state.rate, state.task

    def in_words(self, inputs: Sequence[float], rate: float = RATE) -> str:
        """Tell the state. Nothing may differ from run to run: notebooks store it and compare it."""
        values, gradients = self.source.run(inputs, rate)
        told = ", ".join(f"{name} = {plain(x)}" for name, x in values.items())
        slopes = ", ".join(f"d{self.source.output}/d{name} = {plain(x)}" for name, x in gradients.items())
        return f"live figure {self.name!r}: {told}{f'; {slopes}' if slopes else ''}"

    def still(self, inputs: Sequence[float], rate: float = RATE) -> Any:
        """Return a matplotlib figure of the first view, drawn by `bplib.plot`."""
        from bplib import plot  # only a picture needs matplotlib

        return self.views[0].still(plot, self, inputs, rate)


def plan(
    output: Value | Program | Frames | Seeds | Shapes,
    controls: Mapping[Key, Any] | None = None,
    params: Iterable[Key] = (),
    data: Mapping[Key, Sequence[float]] | None = None,
    views: Iterable[Mapping[str, Any]] | None = None,
    *,
    optimizer: Optimizer | None = None,
    name: str,
    tasks: Iterable[Mapping[str, Any]] = (),
    asks: str | None = None,
) -> Plan:
    """Find what a figure names in its source, or say what is wrong; `live` explains the arguments.

    Examples
    --------
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> line = plan(((w * x - 3) ** 2).named("loss"), {w: (-2, 4)}, params=[w], name="line")
    >>> line.state(line.source.step(line.start, rate=0.1))
    'line:1:w=1.3'
    """
    if not isinstance(output, Value | Program | Frames | Seeds | Shapes):
        raise TypeError(
            "live needs a Value as output, the last node of a graph, or a Program, Frames, Seeds or Shapes; "
            f"{type(output).__name__} {output!r} came. Build the graph with Value(0.5, 'w') and + - * / **."
        )
    if not (isinstance(name, str) and _FIGURE_NAME.fullmatch(name)):
        raise ValueError(
            f"name must be letters, digits, - and _, starting with a letter, as in 'neuron'; got {name!r}."
        )
    asked = controls or {}
    if not isinstance(asked, Mapping) or not (asked or isinstance(output, Frames | Shapes)):
        raise TypeError(f"controls must be a dict such as {{w: (-2, 2)}}, not empty; got {controls!r}.")
    if not isinstance(output, Value):
        if params or data:
            raise TypeError("params and data go with a graph of Values; a Program or Seeds have their own.")
        reads = "shapes" if isinstance(output, Shapes) else "arrays"
        figure, arrays = _of_arrays(output, asked, _asked(views, reads), optimizer, name)
        return replace(figure, tasks=lesson.placed(figure, arrays, tasks, asks))
    if optimizer is not None:
        raise TypeError("optimizer goes with a Program; a graph of Values takes params=[...] and rate.")
    shown = _asked([graph()] if views is None else views, "graph")
    places = Places(output, [unit for kind, wanted in shown for unit in kind.beside(**wanted)])
    spans = [(places.input("controls", key), span) for key, span in asked.items()]
    specs = [_control(n, places.inputs[n].name, places.inputs[n].data, span) for n, span in spans]
    places.spans = {n: (lo, hi) for n, lo, hi, *_ in specs}
    moving = [places.input("params", key) for key in params]
    movable = [n for n, _ in spans]
    for what, found in (("controls", movable), ("params", moving)):
        if len(set(found)) != len(found):
            raise ValueError(
                f"{what} lists an input twice: {', '.join(places.inputs[n].name for n in found)}."
            )
    columns = _columns(data or {}, places, specs, moving)
    placed = [kind.place(places, movable, **wanted) for kind, wanted in shown]
    learned = {*moving, *(n for n, _ in columns)}
    whole = [n for n, span in spans if n not in learned and _counts(places.inputs[n].data, span)]
    figure = Plan(TapeSource(places.tape, moving, columns, whole), specs, placed, name)
    return replace(figure, tasks=lesson.placed(figure, places, tasks, asks))


def _of_arrays(
    output: Program | Frames | Seeds | Shapes,
    asked: Mapping[Any, Any],
    shown: list[tuple[Any, dict[str, Any]]],
    optimizer: Optimizer | None,
    name: str,
) -> tuple[Plan, Arrays]:
    """Find what a figure of arrays shows: the controls, and the cells that can be picked in its views."""
    for key in asked:
        if not isinstance(key, str) or not INPUT_NAME.fullmatch(key):
            raise TypeError(
                f"The controls of arrays are names such as 'rows', 'seed' or 'x[0][1]', without spaces and "
                f": = , # % &; {key!r} came."
            )
    source: Source
    picks = {pick: q for kind, wanted in shown for pick, q in kind.picks(**wanted).items()}
    if isinstance(output, Frames):
        source, specs = _stops(output, asked)
        arrays = Arrays(source, source.start)
    elif isinstance(output, Shapes):
        choices = {name: of for kind, wanted in shown for name, of in kind.choices(**wanted).items()}
        source, specs = _sizes(output, choices, asked)
        arrays = Arrays(source, source.start)
    elif isinstance(output, Seeds):
        if optimizer is None:
            raise TypeError("Seeds are there to be trained: live(..., optimizer=SGD(0.5)) says how.")
        source = LanesSource(output, [*asked, *(["steps"] if "steps" not in asked else [])], optimizer)
        specs = [_control(n, key, source.start[n], span) for n, (key, span) in enumerate(asked.items())]
        arrays = Arrays(source, source.start)
    else:
        names = [*asked, *(["steps"] if optimizer and "steps" not in asked else [])]
        # What is picked has a range that its array knows, at the most rows there may be.
        scout = ProgramSource(output, names, optimizer)
        most = [_most(scout, n, asked.get(key)) for n, key in enumerate(names)]
        shapes = {pick: np.shape(scout.quantity(most, 0.0, q)) for pick, q in picks.items()}
        cells = [f"{pick}[{axis}]" for pick, shape in shapes.items() for axis in range(len(shape))]
        sizes = [size for shape in shapes.values() for size in shape]
        source = ProgramSource(output, [*names, *(cell for cell in cells if cell not in names)], optimizer)
        specs = [
            _control(n, key, source.start[n], asked[key], whole=n in source.whole)
            for n, key in enumerate(names)
            if key in asked
        ]
        specs += [
            [source.names.index(cell), 0, size - 1, 1]
            for cell, size in zip(cells, sizes, strict=True)
            if cell not in names
        ]
        arrays = Arrays(source, [*most, *(0.0 for _ in source.names[len(names) :])])
    placed = [kind.place(arrays, [n for n, *_ in specs], **wanted) for kind, wanted in shown]
    return Plan(source, specs, placed, name), arrays


def _most(source: ProgramSource, n: int, span: Any) -> float:
    """Return where an input makes arrays largest: at its end for rows, else at its start."""
    return float(span[1]) if source.names[n] == "rows" and span else source.start[n]


def _stops(output: Frames, asked: Mapping[Any, Any]) -> tuple[FramesSource, list[list[Any]]]:
    """Return the source of frames, and a control for each of their stops; `asked` says where one starts."""
    if unknown := asked.keys() - output.stops.keys():
        raise wrong("controls", ", ".join(output.stops), ", ".join(unknown), "Frames bring their controls.")
    start, specs = [], []
    for n, (key, stops) in enumerate(output.stops.items()):
        if (first := asked.get(key, stops[0])) not in stops:
            raise wrong(key, f"one of {stops}", repr(first), "Start at a stop.")
        start.append(float(stops.index(first)))
        specs.append([n, 0, len(stops) - 1, 1, [x if isinstance(x, str) else plain(float(x)) for x in stops]])
    return FramesSource(output, start), specs


def _sizes(
    output: Shapes, choices: Mapping[str, Sequence[str]], asked: Mapping[Any, Any]
) -> tuple[ShapesSource, list[list[Any]]]:
    """Return the source of shapes, and controls: of the sizes those that are asked for, or all."""
    if unknown := asked.keys() - output.sizes.keys():
        raise wrong("controls", f"sizes, {', '.join(output.sizes)}", ", ".join(unknown), "Name a size.")
    source = ShapesSource(output, choices)
    specs: list[list[Any]] = []
    for n, name in enumerate(source.names):
        if name == FORM:
            specs.append([n, 0, len(choices[name]) - 1, 1, list(choices[name])])
        elif name in choices:
            specs.append([n, 0, len(choices[name]), 1])
        elif name in asked or not asked:
            spec = _control(n, name, source.start[n], asked.get(name, SPAN), whole=True)
            if spec[1] < 1:
                raise wrong(name, "a range of sizes from 1", f"{spec[1]:g} to {spec[2]:g}", "Begin at 1.")
            specs.append(spec)
    return source, specs


def _asked(views: Iterable[Mapping[str, Any]] | None, reads: str) -> list[tuple[Any, dict[str, Any]]]:
    """Return the class of each view that is asked for, and what is asked of it."""
    if isinstance(views, Mapping):
        raise TypeError(f"views must be a list, even of one view: [graph()]; got {views!r}.")
    shown = list(views or [])
    if not 1 <= len(shown) <= MAX_VIEWS:
        raise ValueError(
            f"A figure shows 1 to {MAX_VIEWS} views; {len(shown)} came. Make a second figure for the others."
        )
    for view in shown:
        if not isinstance(view, Mapping) or view.get("view") not in VIEWS:
            known = ", ".join(f"{name}(...)" for name in VIEWS)
            raise ValueError(f"Unknown view {view!r}; give one of {known}.")
        if reads not in VIEWS[view["view"]].reads:
            fitting = ", ".join(f"{name}(...)" for name, kind in VIEWS.items() if reads in kind.reads)
            raise TypeError(f"{view['view']}(...) can't show {READS[reads]}; {fitting} can.")
    return [(VIEWS[view["view"]], {k: asked for k, asked in view.items() if k != "view"}) for view in shown]


def _columns(
    data: Any, places: Places, controls: Sequence[Sequence[Any]], moving: Sequence[int]
) -> list[list[Any]]:
    """Return ``[n, column]`` for each input that has data, or say what is wrong with them."""
    if not isinstance(data, Mapping):
        raise TypeError(f"data must be a dict such as {{x: [1.0, 2.0]}}; got {data!r}.")
    spans = {n: (lo, hi) for n, lo, hi, *_ in controls}
    columns: list[list[Any]] = []
    for key, given in data.items():
        n = places.input("data", key)
        name = places.inputs[n].name
        if not isinstance(given, Iterable):
            raise TypeError(
                f"data of {name!r} must be a list of numbers; {type(given).__name__} {given!r} came."
            )
        numbers = [real(f"data of {name!r}", number) for number in given]
        if n in moving:
            raise ValueError(f"{name!r} is a parameter: all samples share it, so it can't have data.")
        if n in (other for other, _ in columns):
            raise ValueError(f"data gives {name!r} twice.")
        if not numbers or not all(map(math.isfinite, numbers)):
            raise ValueError(f"data of {name!r} must be one finite number or more; got {numbers}.")
        if columns and len(numbers) != len(columns[0][1]):
            raise ValueError(
                f"Every column of data needs one number for each sample; {name!r} has {len(numbers)}, "
                f"{places.inputs[columns[0][0]].name!r} has {len(columns[0][1])}."
            )
        lo, hi = spans.get(n, (-math.inf, math.inf))
        if not all(lo <= number <= hi for number in numbers):
            raise ValueError(f"data of {name!r} leave the range of its control, {lo:g} to {hi:g}.")
        columns.append([n, numbers])
    return columns


def _control(n: int, name: str, start: float, span: Any, whole: bool = False) -> list[Any]:
    """Return ``[n, lo, hi, step]`` for one control, or say what is wrong with its range.

    Words in place of a range are the names of 0, 1 and so on; they follow as a list.
    """
    if isinstance(span, list | tuple) and len(span) > 1 and all(isinstance(word, str) for word in span):
        if len({*span}) < len(span) or start not in range(len(span)):
            raise ValueError(
                f"{name!r} starts at {start:g}; its words {tuple(span)} must differ, and one must name that."
            )
        return [n, 0, len(span) - 1, 1, list(span)]
    if isinstance(span, str) or not isinstance(span, Sequence) or len(span) not in (2, 3):
        raise TypeError(f"The range of {name!r} must be (lo, hi) or (lo, hi, step); got {span!r}.")
    numbers = [real(f"The range of {name!r}", number) for number in span]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"The range of {name!r} must be finite; got {tuple(span)}.")
    lo, hi = numbers[:2]
    if lo >= hi:
        raise ValueError(f"The range of {name!r} must go up; got {tuple(span)}. Write (lo, hi) with lo < hi.")
    if not 1e-300 < hi - lo < 1e300:
        raise ValueError(
            f"The range of {name!r} must be between 1e-300 and 1e300 wide; got {tuple(span)}. "
            "Scale the quantity to ordinary numbers."
        )
    if not lo <= start <= hi:
        raise ValueError(
            f"{name!r} starts at {start}, outside its range {lo:g} to {hi:g}. "
            "Widen the range or move the start."
        )
    step = numbers[2] if len(numbers) == 3 else 1.0 if whole else _round_step(lo, hi)
    if whole and not all(number == int(number) for number in (lo, hi, step)):
        raise ValueError(f"{name!r} counts: its range must be whole numbers; got {tuple(span)}.")
    if not 0 < step <= hi - lo:
        raise ValueError(f"The step of {name!r} must be above 0 and at most {hi - lo:g}; got {step:g}.")
    return [n, lo, hi, step]


def _counts(start: float, span: Sequence[Any]) -> bool:
    """Whether a control that was given its step goes from whole number to whole number: then it counts."""
    return len(span) == 3 and all(float(number).is_integer() for number in (start, span[0], span[2]))


def _round_step(lo: float, hi: float) -> float:
    """Return 1, 2 or 5 times a power of ten, for about 200 stops on the way."""
    raw = (hi - lo) / 200
    power = math.floor(math.log10(raw) + 1e-9)
    digit = next(d for d in (1, 2, 5, 10) if d * 10.0**power >= raw * (1 - 1e-9))
    return float(f"{digit}e{power}")


def real(what: str, number: Any) -> float:
    """Return a real number as a float, or say what it was meant for."""
    if not isinstance(number, Real) or isinstance(number, bool):
        raise TypeError(f"{what} takes a number; {type(number).__name__} {number!r} came.")
    return float(number)


def plain(x: float) -> str:
    """Return a number as it stands in a text that notebooks store."""
    return f"{x + 0.0:.6g}"
