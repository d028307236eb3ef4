"""What a figure asks of its reader, one task after the other.

It adds to a plan its tasks, as data: a question, where it starts, how the page notices that it is done, and
which parts of the figure it opens. static/tasks.js says when a condition is met, static/guide.js shows them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bplib.widgets.places import Arrays, Key, Places

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: At most so many controls stand in a figure that has just been opened.
FIRST_CONTROLS = 2
#: Parts within a view that can be opened by themselves, by the view's kind; static/tasks.js has the same, and
#: static/guide.css hides them.
INNER = {
    "curve": ("nudge",),
    "compose": ("whole", "mistake"),
    "network": ("table", "move"),
    "paths": ("pace",),
    "ribbons": ("slopes",),
}
PASSES = ("ahead", "done")

Until = dict[str, Any]


def task(
    asks: str,
    *,
    start: Mapping[Key, float] | None = None,
    rate: float | None = None,
    passes: str | None = None,
    until: Until | None = None,
    opens: Iterable[Key] = (),
    then: str = "",
) -> dict[str, Any]:
    """Ask the reader of a figure something.

    Parameters
    ----------
    asks : str
        The question, or what to do.
    start : dict of {Value or str: float}, optional
        Where the task begins: these numbers, and the others and the learning rate as at the figure's start.
        By default nothing moves. The first task begins where the figure does.
    rate : float, optional
        The learning rate at the task's start.
    passes : {"ahead", "done"}, optional
        Whether the passes of graphs and networks are still to be gone through or all is known when it begins.
        By default they stay as they are.
    until : condition, optional
        How the figure notices that it is done: `reached`, `below`, `above`, `stepped`, `walked` or `read`. By
        default it can't, and takes the reader's word.
    opens : iterable of Value or str, optional
        Parts of the figure that are shown from here on: controls by name, views by kind ("graph", and
        "graph 2" for the second one), "step" for the gradient step, and within a view "nudge" (curve),
        "whole" and "mistake" (compose), "table" and "move" (network), "pace" (paths), "slopes" (ribbons).
        The first task opens two controls and one view if it does not say.
    then : str, optional
        The answer. It stays hidden until the task is done or the reader asks.

    Examples
    --------
    >>> task("Drag x to 0.", until=reached("x", 0), opens=["x"])["until"]
    {'kind': 'reached', 'of': 'x', 'number': 0}
    """
    return {
        "asks": asks, "start": start, "rate": rate, "passes": passes, "until": until, "opens": list(opens),
        "then": then,
    }  # fmt: skip


def reached(of: Key, number: float) -> Until:
    """Done when an input is at a number, to half a step of its control."""
    return {"kind": "reached", "of": of, "number": number}


def below(of: Key, number: float) -> Until:
    """Done when a named node is below a number."""
    return {"kind": "below", "of": of, "number": number}


def above(of: Key, number: float) -> Until:
    """Done when a named node is above a number."""
    return {"kind": "above", "of": of, "number": number}


def stepped(times: int = 1) -> Until:
    """Done after so many gradient steps."""
    return {"kind": "stepped", "times": times}


def walked() -> Until:
    """Done when the steps of a graph, network or race were gone through to the last gradient."""
    return {"kind": "walked"}


def read(*nodes: Key) -> Until:
    """Done when a node is pointed at, or the edge from the first to the second; of none, when anything is.

    In a network the edge of a weight is read by the weight's name.
    """
    return {"kind": "read", "nodes": nodes}


def placed(plan: Plan, places: Places | Arrays, tasks: Any, asks: str | None) -> list[dict[str, Any]]:
    """Return the tasks as the page needs them, with places for names, or say what is wrong with them."""
    if isinstance(tasks, Mapping | str):
        raise TypeError(f"tasks must be a list, even of one: [task('...')]; got {tasks!r}.")
    given = list(tasks)
    if asks is not None:
        if given:
            raise ValueError("A figure has asks=..., one question, or tasks=[...]; both came. Keep one.")
        given = [task(asks, opens=_first(plan, alone=True))]
    return [_task(plan, places, k, one) for k, one in enumerate(given, start=1)]


def parts(plan: Plan) -> tuple[list[str], list[str]]:
    """List what a task can open: the controls beside the views, and everything else."""
    claimed = {n for view in plan.views for n in view.claims}
    controls = [plan.input_name(n) for n, *_ in plan.controls if n not in claimed]
    kinds: list[str] = []
    for view in plan.views:
        turn = sum(kind.split()[0] == view.name for kind in kinds) + 1
        kinds.append(view.name if turn == 1 else f"{view.name} {turn}")
    inner = [part for kind in dict.fromkeys(view.name for view in plan.views) for part in INNER.get(kind, ())]
    return controls, [*kinds, *inner, *(["step"] if plan.source.learns else [])]


def _task(plan: Plan, places: Places | Arrays, k: int, asked: Any) -> dict[str, Any]:
    if not isinstance(asked, Mapping) or not asked.get("asks") or not isinstance(asked["asks"], str):
        raise TypeError(f"Task {k} must be task('what to do', ...); got {asked!r}.")
    moves = asked["start"] is not None or asked["rate"] is not None
    if k == 1 and moves:
        raise ValueError("The first task begins where the figure does: leave out its start and rate.")
    if asked["passes"] not in (None, *PASSES):
        raise ValueError(f"passes of task {k} must be 'ahead' or 'done'; got {asked['passes']!r}.")
    spec: dict[str, Any] = {"asks": asked["asks"], "opens": _opens(plan, places, k, asked["opens"])}
    if moves:
        spec["start"] = _start(plan, places, asked["start"] or {})
    if (rate := asked["rate"]) is not None:
        spec["rate"] = _number(f"The rate of task {k}", rate)
        if spec["rate"] <= 0:
            raise ValueError(f"The rate of task {k} must be a number above 0; got {rate}.")
    for key in ("passes", "then"):
        if asked[key]:
            spec[key] = asked[key]
    if asked["until"] is not None:
        spec["until"] = _until(plan, places, k, asked["until"])
        at = plan.start if k == 1 else spec.get("start")
        if at is not None and met(plan, spec["until"], at, spec.get("rate", 1.0)):
            raise ValueError(f"Task {k}, {spec['asks']!r}, is done before it begins. Move its start.")
    return spec


def met(plan: Plan, until: Sequence[Any], inputs: Sequence[float], rate: float) -> bool:
    """Whether a placed condition on numbers holds; one on what the reader does never does here."""
    kind, *rest = until
    if kind == "reached":
        n, number, near = rest
        return bool(abs(inputs[n] - number) <= near)
    if kind not in ("below", "above"):
        return False
    q, bound = rest
    name = plan.tape.names[q] if isinstance(q, int) else q
    value = np.ravel(plan.source.quantity(inputs, rate, name))[0]
    return bool(value < bound if kind == "below" else value > bound)


def _start(plan: Plan, places: Places | Arrays, start: Any) -> list[float]:
    if not isinstance(start, Mapping):
        raise TypeError(f"start must be a dict such as {{'x': 1.0}}; got {start!r}.")
    inputs = plan.start
    for key, number in start.items():
        inputs[places.input("start", key)] = _number("start", number)
    return plan.checked(inputs)


def _opens(plan: Plan, places: Places | Arrays, k: int, opens: Sequence[Any]) -> list[str]:
    """Name the parts that a task opens; the first has some by default."""
    controls, others = parts(plan)
    names = [key if isinstance(key, str) else getattr(key, "name", "") for key in opens]
    for key, name in zip(opens, names, strict=True):
        if name not in (*controls, *others):
            raise ValueError(
                f"Task {k} opens {key!r}; this figure has {', '.join((*controls, *others))}. "
                "Name one of them."
            )
    if k > 1:
        return names
    if (count := sum(name in controls for name in names)) > FIRST_CONTROLS:
        raise ValueError(
            f"The first task opens {count} controls; {FIRST_CONTROLS} are enough to begin with. "
            "Let a later task open the others."
        )
    return names or _first(plan)


def _first(plan: Plan, alone: bool = False) -> list[str]:
    """Name what a figure opens with if its author is silent; where training is what moves, the step too."""
    controls, others = parts(plan)
    trains = alone and "steps" in plan.source.names
    return [*controls[:FIRST_CONTROLS], others[0], *(["step"] if trains else [])]


def _until(plan: Plan, places: Places | Arrays, k: int, until: Any) -> list[Any]:
    """Return a condition as ``[kind, ...]``, with places for names."""
    kind = until.get("kind") if isinstance(until, Mapping) else None
    if kind == "reached":
        n, number = places.input("reached", until["of"]), _number("reached", until["number"])
        if n not in plan.movable.values():
            raise ValueError(
                f"Task {k} waits for {plan.input_name(n)!r}, which can't be moved in this figure."
            )
        step = next((step for m, _, _, step, *_ in plan.controls if m == n), 0.0)
        plan.checked([number if m == n else x for m, x in enumerate(plan.start)])
        return [kind, n, number, step / 2]
    if kind in ("below", "above"):
        return [kind, places.node(kind, "", until["of"]), _number(kind, until["number"])]
    if kind == "stepped":
        times = until["times"]
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            raise ValueError(f"stepped takes a whole number of steps above 0; got {times!r}.")
        if not plan.source.learns:
            raise ValueError(f"Task {k} waits for gradient steps; nothing learns in this figure.")
        return [kind, times]
    if kind == "walked":
        if not any(view.name in ("graph", "network", "paths") for view in plan.views):
            raise ValueError(f"Task {k} waits for the passes, which only a graph, a network or paths show.")
        return [kind]
    if kind == "read":
        return [kind, *(places.node("read", "", node) for node in until["nodes"])]
    raise TypeError(
        f"until of task {k} must be reached(...), below(...), above(...), stepped(...), walked(), read(...) "
        f"or None; got {until!r}."
    )


def _number(what: str, number: Any) -> float:
    if not isinstance(number, int | float) or isinstance(number, bool) or not math.isfinite(number):
        raise TypeError(f"{what} takes a finite number; {type(number).__name__} {number!r} came.")
    return float(number)
