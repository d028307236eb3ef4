"""JupyterLab, with a kernel: one notebook that holds a figure of each kind, and a cell that fails.

What a chapter computes is nbval's to see, and what a figure does without a kernel is seen beside this file.
"""

from __future__ import annotations

import inspect

import pytest
import test_bars
import test_compose
import test_explore
import test_expressions
import test_line
import test_live
import test_network
import test_paths
import test_profile
import test_ribbons
import test_tiles
import test_trace
from pages import settle, write_notebook

pytestmark = pytest.mark.browser

IMPORTS = """\
import math

import numpy as np

from bplib.neurons import neurons
from bplib.scalar import Value
from bplib.widgets.explore import explore
from bplib.widgets.expressions import expressions
from bplib.widgets.frames import frames
from bplib.widgets.live import curve, graph, live
from bplib.widgets.predict import predict
from bplib.widgets.shapes import Shapes
from bplib.widgets.trace import Moment, recorded
from bplib.widgets.views import bars, compose, line, network, paths, profile, ribbons, tiles, trace

DATA = None"""


def shown(module, name):
    """Return a cell that makes the figure which the other tests know by this name."""
    return inspect.getsource(getattr(module, name)) + f"\nfig = {name}()\nfig"


EXPLORE = """\
def draw(ax, w=0.5):
    if w == 0:
        raise ValueError("no slope 0")
    ax.plot([0, 1], [0, w])
    return f"A line of slope {w}."

explored = explore(draw, w=(-1, 1, 0.5))
explored"""

PREDICT = """\
predict("Is w above 0?", ["yes", "no"], answer="yes" if DATA is None else "no", name="above", folds=True,
        because={"no": "A weight that starts below 0 is another one."})"""

KINDS = {
    ".bp-predict": PREDICT,
    ".bp-bars": shown(test_bars, "race"),
    ".bp-compose": shown(test_compose, "squares"),
    ".bp-network": shown(test_network, "two"),
    ".bp-route": shown(test_paths, "race"),
    ".bp-line": shown(test_line, "steps"),
    ".bp-profile": shown(test_profile, "cut"),
    ".bp-ribbons": shown(test_ribbons, "joined"),
    ".bp-tiles": shown(test_tiles, "tracker"),
    ".bp-trace": shown(test_trace, "figure"),
    ".bp-formulas": f"expressions({test_expressions.FORMULAS!r}, name='formula')",
    ".bp-explore": EXPLORE,
    ".bp-graph": shown(test_live, "neuron"),
}
CELLS = [IMPORTS, *KINDS.values(), "1 / 0", "fig.controls['w'] = -1", "print(fig.state, fig.values['z'])"]
MOVE, PRINT = len(CELLS) - 2, len(CELLS) - 1

OUTPUTS = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
  .flatMap((cell) => cell.outputs.toJSON())
  .map((output) => output.ename ?? output.output_type)"""

RUN_CELL = """(k) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = k;
  content.mode = "command";
  void window.jupyterapp.commands.execute("notebook:run-cell");
}"""


@pytest.fixture(scope="module")
def notebook(lab, open_in_lab):
    write_notebook(lab.folder / "kinds.ipynb", *CELLS, fails=["1 / 0"])
    return open_in_lab("kinds.ipynb")


def cell_of(page, kind):
    return page.locator(".jp-Cell").nth(1 + list(KINDS).index(kind))


def test_every_kind_is_drawn_and_a_cell_that_fails_is_seen(notebook):
    page = notebook.page
    for kind in KINDS:
        cell_of(page, kind).locator(kind).first.wait_for()
    outputs = page.evaluate(OUTPUTS)
    assert outputs == ["execute_result"] * len(KINDS) + ["ZeroDivisionError", "stream"]
    assert not notebook.faults


def test_keys_stay_in_the_figure_and_the_kernel_follows(notebook):
    page = notebook.page
    figure = cell_of(page, ".bp-graph").locator(".bp-live")
    page.evaluate(RUN_CELL, MOVE)
    figure.wait_for()

    def w():
        return figure.evaluate("(figure) => figure.store.inputs[0]")

    page.wait_for_function(
        "() => [...document.querySelectorAll('.bp-live')].some((f) => f.store?.inputs[0] === -1)"
    )
    assert w() == -1
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.mode") == "command"
    figure.locator('input[type="range"]').first.focus()
    for key in ("ArrowRight", "ArrowRight", "b", "ArrowUp"):
        page.keyboard.press(key)
    settle(page)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.length") == len(CELLS), (
        "b inserted a cell"
    )
    assert w() == pytest.approx(-0.94)
    # Moving a figure leaves the notebook unsaved; Ctrl+S saves it from inside the figure.
    unsaved = "window.jupyterapp.shell.currentWidget.context.model.dirty"
    page.evaluate("() => void (window.jupyterapp.shell.currentWidget.context.model.dirty = true)")
    page.keyboard.press("Control+s")
    page.wait_for_function(f"() => !{unsaved}")
    # The widget manager holds changes back while the kernel is busy: ask until the last one has arrived.
    for _ in range(40):
        page.evaluate(RUN_CELL, PRINT)
        page.wait_for_timeout(250)
        printed = page.locator(".jp-Cell").nth(PRINT).locator(".jp-OutputArea-output").last.inner_text()
        if "w=-0.94,b=0.1" in printed:
            break
    assert "neuron:1:w=-0.94,b=0.1,x=1.0,y=0.8 -0.84" in printed
    assert not notebook.faults


def test_python_reads_a_formula_that_is_typed(notebook):
    page = notebook.page
    cell = cell_of(page, ".bp-formulas")
    entry = cell.get_by_label("your own")

    def reads(start):
        cell.locator(f'.bp-node[aria-label^="{start}"]').first.wait_for()

    reads("node x: value 3, gradient 114")
    entry.fill("b = 2; a = b**3; a + sin(0)*b")
    entry.press("Enter")
    reads("node b: value 2, gradient 12")
    entry.fill("__import__('os')")
    entry.press("Enter")
    cell.get_by_text("There is nothing to move").wait_for()
    reads("node b: value 2")
    cell.locator(".bp-formulas select").select_option(index=0)
    reads("node x: value 3, gradient 114")
    assert not notebook.faults


def test_python_draws_what_an_explorer_asks_for(notebook):
    page = notebook.page
    cell = cell_of(page, ".bp-explore")
    told, slider = cell.locator(".bp-caption"), cell.get_by_role("slider")
    told.get_by_text("A line of slope 0.5.").wait_for()
    slider.press("Home")
    told.get_by_text("A line of slope -1.0.").wait_for()
    assert slider.get_attribute("aria-valuetext") == "−1"
    before = test_explore.digest(cell)
    slider.focus()
    for key in ("ArrowRight", "b", "ArrowRight"):
        page.keyboard.press(key)
    cell.locator(".bp-fault").get_by_text("No picture at w = 0.0. ValueError: no slope 0").wait_for()
    assert told.text_content() == "A line of slope -0.5."
    page.keyboard.press("End")
    told.get_by_text("A line of slope 1.0.").wait_for()
    assert test_explore.digest(cell) != before and test_explore.said(cell) == ""
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.length") == len(CELLS)
    assert not notebook.faults


SAVED = """async () => {
  const { context } = window.jupyterapp.shell.currentWidget;
  await context.save();
  return context.model.toJSON();
}"""


def test_a_prediction_is_made_and_no_notebook_holds_it(notebook):
    page = notebook.page
    cell = cell_of(page, ".bp-predict")
    cell.get_by_label("no", exact=True).check()
    assert "The next output is collapsed." in cell.inner_text()
    cell.get_by_role("button", name="I'm sure").click()
    told = cell.locator(".bp-verdict p").all_inner_texts()
    assert told[:3] == ["Not so.", "You: no, and you were sure.", "It is: yes."]
    assert told[3:] == ["A weight that starts below 0 is another one."]
    cell.get_by_role("button", name="Predict again").click()
    radio = cell.get_by_label("yes", exact=True)
    radio.check()
    for key in ("b", "a", "ArrowDown"):  # JupyterLab would insert cells, or leave
        page.keyboard.press(key)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.length") == len(CELLS)
    # What is saved holds the question as it was asked, and of its reader nothing.
    saved = page.evaluate(SAVED)["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    (state,) = (m["state"] for m in saved.values() if m["state"].get("_bplib_kind") == "predict")
    (case,) = state["spec"]["cases"]
    assert state["spec"].keys() == {"name", "folds", "returns", "cases"}
    assert case.keys() == {"kind", "question", "options", "packed"}
    assert not {"bet", "bets", "sure"} & state.keys()
    assert not notebook.faults


SAVE_AND_STOP = """async () => {
  const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
  await context.save();
  await sessionContext.shutdown();
}"""


LINK = """from IPython.display import Markdown

Markdown('<a href="#neuron:1:w=-1.5">set w</a>')"""


def test_a_saved_notebook_is_alive_before_a_new_kernel_has_run_it(lab, open_in_lab):
    """Its widgets' state is saved with it, which bplib asks JupyterLab for (widgets/lab/bplib.json)."""
    path = lab.folder / "saved.ipynb"
    write_notebook(path, IMPORTS, KINDS[".bp-graph"], LINK)
    before = open_in_lab(path.name)
    before.page.locator(".bp-live").wait_for()
    before.page.evaluate(SAVE_AND_STOP)
    before.close()
    after = open_in_lab(path.name, run=False)
    figure = after.page.locator(".bp-live")
    figure.wait_for()
    figure.get_by_role("slider", name="w", exact=True).first.press("Home")
    settle(after.page)
    assert figure.evaluate("(figure) => figure.store.inputs[0]") == -2
    address = after.page.url
    after.page.get_by_role("link", name="set w").click()
    settle(after.page)
    assert figure.evaluate("(figure) => figure.store.inputs[0]") == -1.5
    assert after.page.url == address
    assert "not found" not in after.page.locator(".jp-Notebook").inner_text()
    assert not after.faults
