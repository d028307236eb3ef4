"""gradcheck: whether a gradient is right and, if not, what is wrong with it.

After ops, scalar and tape, which compute gradients, this file doubts them: it measures slopes by moving
parameters and compares them with the gradient you claim. `diagnosis` finds words for a difference, `report`
shows them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bplib.diagnosis import Array, Case, at, count, diagnose, is_float32, listed, wrong_shape
from bplib.report import Report, Result

# Default step: the power of eps that balances the formula's own error against rounding (central, forward);
# the complex step subtracts nothing, so its step only has to be tiny.
_STEP: dict[str, Callable[[float], float]] = {
    "central": lambda eps: eps ** (1 / 3),
    "forward": lambda eps: eps ** (1 / 2),
    "complex": lambda eps: 1e-20,
}
_RTOL = {"central": 1e-6, "forward": 1e-5, "complex": 1e-6}
_SAFETY = 8  # a slope may be off by this many times its estimated rounding noise


# --- numerical gradients ----------------------------------------------------------------------------------
def numerical_gradient(
    f: Callable[[Any], Any], x: Any, *, method: str = "central", h: float | None = None, batched: bool = False
) -> Any:
    r"""Gradient of a scalar function, measured by moving one entry of `x` at a time.

    ======== ============================================= ========================= =================
    method   slope of entry i                              error                     default step
    ======== ============================================= ========================= =================
    central  :math:`(f(x+he_i)-f(x-he_i))\,/\,2h`          :math:`h^2`, rounding/h   eps^(1/3) max(1, abs(x))
    forward  :math:`(f(x+he_i)-f(x))\,/\,h`                :math:`h`, rounding/h     eps^(1/2) max(1, abs(x))
    complex  :math:`\mathrm{Im}\,f(x+ihe_i)\,/\,h`         :math:`h^2`, no rounding  1e-20
    ======== ============================================= ========================= =================

    The steps balance the formula's own error against rounding (Gill, Murray and Wright 1981; Higham 2002);
    the complex step (Squire and Trapp 1998) subtracts nothing and so has nothing to balance.

    Parameters
    ----------
    f : callable
        Takes an array shaped like `x` and returns one number.
    x : float or array of float64 or float32
        Where to measure. It is copied, never changed.
    method : {"central", "forward", "complex"}
        "complex" needs code that keeps imaginary parts: ``np.abs`` drops them.
    h : float, optional
        One step for all entries.
    batched : bool
        `f` takes a stack of shape (K, ``*x.shape``) and returns K losses. Many entries are then moved in one
        call.

    Returns
    -------
    array or float
        Shaped like `x`.

    Raises
    ------
    TypeError, ValueError
        If `x` is not floating point, `f` doesn't return one finite number, changes its argument, or drops
        the imaginary part of a complex step.

    Examples
    --------
    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([1.0, -2.0, 0.5])).round(8).tolist()
    [2.0, -4.0, 1.0]
    """
    loss = _Loss(["x"], [_floats("x", np.array(x), float32=True)], lambda arguments: f(*arguments), batched)
    loss.start()
    if loss.changed:
        raise ValueError("f changed its argument in place; let it work on a copy")
    gradient = _slopes(loss, 0, method, h)[0].reshape(np.shape(x))
    return gradient if gradient.ndim else gradient.item()


@dataclass
class _Loss:
    """A loss of named arrays, which are moved in place and always put back."""

    names: list[str]
    arrays: list[Array]
    call: Callable[[list[Any]], Any]  # takes the arrays, returns the loss
    batched: bool = False
    scale: float = 0.0  # size of the terms that the loss is a sum of, where that is known
    reclaim: Callable[[], list[Array]] | None = None  # the claimed gradients at the arrays' present values
    chain: bool = True  # do the parameters follow each other, as in a network?
    lengths: dict[int, str] = field(default_factory=dict)  # these three help the diagnosis: see Case
    repeated: dict[str, Array] = field(default_factory=dict)
    guesses: Callable[[Case, int], Iterator[tuple[str, Array]]] = lambda case, k: iter(())

    def start(self) -> None:
        """Evaluate the loss where it stands, twice, and estimate its noise."""
        self.home = [a.copy() for a in self.arrays]
        self.eps = max(float(np.finfo(a.dtype).eps) for a in self.arrays)
        self.value = self.evaluate()
        self.changed = self.mutated()
        self.again = self.evaluate()
        self.scale = max(self.scale, abs(self.value))
        self.noise = max(self.eps * self.scale, self._jitter())

    def evaluate(self) -> float:
        """Return the loss here, checked to be one finite number."""
        returned = self.call(self.arguments())
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

    def arguments(self) -> list[Any]:
        """Return what the function receives: arrays, but plain floats for plain numbers."""
        return [a[None] if self.batched else a if a.ndim else a.item() for a in self.arrays]

    def mutated(self) -> str:
        """Return the name of an array that isn't what it was, or an empty string."""
        changed = (not np.array_equal(a, b) for a, b in zip(self.arrays, self.home, strict=True))
        return next((name for name, c in zip(self.names, changed, strict=True) if c), "")

    def moved(self, k: int, where: Array, to: Array) -> Array:
        """Return the losses with entry ``where[j]`` of array k moved to ``to[j]``, one for each j."""
        out = np.empty(len(where), np.result_type(to.dtype, np.float64))
        if self.batched:
            return self._stacked(k, where, to, out)
        array, arguments, call = self.arrays[k], self.arguments(), self.call
        entries = array.flat
        for j, (i, value) in enumerate(zip(where.tolist(), to.tolist(), strict=True)):
            keep = entries[i]
            entries[i] = value
            try:
                if not array.ndim:
                    arguments[k] = value
                out[j] = call(arguments)
            except (ValueError, ArithmeticError):  # outside the function's domain
                out[j] = np.nan
            finally:
                entries[i] = keep
        return out

    def _stacked(self, k: int, where: Array, to: Array, out: Array) -> Array:
        size = self.arrays[k].size
        chunk = min(len(where), max(4, 2**17 // size))  # a stack of about a megabyte stays in the cache
        stack = np.repeat(self.arrays[k][None], chunk, axis=0)
        entries, arguments = stack.reshape(chunk, size), self.arguments()
        for start in range(0, len(where), chunk):
            i = where[start : start + chunk]
            rows = np.arange(len(i))
            keep = entries[rows, i]
            entries[rows, i] = to[start : start + chunk]
            arguments[k] = stack[: len(i)]
            out[start : start + chunk] = self.call(arguments)
            entries[rows, i] = keep
        return out

    @contextmanager
    def at(self, point: Mapping[int, Array]) -> Iterator[None]:
        """Let some of the arrays hold other values for a while."""
        try:
            for k, value in point.items():
                self.arrays[k][...] = value
            yield
        finally:
            for k in point:
                self.arrays[k][...] = self.home[k]

    def along(self, directions: Mapping[int, Array], steps: Sequence[float]) -> Array:
        """Return the losses with arrays moved by each step along their direction."""
        out = np.full(len(steps), np.nan)
        for j, step in enumerate(steps):
            point = {k: self.home[k] + step * d for k, d in directions.items()}
            with suppress(ValueError, ArithmeticError), self.at(point):
                out[j] = np.asarray(self.call(self.arguments())).item()
        return out

    def _jitter(self) -> float:
        """Return the noise of the loss: third differences over steps of a few ulp (Moré and Wild 2011)."""
        directions = {
            k: np.maximum(1, abs(a)) * (-1.0) ** np.arange(a.size).reshape(a.shape)
            for k, a in enumerate(self.home)
        }
        with np.errstate(all="ignore"):
            third = np.diff(self.along(directions, [64 * self.eps * t for t in range(8)]), 3)
        return float(np.sqrt(np.mean(third**2) / 20)) if np.isfinite(third).all() else 0.0


def _steps(x: Array, method: str, h: float | None) -> Array:
    if method not in _STEP:
        raise ValueError(f"method must be one of {', '.join(_STEP)}; got {method!r}")
    if h is None:
        scale = np.ones(x.shape) if method == "complex" else np.maximum(1, abs(x))
        return np.asarray(_STEP[method](float(np.finfo(x.dtype).eps)) * scale)
    if not (isinstance(h, int | float | np.floating) and 0 < h < np.inf):
        raise ValueError(f"h must be one positive number, got {h!r}; leave it out for a good default")
    return np.full(x.shape, h, float if method == "complex" else x.dtype)


def _slopes(loss: _Loss, k: int, method: str, h: float | None) -> tuple[Array, Array]:
    """Return the slope of every entry of array k, flat, and how far rounding may have put each off."""
    x = loss.arrays[k].ravel()
    where, step = np.arange(x.size), _steps(x, method, h)
    if method == "complex":
        return _complex_slopes(loss, k, where, step), np.zeros(x.size)
    with np.errstate(all="ignore"):
        right, left = x + step, x - step if method == "central" else x
        p = loss.moved(k, where, right)
        m = loss.moved(k, where, left) if method == "central" else np.full(x.size, loss.value)
        distance = (right - left).astype(float)  # what was really travelled, after rounding
        distance[distance == 0] = np.inf  # the step is lost in x
        return (p - m) / distance, _noise(loss, p, m, step)


def _noise(loss: _Loss, p: Array, m: Array, step: Array) -> Array:
    return np.asarray(_SAFETY * np.maximum(loss.noise, loss.eps * np.maximum(abs(p), abs(m))) / step)


def _complex_slopes(loss: _Loss, k: int, where: Array, step: Array) -> Array:
    advice = "a complex step needs code that keeps imaginary parts; use method='central'"
    x, twin = loss.arrays[k], _Loss(loss.names, list(loss.arrays), loss.call, loss.batched)
    twin.arrays[k] = x.astype(complex)
    try:
        slopes = twin.moved(k, where, x.ravel() + 1j * step).imag / step
    except TypeError as error:
        raise TypeError(f"the function fails for a complex {loss.names[k]} ({error}); {advice}") from error
    some = np.unique(np.linspace(0, x.size - 1, min(8, x.size)).astype(int))
    look = _second_look(loss, k, some, step[some])
    if np.any(abs(slopes[some] - look.slope) > 1e-4 * (abs(slopes[some]) + abs(look.slope)) + 2 * look.off):
        raise ValueError(f"complex step and central difference of {loss.names[k]} disagree; {advice}")
    return np.asarray(slopes)


class _Look(NamedTuple):
    """What a second look at some entries found, an array each."""

    slope: Array
    off: Array  # how far the slope may be off
    left: Array
    right: Array  # one-sided slopes
    low: Array
    high: Array  # what the claimed slope may be: a range where there is a kink
    kink: Array  # is the entry at a kink?
    crossed: Array  # is it not, but the step crosses one?


def _second_look(loss: _Loss, k: int, where: Array, reach: Array) -> _Look:
    """Measure some entries of array k over a ladder of steps, from both sides.

    Where a loss is smooth, its slopes to the left and right differ in proportion to the step, and the central
    slope is trusted as far as it agrees with those at smaller steps. At a kink they differ by the same amount
    at every step, and each is trusted as far as it agrees with those at smaller steps.
    """
    x = loss.arrays[k].ravel()[where]
    first = _steps(x, "central", None)
    tiny = (abs(x) > 1e-14) & (abs(x) < 1e-4)  # a loss may vary on the scale of a tiny x
    size = float(np.sqrt(np.mean(np.square(loss.arrays[k], dtype=float))))  # steps beyond it are not local
    lowest = np.where(tiny, first * abs(x) / 64, first / 8**6)
    h = np.geomspace(lowest, np.clip(size / 30, first, 8**4 * first), 16).astype(x.dtype)
    here = float(np.asarray(loss.call(loss.arguments())).item())
    with np.errstate(all="ignore"):
        p, m = (loss.moved(k, np.tile(where, 16), to.ravel()).reshape(h.shape) for to in (x + h, x - h))
        right, left = (p - here) / ((x + h) - x).astype(float), (here - m) / (x - (x - h)).astype(float)
        central, noise = (p - m) / ((x + h) - (x - h)).astype(float), _noise(loss, p, m, h)
        jump, smooth = right - left, np.zeros(h.shape, bool)
        smooth[1:] = abs(jump[1:] - h[1:] / h[:-1] * jump[:-1]) <= 0.5 * abs(jump[1:])
        kink = ~smooth & (abs(jump) > 1e-6 * (abs(left) + abs(right))) & (abs(jump) > 4 * noise)
        # A small step that moves nothing may be lost in rounding inside the loss.
        lost = (p == here) & (m == here) & (h < first / 1000)
        mid = _settle(h, [central], noise + ~smooth * abs(jump), lost)
        side = _settle(h, [left, right], noise, lost)
        crossed = np.any(kink & (h <= 1.01 * reach), axis=0)
    column = np.arange(x.size)
    kink = kink[side.best, column]
    best, crossed = np.where(kink, side.best, mid.best), crossed & ~kink
    # Near a kink every slope is possible that no smaller step contradicts.
    excluded = (np.arange(len(h))[:, None] > best) | ~np.isfinite(jump)
    low = np.where(excluded, np.inf, np.minimum(left, right) - noise).min(axis=0)
    high = np.where(excluded, -np.inf, np.maximum(left, right) + noise).max(axis=0)
    off, near = np.where(kink, side.off, mid.off), kink | crossed
    slope, left, right = central[mid.best, column], left[side.best, column], right[side.best, column]
    low, high = np.where(near, low, slope), np.where(near, high, slope)
    return _Look(slope, off, left, right, low, high, kink, crossed)


class _Settled(NamedTuple):
    best: Array
    off: Array


def _settle(h: Array, slopes: list[Array], noise: Array, lost: Array) -> _Settled:
    """Return for each column of a ladder the row where the slopes are surest, and how far they may be off."""
    change = sum(abs(np.diff(s, axis=0, prepend=np.nan)) for s in slopes)
    # Noise that rounding doesn't explain shows in the change between small steps, and fades as they grow.
    off = noise + 2 * np.fmax.accumulate(change * h) / h
    off[~np.isfinite(off) | lost] = np.inf
    best = np.argmin(off, axis=0)
    return _Settled(best, off[best, np.arange(best.size)])


# --- the verdict ------------------------------------------------------------------------------------------
class _Options(NamedTuple):
    method: str
    h: float | None
    rtol: float
    directions: int | None = None
    rng: np.random.Generator | None = None


@dataclass
class _Judged:
    """Claimed and numerical slopes of one parameter, flat, and what the second look found."""

    a: Array
    n: Array
    off: Array
    wrong: Array
    rtol: float
    kinks: list[tuple[int, float, float]] = field(default_factory=list)  # entry, slopes to the left and right
    crossed: int = 0
    settled: int = 0  # entries that failed at first and are right


def _judge(loss: _Loss, k: int, a: Array, options: _Options) -> _Judged:
    """Compare every entry, then look again at those that differ, worst first, until one is surely wrong."""
    x = loss.arrays[k].ravel()
    n, off = _slopes(loss, k, options.method, options.h)
    # Numbers that are all float32 numbers are exact or were rounded: hold them to more digits.
    sharper = options.rtol <= 1e-6 and x.dtype == np.float64 and is_float32(a)
    rtol = min(options.rtol, 1e-9) if sharper else options.rtol
    judged = _Judged(a, n, off, np.zeros(a.size, bool), rtol)
    gap, looked = np.nan_to_num(abs(a - n), nan=np.inf), ~np.isfinite(a)
    blurred = np.linalg.norm(off) > 1e-3 * (np.linalg.norm(a) + np.linalg.norm(n))
    some = np.argsort(-np.maximum(abs(a), abs(n)))[: 8 * blurred]  # a spot check of what rounding hides
    many = 4
    while True:
        judged.wrong = ~(abs(a - n) <= rtol * (abs(a) + abs(n)) + off)
        if not some.size:
            doubtful = np.flatnonzero(judged.wrong & ~looked)
            if np.any(judged.wrong & looked) or not doubtful.size:
                return judged
            some, many = doubtful[np.argsort(-gap[doubtful])][:many], 4 * many
        look = _second_look(loss, k, some, _steps(x[some], options.method, options.h))
        failed = judged.wrong[some]
        # At a kink every slope between the two sides is a subgradient: compare with the nearest.
        n[some], off[some] = np.clip(a[some], look.low, look.high), look.off
        settled = failed & (abs(a - n) <= rtol * (abs(a) + abs(n)) + off)[some]
        judged.settled += int(settled.sum())
        judged.crossed += int((settled & look.crossed).sum())
        judged.kinks += [(int(some[j]), look.left[j], look.right[j]) for j in np.flatnonzero(look.kink)]
        looked[some], some = True, some[:0]


def _judge_directions(loss: _Loss, k: int, a: Array, options: _Options) -> _Judged:
    rng, x = options.rng or np.random.default_rng(0), loss.home[k]
    h = options.h or _STEP["central"](loss.eps) * max(1.0, float(np.sqrt(np.mean(x * x))))
    pairs = []
    for _ in range(options.directions or 0):
        v = np.asarray(rng.standard_normal(a.shape))
        v /= np.linalg.norm(v)
        p, m = loss.along({k: v}, [h, -h])
        pairs.append((np.sum(a * v), (p - m) / (2 * h)))
    claimed, n = np.array(pairs).T
    # Terms may cancel along a direction: what is small beside the whole gradient is no error.
    off = np.full(n.size, _SAFETY * loss.noise / h + options.rtol * np.linalg.norm(a) / a.size**0.5)
    wrong = ~(abs(claimed - n) <= options.rtol * (abs(claimed) + abs(n)) + off)
    return _Judged(claimed, n, off, wrong, options.rtol)


def _check(loss: _Loss, claimed: list[Array], options: _Options, problems: list[str]) -> Report:
    """Judge every parameter and write the report."""
    how = "complex step" if options.method == "complex" else f"{options.method} difference"
    if options.directions is not None:
        how += f" along {count(options.directions, 'random direction')} in each parameter"
    loss.start()
    if loss.changed:
        problems.append(
            f"The function changes {loss.changed} in place; it must leave its inputs as they are."
        )
        return Report((), tuple(problems), (), how)
    if abs(loss.again - loss.value) > 1e3 * loss.eps * loss.scale:
        problems.append(
            f"The function is not deterministic: two calls gave {loss.value:.6g} and {loss.again:.6g}. Let "
            "every call draw the same random numbers, as in lambda x: f(x, rng=np.random.default_rng(0)); "
            "in a network switch dropout off."
        )
        return Report((), tuple(problems), (), how)
    judge = _judge if options.directions is None else _judge_directions
    judged, moves, shapeless = {}, False, []
    for k, (name, x, a) in enumerate(zip(loss.names, loss.arrays, claimed, strict=True)):
        if a.shape != x.shape:
            n, off = _slopes(loss, k, "central", None)
            shapeless.append(f"The claimed gradient of {name} {wrong_shape(a, n.reshape(x.shape))}.")
            moves |= bool(np.any(abs(n) > off))
        elif x.size:
            judged[k] = judge(loss, k, a if options.directions else a.ravel(), options)
    problems += shapeless
    still = [
        loss.names[k] for k, j in judged.items() if not (np.any(abs(j.n) > j.off) or j.kinks or j.wrong.any())
    ]
    if len(still) == len(judged) and not moves:
        problems.append(
            "No parameter moves the loss, so nothing was checked: 0 = 0 proves nothing. Is the forward pass "
            "still empty, or does it ignore its parameters? If it is right, check it where it moves."
        )
        still = []
    warnings = [w for k in judged for w in _warnings(loss, k, judged[k], options)]
    if still:
        warnings.append(
            f"The loss does not move with {listed(still)}: there the check says no more than 0 = 0."
        )
    if options.directions is not None:
        warnings.append(
            "Random directions are the weaker check: an error in few entries can hide in the sum. Without "
            "directions= every entry is compared."
        )
    results = tuple(_result(loss, k, judged, options, warnings, bool(problems)) for k in judged)
    return Report(results, tuple(problems), tuple(warnings), how)


def _warnings(loss: _Loss, k: int, judged: _Judged, options: _Options) -> Iterator[str]:
    name, right = loss.names[k], not judged.wrong.any()
    if judged.kinks and right:
        yield (
            f"The loss has a kink at {_kink(loss, k, judged)}. There is no derivative there; what is claimed "
            f"lies within the one-sided slopes ({count(len(judged.kinks), 'such entry')})."
        )
    if judged.crossed and right:
        entries = count(judged.crossed, "entry")
        yield f"A kink lies within the step in {entries} of {name}; with a smaller step they agree."
    elif judged.settled and options.h is not None and right:
        size = "large" if options.h > _STEP["central"](loss.eps) else "small"
        yield f"The step h={options.h:g} is too {size} for {name}; with other steps the numbers agree."
    size_of_both = float(np.linalg.norm(judged.a) + np.linalg.norm(judged.n))
    if np.linalg.norm(judged.off) > 0.05 * size_of_both and np.any(abs(judged.n) > judged.off):
        yield (
            f"Rounding in a loss of {loss.value:.3g} blurs the slopes of {name} by about "
            f"{np.median(judged.off):.0e}; most are too small to be checked."
        )


def _kink(loss: _Loss, k: int, judged: _Judged) -> str:
    i, left, right = min(judged.kinks, key=lambda kink: not judged.wrong[kink[0]])
    where = f"{loss.names[k]}{at(np.unravel_index(i, loss.arrays[k].shape))}"
    return f"{where} (slopes {left:.6g} and {right:.6g}, claimed {judged.a[i]:.6g})"


def _result(
    loss: _Loss, k: int, judged: dict[int, _Judged], options: _Options, warnings: list[str], explained: bool
) -> Result:
    j, x, name = judged[k], loss.arrays[k], loss.names[k]
    shape = x.shape if options.directions is None else j.a.shape
    ok, finding = not j.wrong.any(), ""
    if not ok:
        finding = _finding(loss, k, judged, options)
        if finding == _CONVENTIONS:
            warnings.append(f"The claimed gradient of {name} {finding}: {_kink(loss, k, j)}.")
            ok, finding = True, ""
    if explained and "no name" in finding:
        finding = ""
    with np.errstate(all="ignore"):
        gap, size = abs(j.a - j.n), abs(j.a) + abs(j.n)
        errors = np.nan_to_num(np.where(gap <= j.off, 0, gap / size), nan=1.0, posinf=1.0)
        error = np.linalg.norm(gap) / np.maximum(np.linalg.norm(j.a) + np.linalg.norm(j.n), 1e-300)
    i = int(np.argmax(np.where(j.wrong, np.nan_to_num(gap, nan=np.inf), -1)))
    worst = tuple(int(v) for v in np.unravel_index(i, shape))
    numbers = worst, float(j.a[i]), float(j.n[i]), float(error)
    return Result(name, x.shape, j.a.size, ok, *numbers, finding, errors.reshape(shape) * (not ok))


_CONVENTIONS = "adds up conventions at several kinks that meet exactly here, and is right a small step away"


def _finding(loss: _Loss, k: int, judged: dict[int, _Judged], options: _Options) -> str:
    j, x = judged[k], loss.arrays[k]
    if options.directions is not None:
        said = diagnose(Case(j.a, j.a, j.n, j.off, j.wrong)) if j.a.size > 1 else ""
        if any(word in said for word in ("zero", "times", "sign")):
            return said
        along = f"{count(int(j.wrong.sum()), 'direction')} of {j.a.size}"
        return f"disagrees along {along}; without directions= the check says in which entries"
    if np.isfinite(j.a).all() and _right_nearby(loss, k, j):
        return _CONVENTIONS if j.kinks else (
            "is the convention at a kink, and not the derivative: the loss is smooth here, and a small step "
            "away the claimed gradient is right"
        )  # fmt: skip
    if any(j.wrong[i] for i, *_ in j.kinks):
        return f"is neither a slope at the kink nor between the two: {_kink(loss, k, j)}"

    def guesses(case: Case) -> Iterator[tuple[str, Array]]:
        for i, other in judged.items():
            if i != k and other.n.size == case.n.size:
                yield f"is that of {loss.names[i]}", other.n.reshape(case.n.shape)
        yield from loss.guesses(case, k)

    claimed, n, noise, where_wrong = (v.reshape(x.shape) for v in (j.a, j.n, j.off, j.wrong))
    return diagnose(
        Case(
            x.copy(), claimed, n, noise, where_wrong,
            others={loss.names[i]: loss.arrays[i] for i in judged if i != k},
            right_after=[loss.names[i] for i in judged if i > k and loss.chain and not judged[i].wrong.any()],
            lengths=loss.lengths,
            repeated=loss.repeated,
            only_here=loss.reclaim is None,
            guesses=guesses,
        )
    )  # fmt: skip


def _right_nearby(loss: _Loss, k: int, judged: _Judged) -> bool:
    """Tell whether the claimed gradient is right a small step away, so that only this point is special."""
    if loss.reclaim is None:
        return False
    rng, some = np.random.default_rng(0), np.flatnonzero(judged.wrong)[:8]
    nearby = {
        i: a + 1e-3 * np.maximum(1, abs(a)) * rng.standard_normal(a.shape) for i, a in enumerate(loss.home)
    }
    with suppress(ValueError, ArithmeticError), loss.at(nearby):
        a = loss.reclaim()[k].ravel()[some]
        look = _second_look(loss, k, some, np.zeros(some.size))
        size = abs(a) + abs(look.slope)
        measured = np.all(look.off <= 1e-3 * size.max())
        return bool(measured and np.all(abs(a - look.slope) <= judged.rtol * size + look.off))
    return False


# --- what can be checked: a function, a layer, an op pair -------------------------------------------------
def gradcheck(
    f: Any,
    params: Any,
    grads: Any,
    y: Any = None,
    *,
    method: str = "central",
    h: float | None = None,
    rtol: float | None = None,
    directions: int | None = None,
    rng: np.random.Generator | None = None,
    batched: bool = False,
    allow_float32: bool = False,
) -> Report:
    r"""Compare a claimed gradient with a measured one, and say what is wrong with it.

    ``gradcheck(f, params, grads)`` checks a function of its parameters, ``gradcheck(layer, x, loss, y)``
    a Layer or a network.

    An entry is right if :math:`|a-n| \le rtol\,(|a|+|n|) + 8\,\varepsilon|f|/h`. The last term is what
    rounding may do to a difference; where `f` is noisier than that, its noise is estimated. So no wrong entry
    can hide among many, and each parameter's norm-wise relative error, :math:`\|a-n\|/(\|a\|+\|n\|)`, is at
    most `rtol` beyond rounding. Entries that fail are measured again over a ladder of steps and from both
    sides, which settles kinks and ill-scaled functions: at a kink every value between the one-sided slopes is
    right. If no parameter moves the loss, the check fails: 0 = 0 proves nothing.

    Parameters
    ----------
    f : callable, or an object with params, grads, forward and backward
        A function that returns one number. It is called as `params` is built: with keyword arguments
        for a dict, positional ones for a list or tuple, ``f(x)`` for a single array or number.
    params : dict, list, tuple, array or float
        Where to check; with a layer the input `x`. Arrays are float64 and are copied for a function.
    grads : like `params`
        The claimed gradients. With a layer: the loss, a pair ``(loss, loss_backward)`` or a function whose
        ``<name>_backward`` stands in the same module. ``loss(yhat, y)`` returns ``(value, cache)`` and
        ``loss_backward(1.0, cache)`` the gradient of yhat, or a tuple that starts with it.
    y : any
        With a layer: the target, handed to the loss.
    method : {"central", "forward", "complex"}
        See `numerical_gradient`.
    h : float, optional
        One step for all entries; left out, one fit for each.
    rtol : float, optional
        Relative tolerance. By default 1e-6 (forward 1e-5, float32 1e-2).
    directions : int, optional
        Compare slopes along so many random directions in each parameter instead of along every entry:
        two losses each, for large models. Weaker, and the report says so.
    rng : numpy.random.Generator, optional
        Draws the directions.
    batched : bool
        Parameters reach `f` with one more leading axis, of length K for the one that is being moved and 1 for
        the others; `f` returns K losses. Many entries are then moved in one call.
    allow_float32 : bool
        Check float32 parameters all the same, with a tolerance that fits.

    Returns
    -------
    Report
        True if the gradients are right. Print it, or write ``assert report, report``.

    Raises
    ------
    TypeError, ValueError
        If names don't match, numbers aren't float64 or finite, or `f` doesn't return one number.

    Examples
    --------
    >>> def loss(w, b):
    ...     return (w * 2.0 + b - 1.0) ** 2
    >>> report = gradcheck(loss, {"w": 0.5, "b": 0.1}, {"w": 0.4, "b": 0.4})
    >>> bool(report)
    False
    >>> print(report)
    gradient check (central difference): WRONG
      w: right, 1 number compared
      b: WRONG, 1 number compared, relative error 0.33, worst: claimed 0.4, numerical 0.2
    diagnosis: The claimed gradient of b is 2 times the numerical one (the 2 of a derived square, counted once
    too often?).
    """
    if all(hasattr(f, name) for name in ("params", "grads", "forward", "backward")):
        loss, claimed, problems = _layer_loss(f, params, grads, y, method, allow_float32)
    elif not callable(f) or y is not None:
        raise TypeError(f"write gradcheck(f, params, grads) or gradcheck(layer, x, loss, y); f is {f!r:.60}")
    else:
        named, call = _arguments(f, params, grads)
        arrays = [_floats(n, np.array(p), float32=allow_float32) for n, (p, _) in named.items()]
        loss, problems = _Loss(list(named), arrays, call, batched), []
        claimed = [_claim(n, g) for n, (_, g) in named.items()]
    options = _options(loss, method, h, rtol)._replace(directions=directions, rng=rng)
    if directions is not None and (method != "central" or batched or directions < 1):
        raise ValueError("directions is a count, with central differences; leave method and batched out")
    return _check(loss, claimed, options, problems)


def _options(loss: _Loss, method: str, h: float | None, rtol: float | None) -> _Options:
    _steps(np.zeros(1), method, h)  # refuses a bad method or step
    if rtol is None:
        rtol = _RTOL[method] if all(a.dtype == np.float64 for a in loss.arrays) else 1e-2
    return _Options(method, h, rtol)


def _arguments(
    f: Any, params: Any, grads: Any
) -> tuple[dict[str, tuple[Any, Any]], Callable[[list[Any]], Any]]:
    """Return parameters and claimed gradients by name, and how f is called."""
    if isinstance(params, Mapping):
        if not isinstance(grads, Mapping) or set(grads) != set(params):
            got = f"the keys {list(grads)}" if isinstance(grads, Mapping) else f"{grads!r:.60}"
            raise ValueError(f"grads must be a dict with the keys of params, {list(params)}; got {got}")
        names = list(params)
        _bind(f, [], params)
        named = {str(n): (params[n], grads[n]) for n in names}
        return named, lambda arguments: f(**dict(zip(names, arguments, strict=True)))
    if not isinstance(params, list | tuple):
        params, grads = [params], [grads]
    if not isinstance(grads, list | tuple) or len(grads) != len(params):
        raise ValueError(f"grads must be a list or tuple as long as params, {len(params)}; got {grads!r:.60}")
    names = _bind(f, params, {}) or [f"params[{i}]" for i in range(len(params))]
    return dict(zip(names, zip(params, grads, strict=True), strict=True)), lambda arguments: f(*arguments)


def _bind(f: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any]) -> list[str]:
    """Return the names under which f takes its positional arguments, if that can be known."""
    try:
        signature = inspect.signature(f)
    except ValueError:  # a builtin: let the call speak
        return []
    try:
        signature.bind(*args, **keywords)
    except TypeError as error:
        call = ", ".join(["..."] * len(args) + [f"{k}=..." for k in keywords])
        raise TypeError(
            f"the function would be called as f({call}), and that fails: {error}. Rename its arguments, or "
            "wrap it, as in lambda **params: f(params)"
        ) from None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, p in signature.parameters.items() if p.kind in positional][: len(args)]
    return names if len(names) == len(args) else []


def _floats(name: str, array: Array, *, float32: bool) -> Array:
    """Return the array if it is of float64, or float32 where that is allowed."""
    if array.dtype.kind in "iub":
        raise TypeError(
            f"{name} holds {array.dtype} numbers, and a small step would be cut off; write "
            f"{name}.astype(np.float64), or 1.0 for 1"
        )
    if array.dtype != np.float64 and not (float32 and array.dtype == np.float32):
        raise TypeError(
            f"{name} must be float64, got {array.dtype}, whose rounding drowns the differences; check "
            f"{name}.astype(np.float64), or pass allow_float32=True to gradcheck for a rough check"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, but holds NaN or infinity; mend the inputs first")
    return array


def _claim(name: str, grad: Any) -> Array:
    array = np.asarray(grad)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"the claimed gradient of {name} must hold real numbers, got {grad!r:.60}")
    return array.astype(np.float64)


def _layer_loss(
    layer: Any, x: Any, loss: Any, y: Any, method: str, allow_float32: bool
) -> tuple[_Loss, list[Array], list[str]]:
    """Return the loss of a layer's parameters and input, the gradients it claims, and what else is wrong."""
    if method == "complex":
        raise ValueError("a layer can't be checked by complex step; use method='central'")
    value, value_backward = _loss_pair(loss)
    x = np.array(x)
    inputs = {"x" if "x" not in layer.params else "input": x} if x.dtype.kind == "f" else {}
    arrays = {**inputs, **layer.params}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"layer.params[{name!r}] must be an array, got {type(array).__name__}")
        _floats(name, array, float32=allow_float32)

    def claim() -> list[Array]:
        dyhat = value_backward(1.0, value(layer.forward(x), y)[1])
        dx = layer.backward(dyhat[0] if isinstance(dyhat, tuple) else dyhat)
        if set(layer.grads) != set(layer.params):
            raise ValueError(
                f"grads has the keys {list(layer.grads)} and params {list(layer.params)}; they must agree"
            )
        return [_claim(n, dx if array is x else layer.grads[n]) for n, array in arrays.items()]

    before, first, problems = _snapshot(arrays), claim(), []
    if not _equal(before, _snapshot(arrays)):
        problems.append(
            "forward or backward changes parameters or input in place; they must leave them alone."
        )
    if not _equal(first, claim(), 1e-12):
        problems.append(
            "A second backward gives other gradients: grads must be set anew in each call, not added to, and "
            "nothing may be drawn at random."
        )

    def call(_: list[Any]) -> Any:
        return value(layer.forward(x), y)[0]

    found = _Loss(list(arrays), list(arrays.values()), call, reclaim=claim)
    found.lengths = {np.size(y): "the number of targets", (x.shape or (1,))[0]: "the batch size B"}
    return found, first, problems


def _loss_pair(loss: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if isinstance(loss, tuple) and len(loss) == 2 and callable(loss[0]) and callable(loss[1]):
        return loss
    name = getattr(loss, "__name__", repr(loss))
    backward = getattr(loss, "__globals__", {}).get(f"{name}_backward")
    if not callable(backward):
        raise TypeError(
            f"the loss's backward is needed, and no {name}_backward stands beside {name}; pass the pair "
            "(loss, loss_backward)"
        )
    return loss, backward


def check_vjp(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *args: Any,
    method: str = "central",
    h: float | None = None,
    rtol: float | None = None,
    rng: np.random.Generator | None = None,
    **options: Any,
) -> Report:
    r"""Check a pure pair, ``forward(*args) -> (out, cache)`` and ``backward(dout, cache) -> grads``.

    The gradients of :math:`\langle dout, forward(args)\rangle` are compared with numerical ones for a
    *random* cotangent `dout`. All ones would hide errors: softmax and the normalisations have
    :math:`J^T 1 = 0`, so a backward of zeros would pass. Besides, backward must be linear in `dout`, give
    zeros for zeros, have the shapes and dtypes of the arguments, give the same answer twice, share no memory
    between gradients, and change neither the arguments nor `dout` nor the cache.

    Parameters
    ----------
    forward, backward : callable
        The pair. `backward` returns a tuple in argument order, None for what has no gradient.
    *args : arrays
        Float64 arrays are checked; integers, None and other things are handed on.
    method, h, rtol
        See `gradcheck`.
    rng : numpy.random.Generator, optional
        Draws the cotangent. (A forward that wants an ``rng`` of its own: wrap it in a lambda.)
    **options
        Handed to `forward`.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        If there is nothing to check, arguments are float32, or the functions don't return what they should.

    Examples
    --------
    >>> def double(x):
    ...     return 2 * x, None
    >>> bool(check_vjp(double, lambda dout, cache: (2 * dout,), np.arange(3.0)))
    True
    >>> check_vjp(double, lambda dout, cache: (dout,), np.arange(3.0)).diagnosis
    'The claimed gradient of x is 1/2 times the numerical one (the 2 of a derived square, or one of two equal
    paths, missing?).'
    """
    rng = rng or np.random.default_rng(0)
    pair = _Pair(forward, backward, [np.array(a) if isinstance(a, np.ndarray) else a for a in args], options)
    checked = {n: a for n, a in zip(pair.names, pair.args, strict=True) if _is_float(a)}
    for name, array in checked.items():
        _floats(name, array, float32=False)
    if not checked:
        raise TypeError("there is no float64 array among the arguments, so there is nothing to check")
    before = _snapshot(pair.args)
    out, cache = pair.forward()
    dout = np.asarray(rng.standard_normal(out.shape))
    problems = list(pair.complaints(before, cache, dout, rng))

    def claim() -> list[Array]:
        grads = dict(zip(pair.names, pair.backward(dout, pair.forward()[1]), strict=True))
        return [np.zeros(x.shape) if grads[n] is None else _claim(n, grads[n]) for n, x in checked.items()]

    loss = _Loss(list(checked), list(checked.values()), lambda _: np.sum(dout * pair.forward()[0]))
    loss.scale, loss.reclaim, loss.chain = float(np.sum(abs(dout * out))), claim, False
    pair.help_diagnosis(loss, out, dout)
    return _check(loss, claim(), _options(loss, method, h, rtol), problems)


_DIAGONAL = (
    "uses only the diagonal of the Jacobian, as if the function were elementwise: each output depends on "
    "other entries too, and those terms are missing"
)


def _is_float(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


@dataclass
class _Pair:
    """An op pair with its arguments."""

    f: Callable[..., Any]
    b: Callable[..., Any]
    args: list[Any]
    options: dict[str, Any]

    def __post_init__(self) -> None:
        names = _bind(self.f, self.args, self.options)
        self.names = names or [f"args[{i}]" for i in range(len(self.args))]

    def forward(self) -> tuple[Array, Any]:
        pair = self.f(*self.args, **self.options)
        if not isinstance(pair, tuple) or len(pair) != 2 or np.asarray(pair[0]).dtype.kind not in "fc":
            raise TypeError(
                f"forward must return a pair (out, cache) with a float array first, got {pair!r:.60}"
            )
        return np.asarray(pair[0]), pair[1]

    def backward(self, dout: Array, cache: Any) -> tuple[Any, ...]:
        grads, n = self.b(dout, cache), len(self.args)
        if not isinstance(grads, tuple):
            raise TypeError(
                f"backward must return a tuple, got {type(grads).__name__}; for one gradient write (dx,)"
            )
        if len(grads) < n or any(g is not None for g in grads[n:]):
            raise ValueError(
                f"backward must return a gradient or None for each of {n} arguments, got {len(grads)}"
            )
        return grads[:n]

    def complaints(
        self, before: list[Array], cache: Any, dout: Array, rng: np.random.Generator
    ) -> Iterator[str]:
        """Yield what is wrong apart from the numbers."""
        if not _equal(before, _snapshot(self.args)):
            yield "forward changes its arguments in place; it must leave its inputs as they are."
            before = _snapshot(self.args)
        stored, given = _snapshot(cache), dout.copy()
        grads = self.backward(given, cache)
        first = _snapshot(grads)
        spoilt = {
            "dout": _equal([given], [dout]),
            "forward's arguments": _equal(before, _snapshot(self.args)),
            "the cache": _equal(stored, _snapshot(cache)),
        }
        for what, same in spoilt.items():
            if not same:
                yield f"backward changes {what} in place; work on a copy: someone else may still need it."
        for name, x, grad in zip(self.names, self.args, grads, strict=True):
            if _is_float(x) and grad is None:
                yield f"backward returns None for {name}, which is a float array: its gradient is missing."
            elif _is_float(x) and np.asarray(grad).dtype != x.dtype:
                dtype = np.asarray(grad).dtype
                yield f"The gradient of {name} has dtype {dtype}; compute in {x.dtype} throughout."
        arrays = [g for g in grads if isinstance(g, np.ndarray)]
        if any(np.shares_memory(g, other) for i, g in enumerate(arrays) for other in arrays[:i]):
            yield "Two returned gradients share memory: to change one is to change the other; return a copy."
        if not all(spoilt.values()):
            return
        if not _equal(first, _snapshot(self.backward(dout, cache)), 1e-12):
            yield "A second backward on the same cache gives another answer: it keeps a state between calls."
            return
        with suppress(ValueError, ArithmeticError):  # outside the function's domain
            self.f(*(0.75 * a if _is_float(a) else a for a in self.args), **self.options)
        if not _equal(first, _snapshot(self.backward(dout, cache)), 1e-12):
            yield "A later forward changes an earlier backward: something stale stands outside the cache."
            return
        yield from self._nonlinear(first, cache, dout, rng)

    def _nonlinear(
        self, first: list[Array], cache: Any, dout: Array, rng: np.random.Generator
    ) -> Iterator[str]:
        other = np.asarray(rng.standard_normal(dout.shape))
        second, mixed, zero = (
            _snapshot(self.backward(d, cache)) for d in (other, 2 * dout - 3 * other, np.zeros(dout.shape))
        )
        if any(np.any(g) for g in first) and _equal(first, second):
            yield "backward ignores dout: another upstream gradient gives the same answer. Multiply by dout."
        elif any(np.any(z) for z in zero):
            yield "backward gives a gradient for dout = 0: every term must contain dout."
        else:
            for u, v, w in zip(first, second, mixed, strict=True):
                if np.linalg.norm(2 * u - 3 * v - w) > 1e-6 * (np.linalg.norm(u) + np.linalg.norm(v)):
                    yield "backward is not linear in dout: dout must stand once, as a factor, in every term."
                    return

    def help_diagnosis(self, loss: _Loss, out: Array, dout: Array) -> None:
        """Give the loss what the diagnosis may compare with."""
        named = [(n, a) for n, a in zip(self.names, self.args, strict=True) if isinstance(a, np.ndarray)]
        loss.lengths = {m: f"the length of axis {i} of {n}" for n, a in named for i, m in enumerate(a.shape)}
        loss.repeated = {
            n: np.bincount(a.ravel(), minlength=len(w)) > 1
            for n, a in named if a.dtype.kind in "iu" and a.size and a.min() >= 0
            for w in loss.arrays if w.ndim and len(w) > a.max()
        }  # fmt: skip

        def guesses(case: Case, k: int) -> Iterator[tuple[str, Array]]:
            if case.x.shape == out.shape:
                yield "is dout itself: the local derivative, or a mask, is missing", dout
                yield "misses dout itself as a term: the skip path", case.n - dout
                yield "has dout itself as an extra term: the skip path", case.n + dout
                yield _DIAGONAL, dout * self._diagonal(loss.arrays[k])
            for j, other in enumerate(loss.home):
                if j != k and other.ndim:
                    with loss.at({j: np.flip(other, tuple(range(other.ndim))[-2:])}):
                        n, _ = _slopes(loss, k, "central", None)
                    said = f"would be right for a flipped {loss.names[j]}"
                    yield f"{said}: a kernel is flipped once too often or too rarely", n.reshape(case.x.shape)

        loss.guesses = guesses

    def _diagonal(self, x: Array) -> Array:
        slopes, entries = np.empty(x.shape), x.flat
        for i in range(x.size):
            keep, outs = entries[i], []
            h = 6e-6 * max(1, abs(keep))
            for entries[i] in (keep + h, keep - h):
                outs.append(self.forward()[0].flat[i])
            entries[i], slopes.flat[i] = keep, (outs[0] - outs[1]) / (2 * h)
        return slopes


def _snapshot(thing: Any) -> list[Array]:
    """Return copies of all arrays and numbers in a nest of tuples, lists, dicts and objects."""
    if isinstance(thing, np.ndarray) or np.isscalar(thing):
        return [np.array(thing)]
    if not isinstance(thing, list | tuple | Mapping):
        thing = getattr(thing, "__dict__", ())
    parts = thing.values() if isinstance(thing, Mapping) else thing
    return [array for part in parts if not callable(part) for array in _snapshot(part)]


def _equal(u: list[Array], v: list[Array], slack: float = 0.0) -> bool:
    """Compare arrays; numbers may differ by the slack times the largest of their array."""
    if [a.shape for a in u] != [b.shape for b in v]:
        return False
    for a, b in zip(u, v, strict=True):
        if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            with np.errstate(invalid="ignore"):
                if not slack or not np.all(abs(a - b) <= slack * np.max(abs(a))):
                    return False
    return True
