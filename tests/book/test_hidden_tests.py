"""The hidden tests that grade a class: each stands alone, shows nothing twice, and takes every right answer.

A graded cell is run as a grader runs it: in a namespace of what the notebook imports, and the answers.
"""

from __future__ import annotations

import ast
import builtins
from functools import cache
from importlib import import_module
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from notebooks import BOOK

from bplib.checks import Check, NotYetError

SOLUTIONS = sorted((BOOK / "solutions").glob("*.ipynb"))


@cache
def graded():
    """Return every graded code cell of every chapter: its source, its imports, its check and its answer."""
    found = {}
    for path in SOLUTIONS:
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        for cell in code:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                call = ast.parse(cell.source).body[0].value
                module, name = call.func.value.id, call.func.attr
                found[f"{path.stem[:2]}/{cell.metadata.nbgrader.grade_id}"] = SimpleNamespace(
                    source=cell.source,
                    imports=code[0].source,
                    name=name,
                    check=getattr(import_module(f"bplib.exercises.{module}"), name),
                    answer=call.args[0].id,
                )
    return found


each_cell = pytest.mark.parametrize("cell", graded().values(), ids=list(graded()))


def stub(*args):
    raise NotImplementedError("Replace this line by your answer.")


def right_answers(which, cell):
    answers = import_module(f"answers_{which[:2]}").RIGHT
    return [answer for name, answer in answers if name == cell.name]


def passes(cell, **answers):
    """Whether a graded cell passes with these answers; anything but a check's own sentence is an error."""
    names = {}
    exec(cell.imports, names)
    try:
        exec(cell.source, {**names, **answers})
    except NotYetError:
        return False
    return True


def listed(answer):
    """Return the results of an answer in a list, which the checks take as well."""

    def lists(*args):
        results = answer(*args)
        return list(results) if isinstance(results, tuple) else results

    return lists


def hidden_calls(cell):
    """Return the arguments of each hidden test in a cell, as they stand there."""
    return [
        node.args
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "hidden"
    ]


@pytest.mark.parametrize(("which", "cell"), graded().items(), ids=list(graded()))
def test_right_answers_written_differently_pass(which, cell):
    answers = right_answers(which, cell)
    assert answers
    for answer in answers:
        assert passes(cell, **{cell.answer: answer})
        assert passes(cell, **{cell.answer: listed(answer)})


@pytest.mark.parametrize(("which", "cell"), graded().items(), ids=list(graded()))
def test_an_answer_alone_gets_its_own_points_and_no_others(which, cell):
    """All other answers are stubs."""
    chapter = [(other, c) for other, c in graded().items() if other[:2] == which[:2]]
    answers = {c.answer: stub for _, c in chapter} | {cell.answer: right_answers(which, cell)[0]}
    assert [other for other, c in chapter if passes(c, **answers)] == [which]


@each_cell
def test_a_hidden_test_uses_what_is_imported_and_the_answer_and_no_other_name(cell):
    imported = {}
    exec(cell.imports, imported)
    tree = ast.parse(cell.source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    assert used <= made | set(imported) | set(dir(builtins)) | {cell.answer}


@each_cell
def test_every_graded_cell_has_values_of_its_own_written_out(cell):
    calls = hidden_calls(cell)
    assert calls
    for _, case, results in calls:
        case, results = eval(ast.unparse(case), {"np": np}), ast.literal_eval(results)
        assert list(case) == list(cell.check.cases[0]) and list(results) == list(cell.check.returns)
        for shown in cell.check.cases if case else []:
            assert not all(np.array_equal(case[name], shown[name]) for name in case)
    if not cell.check.cases[0]:
        assert "# Nothing is passed in, so there is no other case" in cell.source


WITH_ARGUMENTS = {which: cell for which, cell in graded().items() if cell.check.cases[0]}


@pytest.mark.parametrize("cell", WITH_ARGUMENTS.values(), ids=list(WITH_ARGUMENTS))
@pytest.mark.parametrize("otherwise", ["zero", "one", "the first"])
def test_an_answer_that_knows_only_the_cases_shown_does_not_pass(cell, otherwise):
    check = cell.check
    cases = [*check.cases, *check.differ.values()]
    right = [check.reference(*case.values()) for case in cases]

    def table(*args):
        for case, results in zip(cases, right, strict=True):
            if all(np.array_equal(a, b) for a, b in zip(args, case.values(), strict=True)):
                return results
        if otherwise == "the first":
            return right[0]
        number = 0.0 if otherwise == "zero" else 1.0
        parts = [
            0 * np.asarray(part) + number for part in (right[0] if len(check.returns) > 1 else right[:1])
        ]
        return tuple(parts) if len(parts) > 1 else parts[0]

    assert check.judge(table)
    assert not passes(cell, **{cell.answer: table})


def test_a_hidden_test_has_the_tolerance_of_its_check():
    check = Check(lambda x: 2 * x, returns=["y"], cases=[{"x": 1.0}], tol=0.1)
    check.hidden(lambda x: 2.1 * x, {"x": 3.0}, {"y": 6.0})
    with pytest.raises(NotYetError, match="y: it is not right in a case that is not shown"):
        check.hidden(lambda x: 2.3 * x, {"x": 3.0}, {"y": 6.0})
