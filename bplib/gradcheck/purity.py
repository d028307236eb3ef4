"""purity: what a comparison of numbers can't see, a function that keeps or spoils what it was given.

Arrays are compared before and after, and a backward is asked several times: again, with another `dout`, with
none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bplib.gradcheck.diagnosis import same
from bplib.gradcheck.subject import Array


def snapshot(thing: Any) -> list[Array]:
    """Return copies of all arrays and numbers in a nest of tuples, lists, dicts and objects."""
    if isinstance(thing, np.ndarray) or np.isscalar(thing):
        return [np.array(thing)]
    if not isinstance(thing, list | tuple | Mapping):
        thing = getattr(thing, "__dict__", ())
    parts = thing.values() if isinstance(thing, Mapping) else thing
    return [array for part in parts if not callable(part) for array in snapshot(part)]


def equal(u: list[Array], v: list[Array], slack: float = 0.0) -> bool:
    """Compare arrays; numbers may differ by the slack times the largest of their array."""

    def alike(a: Array, b: Array) -> bool:
        if not slack or a.dtype.kind != "f":
            return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        largest = np.max(abs(a), initial=0, where=np.isfinite(a))
        return np.allclose(a, b, rtol=0, atol=slack * largest, equal_nan=True)

    return [a.shape for a in u] == [b.shape for b in v] and all(map(alike, u, v))


def not_linear(
    first: list[Array],
    again: Callable[[Array], list[Array]],
    dout: Array,
    rng: np.random.Generator,
    who: str = "backward",
    what: str = "dout",
) -> Iterator[str]:
    """Yield how the answers of a backward depend on dout otherwise than linearly; the first is known."""
    other = np.asarray(rng.standard_normal(dout.shape), dout.dtype)
    second, mixed, zero = again(other), again(2 * dout - 3 * other), again(0 * dout)
    if any(np.any(g) for g in first) and equal(first, second, 1e-12):
        yield f"{who} ignores {what}: another {what} gives the same answer. Multiply by {what}."
    elif any(np.any(g) for g in zero):
        yield f"{who} gives an answer for {what} = 0: every term must contain {what}."
    elif not all(same(2 * u - 3 * v, w) for u, v, w in zip(first, second, mixed, strict=True)):
        yield f"{who} is not linear in {what}: {what} must stand once, as a factor, in every term."
