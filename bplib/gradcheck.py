"""gradcheck: is this gradient right, and if not, what is wrong with it?

After ops, scalar and tape, which compute gradients, this file doubts them. It measures slopes by moving
parameters, compares them with the gradient you claim, and says in words what a difference looks like.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Default step: the power of eps that balances the formula's own error against rounding (central, forward);
# the complex step subtracts nothing, so its step only has to be tiny.
_STEP: dict[str, Callable[[float], float]] = {
    "central": lambda eps: eps ** (1 / 3),
    "forward": lambda eps: eps ** (1 / 2),
    "complex": lambda eps: 1e-20,
}
_RTOL = {"central": 1e-6, "forward": 1e-5, "complex": 1e-6}
_SAFETY = 8  # a slope may be off by this many times its estimated rounding noise


# ---------------------------------------------------------------------------------------------------------
# Numerical gradients
# ---------------------------------------------------------------------------------------------------------
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
    problem = _Problem(["x"], [_as_float_copy("x", x, float32=True)], _positional(f), batched=batched)
    problem.start()
    if problem.mutated():
        raise ValueError(f"f changed its argument {problem.mutated()} in place; let it work on a copy")
    slopes, _ = _slopes(problem, 0, method, h)
    gradient = slopes.reshape(problem.arrays[0].shape)
    return gradient if gradient.ndim else gradient.item()


@dataclass
class _Problem:
    """A scalar loss of named arrays that are moved in place, an entry at a time, and always put back."""

    names: list[str]
    arrays: list[Array]
    call: Callable[[list[Any]], Any]  # arrays -> loss
    batched: bool = False
    reclaim: Callable[[], list[Array]] | None = None  # the claimed gradients at the arrays' present values
    scale: float = 0.0  # size of the terms the loss is summed from, where it is known
    clues: dict[str, Any] = field(default_factory=dict)  # what the diagnosis may compare with

    def start(self) -> None:
        """Evaluate the loss where it stands and estimate how noisy it is."""
        self.original = [a.copy() for a in self.arrays]
        self.eps = max(float(np.finfo(a.dtype).eps) for a in self.arrays)
        self.base = self.loss()
        self.again = self.base if self.mutated() else self.loss()
        self.noise = max(self.eps * max(abs(self.base), self.scale), self._jitter_noise())

    def mutated(self) -> str:
        """Name of an array that is no longer what it was, or an empty string."""
        for name, now, was in zip(self.names, self.arrays, self.original, strict=True):
            if not np.array_equal(now, was, equal_nan=True):
                return name
        return ""

    def arguments(self) -> list[Any]:
        """What the function receives: arrays, and plain floats where plain floats were given."""
        return [a[None] if self.batched else a if a.ndim else a.item() for a in self.arrays]

    def loss(self) -> float:
        """Return the loss here, checked to be one finite number."""
        value = np.asarray(self.call(self.arguments()))
        if value.dtype.kind not in "fiub":
            raise TypeError(
                f"the function must return one real number, got {value.dtype} "
                f"({value!r:.60}); return a float, for a Value its .data"
            )
        if value.shape != ((1,) if self.batched else ()):
            expected = "one loss for each stacked entry, shape (1,) here," if self.batched else "one number,"
            raise ValueError(
                f"the function must return {expected} got an array of shape {value.shape}; "
                "take its sum or mean, or use check_vjp for a function with many outputs"
            )
        if not np.isfinite(value).all():
            raise ValueError(f"the loss is {value.item()} before anything is moved; check the inputs first")
        return float(value.item())

    def losses(self, k: int, where: Array, to: Array) -> Array:
        """Losses with entry ``where[j]`` of array k moved to ``to[j]``, one for each j."""
        if self.batched:
            return self._stacked_losses(k, where, to)
        array = self.arrays[k]
        entries, arguments, call = array.flat, self.arguments(), self.call
        out = np.empty(len(where), np.result_type(to.dtype, np.float64))
        for j, (i, value) in enumerate(zip(where.tolist(), to.tolist(), strict=True)):
            keep = entries[i]
            entries[i] = value
            try:
                if not array.ndim:
                    arguments[k] = array.item()
                out[j] = call(arguments)
            finally:
                entries[i] = keep
        return out

    def _stacked_losses(self, k: int, where: Array, to: Array) -> Array:
        size = max(1, self.arrays[k].size)
        chunk = min(len(where), max(4, 2**17 // size))  # the stack stays near a megabyte, in cache
        stack = np.repeat(self.arrays[k][None], chunk, axis=0).astype(to.dtype, copy=False)
        entries, arguments = stack.reshape(chunk, size), self.arguments()
        out = np.empty(len(where), np.result_type(to.dtype, np.float64))
        for start in range(0, len(where), chunk):
            i = where[start : start + chunk]
            rows = np.arange(len(i))
            keep = entries[rows, i]
            entries[rows, i] = to[start : start + chunk]
            arguments[k] = stack[: len(i)]
            out[start : start + chunk] = self.call(arguments)
            entries[rows, i] = keep
        return out

    def along(self, directions: Sequence[Array], steps: Sequence[float]) -> Array:
        """Losses with all arrays moved by each step times their direction."""
        out = np.empty(len(steps))
        try:
            for j, step in enumerate(steps):
                for array, was, direction in zip(self.arrays, self.original, directions, strict=True):
                    array[...] = was + step * direction
                out[j] = np.asarray(self.call(self.arguments())).item()
        finally:
            for array, was in zip(self.arrays, self.original, strict=True):
                array[...] = was
        return out

    def _jitter_noise(self) -> float:
        """Noise of the loss, from third differences over steps of a few ulp (Moré and Wild 2011)."""
        rng = np.random.default_rng(0)
        directions = [rng.choice([-1.0, 1.0], a.shape) * np.maximum(1, abs(a)) for a in self.original]
        third = np.diff(self.along(directions, [64 * self.eps * t for t in range(8)]), 3)
        return float(np.sqrt(np.mean(third**2) / 20)) if np.isfinite(third).all() else 0.0


def _slopes(problem: _Problem, k: int, method: str, h: float | None) -> tuple[Array, Array]:
    """Slope of every entry of array k, and how far rounding may have put each off."""
    x = problem.arrays[k].ravel()
    where = np.arange(x.size)
    step = _steps(x, method, h)
    if method == "complex":
        return _complex_slopes(problem, k, where, step), np.zeros(x.size)
    with np.errstate(all="ignore"):
        right, left = x + step, x - step if method == "central" else x
        p = problem.losses(k, where, right)
        m = problem.losses(k, where, left) if method == "central" else np.full(x.size, problem.base)
        # The distance that was really travelled; 0 where the step is lost in x.
        distance = (right - left).astype(float)
        distance[distance == 0] = 2 * step[distance == 0]
        return (p - m) / distance, _floor(problem, p, m, step)


def _steps(x: Array, method: str, h: float | None) -> Array:
    if method not in _STEP:
        raise ValueError(f"method must be one of {', '.join(_STEP)}; got {method!r}")
    if h is None:
        h = _STEP[method](float(np.finfo(x.dtype).eps))
        return h * (np.maximum(1, abs(x)) if method != "complex" else np.ones(x.shape))
    if not (np.isscalar(h) and np.isfinite(h) and h > 0):
        raise ValueError(f"h must be one positive number, got {h!r}; leave it out for a good default")
    return np.full(x.shape, float(h), x.dtype if method != "complex" else float)


def _floor(problem: _Problem, p: Array, m: Array, step: Array) -> Array:
    noise = np.maximum(problem.noise, problem.eps * np.maximum(abs(p), abs(m)))
    return np.asarray(_SAFETY * noise / step)


def _complex_slopes(problem: _Problem, k: int, where: Array, step: Array) -> Array:
    x, name = problem.arrays[k], problem.names[k]
    advice = "a complex step needs code that keeps imaginary parts; use method='central'"
    probe = _Problem(problem.names, list(problem.arrays), problem.call, problem.batched)
    probe.arrays[k] = x.astype(complex)
    try:
        slopes = probe.losses(k, where, x.ravel() + 1j * step).imag / step
    except TypeError as error:
        raise TypeError(f"the function failed for a complex {name} ({error}); {advice}") from error
    some = np.unique(np.linspace(0, x.size - 1, min(8, x.size)).astype(int))
    n, off, *_ = _second_look(problem, k, some, step[some])
    if np.any(abs(slopes[some] - n) > 1e-4 * (abs(slopes[some]) + abs(n)) + 2 * off):
        raise ValueError(f"the complex step and the central difference of {name} disagree; {advice}")
    return np.asarray(slopes)


def _second_look(problem: _Problem, k: int, where: Array, reach: Array) -> tuple[Array, ...]:
    """Measure some entries again over a ladder of steps, with one-sided slopes.

    Where a function is smooth the slopes to the left and right differ in proportion to the step, and the
    central slope is trusted as far as it agrees with the one at the next smaller step. At a kink they differ
    by the same amount at every step, and the slope is anything between them.

    Returns the best slope, its uncertainty, the slopes to the left and right, whether the entry is at a kink,
    and whether it is not but a step of `reach` crosses one.
    """
    x = problem.arrays[k].ravel()[where]
    first = _steps(x, "central", None).astype(float)
    tiny = (abs(x) > 1e-14) & (abs(x) < 1e-4)  # a loss that varies on the scale of a tiny x
    lowest = np.where(tiny, first * abs(x) / 64, first / 8**6)
    h = np.geomspace(lowest, first * 8**4, 16).astype(x.dtype)
    with np.errstate(all="ignore"):
        p = problem.losses(k, np.tile(where, 16), (x + h).ravel()).reshape(h.shape)
        m = problem.losses(k, np.tile(where, 16), (x - h).ravel()).reshape(h.shape)
        right = (p - problem.base) / ((x + h) - x).astype(float)
        left = (problem.base - m) / (x - (x - h)).astype(float)
        central = (p - m) / ((x + h) - (x - h)).astype(float)
        floor = _floor(problem, p, m, h)
        jump = right - left
        smooth = np.zeros(h.shape, bool)
        smooth[1:] = abs(jump[1:] - h[1:] / h[:-1] * jump[:-1]) <= 0.5 * abs(jump[1:])
        moved = np.full(h.shape, np.inf)
        moved[1:] = abs(np.diff(central, axis=0))
        off = floor + np.where(smooth, moved, np.maximum(abs(jump), moved))
        kinked = ~smooth & (abs(jump) > 1e-3 * (abs(left) + abs(right))) & (abs(jump) > 4 * floor)
        crossed = np.any(kinked & (h <= 1.01 * reach), axis=0)
    best = np.argmin(np.where(np.isfinite(off), off, np.inf), axis=0)[None]
    central, off, left, right, floor, kinked = (
        np.take_along_axis(v, best, 0)[0] for v in (central, off, left, right, floor, kinked)
    )
    return central, np.where(kinked, floor, off), left, right, kinked, crossed & ~kinked


# ---------------------------------------------------------------------------------------------------------
# What a check says
# ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Result:
    """What was found for one parameter.

    Attributes
    ----------
    name, shape, entries : str, tuple of int, int
        Which parameter, and how many numbers were compared (random directions, with ``directions=k``).
    ok : bool
    worst : tuple of int
        Index of the entry that is furthest off.
    claimed, numerical : float
        The two numbers there.
    error : float
        Norm-wise relative error, norm(a - n) / (norm(a) + norm(n)); 0 where both are 0.
    diagnosis : str
        What the difference looks like; empty if there is none.
    errors : array
        Relative error of every entry beyond what rounding explains.
    """

    name: str
    shape: tuple[int, ...]
    entries: int
    ok: bool
    worst: tuple[int, ...]
    claimed: float
    numerical: float
    error: float
    diagnosis: str
    errors: Array = field(repr=False, compare=False)

    def __str__(self) -> str:
        head = f"{self.name} {self.shape}" if self.shape else self.name
        if self.ok:
            return f"{head}: right, {_count(self.entries, 'number')} compared"
        at = f" at [{', '.join(map(str, self.worst))}]" if self.worst else ""
        return (
            f"{head}: WRONG, {_count(self.entries, 'number')} compared, relative error {self.error:.2g}; "
            f"worst{at}: claimed {self.claimed:.6g}, numerical {self.numerical:.6g}"
        )


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of a check: true when the gradients are right, readable when they are not.

    Attributes
    ----------
    ok : bool
    results : tuple of Result
        One for each parameter.
    problems : tuple of str
        What is wrong apart from the numbers: a changed input, a wrong shape, an ignored `dout`.
    warnings : tuple of str
        What you should know although it is no error.
    how : str
        How the slopes were measured.
    """

    results: tuple[Result, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    how: str

    @property
    def ok(self) -> bool:
        return not self.problems and all(r.ok for r in self.results)

    @property
    def diagnosis(self) -> str:
        """All that is wrong, in words; empty if nothing is."""
        return " ".join([*self.problems, *(r.diagnosis for r in self.results if r.diagnosis)])

    def __bool__(self) -> bool:
        return self.ok

    def __getitem__(self, name: str) -> Result:
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(f"{name!r} was not checked; the report has {', '.join(r.name for r in self.results)}")

    def __str__(self) -> str:
        lines = [f"gradient check ({self.how}): {'right' if self.ok else 'WRONG'}"]
        lines += [f"  {r}" for r in self.results]
        lines += [f"diagnosis: {d}" for d in [*self.problems, *(r.diagnosis for r in self.results)] if d]
        lines += [f"note: {w}" for w in self.warnings]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


_RIGHT, _WRONG = "light-dark(#00573f,#5ad1a8)", "light-dark(#9a3a00,#ffa366)"
_CELLS = (  # digits that agree: background, text
    ("light-dark(#a83a00,#ffb08a)", "light-dark(#fff,#111)"),
    ("light-dark(#c9602a,#d98a60)", "light-dark(#000,#000)"),
    ("light-dark(#e59a6f,#a85c34)", "light-dark(#000,#fff)"),
    ("light-dark(#f6cdb4,#6b3a20)", "light-dark(#000,#fff)"),
    ("transparent", "inherit"),
)


def _html(report: Report) -> str:
    colour = _RIGHT if report.ok else _WRONG
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(r.name)}</th><td>{r.shape or "number"}</td>'
        f"<td>{r.entries:,}</td>"
        f'<td style="color:{_RIGHT if r.ok else _WRONG}">{"right" if r.ok else "wrong"}</td>'
        + ("<td></td>" * 4 if r.ok else _html_numbers(r))
        + "</tr>"
        for r in report.results
    )
    heads = (
        "parameter",
        "shape",
        "compared",
        "verdict",
        "worst at",
        "claimed",
        "numerical",
        "relative error",
    )
    head = "".join(f'<th scope="col" style="text-align:left">{h}</th>' for h in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    wrong = [r for r in report.results if not r.ok]
    said = "".join(f"<p>{escape(t)}</p>" for t in [*report.problems, *(r.diagnosis for r in wrong)] if t)
    notes = "".join(f"<p><em>Note:</em> {escape(w)}</p>" for w in report.warnings)
    worst = max(wrong, key=lambda r: r.error, default=None)
    return (
        f'<div><p><strong style="color:{colour}">{"Right" if report.ok else "Wrong"}</strong> '
        f"({escape(report.how)})</p>{table}{said}{_heat_map(worst) if worst else ''}{notes}</div>"
    )


def _html_numbers(r: Result) -> str:
    at = f"[{', '.join(map(str, r.worst))}]" if r.worst else ""
    return f"<td>{at}</td><td>{r.claimed:.6g}</td><td>{r.numerical:.6g}</td><td>{r.error:.2g}</td>"


def _heat_map(r: Result) -> str:
    """Small table of how many digits agree in each entry, shaded; entries are grouped when there are many."""
    grid = r.errors.reshape(-1, r.errors.shape[-1]) if r.errors.ndim else r.errors.reshape(1, 1)
    if grid.size < 2:
        return ""
    down, across = -(-grid.shape[0] // 16), -(-grid.shape[1] // 24)
    grid = np.array([[grid[i : i + down, j : j + across].max() for j in range(0, grid.shape[1], across)]
                     for i in range(0, grid.shape[0], down)])  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.nan_to_num(np.clip(np.floor(-np.log10(grid)), 0, len(_CELLS) - 1)).astype(int)
    body = ""
    for row in digits.tolist():
        cells = (
            f'<td style="background:{_CELLS[d][0]};color:{_CELLS[d][1]};text-align:center">'
            f"{d if d < len(_CELLS) - 1 else '&middot;'}</td>"
            for d in row
        )
        body += f"<tr>{''.join(cells)}</tr>"
    grouped = f"; each cell is the worst of {down} by {across} entries" if down * across > 1 else ""
    caption = f"Digits that agree in {escape(r.name)} (a dot: {len(_CELLS) - 1} or more){grouped}"
    return f'<table><caption style="text-align:left">{caption}</caption><tbody>{body}</tbody></table>'


# ---------------------------------------------------------------------------------------------------------
# The verdict
# ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Options:
    method: str = "central"
    h: float | None = None
    rtol: float = 1e-6
    directions: int | None = None
    rng: np.random.Generator | None = None


@dataclass
class _Judged:
    """Claimed and measured slopes of one parameter, flat, and what the second look found."""

    a: Array
    n: Array
    off: Array
    wrong: Array
    kinks: list[str]
    crossed: int = 0
    mended: int = 0


def _judge(problem: _Problem, k: int, a: Array, options: _Options) -> _Judged:
    """Compare every entry; look again at those that differ, worst first, until one is surely wrong."""
    x = problem.arrays[k].ravel()
    n, off = _slopes(problem, k, options.method, options.h)
    case = _Judged(a, n, off, np.zeros(a.size, bool), [])
    gap = np.nan_to_num(abs(a - n), nan=np.inf)
    looked = ~np.isfinite(a)
    blurred = np.linalg.norm(off) > 1e-3 * (np.linalg.norm(a) + np.linalg.norm(n))
    spot = np.argsort(-np.maximum(abs(a), abs(n)))[:8] if blurred else np.array([], int)
    many = 4
    while True:
        case.wrong = ~(abs(a - n) <= options.rtol * (abs(a) + abs(n)) + off)
        doubtful = np.flatnonzero(case.wrong & ~looked)
        if np.any(case.wrong & looked) or not (doubtful.size or spot.size):
            return case
        some = spot[~looked[spot]] if spot.size else doubtful[np.argsort(-gap[doubtful])][:many]
        spot, many = spot[:0], 4 * many
        reach = _steps(x[some], options.method, options.h).astype(float)
        n[some], off[some], left, right, kinked, crossed = _second_look(problem, k, some, reach)
        looked[some] = True
        # At a kink any slope between the one-sided ones is a subgradient: compare with the nearest.
        low, high = np.minimum(left, right), np.maximum(left, right)
        n[some] = np.where(kinked, np.clip(a[some], low, high), n[some])
        for i in np.flatnonzero(kinked):
            index = _at(np.unravel_index(some[i], problem.arrays[k].shape))
            case.kinks.append(
                f"{problem.names[k]}{index}, slopes {left[i]:.6g} to the left and "
                f"{right[i]:.6g} to the right, claimed {a[some[i]]:.6g}"
            )
        case.crossed += int(crossed.sum())
        case.mended += int((gap[some] > options.rtol * (abs(a) + abs(n))[some] + off[some]).sum())


def _at(index: Sequence[Any]) -> str:
    return f"[{', '.join(str(int(i)) for i in index)}]" if len(index) else ""


def _check(problem: _Problem, claimed: list[Array], options: _Options, problems: list[str]) -> Report:
    """Judge every parameter and put the report together."""
    if options.directions is not None:
        how = (
            f"{options.method} difference along {_count(options.directions, 'random direction')} a parameter"
        )
    else:
        how = {"complex": "complex step"}.get(options.method, f"{options.method} difference")
    problem.start()
    changed = problem.mutated()
    if changed:
        problems.append(f"The function changes {changed} in place; it must leave its inputs as they are.")
    elif abs(problem.again - problem.base) > 1e3 * problem.eps * max(abs(problem.base), problem.scale):
        problems.append(
            f"The function is not deterministic: two calls at the same point gave {problem.base:.6g} and "
            f"{problem.again:.6g}. Give it the same random numbers in each call, as in "
            "lambda x: f(x, rng=np.random.default_rng(0))."
        )
    if problems and (changed or "deterministic" in problems[-1]):
        return Report((), tuple(problems), (), how)
    results, warnings, moved = [], [], False
    still = []
    judged: dict[str, _Judged] = {}
    for k, (name, x, a) in enumerate(zip(problem.names, problem.arrays, claimed, strict=True)):
        if a.shape != x.shape:
            n, off = _slopes(problem, k, "central", None)
            problems.append(_shape_story(name, a, n.reshape(x.shape)))
            moved |= bool(np.any(abs(n) > off))
        elif options.directions is not None:
            judged[name] = _judge_directions(problem, k, a, options)
        else:
            judged[name] = _judge(problem, k, a.ravel(), options)
    for k, name in enumerate(problem.names):
        if name not in judged:
            continue
        case = judged[name]
        if np.any(abs(case.n) > case.off) or case.kinks:
            moved = True
        elif not case.wrong.any():
            still.append(name)
        warnings += _notes(problem, name, case, options)
        results.append(_result(problem, k, case, judged, options, warnings))
    if problem.mutated():
        problems.append(f"The function changes {problem.mutated()} in place when its inputs are moved.")
    if not moved and not any(r.diagnosis for r in results):
        problems.append(
            "No parameter moves the loss, so nothing was checked: 0 = 0 proves nothing. Is the forward pass "
            "still empty, or does it ignore its parameters? If it is right, check it at inputs where it moves."
        )
    elif still:
        warnings.append(
            f"{' and '.join(still)} didn't move the loss at all; there the check says only 0 = 0."
        )
    if options.directions is not None:
        warnings.append(
            "Random directions are a weaker check: an error in few entries can hide in the sum. "
            "Without directions= every entry is compared."
        )
    return Report(tuple(results), tuple(problems), tuple(warnings), how)


def _judge_directions(problem: _Problem, k: int, a: Array, options: _Options) -> _Judged:
    rng = options.rng or np.random.default_rng(0)
    size = float(max(1.0, np.sqrt(np.mean(problem.arrays[k].astype(float) ** 2)))) if a.size else 1.0
    h = options.h or _STEP["central"](problem.eps) * size
    slopes, claims = [], []
    zeros = [np.zeros(x.shape) for x in problem.arrays]
    for _ in range(options.directions or 0):
        v = rng.standard_normal(a.shape)
        v = np.asarray(v / max(np.linalg.norm(v), 1e-300))
        p, m = problem.along([*zeros[:k], v, *zeros[k + 1 :]], [h, -h])
        slopes.append((p - m) / (2 * h))
        claims.append(float(np.sum(a * v)))
    c, n = np.array(claims), np.array(slopes)
    # The slopes of one direction may cancel; what is small beside the gradient itself is no error.
    off = np.full(
        n.size, _SAFETY * problem.noise / h + options.rtol * float(np.linalg.norm(a)) / max(1, a.size) ** 0.5
    )
    wrong = ~(abs(c - n) <= options.rtol * (abs(c) + abs(n)) + off)
    return _Judged(c, n, off, wrong, [])


def _notes(problem: _Problem, name: str, case: _Judged, options: _Options) -> Iterator[str]:
    if case.kinks and not case.wrong.any():
        more = f", and {_count(len(case.kinks) - 1, 'more entry')}" if len(case.kinks) > 1 else ""
        yield (
            f"The loss has a kink exactly at {case.kinks[0]}{more}. There is no derivative there; the claimed "
            "value lies within the one-sided slopes and is accepted as a convention."
        )
    if case.crossed and not case.wrong.any():
        yield f"A kink lies within the step in {_count(case.crossed, 'entry')} of {name}; measured again with a smaller step."
    elif case.mended and options.h is not None and not case.wrong.any():
        yield (
            f"The step h={options.h:g} is too {'large' if options.h > 1e-4 else 'small'} for {name}: measured "
            f"again with other steps the numbers agree."
        )
    size = np.linalg.norm(case.a) + np.linalg.norm(case.n)
    if size > 0 and np.linalg.norm(case.off) > 0.05 * size and np.any(abs(case.a) + abs(case.n) > case.off):
        yield (
            f"Rounding in a loss of {problem.base:.3g} blurs the slopes of {name} by about "
            f"{np.median(case.off):.1g}; most of them are too small to be checked."
        )


def _result(
    problem: _Problem,
    k: int,
    case: _Judged,
    judged: dict[str, _Judged],
    options: _Options,
    warnings: list[str],
) -> Result:
    name, x = problem.names[k], problem.arrays[k]
    shape = x.shape if options.directions is None else case.a.shape
    gap, total = abs(case.a - case.n), abs(case.a) + abs(case.n)
    scale = np.linalg.norm(case.a) + np.linalg.norm(case.n)
    with np.errstate(all="ignore"):
        error = float(np.linalg.norm(gap) / scale) if scale else 0.0
        errors = np.where(gap > case.off, gap / np.where(total > 0, total, 1), 0.0)
    errors = np.nan_to_num(errors, nan=1.0, posinf=1.0)
    i = int(np.argmax(np.where(case.wrong, np.nan_to_num(gap, nan=np.inf), -1.0))) if gap.size else 0
    diagnosis, ok = "", not case.wrong.any()
    if not ok:
        diagnosis = _explain(problem, k, case, judged, options)
        if diagnosis.startswith("note:"):
            warnings.append(diagnosis.removeprefix("note:"))
            ok, diagnosis, errors = True, "", np.zeros_like(errors)
    index = tuple(int(j) for j in np.unravel_index(i, shape)) if gap.size else ()
    claimed, numerical = (float(v[i]) if gap.size else 0.0 for v in (case.a, case.n))
    return Result(
        name, x.shape, case.a.size, ok, index, claimed, numerical, error, diagnosis, errors.reshape(shape)
    )


# ---------------------------------------------------------------------------------------------------------
# The diagnosis: a table of small tests, the first that fits speaks
# ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Case:
    """All that a test may look at: parameter, claimed and numerical gradient, what is wrong, and clues."""

    name: str
    x: Array
    a: Array
    n: Array
    off: Array
    wrong: Array
    clues: Mapping[str, Any]

    def same(self, u: Array, v: Array) -> bool:
        """Equal as far as a numerical gradient can tell."""
        size, noise = np.linalg.norm(u) + np.linalg.norm(v), 2 * np.linalg.norm(self.off)
        return bool(u.shape == v.shape and np.linalg.norm(u - v) <= 1e-5 * size + min(noise, 1e-3 * size))

    def part(self, mask: Array) -> _Case:
        """The case made of some entries only."""
        clues = {k: v for k, v in self.clues.items() if k in ("lengths",)}
        flat = (v[mask] for v in (self.x, self.a, self.n, self.off, self.wrong))
        return _Case(self.name, *flat, clues)


def _explain(problem: _Problem, k: int, case: _Judged, judged: dict[str, _Judged], options: _Options) -> str:
    name, x = problem.names[k], problem.arrays[k]
    if options.directions is not None:
        case_ = _Case(name, case.a, case.a, case.n, case.off, case.wrong, {})
        said = _zero(case_) or (_factor(case_) if case.a.size > 1 else None)
        return said or (
            f"The claimed gradient of {name} disagrees along {int(case.wrong.sum())} of "
            f"{_count(case.a.size, 'random direction')}; check it without directions= to see which entries."
        )
    if case.kinks or problem.reclaim:
        said = _convention(problem, k, case, options)
        if said:
            return said
    if case.kinks:
        return f"The loss has a kink at {case.kinks[0]}: the claimed value is neither slope nor between them."
    clues = {
        **problem.clues,
        "others": {
            m: (problem.arrays[j], judged[m])
            for j, m in enumerate(problem.names)
            if m != name and m in judged
        },
        "order": problem.names,
    }
    full = _Case(name, x.copy(), *(v.reshape(x.shape) for v in (case.a, case.n, case.off, case.wrong)), clues)
    for test in _TESTS:
        said = test(full)
        if said:
            return said
    return _unknown(full)


def _convention(problem: _Problem, k: int, case: _Judged, options: _Options) -> str | None:
    """Is the backward right everywhere near, and wrong only at this point?"""
    if problem.reclaim is None:
        return None
    name, rng = problem.names[k], np.random.default_rng(0)
    some = np.flatnonzero(case.wrong)[:8]
    try:
        for array, was in zip(problem.arrays, problem.original, strict=True):
            array[...] = was + 1e-3 * np.maximum(1, abs(was)) * rng.standard_normal(was.shape)
        a = problem.reclaim()[k].ravel()[some]
        here, problem.base = problem.base, problem.loss()
        n, off, *_ = _second_look(problem, k, some, np.zeros(some.size))
    except (ValueError, TypeError, FloatingPointError):
        return None
    finally:
        for array, was in zip(problem.arrays, problem.original, strict=True):
            array[...] = was
    problem.base = here
    if np.any(abs(a - n) > options.rtol * (abs(a) + abs(n)) + off):
        return None
    i = int(some[0])
    at = _at(np.unravel_index(i, problem.arrays[k].shape))
    if case.kinks:
        return (
            f"note:The loss has several kinks exactly at {name}{at}, and the claimed {case.a[i]:.6g} is their "
            "conventions added up. Right at this point there is no derivative; a small step away it is right."
        )
    return (
        f"The loss is smooth at {name}{at} with slope {case.n[i]:.6g}, the claimed gradient there is "
        f"{case.a[i]:.6g}, and a small step away it is right: the convention at a kink is not the derivative "
        "of this smooth function."
    )


def _not_finite(c: _Case) -> str | None:
    bad = ~np.isfinite(c.a)
    if bad.any():
        at = _at(np.argwhere(bad)[0])
        return f"The claimed gradient of {c.name} holds {c.a[bad].flat[0]} in {_count(int(bad.sum()), 'entry')}, first {at}."
    bad = ~np.isfinite(c.n)
    if bad.any():
        return f"The loss is not finite when {c.name}{_at(np.argwhere(bad)[0])} is moved a little; move away from that edge."
    return None


def _zero(c: _Case) -> str | None:
    if np.any(c.a):
        return None
    largest = float(c.n.flat[int(np.argmax(abs(c.n)))])
    said = (
        f"The claimed gradient of {c.name} is zero where it should not be: the slope is up to {largest:.6g}"
    )
    if not np.any(c.x):
        said += (
            f". ({c.name} is exactly 0 here. If the loss has kinks at 0, as relu and abs have, it may be a smooth "
            "function on which the convention at a kink is not the derivative: move off 0 and check again)"
        )
    return said + "."


def _float32(c: _Case) -> str | None:
    close = np.linalg.norm(c.a - c.n) < 1e-3 * np.linalg.norm(c.n)
    if close and c.a.dtype == np.float64 and np.array_equal(c.a, c.a.astype(np.float32)):
        return f"Every claimed entry of {c.name} is a float32 number: precision was lost on the way. Compute in float64."
    return None


def _upstream(c: _Case) -> str | None:
    for name, dout in c.clues.get("upstream", {}).items():
        if c.same(c.a, dout):
            return f"The claimed gradient of {c.name} is {name} itself: the local derivative (or mask) is missing."
        for word, other in (("extra", c.a - c.n), ("missing", c.n - c.a)):
            if c.same(other, dout):
                return (
                    f"The claimed gradient of {c.name} has {name} itself as an {word} term: look at the skip path."
                    if word == "extra"
                    else f"In the claimed gradient of {c.name} the term {name} itself is missing: add the skip path."
                )
    return None


def _factor(c: _Case) -> str | None:
    square = float(np.sum(c.n * c.n))
    factor = float(np.sum(c.a * c.n)) / square if square else 0.0
    if not factor or not c.same(c.a, factor * c.n):
        return None
    whole, part = round(factor), round(1 / factor)
    entries = "the entry" if c.a.size == 1 else f"all {c.a.size:,} entries"
    head = f"The claimed gradient of {c.name} is"
    near = 1e-5 * abs(factor)
    if abs(factor + 1) < near:
        return f"{head} the numerical one with the wrong sign (-1 times) in {entries}."
    lengths = c.clues.get("lengths", {})
    if abs(factor - whole) < near and abs(whole) > 1:
        why = "the 2 of a derived square, counted once too often" if whole == 2 else ""
        if whole > 2 or whole in lengths:
            b = (
                f"{whole} = {lengths[whole]}"
                if whole in lengths
                else f"if {whole} is the batch size B or a count"
            )
            why = " or, ".join(w for w in (why, f"{b}: the 1/{whole} of a mean is missing") if w)
        return f"{head} {whole} times the numerical one in {entries}{': ' if why else ''}{why}."
    if abs(1 / factor - part) < 1e-5 * abs(part) and abs(part) > 1:
        why = "the 2 of a derived square, or one of two equal terms, is missing" if part == 2 else ""
        if part > 2 or part in lengths:
            b = (
                f"{part} = {lengths[part]}"
                if part in lengths
                else f"if {part} is the batch size B or a count"
            )
            why = " or, ".join(
                w for w in (why, f"{b}: a mean was taken (1/{part}) where a sum belongs, or twice") if w
            )
        return f"{head} 1/{part} times the numerical one in {entries}{': ' if why else ''}{why}."
    if c.a.size > 1:
        return f"{head} a constant factor {factor:.6g} times the numerical one in {entries}."
    return None


def _swapped(c: _Case) -> str | None:
    for name, (_, other) in c.clues.get("others", {}).items():
        if c.a.size > 1 and other.n.size == c.a.size and c.same(c.a.ravel(), other.n):
            return f"The claimed gradient of {c.name} is that of {name}: they are swapped."
    return None


def _rearranged(c: _Case) -> str | None:
    if c.n.size < 2 or c.same(c.n, np.full_like(c.n, c.n.flat[0])):
        return None
    head = f"The claimed gradient of {c.name} is the right one"
    if c.n.ndim > 1:
        for i in range(c.n.ndim):
            for j in range(i + 1, c.n.ndim):
                swapped = np.swapaxes(c.n, i, j)
                if c.same(c.a, swapped):
                    return f"{head} transposed: axes {i} and {j} are exchanged."
                if c.same(c.a.ravel(), swapped.ravel()):
                    return f"{head} transposed and then reshaped: axes {i} and {j} are exchanged."
        for axes in [(i,) for i in range(c.n.ndim)] + [
            tuple(range(i, c.n.ndim)) for i in range(c.n.ndim - 1)
        ]:
            if c.same(c.a, np.flip(c.n, axes)):
                return f"{head} flipped along {_axes(axes)}: a kernel is flipped where it should not be, or not where it should."
    elif c.same(c.a, c.n[::-1]):
        return f"{head} flipped: its order is reversed."
    for axis in range(c.n.ndim):
        for shift in {1, -1} if c.n.shape[axis] > 2 else set():
            if c.same(c.a, np.roll(c.n, shift, axis)):
                return f"{head} shifted by one along axis {axis}."
    if c.n.size > 3 and c.same(np.sort(c.a.ravel()), np.sort(c.n.ravel())):
        return f"{head} in another order: the same {c.n.size} numbers stand in other places."
    return None


def _axes(axes: Sequence[int]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"


def _diagonal(c: _Case) -> str | None:
    """Elementwise formula for a function that couples its entries."""
    if "diagonal" not in c.clues or c.a.size < 2:
        return None
    guess = c.clues["diagonal"](c.name)
    if guess is not None and c.same(c.a, guess):
        return (
            f"The claimed gradient of {c.name} uses only the diagonal of the Jacobian, as if the function were "
            "elementwise: each output depends on other entries too, and those terms are missing."
        )
    return None


def _masks(c: _Case) -> str | None:
    """Zeros in the wrong places."""
    right_zero, claimed_zero = abs(c.n) <= c.off, c.a == 0
    if not right_zero.any() or right_zero.all():
        return None
    if np.array_equal(right_zero, ~claimed_zero):
        return (
            f"The claimed gradient of {c.name} is zero exactly where it should not be, and only there: a mask "
            "(relu, dropout, max) is on the wrong side."
        )
    if np.array_equal(c.wrong, right_zero & ~claimed_zero) and c.wrong.any():
        return (
            f"The claimed gradient of {c.name} is right wherever the slope is not 0, but not zero in "
            f"{_count(int(c.wrong.sum()), 'entry')} where the loss doesn't move: a mask (relu, dropout, max, padding) is missing."
        )
    return None


def _where(c: _Case) -> str | None:
    """Some entries are right: say which are not, and what is wrong with those."""
    good = ~c.wrong & (abs(c.n) > c.off)
    if not good.any():
        return None
    place = _place(c)
    inner = c.part(c.wrong)
    said = next((s for s in (test(inner) for test in (_zero, _factor)) if s), None)
    if place is None and said is None and c.wrong.mean() > 0.5:
        return None
    where = place or f"Only {c.wrong.sum():,} of {c.a.size:,} entries of {c.name} are wrong"
    if said:
        return f"{where}. There: {said[0].lower()}{said[1:]}"
    i = tuple(int(j) for j in np.argwhere(c.wrong)[0])
    return f"{where}; for instance {c.name}{_at(i)}: claimed {c.a[i]:.6g}, numerical {c.n[i]:.6g}."


def _place(c: _Case) -> str | None:
    for name, counts in c.clues.get("counts", {}).items():
        if c.a.ndim and len(counts) == c.a.shape[0]:
            rows = c.wrong.reshape(len(counts), -1).any(axis=1)
            if np.array_equal(rows, counts > 1):
                return (
                    f"Only the rows of {c.name} that {name} names more than once are wrong: their contributions are "
                    "overwritten; they must be added up (np.add.at)"
                )
    moving = abs(c.n) + abs(c.a) > c.off
    for axis in range(c.a.ndim) if c.a.ndim > 1 else []:
        others = tuple(i for i in range(c.a.ndim) if i != axis)
        bad = c.wrong.any(axis=others)
        full = np.all(c.wrong | ~moving, axis=others)
        if not bad.all() and np.array_equal(bad, bad & full) and bad.sum() <= 4:
            word = ("row" if axis == 0 else "column") if c.a.ndim == 2 else f"slice of axis {axis}:"
            which = ", ".join(map(str, np.flatnonzero(bad)))
            plural, verb = ("s", "are") if bad.sum() > 1 and c.a.ndim == 2 else ("", "is")
            return f"Only {word}{plural} {which} of {c.name} {verb} wrong (of {c.a.shape[axis]})"
    for word, side in (("negative", c.x < 0), ("positive", c.x > 0), ("exactly 0", c.x == 0)):
        if (
            c.wrong.sum() > 1
            and np.array_equal(c.wrong, side & moving)
            or (word == "exactly 0" and np.array_equal(c.wrong, side & moving))
        ):
            return (
                f"{c.name} is wrong exactly in the {_count(int(c.wrong.sum()), 'entry')} where it is {word}"
            )
    if c.wrong.sum() <= 4:
        which = ", ".join(_at(i) for i in np.argwhere(c.wrong))
        return (
            f"Only {which} of {c.name}'s {c.a.size:,} entries {'is' if c.wrong.sum() == 1 else 'are'} wrong"
        )
    return None


def _difference(c: _Case) -> str | None:
    """What the difference is made of."""
    d = c.a - c.n
    head = f"The difference between the claimed and the numerical gradient of {c.name} is"
    if c.a.size < 3:
        return None
    if c.same(d, np.full_like(d, d.mean())):
        return f"{head} the same number, {d.mean():.6g}, everywhere: a constant term is missing or extra."
    square = float(np.sum(c.x * c.x))
    factor = float(np.sum(d * c.x)) / square if square else 0.0
    if c.same(d, factor * c.x):
        return f"{head} {factor:.6g} times {c.name} itself: an L2 (weight decay) term is {'extra' if factor > 0 else 'missing'} or scaled wrongly."
    for axis in range(c.a.ndim):
        if c.a.shape[axis] > 2 and c.same(d, np.broadcast_to(d.mean(axis, keepdims=True), d.shape)):
            return f"{head} the same for all entries along axis {axis}: a term that is summed or averaged over that axis is missing or wrong."
    gammas = [(m, x) for m, (x, _) in c.clues.get("others", {}).items()]
    for axis in range(c.a.ndim):
        length = c.a.shape[axis]
        rows, xs = (np.moveaxis(v, axis, -1).reshape(-1, length) for v in (d, c.x))
        if length > 4 and _spanned(c, rows, [np.ones_like(xs), xs]):
            return (
                f"{head}, along axis {axis}, a constant plus a multiple of {c.name}: the mean terms of a normalisation "
                "(through the mean and the variance) are missing or wrong."
            )
        for gamma, g in gammas:
            if (
                length > 6
                and g.shape == (length,)
                and _spanned(c, rows, [np.ones_like(xs), xs, xs * 0 + g, xs * g])
            ):
                return (
                    f"{head}, along axis {axis}, made of 1, {c.name}, {gamma} and {gamma} times {c.name}: {gamma} "
                    f"stands outside the means of the normalisation; it belongs inside."
                )
    return None


def _spanned(c: _Case, rows: Array, features: list[Array]) -> bool:
    fitted = np.empty_like(rows)
    for i, row in enumerate(rows):
        basis = np.stack([f[i] for f in features], axis=1)
        fitted[i] = basis @ np.linalg.lstsq(basis, row, rcond=None)[0]
    return c.same(rows, fitted)


def _slices(c: _Case) -> str | None:
    """Each row, or each column, off by a factor of its own."""
    for axis in range(c.a.ndim):
        others = tuple(i for i in range(c.a.ndim) if i != axis)
        if not others or c.a.shape[axis] < 2 or c.a.size // c.a.shape[axis] < 2:
            continue
        square = np.sum(c.n * c.n, axis=others, keepdims=True)
        factor = np.sum(c.a * c.n, axis=others, keepdims=True) / np.where(square > 0, square, 1)
        if c.same(c.a, factor * c.n):
            return (
                f"Each slice of {c.name} along axis {axis} is the right one times a factor of its own, from "
                f"{factor.min():.4g} to {factor.max():.4g}: a factor for each index there (an activation's derivative, a "
                "scale, a weight) is missing or wrong."
            )
    return None


def _signs(c: _Case) -> str | None:
    if c.a.size > 1 and c.same(abs(c.a), abs(c.n)):
        return f"{c.name} has the right sizes but the wrong sign in {_count(int(c.wrong.sum()), 'entry')} of {c.a.size:,}."
    return None


def _unknown(c: _Case) -> str:
    """No pattern: the numbers, and which parameters are right."""
    a, n = c.a[c.wrong], c.n[c.wrong]
    i = int(np.argmax(abs(a - n)))
    error = float(np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n)))
    said = (
        f"{c.name} is wrong in {_count(int(c.wrong.sum()), 'entry')} of {c.a.size:,} (worst: claimed {a[i]:.6g}, "
        f"numerical {n[i]:.6g})"
    )
    if error < 1e-4:
        return f"{said}, by very little: a rounding (float32 on the way?) or an approximated formula."
    right = [m for m, (_, other) in c.clues.get("others", {}).items() if not other.wrong.any()]
    order = list(c.clues.get("order", []))
    after = [m for m in right if order.index(m) > order.index(c.name)]
    if after:
        return f"{said}, while {', '.join(after)} after it {'is' if len(after) == 1 else 'are'} right: look at the backward step between {c.name} and {after[0]}."
    return f"{said}, with no pattern that this check knows."


_TESTS: tuple[Callable[[_Case], str | None], ...] = (
    _not_finite, _zero, _float32, _upstream, _factor, _swapped, _rearranged, _diagonal, _masks,
    _where, _signs, _difference, _slices,
)  # fmt: skip


def _shape_story(name: str, a: Array, n: Array) -> str:
    """Explain a gradient that hasn't its parameter's shape."""
    head = f"The claimed gradient of {name} has shape {a.shape}, {name} has {n.shape}"
    case = _Case(name, n, n, n, np.zeros(n.shape), np.zeros(n.shape, bool), {})
    if a.T.shape == n.shape and case.same(a.T, n):
        return f"{head}: it is transposed."
    if a.size == n.size:
        return f"{head}: the numbers are {'right, only reshaped' if case.same(a.ravel(), n.ravel()) else 'in another order'}."
    try:
        summed = a.sum(axis=tuple(range(a.ndim - n.ndim)))
        grown = tuple(i for i in range(n.ndim) if n.shape[i] == 1 and summed.shape[i] != 1)
        summed = summed.sum(axis=grown, keepdims=True)
    except (ValueError, IndexError):
        return f"{head}."
    if summed.shape == n.shape:
        right = "it is right once summed" if case.same(summed, n) else "it must be summed"
        return f"{head}: {right} over the axes along which {name} was broadcast (copied forward, so summed backward)."
    return f"{head}."


# ---------------------------------------------------------------------------------------------------------
# What can be checked: a function, a layer, an op pair
# ---------------------------------------------------------------------------------------------------------
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

    An entry is right if :math:`|a-n| \le rtol\,(|a|+|n|) + 8\,\varepsilon|f|/h`: the last term is what rounding
    may do to a difference, with the noise of `f` estimated where it is larger than eps. So each parameter's
    norm-wise relative error is at most `rtol` beyond rounding, and a single wrong entry can't hide among many.
    Entries that fail are measured again over a ladder of steps and from both sides, which settles kinks and
    ill-scaled functions. If no parameter moves the loss the check fails: 0 = 0 proves nothing.

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
        Parameters reach `f` with one more leading axis, of length K for the one that is being moved and 1 for the
        others; `f` returns K losses. Many entries are then moved in one call.
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
      b: WRONG, 1 number compared, relative error 0.33; worst: claimed 0.4, numerical 0.2
    diagnosis: The claimed gradient of b is 2 times the numerical one in the entry: the 2 of a derived square,
    counted once too often.
    """
    checks = {"method": method, "h": h, "directions": directions, "rng": rng}
    if all(hasattr(f, name) for name in ("params", "grads", "forward", "backward")):
        return _check_layer(f, params, grads, y, checks, rtol, allow_float32)
    if not callable(f):
        raise TypeError(f"gradcheck needs a function or a layer first, got {type(f).__name__}")
    if y is not None:
        raise TypeError("a fourth argument belongs to gradcheck(layer, x, loss, y); f is no layer")
    names, values, claimed, call = _unpack(f, params, grads)
    arrays = [_as_float_copy(n, v, float32=allow_float32) for n, v in zip(names, values, strict=True)]
    problem = _Problem(names, arrays, call, batched)
    return _check(
        problem,
        [_claim(n, g) for n, g in zip(names, claimed, strict=True)],
        _options(checks, rtol, arrays),
        [],
    )


def _options(checks: dict[str, Any], rtol: float | None, arrays: list[Array]) -> _Options:
    if rtol is None:
        rtol = _RTOL.get(checks["method"], 1e-6) if all(a.dtype == np.float64 for a in arrays) else 1e-2
    if checks["directions"] is not None and checks["method"] != "central":
        raise ValueError("directions= uses central differences; leave method out")
    _steps(np.zeros(1), checks["method"], checks["h"])
    return _Options(rtol=rtol, **checks)


def _positional(f: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    return lambda arguments: f(*arguments)


def _unpack(
    f: Any, params: Any, grads: Any
) -> tuple[list[str], list[Any], list[Any], Callable[[list[Any]], Any]]:
    """Names, values, claimed gradients, and how f is called."""
    if isinstance(params, Mapping):
        if not isinstance(grads, Mapping) or set(grads) != set(params):
            got = (
                f"the keys {sorted(map(str, grads))}" if isinstance(grads, Mapping) else type(grads).__name__
            )
            raise ValueError(
                f"grads must be a dict with the keys of params, {sorted(map(str, params))}; got {got}"
            )
        names = [str(name) for name in params]
        try:
            inspect.signature(f).bind(**params)
        except TypeError as error:
            raise TypeError(
                f"with a dict, f is called as f({', '.join(f'{n}=...' for n in names)}), and that fails: {error}. "
                "Rename its arguments, or wrap it: lambda **p: f(p)"
            ) from None
        except ValueError:
            pass  # a builtin without a signature: let the call speak
        call = lambda arguments: f(**dict(zip(names, arguments, strict=True)))  # noqa: E731
        return names, list(params.values()), [grads[name] for name in params], call
    if isinstance(params, list | tuple) and not all(np.isscalar(p) for p in params):
        if not isinstance(grads, list | tuple) or len(grads) != len(params):
            raise ValueError(f"grads must be a list as long as params, {len(params)}; got {grads!r:.60}")
        return [f"params[{i}]" for i in range(len(params))], list(params), list(grads), _positional(f)
    return ["x"], [params], [grads], _positional(f)


def _as_float_copy(name: str, value: Any, *, float32: bool = False) -> Array:
    array = np.array(value)
    _demand_float(name, array, float32)
    return array


def _demand_float(name: str, array: Array, float32: bool) -> None:
    if array.dtype.kind in "iub":
        raise TypeError(
            f"{name} holds integers, which can't be moved by a small step; write {name}.astype(np.float64) or 1.0 for 1"
        )
    if array.dtype == np.float32 and float32:
        return
    if array.dtype != np.float64:
        remedy = f"check {name}.astype(np.float64)" + (
            ", or pass allow_float32=True" if array.dtype == np.float32 else ""
        )
        raise TypeError(
            f"{name} must be float64, got {array.dtype}: its rounding would drown the differences; {remedy}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; check the inputs first")


def _claim(name: str, grad: Any) -> Array:
    array = np.asarray(grad)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"the claimed gradient of {name} must be an array of real numbers, got {grad!r:.60}")
    return array.astype(np.float64)


def _check_layer(
    layer: Any, x: Any, loss: Any, y: Any, checks: dict[str, Any], rtol: float | None, allow_float32: bool
) -> Report:
    forward_loss, backward_loss = _loss_pair(loss)
    x = np.array(x)
    if checks["method"] == "complex":
        raise ValueError("a layer can't be checked with a complex step; use method='central'")

    def call(_: list[Any]) -> Any:
        return forward_loss(layer.forward(x), y)[0]

    def claim() -> list[Array]:
        if hasattr(layer, "zero_grad"):
            layer.zero_grad()
        _, cache = forward_loss(layer.forward(x), y)
        dout = backward_loss(1.0, cache)
        dx = layer.backward(dout[0] if isinstance(dout, tuple) else dout)
        grads = dict(layer.grads)
        if set(grads) != set(layer.params):
            raise ValueError(
                f"after backward, grads has the keys {sorted(grads)} and params {sorted(layer.params)}; they must agree"
            )
        return [np.array(_claim(n, grads[n])) for n in params] + (
            [] if x.dtype.kind in "iub" else [_claim("x", dx)]
        )

    params = dict(layer.params)
    arrays = dict(params) if x.dtype.kind in "iub" else {**params, "x": x}
    for name, array in arrays.items():
        _demand_float(name, np.asarray(array), allow_float32)
    before = {n: np.array(v) for n, v in arrays.items()}
    first = claim()
    problems = [
        f"forward and backward change {n} in place; they must leave it as it is."
        for n, v in arrays.items() if not np.array_equal(v, before[n])
    ]  # fmt: skip
    second = claim()
    for n, a, b in zip(arrays, first, second, strict=True):
        if a.shape == b.shape and not np.allclose(a, b, rtol=1e-9, atol=1e-12 * float(abs(a).max(initial=0))):
            added = np.allclose(b, 2 * a, rtol=1e-9)
            problems.append(
                f"A second backward gives another gradient of {n}"
                + (", twice the first: grads must be set anew in each call, not added to." if added else ".")
            )
            break
    problem = _Problem(list(arrays), list(arrays.values()), call, reclaim=claim)
    sizes = np.shape(x)
    problem.clues["lengths"] = {
        np.size(y): "the number of targets",
        **({sizes[0]: "the batch size B"} if sizes else {}),
    }
    return _check(problem, first, _options(checks, rtol, list(arrays.values())), problems)


def _loss_pair(loss: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if isinstance(loss, tuple) and len(loss) == 2 and all(callable(part) for part in loss):
        return loss
    name = getattr(loss, "__name__", "")
    backward = getattr(loss, "__globals__", {}).get(f"{name}_backward")
    if not callable(backward):
        raise TypeError(
            f"gradcheck(layer, x, loss, y) needs the loss's backward: no {name or 'loss'}_backward stands beside "
            f"{name or repr(loss)}; pass the pair (loss, loss_backward)"
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
    r"""Check a pair of pure functions, ``forward(*args) -> (out, cache)`` and ``backward(dout, cache) -> grads``.

    The gradients of :math:`\langle dout, forward(args)\rangle` are compared with numerical ones for a *random*
    cotangent `dout`. All ones would hide errors: softmax and the normalisations have :math:`J^T 1 = 0`, so a backward
    of zeros would pass. Besides, backward must be linear in `dout`, give zeros for zeros, have the shapes and
    dtypes of the arguments, give the same answer twice, share no memory between gradients, and change neither
    the arguments nor `dout` nor the cache.

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
    'The claimed gradient of x is dout itself: the local derivative (or mask) is missing.'
    """
    rng = rng or np.random.default_rng(0)
    pair = _Pair(forward, backward, [np.array(a) if isinstance(a, np.ndarray) else a for a in args], options)
    for name, value in zip(pair.names, pair.args, strict=True):
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            _demand_float(name, value, False)
    where = [i for i, v in enumerate(pair.args) if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    if not where:
        raise TypeError("check_vjp found no float64 array among the arguments, so there is nothing to check")
    out, _ = pair.forward()
    dout = rng.standard_normal(out.shape)
    problems = list(pair.complaints(dout, rng))
    claimed, arrays = pair.backward(dout, pair.forward()[1]), [pair.args[i] for i in where]
    checked: list[Array] = []
    for i in list(where):
        grad = claimed[i]
        if grad is None:
            problems.append(
                f"backward returns None for {pair.names[i]}, which is a float array: its gradient is missing."
            )
            grad = np.zeros(pair.args[i].shape)
        elif np.asarray(grad).dtype != pair.args[i].dtype:
            problems.append(
                f"The gradient of {pair.names[i]} has dtype {np.asarray(grad).dtype}, {pair.names[i]} has {pair.args[i].dtype}; compute in {pair.args[i].dtype} throughout."
            )
        checked.append(_claim(pair.names[i], grad))
    names = [pair.names[i] for i in where]
    problem = _Problem(
        names, arrays, lambda _: np.sum(dout * pair.forward()[0]), scale=float(abs(dout * out).sum())
    )
    problem.reclaim = lambda: [
        _claim(pair.names[i], pair.backward(dout, pair.forward()[1])[i]) for i in where
    ]
    problem.clues.update(pair.clues(out, dout))
    checks = {"method": method, "h": h, "directions": None, "rng": None}
    return _check(problem, checked, _options(checks, rtol, arrays), problems)


@dataclass
class _Pair:
    """An op pair and its arguments."""

    f: Callable[..., Any]
    b: Callable[..., Any]
    args: list[Any]
    options: dict[str, Any]

    def __post_init__(self) -> None:
        try:
            bound = inspect.signature(self.f).bind(*self.args, **self.options).arguments
            names = [n for n in bound if n not in self.options]
        except (TypeError, ValueError):
            names = []
        self.names = names if len(names) == len(self.args) else [f"args[{i}]" for i in range(len(self.args))]

    def forward(self) -> tuple[Array, Any]:
        pair = self.f(*self.args, **self.options)
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"forward must return the pair (out, cache), got {type(pair).__name__}")
        out = np.asarray(pair[0])
        if out.dtype.kind not in "fc":
            raise TypeError(f"forward must return a float array first, got {out.dtype}")
        return out, pair[1]

    def backward(self, dout: Array, cache: Any) -> tuple[Any, ...]:
        grads = self.b(dout, cache)
        if not isinstance(grads, tuple):
            raise TypeError(
                f"backward must return a tuple in argument order, got {type(grads).__name__}; write (dx,) for one"
            )
        if len(grads) < len(self.args) or any(g is not None for g in grads[len(self.args) :]):
            raise ValueError(
                f"backward must return one gradient (or None) for each of the {len(self.args)} arguments, got {len(grads)}"
            )
        return grads[: len(self.args)]

    def complaints(self, dout: Array, rng: np.random.Generator) -> Iterator[str]:
        """Yield what is wrong apart from the numbers."""
        before = _snapshot(self.args)
        out, cache = self.forward()
        if not _equal(before, _snapshot(self.args)):
            yield "forward changes its arguments in place; it must leave its inputs as they are."
        stored, given = _snapshot(cache), dout.copy()
        first = _snapshot(self.backward(given, cache))
        if not _equal([given], [dout]):
            yield "backward changes dout in place; work on a copy: someone else may still need it."
        if not _equal(before, _snapshot(self.args)):
            yield "backward changes forward's arguments in place; it must leave its inputs as they are."
        if not _equal(stored, _snapshot(cache)):
            yield "backward changes the cache in place; a second backward would start from spoilt values."
        elif not _equal(first, _snapshot(self.backward(dout, cache))):
            yield "A second backward on the same cache gives another answer: it keeps or adds up state between calls."
        else:
            keep = [np.copy(a) if isinstance(a, np.ndarray) else a for a in self.args]
            other = [a * 1.25 if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in keep]
            self.f(*other, **self.options)
            if not _equal(first, _snapshot(self.backward(dout, cache))):
                yield "A later forward changes the answer of an earlier backward: something is kept outside the cache (stale)."
            yield from self._nonlinear(dout, cache, rng)
        grads = [g for g in self.backward(dout, self.forward()[1]) if isinstance(g, np.ndarray)]
        for i, g in enumerate(grads):
            if any(np.shares_memory(g, other) for other in grads[:i]):
                yield "Two returned gradients share memory: changing one would change the other; return a copy."

    def _nonlinear(self, dout: Array, cache: Any, rng: np.random.Generator) -> Iterator[str]:
        def grads(d: Array) -> list[Array]:
            return [g for g in _snapshot(self.backward(d, cache)) if g.dtype.kind == "f"]

        other = rng.standard_normal(dout.shape)
        u, v, both, zero = grads(dout), grads(other), grads(2 * dout - 3 * other), grads(np.zeros_like(dout))
        if any(np.any(g) for g in u) and _equal(u, v) and dout.size:
            yield "backward ignores dout: another upstream gradient gives the same answer. Multiply by dout."
        elif any(np.any(z) for z in zero):
            yield "backward gives a gradient for dout = 0; every term must contain dout."
        elif not all(
            np.allclose(
                2 * a - 3 * b,
                c,
                rtol=1e-6,
                atol=1e-8 * float(abs(c).max(initial=0) + abs(a).max(initial=0) + abs(b).max(initial=0)),
            )
            for a, b, c in zip(u, v, both, strict=True)
        ):
            yield "backward is not linear in dout: dout must appear once, as a factor, in every term."

    def clues(self, out: Array, dout: Array) -> dict[str, Any]:
        """Collect what the diagnosis may compare with."""

        def diagonal(name: str) -> Array | None:
            x = self.args[self.names.index(name)]
            if x.shape != out.shape:
                return None
            flat, slopes = x.flat, np.empty(x.size)
            for i in range(x.size):
                keep, h = flat[i], 6e-6 * max(1, abs(flat[i]))
                flat[i] = keep + h
                p = self.forward()[0].flat[i]
                flat[i] = keep - h
                slopes[i] = (p - self.forward()[0].flat[i]) / (2 * h)
                flat[i] = keep
            return slopes.reshape(x.shape) * dout

        lengths = {n: f"the length of axis {i} of {name}" for name, a in zip(self.names, self.args, strict=True)
                   if isinstance(a, np.ndarray) for i, n in reversed(list(enumerate(a.shape)))}  # fmt: skip
        counts = {}
        for name, a in zip(self.names, self.args, strict=True):
            if isinstance(a, np.ndarray) and a.dtype.kind in "iu" and a.size and a.min() >= 0:
                for b in self.args:
                    if isinstance(b, np.ndarray) and b.ndim and b.dtype.kind == "f" and len(b) > a.max():
                        counts[name] = np.bincount(a.ravel(), minlength=len(b))
        return {"upstream": {"dout": dout}, "diagonal": diagonal, "lengths": lengths, "counts": counts}


def _snapshot(thing: Any) -> list[Array]:
    """Copies of all arrays in a nest of tuples, lists, dicts and objects."""
    if isinstance(thing, np.ndarray):
        return [thing.copy()]
    if isinstance(thing, Mapping):
        thing = list(thing.values())
    elif hasattr(thing, "__dict__") and not callable(thing):
        thing = list(vars(thing).values())
    if isinstance(thing, list | tuple):
        return [array for part in thing for array in _snapshot(part)]
    return [np.asarray(thing)] if np.isscalar(thing) else []


def _equal(u: list[Array], v: list[Array]) -> bool:
    return len(u) == len(v) and all(
        a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(u, v, strict=True)
    )
