"""A state of a figure as text, ``neuron:1:w=0.5,b=0.1&rate=2.0&task=3``: for a link, or to keep.

It adds the form of that text, and what is said of one that does not fit. static/states.js reads and writes
the same; one list of states holds both to it (tests/unit/states.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: The form that is written. A text without a version is of the first form there was, which had numbers only.
VERSION = 1

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_VERSIONED = re.compile(r"(\d+):(.*)", re.DOTALL)
_FURTHER = ("rate", "task")


@dataclass(frozen=True)
class State:
    """What a text says: numbers by name, and the learning rate and the task where it gives them."""

    numbers: dict[str, float]
    rate: float | None = None
    task: int | None = None


def write(name: str, state: State) -> str:
    """Return a state as text.

    Examples
    --------
    >>> write("neuron", State({"w": 0.5, "b": 0.1}, rate=2.0, task=3))
    'neuron:1:w=0.5,b=0.1&rate=2.0&task=3'
    """
    numbers = ",".join(f"{key}={x!r}" for key, x in state.numbers.items())
    further = "".join(f"&{key}={x!r}" for key in _FURTHER if (x := getattr(state, key)) is not None)
    return f"{name}:{VERSION}:{numbers}{further}"


def read(text: Any, name: str, start: Mapping[str, float], tasks: int = 0) -> State:
    """Return what a text says of the figure `name`, or say what is wrong with it.

    Parameters
    ----------
    text : str
        With or without a ``#`` before it.
    name : str
    start : dict of {str: float}
        Every number that a state may hold, and where it starts.
    tasks : int
        How many tasks the figure has.

    Examples
    --------
    >>> read("#neuron:w=1", "neuron", {"w": 0.5, "b": 0.1})
    State(numbers={'w': 1.0}, rate=None, task=None)
    """
    like = write(name, State(dict(start)))
    if not isinstance(text, str):
        raise TypeError(f"A state is text such as {like!r}; {type(text).__name__} {text!r} came.")
    named, _, rest = text.removeprefix("#").partition(":")
    versioned = _VERSIONED.fullmatch(rest)
    if versioned and int(versioned[1]) > VERSION:
        raise ValueError(
            f"The state {text!r} is of version {versioned[1]}; this edition reads up to {VERSION}. "
            "Open it with the edition that made it."
        )
    said = versioned[2] if versioned else rest
    if named != name or not said:
        raise ValueError(f"Not a state of this figure: {text!r}. It should look like {like!r}.")
    entries, *further = said.split("&")
    numbers = _pairs(text, entries.split(",") if entries else [], start, "this figure has")
    also = _pairs(text, further, _FURTHER, "beside the numbers there may be")
    rate, task = also.get("rate"), also.get("task")
    if rate is not None and not 0 < rate < math.inf:
        raise ValueError(f"The state {text!r} has the learning rate {rate:g}. It must be a number above 0.")
    if task is not None and task not in range(1, tasks + 1):
        raise ValueError(f"The state {text!r} names task {task:g}; this figure has {tasks}.")
    return State(numbers, rate, None if task is None else int(task))


def _pairs(text: str, entries: Sequence[str], known: Any, there_is: str) -> dict[str, float]:
    """Read entries such as ``w=0.5``, each of a name that is known, and of none twice."""
    found: dict[str, float] = {}
    for entry in entries:
        key, _, number = entry.partition("=")
        if key not in known:
            raise ValueError(
                f"The state {text!r} names {key!r}; {there_is} {', '.join(known)}. "
                "An older edition may have had it: leave it out."
            )
        if key in found:
            raise ValueError(f"The state {text!r} gives {key} twice. Keep one of them.")
        if not _NUMBER.fullmatch(number):
            raise ValueError(f"The state {text!r} gives {key} no number. Write {key}=0.5, for example.")
        found[key] = float(number)
    return found
