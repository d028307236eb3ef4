"""Every chapter runs in JupyterLab as a reader would run it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTERS = sorted(path.name for path in BOOK.glob("[0-9][0-9]-*.ipynb") if not path.name.startswith("00"))

OUTPUTS = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
  .filter((cell) => cell.type === "code")
  .flatMap((cell) => cell.outputs.toJSON())
  .map((output) => output.ename ?? output.output_type)"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_runs_without_a_fault(run_notebook_in_lab, name):
    visit = run_notebook_in_lab(name)
    outputs = visit.page.evaluate(OUTPUTS)
    assert outputs
    assert set(outputs) <= {"stream", "display_data", "execute_result"}
    assert not visit.faults


def test_a_failing_cell_would_be_seen(lab, run_notebook_in_lab):
    from nbformat import v4, write

    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # else Lab asks which
    write(v4.new_notebook(cells=[v4.new_code_cell("1 / 0")], metadata=kernel), lab.folder / "failing.ipynb")
    visit = run_notebook_in_lab("failing.ipynb")
    assert visit.page.evaluate(OUTPUTS) == ["ZeroDivisionError"]
