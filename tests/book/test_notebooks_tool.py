"""`make notebooks`: canonical, idempotent, and careful with pictures."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbformat
import pytest
from exercise_help import page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import put, run, same_pixels, student_version, text
from PIL import Image, PngImagePlugin

FIGURE = """import ipywidgets
import matplotlib.pyplot as plt
import sys"""
DRAW = """print("one")
sys.stdout.flush()
print("two")
_ = plt.plot([1, 2])
plt.show()
ipywidgets.IntSlider(3)"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "nb.ipynb"
    cells = [new_markdown_cell("# A title"), new_code_cell(FIGURE), new_code_cell(DRAW)]
    cells[2].metadata = {"tags": ["kept"], "scrolled": True}
    nbformat.write(new_notebook(cells=cells, metadata={"authors": ["me"], "widgets": {"state": {}}}), path)
    return path


def reencoded(png: str) -> str:
    """Write the same pixels as another file."""
    picture, out, note = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO(), PngImagePlugin.PngInfo()
    note.add_text("Software", "another")
    picture.save(out, format="png", pnginfo=note, compress_level=1)
    return base64.b64encode(out.getvalue()).decode()


def png_of(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return next(out.data for out in nb.cells[2].outputs if "image/png" in out.get("data", {}))


def test_canonical_and_idempotent(notebook: Path):
    assert put(notebook, text(run(notebook))) == "written"
    first = notebook.read_text()
    nb = nbformat.read(notebook, as_version=4)
    assert "jupyter.widget" not in first and "execution" not in nb.cells[2].metadata
    assert [cell.execution_count for cell in nb.cells[1:]] == [1, 2]
    assert dict(nb.cells[2].metadata) == {"tags": ["kept"]}
    assert set(nb.metadata) == {"kernelspec", "language_info"}
    assert nb.cells[2].outputs[0].text == "one\ntwo\n"
    assert put(notebook, text(run(notebook))) == "unchanged"


ASK = """bet = ["yes", "no"]
predict("Is it?", bet, answer=bet[0], because={"no": "This one hides what comes."}, name="is-it"FOLDS)"""


@pytest.mark.parametrize("folds", [True, False])
def test_a_prediction_and_what_it_folds_start_collapsed(tmp_path: Path, folds: bool):
    path = tmp_path / "nb.ipynb"
    call = ASK.replace("FOLDS", ", folds=True" if folds else "")
    sources = ["from bplib.widgets.predict import predict", call, "n = 2", "print(n)", "print(n)"]
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    put(path, text(run(path)))
    _, asked, silent, told, later = nbformat.read(path, as_version=4).cells
    assert asked.metadata.tags == ["hide-input"]
    assert asked.metadata.jupyter == {"source_hidden": True}
    assert [output.data for output in asked.outputs] == [{"text/plain": "Predict: Is it? (yes or no)"}]
    hidden = {"collapsed": True, "jupyter": {"outputs_hidden": True}}
    assert dict(told.metadata) == (hidden if folds else {})
    assert [dict(cell.metadata) for cell in (silent, later)] == [{}, {}]
    assert put(path, text(run(path))) == "unchanged"


def test_picture_is_replaced_only_if_its_pixels_changed(notebook: Path):
    put(notebook, text(run(notebook)))
    nb = nbformat.read(notebook, as_version=4)
    own = reencoded(png_of(nb)["image/png"])
    assert own != png_of(nb)["image/png"] and same_pixels(own, png_of(nb)["image/png"])
    png_of(nb)["image/png"] = own
    nbformat.write(nb, notebook)
    assert png_of(run(notebook))["image/png"] == own

    nb.cells[2].source = DRAW.replace("[1, 2]", "[2, 1]")
    nbformat.write(nb, notebook)
    assert png_of(run(notebook))["image/png"] != own


def grade(id_: str, **kind: bool) -> dict[str, object]:
    """Make nbgrader's metadata of a cell."""
    flags = {"grade": False, "solution": False, "locked": False, "task": False, **kind}
    points = {"points": 1} if flags["grade"] else {}
    return {"nbgrader": {"grade_id": id_, "schema_version": 3, **points, **flags}}


ANSWER = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"


def test_student_version_clears_solution_and_hidden_tests():
    check = "assert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(3) == 6\n### END HIDDEN TESTS"
    solution = new_notebook(
        cells=[
            new_code_cell(ANSWER, metadata=grade("answer", solution=True), execution_count=1),
            new_code_cell(check, metadata=grade("check", grade=True, locked=True), execution_count=2),
        ]
    )
    student = student_version(solution)
    assert "raise NotImplementedError" in student.cells[0].source and "2 * x" not in student.cells[0].source
    assert student.cells[1].source == "assert f(1) == 2"
    assert student.cells[1].metadata.editable is False and student.cells[0].execution_count is None
    assert "2 * x" in solution.cells[0].source, "the source must not change"


def tagged(tag: str, text: str) -> nbformat.NotebookNode:
    return new_markdown_cell(text, metadata={"tags": [tag]})


def test_student_version_folds_hints_and_leaves_out_what_tells_the_answer():
    answer = new_code_cell(ANSWER, metadata=grade("answer", solution=True))
    help_ = [
        tagged("hint", "What?"),
        tagged("hint", "How $x$?"),
        tagged("stage", "2 x"),
        tagged("why", "So."),
    ]
    source = new_notebook(cells=[answer, *help_, new_markdown_cell("The next one.")])
    student = student_version(source)
    assert [cell.source for cell in student.cells[1:]] == [
        '<details class="bp-hint">\n<summary>Hint 1</summary>\n\nWhat?\n\n</details>',
        '<details class="bp-hint">\n<summary>Hint 2</summary>\n\nHow $x$?\n\n</details>',
        "The next one.",
    ]
    whole = "All of it:\n\n```python\ndef f(x):\n    return 2 * x\n```"
    steps = f"<div>\n\n2 x\n\n</div>\n\n<div>\n\n{whole}\n\n</div>"
    assert [cell.source for cell in page(student, source).cells[3:]] == [
        f'<details class="bp-solution">\n<summary>Solution, step by step</summary>\n\n{steps}\n\n</details>',
        '<details class="bp-why">\n<summary>What this tells you</summary>\n\nSo.\n\n</details>',
        "The next one.",
    ]


@pytest.mark.parametrize(
    "order", [["stage", "hint"], ["why", "why"], ["hint", "why", "stage"], ["hint", "", "stage"]]
)
def test_help_out_of_order_is_refused(order: list[str]):
    answer = new_code_cell(ANSWER, metadata=grade("answer", solution=True))
    help_ = [tagged(tag, "Text") if tag else new_markdown_cell("The next one.") for tag in order]
    with pytest.raises(ValueError, match=f"is a {order[-1]} and stands behind"):
        student_version(new_notebook(cells=[answer, *help_]))


def test_student_version_marks_what_may_fail_and_no_other_cell():
    solution = new_notebook(
        cells=[
            new_code_cell("import math"),
            new_code_cell(ANSWER, metadata=grade("answer", solution=True)),
            new_code_cell("print(f(2))", metadata={"tags": ["exact-digits"]}),
            new_code_cell("f = 3\nmath.sqrt(f)"),
            new_code_cell("text = 'f'"),
        ]
    )
    tags = [cell.metadata.get("tags", []) for cell in student_version(solution).cells]
    assert ["raises-exception" in of_cell for of_cell in tags] == [False, True, True, True, False]
    assert tags[2][0] == "exact-digits"
    assert not any("raises-exception" in cell.metadata.get("tags", []) for cell in solution.cells)


def test_an_error_is_stored_as_one_line_without_a_stack(tmp_path: Path):
    cell = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    stored = run(tmp_path / "failing.ipynb", new_notebook(cells=[cell]))
    assert stored.cells[0].outputs[0].traceback == ["ZeroDivisionError: division by zero"]
