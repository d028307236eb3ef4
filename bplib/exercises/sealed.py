"""Sealed checks: what students install when grades are at stake.

A `Check` holds functions that compute what is right. Sealed, it is data: the cases, what is right there, and
what each mistake comes to. It says the same sentences, and no function is left to call for an answer. Where a
question has no arguments, what is right would be the answer itself; hashes stand in its place.

What this prevents, and what it doesn't. Nobody comes upon an answer by looking: not with `repr`, not in the
file. But a check that tells right from wrong can be asked again and again, and a short program that tries all
short numbers finds one that it calls right. Where that matters, grade with hidden tests on another machine.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bplib.checks import Check, Judge, Number, Target
from bplib.contract import Array

_NEAR = 0.02  # the relative error of Number.near
_FLOOR = 1e-9  # what is smaller counts as 0, and has no sign


@dataclass(frozen=True)
class OneWay:
    """A target known by the hash of the cell in which it lies, on a grid of relative width 2 `tol` around it.

    Attributes
    ----------
    shape : tuple of int
        That of the value.
    tol : float
        Relative error that still counts as the same.
    same_mark, near_mark : tuple of a sequence of int, and str
        Where the grid starts for each entry, in thousandths of a cell, and the hash; on a grid of width
        `tol`, and on one of 2 percent.
    """

    shape: tuple[int, ...]
    tol: float
    same_mark: tuple[tuple[int, ...], str]
    near_mark: tuple[tuple[int, ...], str]

    @classmethod
    def of(cls, value: Array, tol: float) -> OneWay:
        """Keep of a value what is needed to know it again."""
        return cls(value.shape, tol, _mark(value, tol), _mark(value, _NEAR))

    def same(self, came: Array, times: float = 1.0) -> bool:
        """Whether a result is this, multiplied by `times`."""
        return came.shape == self.shape and _has(came / times, self.tol, self.same_mark)

    def near(self, came: Array) -> bool:
        """Whether a result of this shape is within 2 percent."""
        return _has(came, _NEAR, self.near_mark)


def _mark(value: Array, tol: float) -> tuple[tuple[int, ...], str]:
    """Lay the grid of each entry such that its cell reaches as far as counts as the same."""
    starts = tuple(int(1000 * (_place(v * (1 - tol), tol) % 1)) for v in value.flat)
    return starts, _hash(value, tol, starts)


def _has(came: Array, tol: float, mark: tuple[tuple[int, ...], str]) -> bool:
    starts, wanted = mark
    return bool(np.isfinite(came).all()) and _hash(came, tol, starts) == wanted


def _hash(value: Array, tol: float, starts: tuple[int, ...]) -> str:
    cells = [
        (0 if abs(v) < _FLOOR else math.copysign(1, v), math.floor(_place(v, tol) - start / 1000))
        for v, start in zip(value.flat, starts, strict=True)
    ]
    # The starts differ from answer to answer: they are the salt.
    return hashlib.sha256(repr((tol, starts, cells)).encode()).hexdigest()[:20]


def _place(v: float, tol: float) -> float:
    """Return log |v| in units of a cell, which reaches from 1 - tol to 1 + tol of what it is laid around."""
    return math.log(max(abs(v), _FLOOR)) / math.log((1 + tol) / (1 - tol))


class SealedCheck(Judge):
    """A check made of `seal`'s data; call it on the student's function."""

    def __init__(self, data: Mapping[str, Any]):
        self.returns, self.tol, self.without = data["returns"], data["tol"], data["without"]
        self.cases = [_opened_case(case) for case in data["cases"]]
        self.differ = {sentence: _opened_case(case) for sentence, case in data["differ"].items()}
        self.mistakes = {
            sentence: [{name: self._target(kept) for name, kept in case.items()} for case in cases]
            for sentence, cases in data["mistakes"].items()
        }
        self._truths = [[self._target(kept) for kept in case] for case in data["truths"]]

    def truths(self) -> list[list[Target]]:
        """Return for each case the right results, in order."""
        return self._truths

    def mistaken(self, sentence: str, i: int) -> Mapping[str, Target]:
        """Return by name what the mistake of this sentence makes of case i."""
        return self.mistakes[sentence][i]  # type: ignore[no-any-return]

    def _target(self, kept: Any) -> Target:
        if not isinstance(kept, dict):
            return Number(np.asarray(kept, float), self.tol)
        marks = ((tuple(starts), mark) for starts, mark in (kept["same"], kept["near"]))
        return OneWay(tuple(kept["shape"]), self.tol, *marks)


def seal(check: Check) -> dict[str, Any]:
    """Return a check as plain data, ready for JSON.

    Examples
    --------
    >>> check = Check(lambda: 6.0, returns=["edges"], cases=[{}], mistakes={"count them twice": lambda: 3.0})
    >>> data = seal(check)
    >>> data["truths"][0][0]["shape"], "6" in repr(SealedCheck(data))
    ([], False)
    >>> SealedCheck(data)(lambda: 6)
    Right: edges.
    >>> print(SealedCheck(data).judge(lambda: 3))
    Not yet. edges: count them twice. Here it comes out as 3.
    """
    hide = not check.cases[0]

    def kept(number: Number) -> Any:
        if not hide:
            return _numbers(number.value)
        mark = OneWay.of(number.value, number.tol)
        return {"shape": list(mark.shape), "same": mark.same_mark, "near": mark.near_mark}

    return {
        "returns": list(check.returns),
        "tol": check.tol,
        "without": list(check.without),
        "cases": [_sealed_case(case) for case in check.cases],
        "differ": {sentence: _sealed_case(case) for sentence, case in check.differ.items()},
        "truths": [[kept(number) for number in case] for case in check.truths()],
        "mistakes": {
            sentence: [
                {name: kept(number) for name, number in check.mistaken(sentence, i).items()}
                for i in range(len(check.cases))
            ]
            for sentence in check.mistakes
        },
    }


def sealed_checks(path: Path) -> dict[str, SealedCheck]:
    """Read the checks of a chapter, by name."""
    return {name: SealedCheck(data) for name, data in json.loads(path.read_text(encoding="utf-8")).items()}


def _numbers(value: Array) -> Any:
    """Write an array as nested lists, with twelve digits: a check compares seven at most."""
    return np.vectorize(lambda v: float(f"{v:.12g}"), otypes=[float])(value).tolist()


def _sealed_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Say of each argument what it is: a number, a tuple, or an array of some type."""
    return {name: _sealed_argument(value) for name, value in case.items()}


def _sealed_argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    return {"tuple": list(value)} if isinstance(value, tuple) else value


def _opened_case(case: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _opened_argument(value) for name, value in case.items()}


def _opened_argument(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(value["tuple"]) if "tuple" in value else np.array(value["array"], value["dtype"])
    return value
