"""Sealed checks say what the open ones say, and hold nothing that computes or shows an answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_answers import CHECKS, MISTAKES, RIGHT, WRONG, as_tuple, with_one_mistake

from bplib.checks import Check
from bplib.exercises.sealed import SealedCheck, seal

DATA = {name: json.loads(json.dumps(seal(check), allow_nan=False)) for name, check in CHECKS.items()}
SEALED = {name: SealedCheck(data) for name, data in DATA.items()}
WITHOUT_ARGUMENTS = [name for name, check in CHECKS.items() if not check.cases[0]]
each_check = pytest.mark.parametrize("name", CHECKS)


@pytest.mark.parametrize(("name", "answer"), [*RIGHT, *((name, answer) for name, answer, _ in WRONG)])
def test_every_listed_answer_gets_the_same_sentence(name, answer):
    assert SEALED[name].judge(answer) == CHECKS[name].judge(answer)


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_every_mistake_gets_the_same_sentence(name, sentence):
    answer = with_one_mistake(CHECKS[name], CHECKS[name].mistakes[sentence])
    assert SEALED[name].judge(answer) == CHECKS[name].judge(answer)


@each_check
@pytest.mark.parametrize("wrong", [
    lambda good: 0 * good, lambda good: -good, lambda good: 2 * good, lambda good: good / -2,
    lambda good: good.T, lambda good: good[..., None], lambda good: good + np.nan,
    lambda good: 1.01 * good, lambda good: 1.03 * good,
])  # fmt: skip
def test_every_kind_of_wrong_gets_the_same_sentence(name, wrong):
    check = CHECKS[name]

    def one_wrong(k):
        def answer(*args):
            parts = [np.asarray(part, float) for part in as_tuple(check.reference(*args))]
            return tuple(wrong(part) if i == k else part for i, part in enumerate(parts))

        return answer

    def exchanged(*args):
        return as_tuple(check.reference(*args))[::-1]

    for answer in (*(one_wrong(k) for k in range(len(check.returns))), exchanged):
        assert SEALED[name].judge(answer) == check.judge(answer)


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
