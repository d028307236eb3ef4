"""verdict: whether a claimed gradient is right, parameter by parameter.

`numerical` measured slopes; this file holds a claim against them. What fails is measured more closely before
it is called wrong. Then `diagnosis` finds words for it and `report` shows them.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from bplib.gradcheck.diagnosis import NAMELESS, Case, at, count, diagnose, listed, throughout, wrong_shape
from bplib.gradcheck.guesses import look_inside
from bplib.gradcheck.numerical import POWER, jitter, second_look, slopes, steps, typical
from bplib.gradcheck.report import Report, Result
from bplib.gradcheck.subject import PRECISIONS, Array, Subject, are

_RTOL = {"central": 1e-6, "forward": 1e-5, "complex": 1e-6}


class How(NamedTuple):
    """How to check: the options of `gradcheck`."""

    method: str
    h: float | None
    rtol: float | None
    directions: int | None = None
    rng: "np.random.Generator | None" = None

    def __str__(self) -> str:
        how = "complex step" if self.method == "complex" else f"{self.method} difference"
        along = f" along {count(self.directions or 0, 'random direction')} in each parameter"
        return how if self.directions is None else how + along


# --- one parameter ----------------------------------------------------------------------------------------
@dataclass
class _Verdict:
    """Claimed and numerical slopes of one parameter, flat, and what a second look found."""

    s: Subject
    k: int
    a: Array
    n: Array
    off: Array  # how far rounding may have put n off
    rtol: float
    kinks: dict[int, str] = field(default_factory=dict)  # which entries stand at a kink, in words
    crossed: int = 0  # entries that failed because the step reached over a kink
    settled: int = 0  # entries that failed with the given step and are right
    rough: bool = False  # is the loss far noisier than its last digits?
    finding: str = ""  # what is wrong, in words

    def __post_init__(self) -> None:
        self.name = self.s.names[self.k]

    @property
    def wrong(self) -> Array:
        return ~(abs(self.a - self.n) <= self.rtol * (abs(self.a) + abs(self.n)) + self.off)

    def blurred(self, share: float) -> bool:
        """Tell whether rounding hides more than a share of the whole."""
        return bool(np.linalg.norm(self.off) > share * (np.linalg.norm(self.a) + np.linalg.norm(self.n)))

    def look_again(self, some: Array, reach: Array) -> None:
        """Measure some entries more closely; the step that they failed with is their reach."""
        look, failed = second_look(self.s, self.k, some), self.wrong[some]
        self.n[some], self.off[some] = look.nearest(self.a[some]), look.off
        right = failed & ~self.wrong[some]
        self.settled += int(right.sum())
        self.crossed += int((right & ~look.kink & (look.bend <= 1.01 * reach)).sum())
        for j in np.flatnonzero(look.kink):
            i, where = int(some[j]), at(np.unravel_index(some[j], self.s.arrays[self.k].shape))
            between = f"slopes {look.left[j]:.6g} and {look.right[j]:.6g}"
            self.kinks[i] = f"{self.name}{where} ({between}, claimed {self.a[i]:.6g})"

    @property
    def resolution(self) -> float:
        """The smallest relative error of the whole gradient that would be called wrong."""
        largest = np.argsort(-abs(self.n))[:8]  # those that are looked at again
        with np.errstate(all="ignore"):
            share = np.fmin.reduce(self.off[largest] / abs(self.n[largest]), initial=np.inf)
        return float((2 * self.rtol + share) / (1 - self.rtol))

    def kink(self) -> str:
        """Describe a kink, if possible one where the claim is wrong."""
        return self.kinks[min(self.kinks, key=lambda i: not self.wrong[i])]

    def warnings(self, h: float | None) -> Iterator[str]:
        """Yield what to know although it is no error."""
        name = self.name
        if self.rough:
            said = f"The loss is rough as {name} moves, which blurs its slopes by {np.median(self.off):.0e}"
            yield f"{said}: is something on the way rounded to float32, or a difference of large numbers?"
        elif self.blurred(0.05) and np.any(abs(self.n) > self.off):
            said = f"Rounding in a loss of {self.s.value:.3g} blurs the slopes of {name} by about"
            yield f"{said} {np.median(self.off):.0e}; most are too small to be checked."
        if self.s.eps > 1e-10:
            least = f"below {self.resolution:.1%} of it" if self.resolution < 1 else "at all"
            yield f"In so few digits no error in the gradient of {name} shows {least}."
        if self.finding:
            return
        if self.wrong.any():
            said = f"The claimed gradient of {name} adds up conventions at several kinks that meet here"
            yield f"{said} exactly, and is right a small step away: {self.kink()}."
        elif self.kinks:
            several = f"the one-sided slopes ({count(len(self.kinks), 'such entry')})"
            said = f"The loss has a kink at {self.kink()}. There is no derivative there"
            yield f"{said}; what is claimed lies within {several}."
        if self.crossed:
            entries = count(self.crossed, "entry")
            yield f"A kink lies within the step in {entries} of {name}; with a smaller step they agree."
        elif self.settled and h is not None:
            size = "large" if h > self.s.eps ** POWER["central"] else "small"
            yield f"The step h={h:g} is too {size} for {name}; with other steps the numbers agree."

    def result(self, shape: tuple[int, ...]) -> Result:
        grid = self.s.arrays[self.k].shape
        i, errors, wrong = 0, np.zeros(self.a.size), np.flatnonzero(self.wrong)
        with np.errstate(all="ignore"):
            gap, size = abs(self.a - self.n), abs(self.a) + abs(self.n)
            whole = np.linalg.norm(self.a) + np.linalg.norm(self.n)
            error = float(np.linalg.norm(gap) / np.maximum(whole, 1e-300))
            if wrong.size:
                i = wrong[np.argmax(np.nan_to_num(gap[wrong], nan=np.inf))]
            if self.finding:
                errors = np.nan_to_num(np.where(gap <= self.off, 0, gap / size), nan=1.0, posinf=1.0)
        worst = tuple(int(j) for j in np.unravel_index(i, grid))
        many, a, n = f"{count(self.a.size, 'number')} compared", float(self.a[i]), float(self.n[i])
        where = f"relative error {error:.2g}, worst{' ' * bool(worst)}{at(worst)}"
        said = f"{many}, {where}: claimed {a:.6g}, numerical {n:.6g}" if self.finding else many
        numbers = self.a.size, worst, a, n, error, self.resolution, errors.reshape(grid)
        return Result(self.name, shape, not self.finding, said, self.finding, *numbers)


def _judge(s: Subject, k: int, a: Array, rtol: float, how: How) -> _Verdict:
    """Compare every entry, then look again at those that differ, worst first, until one is surely wrong."""
    # Numbers that are all float32 numbers are exact or were rounded: hold them to more digits.
    if rtol <= 1e-6 and s.eps < 1e-10 and are(np.float32, a):
        rtol = min(rtol, 1e-9)
    v = _Verdict(s, k, a, *slopes(s, k, how.method, how.h), rtol)
    reach = steps(s.arrays[k].ravel(), how.method, how.h)
    if v.wrong.any() and how.method != "complex":  # is the loss noisier than its last digits?
        noise = jitter(s, k)
        v.off, v.rough = np.maximum(v.off, noise / reach), noise > 1e6 * s.eps * abs(s.value)
    doubtful, sure, many = v.wrong, ~np.isfinite(a), 4
    if v.blurred(1e-3):  # a spot check of what rounding hides
        doubtful[np.argsort(-np.maximum(abs(a), abs(v.n)))[:8]] = True
    while doubtful.any() and not sure.any():
        some = np.flatnonzero(doubtful)
        gap = np.nan_to_num(abs(a - v.n)[some], nan=np.inf)
        some, many = some[np.argsort(-gap)][:many], 4 * many
        v.look_again(some, reach[some])
        doubtful[some], sure = False, v.wrong[some]
    return v


def _right_nearby(v: _Verdict) -> bool:
    """Tell whether the claimed gradient is right a small step away, so that only this point is special."""
    if v.s.back is None or not np.isfinite(v.a).all():
        return False
    nearby, some = v.s.nearby(np.random.default_rng(0)), np.flatnonzero(v.wrong)[:8]
    with suppress(ValueError, ArithmeticError):
        a = v.s.claim(nearby)[v.k].ravel()[some]
        look = second_look(replace(v.s, arrays=nearby), v.k, some)
        there = _Verdict(v.s, v.k, a, look.nearest(a), look.off, v.rtol)
        return not there.wrong.any() and bool(np.all(look.off <= 1e-3 * (abs(a) + abs(there.n)).max()))
    return False


# --- all parameters ---------------------------------------------------------------------------------------
def check(s: Subject, claimed: list[Array], how: How, problems: list[str]) -> Report:
    """Judge every parameter and write the report; the problems are those that are known already."""
    steps(np.zeros(1), how.method, how.h)  # refuses a bad method or step
    if not (how.rtol is None or (isinstance(how.rtol, int | float | np.floating) and how.rtol > 0)):
        raise ValueError(f"rtol must be one positive number, got {how.rtol!r}; left out, it fits")
    if said := unfit(s):
        return Report((), (*problems, said), (), str(how))
    shapes, misfits = [x.shape for x in s.arrays], []
    fits = [a.shape == shape for a, shape in zip(claimed, shapes, strict=True)]
    for k in (k for k, fit in enumerate(fits) if not fit):
        said = wrong_shape(claimed[k], slopes(s, k)[0].reshape(shapes[k]))
        misfits.append(f"The claimed gradient of {s.names[k]} {said}.")
    judged, problems = [k for k, x in enumerate(s.arrays) if fits[k] and x.size], [*problems, *misfits]
    rtol = how.rtol or (_RTOL[how.method] if s.eps < 1e-10 else 1e-2 if s.eps < 1e-5 else 5e-2)
    if how.directions is not None:
        s, claimed = _along(s, claimed, how)
    verdicts = [_judge(s, k, claimed[k].ravel(), rtol, how) for k in judged]
    for v in verdicts:
        v.finding = _finding(v, verdicts, how, bool(problems))
    warnings = [warning for v in verdicts for warning in v.warnings(how.h)]
    still = [v.name for v in verdicts if not (np.any(abs(v.n) > v.off) or v.kinks or v.wrong.any())]
    if len(still) == len(verdicts) and not misfits:
        said = "No parameter moves the loss, so nothing was checked: 0 = 0 proves nothing. Is the forward"
        also = "pass still empty, or does it ignore its parameters? If it is right, check it where it moves."
        problems.append(f"{said} {also}")
    elif still:
        warnings.append(f"The loss does not move with {listed(still)}: there the check says only 0 = 0.")
    if how.directions is not None:
        weak = "Random directions are the weaker check: an error in few entries can hide in the sum."
        warnings.append(f"{weak} Without directions= every entry is compared.")
    return Report(tuple(v.result(shapes[v.k]) for v in verdicts), tuple(problems), tuple(warnings), str(how))


def unfit(s: Subject) -> str:
    """Say why the loss can't be checked, if so."""
    value, again = s.value, s.evaluate()
    if s.changed:
        return f"The function changes {s.changed} in place; it must leave its inputs as they are."
    if abs(again - value) > 1e3 * s.eps * abs(value):
        gave = f"two calls gave {value:.6g} and {again:.6g}. Let every call draw the same random numbers"
        mend = "as in lambda x: f(x, rng=np.random.default_rng(0)); in a network switch dropout off"
        return f"The function is not deterministic: {gave}, {mend}."
    if np.finfo(s.computed_in).eps > np.finfo(s.coarsest).eps:
        rough = f"or pass {PRECISIONS[s.computed_in]}=True to gradcheck for a rough check"
        said = f"The loss is computed in {np.dtype(s.computed_in)}, whose rounding drowns the differences"
        return f"{said}; use float64 throughout, {rough}."
    return ""


def _along(s: Subject, claimed: list[Array], how: How) -> tuple[Subject, list[Array]]:
    """Return the loss and its claimed gradient as functions of places along random directions.

    A place is a number as large as the parameter's typical entry, so that the same steps suit both.
    """
    rng, directions = np.random.default_rng(0 if how.rng is None else how.rng), []
    for x in s.arrays:
        v = rng.standard_normal((how.directions or 0, *x.shape)) / np.sqrt(max(1, x.size))
        directions.append(v.astype(x.dtype))
    places = [np.full(len(v), typical(x), x.dtype) for x, v in zip(s.arrays, directions, strict=True)]

    def along(grads: list[Array]) -> list[Array]:
        several = zip(grads, s.arrays, directions, strict=True)
        return [np.tensordot(v, a, a.ndim) if a.shape == x.shape else a for a, x, v in several]

    def moved(ts: list[Array]) -> list[Array]:
        several = zip(s.arrays, ts, places, directions, strict=True)
        return [np.asarray(x + np.tensordot(t - place, v, 1)) for x, t, place, v in several]

    back = (lambda dout, ts: along(s.claim(moved(ts)))) if s.back else None
    return Subject(s.names, places, lambda ts: s.at(moved(ts)), back, coarsest=np.float16), along(claimed)


def _finding(v: _Verdict, verdicts: list[_Verdict], how: How, explained: bool) -> str:
    """Say what is wrong, if anything: finish the sentence "The claimed gradient of W ..."."""
    if not v.wrong.any():
        return ""
    if _right_nearby(v):
        why = "the loss is smooth here, and a small step away the claimed gradient is right"
        return "" if v.kinks else f"is the convention at a kink, and not the derivative: {why}"
    x = v.s.arrays[v.k]
    a, n, noise, wrong = (values.reshape(x.shape) for values in (v.a, v.n, v.off, v.wrong))
    if how.directions is not None:
        said = throughout(Case(x, a, n, noise, wrong)) if a.size > 1 else ""
        along = f"{count(int(wrong.sum()), 'direction')} of {a.size}"
        return said or f"disagrees along {along}; without directions= the check says in which entries"
    if any(v.wrong[i] for i in v.kinks):
        return f"is neither a slope at the kink nor between the two: {v.kink()}"
    s, others = v.s, [other for other in verdicts if other is not v]
    inside, alone = look_inside(s, v.k, n), s.back is None
    swapped = [(f"is that of {o.name}", o.n.reshape(n.shape)) for o in others if o.n.size == n.size]
    aside = {name: a.astype(float) for name, a in s.aside.items() if a.dtype.kind in "fiub"}
    known = inside | {"guesses": chain(swapped, inside.get("guesses", ())), "only_here": alone}
    known |= {"lengths": s.lengths, "others": aside | {o.name: s.arrays[o.k] for o in others}}
    known["right_after"] = [o.name for o in others if s.ordered and o.k > v.k and not o.wrong.any()]
    known["all_wrong"] = alone and len(verdicts) > 1 and all(o.wrong.any() for o in verdicts)
    if explained:  # by a problem with a name of its own: no vague words then
        known |= {"all_wrong": False, "partials": ()}
    said = diagnose(Case(x, a, n, noise, wrong, **known))
    return "is wrong, which this may explain" if explained and said == NAMELESS else said
