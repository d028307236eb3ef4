"""diagnosis: what a wrong gradient looks like, as a table of small tests.

`gradcheck` finds that a claimed gradient is wrong; this file says how. Each test looks at the claimed and
the numerical gradient of one parameter and finishes the sentence "The claimed gradient of W ...".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bplib.numerical import Array


@dataclass(frozen=True)
class Case:
    """One parameter whose gradient is wrong.

    Attributes
    ----------
    x, a, n : arrays of one shape
        The parameter, its claimed and its numerical gradient.
    noise : array of the same shape
        How far rounding may have put each entry of `n` off.
    wrong : array of bool
    others : dict of str to array
        The other parameters.
    right_after : sequence of str
        The parameters after this one whose gradients are right.
    lengths : dict of int to str
        Known counts, such as the batch size: a factor of that size is no accident.
    places : iterable of (str, array of bool)
        Entries that may be wrong for a reason of their own, with the words for it.
    only_here : bool
        The claim is known at this point only, not as a function that could be asked nearby.
    guesses : iterable of (str, array)
        Pairs of a finding and the gradient that would prove it.
    """

    x: Array
    a: Array
    n: Array
    noise: Array
    wrong: Array
    others: Mapping[str, Array] = field(default_factory=dict)
    right_after: Sequence[str] = ()
    lengths: Mapping[int, str] = field(default_factory=dict)
    places: Iterable[tuple[str, Array]] = ()
    only_here: bool = False
    guesses: Iterable[tuple[str, Array]] = ()

    def same(self, u: Array, v: Array) -> bool:
        """Equal, as far as a numerical gradient can tell."""
        size = np.linalg.norm(u) + np.linalg.norm(v)
        slack = 1e-5 * size + min(2 * np.linalg.norm(self.noise), 1e-3 * size)
        return u.shape == v.shape and bool(np.linalg.norm(u - v) <= slack)


def diagnose(case: Case) -> str:
    """Finish the sentence "The claimed gradient of ..." with the first test that fits.

    Examples
    --------
    >>> n = np.array([1.0, 2.0, 4.0])
    >>> diagnose(Case(x=n, a=-n, n=n, noise=0 * n, wrong=n > 0))
    'has the wrong sign: it is -1 times the numerical one'
    """
    return next(said for said in (test(case) for test in _TESTS) if said)


def count(n: int, noun: str) -> str:
    """Return "1 entry", "2 entries", "1,000 numbers"."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{n:,} {noun if n == 1 else plural}"


def at(index: Any) -> str:
    """Write an index as "[1, 2]"; that of a plain number as nothing."""
    return f"[{', '.join(str(int(i)) for i in index)}]" if len(index) else ""


def listed(words: Iterable[Any]) -> str:
    """Write "a", "a and b", "a, b and c"."""
    *most, last = map(str, words)
    return f"{', '.join(most)} and {last}" if most else last


def _fit(a: Array, n: Array, axis: Any = None) -> Array:
    """Return the factor for which factor * n comes nearest to a."""
    square = np.sum(n * n, axis=axis, keepdims=True)
    return np.asarray(np.sum(a * n, axis=axis, keepdims=True) / np.where(square > 0, square, 1))


# --- the tests, in the order in which they are tried ------------------------------------------------------
def _not_finite(c: Case) -> str | None:
    for values, said in ((c.a, "is"), (c.n, "can't be measured: the loss is not finite next to")):
        if not np.isfinite(values).all():
            where = np.argwhere(~np.isfinite(values))
            first = f"entry {at(where[0])}" if c.x.ndim else "it"
            return f"{said} {values[tuple(where[0])]} in {first}" if said == "is" else f"{said} {first}"
    return None


def _zero(c: Case) -> str | None:
    if np.any(c.a):
        return None
    said = "is zero where it should not be"
    if c.only_here and not np.any(c.x):
        said += (
            " (the parameter is exactly 0 here: if the loss is built from relu, abs or max, it may be a "
            "smooth function on which the convention at a kink is not the derivative: move off 0 and check)"
        )
    return said


def _float32(c: Case) -> str | None:
    if is_float32(c.a) and np.linalg.norm(c.a - c.n) < 1e-5 * np.linalg.norm(c.n):
        return "holds float32 numbers only: precision was lost on the way; compute in float64 throughout"
    return None


def is_float32(a: Array) -> bool:
    """Tell whether every number in it is a float32 number, whatever its dtype."""
    with np.errstate(over="ignore"):
        return bool(np.array_equal(a, a.astype(np.float32)))


def _factor(c: Case, *, why: bool = True) -> str | None:
    factor = float(_fit(c.a, c.n).item())
    if not factor or not c.same(c.a, factor * c.n):
        return None
    if abs(factor + 1) < 1e-4:
        return "has the wrong sign: it is -1 times the numerical one"
    for ratio, name in ((factor, "{}"), (1 / factor, "1/{}")):
        whole = round(ratio)
        if abs(whole) > 1 and abs(ratio - whole) < 1e-4 * abs(whole):
            hint = _hint(c, whole, many=ratio is factor) if why else ""
            return f"is {name.format(whole)} times the numerical one{f' ({hint})' if hint else ''}"
    return f"is {factor:.6g} times the numerical one, a constant factor" if c.a.size > 1 else None


def _hint(c: Case, whole: int, *, many: bool) -> str:
    if whole < 2:
        return ""
    hints = []
    if whole == 2:
        square = "the 2 of a derived square, counted once too often?"
        hints.append(square if many else "the 2 of a derived square, or one of two equal paths, missing?")
    if whole > 2 or whole in c.lengths:
        what = f"{whole} is {c.lengths[whole]}" if whole in c.lengths else f"if {whole} is the batch size B"
        mean = (
            f"the 1/{whole} of a mean is missing"
            if many
            else "a mean was taken where a sum belongs, or twice"
        )
        hints.append(f"{what}: {mean}")
    return " or ".join(hints)


def _guessed(c: Case) -> str | None:
    return next((said for said, guess in c.guesses if c.a.size > 1 and c.same(c.a, guess)), None)


def _masked(c: Case) -> str | None:
    """Zeros in the wrong places."""
    still, claimed_still = abs(c.n) <= c.noise, c.a == 0
    if not still.any() or still.all():
        return None
    if np.array_equal(still, ~claimed_still):
        return "is zero exactly where it should not be: a mask (relu, dropout, max) is on the wrong side"
    if np.array_equal(c.wrong, still & ~claimed_still):
        return "is right except where the loss does not move and it should be zero: a mask is missing (relu?)"
    return None


def _rearranged(c: Case) -> str | None:
    if c.n.size < 2 or np.ptp(c.n) <= 2 * c.noise.max():
        return None
    dims = range(c.n.ndim)
    for i, j in ((i, j) for i in dims for j in dims if i < j):
        swapped = np.swapaxes(c.n, i, j)
        if c.same(c.a.ravel(), swapped.ravel()):
            reshaped = "" if c.a.shape == swapped.shape else " and then reshaped"
            return f"is the right one transposed{reshaped}: axes {i} and {j} are exchanged"
    for axes in [(i,) for i in dims] + [tuple(dims[i:]) for i in dims if i < c.n.ndim - 1]:
        if c.same(c.a, np.flip(c.n, axes)):
            return f"is the right one flipped: its order along axis {listed(axes)} is reversed"
    for axis, shift in ((i, s) for i in dims for s in (1, -1)):
        if c.same(c.a, np.roll(c.n, shift, axis)):
            return f"is the right one shifted by one along axis {axis}"
    if c.n.size > 3 and c.same(np.sort(c.a.ravel()), np.sort(c.n.ravel())):
        return f"has the right {c.n.size} numbers, but in another order"
    return None


def _somewhere(c: Case) -> str | None:
    """Say which entries are wrong, if some are right, and what is wrong with those."""
    if not np.any(~c.wrong & (abs(c.n) > c.noise)):
        return None
    place = _place(c)
    x, a, n, noise, wrong = (v[c.wrong] for v in (c.x, c.a, c.n, c.noise, c.wrong))
    part = Case(x, a, n, noise, wrong, only_here=c.only_here)
    said = _zero(part) or _factor(part, why=False)
    if place is None and (said is None or c.wrong.mean() > 0.5):
        return None
    place = place or f"in {count(int(c.wrong.sum()), 'entry')} of {c.a.size:,}"
    return f"is wrong only {place}{f'; there it {said}' if said else ''}"


def _place(c: Case) -> str | None:
    several = c.wrong.sum() > 1
    moving = abs(c.n) + abs(c.a) > c.noise
    for words, entries in c.places:
        if np.array_equal(c.wrong, entries & moving):
            return words
    for axis in range(c.a.ndim) if c.a.ndim > 1 else ():
        across = tuple(i for i in range(c.a.ndim) if i != axis)
        bad = np.asarray(c.wrong.any(axis=across))
        if np.array_equal(bad, bad & np.all(c.wrong | ~moving, axis=across)) and bad.sum() <= min(
            4, len(bad) - 1
        ):
            word = ("row", "column")[axis] if c.a.ndim == 2 else f"slice along axis {axis}, number"
            words = f"{word}s" if bad.sum() > 1 and c.a.ndim == 2 else word
            return f"in {words} {listed(np.flatnonzero(bad))} of {len(bad)}"
    for word, side in (("negative", c.x < 0), ("positive", c.x > 0), ("exactly 0", c.x == 0)):
        if several and np.array_equal(c.wrong, side & moving):
            return f"where the parameter is {word}, in {count(int(c.wrong.sum()), 'entry')}"
    if c.wrong.sum() <= 4:
        return f"at {listed([at(i) for i in np.argwhere(c.wrong)])}"
    return None


def _signs(c: Case) -> str | None:
    if c.a.size > 1 and c.same(abs(c.a), abs(c.n)):
        return f"has the right size everywhere, but the wrong sign in {count(int(c.wrong.sum()), 'entry')}"
    return None


def _difference(c: Case) -> str | None:
    """Say what the difference is made of."""
    d = c.a - c.n
    if c.a.size < 3:
        return None
    if c.same(d, np.full_like(d, d.mean())):
        return f"is off by the same number, {d.mean():.6g}, everywhere: a constant term is missing or extra"
    decay = float(_fit(d, c.x).item())
    if c.same(d, decay * c.x):
        return f"is off by {decay:.6g} times the parameter itself: an L2 term is missing, extra or mis-scaled"
    for axis, length in enumerate(c.a.shape):
        if length > 2 and c.same(d, np.broadcast_to(d.mean(axis, keepdims=True), d.shape)):
            return (
                f"is off by the same amount all along axis {axis}: a term that is common to that axis, "
                "such as a mean or a sum, is missing or wrong"
            )
    for axis, length in enumerate(c.a.shape):
        rows, xs = (np.moveaxis(v, axis, -1).reshape(-1, length) for v in (d, c.x))
        if length > 4 and c.same(rows, _spanned(rows, xs, np.ones(length))):
            return (
                f"is off by a constant plus a multiple of the parameter along axis {axis}: the mean terms "
                "of a normalisation, through mean and variance, are missing or wrong"
            )
        for name, gamma in c.others.items():
            if (
                length > 6
                and gamma.shape == (length,)
                and c.same(rows, _spanned(rows, xs, np.ones(length), gamma))
            ):
                return (
                    f"has {name} outside the means of the normalisation along axis {axis}; it belongs inside"
                )
    return None


def _spanned(rows: Array, xs: Array, *weights: Array) -> Array:
    """Return the nearest to each row that is made of the weights and of the weights times x."""
    fitted = np.empty_like(rows)
    for i, (row, x) in enumerate(zip(rows, xs, strict=True)):
        basis = np.stack([v for w in weights for v in (w, w * x)], axis=1)
        fitted[i] = basis @ np.linalg.lstsq(basis, row, rcond=None)[0]
    return fitted


def _slices(c: Case) -> str | None:
    """Each row, or each column, off by a factor of its own."""
    for axis, length in enumerate(c.a.shape):
        factor = _fit(c.a, c.n, tuple(i for i in range(c.a.ndim) if i != axis))
        if 1 < length < c.a.size and c.same(c.a, factor * c.n):
            return (
                f"has a factor of its own, from {factor.min():.4g} to {factor.max():.4g}, for each index "
                f"along axis {axis}: what belongs to that index (a derivative, a scale) is missing or wrong"
            )
    return None


def _after(c: Case) -> str | None:
    if c.right_after:
        return (
            f"is wrong and that of {listed(c.right_after)} right: if those come later in the network, look "
            "at the backward step between them"
        )
    return None


def _unknown(c: Case) -> str:
    a, n = c.a[c.wrong], c.n[c.wrong]
    if np.linalg.norm(a - n) < 1e-4 * np.linalg.norm(n):
        return "is off by very little: rounding (float32 on the way?) or an approximate formula"
    return "is wrong in a way this check has no name for: look at its worst entry"


_TESTS: tuple[Callable[[Case], str | None], ...] = (
    _not_finite, _zero, _float32, _factor, _guessed, _masked, _rearranged, _somewhere, _signs, _difference,
    _slices, _after, _unknown,
)  # fmt: skip


def wrong_shape(a: Array, n: Array) -> str:
    """Finish the sentence for a gradient that has not its parameter's shape."""
    said = f"has shape {a.shape}, and its parameter {n.shape}"
    same = Case(n, n, n, np.zeros(n.shape), np.zeros(n.shape, bool)).same
    if a.T.shape == n.shape and a.ndim > 1:
        return f"{said}: it is transposed{'' if same(a.T, n) else ', and wrong besides'}"
    if a.size == n.size:
        return f"{said}: {'only reshape it' if same(a.ravel(), n.ravel()) else 'reshape it, and more'}"
    extra = a.ndim - n.ndim
    if extra >= 0:
        axes = [*range(extra), *(extra + i for i, m in enumerate(n.shape) if m == 1 != a.shape[extra + i])]
        summed = a.sum(axis=tuple(axes)) if axes else a
        if summed.size == n.size:
            right = "it is right once summed" if same(summed.ravel(), n.ravel()) else "sum it"
            return (
                f"{said}: {right} over axis {listed(axes)}, along which the parameter was broadcast (copied "
                "forward means summed backward)"
            )
    return said
