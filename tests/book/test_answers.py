"""Every chapter's checks, as students meet them: stubs, zeros, likely mistakes, right answers of many kinds.

`bplib/exercises/chNN.py` holds a chapter's checks; `answers_NN.py`, beside this file, its answers: `RIGHT`,
pairs of a check's name and a right answer that shares no line with the solution (every check has one), and
`WRONG`, triples of a check's name, a wrong answer and what its feedback must say.
"""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import nbformat
import numpy as np
import pytest
from notebooks import BOOK

from bplib import exercises
from bplib.checks import Check
from bplib.exercises.sealed import SealedCheck, seal

CHAPTERS = sorted(path.stem[2:] for path in Path(exercises.__path__[0]).glob("ch[0-9][0-9].py"))
ANSWERS = {chapter: import_module(f"answers_{chapter}") for chapter in CHAPTERS}


def remembered(function):
    """Return a function that computes each result once: many checks measure what is right, by nudging."""
    known = {}

    def again(*args):
        key = pickle.dumps(args)
        if key not in known:
            known[key] = pickle.dumps(function(*args))
        return pickle.loads(known[key])

    return again


CHECKS = {
    f"ch{chapter}.{name}": replace(check, reference=remembered(check.reference))
    for chapter in CHAPTERS
    for name, check in vars(import_module(f"bplib.exercises.ch{chapter}")).items()
    if isinstance(check, Check)
}
DATA = {name: json.loads(json.dumps(seal(check), allow_nan=False)) for name, check in CHECKS.items()}
SEALED = {name: SealedCheck(data) for name, data in DATA.items()}
MISTAKES = [(name, sentence) for name, check in CHECKS.items() for sentence in check.mistakes]
RIGHT = [(f"ch{chapter}.{name}", answer) for chapter in CHAPTERS for name, answer in ANSWERS[chapter].RIGHT]
WRONG = [(f"ch{chapter}.{name}", *rest) for chapter in CHAPTERS for name, *rest in ANSWERS[chapter].WRONG]
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)
each_check = pytest.mark.parametrize("name", CHECKS)


def of_chapter(chapter, names):
    return {name for name in names if name.startswith(f"ch{chapter}.")}


def judged(name, answer):
    """Judge an answer by its check; sealed, the check says the same sentence of it."""
    feedback = CHECKS[name].judge(answer)
    assert SEALED[name].judge(answer) == feedback
    return feedback


def as_tuple(out):
    return out if isinstance(out, tuple) else (out,)


def with_one_mistake(check, mistake):
    """Return the right results, except where the mistake says otherwise."""

    def answer(*args):
        right = dict(zip(check.returns, as_tuple(check.reference(*args)), strict=True))
        wrong = mistake(*args)
        if not isinstance(wrong, dict):
            wrong = dict(zip(check.returns, wrong if len(right) > 1 else (wrong,), strict=True))
        return tuple((right | wrong).values())

    return answer


@each_check
def test_reference_is_right(name):
    assert judged(name, CHECKS[name].reference).text.startswith("Right: ")


@each_check
def test_stub_is_told_to_begin(name):
    def stub(*args):
        raise NotImplementedError("Replace this line by your answer.")

    assert judged(name, stub).text.startswith("Not yet. Nothing is written yet")


@each_check
@pytest.mark.parametrize("number", [0.0, 1.0, -1.0])
def test_zeros_and_ones_are_wrong(name, number):
    check = CHECKS[name]
    feedback = judged(
        name, lambda *args: tuple(0 * np.asarray(good) + number for good in as_tuple(check.reference(*args)))
    )
    assert not feedback
    if number == 0:
        assert "zero, whatever comes in" in feedback.text


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_each_mistake_gets_its_own_sentence(name, sentence):
    check = CHECKS[name]
    feedback = judged(name, with_one_mistake(check, check.mistakes[sentence]))
    assert not feedback
    assert f": {sentence}{'' if sentence.endswith('?') else '.'} " in feedback.text


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_written_differently(name, answer):
    feedback = judged(name, answer)
    assert feedback, feedback


@each_chapter
def test_every_check_has_a_right_answer_written_differently(chapter):
    assert of_chapter(chapter, (name for name, _ in RIGHT)) == of_chapter(chapter, CHECKS)


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_wrong_answers_as_students_write_them(name, answer, said):
    feedback = judged(name, answer)
    assert not feedback
    assert said in feedback.text


@each_chapter
def test_the_notebook_uses_every_check(chapter):
    (path,) = (BOOK / "solutions").glob(f"{chapter}-*.ipynb")
    nb = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    assert set(re.findall(r"(ch\d\d\.\w+)\(", code)) == of_chapter(chapter, CHECKS)
