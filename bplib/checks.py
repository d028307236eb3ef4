"""Feedback for exercises: one line that says right, or what kind of wrong.

After gradcheck, which doubts a gradient, this file reads a student's answer. A check is data: a reference,
a few cases, and the mistakes that people make. It never shows the right answer. Called in a notebook, it
prints its line when the answer is right; else it raises it, alone, without a stack: the cell fails, for a
reader as for a grader. Programs ask `judge`, which returns the line.
"""

from __future__ import annotations

import copy
import inspect
import io
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Protocol

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


def within(calls: int, run: Callable[[], Any]) -> float:
    """Return 1.0 if `run()` makes at most so many calls of functions, and 0.0 as soon as it makes more.

    Calls are counted, and not seconds: what is too long for one computer is too long for all. Where an engine
    walks every path, a check so learns it before the walk is over.

    Examples
    --------
    >>> within(100, lambda: sorted([3, 1, 2], key=abs))
    1.0
    >>> within(100, lambda: [abs(x) for x in range(10**9)])
    0.0
    """
    made = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")
        if made > calls:
            raise _TooManyCallsError

    before = sys.getprofile()
    try:
        sys.setprofile(count)
        run()
    except _TooManyCallsError:
        return 0.0
    finally:
        sys.setprofile(before)
    return 1.0


class _TooManyCallsError(Exception):
    """More calls than `within` allows."""


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


class NotYetError(Exception):
    """An answer that isn't right yet. The message is what a check has to say; Jupyter shows it alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Target(Protocol):
    """What a result is compared with: the right one, or a mistaken one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that a result should have."""

    def same(self, came: Array, times: float = 1.0) -> bool:
        """Whether a result is this, multiplied by `times`."""

    def near(self, came: Array) -> bool:
        """Whether a result of this shape is within 2 percent."""


@dataclass(frozen=True)
class Number:
    """A target that is known: a number or an array, and the relative error that still counts as the same."""

    value: Array
    tol: float

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that a result should have."""
        return tuple(self.value.shape)

    def same(self, came: Array, times: float = 1.0) -> bool:
        """Whether a result is this, multiplied by `times`."""
        if came.shape != self.shape:
            return False
        wanted = times * self.value
        # The floor is what a measured slope of 0 may come out as.
        scale = max(float(np.abs(wanted).max(initial=0)), 1e-3)
        return bool(np.allclose(came, wanted, rtol=0, atol=self.tol * scale))

    def near(self, came: Array) -> bool:
        """Whether a result of this shape is within 2 percent."""
        return bool(np.allclose(came, self.value, rtol=0.02, atol=0))


class Judge:
    """How an answer is read. What is right, and what each mistake comes to, is for subclasses to say."""

    returns: Sequence[str]
    cases: Sequence[Case]
    mistakes: Mapping[str, Any]
    differ: Mapping[str, Case]
    without: Sequence[str]
    tol: float

    def truths(self) -> Sequence[Sequence[Target]]:
        """Return for each case the right results, in order."""
        raise NotImplementedError

    def mistaken(self, sentence: str, i: int) -> Mapping[str, Target]:
        """Return by name what the mistake of this sentence makes of case i."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"A check of {', '.join(self.returns)}: call it on your function."

    def __call__(self, answer: Any) -> None:
        """Print that the answer is right, or raise what kind of wrong it is.

        Raises
        ------
        NotYetError
            If the answer is wrong; the message is one line for the student.
        """
        feedback = self.judge(answer)
        if not feedback:
            raise NotYetError(feedback.text)
        print(feedback)

    def judge(self, answer: Any) -> Feedback:
        """Try the answer on every case and say in one line what came of it.

        What the answer prints is shown up to twenty lines. Warnings, and whatever else goes to stderr, are
        not shown: they cost a right answer nothing.
        """
        names = getattr(getattr(answer, "__code__", None), "co_names", ())
        if used := [name for name in self.without if name in names]:
            return Feedback(False, f"Not yet. It calls {used[0]}; compute the results from the arguments.")
        truths = self.truths()
        try:
            with _few_lines():
                given = [
                    self._results(answer, case, truth) for case, truth in zip(self.cases, truths, strict=True)
                ]
                apart = [self._results(answer, case, truths[0]) for case in self.differ.values()]
        except _UnreadableError as reason:
            return Feedback(False, f"Not yet. {reason}")
        for k, name in enumerate(self.returns):
            pairs = list(zip([g[k] for g in given], [t[k] for t in truths], strict=True))
            wrong = [i for i, (came, truth) in enumerate(pairs) if not truth.same(came)]
            if wrong:
                # Where some number is NaN, the case that shows it.
                i = next((i for i in wrong if not np.isfinite(given[i][k]).all()), wrong[0])
                return _not_yet(name, self._kind(k, given, truths, len(wrong)), self.cases[i], given[i][k])
        for (sentence, case), came in zip(self.differ.items(), apart, strict=True):
            if np.array_equal(came[0], came[-1]):
                return _not_yet(self.returns[-1], sentence, case, came[-1])
        count = f", in {len(self.cases)} cases of {len(self.cases)}" if len(self.cases) > 1 else ""
        return Feedback(True, f"Right: {', '.join(self.returns)}{count}.")

    def hidden(self, answer: Any, case: Case, results: Mapping[str, Any]) -> None:
        """Compare the answer with results written out for one more case, and tell nothing of that case.

        For hidden tests. Arguments and results are by name, in the order of the check; the tolerance is that
        of the check. A question without arguments has no other case: there `case` is ``{}``.

        Raises
        ------
        ValueError
            If the names of `case` or `results` are not those of the check.
        NotYetError
            If the answer is wrong.

        Examples
        --------
        >>> check = Check(lambda w, x: w * x, returns=["z"], cases=[{"w": 1.0, "x": 2.0}])
        >>> check.hidden(lambda w, x: w * x, {"w": 2.0, "x": 3.0}, {"z": 6.0})
        """
        for what, names, wanted in (
            ("arguments", list(case), list(self.cases[0])),
            ("results", list(results), list(self.returns)),
        ):
            if names != wanted:
                raise ValueError(
                    f"The {what} of this check are {', '.join(wanted) or 'none'}, in this order; "
                    f"got {', '.join(names) or 'none'}."
                )
        truth = [Number(np.asarray(part, float), self.tol) for part in results.values()]
        try:
            with _few_lines(0):
                came = self._results(answer, case, truth, shown=False)
        except _UnreadableError as reason:
            raise NotYetError(f"Not yet. {reason}") from None
        for name, mine, right in zip(self.returns, came, truth, strict=True):
            if not right.same(mine):
                where = " in a case that is not shown" if case else ""
                raise NotYetError(f"Not yet. {name}: it is not right{where}.")

    def _results(self, answer: Any, case: Case, truth: Sequence[Target], shown: bool = True) -> list[Array]:
        """Return the student's results for one case, or raise with a sentence on why there are none."""
        if not callable(answer):
            raise _UnreadableError(
                "Give the check your function itself: its name, without brackets after it."
            )
        args = _copy(case)
        try:
            with np.errstate(all="ignore"):
                out = answer(*args.values())
        except (Exception, SystemExit) as error:
            kind, said = _told(error)
            if kind == "NotImplementedError":
                raise _UnreadableError(
                    "Nothing is written yet: put your lines in the place of NotImplementedError."
                ) from None
            where = _with(case) if shown else "In a case that is not shown "
            what = said if shown else f"{kind}."
            raise _UnreadableError(f"{where}your function stops with {what}") from None
        for name, before in case.items():
            if not np.array_equal(args[name], before):
                raise _UnreadableError(f"Your function changes its argument {name} in place; work on a copy.")
        if out is None:
            raise _UnreadableError("Your function returns None: does it end with a return line?")
        out = _apart(out, [target.shape for target in truth])
        if len(out) != len(self.returns):
            wanted = ", ".join(self.returns)
            how = "in this order, with commas between" if len(self.returns) > 1 else "and nothing else"
            raise _UnreadableError(f"Return {wanted}, {how}; the number of results is {len(out)}.")
        return [_number(name, value) for name, value in zip(self.returns, out, strict=True)]

    def _kind(self, k: int, given: list[list[Array]], truths: Sequence[Sequence[Target]], wrong: int) -> str:
        """Say what kind of wrong result k is, the most telling kind first."""
        pairs = [(g[k], t[k]) for g, t in zip(given, truths, strict=True)]

        def stands(i: int, j: int) -> bool:
            return all(t[j].same(g[i]) for g, t in zip(given, truths, strict=True))

        def everywhere(test: Callable[[Array, Target], Any]) -> bool:
            return all(test(came, truth) for came, truth in pairs)

        others = [j for j in range(len(self.returns)) if j != k]
        exchanged = [j for j in others if stands(k, j) and stands(j, k)]
        for sentence in self.mistakes:
            if all(self._explains(sentence, i, [g[i] for g in given]) for i in [k, *exchanged]):
                return sentence
        if exchanged:
            return f"it and {self.returns[exchanged[0]]} have changed places"
        if everywhere(lambda came, truth: came.ndim > 1 and truth.same(came.T)):
            return "it is transposed"
        if not everywhere(lambda came, truth: came.shape == truth.shape):
            came, truth = next((c, t) for c, t in pairs if c.shape != t.shape)
            return f"its shape should be {_shape(truth.shape)}, and is {_shape(came.shape)}"
        if not everywhere(lambda came, truth: np.isfinite(came).all()):
            return "it holds NaN or infinity"
        for other in others:
            if stands(k, other):
                return f"what stands here is {self.returns[other]}"
        if everywhere(lambda came, truth: not came.any()):
            return "it is zero, whatever comes in"
        for factor, sentence in _FACTORS.items():
            if all(truth.same(came, factor) for came, truth in pairs):
                return sentence
        first = Number(pairs[0][0], self.tol)
        if len(pairs) > 1 and everywhere(lambda came, truth: first.same(came)):
            return "it is the same for every input; compute it from the arguments"
        if everywhere(lambda came, truth: truth.near(came)):
            return "it is within 2 percent, which is not near enough: was something rounded on the way?"
        if wrong < len(pairs):
            right = len(pairs) - wrong
            return f"it is right in {right} case{'s' if right > 1 else ''} of {len(pairs)} only"
        return "it is not the right number" if not pairs[0][1].shape else "its numbers are not the right ones"

    def _explains(self, sentence: str, k: int, came: list[Array]) -> bool:
        """Whether this mistake makes result k what it came out as, in every case."""
        for i, mine in enumerate(came):
            wrong = self.mistaken(sentence, i).get(self.returns[k])
            if wrong is None or not wrong.same(mine):
                return False
        return True


@dataclass(frozen=True, repr=False)
class Check(Judge):
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
    differ : mapping of str to mapping
        From what to say to a case in which the last result must not be the first to the last bit: where one
        is computed and the other measured, they can't be.
    without : sequence of str
        Names that the answer must not use: it would be handed what it should compute.

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
    Traceback (most recent call last):
        ...
    bplib.checks.NotYetError: Not yet. dw: the inner slope x is missing. With w = 1, x = 2 it comes out as 4.
    """

    reference: Callable[..., Any]
    returns: Sequence[str]
    cases: Sequence[Case]
    mistakes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    tol: float = 1e-6
    differ: Mapping[str, Case] = field(default_factory=dict)
    without: Sequence[str] = ()

    def __post_init__(self) -> None:
        for sentence in self.mistakes:
            self.mistaken(sentence, 0)

    def truths(self) -> list[list[Number]]:
        """Return for each case the right results, in order."""
        return [
            [Number(part, self.tol) for part in _arrays(self.reference(*_copy(case).values()))]
            for case in self.cases
        ]

    def mistaken(self, sentence: str, i: int) -> dict[str, Number]:
        """Return by name what the mistake of this sentence makes of case i."""
        out = self.mistakes[sentence](*_copy(self.cases[i]).values())
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
        return {name: Number(np.asarray(part, float), self.tol) for name, part in out.items()}


class _UnreadableError(Exception):
    """An answer that holds no results to compare; the message is for the student."""


class _Few(io.TextIOBase):
    """A file that hands on so many lines, and counts the rest."""

    def __init__(self, out: Any, lines: int, length: int = 200):
        self.out, self.lines, self.length, self.seen, self.line = out, lines, length, 0, ""

    def write(self, text: str) -> int:
        """Take a piece of text; show its lines, cut where they are long, as long as there are few."""
        *ended, rest = text.split("\n")
        for piece in ended:
            self.end(self.line + piece[: self.length])
            self.line = ""
        self.line = (self.line + rest[: self.length])[: self.length]
        return len(text)

    def end(self, line: str) -> None:
        self.seen += 1
        if self.seen <= self.lines:
            self.out.write(line[: self.length] + "\n")

    def finish(self) -> None:
        """Show the last line, and say how many were not shown."""
        if self.line:
            self.end(self.line)
        if self.lines and self.seen > self.lines:
            self.out.write(f"... and {self.seen - self.lines} lines more from your function.\n")


@contextmanager
def _few_lines(lines: int = 20) -> Iterator[None]:
    """Run a student's function: show what it prints up to so many lines, and nothing of stderr."""
    few = _Few(sys.stdout, lines)
    try:
        with warnings.catch_warnings(), redirect_stdout(few), redirect_stderr(_Few(sys.stderr, 0)):
            warnings.simplefilter("ignore")
            yield
    finally:
        few.finish()


#: What NumPy says of a product `a @ b` whose inner axes differ: the length in b, then that in a.
_PRODUCT = re.compile(r"matmul: Input operand 1 has a mismatch.*\(size (\d+) is different from (\d+)\)")


def _told(error: BaseException) -> tuple[str, str]:
    """Return the type of an error, and type and message in one line.

    A function that runs in another process raises an error of another type, whose message begins with the
    type of the student's: ``ValueError: ...``.
    """
    said = (str(error).splitlines() or [""])[0]
    if sizes := _PRODUCT.search(said):
        right, left = sizes.groups()
        lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)]
        where = f" in {lines[-1]}" if lines and lines[-1] else ""
        said = f"{said[: sizes.start()]}matmul: axes of length {left} and {right} don't fit{where}"
    if elsewhere := re.match(r"(\w+(Error|Exception|Exit|Interrupt|Warning))(: |$)", said):
        return elsewhere[1], said
    kind = type(error).__name__
    return kind, f"{kind}: {said}".removesuffix(": ")


def _not_yet(name: str, kind: str, case: Case, came: Array) -> Feedback:
    stop = "" if kind.endswith("?") else "."
    return Feedback(False, f"Not yet. {name}: {kind}{stop} {_with(case)}it comes out as {_show(came)}.")


def _copy(case: Case) -> dict[str, Any]:
    return copy.deepcopy(dict(case))


def _arrays(out: Any) -> list[Array]:
    return [np.asarray(part, float) for part in (out if isinstance(out, tuple) else (out,))]


def _apart(out: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Take what a function returned apart into as many results as there should be, if it can be meant so."""
    if len(shapes) > 1:
        row = isinstance(out, np.ndarray) and out.ndim == 1 and not any(shapes)
        return list(out) if row or isinstance(out, tuple | list) else [out]
    if isinstance(out, tuple):
        row = len(shapes[0]) == 1 and len(out) > 1 and all(isinstance(part, Real) for part in out)
        return [list(out)] if row else list(out)
    return [out]


def _number(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except Exception:  # rows of different lengths; a tensor that doesn't turn into an array
        array = np.asarray(None)
    mask = array.dtype.kind == "b" and array.ndim > 0  # as z > 0 makes, where a slope is 0 or 1
    if array.dtype.kind not in "fiu" and not mask:
        hint = "; return its .data" if hasattr(value, "data") and hasattr(value, "grad") else ""
        if isinstance(value, list) and any(hasattr(part, "local_grads") for part in array.flat):
            hint = " of Values; return their .data"
        raise _UnreadableError(
            f"{name} should be a number or an array, and is a {type(value).__name__}{hint}."
        )
    return array.astype(float)


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape) if shape else "that of a single number"


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
