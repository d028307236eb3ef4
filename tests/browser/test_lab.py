"""Every chapter runs in JupyterLab as a reader would run it."""

from __future__ import annotations

import pytest
from pages import ROOT, write_notebook

pytestmark = pytest.mark.browser

BOOK = ROOT / "book"
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
    write_notebook(lab.folder / "failing.ipynb", "1 / 0")
    visit = run_notebook_in_lab("failing.ipynb")
    assert visit.page.evaluate(OUTPUTS) == ["ZeroDivisionError"]
