"""Chapter 3's checks, as students meet them: stubs, zeros, likely mistakes, right answers of many kinds."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import nbformat
import numpy as np
import pytest
from notebooks import BOOK

from bplib.checks import Check
from bplib.exercises import ch03

CHECKS = {name: check for name, check in vars(ch03).items() if isinstance(check, Check)}
MISTAKES = [(name, sentence) for name, check in CHECKS.items() for sentence in check.mistakes]
each_check = pytest.mark.parametrize("name", CHECKS)


def as_tuple(out):
    return out if isinstance(out, tuple) else (out,)


def with_one_mistake(check, mistake):
    """Return the right results, except where the mistake says otherwise."""

    def answer(*args):
        wrong = mistake(*args) if len(check.returns) > 1 else (mistake(*args),)
        return tuple(
            good if bad is None else bad
            for good, bad in zip(as_tuple(check.reference(*args)), wrong, strict=True)
        )

    return answer


@each_check
def test_reference_is_right(name):
    assert CHECKS[name](CHECKS[name].reference).text.startswith("Right: ")


@each_check
def test_stub_is_told_to_begin(name):
    def stub(*args):
        raise NotImplementedError("Replace this line by your answer.")

    assert CHECKS[name](stub).text.startswith("Not yet. Nothing is written yet")


@each_check
@pytest.mark.parametrize("number", [0.0, 1.0, -1.0])
def test_zeros_and_ones_are_wrong(name, number):
    check = CHECKS[name]
    feedback = check(lambda *args: tuple(0 * good + number for good in as_tuple(check.reference(*args))))
    assert not feedback
    if number == 0:
        assert "zero, whatever comes in" in feedback.text


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_each_mistake_gets_its_own_sentence(name, sentence):
    check = CHECKS[name]
    feedback = check(with_one_mistake(check, check.mistakes[sentence]))
    assert not feedback
    assert f": {sentence}. " in feedback.text


# Right answers written differently.


def by_following_paths(edges):
    children = {n: [] for n in range(edges.max() + 1)}
    for parent, child in edges.tolist():
        children[child].append(parent)
    visits = Counter()

    def go(node):
        visits[node] += 1
        for parent in children[node]:
            go(parent)

    go(edges.max())
    return visits[0], sum(visits.values())


def by_recursion_on_children(edges, local):
    @cache
    def gradient(node):
        if node == edges.max():
            return 1.0
        return sum(
            slope * gradient(child)
            for (parent, child), slope in zip(edges.tolist(), local, strict=True)
            if parent == node
        )

    return [gradient(node) for node in range(edges.max() + 1)]


def by_complex_step(a, da, b, db):
    h = 1e-30
    whole = (a + 1j * h * da) / (b + 1j * h * db)
    return whole.real, whole.imag / h


RIGHT = [
    ("check_orders", lambda: [6.0, 5.0, 2.0, 4.0]),
    ("check_three_backwards", lambda: [6.0, 8.0, 12.0, 16.0, 18.0, 24.0]),
    ("check_counts", by_following_paths),
    ("check_visits", lambda k, uses: ((uses ** (k + 1) - 1) / (uses - 1) if uses > 1 else k + 1, uses * k)),
    ("check_divide", by_complex_step),
    ("check_passes", lambda: (1e3, 1, 1, 1e3, 3, 5, 1, 50)),
    ("check_repaired", by_recursion_on_children),
    ("check_multiply", lambda p, q: np.polynomial.polynomial.polymul(p, q)[:3]),
    ("check_second", lambda x: 2 + 3 * (2 * x) ** 2),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_written_differently(name, answer):
    feedback = CHECKS[name](answer)
    assert feedback, feedback


def test_every_check_has_a_right_answer_written_differently():
    assert {name for name, _ in RIGHT} == set(CHECKS)


def visits_only(edges):
    return by_following_paths(edges)[::-1]


WRONG = [
    ("check_orders", lambda: (0, 1, 4, 2), "first: it is zero"),
    ("check_three_backwards", lambda: (6, 8, 12, 16, 12, 16), "kept_dx: this would be so if only the leaves"),
    ("check_three_backwards", lambda: (6, 8, 6, 8, 18, 24), "added_dx: adding means"),
    ("check_counts", visits_only, "paths: it and visits have changed places"),
    ("check_counts", lambda edges: len(edges), "Return paths, visits"),
    ("check_visits", lambda k, uses: ((uses ** (k + 1) - 1) / (uses - 1), k * uses), "ZeroDivisionError"),
    ("check_divide", lambda a, da, b, db: (a / b, (a * db - da * b) / b**2), "tangent: the sign is wrong"),
    ("check_repaired", lambda edges, local: local, "grad: its shape should be (3,), and is (2,)"),
    ("check_multiply", lambda p, q: np.convolve(p, q)[:2], "product: its shape should be (3,), and is (2,)"),
    ("check_second", lambda x: 4 * x**3 + 2 * x, "this is the first derivative"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_wrong_answers_as_students_write_them(name, answer, said):
    feedback = CHECKS[name](answer)
    assert not feedback
    assert said in feedback.text


def test_the_notebook_uses_every_check():
    nb = nbformat.read(BOOK / "solutions/03-computational-graphs.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    assert set(re.findall(r"ch03\.(\w+)\(", code)) == set(CHECKS)
