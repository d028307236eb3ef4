"""Students' notebooks are what the maker makes now, and every check in them fails until it is answered."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from exercise_help import complete, exercises, kind, steps_of
from notebooks import BOOK, student_version, text

SOLUTIONS = sorted((BOOK / "solutions").glob("*.ipynb"))
STUDENT = sorted((BOOK / "exercises").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)


def test_there_are_exercises_and_each_has_one_source():
    assert SOLUTIONS
    assert [path.name for path in STUDENT] == [path.name for path in SOLUTIONS]


@by_name
def test_student_version_is_in_step(path: Path):
    """What is written in it; that its outputs are those of a new run is nbval's to say."""
    nb = nbformat.read(BOOK / "exercises" / path.name, as_version=4)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    assert text(nb) == text(student_version(nbformat.read(path, as_version=4))), "run `make notebooks`"


@by_name
def test_student_version_keeps_its_secrets(path: Path):
    student = (BOOK / "exercises" / path.name).read_text(encoding="utf-8")
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
        assert mark not in student
    assert "NotImplementedError" in student


@by_name
def test_run_all_reaches_the_end_and_every_check_fails_on_the_stub(path: Path):
    """By what is stored, which nbval compares with a new run. An error that isn't tagged would stop it."""
    nb = nbformat.read(BOOK / "exercises" / path.name, as_version=4)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    failed = [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
    assert all("raises-exception" in cell.metadata.get("tags", []) for cell in failed)
    checks = [cell for cell in code if cell.metadata.get("nbgrader", {}).get("grade")]
    assert checks
    said = [output for cell in checks for output in cell.outputs]
    assert len(said) == len(checks)
    for error in said:
        assert error.evalue.startswith("Not yet. Nothing is written yet")
        assert error.traceback == [error.evalue]


@by_name
def test_no_error_of_a_stub_stands_on_the_page(path: Path):
    nb = nbformat.read(BOOK / "exercises" / path.name, as_version=4)
    shown = [
        cell
        for cell in nb.cells
        if cell.cell_type == "code" and "remove-output" not in cell.metadata.get("tags", [])
    ]
    assert shown and not [out for cell in shown for out in cell.outputs if out.output_type == "error"]


@by_name
def test_each_exercise_has_its_help(path: Path):
    found = exercises(nbformat.read(path, as_version=4))
    assert all(len(exercise.hints) >= 2 for exercise in found)
    for exercise in found:
        if exercise.check:
            assert 2 <= len(exercise.stages) <= 4 and len(exercise.why) == 1, exercise.answer.id


@by_name
def test_what_a_stage_shows_is_a_line_of_the_solution(path: Path):
    """So that a solution that changes takes its stages along."""

    def dense(code: str) -> str:
        return re.sub(r"\s|#.*", "", code)

    shown = 0
    for exercise in exercises(nbformat.read(path, as_version=4)):
        solution = dense(exercise.answer.source)
        for stage in exercise.stages:
            for block in re.findall(r"```python\n(.*?)```", stage.source, re.DOTALL):
                shown += 1
                assert all(dense(line) in solution for line in block.splitlines()), block
    assert shown


def page_of(path: Path) -> list[nbformat.NotebookNode]:
    """Return the cells of which the site makes a page."""
    noted: list[str] = []
    app = SimpleNamespace(env=SimpleNamespace(note_dependency=noted.append))
    content = [(BOOK / "exercises" / path.name).read_text(encoding="utf-8")]
    complete(app, f"book/exercises/{path.stem}", content)
    assert noted == ([] if os.environ.get("BPLIB_SOLUTIONS") == "0" else [str(path)])
    return list(nbformat.reads(content[0], as_version=4).cells)


@by_name
def test_solutions_are_on_the_page_and_nowhere_else(path: Path, monkeypatch: pytest.MonkeyPatch):
    source = nbformat.read(path, as_version=4)
    student = nbformat.read(BOOK / "exercises" / path.name, as_version=4).cells
    told = [cell.source for found in exercises(source) for cell in (*found.stages, *found.why)]
    page = "".join(cell.source for cell in page_of(path))
    assert told and all(text in page for text in told)
    assert page.count('class="bp-solution"') == len(exercises(source))
    assert "### BEGIN" not in page and "### END" not in page
    monkeypatch.setenv("BPLIB_SOLUTIONS", "0")
    for shown, cell in zip(page_of(path), student, strict=True):
        in_words = cell.cell_type == "markdown" and kind(cell) == "answer"
        field = f'<div class="bp-words" data-cell="{cell.id}">\n\n{cell.source}\n\n</div>'
        assert shown == (cell | {"source": field} if in_words else cell)
    assert not [text for text in told if text in "".join(cell.source for cell in student)]


@by_name
def test_an_answer_in_words_comes_in_parts(path: Path):
    """Each whole: no paragraph of a part, and no code in it, is cut off."""
    in_words = [
        exercise
        for exercise in exercises(nbformat.read(path, as_version=4))
        if exercise.answer.cell_type == "markdown"
    ]
    assert in_words
    for exercise in in_words:
        assert exercise.answer.metadata.nbgrader.grade and not exercise.check
        assert exercise.answer.source.startswith("*Solution.*")
        steps = steps_of(exercise)
        assert len(steps) >= 2, exercise.answer.id
        assert " ".join(["*Solution.*", *steps]).split() == exercise.answer.source.split()
        assert not [step for step in steps if step.count("```") % 2 or step.startswith(" ")]
