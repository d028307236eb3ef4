"""numerical: slopes measured by moving a parameter, and how far each can be trusted.

By difference or complex step, one entry at a time. `naive` took one step for all and believed what it saw;
here the step fits the precision, and each slope comes with what rounding, noise and kinks may do to it.
"""

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from bplib.gradcheck.subject import Array, Subject

# Default step: this power of eps that balances the formula's own error against rounding (central, forward);
# the complex step subtracts nothing, so its step only has to be tiny.
POWER = {"central": 1 / 3, "forward": 1 / 2, "complex": 0.0}


def steps(x: Array, method: str = "central", h: float | None = None) -> Array:
    """Return the step for every entry of x."""
    if method not in POWER:
        raise ValueError(f"method must be one of {', '.join(POWER)}; got {method!r}")
    if h is None and method == "complex":
        return np.full(x.shape, 1e-20)
    if h is None:
        return np.asarray(float(np.finfo(x.dtype).eps) ** POWER[method] * np.maximum(1, abs(x)))
    if not (isinstance(h, int | float | np.floating) and 0 < h < np.inf):
        raise ValueError(f"h must be one positive number, got {h!r}; leave it out for a good default")
    return np.full(x.shape, h, float if method == "complex" else x.dtype)


def typical(x: Array) -> float:
    """Return the size of a typical entry, 0 where there is none."""
    return float(np.sqrt(np.mean(np.square(x, dtype=float)))) if x.size else 0.0


def blur(s: Subject, p: Array, m: Array) -> Array:
    """Return how far their last digits may put the difference of two losses off: 8 times what is likely."""
    return np.asarray(8 * s.eps * np.maximum(abs(p), abs(m)))


def jitter(s: Subject, k: int) -> float:
    """How far noise may put a difference of two losses off, from third differences (Moré and Wild 2011).

    Array k moves, by steps that grow until the losses differ: where they stand still noise does not show.
    It costs eight losses or more: ask where in doubt.
    """
    noise, x = s.eps * abs(s.value), s.arrays[k]
    signs, most = (-1) ** np.arange(x.size).reshape(x.shape), max(1e-4, 8 * s.eps)
    with np.errstate(all="ignore"), suppress(ValueError, ArithmeticError):
        for scale in 64 * s.eps * 10.0 ** np.arange(8):
            size = min(scale, most) * np.maximum(1, abs(x))
            size = np.where(x == 0, size, np.minimum(size, most * abs(x)))  # all small, to a tiny one too
            points = (np.asarray(x + t * size * signs, x.dtype) for t in range(8))
            moved = (s.at([*s.arrays[:k], to, *s.arrays[k + 1 :]]) for to in points)
            losses = [np.asarray(loss).item() for loss in moved]
            if len(set(losses)) > 4:
                break
        seen = float(np.sqrt(np.mean(np.diff(losses, 3) ** 2) / 20))
        noise = max(noise, seen) if np.isfinite(seen) else noise
    return 8 * noise


def slopes(s: Subject, k: int, method: str = "central", h: float | None = None) -> tuple[Array, Array]:
    """Return the slope of every entry of array k, flat, and how far its last digits may put each off."""
    x = s.arrays[k].ravel()
    every, step = np.arange(x.size), steps(x, method, h)
    if method == "complex":
        return _complex_slopes(s, k, step), np.zeros(x.size)
    with np.errstate(all="ignore"):
        right, left = x + step, x - step if method == "central" else x
        p = s.moved(k, every, right)
        m = s.moved(k, every, left) if method == "central" else np.full(x.size, s.value)
        distance = right.astype(float) - left  # what was really travelled, after rounding
        distance[distance == 0] = np.inf  # the step is lost in x
        return (p - m) / distance, blur(s, p, m) / step


def _complex_slopes(s: Subject, k: int, step: Array) -> Array:
    advice = "a complex step needs code that keeps imaginary parts; use method='central'"
    some = np.unique(np.linspace(0, step.size - 1, min(8, step.size)).astype(int))
    try:
        n = s.moved(k, np.arange(step.size), s.arrays[k].ravel() + 1j * step).imag / step
    except TypeError as error:
        raise TypeError(f"the function fails for a complex {s.names[k]} ({error}); {advice}") from error
    look = second_look(s, k, some)
    if np.any(abs(n[some] - look.nearest(n[some])) > 2e-4 * abs(n[some]) + 2 * look.off):
        raise ValueError(f"complex step and central difference of {s.names[k]} disagree; {advice}")
    return np.asarray(n)


class Look(NamedTuple):
    """What a second look at some entries found, an array each."""

    left: Array
    right: Array  # one-sided slopes; equal where there is no kink
    off: Array  # how far they may be off
    kink: Array  # is the entry at a kink?
    bend: Array  # the smallest step that reaches over a kink, infinite if none does

    def nearest(self, a: Array) -> Array:
        """Return the right slope that is nearest to a: at a kink all between the two sides are right."""
        return np.clip(a, np.minimum(self.left, self.right), np.maximum(self.left, self.right))


def second_look(s: Subject, k: int, where: Array) -> Look:
    """Measure some entries of array k over a ladder of steps, from both sides.

    Where a loss is smooth, its slopes to the left and right differ in proportion to the step, and the central
    slope counts. At a kink they differ by the same amount at every step, and both count. Either is
    trusted as far as it agrees with those at smaller steps.
    """
    few = s.arrays[k].ravel()[where]
    x, first = few.astype(float), steps(few).astype(float)
    tiny = (abs(x) > 1e-14) & (abs(x) < 1e-4)  # a loss may vary on the scale of a tiny x
    lowest = np.where(tiny, first * abs(x) / 64, first / 8**6)
    local = typical(s.arrays[k]) / (30 if s.eps < 1e-5 else 3)  # steps beyond it are not
    h = np.geomspace(lowest, np.clip(local, first, 8**4 * first), 16)
    with np.errstate(all="ignore"):
        up, down = (x + h).astype(few.dtype), (x - h).astype(few.dtype)
        p, m = (s.moved(k, np.tile(where, 16), to.ravel()).reshape(h.shape) for to in (up, down))
        left, right = (s.value - m) / (x - down), (p - s.value) / (up - x)
        central, noise = (p - m) / (up.astype(float) - down), np.maximum(blur(s, p, m), jitter(s, k)) / h
        jump, smooth = right - left, np.zeros(h.shape, bool)
        smooth[1:] = abs(jump[1:] - h[1:] / h[:-1] * jump[:-1]) <= 0.5 * abs(jump[1:])
        kink = ~smooth & (abs(jump) > 1e-6 * (abs(left) + abs(right))) & (abs(jump) > 4 * noise)
        left, right = np.where(kink, left, central), np.where(kink, right, central)
        change = sum(abs(np.diff(slope, axis=0, prepend=np.nan)) for slope in (left, right))
        # Noise that rounding doesn't explain shows in the change between small steps, and fades as they grow.
        off = noise + 2 * np.fmax.accumulate(change * h) / h
    # A small step that moves nothing may be lost in rounding inside the loss.
    lost = (p == s.value) & (m == s.value) & (h < first / 1000)
    off[~np.isfinite(off) | lost] = np.inf
    best = np.argmin(off, axis=0), np.arange(x.size)
    bend = np.where(kink, h, np.inf).min(axis=0)
    return Look(left[best], right[best], off[best], kink[best], bend)
