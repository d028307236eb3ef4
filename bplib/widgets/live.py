"""Live figures: a graph of Values that computes in the reader's page.

It adds to a plan a face: sliders, the graph with its values and gradients, curves. The same figure answers
in JupyterLab with a kernel and on a static page without one, because the page runs the tape by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bplib.optim import Optimizer
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.figure import Figure
from bplib.widgets.frames import Frames
from bplib.widgets.places import Key
from bplib.widgets.plan import RATE, Plan, plain, plan, real
from bplib.widgets.program import Program
from bplib.widgets.seeds import Seeds
from bplib.widgets.shapes import Shapes
from bplib.widgets.sources.base import Quantity
from bplib.widgets.tasks import above, below, reached, read, stepped, task, walked
from bplib.widgets.views import curve, graph

try:
    import traitlets
except ImportError as error:
    raise ImportError('Live figures need anywidget: pip install "bplib[widgets]"') from error

__all__ = [
    "Controls", "Live", "above", "below", "curve", "described", "graph", "live", "reached", "read", "stepped",
    "task", "walked",
]  # fmt: skip


def live(
    output: Value | Program | Frames | Seeds | Shapes,
    controls: Mapping[Key, Any] | None = None,
    *,
    params: Iterable[Key] = (),
    data: Mapping[Key, Sequence[float]] | None = None,
    views: Iterable[Mapping[str, Any]] | None = None,
    optimizer: Optimizer | None = None,
    name: str,
    rate: float | None = None,
    tasks: Iterable[Mapping[str, Any]] = (),
    asks: str | None = None,
) -> Live:
    """Turn a graph of Values, a network on arrays, or arrays computed in advance into a live figure.

    Parameters
    ----------
    output : Value, Program, Frames, Seeds or Shapes
        What is differentiated, such as a loss: every named leaf below it becomes an input. Or a `Program`, a
        network on arrays; the `Frames` that `frames(...)`, `recorded(...)` and `run(...)` return; `Seeds`, a
        graph that is trained from many seeds; `Shapes`, arrays that are nothing but their sizes.
    controls : dict of {Value or str: (lo, hi) or (lo, hi, step)}
        The inputs a reader may move, and how far. Without a step, about 200 stops; ``(1, 8, 1)`` counts:
        it takes whole numbers only. For a Program they are names: an entry ``"0.W[1][0]"``, ``"rows"``,
        ``"seed"``, ``"spread"``, ``"sum"``, ``"steps"``, or a choice to which a quantity refers; for Seeds
        ``"steps"``, ``"seed"``, ``"spread"``. Frames bring their controls; ``{"B": 4}`` says where one
        starts. The sizes of Shapes go from 1 to 8 by default. Words in place of a range name the numbers from
        0 on, for a menu: ``{"sum": ("mean", "sum")}``.
    params : iterable of Value or str, optional
        The inputs that a gradient step moves. Without any there is no step button.
    data : dict of {Value or str: sequence of float}, optional
        A column of numbers for each input that differs between samples; all of one length. The figure shows
        one sample at a time and can average over all.
    views : iterable of views, optional
        What to show, from top to bottom; see `bplib.widgets.views`. By default ``[graph()]``.
    optimizer : Optimizer, optional
        What trains a Program or Seeds; its learning rate is the figure's.
    name : str
        A short name, unique in its page. A shared link starts with it: ``#neuron:1:w=0.5,b=0.1``.
    rate : float, optional
        The learning rate of the gradient step at the start: the optimiser's, or 0.1.
    tasks : iterable of tasks, optional
        What the reader is asked to do, one after the other, such as
        ``[task("Drag x to 0.", until=reached(x, 0)), ...]``. The figure opens with the first, and each opens
        further parts of it.
    asks : str, optional
        In place of tasks one question. Without either a figure opens with its first two controls.

    Returns
    -------
    Live
        The figure; end a cell with it to see it.

    Raises
    ------
    TypeError
        If `output` is none of these, a range is not two or three numbers, or a view can't show it.
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
    shown = plan(
        output, controls, params, data, views, optimizer=optimizer, name=name, tasks=tasks, asks=asks
    )
    first = getattr(optimizer, "lr", RATE) if rate is None else rate
    return Live(shown, first)


class Live(Figure):
    """A figure that computes in the page. Make one with `live`.

    Attributes
    ----------
    plan : Plan
        What it shows.
    controls : Controls
        Reads and moves the inputs: ``fig.controls["w"] = 0.3``.
    rate : float
        The learning rate of the gradient step.
    task : int
        The number of the task that the reader is at, counted from 1.
    """

    _bplib_kind = traitlets.Unicode("live").tag(sync=True)
    # What does not change, what does. Everything that has an order is in a list.
    spec = traitlets.Dict().tag(sync=True)
    inputs = traitlets.Any().tag(sync=True)
    rate = traitlets.Any().tag(sync=True)
    task = traitlets.Int(1).tag(sync=True)

    def __init__(self, plan: Plan, rate: float) -> None:
        self.plan = plan
        spec = {**plan.spec, "rate": real("The learning rate", rate)}
        super().__init__(spec=spec, inputs=plan.start, rate=rate)

    @traitlets.validate("inputs")
    def _check_inputs(self, proposal: Any) -> list[float]:
        return self.plan.checked(proposal["value"], float(self.rate or RATE))

    @traitlets.validate("rate")
    def _check_rate(self, proposal: Any) -> float:
        rate = real("The learning rate", proposal["value"])
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"The learning rate must be a number above 0; got {rate}.")
        return rate

    @traitlets.validate("task")
    def _check_task(self, proposal: Any) -> int:
        count = max(1, len(self.plan.tasks))
        if proposal["value"] not in range(1, count + 1):
            raise ValueError(f"This figure has {count} tasks, counted from 1; got {proposal['value']}.")
        return int(proposal["value"])

    @property
    def tape(self) -> Tape:
        """The recorded graph."""
        return self.plan.tape

    @property
    def values(self) -> dict[str, float]:
        """The value of every named node, or of the inputs and the loss, at the present inputs."""
        return self.plan.source.run(self.inputs, self.rate)[0]

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output with respect to each of them that has one."""
        return self.plan.source.run(self.inputs, self.rate)[1]

    def quantity(self, q: Quantity) -> Any:
        """Return what a name stands for at the present inputs: ``"0.W"``, ``d("0.W", sample=3)``.

        Raises
        ------
        ValueError
            If there is nothing of that name.
        """
        return self.plan.source.quantity(self.inputs, self.rate, q)

    @property
    def controls(self) -> Controls:
        """The controls by name: read one, or assign to move the figure."""
        return Controls(self)

    def step(self) -> None:
        """Make one step of learning: ``w = w - rate * dloss/dw``, or what the optimiser does.

        Raises
        ------
        ValueError
            If the figure has no parameters, or the step would leave a control's range.
        """
        self.inputs = self.plan.source.step(self.inputs, self.rate)

    def select(self, sample: int) -> None:
        """Put one sample of the data into the inputs; the first is number 0.

        Raises
        ------
        ValueError
            If the figure has no such sample.
        """
        self.inputs = self.plan.source.select(self.inputs, sample)

    def epoch(self) -> None:
        """Move every parameter one step against its gradient averaged over all samples.

        Raises
        ------
        ValueError
            If the figure has no parameters or no data, or the step would leave a control's range.
        """
        self.inputs = self.plan.source.epoch(self.inputs, self.rate)

    def reset(self) -> None:
        """Put every input, and the learning rate, back to where they started."""
        self.inputs, self.rate = self.plan.start, self.spec["rate"]

    @property
    def state(self) -> str:
        """The present state as text that can be shared, such as ``"neuron:1:w=0.5,b=0.1&rate=2.0&task=3"``.

        Assign such a text to bring its state back. An input or a learning rate that it leaves out goes back
        to its start, the task stays. What is chosen in a view is no part of it.
        """
        rate = None if self.rate == self.spec["rate"] else self.rate
        return self.plan.state(self.inputs, rate, None if self.task == 1 else self.task)

    @state.setter
    def state(self, text: str) -> None:
        inputs, rate, task = self.plan.restore(text)
        self.inputs, self.rate, self.task = inputs, rate or self.spec["rate"], task or self.task

    def figure(self) -> Any:
        """Return a matplotlib figure of the present state: the first view, drawn by `bplib.plot`."""
        return self.plan.still(self.inputs, self.rate)

    def __repr__(self) -> str:
        if not hasattr(self, "plan"):  # while traitlets is still building the figure
            return "live figure"
        return self.plan.in_words(self.inputs, self.rate)

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
        spans = self._figure.plan.spans
        if name not in spans:
            raise ValueError(f"There is no control {name!r}; this figure has {', '.join(spans)}.")
        return spans[name][0]

    def __getitem__(self, name: str) -> float:
        number: float = self._figure.inputs[self._place(name)]
        return number

    def __setitem__(self, name: str, number: float) -> None:
        n = self._place(name)
        numbers = list(self._figure.inputs)
        numbers[n] = real(f"The control {name!r}", number)
        self._figure.inputs = numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._figure.plan.spans)

    def __len__(self) -> int:
        return len(self._figure.plan.spans)

    def __repr__(self) -> str:
        return f"Controls({', '.join(f'{name}={plain(x)}' for name, x in self.items())})"
