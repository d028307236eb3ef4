"""Sealed checks say what the open ones say, and hold nothing that computes or shows an answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_answers import CHECKS, DATA, SEALED, as_tuple, judged

from bplib.checks import Check
from bplib.exercises.sealed import SealedCheck, seal

WITHOUT_ARGUMENTS = [name for name, check in CHECKS.items() if not check.cases[0]]
each_check = pytest.mark.parametrize("name", CHECKS)


KINDS_OF_WRONG = {
    "nothing": lambda good: 0 * good, "the sign": lambda good: -good, "twice": lambda good: 2 * good,
    "half, and the sign": lambda good: good / -2, "transposed": lambda good: good.T,
    "an axis more": lambda good: good[..., None], "no number": lambda good: good + np.nan,
    "1 percent off": lambda good: 1.01 * good, "3 percent off": lambda good: 1.03 * good,
}  # fmt: skip


@each_check
def test_every_kind_of_wrong_gets_the_same_sentence(name):
    """As every answer of `test_answers.py` does, where both are asked."""
    check = CHECKS[name]

    def one_wrong(k, wrong):
        def answer(*args):
            parts = [np.asarray(part, float) for part in as_tuple(check.reference(*args))]
            return tuple(wrong(part) if i == k else part for i, part in enumerate(parts))

        return answer

    def exchanged(*args):
        return as_tuple(check.reference(*args))[::-1]

    judged(name, exchanged)
    for kind, wrong in KINDS_OF_WRONG.items():
        for k, result in enumerate(check.returns):
            answer = one_wrong(k, wrong)
            assert SEALED[name].judge(answer) == check.judge(answer), f"{result}: {kind}"


@each_check
def test_nothing_in_a_sealed_check_computes(name):
    def inside(thing):
        yield thing
        if isinstance(thing, dict):
            for part in thing.values():
                yield from inside(part)
        elif isinstance(thing, list | tuple):
            for part in thing:
                yield from inside(part)
        elif hasattr(thing, "__dict__"):
            yield from inside(vars(thing))

    assert not [part for part in inside(vars(SEALED[name])) if callable(part)]
    assert not hasattr(SEALED[name], "reference")


@pytest.mark.parametrize("name", WITHOUT_ARGUMENTS)
def test_the_answer_to_a_question_stands_nowhere(name):
    """Of what is right, and of what a mistake comes to, there is a hash and how its grid lies."""
    data = DATA[name]
    kept = [target for case in data["truths"] for target in case]
    kept += [target for cases in data["mistakes"].values() for case in cases for target in case.values()]
    assert kept
    for target in kept:
        assert set(target) == {"shape", "same", "near"}
        for starts, mark in (target["same"], target["near"]):
            assert all(isinstance(start, int) and 0 <= start < 1000 for start in starts)
            assert len(mark) == 20
    assert repr(SEALED[name]) == repr(CHECKS[name])


@pytest.mark.parametrize("name", WITHOUT_ARGUMENTS)
def test_the_tolerance_of_a_question_is_that_of_its_check(name):
    check = CHECKS[name]
    good = [np.asarray(part, float) for part in as_tuple(check.reference())]
    for off in (-1.01, -0.98, 0.98, 1.01):
        answer = tuple(part * (1 + off * check.tol) for part in good)
        if not all(part.ndim for part in good):
            assert SEALED[name].judge(lambda answer=answer: answer) == check.judge(
                lambda answer=answer: answer
            )


def test_what_is_0_has_no_sign():
    check = Check(lambda: np.array([0.0, 2.0]), returns=["slope"], cases=[{}])
    sealed = SealedCheck(json.loads(json.dumps(seal(check))))
    for zero in (0.0, -0.0, 1e-18, -1e-18):
        assert sealed.judge(lambda zero=zero: np.array([zero, 2.0]))
    assert not sealed.judge(lambda: np.array([-1e-3, 2.0]))
