"""diagnosis: what a wrong gradient looks like, as a table of mistakes.

When a claimed gradient differs from the numerical one, this file says how. A mistake is words, which end the
sentence "The claimed gradient of W ...", and the gradient to which it leads; the first that fits is chosen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

import numpy as np

from bplib.gradcheck.subject import Array, are

Finding = tuple[str, Array]


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
    all_wrong : bool
        No parameter has a right gradient, and there are several.
    lengths : dict of int to str
        Known counts, such as the batch size: a factor of that size is no accident.
    places : iterable of (str, array of bool)
        Entries that may be wrong for a reason of their own, with the words for it.
    only_here : bool
        The claim is known at this point only, not as a function that could be asked nearby.
    paths : iterable of (str, array)
        Gradients that lost a path, each with words for it.
    guesses : iterable of (str, array)
        Pairs of a finding and the gradient that would prove it.
    vaguer_guesses : iterable of (str, array)
        The same, for when no finding that says more explains the gradient.
    partials : iterable of (str, array)
        The last resort: what is wrong in the Jacobian that leads to the claimed gradient.
    """

    x: Array
    a: Array
    n: Array
    noise: Array
    wrong: Array
    others: Mapping[str, Array] = field(default_factory=dict)
    right_after: Sequence[str] = ()
    all_wrong: bool = False
    lengths: Mapping[int, str] = field(default_factory=dict)
    places: Iterable[Finding] = ()
    only_here: bool = False
    paths: Iterable[Finding] = ()
    guesses: Iterable[Finding] = ()
    vaguer_guesses: Iterable[Finding] = ()
    partials: Iterable[Finding] = ()


def same(u: Array, v: Array, noise: Array | float = 0.0) -> bool:
    """Equal, as far as numerical gradients can tell."""
    size = np.linalg.norm(u) + np.linalg.norm(v)
    slack = 1e-5 * size + np.minimum(2 * np.linalg.norm(noise), 1e-3 * size)
    return u.shape == v.shape and bool(size < np.inf and np.linalg.norm(u - v) <= slack)


def diagnose(case: Case) -> str:
    """Finish the sentence "The claimed gradient of ..." with the first finding that explains the difference.

    Examples
    --------
    >>> n = np.array([1.0, 2.0, 4.0])
    >>> diagnose(Case(x=n, a=-n, n=n, noise=0 * n, wrong=n > 0))
    'has the wrong sign: it is -1 times the numerical one'
    """
    findings = (finding for mistake in _MISTAKES for finding in mistake(case))
    return _not_finite(case) or _first(case, findings) or NAMELESS


def throughout(c: Case, *, reasons: bool = True) -> str:
    """Say what is wrong with all entries alike, wherever they stand; nothing if that explains too little."""
    return _first(c, [*_zero(c), *_factor(c, reasons=reasons)])


def _first(c: Case, findings: Iterable[Finding]) -> str:
    """Return the words of the first finding that explains how claimed and numerical gradient differ."""
    return next((said for said, gradient in findings if same(c.a - c.n, gradient - c.n, c.noise)), "")


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


# --- what is no gradient at all ---------------------------------------------------------------------------
def _not_finite(c: Case) -> str:
    for values, said in ((c.a, "is {} in"), (c.n, "can't be measured: the loss is not finite next to")):
        if not np.isfinite(values).all():
            where = np.argwhere(~np.isfinite(values))[0]
            return f"{said.format(values[tuple(where)])} {f'entry {at(where)}' if c.x.ndim else 'it'}"
    return ""


# --- mistakes: each yields findings, a finding being words and the gradient to which this mistake leads ----
def _zero(c: Case) -> Iterator[Finding]:
    why = "with relu, abs or max the convention at a kink may differ from the derivative: move off 0"
    at_0 = f" (the parameter is exactly 0 here: {why})" if c.only_here and not np.any(c.x) else ""
    if not np.any(c.a):
        yield f"is zero where it should not be{at_0}", c.a


def _float32(c: Case) -> Iterator[Finding]:
    if are(np.float32, c.a) and np.linalg.norm(c.a - c.n) < 1e-5 * np.linalg.norm(c.n):
        yield "holds float32 numbers only: precision was lost on the way; compute in float64 throughout", c.a


def _factor(c: Case, *, reasons: bool = True) -> Iterator[Finding]:
    factor = float(_fit(c.a, c.n).item())
    if abs(factor + 1) < 1e-4:
        yield "has the wrong sign: it is -1 times the numerical one", factor * c.n
    for ratio, name in ((factor, "{}"), (1 / factor if factor else 0, "1/{}")):
        whole = round(ratio)
        if abs(whole) > 1 and abs(ratio - whole) < 1e-4 * abs(whole):
            why = " or ".join(_reasons(c, whole, many=ratio is factor)) if reasons else ""
            yield f"is {name.format(whole)} times the numerical one{f' ({why})' if why else ''}", factor * c.n
    if c.a.size > 1 and factor:
        yield f"is {factor:.6g} times the numerical one, a constant factor", factor * c.n


def _reasons(c: Case, whole: int, *, many: bool) -> Iterator[str]:
    """Yield what may have led to a factor of a whole number, or to one over it."""
    if whole == 2:
        missing = "or one of two equal paths, missing?"
        yield f"the 2 of a derived square, {'counted once too often?' if many else missing}"
    if whole > 2 or whole in c.lengths:
        what = f"{whole} is {c.lengths[whole]}" if whole in c.lengths else f"if {whole} is the batch size B"
        extra = "a mean was taken where a sum belongs, or twice"
        yield f"{what}: {f'the 1/{whole} of a mean is missing' if many else extra}"


# What the gradient of a loss is a multiple of, for outputs p and targets t.
_LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "the mean squared error": lambda p, t: p - t,
    "the mean absolute error": lambda p, t: np.sign(p - t),
    "binary cross-entropy from probabilities": lambda p, t: (p - t) / (p * (1 - p)),
    "binary cross-entropy from logits": lambda p, t: 1 / (1 + np.exp(-p)) - t,
    "cross-entropy from probabilities": lambda p, t: -t / p,
    "cross-entropy from logits": lambda p, t: np.exp(p) / np.exp(p).sum(axis=-1, keepdims=True) - t,
}


def _another_loss(c: Case) -> Iterator[Finding]:
    targets = [t for t in c.others.values() if t.size > 1 and t.shape == c.a.shape]
    for target, (loss, slope) in product(targets, _LOSSES.items()):
        with np.errstate(all="ignore"):
            form = slope(c.x, target)
            fitted = _fit(c.a, form) * form
        yield f"is that of another loss: {loss}", fitted


def _transposed(c: Case) -> Iterator[Finding]:
    """Find a matrix that carries an axis of the parameter forward: n = g W gives g, and g W.T was claimed."""
    for (name, W), (axis, length) in product(c.others.items(), enumerate(c.n.shape)):
        if W.shape == (length, length) and length > 1 and np.linalg.cond(W) < 1e4:
            why = f"what goes through {name} comes back through {name}.T (it is square, so no shape tells)"
            for M in (W, W.T):
                g = np.moveaxis(c.n, axis, -1) @ np.linalg.inv(M)
                said = f"multiplies by {name} where its transpose belongs, or the reverse: {why}"
                yield said, np.moveaxis(g @ M.T, -1, axis)


def _masked(c: Case) -> Iterator[Finding]:
    still = abs(c.n) <= c.noise
    if np.any(c.a[still]):
        said = "is zero exactly where it should not be: a mask (relu, dropout, max) is on the wrong side"
        yield said, np.where(still, c.a, 0)
        said = "is right except where the loss does not move and it should be zero: a mask is missing (relu?)"
        yield said, np.where(still, c.a, c.n)


def _rearranged(c: Case) -> Iterator[Finding]:
    if c.n.size < 2 or np.ptp(c.n) <= 2 * c.noise.max():
        return
    dims = range(c.n.ndim)
    for i, j in combinations(dims, 2):
        swapped = np.swapaxes(c.n, i, j)
        reshaped = "" if c.a.shape == swapped.shape else " and then reshaped"
        said = f"is the right one transposed{reshaped}: axes {i} and {j} are exchanged"
        yield said, swapped.reshape(c.n.shape)
    for axes in [(i,) for i in dims] + [tuple(dims[i:]) for i in dims[:-1]]:
        said = f"is the right one flipped: its order along axis {listed(axes)} is reversed"
        yield said, np.flip(c.n, axes)
    for axis, shift in product(dims, (1, -1)):
        yield f"is the right one shifted by one along axis {axis}", np.roll(c.n, shift, axis)
    if c.n.size > 3:
        rank = np.argsort(np.argsort(c.a, axis=None))
        said = f"has the right {c.n.size} numbers, but in another order"
        yield said, np.sort(c.n, axis=None)[rank].reshape(c.n.shape)


def _somewhere(c: Case) -> Iterator[Finding]:
    """Only some entries are wrong: say which, and what is wrong with those."""
    if not np.any(~c.wrong & (abs(c.n) > c.noise)):
        return
    some = c.wrong
    part = Case(c.x[some], c.a[some], c.n[some], c.noise[some], some[some], only_here=c.only_here)
    there, place = throughout(part, reasons=False), _place(c)
    if not place and there and c.wrong.mean() <= 0.5:
        place = f"in {count(int(c.wrong.sum()), 'entry')} of {c.a.size:,}"
    if place:
        yield f"is wrong only {place}{f'; there it {there}' if there else ''}", c.a


def _place(c: Case) -> str:
    """Say which entries are wrong, if that can be said in few words."""
    moving, many = abs(c.n) + abs(c.a) > c.noise, int(c.wrong.sum())
    for words, entries in c.places:
        if np.array_equal(c.wrong, entries & moving):
            return words
    for axis in range(c.a.ndim) if c.a.ndim > 1 else ():
        across = tuple(i for i in range(c.a.ndim) if i != axis)
        bad = np.asarray(c.wrong.any(axis=across))
        whole = np.all(c.wrong | ~moving, axis=across)
        if not np.any(bad & ~whole) and bad.sum() <= min(4, len(bad) - 1):
            word = ("row", "column")[axis] if c.a.ndim == 2 else f"slice along axis {axis}, number"
            words = f"{word}s" if bad.sum() > 1 and c.a.ndim == 2 else word
            return f"in {words} {listed(np.flatnonzero(bad))} of {len(bad)}"
    for word, side in (("negative", c.x < 0), ("positive", c.x > 0), ("exactly 0", c.x == 0)):
        if many > 1 and np.array_equal(c.wrong, side & moving):
            return f"where the parameter is {word}, in {count(many, 'entry')}"
    return f"at {listed([at(i) for i in np.argwhere(c.wrong)])}" if many <= 4 else ""


def _clipped(c: Case) -> Iterator[Finding]:
    bound, many = np.max(abs(c.a)), int(c.wrong.sum())
    if 1 < many < c.a.size:
        yield f"is right but clipped at {bound:.6g}, in {count(many, 'entry')}", np.clip(c.n, -bound, bound)


def _signs(c: Case) -> Iterator[Finding]:
    if c.a.size > 1:
        said = f"has the right size everywhere, but the wrong sign in {count(int(c.wrong.sum()), 'entry')}"
        yield said, np.copysign(c.n, c.a)


def _extra(c: Case) -> Iterator[Finding]:
    """Yield terms that the difference may be made of."""
    d = c.a - c.n
    if c.a.size < 3:
        return
    said = f"is off by the same number, {d.mean():.6g}, everywhere: a constant term is missing or extra"
    yield said, c.n + d.mean()
    decay = float(_fit(d, c.x).item())
    said = f"is off by {decay:.6g} times the parameter itself: an L2 term is missing, extra or mis-scaled"
    yield said, c.n + decay * c.x
    for axis, length in enumerate(c.a.shape):
        term = "a term common to that axis, such as a mean or a sum, is missing or wrong"
        if length > 2:
            said = f"is off by the same amount all along axis {axis}: {term}"
            yield said, c.n + d.mean(axis, keepdims=True)
    for axis, length in enumerate(c.a.shape):
        ones, terms = np.ones(length), "the mean terms of a normalisation are missing or wrong"
        said = f"is off by a constant plus a multiple of the parameter along axis {axis}"
        if length > 4:
            yield f"{said}: {terms}", c.n + _spanned(d, c.x, axis, ones)
        for name, gamma in c.others.items():
            said = f"has {name} outside the means of the normalisation along axis {axis}; it belongs inside"
            if length > 6 and gamma.shape == (length,):
                yield said, c.n + _spanned(d, c.x, axis, ones, gamma)


def _spanned(d: Array, x: Array, axis: int, *weights: Array) -> Array:
    """Return the nearest to d that is made, along an axis, of the weights and of the weights times x."""
    fitted = np.moveaxis(np.empty_like(d), axis, -1)
    for i in np.ndindex(fitted.shape[:-1]):
        basis = np.stack([v for w in weights for v in (w, w * np.moveaxis(x, axis, -1)[i])], axis=1)
        fitted[i] = basis @ np.linalg.lstsq(basis, np.moveaxis(d, axis, -1)[i], rcond=None)[0]
    return np.moveaxis(fitted, -1, axis)


def _slices(c: Case) -> Iterator[Finding]:
    """Each row, or each column, has a factor of its own."""
    for axis, length in enumerate(c.a.shape):
        factor = _fit(c.a, c.n, tuple(i for i in range(c.a.ndim) if i != axis))
        said = f"has a factor of its own, from {factor.min():.4g} to {factor.max():.4g}, for each index"
        what = "what belongs to that index (a derivative, a scale) is missing or wrong"
        if 1 < length < c.a.size:
            yield f"{said} along axis {axis}: {what}", factor * c.n


def _vague(c: Case) -> Iterator[Finding]:
    one = c.a.size == 1 and np.all(abs(c.n) > c.noise)
    wrong = f"is {c.a.item() / c.n.item():.6g} times the numerical one" if one else "is wrong"
    if c.right_after:
        who = f"those of {listed(c.right_after)} are", "them"
        who = who if len(c.right_after) > 1 else (f"that of {c.right_after[0]} is", c.right_after[0])
        said = f"{wrong} while {who[0]} right: look at the backward step that leads to it and not to {who[1]}"
        yield said, c.a
    if np.linalg.norm((c.a - c.n)[c.wrong]) < 1e-4 * np.linalg.norm(c.n[c.wrong]):
        yield "is off by very little: rounding (float32 on the way?) or an approximate formula", c.a
    yield from c.partials
    if c.all_wrong:
        said = "every other is wrong too: look first where the backward pass begins, at the loss's derivative"
        yield f"{wrong}; {said}", c.a


NAMELESS = "is wrong in a way this check has no name for: look at its worst entry"
_MISTAKES: tuple[Callable[[Case], Iterable[Finding]], ...] = (
    _zero, _float32, lambda c: c.paths, _factor, lambda c: c.guesses if c.a.size > 1 else (), _transposed,
    _another_loss, _masked, _rearranged, _clipped, _somewhere, _signs, _extra,
    lambda c: c.vaguer_guesses if c.a.size > 1 else (), _slices, _vague,
)  # fmt: skip


def wrong_shape(a: Array, n: Array) -> str:
    """Finish the sentence for a gradient that has not its parameter's shape."""
    said = f"has shape {a.shape}, and its parameter {n.shape}"
    if a.T.shape == n.shape and a.ndim > 1:
        return f"{said}: it is transposed{'' if same(a.T, n) else ', and wrong besides'}"
    if a.size == n.size:
        return f"{said}: {'only reshape it' if same(a.ravel(), n.ravel()) else 'reshape it, and more'}"
    extra = a.ndim - n.ndim
    axes = tuple(i for i in range(a.ndim) if i < extra or n.shape[i - extra] == 1 != a.shape[i])
    if extra >= 0 and axes and (summed := a.sum(axis=axes)).size == n.size:
        right = "it is right once summed" if same(summed.ravel(), n.ravel()) else "sum it"
        why = "along which the parameter was broadcast (copied forward means summed backward)"
        return f"{said}: {right} over axis {listed(axes)}, {why}"
    return said
