"""Arrays computed in advance, one set for each stop of some controls: numbers, not pictures.

For what the page can't compute in time, or not at all: training runs of many widths, 32-bit arithmetic, a
hundred gradient checks. `frames` calls your function at every stop, keeps what it returns as whole numbers of
one or two bytes, and says how large the error of that is. static/engine/frames.js reads them by stop.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bplib.contract import Array, check_number, wrong

VERSION = 1
#: What all the frames of a page may weigh, in bytes.
BUDGET = 120_000


@dataclass(frozen=True)
class Frames:
    """What `frames` returns.

    Attributes
    ----------
    stops : dict of str to tuple
        The stops of each control, in order.
    values : dict of str to array
        All frames of each array as the page will have them: axes for the controls, then the array's own.
    error : dict of str to float
        How far a number in `values` is at most from the one computed.
    """

    stops: dict[str, tuple[Any, ...]]
    values: dict[str, Array]
    error: dict[str, float]
    packed: dict[str, dict[str, Any]]

    def at(self, **stops: Any) -> dict[str, Array]:
        """Return the arrays at one stop, named by its value."""
        if stops.keys() != self.stops.keys():
            came = ", ".join(stops) or "nothing"
            raise wrong("at", ", ".join(self.stops), came, "Give each control one of its stops.")
        place = []
        for name, stop in stops.items():
            if stop not in self.stops[name]:
                raise wrong(
                    name, f"one of {self.stops[name]}", repr(stop), "Nothing was computed between them."
                )
            place.append((list(self.stops).index(name), self.stops[name].index(stop)))
        where = tuple(k for _, k in sorted(place))
        return {name: array[where] for name, array in self.values.items()}

    def to_dict(self) -> dict[str, Any]:
        """Write the frames as static/engine/frames.js reads them.

        Raises
        ------
        ValueError
            If they weigh more than a page's budget.
        """
        arrays = [
            {"name": name, "shape": list(array.shape[len(self.stops) :]), **self.packed[name]}
            for name, array in self.values.items()
        ]
        wire = {"version": VERSION, "stops": [[n, list(s)] for n, s in self.stops.items()], "arrays": arrays}
        if (size := len(json.dumps(wire))) > BUDGET:
            remedy = "Take fewer stops, smaller arrays, or allow a larger error."
            raise wrong("frames", f"at most {BUDGET:,} bytes for a page", f"{size:,}", remedy)
        return wire


def frames(
    compute: Callable[..., Mapping[str, Any]],
    *,
    error: float | Mapping[str, float] | None = None,
    **stops: Sequence[Any],
) -> Frames:
    """Compute arrays at every stop, and round them to what travels well.

    Parameters
    ----------
    compute : callable
        Takes a stop of each control by name, returns arrays by name: the same names and shapes at every stop.
    error : float or dict of str to float, optional
        How far a number that is shown may be from the one computed, for all arrays or by name. If not given,
        half of 1/65534 of the array's range, which takes two bytes a number.
    **stops : sequences
        The stops of each control.

    Returns
    -------
    Frames
        Numbers are ``low + step * code``, one code of 1 or 2 bytes each; where that is too coarse for
        `error`, floats of 4 or 8 bytes. NaN is a gap and stays one.

    Raises
    ------
    TypeError, ValueError
        If there is no stop, one returns other names or shapes, a number is infinite, or an error below 0.

    Examples
    --------
    >>> seen = frames(lambda B: {"norm": np.array([1 / B])}, error=0.01, B=[1, 2, 4])
    >>> bool(abs(seen.at(B=4)["norm"][0] - 0.25) <= seen.error["norm"] <= 0.01)
    True
    """
    if not stops or not all(len(s) for s in stops.values()):
        raise wrong(
            "stops", "a control with at least one stop", stops or "none", "Write B=range(1, 17), say."
        )
    computed: list[dict[str, Array]] = []
    for stop in itertools.product(*stops.values()):
        here = dict(zip(stops, stop, strict=True))
        made = {name: np.asarray(array, dtype=float) for name, array in compute(**here).items()}
        first = computed[0] if computed else made
        shapes = [{name: array.shape for name, array in arrays.items()} for arrays in (first, made)]
        if shapes[0] != shapes[1]:
            remedy = "Return the same names and shapes; NaN where a number is missing."
            raise wrong("compute", f"{shapes[0]} at every stop", f"{shapes[1]} at {here}", remedy)
        for name, array in made.items():
            if np.isinf(array).any():
                raise wrong("compute", f"finite {name}", f"infinity at {here}", "Return NaN for a gap.")
        computed.append(made)
    grid = tuple(len(s) for s in stops.values())
    values, errors, packed = {}, {}, {}
    for name, array in computed[0].items():
        whole = np.stack([made[name] for made in computed]).reshape(*grid, *array.shape)
        wanted = error.get(name) if isinstance(error, Mapping) else error
        values[name], packed[name] = _quantise(name, whole, wanted)
        errors[name] = packed[name]["error"]
    return Frames({name: tuple(s) for name, s in stops.items()}, values, errors, packed)


def _quantise(name: str, array: Array, error: float | None) -> tuple[Array, dict[str, Any]]:
    """Round an array with the smallest type that keeps the error; return what is left of it, and the wire."""
    if error is not None:
        check_number("error", error, f"How far may {name} be off?", least=0)
    gaps = np.isnan(array)
    known = array[~gaps]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    largest = max(abs(low), abs(high))
    for kind in ("u1", "u2"):
        gap = 2 ** (8 * int(kind[1])) - 1  # the last code is a gap
        step = (high - low) / (gap - 1) or 1.0
        # Half a step, and what the sum in the page rounds.
        bound = step / 2 * (1 + 1e-9) + 4 * math.ulp(largest) if high > low else 0.0
        if bound < math.inf if error is None and kind == "u2" else bound <= (error or 0.0):
            codes = np.where(gaps, gap, np.rint((np.where(gaps, low, array) - low) / step)).astype(f"<{kind}")
            back = np.where(gaps, np.nan, low + step * codes)
            return back, _wire(kind, codes, low, step, gap, bound)
    with np.errstate(over="ignore"):
        small = array.astype("<f4")
    bound = 2.0**-24 * largest + 2.0**-150
    if error is not None and largest < 3e38 and bound <= error:
        return small.astype(float), _wire("f4", small, 0.0, 1.0, None, bound)
    return array, _wire("f8", array.astype("<f8"), 0.0, 1.0, None, 0.0)


def _wire(kind: str, codes: Array, low: float, step: float, gap: int | None, error: float) -> dict[str, Any]:
    data = base64.b64encode(codes.tobytes()).decode("ascii")
    return {"type": kind, "data": data, "low": low, "step": step, "gap": gap, "error": error}
