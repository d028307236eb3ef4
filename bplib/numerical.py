"""numerical: slopes measured by moving a parameter, and how far each can be trusted.

After ops, scalar and tape, which compute gradients, this file measures them: by difference or complex step,
one entry at a time. `verdict` will compare the two.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Default step: the power of eps that balances the formula's own error against rounding (central, forward);
# the complex step subtracts nothing, so its step only has to be tiny.
STEP: dict[str, Callable[[float], float]] = {
    "central": lambda eps: eps ** (1 / 3),
    "forward": lambda eps: eps ** (1 / 2),
    "complex": lambda eps: 1e-20,
}
_SAFETY = 8  # a slope may be off by this many times its estimated rounding noise


def is_float32(a: Array | float) -> bool:
    """Tell whether every number in it is a float32 number, whatever its dtype."""
    with np.errstate(over="ignore"):
        return bool(np.array_equal(a, np.asarray(a, np.float32)))


@dataclass
class Loss:
    """A loss as a function of named arrays.

    Attributes
    ----------
    names, arrays : list of str, list of array
        The parameters, where they stand.
    f : callable
        Takes all arrays in a list, plain numbers as floats, and returns the loss.
    batched : bool
        `f` takes stacks of arrays and returns a stack of losses.
    claim : callable, optional
        Takes all arrays in a list and returns the gradients that somebody claims to be right there.
    float32 : bool
        Float32 arrays are welcome; those of float64 always are.
    hints : callable
        What the loss can tell the diagnosis about parameter k with gradient n: arguments of its `Case`.
    changed : str
        Name of an array that `f` was seen to change.
    """

    names: list[str]
    arrays: list[Array]
    f: Callable[[list[Any]], Any]
    batched: bool = False
    claim: Callable[[list[Array]], list[Array]] | None = None
    float32: bool = False
    hints: Callable[[int, Array], dict[str, Any]] = lambda k, n: {}
    changed: str = field(default="", init=False)

    def __post_init__(self) -> None:
        for name, array in zip(self.names, self.arrays, strict=True):
            if array.dtype.kind not in "iubfc":
                raise TypeError(f"{name} must be an array of numbers, got {array!r:.60}")
            if array.dtype.kind in "iub":
                raise TypeError(
                    f"{name} holds {array.dtype} numbers, and a small step would be cut off; write "
                    f"{name}.astype(np.float64), or 1.0 for 1"
                )
            if array.dtype != np.float64 and not (self.float32 and array.dtype == np.float32):
                raise TypeError(
                    f"{name} must be float64, got {array.dtype}, whose rounding drowns the differences; "
                    f"check {name}.astype(np.float64), or pass allow_float32=True to gradcheck for a rough "
                    "check"
                )
            if not np.isfinite(array).all():
                raise ValueError(
                    f"{name} must hold finite numbers, but holds NaN or infinity; mend the inputs first"
                )

    @cached_property
    def value(self) -> float:
        """The loss where the arrays stand."""
        return self.evaluate()

    @cached_property
    def eps(self) -> float:
        """Rounding of the coarsest array, or of a loss that is computed in float32."""
        dtypes = [np.dtype(np.float32)] * self.in_float32 + [a.dtype for a in self.arrays]
        return max((float(np.finfo(dtype).eps) for dtype in dtypes), default=0.0)

    @cached_property
    def in_float32(self) -> bool:
        """Is the loss rounded to float32? One value may be such a number by chance, but not all nearby."""
        if not is_float32(self.value):
            return False
        rng = np.random.default_rng(0)
        with np.errstate(all="ignore"), suppress(ValueError, ArithmeticError):
            near = np.array([self.at(self.nearby(rng)) for _ in range(4)], float)
            return is_float32(near) and bool(np.any(near != self.value))
        return False

    def nearby(self, rng: np.random.Generator) -> list[Array]:
        """Return arrays that stand a small random step away."""
        steps = (1e-3 * np.maximum(1, abs(a)) * rng.standard_normal(a.shape) for a in self.arrays)
        return [np.asarray(a + step, a.dtype) for a, step in zip(self.arrays, steps, strict=True)]

    def jitter(self, k: int) -> float:
        """How far noise may put a difference of two losses off, from third differences (Moré and Wild 2011).

        Array k moves, by steps that grow until the losses differ: where they stand still noise does not show.
        It costs eight losses or more: ask where in doubt.
        """
        noise, x = self.eps * abs(self.value), self.arrays[k]
        signs = (-1) ** np.arange(x.size).reshape(x.shape)
        with np.errstate(all="ignore"), suppress(ValueError, ArithmeticError):
            for scale in 64 * self.eps * 10.0 ** np.arange(8):
                size = min(scale, 1e-4) * np.maximum(1, abs(x))
                size = np.where(x == 0, size, np.minimum(size, 1e-4 * abs(x)))  # all small, to a tiny one too
                points = (np.asarray(x + t * size * signs, x.dtype) for t in range(8))
                moved = (self.at([*self.arrays[:k], to, *self.arrays[k + 1 :]]) for to in points)
                losses = [np.asarray(loss).item() for loss in moved]
                if len(set(losses)) > 4:
                    break
            seen = float(np.sqrt(np.mean(np.diff(losses, 3) ** 2) / 20))
            noise = max(noise, seen) if np.isfinite(seen) else noise
        return _SAFETY * noise

    def evaluate(self) -> float:
        """Return the loss, checked to be one finite number."""
        arrays = [a.copy() for a in self.arrays]
        returned = self.at(arrays)
        for name, before, after in zip(self.names, self.arrays, arrays, strict=True):
            if not np.array_equal(before, after):
                self.changed = name
        if isinstance(returned, tuple | list | dict):
            raise TypeError(
                f"the function must return the loss alone, got a {type(returned).__name__} of "
                f"{len(returned)}; wrap it, as in lambda x: f(x)[0]"
            )
        value = np.asarray(returned)
        if value.dtype.kind not in "fiub":
            raise TypeError(
                f"the function must return one real number, got {returned!r:.60}; return a float, "
                "for a Value its .data"
            )
        if value.shape != ((1,) if self.batched else ()):
            expected = "one loss per stacked entry, here shape (1,)" if self.batched else "one number"
            raise ValueError(
                f"the function must return {expected}, got an array of shape {value.shape}; take its sum or "
                "mean, or use check_vjp for a function with many outputs"
            )
        if not np.isfinite(value).all():
            raise ValueError(f"the loss is {value.item()} before anything is moved; check the inputs first")
        return float(value.item())

    def moved(self, k: int, where: Array, to: Array) -> Array:
        """Return the losses with entry ``where[j]`` of array k moved to ``to[j]``, one for each j."""
        x, losses = self.arrays[k], []
        many = max(4, 2**17 // max(1, x.size))  # a stack of about a megabyte stays in the cache
        stack = np.empty((min(many, len(where)), *x.shape), to.dtype)
        stack[...] = x  # once: then only what was moved is put back
        flat = stack.reshape(len(stack), x.size)
        for start in range(0, max(1, len(where)), many):
            i = where[start : start + many]
            moved = np.arange(len(i)), i
            flat[moved] = to[start : start + many]
            losses.append(self._stacked(k, stack[: len(i)]))
            flat[moved] = x.ravel()[i]
        return np.concatenate(losses)

    def _stacked(self, k: int, stack: Array) -> Array:
        """Return the losses with array k at every point of the stack; NaN outside the function's domain."""
        arguments = self._arguments(self.arrays)
        if self.batched:
            arguments[k] = stack
            return np.asarray(self.f(arguments))
        out = np.full(len(stack), np.nan, np.result_type(stack, float))
        for j, point in enumerate(stack if stack.ndim > 1 else stack.tolist()):
            arguments[k] = point
            with suppress(ValueError, ArithmeticError):
                out[j] = self.f(arguments)
        return out

    def at(self, arrays: list[Array]) -> Any:
        """Return what the function returns for other values of the arrays."""
        return self.f(self._arguments(arrays))

    def _arguments(self, arrays: list[Array]) -> list[Any]:
        return [a[None] if self.batched else a if a.ndim else a.item() for a in arrays]

    def blur(self, p: Array, m: Array) -> Array:
        """Return how far their last digits may put the difference of two losses off."""
        return np.asarray(_SAFETY * self.eps * np.maximum(abs(p), abs(m)))


def steps(x: Array, method: str, h: float | None) -> Array:
    """Return the step for every entry of x."""
    if method not in STEP:
        raise ValueError(f"method must be one of {', '.join(STEP)}; got {method!r}")
    if h is None:
        scale = np.ones(x.shape) if method == "complex" else np.maximum(1, abs(x))
        return np.asarray(STEP[method](float(np.finfo(x.dtype).eps)) * scale)
    if not (isinstance(h, int | float | np.floating) and 0 < h < np.inf):
        raise ValueError(f"h must be one positive number, got {h!r}; leave it out for a good default")
    return np.full(x.shape, h, float if method == "complex" else x.dtype)


def slopes(loss: Loss, k: int, method: str = "central", h: float | None = None) -> tuple[Array, Array]:
    """Return the slope of every entry of array k, flat, and how far its last digits may put each off."""
    x = loss.arrays[k].ravel()
    every, step = np.arange(x.size), steps(x, method, h)
    if method == "complex":
        return _complex_slopes(loss, k, step), np.zeros(x.size)
    with np.errstate(all="ignore"):
        right, left = x + step, x - step if method == "central" else x
        p = loss.moved(k, every, right)
        m = loss.moved(k, every, left) if method == "central" else np.full(x.size, loss.value)
        distance = (right - left).astype(float)  # what was really travelled, after rounding
        distance[distance == 0] = np.inf  # the step is lost in x
        return (p - m) / distance, loss.blur(p, m) / step


def _complex_slopes(loss: Loss, k: int, step: Array) -> Array:
    advice = "a complex step needs code that keeps imaginary parts; use method='central'"
    x = loss.arrays[k].ravel()
    try:
        n = loss.moved(k, np.arange(x.size), x + 1j * step).imag / step
    except TypeError as error:
        raise TypeError(f"the function fails for a complex {loss.names[k]} ({error}); {advice}") from error
    some = np.unique(np.linspace(0, x.size - 1, min(8, x.size)).astype(int))
    look = second_look(loss, k, some)
    if np.any(abs(n[some] - look.nearest(n[some])) > 2e-4 * abs(n[some]) + 2 * look.off):
        raise ValueError(f"complex step and central difference of {loss.names[k]} disagree; {advice}")
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


def second_look(loss: Loss, k: int, where: Array) -> Look:
    """Measure some entries of array k over a ladder of steps, from both sides.

    Where a loss is smooth, its slopes to the left and right differ in proportion to the step, and the central
    slope counts. At a kink they differ by the same amount at every step, and both count. Either is
    trusted as far as it agrees with those at smaller steps.
    """
    x = loss.arrays[k].ravel()[where]
    first = steps(x, "central", None)
    tiny = (abs(x) > 1e-14) & (abs(x) < 1e-4)  # a loss may vary on the scale of a tiny x
    size = float(np.sqrt(np.mean(np.square(loss.arrays[k], dtype=float))))  # steps beyond it are not local
    lowest = np.where(tiny, first * abs(x) / 64, first / 8**6)
    h = np.geomspace(lowest, np.clip(size / 30, first, 8**4 * first), 16).astype(x.dtype)
    with np.errstate(all="ignore"):
        p, m = (loss.moved(k, np.tile(where, 16), to.ravel()).reshape(h.shape) for to in (x + h, x - h))
        left, right = (loss.value - m) / (x - (x - h)), (p - loss.value) / ((x + h) - x)
        central, noise = (p - m) / ((x + h) - (x - h)), np.maximum(loss.blur(p, m), loss.jitter(k)) / h
        jump, smooth = right - left, np.zeros(h.shape, bool)
        smooth[1:] = abs(jump[1:] - h[1:] / h[:-1] * jump[:-1]) <= 0.5 * abs(jump[1:])
        kink = ~smooth & (abs(jump) > 1e-6 * (abs(left) + abs(right))) & (abs(jump) > 4 * noise)
        left, right = np.where(kink, left, central), np.where(kink, right, central)
        change = sum(abs(np.diff(slope, axis=0, prepend=np.nan)) for slope in (left, right))
        # Noise that rounding doesn't explain shows in the change between small steps, and fades as they grow.
        off = noise + 2 * np.fmax.accumulate(change * h) / h
    # A small step that moves nothing may be lost in rounding inside the loss.
    lost = (p == loss.value) & (m == loss.value) & (h < first / 1000)
    off[~np.isfinite(off) | lost] = np.inf
    best = np.argmin(off, axis=0), np.arange(x.size)
    bend = np.where(kink, h, np.inf).min(axis=0)
    return Look(left[best], right[best], off[best], kink[best], bend)
