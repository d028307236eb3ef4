"""Students' notebooks are what the maker makes now, and every check in them fails until it is answered."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from notebooks import BOOK, student_version, text, write_assignments

SOLUTIONS = sorted((BOOK / "solutions").glob("*.ipynb"))
STUDENT = sorted((BOOK / "exercises").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)


def test_there_are_exercises_and_each_has_one_source():
    assert SOLUTIONS
    assert [path.name for path in STUDENT] == [path.name for path in SOLUTIONS]


@by_name
def test_student_version_is_in_step(path: Path):
    made = text(student_version(nbformat.read(path, as_version=4)))
    assert (BOOK / "exercises" / path.name).read_text(encoding="utf-8") == made, "run `make notebooks`"


@by_name
def test_student_version_keeps_its_secrets(path: Path):
    student = (BOOK / "exercises" / path.name).read_text(encoding="utf-8")
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
        assert mark not in student
    assert "NotImplementedError" in student


@by_name
def test_every_check_fails_on_the_stub(path: Path):
    nb = nbformat.read(BOOK / "exercises" / path.name, as_version=4)
    NotebookClient(
        nb,
        timeout=60,
        allow_errors=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(BOOK / "exercises")}},
    ).execute()
    checks = [
        cell
        for cell in nb.cells
        if cell.cell_type == "code"
        and cell.metadata.get("nbgrader", {}).get("grade")
        and not cell.metadata.nbgrader.get("solution")
    ]
    assert checks
    said = [cell.outputs[-1].get("data", {}).get("text/plain", "") for cell in checks]
    assert all(line.startswith("Not yet. Nothing is written yet") for line in said), said


def test_assignments_are_ready_for_nbgrader(tmp_path: Path):
    write_assignments(tmp_path / "course")
    for path in SOLUTIONS:
        release = nbformat.read(tmp_path / "course/release" / path.stem / path.name, as_version=4)
        graded = [c.metadata.nbgrader for c in release.cells if c.metadata.get("nbgrader", {}).get("grade")]
        assert graded and all(cell.checksum for cell in graded)
        assert (tmp_path / "course/source" / path.stem / path.name).read_bytes() == path.read_bytes()
    assert "course_id" in (tmp_path / "course/nbgrader_config.py").read_text()
