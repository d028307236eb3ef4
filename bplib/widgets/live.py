"""Live figures: a graph of Values that computes in the reader's page.

It adds to the tape a face: sliders, the graph with its values and gradients, curves. The same figure answers
in JupyterLab with a kernel and on a static page without one, because the page runs the tape by itself.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real
from typing import Any

from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.bundle import read, script
from bplib.widgets.views import beside, draw_network, place_bars, place_compose, place_network, place_paths

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise ImportError('Live figures need anywidget: pip install "bplib[widgets]"') from error

#: More views than this make one figure too tall to work with.
MAX_VIEWS = 4

_FIGURE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_INPUT_NAME = re.compile(r"[^\s:=,#%&]+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def graph() -> dict[str, Any]:
    """Ask `live` for the graph: every node with its value and gradient, stepped through one node at a time.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> graph()
    {'view': 'graph'}
    """
    return {"view": "graph"}


def curve(of: Value | str | None = None, against: Value | str | None = None) -> dict[str, Any]:
    """Ask `live` for a curve of one quantity against one control, with the tangent that is the gradient.

    Parameters
    ----------
    of : Value or str, optional
        A named node; by default the output. The reader can choose another in the figure.
    against : Value or str, optional
        One of the controls; by default the first.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> curve(of="loss", against="w")
    {'view': 'curve', 'of': 'loss', 'against': 'w'}
    """
    return {"view": "curve", "of": of, "against": against}


def live(
    output: Value,
    controls: Mapping[Value | str, Sequence[float]],
    *,
    params: Iterable[Value | str] = (),
    data: Mapping[Value | str, Sequence[float]] | None = None,
    views: Iterable[Mapping[str, Any]] | None = None,
    name: str,
    rate: float = 0.1,
) -> "Live":
    """Turn a graph of Values into a figure that computes in the page.

    Parameters
    ----------
    output : Value
        What is differentiated, such as a loss. Every named leaf below it becomes an input.
    controls : dict of {Value or str: (lo, hi) or (lo, hi, step)}
        The inputs a reader may move, and how far. Without a step, about 200 stops.
    params : iterable of Value or str, optional
        The inputs that a gradient step moves. Without any there is no step button.
    data : dict of {Value or str: sequence of float}, optional
        A column of numbers for each input that differs between samples; all of one length. The figure shows
        one sample at a time and can average over all.
    views : iterable of views, optional
        What to show, from top to bottom: `graph()`, `curve(of=..., against=...)`, `bars(...)`,
        `compose(...)`, `network(...)`. By default ``[graph()]``.
    name : str
        A short name, unique in its page. A shared link starts with it: ``#neuron:w=0.5,b=0.1``.
    rate : float, default 0.1
        The learning rate of the gradient step at the start.

    Returns
    -------
    Live
        The figure; end a cell with it to see it.

    Raises
    ------
    TypeError
        If `output` is not a Value, or a range is not two or three numbers.
    ValueError
        If a name is unknown, a range is empty or does not hold the start, the output does not depend on a
        control, or a view asks for what the graph does not have.

    Examples
    --------
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> loss = ((w * x - 3) ** 2).named("loss")
    >>> fig = live(loss, {w: (-2, 4)}, params=[w], name="line")
    >>> fig
    live figure 'line': w = 0.5, x = 2, loss = 4; dloss/dw = -8, dloss/dx = -2, dloss/dloss = 1
    >>> fig.controls["w"] = 1.5
    >>> fig.values["loss"], fig.gradients["w"]
    (0.0, 0.0)
    """
    return Live(plan(output, controls, params, data, views, name), rate)


@dataclass(frozen=True)
class Plan:
    """What a figure shows, with all nodes as places on its tape; a Live makes it a widget."""

    tape: Tape
    controls: list[list[Any]]
    params: list[int]
    data: list[list[Any]]
    views: list[dict[str, Any]]
    name: str

    @property
    def start(self) -> list[float]:
        """The recorded inputs."""
        return [float(self.tape.nodes[i][1]) for i in self.tape.inputs]

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, as plain lists."""
        spec = {
            "tape": self.tape.to_dict(),
            "controls": self.controls,
            "params": self.params,
            "views": self.views,
            "name": self.name,
        }
        return {**spec, "data": self.data} if self.data else spec

    def run(self, inputs: Sequence[float]) -> tuple[dict[str, float], dict[str, float]]:
        """Run the tape; return the value of every named node, and d output / d each."""
        names = [self.tape.names[i] for i in self.tape.inputs]
        values = self.tape.forward(**dict(zip(names, inputs, strict=True)))
        gradients = self.tape.backward()
        return {k: float(x) for k, x in values.items()}, {k: float(x) for k, x in gradients.items()}

    def in_words(self, inputs: Sequence[float]) -> str:
        """Tell the state. Nothing may differ from run to run: notebooks store it and compare it."""
        values, gradients = self.run(inputs)
        top = self.tape.names[self.tape.output]
        told = [f"{name} = {_plain(x)}" for name, x in values.items()]
        slopes = [f"d{top}/d{name} = {_plain(x)}" for name, x in gradients.items()]
        return f"live figure {self.name!r}: {', '.join(told)}; {', '.join(slopes)}"


def plan(
    output: Value,
    controls: Mapping[Value | str, Sequence[float]],
    params: Iterable[Value | str],
    data: Mapping[Value | str, Sequence[float]] | None,
    views: Iterable[Mapping[str, Any]] | None,
    name: str,
) -> Plan:
    """Find what a figure names on its tape, or say what is wrong; `live` explains the arguments."""
    if not isinstance(output, Value):
        raise TypeError(
            f"live needs a Value as output, the last node of a graph; {type(output).__name__} {output!r} "
            "came. Build the graph with Value(0.5, 'w') and + - * / **."
        )
    if isinstance(views, Mapping):
        raise TypeError(f"views must be a list, even of one view: [graph()]; got {views!r}.")
    shown = [graph()] if views is None else list(views)
    named = [node for node in output.graph() if node.name]
    leaves = [node for node in named if not node.parents]
    watch = [node for node in named if node.parents]
    tape = Tape.record(output, inputs=leaves, watch=[*watch, *beside(shown, output)])
    if not (isinstance(name, str) and _FIGURE_NAME.fullmatch(name)):
        raise ValueError(
            f"name must be letters, digits, - and _, starting with a letter, as in 'neuron'; got {name!r}."
        )
    by_name = {leaf.name: n for n, leaf in enumerate(leaves)}

    def place(argument: str, key: Value | str) -> int:
        """Return the position among the inputs of a leaf, or of the name of one."""
        if not isinstance(key, Value | str):
            raise TypeError(f"{argument} must hold Values or names; {type(key).__name__} {key!r} came.")
        found = by_name.get(key if isinstance(key, str) else key.name)
        # A Value of the same name from another graph must not pass for this one.
        if found is None or (isinstance(key, Value) and leaves[found] is not key):
            raise ValueError(
                f"{argument} names {key!r}, but {output.name!r} has no such input; it has "
                f"{', '.join(by_name) or 'none'}. Use a named leaf of this graph."
            )
        if not _INPUT_NAME.fullmatch(leaves[found].name):
            raise ValueError(
                f"The input {leaves[found].name!r} can't be part of a link: leave out spaces and : = , # % &."
            )
        return found

    if not isinstance(controls, Mapping) or not controls:
        raise TypeError(f"controls must be a dict such as {{w: (-2, 2)}}, not empty; got {controls!r}.")
    specs = [_control(place("controls", key), leaves, span) for key, span in controls.items()]
    moving = [place("params", key) for key in params]
    for what, found in (("controls", [spec[0] for spec in specs]), ("params", moving)):
        if len(set(found)) != len(found):
            raise ValueError(f"{what} lists an input twice: {', '.join(leaves[n].name for n in found)}.")
    columns = _columns(data or {}, place, leaves, specs, moving)
    if not 1 <= len(shown) <= MAX_VIEWS:
        raise ValueError(
            f"A figure shows 1 to {MAX_VIEWS} views; {len(shown)} came. Make a second figure for the others."
        )
    resolved = [_view(view, tape, output, place, [spec[0] for spec in specs]) for view in shown]
    return Plan(tape, specs, moving, columns, resolved, name)


def _columns(
    data: Any, place: Any, leaves: Sequence[Value], controls: Sequence[Sequence[Any]], moving: Sequence[int]
) -> list[list[Any]]:
    """Return ``[n, column]`` for each input that has data, or say what is wrong with them."""
    if not isinstance(data, Mapping):
        raise TypeError(f"data must be a dict such as {{x: [1.0, 2.0]}}; got {data!r}.")
    spans = {n: (lo, hi) for n, lo, hi, _ in controls}
    columns: list[list[Any]] = []
    for key, given in data.items():
        n = place("data", key)
        name = leaves[n].name
        if not isinstance(given, Iterable):
            raise TypeError(
                f"data of {name!r} must be a list of numbers; {type(given).__name__} {given!r} came."
            )
        numbers = [_real(f"data of {name!r}", number) for number in given]
        if n in moving:
            raise ValueError(f"{name!r} is a parameter: all samples share it, so it can't have data.")
        if n in (other for other, _ in columns):
            raise ValueError(f"data gives {name!r} twice.")
        if not numbers or not all(map(math.isfinite, numbers)):
            raise ValueError(f"data of {name!r} must be one finite number or more; got {numbers}.")
        if columns and len(numbers) != len(columns[0][1]):
            raise ValueError(
                f"Every column of data needs one number for each sample; {name!r} has {len(numbers)}, "
                f"{leaves[columns[0][0]].name!r} has {len(columns[0][1])}."
            )
        lo, hi = spans.get(n, (-math.inf, math.inf))
        if not all(lo <= number <= hi for number in numbers):
            raise ValueError(f"data of {name!r} leave the range of its control, {lo:g} to {hi:g}.")
        columns.append([n, numbers])
    return columns


def _control(n: int, leaves: Sequence[Value], span: Any) -> list[Any]:
    """Return ``[n, lo, hi, step]`` for one control, or say what is wrong with its range."""
    name, start = leaves[n].name, leaves[n].data
    if isinstance(span, str) or not isinstance(span, Sequence) or len(span) not in (2, 3):
        raise TypeError(f"The range of {name!r} must be (lo, hi) or (lo, hi, step); got {span!r}.")
    numbers = [_real(f"The range of {name!r}", number) for number in span]
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


def _view(view: Any, tape: Tape, output: Value, place: Any, controls: list[int]) -> dict[str, Any]:
    """Return a view with its nodes as places on the tape."""
    if not isinstance(view, Mapping) or view.get("view") not in VIEWS:
        raise ValueError(
            f"Unknown view {view!r}; give graph(), curve(of=..., against=...), bars(...), compose(...) or "
            "network(...)."
        )
    return VIEWS[view["view"]](dict(view), tape, output, place, controls)


def _curve(
    view: Mapping[str, Any], tape: Tape, output: Value, place: Any, controls: list[int]
) -> dict[str, Any]:
    of = output if view["of"] is None else view["of"]
    against = controls[0] if view["against"] is None else place("against", view["against"])
    name = of.name if isinstance(of, Value) else of
    watched = {tape.names[i]: i for i in (*tape.watch, tape.output)}
    mixed = isinstance(of, Value) and of not in output.graph()
    if name not in watched or mixed:
        raise ValueError(
            f"curve(of=...) needs a named node that is computed in this graph; {of!r} came. "
            f"It has {', '.join(watched)}."
        )
    if against not in controls:
        raise ValueError(
            f"curve(against=...) needs a control; {tape.names[tape.inputs[against]]!r} is none. "
            "The controls are "
            f"{', '.join(tape.names[tape.inputs[n]] for n in controls)}."
        )
    return {"view": "curve", "of": watched[name], "against": against}


#: How each view finds its nodes on the tape. The page has one module of the same name for each.
VIEWS = {
    "graph": lambda view, *_: dict(view),
    "curve": _curve,
    "bars": place_bars,
    "compose": place_compose,
    "network": place_network,
    "paths": place_paths,
}


class Live(anywidget.AnyWidget):
    """A figure that computes in the page. Make one with `live`.

    Attributes
    ----------
    tape : Tape
        The recorded graph.
    controls : Controls
        Reads and moves the inputs: ``fig.controls["w"] = 0.3``.
    rate : float
        The learning rate of the gradient step.
    """

    _css = read("live.css")
    # What does not change, what does. Everything that has an order is in a list.
    spec = traitlets.Dict().tag(sync=True)
    inputs = traitlets.Any().tag(sync=True)
    rate = traitlets.Any().tag(sync=True)

    def __init__(self, plan: Plan, rate: float) -> None:
        # A page repeats the script in every figure: each carries only its own views.
        self._esm = script("main", tuple(sorted({view["view"] for view in plan.views})))
        self.tape = plan.tape
        self._plan = plan
        self._params = plan.params
        self._data = plan.data
        self._spans = {self._name(n): (n, lo, hi) for n, lo, hi, _ in plan.controls}
        self._start = plan.start
        spec = {**plan.spec, "rate": _real("The learning rate", rate)}
        super().__init__(spec=spec, inputs=self._start, rate=rate)

    @traitlets.validate("inputs")
    def _check_inputs(self, proposal: Any) -> list[float]:
        given = proposal["value"]
        if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != len(self._start):
            raise ValueError(f"inputs must be {len(self._start)} numbers, one for each input; got {given!r}.")
        numbers = [_real(self._name(n), x) for n, x in enumerate(given)]
        for name, (n, lo, hi) in self._spans.items():
            if not lo <= numbers[n] <= hi:
                raise ValueError(
                    f"{name} = {numbers[n]:g} is outside its range {lo:g} to {hi:g}. "
                    "Choose a number inside it."
                )
        values, gradients = self._plan.run(numbers)
        if not all(map(math.isfinite, (*values.values(), *gradients.values()))):
            shown = ", ".join(f"{self._name(n)} = {x:g}" for n, x in enumerate(numbers))
            raise ValueError(
                f"The graph, or a gradient, is undefined at {shown}. Choose inputs for which it has a value."
            )
        return numbers

    @traitlets.validate("rate")
    def _check_rate(self, proposal: Any) -> float:
        rate = _real("The learning rate", proposal["value"])
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"The learning rate must be a number above 0; got {rate}.")
        return rate

    def _name(self, n: int) -> str:
        return self.tape.names[self.tape.inputs[n]]

    @property
    def values(self) -> dict[str, float]:
        """The value of every named node, at the present inputs."""
        return self._plan.run(self.inputs)[0]

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output by every named node, at the present inputs."""
        return self._plan.run(self.inputs)[1]

    @property
    def controls(self) -> "Controls":
        """The controls by name: read one, or assign to move the figure."""
        return Controls(self)

    def step(self) -> None:
        """Move every parameter one gradient step: ``w = w - rate * dloss/dw``.

        Raises
        ------
        ValueError
            If the figure has no parameters, or the step would leave a control's range.
        """
        if not self._params:
            raise ValueError("This figure has no parameters to move. Make it with live(..., params=[w, b]).")
        gradients = self.gradients
        numbers = list(self.inputs)
        for n in self._params:
            numbers[n] -= self.rate * gradients[self._name(n)]
        self.inputs = numbers

    def select(self, sample: int) -> None:
        """Put one sample of the data into the inputs; the first is number 0.

        Raises
        ------
        ValueError
            If the figure has no such sample.
        """
        count = len(self._data[0][1]) if self._data else 0
        if sample not in range(count) or isinstance(sample, float):
            raise ValueError(f"There is no sample {sample!r}; this figure has {count}, counted from 0.")
        numbers = list(self.inputs)
        for n, column in self._data:
            numbers[n] = column[sample]
        self.inputs = numbers

    def epoch(self) -> None:
        """Move every parameter one step against its gradient averaged over all samples.

        Raises
        ------
        ValueError
            If the figure has no parameters or no data, or the step would leave a control's range.
        """
        if not (self._params and self._data):
            raise ValueError("An epoch needs live(..., params=[...], data={x: [...]}).")
        columns = {self._name(n): column for n, column in self._data}
        self.tape.forward(**{**{self._name(n): x for n, x in enumerate(self.inputs)}, **columns})
        gradients = self.tape.backward()
        numbers = list(self.inputs)
        for n in self._params:
            numbers[n] -= self.rate * float(gradients[self._name(n)].mean())
        self.inputs = numbers

    def reset(self) -> None:
        """Put every input, and the learning rate, back to where they started."""
        self.inputs, self.rate = list(self._start), self.spec["rate"]

    @property
    def state(self) -> str:
        """The present state as text that can be shared, such as ``"neuron:w=0.5,b=0.1"``.

        Assign such a text to bring its state back. An input that it leaves out goes back to its start. The
        learning rate and what is chosen in a view are no part of it, and stay.
        """
        numbers = ",".join(f"{self._name(n)}={self.inputs[n]!r}" for n in self._movable)
        return f"{self.spec['name']}:{numbers}"

    @state.setter
    def state(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"A state is text such as {self.state!r}; {type(text).__name__} {text!r} came.")
        name, _, entries = text.removeprefix("#").partition(":")
        if name != self.spec["name"] or not entries:
            raise ValueError(f"Not a state of this figure: {text!r}. It should look like {self.state!r}.")
        movable = {self._name(n): n for n in self._movable}
        given: dict[int, float] = {}
        for entry in entries.split(","):
            key, _, number = entry.partition("=")
            if key not in movable:
                raise ValueError(f"The state {text!r} names {key!r}; this figure has {', '.join(movable)}.")
            if movable[key] in given:
                raise ValueError(f"The state {text!r} gives {key} twice. Keep one of them.")
            if not _NUMBER.fullmatch(number):
                raise ValueError(f"The state {text!r} gives {key} no number. Write {key}=0.5, for example.")
            given[movable[key]] = float(number)
        self.inputs = [given.get(n, start) for n, start in enumerate(self._start)]

    @property
    def _movable(self) -> list[int]:
        return sorted({*self._params, *(n for n, _, _ in self._spans.values()), *(n for n, _ in self._data)})

    def figure(self) -> Any:
        """Return a matplotlib figure of the present state: the first view, drawn by `bplib.plot`."""
        from bplib import plot

        inputs = {self._name(n): x for n, x in enumerate(self.inputs)}
        view = self.spec["views"][0]
        if view["view"] == "bars":
            return plot.bars(self.tape, inputs, [self.tape.names[i] for i in view["of"]], log=view["log"])
        if view["view"] == "paths":
            return plot.bars(self.tape, inputs, log=True)
        if view["view"] == "network":
            return draw_network(plot, view, self.tape, self.values, self.gradients)
        if view["view"] not in ("curve", "compose"):
            return plot.graph(self.tape, inputs)
        against = self._name(view["against"])
        _, lo, hi = self._spans[against]
        if view["view"] == "compose":
            return plot.compose(self.tape, inputs, [self.tape.names[i] for i in view["chain"]], lo, hi)
        return plot.curve(self.tape, inputs, self.tape.names[view["of"]], against, lo, hi)

    def __repr__(self) -> str:
        if not hasattr(self, "_start"):  # while traitlets is still building the figure
            return "live figure"
        return self._plan.in_words(self.inputs)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return described(self, super()._repr_mimebundle_(**options))


def described(figure: Any, bundle: Any) -> Any:
    """Add to what a notebook stores of a widget its words and its picture."""
    if bundle is None:
        return None
    data, metadata = bundle
    data["text/plain"] = repr(figure)
    # Without matplotlib there is no picture to fall back on; the live figure does not need one.
    with suppress(ImportError):
        still, about = figure.figure()._repr_mimebundle_()
        data["image/png"] = still["image/png"]
        metadata = {**metadata, "image/png": {**about["image/png"], "alt": repr(figure)}}
    return data, metadata


class Controls(Mapping[str, float]):
    """The controls of a live figure, by name. Reading gives the number, assigning moves the figure."""

    def __init__(self, figure: Live) -> None:
        self._figure = figure

    def _place(self, name: str) -> int:
        spans = self._figure._spans
        if name not in spans:
            raise ValueError(f"There is no control {name!r}; this figure has {', '.join(spans)}.")
        place: int = spans[name][0]
        return place

    def __getitem__(self, name: str) -> float:
        number: float = self._figure.inputs[self._place(name)]
        return number

    def __setitem__(self, name: str, number: float) -> None:
        n = self._place(name)
        numbers = list(self._figure.inputs)
        numbers[n] = _real(f"The control {name!r}", number)
        self._figure.inputs = numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._figure._spans)

    def __len__(self) -> int:
        return len(self._figure._spans)

    def __repr__(self) -> str:
        return f"Controls({', '.join(f'{name}={_plain(x)}' for name, x in self.items())})"


def _real(what: str, number: Any) -> float:
    if not isinstance(number, Real) or isinstance(number, bool):
        raise TypeError(f"{what} takes a number; {type(number).__name__} {number!r} came.")
    return float(number)


def _plain(x: float) -> str:
    return f"{x + 0.0:.6g}"
