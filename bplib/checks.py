"""Feedback for exercises: one line that says right, or what kind of wrong.

After gradcheck, which doubts a gradient, this file reads a student's answer. A check is data: a reference,
a few cases, and the mistakes that people make. It never raises on an answer and never shows the right one.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from bplib.contract import Array
from bplib.gradcheck import numerical_gradient

Case = Mapping[str, Any]

_FACTORS = {
    -1.0: "the sign is wrong",
    2.0: "it is twice as large as it should be",
    0.5: "it is half as large as it should be",
    -2.0: "it is twice as large as it should be, and the sign is wrong",
    -0.5: "it is half as large as it should be, and the sign is wrong",
}


def by_nudging(loss: Callable[..., Any], *wrt: str) -> Callable[..., tuple[Any, ...]]:
    """Return a function that measures d loss / d argument by moving the arguments named in `wrt`.

    As the reference of a `Check` it needs no formula for the gradient, and so can't share one's mistake.

    Raises
    ------
    ValueError
        If `loss` has no argument of that name.

    Examples
    --------
    >>> gradients = by_nudging(lambda w, x: w**2 * x, "w", "x")
    >>> [round(g, 6) for g in gradients(3.0, 2.0)]
    [12.0, 9.0]
    """
    names = list(inspect.signature(loss).parameters)
    if unknown := [name for name in wrt if name not in names]:
        raise ValueError(f"loss has no argument {', '.join(unknown)}; its arguments are {', '.join(names)}.")

    def measure(*args: Any) -> tuple[Any, ...]:
        def slope(k: int) -> Any:
            return numerical_gradient(lambda moved: loss(*args[:k], moved, *args[k + 1 :]), args[k])

        return tuple(slope(names.index(name)) for name in wrt)

    return measure


def instead(right: Callable[..., Any], /, **wrong: Callable[[Any], Any]) -> Callable[..., dict[str, Any]]:
    """Return a mistake in the results named; each function takes what `right` returns for the case.

    Examples
    --------
    >>> mistake = instead(lambda w, x: w * x, dw=lambda z: 2 * z)
    >>> mistake(3.0, 2.0)
    {'dw': 12.0}
    """
    return lambda *case: {name: part(right(*case)) for name, part in wrong.items()}


@dataclass(frozen=True, repr=False)
class Feedback:
    """What a check found: true when the answer is right, one line to read either way."""

    ok: bool
    text: str

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, repr=False)
class Check:
    """A check for one exercise. Call it on the student's function.

    To write one, give the function that is right, cases that tell the mistakes apart, and for each mistake
    that you have seen a sentence and a function that makes it.

    Parameters
    ----------
    reference : callable
        Takes the arguments of the exercise and returns the right result; for a gradient use `by_nudging`.
    returns : sequence of str
        Names of the results, in order. One name: a single number or array. Several: a tuple.
    cases : sequence of mapping
        Arguments by name, in the order of the function's signature; the smallest case first, because the
        first case that fails is the one shown. ``{}`` for a function without arguments.
    mistakes : mapping of str to callable
        From what to say ("the input x is missing from it") to a function that is wrong in this way. It
        returns all results, as `reference` does, or by name those that it touches, ``{"dw": ...}``. Each
        result is compared by itself, so a mistake is recognised in ``dw`` although ``db`` is right.
    tol : float
        Relative error that still counts as right.

    Raises
    ------
    ValueError
        If a mistake names a result that isn't among `returns`, or returns another number of them.

    Notes
    -----
    Found without being listed: nothing written yet, an exception, None, the wrong number of results, what is
    not a number, NaN, the wrong shape, a transpose, two results exchanged, a result in the place of another,
    zero, the same result for every case, a wrong sign, a constant factor, a rounded number, an argument
    changed in place.

    Examples
    --------
    >>> def loss(w, x):
    ...     return (w * x) ** 2
    >>> check = Check(
    ...     by_nudging(loss, "w"),
    ...     returns=["dw"],
    ...     cases=[{"w": 1.0, "x": 2.0}, {"w": -1.0, "x": 3.0}],
    ...     mistakes={"the inner slope x is missing": lambda w, x: 2 * w * x},
    ... )
    >>> check(lambda w, x: 2 * w * x * x)
    Right: dw, in 2 cases of 2.
    >>> check(lambda w, x: 2 * w * x)
    Not yet. dw: the inner slope x is missing. With w = 1, x = 2 it comes out as 4.
    """

    reference: Callable[..., Any]
    returns: Sequence[str]
    cases: Sequence[Case]
    mistakes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    tol: float = 1e-6

    def __post_init__(self) -> None:
        for sentence in self.mistakes:
            self._mistaken(sentence, self.cases[0])

    def __repr__(self) -> str:
        return f"A check of {', '.join(self.returns)}: call it on your function."

    def __call__(self, answer: Any) -> Feedback:
        """Try the answer on every case and say in one line what came of it."""
        truths = [_arrays(self.reference(*_copy(case).values())) for case in self.cases]
        try:
            given = [
                self._results(answer, case, truth) for case, truth in zip(self.cases, truths, strict=True)
            ]
        except _UnreadableError as reason:
            return Feedback(False, f"Not yet. {reason}")
        for k, name in enumerate(self.returns):
            pairs = list(zip([g[k] for g in given], [t[k] for t in truths], strict=True))
            wrong = [i for i, (came, truth) in enumerate(pairs) if not self._same(came, truth)]
            if wrong:
                # Where some number is NaN, the case that shows it.
                i = next((i for i in wrong if not np.isfinite(given[i][k]).all()), wrong[0])
                first, came = self.cases[i], given[i][k]
                kind = self._kind(k, given, truths, len(wrong))
                stop = "" if kind.endswith("?") else "."
                return Feedback(
                    False, f"Not yet. {name}: {kind}{stop} {_with(first)}it comes out as {_show(came)}."
                )
        count = f", in {len(self.cases)} cases of {len(self.cases)}" if len(self.cases) > 1 else ""
        return Feedback(True, f"Right: {', '.join(self.returns)}{count}.")

    def _results(self, answer: Any, case: Case, truth: list[Array]) -> list[Array]:
        """Return the student's results for one case, or raise with a sentence on why there are none."""
        if not callable(answer):
            raise _UnreadableError(
                "Give the check your function itself: its name, without brackets after it."
            )
        args = _copy(case)
        try:
            with np.errstate(all="ignore"):
                out = answer(*args.values())
        except NotImplementedError:
            raise _UnreadableError(
                "Nothing is written yet: put your lines in the place of NotImplementedError."
            ) from None
        except Exception as error:
            said = f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")
            raise _UnreadableError(f"{_with(case)}your function stops with {said}") from None
        for name, before in case.items():
            if not np.array_equal(args[name], before):
                raise _UnreadableError(f"Your function changes its argument {name} in place; work on a copy.")
        if out is None:
            raise _UnreadableError("Your function returns None: does it end with a return line?")
        out = _apart(out, truth)
        if len(out) != len(self.returns):
            wanted = ", ".join(self.returns)
            how = "in this order, with commas between" if len(self.returns) > 1 else "and nothing else"
            raise _UnreadableError(f"Return {wanted}, {how}; the number of results is {len(out)}.")
        return [_number(name, value) for name, value in zip(self.returns, out, strict=True)]

    def _kind(self, k: int, given: list[list[Array]], truths: list[list[Array]], wrong: int) -> str:
        """Say what kind of wrong result k is, the most telling kind first."""
        pairs = [(g[k], t[k]) for g, t in zip(given, truths, strict=True)]

        def stands(i: int, j: int) -> bool:
            return all(self._same(g[i], t[j]) for g, t in zip(given, truths, strict=True))

        def everywhere(test: Callable[[Array, Array], Any]) -> bool:
            return all(test(came, truth) for came, truth in pairs)

        others = [j for j in range(len(self.returns)) if j != k]
        exchanged = [j for j in others if stands(k, j) and stands(j, k)]
        for sentence in self.mistakes:
            if all(self._explains(sentence, i, [g[i] for g in given]) for i in [k, *exchanged]):
                return sentence
        if exchanged:
            return f"it and {self.returns[exchanged[0]]} have changed places"
        if everywhere(lambda came, truth: came.ndim > 1 and self._same(came.T, truth)):
            return "it is transposed"
        if not everywhere(lambda came, truth: came.shape == truth.shape):
            came, truth = next((c, t) for c, t in pairs if c.shape != t.shape)
            return f"its shape should be {_shape(truth)}, and is {_shape(came)}"
        if not everywhere(lambda came, truth: np.isfinite(came).all()):
            return "it holds NaN or infinity"
        for other in others:
            if stands(k, other):
                return f"what stands here is {self.returns[other]}"
        if everywhere(lambda came, truth: not came.any()):
            return "it is zero, whatever comes in"
        for factor, sentence in _FACTORS.items():
            if all(self._same(came, factor * truth) for came, truth in pairs):
                return sentence
        if len(pairs) > 1 and everywhere(lambda came, truth: self._same(came, pairs[0][0])):
            return "it is the same for every input; compute it from the arguments"
        if everywhere(lambda came, truth: np.allclose(came, truth, rtol=0.02, atol=0)):
            return "it is within 2 percent, which is not near enough: was something rounded on the way?"
        if wrong < len(pairs):
            right = len(pairs) - wrong
            return f"it is right in {right} case{'s' if right > 1 else ''} of {len(pairs)} only"
        return "it is not the right number" if not pairs[0][1].ndim else "its numbers are not the right ones"

    def _explains(self, sentence: str, k: int, came: list[Array]) -> bool:
        """Whether this mistake makes result k what it came out as, in every case."""
        for case, mine in zip(self.cases, came, strict=True):
            wrong = self._mistaken(sentence, case).get(self.returns[k])
            if wrong is None or not self._same(mine, wrong):
                return False
        return True

    def _mistaken(self, sentence: str, case: Case) -> dict[str, Array]:
        """Return by name what a mistake makes of a case."""
        out = self.mistakes[sentence](*_copy(case).values())
        if not isinstance(out, Mapping):
            parts = out if len(self.returns) > 1 else (out,)
            if not isinstance(parts, tuple) or len(parts) != len(self.returns):
                raise ValueError(
                    f"The mistake {sentence!r} returns other than the {len(self.returns)} results "
                    f"{', '.join(self.returns)}; return those it touches by name, as in "
                    f"{{{self.returns[0]!r}: ...}}."
                )
            out = dict(zip(self.returns, parts, strict=True))
        if unknown := [name for name in out if name not in self.returns]:
            raise ValueError(
                f"The mistake {sentence!r} names a result {', '.join(unknown)}; "
                f"the results are {', '.join(self.returns)}."
            )
        if missing := [name for name, part in out.items() if part is None]:
            raise ValueError(f"The mistake {sentence!r} has None for {', '.join(missing)}; leave it out.")
        return {name: np.asarray(part, float) for name, part in out.items()}

    def _same(self, a: Array, b: Array) -> bool:
        if a.shape != b.shape:
            return False
        # The floor is what a measured slope of 0 may come out as.
        scale = max(float(np.abs(b).max(initial=0)), 1e-3)
        return bool(np.allclose(a, b, rtol=0, atol=self.tol * scale))


class _UnreadableError(Exception):
    """An answer that holds no results to compare; the message is for the student."""


def _copy(case: Case) -> dict[str, Any]:
    return copy.deepcopy(dict(case))


def _arrays(out: Any) -> list[Array]:
    return [np.asarray(part, float) for part in (out if isinstance(out, tuple) else (out,))]


def _apart(out: Any, truth: list[Array]) -> list[Any]:
    """Take what a function returned apart into as many results as there should be, if it can be meant so."""
    if len(truth) > 1:
        row = isinstance(out, np.ndarray) and out.ndim == 1 and not any(part.ndim for part in truth)
        return list(out) if row or isinstance(out, tuple | list) else [out]
    if isinstance(out, tuple):
        row = truth[0].ndim == 1 and len(out) > 1 and all(isinstance(part, Real) for part in out)
        return [list(out)] if row else list(out)
    return [out]


def _number(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except Exception:  # rows of different lengths; a tensor that doesn't turn into an array
        array = np.asarray(None)
    if array.dtype.kind not in "fiu":
        hint = "; return its .data" if hasattr(value, "data") and hasattr(value, "grad") else ""
        if isinstance(value, list) and any(hasattr(part, "local_grads") for part in array.flat):
            hint = " of Values; return their .data"
        raise _UnreadableError(
            f"{name} should be a number or an array, and is a {type(value).__name__}{hint}."
        )
    return array.astype(float)


def _shape(array: Array) -> str:
    return str(array.shape) if array.ndim else "that of a single number"


def _show(value: Any) -> str:
    shown = np.array2string(
        np.asarray(value, float),
        max_line_width=1_000_000,
        separator=", ",
        formatter={"float_kind": lambda number: f"{number + 0.0:.6g}"},  # + 0.0 turns -0 into 0
    )
    return shown.replace("\n", "")


def _with(case: Case) -> str:
    return (
        f"With {', '.join(f'{name} = {_show(value)}' for name, value in case.items())} " if case else "Here "
    )
