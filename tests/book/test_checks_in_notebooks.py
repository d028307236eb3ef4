"""What a check does to its cell: in nbgrader's Validate, in its autograding, and on the screen.

One hand-in of chapter 4: a right answer that warns and prints a lot, a wrong one, one that stops, and stubs.
That JupyterLab's Run All reaches the end is `test_exercises.py`'s to show.
"""

from __future__ import annotations

import logging
from pathlib import Path

import nbformat
import pytest
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade
from nbgrader.validator import Validator
from notebooks import BOOK, student_version, text

NAME = "04-two-layer-network"
SOLUTION = nbformat.read(BOOK / "solutions" / f"{NAME}.ipynb", as_version=4)
CHECKS = [
    cell.metadata.nbgrader.grade_id
    for cell in SOLUTION.cells
    if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
]
NOISY = """def layer_gradients(delta, a):
    import sys, warnings
    warnings.warn("careful")
    print("to stderr", file=sys.stderr)
    for k in range(100_000):
        print("line", k)
    return np.outer(delta, a), delta"""
ANSWERS = {
    "ex1": NOISY,
    "ex3-error": "def relative_error(claimed, measured):\n    return np.linalg.norm(claimed - measured)",
    "ex4": "def counting(W1, W2, x, y):\n    return x / (y - y)",
}
RIGHT = {"ex1-check", "ex2-check", "ex5-check"}
SENTENCES = {
    "ex3-error-check": "Not yet. error: this is the absolute error: it says nothing about small gradients. "
    "With claimed = [3, 4], measured = [3, 4.5] it comes out as 0.5.",
    "ex4-check": "Not yet. With W1 = 0.5, W2 = 1, x = 2, y = 1 your function stops with "
    "ZeroDivisionError: float division by zero",
}


def grade_id(cell: nbformat.NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def hand_in(release: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Fill in the answers above, and the solution's to exercises 2 and 5."""
    solved = {grade_id(cell): cell.source for cell in SOLUTION.cells if grade_id(cell) in ("ex2", "ex5")}
    for cell in release.cells:
        cell.source = (solved | ANSWERS).get(grade_id(cell), cell.source)
    return release


def test_validate_counts_a_wrong_answer_as_failed_and_shows_its_sentence(tmp_path: Path):
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(text(hand_in(student_version(SOLUTION, checksums=True))), encoding="utf-8")
    failed = Validator().validate(str(path))["failed"]
    said = {
        cell["source"]: cell["raw_error"] for cell in failed if "provide a response" not in cell["raw_error"]
    }
    check = {
        grade_id(cell): cell.source.splitlines()[0] for cell in SOLUTION.cells if grade_id(cell) in CHECKS
    }
    stub = "Not yet. Nothing is written yet: put your lines in the place of NotImplementedError."
    assert said == {check[name]: SENTENCES.get(name, stub) for name in CHECKS if name not in RIGHT}


def test_autograding_gives_each_answer_its_points_and_has_nothing_to_warn_of(
    caplog: pytest.LogCaptureFixture,
):
    """As `nbgrader autograde` does it: put hidden tests back, run the notebook, judge each output."""
    checks = {grade_id(cell): cell.source for cell in SOLUTION.cells if grade_id(cell) in CHECKS}
    nb = hand_in(student_version(SOLUTION))
    for cell in nb.cells:
        cell.source = checks.get(grade_id(cell), cell.source)
    nb, _ = Execute().preprocess(nb, {})
    log = logging.getLogger("grades")
    for cell in nb.cells:
        if grade_id(cell) in CHECKS:
            score, most = determine_grade(cell, log)
            assert score == (most if grade_id(cell) in RIGHT else 0), cell.outputs
    assert not caplog.records
    (noisy,) = (cell for cell in nb.cells if grade_id(cell) == "ex1-check")
    printed = "".join(output.text for output in noisy.outputs)
    assert "line 19" in printed and "line 20\n" not in printed
    assert "... and 199980 lines more from your function.\nRight: dW, db" in printed
