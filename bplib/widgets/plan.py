"""What a live figure shows: a tape, its controls, its parameters, its data, its views.

It adds to the tape all that a figure knows without page and picture. A plan runs, tells its state,
takes one back and makes a gradient step wherever Python is, with no widget and no matplotlib.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from bplib.diagram import form, labels
from bplib.recording import LEAVES
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets import states
from bplib.widgets import tasks as lesson
from bplib.widgets.places import Key, Places
from bplib.widgets.views import VIEWS, View, graph

#: More views than this make one figure too tall to work with.
MAX_VIEWS = 8

_FIGURE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Plan:
    """What a figure shows, with all nodes as places on its tape; a Live makes it a widget.

    The numbers of the inputs are no part of it: every method takes them, in the order of the tape's inputs.
    """

    tape: Tape
    controls: list[list[Any]]  # of [n, lo, hi, step]
    params: list[int]
    data: list[list[Any]]  # of [n, column]
    views: list[View]
    name: str
    tasks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def start(self) -> list[float]:
        """The recorded inputs."""
        return [float(self.tape.nodes[i][1]) for i in self.tape.inputs]

    @property
    def spans(self) -> dict[str, tuple[int, float, float]]:
        """The place among the inputs and the range of each control, by name."""
        return {self.input_name(n): (n, lo, hi) for n, lo, hi, _ in self.controls}

    @property
    def movable(self) -> dict[str, int]:
        """The place of each input that can move, by name: what a state holds."""
        moving = {*self.params, *(n for n, *_ in self.controls), *(n for n, _ in self.data)}
        return {self.input_name(n): n for n in sorted(moving)}

    def input_name(self, n: int) -> str:
        """Return the name of one input."""
        return self.tape.names[self.tape.inputs[n]]

    def named(self, inputs: Sequence[float]) -> dict[str, float]:
        """Return the inputs by name."""
        return {self.input_name(n): x for n, x in enumerate(inputs)}

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        names, formulas, _ = labels(self.tape)
        ops = dict.fromkeys(op for op, *_ in self.tape.nodes if op not in LEAVES)
        spec = {
            "tape": self.tape.to_dict(),
            # What nodes are called, how they are computed where that is not their name, how an op is written.
            "labels": {
                "names": names,
                "formulas": [
                    formula if formula != name else "" for name, formula in zip(names, formulas, strict=True)
                ],
                "forms": {op: list(form(op)) for op in ops},
            },
            "controls": self.controls,
            "params": self.params,
            "views": [view.spec for view in self.views],
            "name": self.name,
        }
        further = {"data": self.data, "tasks": self.tasks}
        return spec | {key: given for key, given in further.items() if given}

    # Run.

    def run(self, inputs: Sequence[float]) -> tuple[dict[str, float], dict[str, float]]:
        """Run the tape; return the value of every named node, and d output / d each."""
        values = self.tape.forward(**self.named(inputs))
        gradients = self.tape.backward()
        return {k: float(x) for k, x in values.items()}, {k: float(x) for k, x in gradients.items()}

    def step(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs after one gradient step."""
        if not self.params:
            raise ValueError("This figure has no parameters to move. Make it with live(..., params=[w, b]).")
        return self._moved(inputs, rate, self.run(inputs)[1])

    def epoch(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs after one step against the gradient averaged over all samples."""
        if not (self.params and self.data):
            raise ValueError("An epoch needs live(..., params=[...], data={x: [...]}).")
        columns = {self.input_name(n): column for n, column in self.data}
        self.tape.forward(**{**self.named(inputs), **columns})
        means = {name: float(slopes.mean()) for name, slopes in self.tape.backward().items()}
        return self._moved(inputs, rate, means)

    def _moved(self, inputs: Sequence[float], rate: float, gradients: Mapping[str, float]) -> list[float]:
        return [
            x - rate * gradients[self.input_name(n)] if n in self.params else x for n, x in enumerate(inputs)
        ]

    def select(self, inputs: Sequence[float], sample: int) -> list[float]:
        """Return the inputs with one sample of the data put in."""
        count = len(self.data[0][1]) if self.data else 0
        if sample not in range(count) or isinstance(sample, float):
            raise ValueError(f"There is no sample {sample!r}; this figure has {count}, counted from 0.")
        columns = dict(map(tuple, self.data))
        return [columns[n][sample] if n in columns else x for n, x in enumerate(inputs)]

    def checked(self, given: Any) -> list[float]:
        """Return numbers for the inputs at which everything exists, or say what is wrong with them."""
        count = len(self.tape.inputs)
        if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != count:
            raise ValueError(f"inputs must be {count} numbers, one for each input; got {given!r}.")
        numbers = [real(self.input_name(n), x) for n, x in enumerate(given)]
        for name, (n, lo, hi) in self.spans.items():
            if not lo <= numbers[n] <= hi:
                raise ValueError(
                    f"{name} = {numbers[n]:g} is outside its range {lo:g} to {hi:g}. "
                    "Choose a number inside it."
                )
        values, gradients = self.run(numbers)
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

    def in_words(self, inputs: Sequence[float]) -> str:
        """Tell the state. Nothing may differ from run to run: notebooks store it and compare it."""
        values, gradients = self.run(inputs)
        top = self.tape.names[self.tape.output]
        told = [f"{name} = {plain(x)}" for name, x in values.items()]
        slopes = [f"d{top}/d{name} = {plain(x)}" for name, x in gradients.items()]
        return f"live figure {self.name!r}: {', '.join(told)}; {', '.join(slopes)}"

    def still(self, inputs: Sequence[float]) -> Any:
        """Return a matplotlib figure of the first view, drawn by `bplib.plot`."""
        from bplib import plot  # only a picture needs matplotlib

        return self.views[0].still(plot, self, inputs)


def plan(
    output: Value,
    controls: Mapping[Key, Sequence[float]],
    params: Iterable[Key] = (),
    data: Mapping[Key, Sequence[float]] | None = None,
    views: Iterable[Mapping[str, Any]] | None = None,
    *,
    name: str,
    tasks: Iterable[Mapping[str, Any]] = (),
    asks: str | None = None,
) -> Plan:
    """Find what a figure names on its tape, or say what is wrong; `live` explains the arguments.

    Examples
    --------
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> line = plan(((w * x - 3) ** 2).named("loss"), {w: (-2, 4)}, params=[w], name="line")
    >>> line.state(line.step(line.start, rate=0.1))
    'line:1:w=1.3'
    """
    if not isinstance(output, Value):
        raise TypeError(
            f"live needs a Value as output, the last node of a graph; {type(output).__name__} {output!r} "
            "came. Build the graph with Value(0.5, 'w') and + - * / **."
        )
    if not (isinstance(name, str) and _FIGURE_NAME.fullmatch(name)):
        raise ValueError(
            f"name must be letters, digits, - and _, starting with a letter, as in 'neuron'; got {name!r}."
        )
    if not isinstance(controls, Mapping) or not controls:
        raise TypeError(f"controls must be a dict such as {{w: (-2, 2)}}, not empty; got {controls!r}.")
    shown = _asked(views)
    places = Places(output, [unit for kind, asked in shown for unit in kind.beside(**asked)])
    spans = [(places.input("controls", key), span) for key, span in controls.items()]
    specs = [_control(n, places.inputs[n], span) for n, span in spans]
    moving = [places.input("params", key) for key in params]
    movable = [n for n, _ in spans]
    for what, found in (("controls", movable), ("params", moving)):
        if len(set(found)) != len(found):
            raise ValueError(
                f"{what} lists an input twice: {', '.join(places.inputs[n].name for n in found)}."
            )
    columns = _columns(data or {}, places, specs, moving)
    placed = [kind.place(places, movable, **asked) for kind, asked in shown]
    figure = Plan(places.tape, specs, moving, columns, placed, name)
    return replace(figure, tasks=lesson.placed(figure, places, tasks, asks))


def _asked(views: Iterable[Mapping[str, Any]] | None) -> list[tuple[Any, dict[str, Any]]]:
    """Return the class of each view that is asked for, and what is asked of it."""
    if isinstance(views, Mapping):
        raise TypeError(f"views must be a list, even of one view: [graph()]; got {views!r}.")
    shown = [graph()] if views is None else list(views)
    if not 1 <= len(shown) <= MAX_VIEWS:
        raise ValueError(
            f"A figure shows 1 to {MAX_VIEWS} views; {len(shown)} came. Make a second figure for the others."
        )
    for view in shown:
        if not isinstance(view, Mapping) or view.get("view") not in VIEWS:
            raise ValueError(
                f"Unknown view {view!r}; give graph(), curve(of=..., against=...), bars(...), compose(...) "
                "or network(...)."
            )
    return [(VIEWS[view["view"]], {k: asked for k, asked in view.items() if k != "view"}) for view in shown]


def _columns(
    data: Any, places: Places, controls: Sequence[Sequence[Any]], moving: Sequence[int]
) -> list[list[Any]]:
    """Return ``[n, column]`` for each input that has data, or say what is wrong with them."""
    if not isinstance(data, Mapping):
        raise TypeError(f"data must be a dict such as {{x: [1.0, 2.0]}}; got {data!r}.")
    spans = {n: (lo, hi) for n, lo, hi, _ in controls}
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


def _control(n: int, leaf: Value, span: Any) -> list[Any]:
    """Return ``[n, lo, hi, step]`` for one control, or say what is wrong with its range."""
    name, start = leaf.name, leaf.data
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
    step = numbers[2] if len(numbers) == 3 else _round_step(lo, hi)
    if not 0 < step <= hi - lo:
        raise ValueError(f"The step of {name!r} must be above 0 and at most {hi - lo:g}; got {step:g}.")
    return [n, lo, hi, step]


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
