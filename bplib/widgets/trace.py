"""A recorded list of states: what a few lines of code did to some numbers, moment by moment.

It adds the third kind of figure besides graphs and networks: code whose effect is a state, such as gradients
that are added up until someone sets them to zero. A `Trace` is `Frames` whose stops are moments, so a page
steps through it with no Python; a number that does not exist yet is a gap there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bplib.contract import Array, wrong
from bplib.widgets.frames import Frames, frames

#: More moments, or numbers of one array, are no longer followed by eye.
MAX_MOMENTS, MAX_ENTRIES = 60, 16


@dataclass(frozen=True)
class Moment:
    """The state after one line of code has run.

    Attributes
    ----------
    line : str or int
        The line as it is written, or its number in the listing, counted from 1.
    says : str
        One sentence on what happened.
    numbers : dict of str to number or array
        What exists then, by name; what is left out, or None, does not.
    """

    line: str | int
    says: str
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Trace(Frames):
    """Moments as frames. Make it with `recorded` or `run`.

    Attributes
    ----------
    listing : tuple of str
        The lines of code that are shown.
    lines : tuple of int
        For each moment its line in the listing, counted from 0.
    says : tuple of str
        For each moment its sentence.
    """

    listing: tuple[str, ...]
    lines: tuple[int, ...]
    says: tuple[str, ...]


def recorded(moments: Sequence[Moment], code: str | None = None) -> Trace:
    """Turn moments into what `live` shows with the view `trace`.

    Parameters
    ----------
    moments : sequence of Moment
        In the order in which they happen.
    code : str, optional
        The listing, where it is more than the moments' own lines: a loop, whose lines run several times.

    Raises
    ------
    ValueError
        If there are fewer than two moments, a line is not in the listing, or an array changes its shape.

    Examples
    --------
    >>> steps = [
    ...     Moment("w = Value(3.0)", "No gradient yet.", {"w": 3.0}),
    ...     Moment("loss.backward()", "There it is.", {"w": 3.0, "w.grad": 2.0}),
    ... ]
    >>> float(recorded(steps).at(moment=2)["w.grad"])
    2.0
    """
    if not 2 <= len(moments) <= MAX_MOMENTS:
        raise wrong(
            "moments", f"2 to {MAX_MOMENTS} of them", str(len(moments)), "Leave out what shows nothing."
        )
    listing = tuple(str(m.line) for m in moments) if code is None else tuple(code.strip("\n").splitlines())
    lines = range(len(moments)) if code is None else [_place(moment.line, listing) for moment in moments]
    states = [
        {name: np.array(x, dtype=float) for name, x in moment.numbers.items() if x is not None}
        for moment in moments
    ]
    shapes: dict[str, tuple[int, ...]] = {}
    for state in states:
        for name, array in state.items():
            if shapes.setdefault(name, array.shape) != array.shape:
                raise wrong(
                    name, f"shape {shapes[name]} at every moment", str(array.shape), "Name them apart."
                )
            if array.size > MAX_ENTRIES:
                raise wrong(
                    name, f"at most {MAX_ENTRIES} numbers", str(array.size), "Take fewer, or its norm."
                )
    gaps: dict[str, Array] = {name: np.full(shape, np.nan) for name, shape in shapes.items()}
    made = frames(lambda moment: gaps | states[moment - 1], error=0.0, moment=range(1, len(moments) + 1))
    says = tuple(moment.says for moment in moments)
    return Trace(made.stops, made.values, made.error, made.packed, listing, tuple(lines), says)


def run(code: str, watch: Sequence[str], says: Sequence[str], **given: Any) -> Trace:
    r"""Run lines of code one by one and record what some expressions are after each.

    Parameters
    ----------
    code : str
        Statements of one line each.
    watch : sequence of str
        Expressions such as ``"w.grad"``; one that has no value yet, or is None, is a gap.
    says : sequence of str
        A sentence for each line.
    **given
        What the code finds by name.

    Examples
    --------
    >>> from bplib.scalar import Value
    >>> trace = run("w = Value(3.0)\n(w * w).backward()", ["w.grad"], ["A leaf.", "2 w."], Value=Value)
    >>> float(trace.at(moment=2)["w.grad"])
    6.0
    """
    lines = code.strip("\n").splitlines()
    if len(lines) != len(says):
        raise wrong(
            "says", f"a sentence for each of {len(lines)} lines", str(len(says)), "Say what each does."
        )
    moments = []
    for line, sentence in zip(lines, says, strict=True):
        exec(line, given)
        moments.append(Moment(line, sentence, {name: _value(name, given) for name in watch}))
    return recorded(moments)


def _value(expression: str, space: dict[str, Any]) -> Any:
    try:
        return eval(expression, space)
    except (NameError, AttributeError, KeyError):  # not yet
        return None


def _place(line: str | int, listing: Sequence[str]) -> int:
    """Return where a line stands in the listing."""
    if isinstance(line, int):
        if 1 <= line <= len(listing):
            return line - 1
        raise wrong("line", f"from 1 to {len(listing)}", str(line), "Count from the listing's first line.")
    found = [k for k, other in enumerate(listing) if other.strip() == line.strip()]
    if len(found) != 1:
        came = f"{line!r}, which stands there {len(found)} times"
        raise wrong("line", "a line of the listing", came, "Give its number, counted from 1.")
    return found[0]
